/* SPDX-License-Identifier: Apache-2.0 */
#include "repl/watch.h"

#include <string.h>

#include "base/text.h"
#include "repl/firmware.h"

static const char raw_banner[] = "raw REPL; CTRL-B to exit";

/* Words in a whole line; the first that is found counts. */
static const struct marker {
	const char *text;
	kiln_seen seen;
} markers[] = {
	{ "waiting for download", KILN_SEEN_DOWNLOAD },
	{ "wait uart download", KILN_SEEN_DOWNLOAD },
	{ "wait uart0 download", KILN_SEEN_DOWNLOAD },
	{ "wait usb download", KILN_SEEN_DOWNLOAD },
	{ "(DOWNLOAD", KILN_SEEN_DOWNLOAD }, /* of "boot:0x3 (DOWNLOAD_BOOT(UART0/...": ESP32 */
	{ "(UART_BOOT(", KILN_SEEN_DOWNLOAD },
	{ "(UART0_BOOT", KILN_SEEN_DOWNLOAD }, /* ESP32-C3 */
	{ "invalid header: 0x", KILN_SEEN_NO_BOOT },
	{ "flash read err", KILN_SEEN_NO_BOOT },
	{ "csum err:", KILN_SEEN_NO_BOOT },
	{ "No bootable app partitions", KILN_SEEN_NO_BOOT },
	{ "Interrupt wdt timeout", KILN_SEEN_WATCHDOG }, /* before the panic that it is part of */
	{ "task_wdt: ", KILN_SEEN_WATCHDOG },
	{ "wdt reset", KILN_SEEN_WATCHDOG }, /* ESP8266 */
	{ "Brownout detector was triggered", KILN_SEEN_CRASH },
	{ "Guru Meditation Error", KILN_SEEN_CRASH },
	{ "rst:0x", KILN_SEEN_ROM },
	{ "rst cause:", KILN_SEEN_ROM }, /* ESP8266 */
	{ "MPY: soft reboot", KILN_SEEN_SOFT_RESET },
	{ "soft reboot", KILN_SEEN_SOFT_RESET }, /* before 1.10, and CircuitPython */
	{ "MicroPython v", KILN_SEEN_BANNER },
	{ "Adafruit CircuitPython ", KILN_SEEN_BANNER },
	{ "Press any key to enter the REPL", KILN_SEEN_ANY_KEY },
};

/* Reasons for a reset in a ROM's first line: "rst:0x8 (TG1WDT_SYS_RESET),boot:0x13 ...". The names
 * are those of the ROMs (components/esp_rom/include in ESP-IDF), the number that of the ESP8266's
 * data sheet. A blank flash ends in RTCWDT_RTC_RESET too: there the ROM itself gave up. */
static const struct {
	const char *text;
	kiln_reset reset;
} reset_reasons[] = {
	{ "WDT_SYS_R", KILN_RESET_WATCHDOG }, /* _RESET, _RST: TG0, TG1, RTC */
	{ "WDT_CPU_R", KILN_RESET_WATCHDOG },   { "WDT_RESET", KILN_RESET_WATCHDOG },
	{ "SUPER_WDT_R", KILN_RESET_WATCHDOG }, { "rst cause:4,", KILN_RESET_WATCHDOG },
	{ "DEEPSLEEP_R", KILN_RESET_SLEEP },    { "(DSLEEP)", KILN_RESET_SLEEP },
	{ "rst cause:5,", KILN_RESET_SLEEP },   { "BROWN_OUT_R", KILN_RESET_POWER },
	{ "BROWNOUT_R", KILN_RESET_POWER },
};

/* Prompts: lines without an end. */
static const struct marker prompts[] = {
	{ ">>> ", KILN_SEEN_FRIENDLY },
	{ "=== ", KILN_SEEN_PASTE },
	{ "... ", KILN_SEEN_CONTINUED },
};

void kiln_watch_init(struct kiln_watch *w)
{
	*w = (struct kiln_watch){ .whole = true };
}

bool kiln_watch_line_is(const struct kiln_watch *w, const char *text)
{
	return w->whole && w->n == strlen(text) && memcmp(w->line, text, w->n) == 0;
}

static bool ends_with(const struct kiln_watch *w, const char *text)
{
	const size_t n = strlen(text);

	return w->n >= n && memcmp(w->line + w->n - n, text, n) == 0;
}

static bool is_blank(const struct kiln_watch *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->line[i] != ' ' && w->line[i] != '\r' && w->line[i] != '\t')
			return false;
	}
	return true;
}

/* Length of the colour that begins at p (ECMA-48, SGR: ESC [ ... m); 0: none. */
static size_t colour(const char *p, size_t n)
{
	size_t at = 2;

	if (n < 3 || p[0] != '\x1b' || p[1] != '[')
		return 0;
	while (at < n && ((p[at] >= '0' && p[at] <= '9') || p[at] == ';'))
		at++;
	return at < n && p[at] == 'm' ? at + 1 : 0;
}

