/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the ELF files in tests/data/elf2image: cases.txt says what each must become. It was
 * reckoned by reference.py, which knows the format and not this code.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/image.h>

#include "chip/chip.h"
#include "image/build.h"
#include "image/digest.h"

static void read_file(const char *name, struct kiln_buf *ret)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/elf2image/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	kiln_buf_init(ret, 1 << 20);
	assert_int_equal(kiln_buf_reserve(ret, 1 << 18), KILN_OK);
	kiln_buf_grew(ret, fread(ret->data, 1, 1 << 18, f));
	fclose(f);
}

static void take_flag(struct kiln_build_options *o, const char *word)
{
	if (strcmp(word, "use-segments") == 0)
		o->use_segments = true;
	else if (strcmp(word, "no-digest") == 0)
		o->no_digest = true;
	else if (strcmp(word, "ram-only") == 0)
		o->ram_only_header = true;
	else if (strcmp(word, "secure-pad") == 0)
		o->secure_pad = true;
	else if (strcmp(word, "secure-pad-v2") == 0)
		o->secure_pad_v2 = true;
	else
		fail_msg("cases.txt: %s", word);
}

static bool take_value(struct kiln_build_options *o, const char *word, const char *value)
{
	const unsigned long n = strtoul(value, NULL, 0);

	if (strcmp(word, "mode") == 0)
		o->mode = value;
	else if (strcmp(word, "size") == 0)
		o->size = value;
	else if (strcmp(word, "freq") == 0)
		o->freq = value;
	else if (strcmp(word, "min-rev") == 0)
		o->min_rev = (uint8_t)n;
	else if (strcmp(word, "min-rev-full") == 0)
		o->min_rev_full = (uint16_t)n;
	else if (strcmp(word, "max-rev-full") == 0)
		o->max_rev_full = (uint16_t)n;
	else if (strcmp(word, "pad-to-size") == 0)
		o->pad_to_size = n;
	else if (strcmp(word, "elf-sha256-offset") == 0)
		o->elf_digest_offset = (uint32_t)n;
	else if (strcmp(word, "page") == 0)
		o->page_size = (uint32_t)n;
	else if (strcmp(word, "version") == 0)
		o->esp8266_version = (unsigned)n;
	else
		return false;
	return true;
}

