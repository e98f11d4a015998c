/* SPDX-License-Identifier: Apache-2.0 */
/* The stream that goes to the chip, unpacked by zlib; and what is reckoned along the way. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "flash/deflate.h"
#include "flash/flasher.h"
#include "support/image_maker.h"

static void unpacks_to_the_same(void **state)
{
	static const size_t sizes[] = { 1, 4, 4096, 16384, 100000, 700001 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *plain = malloc(sizes[i]), *back = malloc(sizes[i]), *packed;
		uLongf n = sizes[i];
		size_t size;

		image_fill(plain, sizes[i], 1);
		assert_int_equal(kiln_deflate(kiln_span(plain, sizes[i]), &packed, &size, NULL),
				 KILN_OK);
		assert_int_equal(uncompress(back, &n, packed, size), Z_OK);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(back, plain, sizes[i]);
		free(packed);
		free(back);
		free(plain);
	}
}

static void blocks_add_up(void **state)
{
	enum { SIZE = 300000, BLOCK = 0x4000 };
	uint8_t *plain = malloc(SIZE), *packed;
	struct kiln_inflater *inflater;
	size_t size, total = 0;

	(void)state;
	image_fill(plain, SIZE, 2);
	assert_int_equal(kiln_deflate(kiln_span(plain, SIZE), &packed, &size, NULL), KILN_OK);
	assert_int_equal(kiln_inflater_new(&inflater, NULL), KILN_OK);
	for (size_t at = 0, n; at < size; at += BLOCK) {
		const size_t block = size - at < BLOCK ? size - at : BLOCK;

		assert_int_equal(
			kiln_inflater_feed(inflater, kiln_span(packed + at, block), &n, NULL),
			KILN_OK);
		assert_true(n > 0);
		total += n;
	}
	assert_int_equal(total, SIZE);
	kiln_inflater_free(inflater);
	free(packed);
	free(plain);
}

/* Long runs: one block unpacks to far more than a buffer. */
static void runs_unpack_whole(void **state)
{
	enum { SIZE = 3 << 20 };
	uint8_t *plain = calloc(1, SIZE), *packed;
	struct kiln_inflater *inflater;
	size_t size, n;

	(void)state;
	assert_int_equal(kiln_deflate(kiln_span(plain, SIZE), &packed, &size, NULL), KILN_OK);
	assert_true(size < 0x4000);
	assert_int_equal(kiln_inflater_new(&inflater, NULL), KILN_OK);
	assert_int_equal(kiln_inflater_feed(inflater, kiln_span(packed, size), &n, NULL), KILN_OK);
	assert_int_equal(n, SIZE);
	kiln_inflater_free(inflater);
	free(packed);
	free(plain);
}

static void no_stream_is_noticed(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_inflater *inflater;
	size_t n;

	(void)state;
	assert_int_equal(kiln_inflater_new(&inflater, NULL), KILN_OK);
	assert_int_equal(kiln_inflater_feed(inflater, kiln_span("ZZZZZZZZ", 8), &n, &err),
			 KILN_E_IMAGE);
	assert_string_equal(err.what, "cannot follow the compressed data");
	kiln_inflater_free(inflater);
}

static void sizes_of_flash_chips(void **state)
{
	static const struct {
		uint32_t id;
		uint64_t size;
	} cases[] = {
		{ 0x1640c8, 4 << 20 },    { 0x1840ef, 16 << 20 }, { 0x1260c8, 256 << 10 },
		{ 0x1c7016, 256u << 20 }, { 0x207016, 64 << 20 }, { 0x3a2020, 64 << 20 },
		{ 0x00471f, 4 << 20 },    { 0x990000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(kiln_jedec_size(cases[i].id), cases[i].size);
	assert_false(kiln_jedec_is_valid(0xFFFFFF));
	assert_false(kiln_jedec_is_valid(0));
	assert_true(kiln_jedec_is_valid(0x1640c8));
}

static void limits_grow_with_the_work(void **state)
{
	static struct kiln_flasher f;

	(void)state;
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_WRITE, 0x4000), 3000);
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_WRITE, 1 << 20), 40000);
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_MD5, 16 << 20), 128000);
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_ERASE, 128u << 20), 240000);
	f.loader.limits = (struct kiln_flash_limits){
		.answer = 10, .longest = 5000, .write_per_mb = 1024, .md5_per_mb = 2048
	};
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_WRITE, 0x1000), 10);
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_WRITE, 1 << 20), 1024);
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_MD5, 1 << 20), 2048);
	assert_int_equal(kiln_flasher_timeout(&f, KILN_WORK_ERASE, 1 << 20), 5000);
}

/* Whatever the lengths: short ones are stored, and what follows them begins at any bit. */
static void pieces_are_one_stream(void **state)
{
	static const size_t lengths[][5] = {
		{ 4, 70000, 32, 90000, 3 }, { 300, 300, 300, 300, 300 }, { 1, 1, 1, 1, 1 },
		{ 255, 256, 257, 1, 5000 }, { 200000, 4, 200000, 4, 1 },
	};
	uint8_t *plain = malloc(500000), *back = malloc(500000);

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct kiln_span pieces[5];
		size_t total = 0, size;
		uint8_t *packed;
		uLongf n = 500000;

		memset(plain, 7, 500000); /* and what packs into few bytes */
		if (i % 2)
			image_fill(plain, 500000, (unsigned)i);
		for (size_t k = 0; k < 5; total += lengths[i / 2][k++])
			pieces[k] = kiln_span(plain + total, lengths[i / 2][k]);
		assert_int_equal(kiln_deflate_pieces(pieces, 5, &packed, &size, NULL), KILN_OK);
		assert_int_equal(uncompress(back, &n, packed, size), Z_OK);
		assert_int_equal(n, total);
		assert_memory_equal(back, plain, total);
		free(packed);
	}
	free(plain);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks_to_the_same),
		cmocka_unit_test(blocks_add_up),
		cmocka_unit_test(runs_unpack_whole),
		cmocka_unit_test(no_stream_is_noticed),
		cmocka_unit_test(sizes_of_flash_chips),
		cmocka_unit_test(limits_grow_with_the_work),
		cmocka_unit_test(pieces_are_one_stream),
	};

	return RUN(tests);
}
