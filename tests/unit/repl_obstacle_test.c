/* SPDX-License-Identifier: Apache-2.0 */
/* What single lines give away. Whole conversations: tests/session/repl_states_session.c. */
#include "unit.h"

#include <string.h>

#include "repl/firmware.h"
#include "repl/watch.h"

static void lines_of_other_firmware(void **state)
{
	static const char *const lines[][2] = {
		{ "I (312) app_main: valve open", "an ESP-IDF program" },
		{ "\033[0;31mE (5) x: y\033[0m", "an ESP-IDF program" },
		{ "[   123][E][Wire.cpp:422] begin(): no pins", "an Arduino program" },
		{ "[12:01:02][C][logger:185]: Logger:", "ESPHome" },
		{ "[C][wifi:120]: x", "ESPHome" },
		{ "NodeMCU 3.0.0.0", "the NodeMCU Lua firmware" },
		{ "AT version:2.2.0.0", "Espressif's AT firmware" },
		{ "*** Booting Zephyr OS build v3.5.0 ***", "Zephyr" },
		{ "Grbl 1.1f ['$' for help]", "Grbl" },
		/* MicroPython's start has these too */
		{ "I (29) boot: ESP-IDF v5.1", NULL },
		{ "I (29) boot.esp32: SPI Speed", NULL },
		{ "I (308) cpu_start: Pro cpu up.", NULL },
		{ "W (58) spi_flash: size", NULL },
		{ "E (10303) task_wdt", NULL },
		{ "I (): x: y", NULL },
		{ "I (1) : y", NULL },
		{ "[1][E]", NULL },
		{ "[]", NULL },
		{ "temperature 21.5", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *found = kiln_firmware_of(lines[i][0], strlen(lines[i][0]));

		if (!lines[i][1] ? found != NULL : !found || strcmp(found, lines[i][1]) != 0)
			fail_msg("%s: %s", lines[i][0], found ? found : "nothing");
	}
}

static void reasons_for_resets(void **state)
{
	static const struct {
		const char *line;
		kiln_reset reset;
	} lines[] = {
		{ "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)", KILN_RESET_UNKNOWN },
		{ "rst:0x5 (DEEPSLEEP_RESET),boot:0x13 (x)", KILN_RESET_SLEEP },
		{ "rst:0x5 (DSLEEP),boot:0xc (x)", KILN_RESET_SLEEP },
		{ "rst:0x7 (TG0WDT_SYS_RESET),boot:0x13 (x)", KILN_RESET_WATCHDOG },
		{ "rst:0x8 (TG1WDT_SYS_RST),boot:0xc (x)", KILN_RESET_WATCHDOG },
		{ "rst:0xb (TGWDT_CPU_RESET),boot:0x13 (x)", KILN_RESET_WATCHDOG },
		{ "rst:0x12 (SUPER_WDT_RST),boot:0xc (x)", KILN_RESET_WATCHDOG },
		{ "rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (x)", KILN_RESET_UNKNOWN },
		{ "rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (x)", KILN_RESET_POWER },
		{ "rst:0xf (BROWNOUT_RST),boot:0xc (x)", KILN_RESET_POWER },
		{ " ets Jan  8 2013,rst cause:4, boot mode:(3,6)", KILN_RESET_WATCHDOG },
		{ " ets Jan  8 2013,rst cause:2, boot mode:(3,6)", KILN_RESET_UNKNOWN },
		{ "text (DEEPSLEEP_RESET) of a program", KILN_RESET_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct kiln_watch w;

		kiln_watch_init(&w);
		for (const char *c = lines[i].line; *c; c++)
			(void)kiln_watch_byte(&w, (uint8_t)*c);
		(void)kiln_watch_byte(&w, '\n');
		if (w.last_reset != lines[i].reset)
			fail_msg("%s: %d", lines[i].line, (int)w.last_reset);
	}
}

static void lines_for_people_have_no_colours(void **state)
{
	static const char text[] = "  \033[0;31mhot\033[0m \033[31 odd\r\n";
	struct kiln_watch w;
	char last[KILN_WATCH_LINE];

	(void)state;
	kiln_watch_init(&w);
	for (const char *c = text; *c; c++)
		(void)kiln_watch_byte(&w, (uint8_t)*c);
	kiln_watch_last_line(&w, last);
	assert_string_equal(last, "hot ?[31 odd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_other_firmware),
		cmocka_unit_test(reasons_for_resets),
		cmocka_unit_test(lines_for_people_have_no_colours),
	};
	return RUN(tests);
}