static void check_built(const struct kiln_built *built, size_t size, const char *digest)
{
	struct kiln_buf all = KILN_BUF_INIT(16 << 20);
	uint8_t sum[KILN_IMAGE_DIGEST_SIZE];
	char hex[2 * KILN_IMAGE_DIGEST_SIZE + 1];

	assert_int_equal(kiln_buf_append(&all, built->image.data, built->image.len), KILN_OK);
	assert_int_equal(kiln_buf_append(&all, built->irom.data, built->irom.len), KILN_OK);
	assert_int_equal(all.len, size);
	assert_int_equal(kiln_image_digest(all.data, all.len, sum, NULL), KILN_OK);
	for (size_t i = 0; i < sizeof(sum); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	assert_string_equal(hex, digest);
	kiln_buf_done(&all);
}

static void run_case(char *line)
{
	char *save = NULL, *name = strtok_r(line, " \n", &save),
	     *chip = strtok_r(NULL, " \n", &save), *size = strtok_r(NULL, " \n", &save),
	     *digest = strtok_r(NULL, " \n", &save);
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option(chip));
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_built built;
	struct kiln_buf elf;

	print_message("# %s %s\n", name, digest);
	for (char *w; (w = strtok_r(NULL, " \n", &save));) {
		if (strstr("use-segments no-digest ram-only secure-pad secure-pad-v2", w))
			take_flag(&o, w);
		else
			assert_true(take_value(&o, w, strtok_r(NULL, " \n", &save)));
	}
	read_file(name, &elf);
	if (kiln_build_image(kiln_buf_span(&elf), &o, &built, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	check_built(&built, strtoul(size, NULL, 0), digest);
	kiln_built_done(&built);
	kiln_buf_done(&elf);
}

static void images_are_as_the_reference_makes_them(void **state)
{
	char line[512];
	FILE *f = fopen(TEST_DATA "/elf2image/cases.txt", "r");
	unsigned n = 0;

	(void)state;
	assert_non_null(f);
	for (; fgets(line, sizeof(line), f); n++)
		run_case(line);
	fclose(f);
	assert_true(n > 80);
}

static void what_was_built_is_a_valid_image(void **state)
{
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp32c3"));
	struct kiln_image image;
	struct kiln_built built;
	struct kiln_buf elf;

	(void)state;
	read_file("gcc-riscv.elf", &elf);
	assert_int_equal(kiln_build_image(kiln_buf_span(&elf), &o, &built, NULL), KILN_OK);
	assert_int_equal(kiln_image_verify(built.image.data, built.image.len, &image, NULL),
			 KILN_OK);
	assert_int_equal(image.length, built.image.len);
	assert_int_equal(image.chip_id, 5);
	kiln_built_done(&built);
	kiln_buf_done(&elf);
}

/* A whole file that fits nowhere after one change, and what is said of it. */
static const struct {
	size_t at;
	uint8_t byte;
	const char *why;
} hostile[] = {
	{ 0, 0x7E, "it does not begin with 7F 45 4C 46" },
	{ 4, 2, "it is not a 32-bit little-endian file" },
	{ 18, 0x28, "it is neither for Xtensa nor for RISC-V (machine 0x28)" },
	{ 35, 0x7F, "it is cut short: the table of sections at 0x7f0001fc lies beyond its end" },
	{ 31, 0x7F, "it is cut short: the table of segments at 0x7f000034 lies beyond its end" },
	{ 46, 0x40, "its section headers are not 40 bytes long" },
	{ 50, 0xEE, "it has no section with the names of its sections" },
};

static void hostile_files_are_refused(void **state)
{
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp32c3"));
	struct kiln_built built;
	struct kiln_buf elf;

	(void)state;
	read_file("gcc-riscv.elf", &elf);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		const uint8_t good = elf.data[hostile[i].at];

		elf.data[hostile[i].at] = hostile[i].byte;
		assert_int_equal(kiln_build_image(kiln_buf_span(&elf), &o, &built, &err),
				 KILN_E_IMAGE);
		assert_string_equal(err.what, "cannot read the ELF file");
		assert_string_equal(err.why, hostile[i].why);
		elf.data[hostile[i].at] = good;
	}
	for (size_t n = 0; n < elf.len; n++)
		assert_int_not_equal(kiln_build_image(kiln_span(elf.data, n), &o, &built, NULL),
				     KILN_OK);
	kiln_buf_done(&elf);
}

static void options_that_do_not_suit_the_chip_are_said(void **state)
{
	static const struct {
		struct kiln_build_options o;
		const char *what, *why;
	} cases[] = {
		{ { .size = "512KB" },
		  "no image with flash size '512KB'",
		  "an ESP32-C6 has no such flash size" },
		{ { .freq = "26m" },
		  "no image with flash frequency '26m'",
		  "an ESP32-C6 has no such flash frequency" },
		{ { .mode = "dual" }, "no image with flash mode 'dual'", "invalid argument" },
		{ { .page_size = 4096 },
		  "cannot use MMU pages of 4096 bytes",
		  "an ESP32-C6 has no such page size" },
		{ { .secure_pad_v2 = true, .no_digest = true },
		  "cannot pad the image for signing",
		  "it has no SHA-256 digest, and only one that has can be signed" },
	};
	struct kiln_built built;
	struct kiln_buf elf;

	(void)state;
	read_file("esp32c6-plain.elf", &elf);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_build_options o = cases[i].o;
		struct kiln_err err = KILN_ERR_INIT;

		o.chip = kiln_chip_by_option("esp32c6");
		o.mode = o.mode ? o.mode : "qio";
		o.size = o.size ? o.size : "1MB";
		assert_int_equal(kiln_build_image(kiln_buf_span(&elf), &o, &built, &err),
				 KILN_E_INVALID);
		assert_string_equal(err.what, cases[i].what);
		assert_string_equal(err.why, cases[i].why);
	}
	kiln_buf_done(&elf);
}

