/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bootlog.h"

#include <string.h>

#include "base/text.h"

static size_t count(struct kiln_span log, const char *text)
{
	const size_t n = strlen(text);
	size_t found = 0;

	for (const uint8_t *p; (p = memmem(log.p, log.n, text, n)) != NULL; found++) {
		log.n -= (size_t)(p - log.p) + n;
		log.p = p + n;
	}
	return found;
}

/* What the ESP32's ROM and ESP-IDF's bootloader print (tests/data/rom-transcripts). */
static const struct {
	const char *text;
	size_t times;
	bootlog_kind kind;
} signs[] = {
	{ ">>> ", 1, BOOTLOG_PROMPT },
	{ "waiting for download", 1, BOOTLOG_DOWNLOAD },
	{ "(DOWNLOAD", 1, BOOTLOG_DOWNLOAD }, /* boot:0x3 (DOWNLOAD_BOOT(...)) */
	{ "(UART_BOOT", 1, BOOTLOG_DOWNLOAD },
	{ "invalid header: 0x", 2, BOOTLOG_LOOP }, /* nothing that boots in flash */
	{ "flash read err", 2, BOOTLOG_LOOP },
	{ "rst:0x", 3, BOOTLOG_LOOP },
};

bootlog_kind bootlog_judge(struct kiln_span log)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (count(log, signs[i].text) >= signs[i].times)
			return signs[i].kind;
	}
	return log.n > 0 ? BOOTLOG_TEXT : BOOTLOG_SILENT;
}

void bootlog_line(struct kiln_span log, char *dst, size_t size)
{
	const uint8_t *newline = memrchr(log.p, '\n', log.n);
	size_t end = newline ? (size_t)(newline - log.p) : log.n, start;

	while (end > 0 && strchr("\r\n ", log.p[end - 1]))
		end--;
	for (start = end; start > 0 && !strchr("\r\n", log.p[start - 1]);)
		start--;
	kiln_text_copy_untrusted(dst, size, log.p + start, end - start);
}

kiln_code bootlog_read(struct kiln_link *link, kiln_ms ms, struct kiln_buf *log,
		       bootlog_kind *ret_kind, struct kiln_err *err)
{
	const kiln_ms deadline = kiln_link_after(link, ms);
	bootlog_kind kind = BOOTLOG_SILENT;

	while (kind == BOOTLOG_SILENT || kind == BOOTLOG_TEXT) {
		struct kiln_err why = KILN_ERR_INIT;
		size_t n = 0;

		if (kiln_buf_reserve(log, 1024) != KILN_OK)
			break; /* it says more than anybody would read */
		const kiln_code code = kiln_link_read(link, log->data + log->len, 1024, deadline,
						      &n, &why);

		if (code == KILN_E_TIMEOUT)
			break;
		if (code != KILN_OK) {
			if (err)
				*err = why;
			return code;
		}
		kiln_buf_grew(log, n);
		kind = bootlog_judge(kiln_buf_span(log));
	}
	*ret_kind = kind;
	return KILN_OK;
}
