/* SPDX-License-Identifier: Apache-2.0 */
/* A NAND flash behind the stub's plugin: what is written where, and what is left alone. */
#include "nand_help.h"

static void bad_blocks_are_left_out(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	enum { SIZE = 2 * NAND_BLOCK + 5000 };
	uint8_t *data = some_bytes(SIZE, 1);
	const struct kiln_flash_file file = {
		.address = NAND_BLOCK, .name = "a", .data = data, .size = SIZE
	};
	struct kiln_nand_erased erased;
	uint8_t bad[8];
	size_t differ, first;
	struct story story;
	struct nand_sink sink;
	struct kiln_flasher *f = nand_open(&story, &host,
					   "sim:around?" NAND_BOARD "&bad-blocks=2,4");

	(void)state;
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_PLUGIN], 1);
	assert_int_equal(story.count[KILN_FLASH_BAD_BLOCK], 2);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 3);
	assert_int_equal(story.count[KILN_FLASH_WARNING], 0);
	assert_true(nand_block_holds("around", 1, data, NAND_BLOCK));
	assert_true(nand_block_holds("around", 2, data, 0) && nand_mark_of("around", 2) == 0);
	assert_true(nand_block_holds("around", 3, data + NAND_BLOCK, NAND_BLOCK));
	assert_true(nand_block_holds("around", 4, data, 0) && nand_mark_of("around", 4) == 0);
	assert_true(nand_block_holds("around", 5, data + 2 * NAND_BLOCK, 5000));

	assert_int_equal(nand_read_all(f, NAND_BLOCK, SIZE, &sink, &err), KILN_OK);
	assert_int_equal(sink.n, SIZE);
	assert_memory_equal(sink.data, data, SIZE);
	free(sink.data);
	/* from the middle of a block: what stands there in the file stands there in the flash */
	assert_int_equal(nand_read_all(f, NAND_BLOCK + 1000, NAND_BLOCK, &sink, &err), KILN_OK);
	assert_memory_equal(sink.data, data + 1000, NAND_BLOCK);
	free(sink.data);

	assert_int_equal(kiln_nand_compare(f, NAND_BLOCK, data, NAND_BLOCK, &differ, &first, &err),
			 KILN_OK);
	assert_int_equal(differ, 0);
	data[70000] ^= 1;
	data[70007] ^= 1;
	assert_int_equal(kiln_nand_compare(f, NAND_BLOCK, data, NAND_BLOCK, &differ, &first, &err),
			 KILN_OK);
	assert_true(differ == 2 && first == 70000);

	assert_int_equal(kiln_nand_scan(f, 8, bad, &err), KILN_OK);
	assert_memory_equal(bad, "\0\0\1\0\1\0\0\0", 8);
	assert_int_equal(kiln_nand_erase(f, NAND_BLOCK, 4 * NAND_BLOCK, false, &erased, &err),
			 KILN_OK);
	assert_true(erased.erased == 2 && erased.skipped == 2 && erased.failed == 0);
	assert_true(nand_block_holds("around", 1, data, 0) &&
		    nand_block_holds("around", 3, data, 0));
	assert_int_equal(nand_mark_of("around", 2), 0);
	/* who insists loses the marks */
	assert_int_equal(kiln_nand_erase(f, NAND_BLOCK, 4 * NAND_BLOCK, true, &erased, &err),
			 KILN_OK);
	assert_true(erased.erased == 4 && erased.skipped == 0);
	assert_int_equal(nand_mark_of("around", 2), 0xFF);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

/* Pages behind the file are erased and not programmed: who mounts the flash can write to them. */
static void blank_pages_stay_blank(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = some_bytes(NAND_BLOCK, 2), raw[NAND_RAW_PAGE];
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = NAND_BLOCK };
	struct story story;
	struct kiln_flasher *f = nand_open(&story, &host, "sim:blank?" NAND_BOARD);

	(void)state;
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	memset(data + 3000, 0xFF, NAND_BLOCK - 3000); /* over what stands there */
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	assert_true(nand_block_holds("blank", 0, data, 3000));
	nand_raw_page("blank", 2, raw);
	for (int i = 0; i < NAND_RAW_PAGE; i++)
		assert_int_equal(raw[i], 0xFF);
	/* nothing but FF erases the block all the same */
	memset(data, 0xFF, NAND_BLOCK);
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	assert_true(nand_block_holds("blank", 0, data, 0));
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