static void digest_is_never_written_over_bytes(void **state)
{
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp32c3"));
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_built built;
	struct kiln_buf elf;

	(void)state;
	read_file("esp32c3-digest.elf", &elf);
	o.elf_digest_offset = 0x44;
	assert_int_equal(kiln_build_image(kiln_buf_span(&elf), &o, &built, &err), KILN_E_IMAGE);
	assert_string_equal(err.why,
			    "the ELF's SHA-256 at 0x44 would lie on the border of a segment");
	kiln_buf_done(&elf);
	read_file("esp32c3.elf", &elf);
	o.elf_digest_offset = 0x48;
	assert_int_equal(kiln_build_image(kiln_buf_span(&elf), &o, &built, &err), KILN_E_IMAGE);
	assert_string_equal(err.why, "there are bytes already at 0x48, where the ELF's SHA-256 "
				     "should go");
	kiln_buf_done(&elf);
}

static void files_are_named_as_the_tool_names_them(void **state)
{
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp32"));
	struct kiln_built built = { .irom_address = 0x40201010 };
	char name[64];

	(void)state;
	kiln_build_output_name("a.b/app.elf", &o, &built, name, sizeof(name));
	assert_string_equal(name, "a.b/app.bin");
	kiln_build_output_name("a.b/app", &o, &built, name, sizeof(name));
	assert_string_equal(name, "a.b/app.bin");
	kiln_build_output_name(".app", &o, &built, name, sizeof(name));
	assert_string_equal(name, ".app.bin");
	o.chip = kiln_chip_by_option("esp8266");
	kiln_build_output_name("app.elf", &o, &built, name, sizeof(name));
	assert_string_equal(name, "app.elf-");
	kiln_build_part_name("app.elf-", 0x1010, name, sizeof(name));
	assert_string_equal(name, "app.elf-0x01010.bin");
	o.esp8266_version = 2;
	kiln_build_output_name("app.elf", &o, &built, name, sizeof(name));
	assert_string_equal(name, "app-0x01000.bin");
}

static void an_image_is_made_of_raw_files(void **state)
{
	static const uint8_t expected[] = {
		0xE9, 2, 0,    0,    4,   0,   0x10, 0x40,
		0,    0, 0x10, 0x40, 4,   0,   0,    0,
		1,    2, 3,    0,    0,   0,   0xFE, 0x3F,
		4,    0, 0,    0,    'a', 'b', 'c',  'd',
		0,    0, 0,    0,    0,   0,   0,    0,
		0,    0, 0,    0,    0,   0,   0,    0xEF ^ 1 ^ 2 ^ 3 ^ 'a' ^ 'b' ^ 'c' ^ 'd',
	};
	const struct kiln_raw_segment segments[] = {
		{ 0x40100000, { (const uint8_t *)"\1\2\3", 3 } },
		{ 0x3FFE0000, { (const uint8_t *)"abcd", 4 } },
	};
	struct kiln_built built;

	(void)state;
	assert_int_equal(kiln_build_raw(segments, 2, 0x40100004, &built, NULL), KILN_OK);
	assert_int_equal(built.image.len, sizeof(expected));
	assert_memory_equal(built.image.data, expected, sizeof(expected));
	kiln_built_done(&built);
	assert_int_equal(kiln_build_raw(segments, 0, 0, &built, NULL), KILN_E_IMAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_are_as_the_reference_makes_them),
		cmocka_unit_test(what_was_built_is_a_valid_image),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(options_that_do_not_suit_the_chip_are_said),
		cmocka_unit_test(digest_is_never_written_over_bytes),
		cmocka_unit_test(files_are_named_as_the_tool_names_them),
		cmocka_unit_test(an_image_is_made_of_raw_files),
	};
	return RUN(tests);
}
