/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 5 on a pipe and on a terminal, where it takes back what is over; and in all versions,
 * what is said of a ROM that erases.
 */
#include "dialect_help.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A job of three files as esptool v5.3.1 told it of an ESP32-D0WD-V3 (on a pipe). */
static const char v5_story[] =
	"Connecting....\nDetecting chip type... ESP32\n"
	"Connected to ESP32 on /dev/ttyUSB0:\n"
	"Chip type:          ESP32-D0WD-V3 (revision v3.0)\n"
	"Features:           Wi-Fi, BT, Dual Core + LP Core, Vref calibration in eFuse, "
	"Coding Scheme None\n"
	"Crystal frequency:  40MHz\n"
	"MAC:                24:a1:a8:b9:ca:db\n\n"
	"Uploading stub flasher...\nRunning stub flasher...\nStub flasher running.\n"
	"Changing baud rate to 921600...\nChanged.\n"
	"Configuring flash size...\nAuto-detected flash size: 4MB\n"
	"\nWriting 'bootloader.bin' at 0x00001000...\n"
	"Flash parameters set to 0x022f.\nSHA digest in image updated.\n"
	"Flash will be erased from 0x00001000 to 0x00007fff...\n"
	"Compressed 26768 bytes to 16773...\n"
	"\rWriting at 0x00001000 [                              ]   0.0% 0/16773 bytes... \n"
	"\rWriting at 0x00007890 [============================> ]  97.7% 16384/16773 bytes... \n"
	"\rWriting at 0x00007890 [==============================] 100.0% 16773/16773 bytes... \n"
	"Wrote 26768 bytes (16773 compressed) at 0x00001000 in 0.6 seconds (352.2 kbit/s).\n"
	"Verifying written data...\nHash of data verified.\n"
	"\nHard resetting via RTS pin...\n";
static const char v5_story_left[] =
	"Connected to ESP32 on /dev/ttyUSB0:\n"
	"Chip type:          ESP32-D0WD-V3 (revision v3.0)\n"
	"Features:           Wi-Fi, BT, Dual Core + LP Core, Vref calibration in eFuse, "
	"Coding Scheme None\n"
	"Crystal frequency:  40MHz\n"
	"MAC:                24:a1:a8:b9:ca:db\n\n"
	"Stub flasher running.\n"
	"Changing baud rate to 921600...\nChanged.\n"
	"Configuring flash size...\nAuto-detected flash size: 4MB\n"
	"\nWriting 'bootloader.bin' at 0x00001000...\n"
	"Flash parameters set to 0x022f.\nSHA digest in image updated.\n"
	"Flash will be erased from 0x00001000 to 0x00007fff...\n"
	"Wrote 26768 bytes (16773 compressed) at 0x00001000 in 0.6 seconds (352.2 kbit/s).\n"
	"Hash of data verified.\n"
	"\nHard resetting via RTS pin...\n";

static const struct kiln_chip_info v5_chip = {
	.description = "ESP32-D0WD-V3",
	.revision = 300,
	.features = "WiFi, BT, Dual Core, VRef calibration in efuse, Coding Scheme None",
	.crystal_mhz = 40,
	.mac = { 0x24, 0xa1, 0xa8, 0xb9, 0xca, 0xdb },
};