static void blocks_that_fail_are_marked(void **state)
{
	static const struct {
		const char *fault, *warning;
	} cases[] = {
		{ "nand-program@1",
		  "P_FAIL reported by NAND chip at 0x00020000, marking as bad block" },
		{ "nand-erase@1",
		  "E_FAIL reported by NAND chip at 0x00020000, marking as bad block" },
		{ "nand-silent@1", "Write verify failed at 0x00020000, marking as bad block" },
		{ "nand-ecc@1", "Write verify failed at 0x00020000, marking as bad block" },
	};
	const struct kiln_host host = help_host();
	uint8_t *data = some_bytes(2 * NAND_BLOCK, 3);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = 2 * NAND_BLOCK };
	char url[120], name[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher *f;

		kiln_text_format(name, sizeof(name), "worn%zu", i);
		kiln_text_format(url, sizeof(url), "sim:%s?" NAND_BOARD "&fault=%s", name,
				 cases[i].fault);
		f = nand_open(&story, &host, url);
		assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
		assert_int_equal(story.count[KILN_FLASH_WARNING], 1);
		assert_string_equal(story.warning, cases[i].warning);
		assert_int_equal(nand_mark_of(name, 1), 0);
		assert_true(nand_block_holds(name, 0, data, NAND_BLOCK));
		assert_true(nand_block_holds(name, 2, data + NAND_BLOCK, NAND_BLOCK));
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
	free(data);
}

