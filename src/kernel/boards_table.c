/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/boards_table.h"

#include "kernel/xml.h"

#define LEFT " style=\"text-align:left\""

static void add_cell(struct kiln_buf *out, const char *text)
{
	(void)kiln_buf_puts(out, "<td" LEFT ">");
	kiln_xml_text(out, text ? text : "");
	(void)kiln_buf_puts(out, "</td>");
}

static void add_row(struct kiln_buf *out, const struct kiln_boards_row *row, bool with_uid)
{
	(void)kiln_buf_puts(out, row->gone ? "<tr style=\"opacity:0.5\">" : "<tr>");
	add_cell(out, row->name);
	add_cell(out, row->port);
	add_cell(out, row->chip);
	add_cell(out, row->firmware);
	if (with_uid)
		add_cell(out, row->uid);
	add_cell(out, row->state);
	(void)kiln_buf_puts(out, "</tr>\n");
}

void kiln_boards_html(struct kiln_buf *out, const struct kiln_boards_row *rows, size_t n,
		      bool with_uid)
{
	(void)kiln_buf_printf(out,
			      "<table>\n<thead><tr><th" LEFT ">Board</th><th" LEFT ">Port</th>"
			      "<th" LEFT ">Chip</th><th" LEFT ">Firmware</th>%s"
			      "<th" LEFT ">State</th></tr></thead>\n<tbody>\n",
			      with_uid ? "<th" LEFT ">UID</th>" : "");
	for (size_t i = 0; i < n; i++)
		add_row(out, &rows[i], with_uid);
	(void)kiln_buf_puts(out, "</tbody>\n</table>\n");
}
