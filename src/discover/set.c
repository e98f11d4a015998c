/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "discover/sources.h"
#include "link/logins.h"

void kiln_port_set_done(struct kiln_port_set *set)
{
	free(set->ports);
	free(set->ranks);
	*set = (struct kiln_port_set){ 0 };
}

static kiln_code make_room(struct kiln_port_set *set, struct kiln_err *err)
{
	const size_t cap = set->cap ? 2 * set->cap : 8;
	struct kiln_port *ports;
	enum kiln_port_rank *ranks;

	if (set->n < set->cap)
		return KILN_OK;
	ports = realloc(set->ports, cap * sizeof(*ports));
	if (ports)
		set->ports = ports;
	ranks = realloc(set->ranks, cap * sizeof(*ranks));
	if (ranks)
		set->ranks = ranks;
	if (!ports || !ranks)
		return kiln_fail(err, KILN_E_NOMEM, "cannot list the ports");
	set->cap = cap;
	return KILN_OK;
}

/* "sim:a?clock=virtual" is "sim:a", and told by it what the user wants of it. A path is whole. */
static bool is_same(const struct kiln_port *a, const struct kiln_port *b)
{
	const size_t n_a = strcspn(a->url, "?"), n_b = strcspn(b->url, "?");

	if (a->device[0] == '/' || b->device[0] == '/')
		return strcmp(a->url, b->url) == 0;
	return n_a == n_b && memcmp(a->url, b->url, n_a) == 0;
}

static void merge(struct kiln_port *known, const struct kiln_port *port)
{
	const bool likely = known->likely_board || port->likely_board;

	if (strchr(port->url, '?') && !strchr(known->url, '?'))
		*known = *port;
	known->likely_board = likely;
}

kiln_code kiln_port_set_add(struct kiln_port_set *set, const struct kiln_port *port,
			    enum kiln_port_rank rank, struct kiln_err *err)
{
	for (size_t i = 0; i < set->n; i++) {
		if (!is_same(&set->ports[i], port))
			continue;
		merge(&set->ports[i], port);
		if (rank < set->ranks[i])
			set->ranks[i] = rank;
		return KILN_OK;
	}
	if (set->n == KILN_PORTS_MAX) /* nobody has so many; a broken source might */
		return KILN_OK;
	KILN_TRY(make_room(set, err));
	set->ports[set->n] = *port;
	set->ranks[set->n++] = rank;
	return KILN_OK;
}

/* "ttyUSB10" stands after "ttyUSB9": digits compare as numbers. */
static int compare_names(const char *a, const char *b)
{
	while (*a && *b) {
		const size_t n_a = strspn(a, "0123456789"), n_b = strspn(b, "0123456789");

		if (n_a && n_b) {
			const unsigned long v_a = strtoul(a, NULL, 10), v_b = strtoul(b, NULL, 10);

			if (v_a != v_b)
				return v_a < v_b ? -1 : 1;
			a += n_a;
			b += n_b;
		} else if (*a != *b) {
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return (*a != '\0') - (*b != '\0');
}

/*
 * UARTs on pins stand in falling order: the first of a Raspberry Pi serves its Bluetooth chip or
 * the console, the ones that were switched on later are wired to something.
 */
static bool stands_before(const struct kiln_port_set *set, size_t a, size_t b)
{
	int order;

	if (set->ranks[a] != set->ranks[b])
		return set->ranks[a] < set->ranks[b];
	order = compare_names(set->ports[a].device, set->ports[b].device);
	return set->ranks[a] == KILN_RANK_PLATFORM ? order > 0 : order < 0;
}

static void swap(struct kiln_port_set *set, size_t a, size_t b)
{
	const struct kiln_port port = set->ports[a];
	const enum kiln_port_rank rank = set->ranks[a];

	set->ports[a] = set->ports[b];
	set->ranks[a] = set->ranks[b];
	set->ports[b] = port;
	set->ranks[b] = rank;
}

void kiln_port_set_sort(struct kiln_port_set *set)
{
	for (size_t i = 1; i < set->n; i++) {
		for (size_t k = i; k > 0 && stands_before(set, k, k - 1); k--)
			swap(set, k, k - 1);
	}
}

bool kiln_port_from_url(const char *url, struct kiln_port *ret_port)
{
	struct kiln_port port = { .likely_board = true };
	const char *path = strncmp(url, "serial://", 9) == 0 ? url + 9 : url;
	char real[PATH_MAX], shown[sizeof(port.url)];
	bool fits;

	/* udev's names (/dev/serial/by-id/...) stand for a port that is listed by its own */
	if (strncmp(path, "/dev/", 5) == 0 && realpath(path, real))
		path = real;
	/* a password stays where it was written: whoever opens the port looks there */
	if (strlen(url) < sizeof(shown) && kiln_login_hide(url, shown, sizeof(shown)))
		path = url = shown;
	if (path[0] == '/')
		fits = kiln_text_format(port.url, sizeof(port.url), "serial://%s", path);
	else
		fits = kiln_text_copy_untrusted(port.url, sizeof(port.url), url, strlen(url));
	fits = kiln_text_copy_untrusted(port.device, sizeof(port.device), path, strlen(path)) &&
	       fits;
	if (!fits || path[0] == '\0')
		return false;
	*ret_port = port;
	return true;
}