static void an_erase_that_fails_is_counted(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_nand_erased erased;
	struct story story;
	struct kiln_flasher *f = nand_open(&story, &host,
					   "sim:efail?" NAND_BOARD "&fault=nand-erase@3");

	(void)state;
	assert_int_equal(kiln_nand_erase(f, 0, KILN_NAND_SIZE, false, &erased, &err), KILN_OK);
	assert_true(erased.erased == 1023 && erased.failed == 1 && erased.skipped == 0);
	assert_int_equal(nand_mark_of("efail", 3), 0);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

/* --- before anything is written --- */

static void what_does_not_fit_is_refused(void **state)
{
	static const struct {
		uint32_t address[2], end;
		kiln_code code;
		const char *what, *why;
	} cases[] = {
		{ { 0x1000, UINT32_MAX },
		  KILN_NAND_SIZE,
		  KILN_E_INVALID,
		  "cannot write 'a' at 0x1000",
		  "NAND flash is written in blocks: the address must be a multiple of 128KB "
		  "(0x20000)" },
		{ { 0, UINT32_MAX },
		  NAND_BLOCK,
		  KILN_E_TOO_BIG,
		  "cannot write 'a' at 0x0",
		  "it would end beyond 0x00020000" },
		{ { 0, UINT32_MAX },
		  KILN_NAND_SIZE + 1,
		  KILN_E_TOO_BIG,
		  "cannot write up to 0x8000001",
		  "the NAND flash ends at 0x08000000" },
		{ { 0, UINT32_MAX },
		  3 * NAND_BLOCK,
		  KILN_E_TOO_BIG,
		  "Not enough good blocks between 0x0 and 0x60000",
		  "need 2, found 1" },
		{ { 3 * NAND_BLOCK, 0 },
		  KILN_NAND_SIZE,
		  KILN_E_OVERLAP,
		  "Failed to write image due to image overlap",
		  "bad blocks push what comes before 'a' up to 0x00080000, and it begins at "
		  "0x00060000" },
		{ { 10 * NAND_BLOCK, UINT32_MAX },
		  KILN_NAND_SIZE,
		  KILN_E_TOO_BIG,
		  "cannot find a good block of NAND flash",
		  "the 4 up to 0x001c0000 are bad" },
	};
	const struct kiln_host host = help_host();
	uint8_t *data = some_bytes(2 * NAND_BLOCK, 4);
	struct story story;
	struct kiln_flasher *f = nand_open(&story, &host,
					   "sim:full?" NAND_BOARD "&bad-blocks=1,2,10,11,12,13");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		const struct kiln_flash_file files[] = {
			{ .address = cases[i].address[0],
			  .name = "a",
			  .data = data,
			  .size = 2 * NAND_BLOCK },
			{ .address = cases[i].address[1],
			  .name = "b",
			  .data = data,
			  .size = 2 * NAND_BLOCK },
		};
		const size_t n = cases[i].address[1] == UINT32_MAX ? 1 : 2;

		assert_int_equal(kiln_nand_write(f, files, n, cases[i].end, &err), cases[i].code);
		assert_string_equal(err.what, cases[i].what);
		assert_string_equal(err.why, cases[i].why);
	}
	assert_int_equal(story.count[KILN_FLASH_WRITING], 0);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

/* The blocks that were counted on may fail: then it is said how far it came. */
static void a_flash_that_runs_out_says_what_is_written(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = some_bytes(2 * NAND_BLOCK, 5);
	const struct kiln_flash_file files[] = {
		{ .name = "a", .data = data, .size = 2 * NAND_BLOCK },
		{ .address = 2 * NAND_BLOCK, .name = "b", .data = data, .size = NAND_BLOCK },
	};
	struct story story;
	struct kiln_flasher *f = nand_open(&story, &host,
					   "sim:out?" NAND_BOARD "&fault=nand-program@1");

	(void)state;
	assert_int_equal(kiln_nand_write(f, files, 1, 2 * NAND_BLOCK, &err), KILN_E_TOO_BIG);
	assert_string_equal(err.what, "cannot write 'a' to NAND flash");
	assert_string_equal(err.why,
			    "Not enough good blocks between 0x40000 and 0x40000: need 1, found 0");
	assert_string_equal(err.hint, "1 of its 2 blocks are written, and not the rest: this flash "
				      "has too many bad blocks there");
	assert_true(nand_block_holds("out", 0, data, NAND_BLOCK) && nand_mark_of("out", 1) == 0);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	f = nand_open(&story, &host, "sim:out2?" NAND_BOARD "&fault=nand-program@1");
	assert_int_equal(kiln_nand_write(f, files, 2, KILN_NAND_SIZE, &err), KILN_E_OVERLAP);
	assert_true(nand_block_holds("out2", 2, data + NAND_BLOCK, NAND_BLOCK));
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

static void addresses_to_erase_are_checked(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_nand_check_region(0, NAND_BLOCK, &err), KILN_OK);
	assert_int_equal(kiln_nand_check_region(0, KILN_NAND_SIZE, &err), KILN_OK);
	assert_int_equal(kiln_nand_check_region(0, 0, &err), KILN_E_INVALID);
	assert_int_equal(kiln_nand_check_region(0x1000, NAND_BLOCK, &err), KILN_E_INVALID);
	assert_int_equal(kiln_nand_check_region(0, NAND_BLOCK + 1, &err), KILN_E_INVALID);
	assert_string_equal(err.why,
			    "NAND flash is erased in blocks: both must be multiples of 131072");
	assert_int_equal(kiln_nand_check_region(NAND_BLOCK, KILN_NAND_SIZE, &err), KILN_E_TOO_BIG);
	assert_int_equal(kiln_nand_check_region(0xFFFE0000, NAND_BLOCK, &err), KILN_E_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_blocks_are_left_out),
		cmocka_unit_test(blank_pages_stay_blank),
		cmocka_unit_test(blocks_that_fail_are_marked),
		cmocka_unit_test(an_erase_that_fails_is_counted),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_flash_that_runs_out_says_what_is_written),
		cmocka_unit_test(addresses_to_erase_are_checked),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
