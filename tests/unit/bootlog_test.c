/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "cli/bootlog.h"

static struct kiln_span text(const char *t)
{
	return kiln_span(t, strlen(t));
}

static void logs_are_judged(void **state)
{
	static const struct {
		const char *log;
		bootlog_kind kind;
	} cases[] = {
		{ "", BOOTLOG_SILENT },
		{ "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET)\r\n", BOOTLOG_TEXT },
		{ "MicroPython v1.18 on 2022-01-17; ESP32 module\r\n>>> ", BOOTLOG_PROMPT },
		{ "rst:0x1\r\nwaiting for download\r\n", BOOTLOG_DOWNLOAD },
		{ "invalid header: 0xffffffff\r\n", BOOTLOG_TEXT },
		{ "invalid header: 0xffffffff\r\ninvalid header: 0xffffffff\r\n", BOOTLOG_LOOP },
		{ "rst:0x7 (TG0WDT)\r\nrst:0x7 (TG0WDT)\r\nrst:0x7 (TG0WDT)", BOOTLOG_LOOP },
		{ "flash read err, 1000\r\nflash read err, 1000\r\n", BOOTLOG_LOOP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bootlog_judge(text(cases[i].log)), cases[i].kind);
}

static struct kiln_span read_transcript(const char *name, char *buf, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), TEST_DATA "/rom-transcripts/%s", name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	const size_t n = fread(buf, 1, size, f);
	fclose(f);
	return kiln_span(buf, n);
}

/* What real chips say. */
static void transcripts_are_judged(void **state)
{
	static char buf[64 * 1024];

	(void)state;
	/* the record has one round of what a blank chip repeats for ever */
	struct kiln_span once = read_transcript("esp32-boot-blank-flash.txt", buf, sizeof(buf));

	assert_int_equal(bootlog_judge(once), BOOTLOG_TEXT);
	memcpy(buf + once.n, buf, once.n);
	assert_int_equal(bootlog_judge(kiln_span(buf, 2 * once.n)), BOOTLOG_LOOP);
	assert_int_equal(
		bootlog_judge(read_transcript("esp32-boot-download.txt", buf, sizeof(buf))),
		BOOTLOG_DOWNLOAD);
	assert_int_equal(
		bootlog_judge(read_transcript("esp32-boot-micropython.txt", buf, sizeof(buf))),
		BOOTLOG_PROMPT);
}

static void last_line_is_found_and_tamed(void **state)
{
	char line[16];

	(void)state;
	bootlog_line(text("one\r\ntwo\r\n\r\n>>> "), line, sizeof(line));
	assert_string_equal(line, "two");
	bootlog_line(text("a\x1b[31mb\r\n"), line, sizeof(line));
	assert_string_equal(line, "a?[31mb");
	bootlog_line(text("whole\r\nhal"), line, sizeof(line));
	assert_string_equal(line, "whole");
	bootlog_line(text("hal"), line, sizeof(line));
	assert_string_equal(line, "hal");
	bootlog_line(text("\r\n\r\n"), line, sizeof(line));
	assert_string_equal(line, "");
	bootlog_line(text("a line that is too long"), line, sizeof(line));
	assert_string_equal(line, "a line that ...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_are_judged),
		cmocka_unit_test(transcripts_are_judged),
		cmocka_unit_test(last_line_is_found_and_tamed),
	};
	return RUN(tests);
}
