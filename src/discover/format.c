/* SPDX-License-Identifier: Apache-2.0 */
#include "discover/format.h"

#include <string.h>

kiln_code kiln_port_format(struct kiln_buf *out, const struct kiln_port *port)
{
	const struct {
		const char *key, *value;
	} rows[] = {
		{ "hwid", port->hwid },
		{ "manufacturer", port->manufacturer },
		{ "product", port->product },
		{ "interface", port->interface },
	};

	(void)kiln_buf_printf(out, "%s\n", port->device);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value[0])
			(void)kiln_buf_printf(out, "  %-12s %s\n", rows[i].key, rows[i].value);
	}
	(void)kiln_buf_puts(out, "\n");
	return out->failed ? KILN_E_TOO_BIG : KILN_OK;
}

kiln_code kiln_boards_format(struct kiln_buf *out, const struct kiln_board_line *boards, size_t n,
			     bool with_uid)
{
	int name_width = 0, url_width = 0;

	for (size_t i = 0; i < n; i++) {
		const int name = (int)strlen(boards[i].name), url = (int)strlen(boards[i].url);

		name_width = name > name_width ? name : name_width;
		url_width = url > url_width ? url : url_width;
	}
	for (size_t i = 0; i < n; i++) {
		const struct kiln_board_line *b = &boards[i];

		if (with_uid)
			(void)kiln_buf_printf(out, "%-*s  %-*s  %s\n", name_width, b->name,
					      url_width, b->url, b->uid);
		else
			(void)kiln_buf_printf(out, "%-*s  %s\n", name_width, b->name, b->url);
	}
	return out->failed ? KILN_E_TOO_BIG : KILN_OK;
}