static void feed_v5_story(struct dialect_run *run, struct kiln_buf *out)
{
	static const struct kiln_flash_event events[] = {
		{ .stage = KILN_FLASH_CONNECTING },
		{ .stage = KILN_FLASH_TRY, .done = 1 },
		{ .stage = KILN_FLASH_CONNECTED },
		{ .stage = KILN_FLASH_DETECTED, .item = "ESP32" },
		{ .stage = KILN_FLASH_CHIP },
		{ .stage = KILN_FLASH_STUB_UPLOAD },
		{ .stage = KILN_FLASH_STUB_START },
		{ .stage = KILN_FLASH_STUB_RUNNING },
		{ .stage = KILN_FLASH_BAUD, .total = 921600 },
		{ .stage = KILN_FLASH_BAUD_CHANGED },
		{ .stage = KILN_FLASH_SIZE_ASKED },
		{ .stage = KILN_FLASH_SIZE_DETECTED, .total = 4 << 20 },
		{ .stage = KILN_FLASH_WILL_ERASE, .address = 0x1000, .total = 0x7000 },
		{ .stage = KILN_FLASH_WILL_ERASE, .address = 0x8000, .total = 0x1000 },
		{ .stage = KILN_FLASH_FILE,
		  .address = 0x1000,
		  .item = "bootloader.bin",
		  .block = 1,
		  .blocks = 3 },
		{ .stage = KILN_FLASH_PARAMS, .total = 0x022f },
		{ .stage = KILN_FLASH_REDIGESTED },
		{ .stage = KILN_FLASH_FILE_ERASE, .address = 0x1000, .total = 0x7000 },
		{ .stage = KILN_FLASH_COMPRESSED, .done = 16773, .total = 26768 },
		{ .stage = KILN_FLASH_WRITING,
		  .address = 0x1000,
		  .done = 16384,
		  .total = 16773,
		  .block = 1,
		  .blocks = 2 },
		{ .stage = KILN_FLASH_WRITING,
		  .address = 0x7890,
		  .before = 16384,
		  .done = 16773,
		  .total = 16773,
		  .block = 2,
		  .blocks = 2 },
		{ .stage = KILN_FLASH_WROTE,
		  .address = 0x1000,
		  .done = 16773,
		  .total = 26768,
		  .elapsed_ms = 608 },
		{ .stage = KILN_FLASH_VERIFYING },
		{ .stage = KILN_FLASH_VERIFIED },
		{ .stage = KILN_FLASH_LEAVING },
		{ .stage = KILN_FLASH_RESET, .total = KILN_AFTER_HARD_RESET },
	};

	struct kiln_chip_info info = v5_chip;

	info.chip = kiln_chip_by_option("esp32");
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct kiln_flash_event event = events[i];

		event.chip = &info;
		assert_int_equal(dialect_feed(run, &event, out), KILN_OK);
	}
}

static void v5_on_a_pipe(void **state)
{
	struct dialect_run run = { .dialect = &dialect_esptool_v5,
				   .chip_auto = true,
				   .port = "/dev/ttyUSB0" };
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	(void)state;
	feed_v5_story(&run, &out);
	assert_string_equal(kiln_buf_str(&out), v5_story);
	kiln_buf_done(&out);
}

/* What a terminal shows in the end of what it was sent. */
static void play_terminal(const char *text, char *dst)
{
	char *at = dst;

	while (*text) {
		if (strncmp(text, "\033[1A", 4) == 0) {
			at--; /* the end of the line above */
			assert_true(at >= dst && *at == '\n');
			text += 4;
		} else if (strncmp(text, "\033[2K", 4) == 0 || strncmp(text, "\r\033[K", 4) == 0) {
			while (at > dst && at[-1] != '\n')
				at--;
			text += 4;
		} else {
			*at++ = *text++;
		}
	}
	*at = '\0';
}

static void v5_on_a_terminal(void **state)
{
	struct dialect_run run = { .dialect = &dialect_esptool_v5,
				   .chip_auto = true,
				   .terminal = true,
				   .port = "/dev/ttyUSB0" };
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);
	char *shown = calloc(1, 64 * 1024);

	(void)state;
	feed_v5_story(&run, &out);
	play_terminal(kiln_buf_str(&out), shown);
	assert_string_equal(shown, v5_story_left);
	free(shown);
	kiln_buf_done(&out);
}

