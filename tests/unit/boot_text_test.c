/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "loader/connect.h"
#include "support/transcript.h"

static struct kiln_boot_text parse(const char *text)
{
	struct kiln_boot_text boot;

	kiln_boot_text_parse(kiln_span(text, strlen(text)), &boot);
	return boot;
}

static struct kiln_boot_text parse_file(const char *name)
{
	size_t size;
	uint8_t *text = transcript_file(name, &size);
	struct kiln_boot_text boot;

	kiln_boot_text_parse(kiln_span(text, size), &boot);
	free(text);
	return boot;
}

static void recorded_boots(void **state)
{
	struct kiln_boot_text boot = parse_file("esp32-boot-download.txt");

	(void)state;
	assert_true(boot.has_mode);
	assert_int_equal(boot.mode, 0xf);
	assert_true(boot.downloading);
	boot = parse_file("esp32-boot-blank-flash.txt");
	assert_int_equal(boot.mode, 0x12);
	assert_true(boot.blank);
	assert_false(boot.downloading);
	boot = parse_file("esp32-boot-micropython.txt");
	assert_true(boot.has_mode && boot.python);
	assert_false(boot.downloading);
}

static void dev_board_waits_for_download(void **state)
{
	const struct kiln_boot_text boot = parse(
		"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))"
		"\r\nwaiting for download\r\n");

	(void)state;
	assert_int_equal(boot.mode, 3);
	assert_true(boot.downloading);
}

/* What counts is what came last: the board may have been reset several times. */
static void last_reset_counts(void **state)
{
	const struct kiln_boot_text boot = parse(
		"boot:0x3 (DOWNLOAD_BOOT(UART0))\nwaiting for download\n"
		"boot:0x13 (SPI_FAST_FLASH_BOOT)\n");

	(void)state;
	assert_int_equal(boot.mode, 0x13);
	assert_false(boot.downloading);
}

static void odd_texts(void **state)
{
	(void)state;
	assert_false(parse("").has_mode);
	assert_false(parse("boot:0x").has_mode);
	assert_false(parse("boot:0xzz").has_mode);
	assert_int_equal(parse("boot:0x12345678").mode, 0x1234);
	assert_true(parse("Guru Meditation Error: Core  1 panic'ed").crashed);
	assert_true(parse("\r\n>>> ").python);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_boots),
		cmocka_unit_test(dev_board_waits_for_download),
		cmocka_unit_test(last_reset_counts),
		cmocka_unit_test(odd_texts),
	};

	return RUN(tests);
}
