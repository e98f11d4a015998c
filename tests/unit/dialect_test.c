/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialects' texts against the page that shows them: the events of the page's two jobs are
 * made from its own figures, and what comes out must be the page.
 */

#include "dialect_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_page(void)
{
	FILE *f = fopen(TEST_DATA "/flashing-page.txt", "r");
	char *text = calloc(1, 32 * 1024);

	assert_non_null(f);
	assert_true(fread(text, 1, 32 * 1024 - 1, f) > 8000);
	fclose(f);
	return text;
}

/* The n-th text on the page from a line "Serial port" to a line `end`, which is left out. */
static char *job_on_page(char *page, int n, const char *end)
{
	char *start = page;

	for (int i = 0; i <= n; i++) {
		start = strstr(start, "Serial port ");
		assert_non_null(start);
		start = strchr(start, '\n') + 1;
	}
	char *stop = strstr(start, end);
	assert_non_null(stop);
	*stop = '\0';
	return start;
}

static void feed_connect(struct dialect_run *run, struct kiln_buf *out, int tries)
{
	feed(run, out, (struct kiln_flash_event){ .stage = KILN_FLASH_CONNECTING });
	for (int i = 0; i < tries; i++)
		feed(run, out, (struct kiln_flash_event){ .stage = KILN_FLASH_TRY });
	feed(run, out, (struct kiln_flash_event){ .stage = KILN_FLASH_CONNECTED });
}

static void feed_until_stub(struct dialect_run *run, struct kiln_buf *out, int tries)
{
	feed_connect(run, out, tries);
	feed(run, out, (struct kiln_flash_event){ .stage = KILN_FLASH_DETECT_SWITCH });
	feed_connect(run, out, tries);
	feed(run, out, (struct kiln_flash_event){ .stage = KILN_FLASH_DETECTED, .item = "ESP32" });
	for (kiln_flash_stage s = KILN_FLASH_CHIP; s <= KILN_FLASH_STUB_RUNNING; s++)
		feed(run, out, (struct kiln_flash_event){ .stage = s });
}

static void erase_flash_is_the_page(void **state)
{
	char *page = read_page();
	const char *expected = job_on_page(page, 0, "esptool.py v3.2\nSerial port");
	struct dialect_run run = { .dialect = &dialect_esptool_v3, .chip_auto = true };
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	(void)state;
	feed_until_stub(&run, &out, 3);
	feed(&run, &out, (struct kiln_flash_event){ .stage = KILN_FLASH_ERASING });
	feed(&run, &out,
	     (struct kiln_flash_event){ .stage = KILN_FLASH_ERASED, .elapsed_ms = 11200 });
	feed(&run, &out, (struct kiln_flash_event){ .stage = KILN_FLASH_RESET });
	assert_string_equal(kiln_buf_str(&out), expected);
	kiln_buf_done(&out);
	free(page);
}

/* All "Writing at" lines of the page, as events: 63 blocks of 16 KiB. */
static void feed_writing(struct dialect_run *run, struct kiln_buf *out, const char *page)
{
	unsigned block = 0;

	for (const char *p = page; (p = strstr(p, "Writing at ")) != NULL; p++) {
		const unsigned long address = strtoul(p + strlen("Writing at "), NULL, 16);

		block++;
		feed(run, out,
		     (struct kiln_flash_event){ .stage = KILN_FLASH_WRITING,
						.address = (uint32_t)address,
						.block = block,
						.blocks = 63 });
	}
	assert_int_equal(block, 63);
}

static void feed_write(struct dialect_run *run, struct kiln_buf *out, const char *page)
{
	static const struct kiln_flash_event before[] = {
		{ .stage = KILN_FLASH_BAUD, .total = 460800 },
		{ .stage = KILN_FLASH_BAUD_CHANGED },
		{ .stage = KILN_FLASH_SIZE_ASKED },
		{ .stage = KILN_FLASH_WILL_ERASE, .address = 0x1000, .total = 0x17c000 },
		{ .stage = KILN_FLASH_COMPRESSED, .done = 1022998, .total = 1555136 },
	};
	static const struct kiln_flash_event after[] = {
		{ .stage = KILN_FLASH_WROTE,
		  .address = 0x1000,
		  .done = 1022998,
		  .total = 1555136,
		  .elapsed_ms = 25118 },
		{ .stage = KILN_FLASH_VERIFYING },
		{ .stage = KILN_FLASH_VERIFIED },
		{ .stage = KILN_FLASH_LEAVING },
		{ .stage = KILN_FLASH_RESET, .total = KILN_AFTER_HARD_RESET },
	};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		feed(run, out, before[i]);
	feed_writing(run, out, page);
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++)
		feed(run, out, after[i]);
}

static void write_flash_is_the_page(void **state)
{
	char *page = read_page();
	const char *expected = job_on_page(page, 1, "\nThe device is now available");
	struct dialect_run run = { .dialect = &dialect_esptool_v3, .chip_auto = true };
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	(void)state;
	feed_until_stub(&run, &out, 4);
	feed_write(&run, &out, expected);
	assert_string_equal(kiln_buf_str(&out), expected);
	kiln_buf_done(&out);
	free(page);
}

