/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <kiln/image.h>

#include "support/image_maker.h"

static const struct image_spec small = {
	.chip_id = 0,
	.max_rev_full = 0xFFFF,
	.mode = 2,
	.size_freq = 0x20,
	.n_segments = 3,
	.segment_size = 40,
	.digest = true,
	.tail = 100,
	.seed = 7,
};

static void whole_image(void **state)
{
	struct kiln_image image;
	size_t size;
	uint8_t *p = image_make(&small, &size);

	(void)state;
	assert_true(kiln_image_is(p, size));
	assert_int_equal(kiln_image_verify(p, size, &image, NULL), KILN_OK);
	assert_int_equal(image.mode, 2);
	assert_int_equal(image.size, 2);
	assert_int_equal(image.freq, 0);
	assert_int_equal(image.n_segments, 3);
	assert_int_equal(image.segments[1].length, 40);
	assert_int_equal(image.segments[1].offset, 24 + 48 + 8);
	assert_int_equal(image.segments[2].load_address, 0x3fff0030 + 0x20000);
	assert_int_equal(image.data_length, 176);
	assert_int_equal(image.length, 208);
	assert_int_equal(size, 308);
	free(p);
}

static void every_cut_is_noticed(void **state)
{
	struct kiln_image image;
	size_t size;
	uint8_t *p = image_make(&small, &size);

	(void)state;
	for (size_t n = 0; n < 208; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact, p, n);
		assert_int_equal(kiln_image_parse(exact, n, &image, NULL), KILN_E_IMAGE);
		free(exact);
	}
	assert_int_equal(kiln_image_parse(p, 208, &image, NULL), KILN_OK);
	free(p);
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct kiln_image image;
	size_t size;
	uint8_t *p = image_make(&small, &size);

	(void)state;
	for (size_t i = 0; i < 208 * 8; i++) {
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		if (i / 8 != 23) /* this byte says whether there is a digest to notice it by */
			assert_int_equal(kiln_image_verify(p, size, &image, NULL), KILN_E_IMAGE);
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	free(p);
}

static void reasons_are_named(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_image image;
	size_t size;
	uint8_t *p = image_make(&small, &size);

	(void)state;
	p[40] ^= 1;
	assert_int_equal(kiln_image_verify(p, size, &image, &err), KILN_E_IMAGE);
	assert_string_equal(err.why, "its checksum does not match: the file is damaged");
	p[41] ^= 1; /* the sum is right again, the digest is not */
	assert_int_equal(kiln_image_verify(p, size, &image, &err), KILN_E_IMAGE);
	assert_string_equal(err.why, "its SHA-256 digest does not match: the file is damaged");
	assert_int_equal(kiln_image_verify("#!/bin/sh\n exit 0 # padding", 28, &image, &err),
			 KILN_E_IMAGE);
	assert_string_equal(err.why, "it does not begin with E9");
	p[1] = 17;
	assert_int_equal(kiln_image_parse(p, size, &image, &err), KILN_E_IMAGE);
	assert_string_equal(err.why, "its number of segments is not 1 to 16");
	free(p);
}

static void patch_redoes_the_digest(void **state)
{
	const struct kiln_image_params params = { .mode = 0, .freq = 0xf, .size = 4 };
	struct kiln_image image;
	bool changed, redigested;
	size_t size;
	uint8_t *p = image_make(&small, &size);

	(void)state;
	assert_int_equal(kiln_image_patch(p, size, &params, &changed, &redigested, NULL), KILN_OK);
	assert_true(changed && redigested);
	assert_int_equal(kiln_image_verify(p, size, &image, NULL), KILN_OK);
	assert_int_equal(p[2], 0);
	assert_int_equal(p[3], 0x4f);
	for (size_t i = 208; i < size; i++)
		assert_int_equal(p[i], 0xFF);
	free(p);
}

static void patch_that_changes_nothing(void **state)
{
	const struct kiln_image_params keep = { -1, -1, -1 }, same = { 2, 0, 2 };
	bool changed, redigested;
	size_t size;
	uint8_t *p = image_make(&small, &size), *before = malloc(size);

	(void)state;
	memcpy(before, p, size);
	assert_int_equal(kiln_image_patch(p, size, &keep, &changed, &redigested, NULL), KILN_OK);
	assert_false(changed || redigested);
	assert_int_equal(kiln_image_patch(p, size, &same, &changed, &redigested, NULL), KILN_OK);
	assert_false(changed || redigested);
	assert_memory_equal(p, before, size);
	free(before);
	free(p);
}

static void image_without_digest(void **state)
{
	const struct kiln_image_params params = { .mode = 3, .freq = -1, .size = -1 };
	struct image_spec spec = small;
	struct kiln_image image;
	bool changed, redigested;
	size_t size;
	uint8_t *p;

	(void)state;
	spec.digest = false;
	spec.tail = 0;
	p = image_make(&spec, &size);
	assert_int_equal(kiln_image_patch(p, size, &params, &changed, &redigested, NULL), KILN_OK);
	assert_true(changed);
	assert_false(redigested);
	assert_int_equal(kiln_image_verify(p, size, &image, NULL), KILN_OK);
	assert_int_equal(image.length, size);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_image),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(reasons_are_named),
		cmocka_unit_test(patch_redoes_the_digest),
		cmocka_unit_test(patch_that_changes_nothing),
		cmocka_unit_test(image_without_digest),
	};

	return RUN(tests);
}
