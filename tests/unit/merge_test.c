/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include <kiln/image.h>

#include "chip/chip.h"
#include "image/digest.h"
#include "image/ihex.h"
#include "image/merge.h"
#include "image/uf2.h"

/* The smallest image: one segment of four bytes, a digest. */
static void make_image(uint8_t image[80])
{
	static const uint8_t start[36] = {
		0xE9, 1, 0,    0x20, 0, 0, 8, 0x40, [8] = 0xEE, [23] = 1, 0,
		0,    8, 0x40, 4,    0, 0, 0, 1,    2,          3,        4
	};

	memset(image, 0, 80);
	memcpy(image, start, sizeof(start));
	image[47] = 0xEF ^ 1 ^ 2 ^ 3 ^ 4;
	assert_int_equal(kiln_image_digest(image, 48, image + 48, NULL), KILN_OK);
}

struct result {
	struct kiln_buf out, text;
	struct kiln_err err;
	kiln_code code;
};

static struct result merge(struct kiln_merge_options o, uint32_t app_address)
{
	struct result r = { .out = KILN_BUF_INIT(16 << 20), .text = KILN_BUF_INIT(4096) };
	uint8_t image[80];
	const struct kiln_merge_file files[] = {
		{ app_address, "app.bin", { (const uint8_t *)"application", 11 } },
		{ 0x1000, "boot.bin", { image, sizeof(image) } },
	};

	make_image(image);
	o.chip = kiln_chip_by_option("esp32");
	o.dialect = o.dialect ? o.dialect : KILN_DIALECT_5;
	o.output = "all.bin";
	r.code = kiln_merge(files, 2, &o, &r.out, &r.text, &r.err);
	return r;
}

static void done(struct result *r)
{
	kiln_buf_done(&r->out);
	kiln_buf_done(&r->text);
}

static bool all_ff(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0xFF)
		n--;
	return n == 0;
}

static void raw_has_ff_between(void **state)
{
	struct result r = merge((struct kiln_merge_options){ .pad_to_size = 0x4000 }, 0x2000);
	uint8_t image[80];

	(void)state;
	make_image(image);
	assert_int_equal(r.code, KILN_OK);
	assert_int_equal(r.out.len, 0x4000);
	assert_true(all_ff(r.out.data, 0x1000));
	assert_memory_equal(r.out.data + 0x1000, image, sizeof(image));
	assert_true(all_ff(r.out.data + 0x1050, 0x2000 - 0x1050));
	assert_memory_equal(r.out.data + 0x2000, "application", 11);
	assert_true(all_ff(r.out.data + 0x200B, 0x4000 - 0x200B));
	assert_string_equal(
		kiln_buf_str(&r.text),
		"Wrote 0x4000 bytes to file 'all.bin', ready to flash to offset 0x0.\n");
	done(&r);
	r = merge((struct kiln_merge_options){ .target_offset = 0x1000, .dialect = KILN_DIALECT_4 },
		  0x2000);
	assert_int_equal(r.out.len, 0x100B);
	assert_string_equal(
		kiln_buf_str(&r.text),
		"Wrote 0x100b bytes to file all.bin, ready to flash to offset 0x1000\n");
	done(&r);
}

static void flash_parameters_are_set_at_the_boot_offset(void **state)
{
	struct result r = merge(
		(struct kiln_merge_options){
			.mode = "dio", .freq = "80m", .size = "8MB", .target_offset = 0x1000 },
		0x2000);
	uint8_t digest[KILN_IMAGE_DIGEST_SIZE];

	(void)state;
	assert_int_equal(r.code, KILN_OK);
	assert_int_equal(r.out.data[2], 2);
	assert_int_equal(r.out.data[3], 0x3F);
	assert_int_equal(kiln_image_digest(r.out.data, 48, digest, NULL), KILN_OK);
	assert_memory_equal(r.out.data + 48, digest, sizeof(digest));
	assert_string_equal(kiln_buf_str(&r.text),
			    "Flash parameters set to 0x023f.\nSHA digest in image updated.\n"
			    "Wrote 0x100b bytes to file 'all.bin', "
			    "ready to flash to offset 0x1000.\n");
	done(&r);
	r = merge((struct kiln_merge_options){ .size = "512KB" }, 0x2000);
	assert_int_equal(r.code, KILN_E_INVALID);
	assert_string_equal(r.err.what, "cannot set the flash size to '512KB'");
	assert_string_equal(r.err.why, "an ESP32 has no such flash size");
	done(&r);
}

