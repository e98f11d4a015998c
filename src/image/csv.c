/* SPDX-License-Identifier: Apache-2.0 */
#include "image/csv.h"

void kiln_csv_init(struct kiln_csv *csv, struct kiln_span text, size_t max)
{
	*csv = (struct kiln_csv){ .rest = text, .next_line = 1 };
	kiln_buf_init(&csv->text, max);
}

void kiln_csv_done(struct kiln_csv *csv)
{
	kiln_buf_done(&csv->text);
}

/* The next byte, -1 at the end; "\r\n" and "\r" count as "\n". */
static int take(struct kiln_csv *csv)
{
	uint8_t c;

	if (!kiln_span_u8(&csv->rest, &c))
		return -1;
	if (c == '\r') {
		c = '\n';
		if (csv->rest.n && csv->rest.p[0] == '\n')
			(void)kiln_span_u8(&csv->rest, &(uint8_t){ 0 });
	}
	csv->next_line += c == '\n';
	return c;
}

static int peek(const struct kiln_csv *csv)
{
	return csv->rest.n ? csv->rest.p[0] : -1;
}

static void skip_remarks(struct kiln_csv *csv)
{
	while (peek(csv) == '#' || peek(csv) == '\n' || peek(csv) == '\r') {
		for (int c = take(csv); c >= 0 && c != '\n'; c = take(csv))
			continue;
	}
}

/* Within quotes; two of them stand for one. */
static kiln_code take_quoted(struct kiln_csv *csv, const char **ret_why)
{
	for (int c = take(csv); c >= 0; c = take(csv)) {
		if (c == '"' && peek(csv) != '"')
			return KILN_OK;
		if (c == '"')
			(void)take(csv);
		KILN_TRY(kiln_buf_putc(&csv->text, (uint8_t)c));
	}
	*ret_why = "a quoted field never ends";
	return KILN_E_IMAGE;
}

static kiln_code take_field(struct kiln_csv *csv, bool *ret_last, const char **ret_why)
{
	int c = peek(csv);

	if (c == '"') {
		(void)take(csv);
		KILN_TRY(take_quoted(csv, ret_why));
	}
	for (c = take(csv); c >= 0 && c != '\n' && c != ','; c = take(csv)) {
		if (c == 0) {
			*ret_why = "there is a zero byte in it: this is no text";
			return KILN_E_IMAGE;
		}
		KILN_TRY(kiln_buf_putc(&csv->text, (uint8_t)c));
	}
	*ret_last = c != ',';
	return kiln_buf_putc(&csv->text, 0);
}

kiln_code kiln_csv_next(struct kiln_csv *csv, bool *ret_found, const char **ret_why)
{
	size_t starts[KILN_CSV_FIELDS] = { 0 };
	bool last = false;

	skip_remarks(csv);
	kiln_buf_reset(&csv->text);
	csv->n = 0;
	csv->line = csv->next_line;
	*ret_found = csv->rest.n > 0;
	*ret_why = "it is longer than any value may be";
	while (*ret_found && !last) {
		if (csv->n == KILN_CSV_FIELDS) {
			*ret_why = "there are too many fields in it";
			return KILN_E_IMAGE;
		}
		starts[csv->n] = csv->text.len;
		KILN_TRY(take_field(csv, &last, ret_why));
		csv->n++;
	}
	for (size_t i = 0; i < csv->n; i++)
		csv->fields[i] = (const char *)csv->text.data + starts[i];
	return KILN_OK;
}
