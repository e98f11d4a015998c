/* SPDX-License-Identifier: Apache-2.0 */
/* The {names} that stand in a dialect's texts. */
#include "cli/dialect.h"

#include <string.h>

#include "base/text.h"
#include "chip/chip.h"

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

static kiln_code put_hundredths(struct kiln_buf *out, const struct dialect_run *run,
				const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%.2f", (double)e->elapsed_ms / 1000);
}

static kiln_code put_file_address(struct kiln_buf *out, const struct dialect_run *run,
				  const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "0x%08x", (unsigned)(e->address + e->done));
}

static kiln_code put_over(struct kiln_buf *out, const struct dialect_run *run,
			  const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "0x%x", (unsigned)e->done);
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

static kiln_code put_bare_address(struct kiln_buf *out, const struct dialect_run *run,
				  const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%08x", e->address);
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

static kiln_code put_full_revision(struct kiln_buf *out, const struct dialect_run *run,
				   const struct kiln_flash_event *e)
{
	const unsigned revision = e->chip->revision;

	(void)run;
	if (e->chip->chip && e->chip->chip->rom_is_old) /* the ESP8266 has only one */
		return KILN_OK;
	return kiln_buf_printf(out, " (revision v%u.%u)", revision / 100, revision % 100);
}

static kiln_code put_revision(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	const struct kiln_chip *chip = e->chip->chip;

	/* version 3 knew one number; chips that it did not know are told apart by two */
	if (chip && strcmp(kiln_chip_option(chip), "esp32") != 0)
		return put_full_revision(out, run, e);
	return kiln_buf_printf(out, " (revision %u)", e->chip->revision / 100);
}

static kiln_code put_features(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	static const char now[] = "Wi-Fi", old[] = "WiFi";
	const char *features = e->chip->features;
	const bool is_new = strncmp(features, now, sizeof(now) - 1) == 0;

	(void)run;
	return kiln_buf_printf(out, "%s%s", is_new ? old : "",
			       features + (is_new ? sizeof(now) - 1 : 0));
}

static kiln_code put_crystal(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%uMHz", e->chip->crystal_mhz);
}

/* What version 5 calls otherwise; the rest is the same, as Espressif's newer chips came with it. */
static const struct {
	const char *old, *now;
} renamed[] = {
	{ "WiFi", "Wi-Fi" },
	{ "Single Core", "Single Core + LP Core" },
	{ "Dual Core", "Dual Core + LP Core" },
	{ "VRef calibration in efuse", "Vref calibration in eFuse" },
};

static kiln_code put_new_name(struct kiln_buf *out, const char *feature, size_t n)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
		if (strlen(renamed[i].old) == n && strncmp(renamed[i].old, feature, n) == 0)
			return kiln_buf_puts(out, renamed[i].now);
	}
	return kiln_buf_append(out, feature, n);
}

/* Only the ESP32 was named anew: "WiFi" begins its list, and nobody else's. */
static kiln_code put_new_features(struct kiln_buf *out, const struct dialect_run *run,
				  const struct kiln_flash_event *e)
{
	const char *at = e->chip->features;

	(void)run;
	if (strncmp(at, "WiFi", 4) != 0)
		return kiln_buf_puts(out, at);
	while (*at) {
		const size_t n = strcspn(at, ",");

		KILN_TRY(put_new_name(out, at, n));
		at += n;
		if (*at)
			KILN_TRY(kiln_buf_puts(out, ", "));
		at += strspn(at, ", ");
	}
	return KILN_OK;
}

static kiln_code put_usb(struct kiln_buf *out, const struct dialect_run *run,
			 const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_puts(out, e->chip->usb ? e->chip->usb : "");
}

static void format_mac(char base[18], const uint8_t *m)
{
	kiln_text_format(base, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
			 m[5]);
}

static kiln_code put_mac(struct kiln_buf *out, const struct dialect_run *run,
			 const struct kiln_flash_event *e)
{
	char base[18];

	(void)run;
	format_mac(base, e->chip->mac);
	return kiln_buf_puts(out, base);
}

static kiln_code put_mac_lines(struct kiln_buf *out, const struct dialect_run *run,
			       const struct kiln_flash_event *e)
{
	return dialect_put_mac(out, e->chip, run->dialect->mac_width);
}

kiln_code dialect_put_mac(struct kiln_buf *out, const struct kiln_chip_info *info, int width)
{
	const uint8_t *x = info->mac_ext;
	char base[18];

	format_mac(base, info->mac);
	if (!info->has_mac_ext)
		return kiln_buf_printf(out, "%-*s%s", width, "MAC: ", base);
	return kiln_buf_printf(out, "%-*s%.8s:%02x:%02x%s\n%-*s%s\n%-*s%02x:%02x", width,
			       "MAC: ", base, x[0], x[1], base + 8, width, "BASE MAC: ", base,
			       width, "MAC_EXT: ", x[0], x[1]);
}

static kiln_code put_port(struct kiln_buf *out, const struct dialect_run *run,
			  const struct kiln_flash_event *e)
{
	(void)e;
	return kiln_buf_puts(out, run->port ? run->port : "");
}

static kiln_code put_family(struct kiln_buf *out, const struct dialect_run *run,
			    const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_puts(out, e->chip->chip ? kiln_chip_name(e->chip->chip) : "chip");
}