static void other_resets_and_warnings(void **state)
{
	static const struct kiln_flash_event events[] = {
		{ .stage = KILN_FLASH_CONNECTING },
		{ .stage = KILN_FLASH_WARNING, .item = "slow" },
		{ .stage = KILN_FLASH_STUB_RUNNING, .done = 1 },
		{ .stage = KILN_FLASH_SIZE_DETECTED, .total = 4 << 20 },
		{ .stage = KILN_FLASH_PARAMS, .total = 0x22f },
		{ .stage = KILN_FLASH_ERASING, .address = 0x2000, .total = 0x1000 },
		{ .stage = KILN_FLASH_ERASED, .elapsed_ms = 120 },
		{ .stage = KILN_FLASH_RESET, .total = KILN_AFTER_NO_RESET },
		{ .stage = KILN_FLASH_RESET, .total = KILN_AFTER_SOFT_RESET },
	};
	struct dialect_run run = { .dialect = &dialect_esptool_v3 };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		feed(&run, &out, events[i]);
	assert_string_equal(kiln_buf_str(&out),
			    "Connecting...\nWARNING: slow\n"
			    "Stub is already running. No upload is necessary.\n"
			    "Auto-detected Flash size: 4MB\nFlash params set to 0x022f\n"
			    "Erasing region (may be slow depending on size)...\n"
			    "Erase completed successfully in 0.1 seconds.\n"
			    "Staying in bootloader.\nSoft resetting...\n");
	kiln_buf_done(&out);
}

static void on_a_terminal_progress_takes_one_line(void **state)
{
	static const struct kiln_flash_event events[] = {
		{ .stage = KILN_FLASH_WRITING, .address = 0, .block = 1, .blocks = 2 },
		{ .stage = KILN_FLASH_RETRY, .address = 0, .item = "lost" },
		{ .stage = KILN_FLASH_WRITING, .address = 0, .block = 1, .blocks = 2 },
		{ .stage = KILN_FLASH_WRITING, .address = 10, .block = 2, .blocks = 2 },
		{ .stage = KILN_FLASH_WROTE, .total = 20, .elapsed_ms = 1000 },
		{ .stage = KILN_FLASH_WRITING, .address = 0, .block = 1, .blocks = 2 },
	};
	struct dialect_run run = { .dialect = &dialect_esptool_v3, .terminal = true };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		feed(&run, &out, events[i]);
	assert_int_equal(dialect_break(&run, &out), KILN_OK);
	assert_string_equal(kiln_buf_str(&out),
			    "Writing at 0x00000000... (50 %)\n"
			    "Sending again from 0x00000000: lost\n"
			    "Writing at 0x00000000... (50 %)\rWriting at 0x0000000a... (100 %)"
			    "\rWrote 20 bytes at 0x00000000 in 1.0 seconds (0.2 kbit/s)...\n"
			    "Writing at 0x00000000... (50 %)\n");
	kiln_buf_done(&out);
}

/* Version 4 is version 3 but for a few lines. */
static void v4_lines(void **state)
{
	struct dialect_run run = { .dialect = &dialect_esptool_v4 };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	feed(&run, &out, (struct kiln_flash_event){ .stage = KILN_FLASH_CHIP });
	feed(&run, &out, (struct kiln_flash_event){ .stage = KILN_FLASH_STUB_UPLOAD });
	feed(&run, &out,
	     (struct kiln_flash_event){ .stage = KILN_FLASH_READ,
					.address = 0x1000,
					.total = 1000,
					.elapsed_ms = 1000 });
	assert_string_equal(kiln_buf_str(&out),
			    "Chip is ESP32-D0WDQ6 (revision v1.0)\n"
			    "Features: WiFi, BT, Dual Core, Coding Scheme None\n"
			    "Crystal is 40MHz\nMAC: 30:ae:a4:28:39:f0\nUploading stub...\n"
			    "Read 1000 bytes at 0x00001000 in 1.0 seconds (8.0 kbit/s)...\n");
	kiln_buf_done(&out);
}

/* A name in a table that no fact has would be printed as it is. */
static void check_names(const struct dialect *dialect)
{
	for (const struct dialect_row *row = dialect->rows; row->stage; row++) {
		struct dialect_run run = { .dialect = dialect,
					   .chip_auto = row->when == DIALECT_AUTO,
					   .region = row->when == DIALECT_REGION };
		struct kiln_flash_event event = {
			.stage = row->stage, .done = 1, .total = 1, .item = "", .chip = &told_chip
		};
		struct kiln_buf out = KILN_BUF_INIT(4096);

		assert_int_equal(dialect_feed(&run, &event, &out), KILN_OK);
		assert_null(strpbrk(kiln_buf_str(&out), "{}"));
		kiln_buf_done(&out);
	}
}

static void tables_name_only_facts_that_exist(void **state)
{
	(void)state;
	check_names(&dialect_esptool_v3);
	check_names(&dialect_esptool_v4);
	check_names(&dialect_esptool_v5);
	check_names(&dialect_nand_v5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(erase_flash_is_the_page),
		cmocka_unit_test(write_flash_is_the_page),
		cmocka_unit_test(other_resets_and_warnings),
		cmocka_unit_test(on_a_terminal_progress_takes_one_line),
		cmocka_unit_test(v4_lines),
		cmocka_unit_test(tables_name_only_facts_that_exist),
	};

	return RUN(tests);
}