/* The line for people: without its colours, and the blanks around it. */
static void copy_line(const struct kiln_watch *w, char *dst)
{
	char text[KILN_WATCH_LINE];
	size_t from = 0, n = 0;

	for (size_t at = 0; at < w->n;) {
		const size_t skip = colour(w->line + at, w->n - at);

		if (skip == 0)
			text[n++] = w->line[at];
		at += skip ? skip : 1;
	}
	while (n > 0 && (text[n - 1] == '\r' || text[n - 1] == ' '))
		n--;
	/* cppcheck-suppress uninitvar; only what is below n is looked at */
	while (from < n && text[from] == ' ')
		from++;
	kiln_text_copy_untrusted(dst, KILN_WATCH_LINE, text + from, n - from);
}

static void note_reset(struct kiln_watch *w)
{
	w->last_reset = KILN_RESET_UNKNOWN;
	for (size_t i = 0; i < sizeof(reset_reasons) / sizeof(reset_reasons[0]); i++) {
		const char *text = reset_reasons[i].text;

		if (!memmem(w->line, w->n, text, strlen(text)))
			continue;
		w->last_reset = reset_reasons[i].reset;
		w->resets[w->last_reset]++;
		copy_line(w, w->reset);
		return;
	}
}

static void note_firmware(struct kiln_watch *w)
{
	const char *firmware = kiln_firmware_of(w->line, w->n);

	if (!firmware)
		return;
	w->firmware = firmware;
	copy_line(w, w->sign);
}

static kiln_seen end_line(struct kiln_watch *w)
{
	kiln_seen seen = KILN_SEEN_NOTHING;

	while (w->n > 0 && w->line[w->n - 1] == '\r')
		w->n--;
	w->raw_line = ends_with(w, raw_banner);
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]) && !seen; i++) {
		if (memmem(w->line, w->n, markers[i].text, strlen(markers[i].text)))
			seen = markers[i].seen;
	}
	if (!is_blank(w))
		copy_line(w, w->last);
	if (seen == KILN_SEEN_ROM || seen == KILN_SEEN_DOWNLOAD)
		note_reset(w);
	if (seen == KILN_SEEN_NOTHING && w->whole)
		note_firmware(w);
	if (seen == KILN_SEEN_NO_BOOT || seen == KILN_SEEN_CRASH || seen == KILN_SEEN_WATCHDOG)
		copy_line(w, w->reason);
	w->n = 0;
	w->whole = true;
	return seen;
}

static kiln_seen find_prompt(const struct kiln_watch *w, uint8_t byte)
{
	if (byte == '>' && w->raw_line && w->n == 1)
		return KILN_SEEN_RAW;
	if (byte != ' ')
		return KILN_SEEN_NOTHING;
	for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
		if (ends_with(w, prompts[i].text))
			return prompts[i].seen;
	}
	return KILN_SEEN_NOTHING;
}

/* Count bytes that no text has. Ctrl-D frames raw mode, escape begins colours: both are text. */
static void judge(struct kiln_watch *w, uint8_t byte)
{
	static const char fine[] = "\x01\x04\a\b\t\n\r\x1b";

	w->bytes++;
	if (w->need > 0 && (byte & 0xC0) == 0x80) {
		w->need--;
		return;
	}
	w->odd += w->need > 0; /* the character that was never finished */
	w->need = 0;
	if (byte >= 0xC2 && byte <= 0xF4)
		w->need = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
	else if (byte >= 0x7F || byte == 0 || (byte < 0x20 && !strchr(fine, byte)))
		w->odd++;
}

kiln_seen kiln_watch_byte(struct kiln_watch *w, uint8_t byte)
{
	kiln_seen seen;

	judge(w, byte);
	if (byte == '\n') {
		seen = end_line(w);
	} else {
		if (w->n == sizeof(w->line)) { /* a long line: its end is what matters */
			memmove(w->line, w->line + w->n / 2, w->n / 2);
			w->n /= 2;
			w->whole = false;
		}
		w->line[w->n++] = (char)byte;
		seen = find_prompt(w, byte);
	}
	w->counts[seen]++;
	return seen;
}

void kiln_watch_last_line(const struct kiln_watch *w, char ret_text[KILN_WATCH_LINE])
{
	if (w->n > 0 && !is_blank(w))
		copy_line(w, ret_text);
	else
		kiln_text_copy(ret_text, KILN_WATCH_LINE, w->last);
}

bool kiln_watch_is_garbage(const struct kiln_watch *w)
{
	/* a wrong speed makes a third of the bytes or more odd; a glitch at opening one or two */
	return w->bytes >= 4 && w->odd * 5 >= w->bytes;
}