static void v5_other_lines(void **state)
{
	static const struct kiln_flash_event events[] = {
		{ .stage = KILN_FLASH_CONNECTING },
		{ .stage = KILN_FLASH_WARNING, .item = "slow" },
		{ .stage = KILN_FLASH_CONNECTED },
		{ .stage = KILN_FLASH_STUB_RUNNING, .done = 1 },
		{ .stage = KILN_FLASH_ERASING, .address = 0x2000, .total = 0x1000 },
		{ .stage = KILN_FLASH_ERASED, .elapsed_ms = 120 },
		{ .stage = KILN_FLASH_FILE, .blocks = 1, .block = 1, .item = "one" },
		{ .stage = KILN_FLASH_WROTE, .address = 16, .total = 32, .elapsed_ms = 1000 },
		{ .stage = KILN_FLASH_READING,
		  .address = 0x1400,
		  .before = 0x400,
		  .done = 0x800,
		  .total = 0x1000 },
		{ .stage = KILN_FLASH_READ,
		  .address = 0x1000,
		  .total = 0x1000,
		  .elapsed_ms = 1000,
		  .item = "f" },
		{ .stage = KILN_FLASH_RESET, .total = KILN_AFTER_WATCHDOG_RESET },
	};
	struct dialect_run run = { .dialect = &dialect_esptool_v5 };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		feed(&run, &out, events[i]);
	assert_string_equal(
		kiln_buf_str(&out),
		"Connecting...\nWarning: slow\n\n"
		"Stub flasher is already running. No upload is necessary.\n"
		"Erasing flash memory region (this may take a while depending on size)...\n"
		"Flash memory region erased successfully in 0.1 seconds.\n"
		"\rWriting at 0x00000030 [==============================] 100.0% 32/32 bytes... \n"
		"Wrote 32 bytes at 0x00000010 in 1.0 seconds (0.3 kbit/s).\n"
		"\rReading from 0x00001800 [==============>               ]  50.0% 2048/4096 "
		"bytes... \n"
		"Read 4096 bytes from 0x00001000 in 1.0 seconds (32.8 kbit/s) to 'f'.\n"
		"\nHard resetting with a watchdog...\n");
	kiln_buf_done(&out);
}

/* Before a ROM takes data it erases; what begins within a sector; what does not become smaller. */
static const struct kiln_flash_event rom_story[] = {
	{ .stage = KILN_FLASH_SIZE_ASKED, .done = 1 },
	{ .stage = KILN_FLASH_WARNING, .done = 1, .item = "said elsewhere" },
	{ .stage = KILN_FLASH_WILL_ERASE, .address = 0x10000, .total = 0x1000, .done = 0x100 },
	{ .stage = KILN_FLASH_FILE, .block = 1, .blocks = 1, .done = 1, .item = "one" },
	{ .stage = KILN_FLASH_FILE_ERASE, .address = 0x10000, .total = 0x1000, .done = 0x100 },
	{ .stage = KILN_FLASH_PLAIN, .done = 3011, .total = 3000, .item = "t.bin" },
	{ .stage = KILN_FLASH_ROM_ERASING },
	{ .stage = KILN_FLASH_ROM_ERASED, .elapsed_ms = 1234 },
	{ .stage = KILN_FLASH_PLAIN, .done = 4107, .total = 4096, .block = 1, .item = "t.bin" },
	{ .stage = KILN_FLASH_ROM_ERASING },
	{ .stage = KILN_FLASH_COMPRESSED, .done = 16, .total = 4096 },
	{ .stage = KILN_FLASH_ROM_ERASED, .elapsed_ms = 50 },
};

#define WITHIN                                                                                \
	"Flash address 0x00010100 is not aligned to a 0x1000 byte flash sector. 0x100 bytes " \
	"before this address will be erased.\n"                                               \
	"Flash will be erased from 0x00010000 to 0x00010fff...\n"
#define NOT_SMALLER(what, n, of)                                             \
	"Cannot compress " what                                              \
	" more than the original size, will flash uncompressed. Compressed " \
	"size " n " bytes >= uncompressed " of " bytes.\n"

static void expect_rom_story(const struct dialect *dialect, bool terminal, const char *expected)
{
	struct dialect_run run = { .dialect = dialect, .terminal = terminal };
	struct kiln_buf out = KILN_BUF_INIT(8192);
	char shown[8192];

	for (size_t i = 0; i < sizeof(rom_story) / sizeof(rom_story[0]); i++)
		feed(&run, &out, rom_story[i]);
	feed(&run, &out, (struct kiln_flash_event){ .stage = KILN_FLASH_VERIFIED });
	play_terminal(kiln_buf_str(&out), shown);
	assert_string_equal(shown, expected);
	kiln_buf_done(&out);
}

