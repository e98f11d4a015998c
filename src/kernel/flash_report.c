/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/flash_report.h"

#include <inttypes.h>

#include "base/text.h"
#include "kernel/xml.h"

enum { BAR_WIDTH = 30, MAP_MAX = 256 * 1024 };

void kiln_flash_bar(struct kiln_flash_report *r, const char *what, uint64_t done, uint64_t total)
{
	const uint64_t part = total ? (done < total ? done : total) : 0;
	const unsigned percent = total ? (unsigned)(100 * part / total) : 0;
	const unsigned filled = percent * BAR_WIDTH / 100;
	struct kiln_buf html = KILN_BUF_INIT(8192);
	char plain[300], bar[BAR_WIDTH + 1] = { 0 };

	r->done = done;
	r->total = total;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', filled);
	kiln_text_format(plain, sizeof(plain), "[%s] %3u %%  %s", bar, percent, what);
	(void)kiln_buf_printf(&html,
			      "<div style=\"font-family:monospace\">"
			      "<div style=\"display:inline-block;width:300px;height:14px;"
			      "background:#ddd;vertical-align:middle\"><div style=\"width:%u%%;"
			      "height:14px;background:#e8792f\"></div></div> %3u&nbsp;%% ",
			      percent, percent);
	kiln_xml_text(&html, what);
	(void)kiln_buf_puts(&html, "</div>");
	kiln_display_show(r->k, &r->bar, "text/html", kiln_buf_str(&html), plain);
	kiln_buf_done(&html);
}

static void say(struct kiln_flash_report *r, const char *fmt, ...) KILN_PRINTF(2, 3);

static void say(struct kiln_flash_report *r, const char *fmt, ...)
{
	char line[600];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(line, sizeof(line), fmt, args);
	va_end(args);
	kiln_kernel_print(r->k, KILN_STDOUT, "%s\n", line);
}

static void say_chip(struct kiln_flash_report *r, const struct kiln_chip_info *chip)
{
	const uint8_t *m = chip->mac;

	say(r, "chip     %s (revision %u), crystal %uMHz, MAC %02x:%02x:%02x:%02x:%02x:%02x",
	    chip->description, chip->revision / 100, chip->crystal_mhz, m[0], m[1], m[2], m[3],
	    m[4], m[5]);
}

static void on_writing(struct kiln_flash_report *r, const struct kiln_flash_event *e)
{
	char what[200];

	if (!kiln_display_due(&r->bar) && e->done < e->total)
		return;
	kiln_text_format(what, sizeof(what), "writing at 0x%08" PRIx32, e->address);
	kiln_flash_bar(r, what, e->done, e->total);
}

static void on_compared(struct kiln_flash_report *r, const struct kiln_flash_event *e)
{
	r->same = e->done;
	kiln_flash_map_add(&r->map, KILN_AREA_SAME, e->address, e->total, r->file->name);
	if (e->done == e->total)
		say(r, "the same %" PRIu64 " bytes at 0x%08" PRIx32 ": nothing to write", e->total,
		    e->address);
	else
		say(r, "the same %" PRIu64 " of %" PRIu64 " bytes", e->done, e->total);
}

static void on_wrote(struct kiln_flash_report *r, const struct kiln_flash_event *e)
{
	say(r, "wrote    %" PRIu64 " bytes at 0x%08" PRIx32 " in %.1f s", e->total, e->address,
	    (double)e->elapsed_ms / 1000);
	if (r->same == 0) /* else it was told run by run */
		kiln_flash_map_add(&r->map, KILN_AREA_WRITTEN, e->address, e->total, r->file->name);
}

void kiln_flash_on_event(void *user, const struct kiln_flash_event *e)
{
	struct kiln_flash_report *r = user;

	if (e->chip && e->chip->flash_size)
		r->map.size = e->chip->flash_size;
	switch (e->stage) {
	case KILN_FLASH_CONNECTING:
		kiln_flash_bar(r, "connecting", 0, 0);
		break;
	case KILN_FLASH_CHIP:
		if (e->chip)
			say_chip(r, e->chip);
		break;
	case KILN_FLASH_STUB_UPLOAD:
		kiln_flash_bar(r, "starting the flasher", 0, 0);
		break;
	case KILN_FLASH_ERASING:
		kiln_flash_bar(r, "erasing (this may take a while)", 0, 0);
		break;
	case KILN_FLASH_ERASED:
		say(r, "erased   in %.1f s", (double)e->elapsed_ms / 1000);
		break;
	case KILN_FLASH_WRITING:
		on_writing(r, e);
		break;
	case KILN_FLASH_COMPARING:
		kiln_flash_bar(r, "looking at what is there already", 0, 0);
		break;
	case KILN_FLASH_COMPARED:
		on_compared(r, e);
		break;
	case KILN_FLASH_DIFFERS:
		kiln_flash_map_add(&r->map, KILN_AREA_WRITTEN, e->address, e->total, r->file->name);
		break;
	case KILN_FLASH_WROTE:
		on_wrote(r, e);
		break;
	case KILN_FLASH_VERIFYING:
		kiln_flash_bar(r, "verifying", 1, 1);
		break;
	case KILN_FLASH_VERIFIED:
		say(r, "verified");
		kiln_flash_bar(r, "written and verified", 1, 1);
		break;
	case KILN_FLASH_WARNING:
		kiln_kernel_print(r->k, KILN_STDERR, "warning: %s\n", e->item);
		break;
	case KILN_FLASH_RETRY:
		kiln_kernel_print(r->k, KILN_STDERR,
				  "warning: sending again from 0x%08" PRIx32 ": %s\n", e->address,
				  e->item ? e->item : "");
		break;
	case KILN_FLASH_GONE:
		kiln_kernel_print(r->k, KILN_STDERR,
				  "%s went away: waiting for it to come back (up to %lld s)\n",
				  e->item, (long long)(e->elapsed_ms / 1000));
		break;
	case KILN_FLASH_BACK:
		say(r, "back     %s", e->item);
		break;
	default:
		break;
	}
}

static void show_map(struct kiln_flash_report *r)
{
	const struct kiln_flash_file *file = r->file;
	struct kiln_buf svg = KILN_BUF_INIT(MAP_MAX), text = KILN_BUF_INIT(MAP_MAX);
	struct kiln_display display = { .next = 0 };

	kiln_flash_map_partitions(&r->map, file->address, kiln_span(file->data, file->size));
	kiln_flash_map_svg(&r->map, &svg);
	kiln_flash_map_text(&r->map, &text);
	kiln_display_show(r->k, &display, "image/svg+xml", kiln_buf_str(&svg), kiln_buf_str(&text));
	kiln_buf_done(&svg);
	kiln_buf_done(&text);
}

void kiln_flash_report_end(struct kiln_flash_report *r, bool good)
{
	if (good)
		show_map(r);
	else if (r->bar.id[0]) /* else nothing has begun */
		kiln_flash_bar(r, "failed", r->done, r->total);
}
