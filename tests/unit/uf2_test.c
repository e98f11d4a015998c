/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "image/uf2.h"

enum { FAMILY = 0x1C5F21B0 };

static void write_two(struct kiln_buf *out, size_t chunk, bool no_md5)
{
	static uint8_t first[500];
	const struct kiln_piece pieces[] = { { 0x1000, { first, sizeof(first) } },
					     { 0x8000, { (const uint8_t *)"last", 4 } } };
	const struct kiln_uf2_options o = { .family = FAMILY, .chunk = chunk, .no_md5 = no_md5 };

	for (size_t i = 0; i < sizeof(first); i++)
		first[i] = (uint8_t)i;
	kiln_buf_init(out, 64 * 1024);
	assert_int_equal(kiln_uf2_write(pieces, 2, &o, out, NULL), KILN_OK);
}

static void check_words(const uint8_t *p, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(kiln_get_le32(p + 4 * i), words[i]);
}

static void blocks_say_where_they_go(void **state)
{
	static const uint32_t second[] = { 0x0A324655, 0x9E5D5157, 0x6000, 0x1000 + 452,
					   48,         1,          2,      FAMILY };
	static const uint32_t third[] = { 0x0A324655, 0x9E5D5157, 0x6000, 0x8000, 4, 0, 1, FAMILY };
	/* MD5 of "last" */
	static const uint8_t md5[] = { 0x98, 0xBD, 0x1C, 0x45, 0x68, 0x4C, 0xF5, 0x87,
				       0xAC, 0x23, 0x47, 0xA9, 0x2D, 0xD7, 0xBB, 0x51 };
	struct kiln_buf out;

	(void)state;
	write_two(&out, 0, false);
	assert_int_equal(out.len, 3 * KILN_UF2_BLOCK);
	check_words(out.data + 512, second, 8);
	check_words(out.data + 1024, third, 8);
	assert_memory_equal(out.data + 1024 + 32, "last", 4);
	check_words(out.data + 1024 + 36, (const uint32_t[]){ 0x8000, 4 }, 2);
	assert_memory_equal(out.data + 1024 + 44, md5, sizeof(md5));
	assert_int_equal(kiln_get_le32(out.data + 1024 + 508), 0x0AB16F30);
	kiln_buf_done(&out);
	write_two(&out, 0, true);
	assert_int_equal(out.len, 3 * KILN_UF2_BLOCK); /* 476 bytes fit, not 500 */
	assert_int_equal(kiln_get_le32(out.data + 8), 0x2000);
	kiln_buf_done(&out);
}

static void what_was_written_is_read(void **state)
{
	struct kiln_regions regions;
	struct kiln_buf out;
	uint32_t family;

	(void)state;
	write_two(&out, 256, false);
	assert_true(kiln_uf2_is(kiln_buf_span(&out)));
	assert_int_equal(kiln_uf2_read(kiln_buf_span(&out), &regions, &family, NULL), KILN_OK);
	assert_int_equal(family, FAMILY);
	assert_int_equal(regions.n, 2);
	assert_int_equal(regions.items[0].address, 0x1000);
	assert_int_equal(regions.items[0].data.len, 500);
	assert_int_equal(regions.items[0].data.data[499], 499 & 255);
	assert_memory_equal(regions.items[1].data.data, "last", 4);
	kiln_regions_done(&regions);
	kiln_buf_done(&out);
}

static const struct {
	size_t at;
	uint8_t byte;
	size_t length; /* 0: all */
	const char *why;
} bad[] = {
	{ 0, 0, 0, "block 1: it has not the marks of a UF2 block" },
	{ 511, 0xFF, 0, "block 1: it has not the marks of a UF2 block" },
	{ 17, 0xFF, 0, "block 1: it says that it has more bytes than a block has" },
	{ 40, 0xFF, 0, "block 1: its MD5 does not match its bytes" },
	{ 512 + 20, 7, 0, "block 2: it is number 7 of 2 where 1 of 2 should be: one is missing" },
	{ 512 + 28, 7, 0, "block 2: it is for another chip than the blocks before" },
	{ 0, 0x55, 512, "block 2: it is missing, or cut short" },
	{ 0, 0x55, 1500, "block 3: it is missing, or cut short" },
	{ 0, 0x55, 1, "block 1: it is missing, or cut short" },
};

static void damage_is_found(void **state)
{
	struct kiln_regions regions;
	uint32_t family;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_buf out;

		write_two(&out, 0, false);
		out.data[bad[i].at] = bad[i].byte;
		if (bad[i].length)
			out.len = bad[i].length;
		assert_int_equal(kiln_uf2_read(kiln_buf_span(&out), &regions, &family, &err),
				 KILN_E_IMAGE);
		assert_string_equal(err.why, bad[i].why);
		kiln_buf_done(&out);
	}
}

static void odd_chunks_are_refused(void **state)
{
	const struct kiln_piece piece = { 0, { (const uint8_t *)"x", 1 } };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	for (size_t chunk = 453; chunk <= 456; chunk += 3) {
		const struct kiln_uf2_options o = { .chunk = chunk };
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(kiln_uf2_write(&piece, 1, &o, &out, &err), KILN_E_INVALID);
		assert_string_equal(err.why, "it takes a multiple of 4, up to 452");
	}
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_say_where_they_go),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(odd_chunks_are_refused),
	};
	return RUN(tests);
}
