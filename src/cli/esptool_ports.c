/* SPDX-License-Identifier: Apache-2.0 */
/* --port-filter: which of this machine's ports are tried when none was named. */
#include <string.h>

#include "base/text.h"
#include "cli/esptool.h"

static bool same_vid(const struct kiln_port *port, const char *value)
{
	uint64_t id;

	return kiln_text_to_u64(value, &id) && port->is_usb && port->vid == id;
}

static bool same_pid(const struct kiln_port *port, const char *value)
{
	uint64_t id;

	return kiln_text_to_u64(value, &id) && port->is_usb && port->pid == id;
}

/* The name of a device is what stands behind its folder. */
static bool has_name(const struct kiln_port *port, const char *value)
{
	const char *slash = strrchr(port->device, '/');

	return strstr(slash ? slash + 1 : port->device, value) != NULL;
}

static bool has_serial(const struct kiln_port *port, const char *value)
{
	return port->serial[0] && strstr(port->serial, value) != NULL;
}

static const struct filter {
	const char *key;
	bool is_number;
	bool (*fits)(const struct kiln_port *port, const char *value);
} filters[] = {
	{ "vid=", true, same_vid },
	{ "pid=", true, same_pid },
	{ "name=", false, has_name },
	{ "serial=", false, has_serial },
};
enum { N_FILTERS = sizeof(filters) / sizeof(filters[0]) };

/* The value of a word "vid=0x303a" for this filter, or NULL. */
static const char *value_of(const struct filter *f, const char *word)
{
	const size_t n = strlen(f->key);

	return strncmp(word, f->key, n) == 0 ? word + n : NULL;
}

static kiln_code bad_filter(const char *word, const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --port-filter: '%s'", word);
	kiln_why(err, "%s", why);
	kiln_hint(err, "a filter is vid=NUMBER, pid=NUMBER, name=TEXT or serial=TEXT");
	return KILN_E_INVALID;
}

static kiln_code check_filter(const char *word, struct kiln_err *err)
{
	for (size_t i = 0; i < N_FILTERS; i++) {
		const char *value = value_of(&filters[i], word);
		uint64_t number;

		if (!value)
			continue;
		if (filters[i].is_number && !kiln_text_to_u64(value, &number))
			return bad_filter(word, "the value is not a number", err);
		return KILN_OK;
	}
	return bad_filter(word, strchr(word, '=') ? "there is no such key" : "it is no key=value",
			  err);
}

kiln_code esptool_check_filters(const struct opt_list *words, struct kiln_err *err)
{
	for (size_t i = 0; i < words->n; i++)
		KILN_TRY(check_filter(words->items[i], err));
	return KILN_OK;
}

/* Of one kind, any of the values that were given will do. */
static bool fits_kind(const struct filter *f, const struct opt_list *words,
		      const struct kiln_port *port)
{
	bool asked = false;

	for (size_t i = 0; i < words->n; i++) {
		const char *value = value_of(f, words->items[i]);

		if (value && f->fits(port, value))
			return true;
		asked = asked || value;
	}
	return !asked;
}

void esptool_filter_ports(const struct opt_list *words, struct kiln_port_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		bool fits = true;

		for (size_t k = 0; k < N_FILTERS; k++)
			fits = fits && fits_kind(&filters[k], words, &list->ports[i]);
		if (fits)
			list->ports[n++] = list->ports[i];
	}
	list->n = n;
}
