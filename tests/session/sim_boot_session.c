/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual board makes of the image in its flash: whole, damaged, absent. */
#include "../unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "../make_image.h"
#include "base/text.h"
#include "sim/board.h"

enum { BOOT = 0x1000, APP = 0x10000 };

static struct sim_board board;
static char heard[1 << 15];

/* Put an image into a blank flash, power on, listen for `ms`. */
static const char *boot(const uint8_t *image, size_t n, size_t damaged, int ms)
{
	const struct sim_board_config config = {
		.model = sim_model_find("esp32"),
		.flash_size = 4u << 20,
		.mac = { 0x24, 0x0A, 0xC4, 0, 0, 1 },
		.no_run = true,
	};
	size_t got;

	assert_int_equal(sim_board_init(&board, &config, 0, NULL), KILN_OK);
	memcpy(board.flash.data + BOOT, image, n);
	if (damaged)
		board.flash.data[damaged] ^= 0x10;
	sim_board_advance(&board, ms * SIM_MS);
	got = sim_board_take(&board, heard, sizeof(heard) - 1);
	heard[got] = '\0';
	return heard;
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text++;
		n++;
	}
	return n;
}

static void a_small_image_boots(void **state)
{
	static uint8_t image[8192];
	const size_t n = make_image(image, 4000);

	(void)state;
	boot(image, n, 0, 2000);
	assert_string_equal(heard, "ets Jul 29 2019 12:21:46\r\n\r\n"
				   "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
				   "configsip: 0, SPIWP:0xee\r\n"
				   "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,"
				   "wp_drv:0x00\r\n"
				   "mode:DIO, clock div:2\r\n"
				   "load:0x40080000,len:4000\r\n"
				   "entry 0x40080004\r\n");
	sim_board_done(&board);
}

static void a_damaged_segment_is_a_checksum_error_and_a_reset(void **state)
{
	static uint8_t image[8192];
	const size_t n = make_image(image, 4000);

	(void)state;
	boot(image, n, BOOT + 1000, 1000);
	assert_non_null(strstr(heard, "csum err:0x"));
	assert_non_null(strstr(heard, "ets_main.c 371 \r\n"));
	assert_true(count(heard, "rst:0x10 (RTCWDT_RTC_RESET)") >= 2);
	assert_null(strstr(heard, "entry"));
	sim_board_done(&board);
}

static void impossible_headers_do_not_boot(void **state)
{
	static uint8_t image[8192];
	const size_t n = make_image(image, 4000);

	(void)state;
	image[1] = 200; /* segments */
	boot(image, n, 0, 100);
	assert_non_null(strstr(heard, "invalid header: 0x2002c8e9\r\n"));
	sim_board_done(&board);
	image[1] = 1;
	memset(image + 28, 0xFE, 4); /* the segment's length */
	boot(image, n, 0, 100);
	assert_non_null(strstr(heard, "invalid segment length 0xfefefefe\r\n"));
	sim_board_done(&board);
}

/* The ESP32's ROM does not look at the digest; chips after it do (model rows say so). */
static void the_esp32_boots_without_a_right_digest(void **state)
{
	static uint8_t image[8192];
	const size_t n = make_image(image, 4000);

	(void)state;
	boot(image, n, BOOT + n - 1, 200);
	assert_non_null(strstr(heard, "entry 0x40080004"));
	sim_board_done(&board);
}

static size_t read_demo(uint8_t *out, size_t size)
{
	char path[512];
	FILE *f;
	size_t n;

	kiln_text_format(path, sizeof(path), "%s/demo-firmware.bin", getenv("KILN_BUILD"));
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(out, 1, size, f);
	fclose(f);
	return n;
}

static void the_demo_firmware_boots_and_its_application_is_checked(void **state)
{
	static uint8_t image[200000];
	const size_t n = getenv("KILN_BUILD") ? read_demo(image, sizeof(image)) : 0;

	(void)state;
	if (n == 0)
		skip();
	boot(image, n, 0, 1000);
	assert_int_equal(count(heard, "rst:"), 1);
	assert_non_null(strstr(heard, "entry 0x400805cc\r\n"));
	sim_board_done(&board);

	boot(image, n, APP + 5000, 1000);
	assert_non_null(strstr(heard, "esp_image: Checksum failed. Calculated 0x"));
	assert_non_null(strstr(heard, "boot: Factory app partition is not bootable\r\n"));
	assert_non_null(
		strstr(heard, "boot: No bootable app partitions in the partition table\r\n"));
	assert_true(count(heard, "rst:0x3 (SW_RESET),boot:0x13") >= 2);
	sim_board_done(&board);

	boot(image, n, BOOT + n - 40, 1000); /* in the digest */
	assert_non_null(strstr(heard, "esp_image: Image hash failed - image is corrupt"));
	sim_board_done(&board);

	boot(image, n, APP, 1000);
	assert_non_null(strstr(heard, "esp_image: image at 0x10000 has invalid magic byte"));
	sim_board_done(&board);

	boot(image, n, 0x8020, 1000); /* the second row */
	assert_non_null(strstr(heard, "flash_parts: partition 1 invalid magic number 0x50ba"));
	assert_non_null(strstr(heard, "boot: load partition table error!"));
	sim_board_done(&board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_image_boots),
		cmocka_unit_test(a_damaged_segment_is_a_checksum_error_and_a_reset),
		cmocka_unit_test(impossible_headers_do_not_boot),
		cmocka_unit_test(the_esp32_boots_without_a_right_digest),
		cmocka_unit_test(the_demo_firmware_boots_and_its_application_is_checked),
	};
	return RUN(tests);
}
