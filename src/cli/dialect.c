/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dialect.h"

#include <string.h>

struct fact {
	const char *name;
	kiln_code (*put)(struct kiln_buf *out, const struct dialect_run *run,
			 const struct kiln_flash_event *e);
};

static kiln_code put_address(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "0x%08x", e->address);
}

static kiln_code put_last(struct kiln_buf *out, const struct dialect_run *run,
			  const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "0x%08x", (unsigned)(e->address + e->total - 1));
}

static kiln_code put_done(struct kiln_buf *out, const struct dialect_run *run,
			  const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%llu", (unsigned long long)e->done);
}

static kiln_code put_total(struct kiln_buf *out, const struct dialect_run *run,
			   const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%llu", (unsigned long long)e->total);
}

static kiln_code put_params(struct kiln_buf *out, const struct dialect_run *run,
			    const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "0x%04x", (unsigned)e->total);
}

/* esptool counts blocks, not bytes: the last, shorter one weighs as much as the others. */
static kiln_code put_percent(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	if (e->stage == KILN_FLASH_READING)
		return kiln_buf_printf(
			out, "%llu",
			(unsigned long long)(e->total ? 100 * e->done / e->total : 100));
	return kiln_buf_printf(out, "%u", e->blocks ? 100 * e->block / e->blocks : 100);
}

static kiln_code put_seconds(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%.1f", (double)e->elapsed_ms / 1000);
}

static kiln_code put_kbits(struct kiln_buf *out, const struct dialect_run *run,
			   const struct kiln_flash_event *e)
{
	const kiln_ms ms = e->elapsed_ms > 0 ? e->elapsed_ms : 1;

	(void)run;
	return kiln_buf_printf(out, "%.1f", (double)e->total * 8 / (double)ms);
}

static kiln_code put_megabytes(struct kiln_buf *out, const struct dialect_run *run,
			       const struct kiln_flash_event *e)
{
	(void)run;
	if (e->total >= 1 << 20)
		return kiln_buf_printf(out, "%lluMB", (unsigned long long)(e->total >> 20));
	return kiln_buf_printf(out, "%lluKB", (unsigned long long)(e->total >> 10));
}

static kiln_code put_short_address(struct kiln_buf *out, const struct dialect_run *run,
				   const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "0x%x", e->address);
}

static kiln_code put_item(struct kiln_buf *out, const struct dialect_run *run,
			  const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_puts(out, e->item ? e->item : "");
}

static kiln_code put_description(struct kiln_buf *out, const struct dialect_run *run,
				 const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_puts(out, e->chip->description);
}

static kiln_code put_revision(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%u", e->chip->revision / 100);
}

static kiln_code put_features(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_puts(out, e->chip->features);
}

static kiln_code put_crystal(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%uMHz", e->chip->crystal_mhz);
}

static kiln_code put_mac(struct kiln_buf *out, const struct dialect_run *run,
			 const struct kiln_flash_event *e)
{
	const uint8_t *m = e->chip->mac;

	(void)run;
	return kiln_buf_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
			       m[5]);
}

static const struct fact facts[] = {
	{ "address", put_address },
	{ "at", put_short_address }, /* without leading zeros */
	{ "last", put_last },        /* address of the last byte */
	{ "done", put_done },
	{ "total", put_total },
	{ "params", put_params },
	{ "percent", put_percent },
	{ "seconds", put_seconds },
	{ "kbits", put_kbits },         /* plain bits a millisecond */
	{ "megabytes", put_megabytes }, /* total as "4MB", "512KB" */
	{ "item", put_item },
	{ "description", put_description },
	{ "revision", put_revision }, /* the major one */
	{ "features", put_features },
	{ "crystal", put_crystal },
	{ "mac", put_mac },
};

static kiln_code put_fact(struct kiln_buf *out, const char *name, size_t n,
			  const struct dialect_run *run, const struct kiln_flash_event *event)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (strncmp(facts[i].name, name, n) == 0 && facts[i].name[n] == '\0')
			return facts[i].put(out, run, event);
	}
	/* a test sees to it that no table has such a name */
	return kiln_buf_printf(out, "{%.*s}", (int)n, name);
}

static kiln_code put_text(struct kiln_buf *out, const char *text, const struct dialect_run *run,
			  const struct kiln_flash_event *event)
{
	while (*text) {
		const size_t plain = strcspn(text, "{");

		KILN_TRY(kiln_buf_append(out, text, plain));
		text += plain;
		if (*text == '{') {
			const size_t name = strcspn(text, "}") - 1;

			KILN_TRY(put_fact(out, text + 1, name, run, event));
			text += name + 2;
		}
	}
	return KILN_OK;
}

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

static kiln_code make_room(struct dialect_run *run, dialect_end end, struct kiln_buf *out)
{
	const bool replaces = end == DIALECT_OVER || end == DIALECT_LAST;
	const bool goes_back = run->end == DIALECT_BACK && end == DIALECT_BACK;

	if (end == DIALECT_ASIDE || (run->end == DIALECT_OVER && !replaces) ||
	    (run->end == DIALECT_BACK && !goes_back))
		return dialect_break(run, out);
	return run->end == DIALECT_OVER ? kiln_buf_putc(out, '\r') : KILN_OK;
}

static kiln_code put_row(struct dialect_run *run, const struct dialect_row *row,
			 const struct kiln_flash_event *event, struct kiln_buf *out)
{
	KILN_TRY(make_room(run, row->end, out));
	const size_t from = out->len;

	KILN_TRY(put_text(out, row->text, run, event));
	run->end = DIALECT_LINE;
	if (row->end == DIALECT_OPEN || (row->end == DIALECT_OVER && run->terminal))
		run->end = row->end;
	if (row->end == DIALECT_BACK && event->done < event->total) {
		run->end = DIALECT_BACK;
		return put_backspaces(out, from);
	}
	return run->end == DIALECT_LINE ? kiln_buf_putc(out, '\n') : KILN_OK;
}

kiln_code dialect_feed(struct dialect_run *run, const struct kiln_flash_event *event,
		       struct kiln_buf *out)
{
	const struct dialect_row *row = run->dialect->rows;

	if (event->stage == KILN_FLASH_ERASING)
		run->region = event->total != 0;
	while (row->stage && !fits(row, run, event))
		row++;
	return row->stage && row->text ? put_row(run, row, event, out) : KILN_OK;
}

kiln_code dialect_break(struct dialect_run *run, struct kiln_buf *out)
{
	if (run->end != DIALECT_LINE)
		KILN_TRY(kiln_buf_putc(out, '\n'));
	run->end = DIALECT_LINE;
	return KILN_OK;
}

kiln_code dialect_text(struct dialect_run *run, dialect_end end, const char *text,
		       struct kiln_buf *out)
{
	KILN_TRY(make_room(run, end, out));
	KILN_TRY(kiln_buf_puts(out, text));
	run->end = end == DIALECT_OVER && run->terminal ? DIALECT_OVER : DIALECT_LINE;
	return run->end == DIALECT_LINE ? kiln_buf_putc(out, '\n') : KILN_OK;
}
