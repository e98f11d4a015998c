/* SPDX-License-Identifier: Apache-2.0 */
/* The reports on images of tests/data/elf2image, as esptool 4.8.1 and 5.3.1 print them. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include <kiln/image.h>

#include "chip/chip.h"
#include "image/info.h"
#include "image/regions.h"

static void read_file(const char *name, struct kiln_buf *ret)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	kiln_buf_init(ret, 1 << 20);
	assert_int_equal(kiln_buf_reserve(ret, 1 << 18), KILN_OK);
	kiln_buf_grew(ret, fread(ret->data, 1, 1 << 18, f));
	fclose(f);
}

static void build(const char *elf_name, struct kiln_build_options o, struct kiln_built *ret)
{
	struct kiln_buf elf;

	o.mode = "dio";
	o.size = "4MB";
	o.freq = "80m";
	read_file(elf_name, &elf);
	assert_int_equal(kiln_build_image(kiln_buf_span(&elf), &o, ret, NULL), KILN_OK);
	kiln_buf_done(&elf);
}

static void check(const struct kiln_built *built, const char *name, const struct kiln_chip *chip,
		  kiln_info_layout layout)
{
	static const char *const suffixes[] = {
		[KILN_INFO_4_SHORT] = "4-short", [KILN_INFO_4_LONG] = "4-long", [KILN_INFO_5] = "5"
	};
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024), expected;
	char path[64];

	(void)snprintf(path, sizeof(path), "info/%s-%s.txt", name, suffixes[layout]);
	read_file(path, &expected);
	assert_int_equal(kiln_image_info(kiln_buf_span(&built->image), chip, layout, &out, NULL),
			 KILN_OK);
	assert_string_equal(kiln_buf_str(&out), kiln_buf_str(&expected));
	kiln_buf_done(&out);
	kiln_buf_done(&expected);
}

static void reports_are_esptools(void **state)
{
	static const struct {
		const char *name, *elf, *chip;
		unsigned version;
		bool ram_only;
	} cases[] = {
		{ "app", "elf2image/esp32c3.elf", "esp32c3", 1, false },
		{ "boot", "elf2image/esp32-bug.elf", "esp32", 1, true },
		{ "esp8266", "elf2image/esp8266.elf", "esp8266", 2, false },
		{ "esp8266v1", "elf2image/gcc-lx106.elf", "esp8266", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kiln_chip *chip = kiln_chip_by_option(cases[i].chip);
		struct kiln_build_options o = KILN_BUILD_OPTIONS(chip);
		struct kiln_built built;

		o.esp8266_version = cases[i].version;
		o.ram_only_header = cases[i].ram_only;
		build(cases[i].elf, o, &built);
		check(&built, cases[i].name, NULL, KILN_INFO_5);
		check(&built, cases[i].name, chip, KILN_INFO_4_SHORT);
		check(&built, cases[i].name, chip, KILN_INFO_4_LONG);
		kiln_built_done(&built);
	}
}

static void damage_is_said(void **state)
{
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp32c3"));
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);
	struct kiln_built built;

	(void)state;
	build("elf2image/esp32c3.elf", o, &built);
	built.image.data[40] ^= 1;
	built.image.data[2] = 9;
	built.image.data[3] = 0xF7;
	built.image.data[12] = 77;
	assert_int_equal(kiln_image_info(kiln_buf_span(&built.image),
					 kiln_chip_by_option("esp32c3"), KILN_INFO_5, &out, NULL),
			 KILN_OK);
	assert_non_null(strstr(kiln_buf_str(&out), " (invalid - calculated 0x"));
	assert_non_null(strstr(kiln_buf_str(&out), " (invalid)\n"));
	assert_non_null(strstr(kiln_buf_str(&out), "Warning: Invalid flash mode (9)\n"));
	assert_non_null(strstr(kiln_buf_str(&out), "Warning: Invalid flash size (0xf0)\n"));
	assert_non_null(strstr(kiln_buf_str(&out), "Warning: Invalid flash frequency (0x7)\n"));
	assert_non_null(strstr(kiln_buf_str(&out), "Chip ID: 77 (Unknown ID)\n"));
	assert_non_null(strstr(kiln_buf_str(&out),
			       "Warning: Unexpected chip ID in image. Expected 5 but value was 77. "
			       "Is this image for a different chip model?\n"));
	kiln_buf_done(&out);
	kiln_built_done(&built);
}

static void what_is_no_image_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *why;
	} cases[] = {
		{ "", 0, "it is empty" },
		{ "MZ", 2, "it begins with 0x4d, as no image does" },
		{ "\xE9\1\2\3\4\5\6", 7, "it is cut short within its header" },
		{ "\xE9\1\2\3\4\5\6\7\0\0\0\0\1\1\0\0abcd", 20,
		  "it is cut short within the segment for 0x0: 4 of 257 bytes are there" },
		{ "\xE9\0\2\3\4\5\6\7", 8, "it is cut short before its checksum" },
	};
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(kiln_image_info(kiln_span(cases[i].bytes, cases[i].n), NULL,
						 KILN_INFO_5, &out, &err),
				 KILN_E_IMAGE);
		assert_string_equal(err.why, cases[i].why);
	}
	kiln_buf_done(&out);
}

static void parts_of_a_merged_file_are_reported(void **state)
{
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp32c3"));
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);
	struct kiln_piece parts[2] = { { 0x8000, { (const uint8_t *)"\xAA\x50", 2 } } };
	struct kiln_built built;

	(void)state;
	build("elf2image/esp32c3.elf", o, &built);
	parts[1] = (struct kiln_piece){ 0x10000, kiln_buf_span(&built.image) };
	assert_int_equal(kiln_image_info_parts(parts, 2, NULL, &out, NULL), KILN_OK);
	assert_non_null(
		strstr(kiln_buf_str(&out),
		       "==================================================\n"
		       "Processing file 1/2, offset: 0x8000, size: 2 bytes\n"
		       "==================================================\n"
		       "Error processing file 1/2: it begins with 0xaa, as no image does\n"));
	assert_non_null(strstr(kiln_buf_str(&out), "\nESP32-C3 Image Footer\n"));
	kiln_buf_done(&out);
	kiln_built_done(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_are_esptools),
		cmocka_unit_test(damage_is_said),
		cmocka_unit_test(what_is_no_image_is_refused),
		cmocka_unit_test(parts_of_a_merged_file_are_reported),
	};
	return RUN(tests);
}