static kiln_code put_end(struct kiln_buf *out, const struct dialect_run *run,
			 const struct kiln_flash_event *e)
{
	const uint64_t n = e->stage == KILN_FLASH_READING ? e->done - e->before : e->total;

	(void)run;
	return kiln_buf_printf(out, "0x%08x", (unsigned)(e->address + n));
}

void dialect_bar(char *dst, size_t size, uint64_t done, uint64_t total)
{
	enum { WIDTH = 30 };
	const int filled = total ? (int)(WIDTH * done / total) : WIDTH;
	char bar[WIDTH + 1];

	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < filled ? '=' : ' ';
	bar[WIDTH] = '\0';
	if (filled > 0 && filled < WIDTH)
		bar[filled - 1] = '>';
	kiln_text_format(dst, size, "[%s] %5.1f%% %llu/%llu bytes... ", bar,
			 total ? 100.0 * (double)done / (double)total : 100.0,
			 (unsigned long long)done, (unsigned long long)total);
}

static kiln_code put_bar_of(struct kiln_buf *out, uint64_t done, uint64_t total)
{
	char bar[96];

	dialect_bar(bar, sizeof(bar), done, total);
	return kiln_buf_puts(out, bar);
}

/* Of what is done before the block that comes now. */
static kiln_code put_bar(struct kiln_buf *out, const struct dialect_run *run,
			 const struct kiln_flash_event *e)
{
	(void)run;
	return put_bar_of(out, e->stage == KILN_FLASH_WRITING ? e->before : e->done, e->total);
}

/* The bar of one step of several, which says no bytes. */
static kiln_code put_step_bar(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	char bar[96];

	(void)run;
	dialect_bar(bar, sizeof(bar), e->block, e->blocks);
	return kiln_buf_printf(out, "%.*s... ", (int)strcspn(bar, "%") + 1, bar);
}

static kiln_code put_blocks(struct kiln_buf *out, const struct dialect_run *run,
			    const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%u", e->blocks);
}

/* The bar when all is written: it stays where each bar has a line of its own. */
static kiln_code put_full_bar(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	const uint64_t wire = e->done ? e->done : e->total;

	if (run->terminal || run->no_progress)
		return KILN_OK;
	KILN_TRY(kiln_buf_puts(out, "\rWriting at "));
	KILN_TRY(put_end(out, run, e));
	KILN_TRY(kiln_buf_putc(out, ' '));
	KILN_TRY(put_bar_of(out, wire, wire));
	return kiln_buf_putc(out, '\n');
}

static kiln_code put_warning(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)e;
	return kiln_buf_puts(out, run->color ? "\033[0;33mWarning:\033[0m" : "Warning:");
}

static kiln_code put_note(struct kiln_buf *out, const struct dialect_run *run,
			  const struct kiln_flash_event *e)
{
	(void)e;
	return kiln_buf_puts(out, run->color ? "\033[1;36mNote:\033[0m" : "Note:");
}

static kiln_code put_sectors(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	return kiln_buf_printf(out, "%llu", (unsigned long long)e->total / 4096);
}

static kiln_code put_kilobytes(struct kiln_buf *out, uint64_t bytes)
{
	return kiln_buf_printf(out, "%.1f", (double)bytes / 1024);
}

static kiln_code put_done_kb(struct kiln_buf *out, const struct dialect_run *run,
			     const struct kiln_flash_event *e)
{
	(void)run;
	return put_kilobytes(out, e->done);
}

static kiln_code put_total_kb(struct kiln_buf *out, const struct dialect_run *run,
			      const struct kiln_flash_event *e)
{
	(void)run;
	return put_kilobytes(out, e->total);
}

static const struct fact facts[] = {
	{ "address", put_address },
	{ "at", put_short_address },  /* without leading zeros */
	{ "bare", put_bare_address }, /* without 0x */
	{ "last", put_last },         /* address of the last byte */
	{ "done", put_done },
	{ "total", put_total },
	{ "done_kb", put_done_kb }, /* as 7.5 */
	{ "total_kb", put_total_kb },
	{ "params", put_params },
	{ "percent", put_percent },
	{ "seconds", put_seconds },
	{ "hundredths", put_hundredths }, /* seconds with two places */
	{ "file_at", put_file_address },  /* where the file begins in what is erased */
	{ "over", put_over },
	{ "kbits", put_kbits },         /* plain bits a millisecond */
	{ "megabytes", put_megabytes }, /* total as "4MB", "512KB" */
	{ "item", put_item },
	{ "description", put_description },
	{ "revision", put_revision }, /* " (revision 1)"; an ESP8266 has none */
	{ "features", put_features },
	{ "crystal", put_crystal },
	{ "mac", put_mac },
	{ "mac_lines", put_mac_lines },         /* with names; of some chips there are three */
	{ "full_revision", put_full_revision }, /* " (revision v1.0)" */
	{ "new_features", put_new_features },   /* as version 5 names them */
	{ "usb", put_usb },
	{ "note", put_note },
	{ "sectors", put_sectors }, /* of total bytes */
	{ "step_bar", put_step_bar },
	{ "blocks", put_blocks },
	{ "port", put_port },
	{ "family", put_family },
	{ "end", put_end }, /* address behind what is done */
	{ "bar", put_bar },
	{ "full_bar", put_full_bar },
	{ "warning", put_warning }, /* the word, in colour if there is any */
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

kiln_code dialect_put_facts(struct kiln_buf *out, const char *text, const struct dialect_run *run,
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
