/* SPDX-License-Identifier: Apache-2.0 */
#include "board/adapters.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "board/state.h"
#include "link/login.h"

static const char file[] = "adapters.json";

enum { BAUD_MIN = 1200, BAUD_MAX = 10000000 };

void kiln_adapter_key(const struct kiln_port *port, char *dst, size_t size)
{
	const bool own = port->serial[0] != '\0';
	char url[sizeof(port->url)];

	kiln_login_url_hide(port->url, url, sizeof(url));
	if (port->is_usb)
		kiln_text_format(dst, size, "%04X:%04X %s", port->vid, port->pid,
				 own ? port->serial : port->location);
	else
		kiln_text_format(dst, size, "%.*s", (int)strcspn(url, "?"), url);
}

unsigned kiln_adapter_baud(const struct kiln_port *port)
{
	char key[sizeof(port->url)];
	json_int_t baud;
	json_t *all;

	kiln_adapter_key(port, key, sizeof(key));
	if (kiln_state_load(file, &all, NULL) != KILN_OK)
		return 0;
	baud = json_integer_value(json_object_get(json_object_get(all, key), "baud"));
	json_decref(all);
	return baud >= BAUD_MIN && baud <= BAUD_MAX ? (unsigned)baud : 0;
}

/* The one that was not used for the longest time. */
static void drop_oldest(json_t *all)
{
	const char *key, *oldest = NULL;
	json_int_t least = INT64_MAX;
	json_t *entry;

	json_object_foreach(all, key, entry)
	{
		const json_int_t used = json_integer_value(json_object_get(entry, "used"));

		if (used < least) {
			least = used;
			oldest = key;
		}
	}
	if (oldest)
		(void)json_object_del(all, oldest);
}

kiln_code kiln_adapter_remember(const struct kiln_port *port, unsigned baud, struct kiln_err *err)
{
	char key[sizeof(port->url)];
	kiln_code code;
	json_t *all;

	kiln_adapter_key(port, key, sizeof(key));
	if (kiln_state_load(file, &all, NULL) != KILN_OK)
		all = json_object(); /* damaged: nothing in it is worth a failure */
	(void)json_object_set_new(
		all, key,
		json_pack("{s:I, s:I}", "baud", (json_int_t)baud, "used", (json_int_t)time(NULL)));
	while (json_object_size(all) > KILN_ADAPTERS_MAX)
		drop_oldest(all);
	code = kiln_state_save(file, all, err);
	json_decref(all);
	return code;
}