static void other_formats_hold_the_same(void **state)
{
	struct result r = merge((struct kiln_merge_options){ .format = KILN_MERGE_UF2 }, 0x2000);
	struct kiln_regions regions;
	struct kiln_ihex hex;
	uint32_t family;

	(void)state;
	assert_int_equal(kiln_uf2_read(kiln_buf_span(&r.out), &regions, &family, NULL), KILN_OK);
	assert_int_equal(family, 0x1C5F21B0);
	assert_int_equal(regions.n, 2);
	assert_memory_equal(regions.items[1].data.data, "application", 11);
	assert_string_equal(kiln_buf_str(&r.text),
			    "Adding 'boot.bin' at 0x1000...\nAdding 'app.bin' at 0x2000...\n"
			    "Wrote 0x400 bytes to file 'all.bin', "
			    "ready to be flashed with any ESP USB Bridge.\n");
	kiln_regions_done(&regions);
	done(&r);
	r = merge((struct kiln_merge_options){ .format = KILN_MERGE_HEX }, 0x20000);
	assert_int_equal(kiln_ihex_read(kiln_buf_span(&r.out), &hex, NULL), KILN_OK);
	assert_int_equal(hex.regions.n, 2);
	assert_int_equal(hex.regions.items[1].address, 0x20000);
	assert_memory_equal(hex.regions.items[1].data.data, "application", 11);
	kiln_ihex_done(&hex);
	done(&r);
}

static void files_that_do_not_fit_together_are_refused(void **state)
{
	static const struct {
		uint32_t address, target;
		uint64_t pad;
		kiln_code code;
		const char *why;
	} cases[] = {
		{ 0x1800, 0, 0, KILN_E_OVERLAP,
		  "'app.bin' at 0x1800 needs a sector that 'boot.bin' is in" },
		{ 0x2000, 0x1100, 0, KILN_E_INVALID,
		  "'boot.bin' goes to 0x1000, which is before the target offset 0x1100" },
		{ 0xFFFFFFFC, 0, 0, KILN_E_TOO_BIG, "too big" },
		{ 0xF0000000, 0, 0, KILN_E_TOO_BIG, "too big" },
		{ 0x2000, 0, UINT64_C(1) << 60, KILN_E_TOO_BIG, "too big" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result r =
			merge((struct kiln_merge_options){ .target_offset = cases[i].target,
							   .pad_to_size = cases[i].pad },
			      cases[i].address);

		assert_int_equal(r.code, cases[i].code);
		assert_string_equal(r.err.why, cases[i].why);
		done(&r);
	}
}

static void what_is_no_image_keeps_its_bytes(void **state)
{
	struct kiln_merge_options o = { .chip = kiln_chip_by_option("esp32c3"),
					.mode = "dio",
					.dialect = KILN_DIALECT_5 };
	struct kiln_buf data = KILN_BUF_INIT(64), text = KILN_BUF_INIT(4096);

	(void)state;
	(void)kiln_buf_puts(&data, "no image");
	assert_int_equal(kiln_merge_set_flash(0, &data, &o, &text, NULL), KILN_OK);
	assert_string_equal(kiln_buf_str(&data), "no image");
	data.data[0] = 0xE9; /* and then nothing of an image */
	assert_int_equal(kiln_merge_set_flash(0, &data, &o, &text, NULL), KILN_OK);
	assert_int_equal(data.data[2], ' ');
	assert_string_equal(kiln_buf_str(&text),
			    "Warning: Image file at 0x0 doesn't look like an image file, so not "
			    "changing any flash settings.\n"
			    "Warning: Image file at 0x0 is not a valid ESP32-C3 image, so not "
			    "changing any flash settings.\n");
	kiln_buf_done(&data);
	kiln_buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_has_ff_between),
		cmocka_unit_test(flash_parameters_are_set_at_the_boot_offset),
		cmocka_unit_test(other_formats_hold_the_same),
		cmocka_unit_test(files_that_do_not_fit_together_are_refused),
		cmocka_unit_test(what_is_no_image_keeps_its_bytes),
	};
	return RUN(tests);
}