static void rom_lines(void **state)
{
	static const char size[] = "Configuring flash size...\n";
	static const char v3[] = "WARNING: " WITHIN "Erasing flash...\n" NOT_SMALLER(
		"file 't.bin'", "3011",
		"3000") "Took 1.23s to erase flash block\n" NOT_SMALLER("file 't.bin'", "4107",
									"4096") "Compressed 4096 "
										"bytes to "
										"16...\nTook 0.05s "
										"to erase flash "
										"block\n"
										"Hash of data "
										"verified.\n";
	char text[4096];

	(void)state;
	kiln_text_format(text, sizeof(text), "%s%s", size, v3);
	expect_rom_story(&dialect_esptool_v3, false, text);
	kiln_text_format(text, sizeof(text), "%s%s%s", size,
			 "WARNING: In case of failure, please set a specific --flash_size.\n", v3);
	expect_rom_story(&dialect_esptool_v4, false, text);
	expect_rom_story(
		&dialect_esptool_v5, false,
		"Configuring flash size...\n"
		"Note: In case of failure, please set a specific flash size.\n"
		"Note: " WITHIN "Note: " NOT_SMALLER(
			"file 't.bin'", "3011",
			"3000") "Erasing flash...\nTook 1.23s to erase flash block.\n"
				"Note: " NOT_SMALLER(
					"changed data", "4107",
					"4096") "Erasing flash...\nCompressed 4096 bytes to 16...\n"
						"Took 0.05s to erase flash block.\nHash of data "
						"verified.\n");
	/* a stage that is over takes its lines back */
	expect_rom_story(&dialect_esptool_v5, true,
			 "Configuring flash size...\n"
			 "Note: In case of failure, please set a specific flash size.\n"
			 "Note: " WITHIN
			 "Note: " NOT_SMALLER("file 't.bin'", "3011", "3000") "Note: " NOT_SMALLER(
				 "changed data", "4107", "4096") "Hash of data verified.\n");
}

/* Its own USB port, a long MAC, and secure download mode, in which it says nothing. */
static void v5_chips(void **state)
{
	const struct kiln_chip_info long_mac = {
		.chip = kiln_chip_by_option("esp32c6"),
		.description = "ESP32-C6FH4 (QFN32)",
		.revision = 2,
		.features = "Wi-Fi 6, BT 5 (LE)",
		.crystal_mhz = 40,
		.mac = { 0x60, 0x55, 0xf9, 0xf7, 0x2c, 0xa2 },
		.has_mac_ext = true,
		.mac_ext = { 0xff, 0xfe },
		.usb = "USB-Serial/JTAG",
	};
	const struct kiln_chip_info secure = { .chip = kiln_chip_by_option("esp32s3"),
					       .description = "ESP32-S3 in Secure Download Mode",
					       .secure_download = true };
	struct dialect_run run = { .dialect = &dialect_esptool_v5, .port = "P" };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	assert_int_equal(dialect_feed(&run,
				      &(struct kiln_flash_event){ .stage = KILN_FLASH_CHIP,
								  .chip = &long_mac },
				      &out),
			 KILN_OK);
	assert_int_equal(dialect_feed(&run,
				      &(struct kiln_flash_event){ .stage = KILN_FLASH_CHIP,
								  .chip = &secure },
				      &out),
			 KILN_OK);
	assert_string_equal(kiln_buf_str(&out),
			    "Connected to ESP32-C6 on P:\n"
			    "Chip type:          ESP32-C6FH4 (QFN32) (revision v0.2)\n"
			    "Features:           Wi-Fi 6, BT 5 (LE)\n"
			    "Crystal frequency:  40MHz\n"
			    "USB mode:           USB-Serial/JTAG\n"
			    "MAC:                60:55:f9:ff:fe:f7:2c:a2\n"
			    "BASE MAC:           60:55:f9:f7:2c:a2\n"
			    "MAC_EXT:            ff:fe\n\n"
			    "Connected to ESP32-S3 on P:\n"
			    "Chip type:          ESP32-S3 in Secure Download Mode\n\n");
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v5_on_a_pipe),   cmocka_unit_test(v5_on_a_terminal),
		cmocka_unit_test(v5_other_lines), cmocka_unit_test(v5_chips),
		cmocka_unit_test(rom_lines),
	};

	return RUN(tests);
}
