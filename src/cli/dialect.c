/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dialect.h"

static bool fits(const struct dialect_row *row, const struct dialect_run *run,
		 const struct kiln_flash_event *event)
{
	if (row->stage != event->stage)
		return false;
	switch (row->when) {
	case DIALECT_ALWAYS:
		return true;
	case DIALECT_AUTO:
		return run->chip_auto;
	case DIALECT_TOTAL:
		return event->total == row->value;
	case DIALECT_DONE:
		return event->done == row->value;
	case DIALECT_REGION:
		return run->region;
	case DIALECT_ONE_BY_ONE:
		return !run->no_progress;
	case DIALECT_SECURE:
		return event->chip && event->chip->secure_download;
	case DIALECT_USB:
		return event->chip && event->chip->usb;
	case DIALECT_PART:
		return event->block > 0;
	case DIALECT_SEVERAL:
		return event->blocks > 1;
	}
	return false;
}

/* What is shown so far stays when the line ends for another reason. */
static kiln_code put_backspaces(struct kiln_buf *out, size_t from)
{
	const size_t n = out->len - from;

	for (size_t i = 0; i < n; i++)
		KILN_TRY(kiln_buf_putc(out, '\b'));
	return KILN_OK;
}

static bool passes(dialect_end end)
{
	return end == DIALECT_PASSING || end == DIALECT_OPEN_PASSING || end == DIALECT_BAR;
}

/* Take back the lines that were only of passing interest. */
static kiln_code take_back(struct dialect_run *run, struct kiln_buf *out)
{
	for (; run->passing > 0; run->passing--)
		KILN_TRY(kiln_buf_puts(out, "\033[1A\033[2K"));
	return KILN_OK;
}

/* Must what stands open end as a line of its own before a text with this end? */
static bool must_break(dialect_end open, dialect_end end)
{
	switch (open) {
	case DIALECT_OVER:
		return end != DIALECT_OVER && end != DIALECT_LAST;
	case DIALECT_BACK:
		return end != DIALECT_BACK;
	case DIALECT_OPEN_PASSING:
		return !passes(end);
	default:
		return end == DIALECT_ASIDE;
	}
}

static kiln_code make_room(struct dialect_run *run, dialect_end end, struct kiln_buf *out)
{
	if (must_break(run->end, end))
		KILN_TRY(dialect_break(run, out));
	if (run->end == DIALECT_OVER)
		KILN_TRY(kiln_buf_putc(out, '\r'));
	if (run->end == DIALECT_BAR && end != DIALECT_BAR)
		KILN_TRY(kiln_buf_puts(out, "\r\033[K"));
	if (end == DIALECT_BAR)
		return kiln_buf_puts(out, run->terminal ? "\r\033[K" : "\r");
	return passes(end) ? KILN_OK : take_back(run, out);
}

static void count_lines(struct dialect_run *run, const struct kiln_buf *out, size_t from)
{
	for (size_t i = from; run->terminal && i < out->len; i++)
		run->passing += out->data[i] == '\n';
}

/* The text is there, from `from` on: end its line, or don't. */
static kiln_code end_text(struct dialect_run *run, dialect_end end, size_t from,
			  struct kiln_buf *out)
{
	const bool open = end == DIALECT_OPEN || end == DIALECT_OPEN_PASSING;
	const bool replaced = end == DIALECT_OVER || end == DIALECT_BAR;

	run->end = open || (replaced && run->terminal) ? end : DIALECT_LINE;
	if (run->end == DIALECT_LINE)
		KILN_TRY(kiln_buf_putc(out, '\n'));
	if (passes(end))
		count_lines(run, out, from);
	return KILN_OK;
}

static kiln_code put_row(struct dialect_run *run, const struct dialect_row *row,
			 const struct kiln_flash_event *event, struct kiln_buf *out)
{
	KILN_TRY(make_room(run, row->end, out));
	const size_t from = out->len;

	KILN_TRY(dialect_put_facts(out, row->text, run, event));
	if (row->end != DIALECT_BACK || event->done >= event->total)
		return end_text(run, row->end, from, out);
	run->end = DIALECT_BACK;
	return put_backspaces(out, from);
}

static const struct dialect_row *find_row(const struct dialect *dialect,
					  const struct dialect_run *run,
					  const struct kiln_flash_event *event)
{
	const struct dialect_row *row = dialect->rows;

	while (row->stage && !fits(row, run, event))
		row++;
	return row->stage ? row : NULL;
}

kiln_code dialect_feed(struct dialect_run *run, const struct kiln_flash_event *event,
		       struct kiln_buf *out)
{
	const struct dialect_row *row = NULL;

	if (event->stage == KILN_FLASH_ERASING)
		run->region = event->total != 0;
	for (const struct dialect *d = run->dialect; d && !row; d = d->base)
		row = find_row(d, run, event);
	return row && row->text ? put_row(run, row, event, out) : KILN_OK;
}

kiln_code dialect_break(struct dialect_run *run, struct kiln_buf *out)
{
	if (run->end != DIALECT_LINE)
		KILN_TRY(kiln_buf_putc(out, '\n'));
	run->end = DIALECT_LINE;
	run->passing = 0;
	return KILN_OK;
}

kiln_code dialect_text(struct dialect_run *run, dialect_end end, const char *text,
		       struct kiln_buf *out)
{
	KILN_TRY(make_room(run, end, out));
	const size_t from = out->len;

	KILN_TRY(kiln_buf_puts(out, text));
	return end_text(run, end, from, out);
}
