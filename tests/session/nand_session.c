/* SPDX-License-Identifier: Apache-2.0 */
/* A NAND flash behind the stub's plugin: what is written where, and what is left alone. */
#include "flash_help.h"

#include <fcntl.h>

#include "flash/nand.h"
#include "loader/bringup.h"

#define BOARD "clock=virtual&chip=esp32s3&nand=w25n01gv"
#define AT_ITS_PINS                    \
	.nand = true, .baud = 2000000, \
	.wiring = { .kind = KILN_WIRING_PINS, .pins = { 12, 13, 11, 9, 10 } }

enum { BLOCK = KILN_NAND_BLOCK, RAW_PAGE = 2048 + 64 };

static struct kiln_flasher_options options_of(struct story *story)
{
	const struct kiln_flasher_options told = story_options(story);

	return (struct kiln_flasher_options){ .event = told.event, .user = told.user, AT_ITS_PINS };
}

static struct kiln_flasher *open_board(struct story *story, const struct kiln_host *host,
				       const char *url)
{
	const struct kiln_flasher_options options = options_of(story);

	return story_open(story, host, &options, url);
}

/* A page as the chip holds it, spare area and all. */
static void raw_page(const char *board, uint32_t page, uint8_t raw[RAW_PAGE])
{
	char path[256];
	int fd;

	kiln_text_format(path, sizeof(path), "%s/kiln/sim/%s.nand", getenv("XDG_STATE_HOME"),
			 board);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, raw, RAW_PAGE, (off_t)page * RAW_PAGE), RAW_PAGE);
	close(fd);
	for (int i = 0; i < RAW_PAGE; i++)
		raw[i] = (uint8_t)~raw[i];
}

/* Does the block hold these bytes, and FF behind them? */
static bool block_holds(const char *board, uint32_t block, const uint8_t *want, size_t n)
{
	uint8_t raw[RAW_PAGE];

	for (size_t at = 0; at < BLOCK; at++) {
		if (at % KILN_NAND_PAGE == 0)
			raw_page(board, (uint32_t)(block * 64 + at / KILN_NAND_PAGE), raw);
		if (raw[at % KILN_NAND_PAGE] != (at < n ? want[at] : 0xFF))
			return false;
	}
	return true;
}

static uint8_t mark_of(const char *board, uint32_t block)
{
	uint8_t raw[RAW_PAGE];

	raw_page(board, block * 64, raw);
	return raw[KILN_NAND_PAGE];
}

struct sink {
	uint8_t *data;
	size_t n, size;
};

static kiln_code sink_take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	struct sink *s = user;

	(void)err;
	assert_true(s->n + n <= s->size);
	memcpy(s->data + s->n, piece, n);
	s->n += n;
	return KILN_OK;
}

static kiln_code read_all(struct kiln_flasher *f, uint32_t address, uint32_t size,
			  struct sink *ret_sink, struct kiln_err *err)
{
	*ret_sink = (struct sink){ .data = malloc(size), .size = size };
	return kiln_nand_read_to(f, address, size, KILN_NAND_SIZE, sink_take, ret_sink, err);
}

static uint8_t *some_bytes(size_t n, unsigned seed)
{
	uint8_t *data = malloc(n);

	image_fill(data, n, seed);
	return data;
}

/* --- */

static void bad_blocks_are_left_out(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	enum { SIZE = 2 * BLOCK + 5000 };
	uint8_t *data = some_bytes(SIZE, 1);
	const struct kiln_flash_file file = {
		.address = BLOCK, .name = "a", .data = data, .size = SIZE
	};
	struct kiln_nand_erased erased;
	uint8_t bad[8];
	size_t differ, first;
	struct story story;
	struct sink sink;
	struct kiln_flasher *f = open_board(&story, &host, "sim:around?" BOARD "&bad-blocks=2,4");

	(void)state;
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_PLUGIN], 1);
	assert_int_equal(story.count[KILN_FLASH_BAD_BLOCK], 2);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 3);
	assert_int_equal(story.count[KILN_FLASH_WARNING], 0);
	assert_true(block_holds("around", 1, data, BLOCK));
	assert_true(block_holds("around", 2, data, 0) && mark_of("around", 2) == 0);
	assert_true(block_holds("around", 3, data + BLOCK, BLOCK));
	assert_true(block_holds("around", 4, data, 0) && mark_of("around", 4) == 0);
	assert_true(block_holds("around", 5, data + 2 * BLOCK, 5000));

	assert_int_equal(read_all(f, BLOCK, SIZE, &sink, &err), KILN_OK);
	assert_int_equal(sink.n, SIZE);
	assert_memory_equal(sink.data, data, SIZE);
	free(sink.data);
	/* from the middle of a block: what stands there in the file stands there in the flash */
	assert_int_equal(read_all(f, BLOCK + 1000, BLOCK, &sink, &err), KILN_OK);
	assert_memory_equal(sink.data, data + 1000, BLOCK);
	free(sink.data);

	assert_int_equal(kiln_nand_compare(f, BLOCK, data, BLOCK, &differ, &first, &err), KILN_OK);
	assert_int_equal(differ, 0);
	data[70000] ^= 1;
	data[70007] ^= 1;
	assert_int_equal(kiln_nand_compare(f, BLOCK, data, BLOCK, &differ, &first, &err), KILN_OK);
	assert_true(differ == 2 && first == 70000);

	assert_int_equal(kiln_nand_scan(f, 8, bad, &err), KILN_OK);
	assert_memory_equal(bad, "\0\0\1\0\1\0\0\0", 8);
	assert_int_equal(kiln_nand_erase(f, BLOCK, 4 * BLOCK, false, &erased, &err), KILN_OK);
	assert_true(erased.erased == 2 && erased.skipped == 2 && erased.failed == 0);
	assert_true(block_holds("around", 1, data, 0) && block_holds("around", 3, data, 0));
	assert_int_equal(mark_of("around", 2), 0);
	/* who insists loses the marks */
	assert_int_equal(kiln_nand_erase(f, BLOCK, 4 * BLOCK, true, &erased, &err), KILN_OK);
	assert_true(erased.erased == 4 && erased.skipped == 0);
	assert_int_equal(mark_of("around", 2), 0xFF);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

/* Pages behind the file are erased and not programmed: who mounts the flash can write to them. */
static void blank_pages_stay_blank(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = some_bytes(BLOCK, 2), raw[RAW_PAGE];
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = BLOCK };
	struct story story;
	struct kiln_flasher *f = open_board(&story, &host, "sim:blank?" BOARD);

	(void)state;
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	memset(data + 3000, 0xFF, BLOCK - 3000); /* over what stands there */
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	assert_true(block_holds("blank", 0, data, 3000));
	raw_page("blank", 2, raw);
	for (int i = 0; i < RAW_PAGE; i++)
		assert_int_equal(raw[i], 0xFF);
	/* nothing but FF erases the block all the same */
	memset(data, 0xFF, BLOCK);
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
	assert_true(block_holds("blank", 0, data, 0));
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
	uint8_t *data = some_bytes(2 * BLOCK, 3);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = 2 * BLOCK };
	char url[120], name[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher *f;

		kiln_text_format(name, sizeof(name), "worn%zu", i);
		kiln_text_format(url, sizeof(url), "sim:%s?" BOARD "&fault=%s", name,
				 cases[i].fault);
		f = open_board(&story, &host, url);
		assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_OK);
		assert_int_equal(story.count[KILN_FLASH_WARNING], 1);
		assert_string_equal(story.warning, cases[i].warning);
		assert_int_equal(mark_of(name, 1), 0);
		assert_true(block_holds(name, 0, data, BLOCK));
		assert_true(block_holds(name, 2, data + BLOCK, BLOCK));
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
	struct kiln_flasher *f = open_board(&story, &host,
					    "sim:efail?" BOARD "&fault=nand-erase@3");

	(void)state;
	assert_int_equal(kiln_nand_erase(f, 0, KILN_NAND_SIZE, false, &erased, &err), KILN_OK);
	assert_true(erased.erased == 1023 && erased.failed == 1 && erased.skipped == 0);
	assert_int_equal(mark_of("efail", 3), 0);
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
		  BLOCK,
		  KILN_E_TOO_BIG,
		  "cannot write 'a' at 0x0",
		  "it would end beyond 0x00020000" },
		{ { 0, UINT32_MAX },
		  KILN_NAND_SIZE + 1,
		  KILN_E_TOO_BIG,
		  "cannot write up to 0x8000001",
		  "the NAND flash ends at 0x08000000" },
		{ { 0, UINT32_MAX },
		  3 * BLOCK,
		  KILN_E_TOO_BIG,
		  "Not enough good blocks between 0x0 and 0x60000",
		  "need 2, found 1" },
		{ { 3 * BLOCK, 0 },
		  KILN_NAND_SIZE,
		  KILN_E_OVERLAP,
		  "Failed to write image due to image overlap",
		  "bad blocks push what comes before 'a' up to 0x00080000, and it begins at "
		  "0x00060000" },
		{ { 10 * BLOCK, UINT32_MAX },
		  KILN_NAND_SIZE,
		  KILN_E_TOO_BIG,
		  "cannot find a good block of NAND flash",
		  "the 4 up to 0x001c0000 are bad" },
	};
	const struct kiln_host host = help_host();
	uint8_t *data = some_bytes(2 * BLOCK, 4);
	struct story story;
	struct kiln_flasher *f = open_board(&story, &host,
					    "sim:full?" BOARD "&bad-blocks=1,2,10,11,12,13");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		const struct kiln_flash_file files[] = {
			{ .address = cases[i].address[0],
			  .name = "a",
			  .data = data,
			  .size = 2 * BLOCK },
			{ .address = cases[i].address[1],
			  .name = "b",
			  .data = data,
			  .size = 2 * BLOCK },
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
	uint8_t *data = some_bytes(2 * BLOCK, 5);
	const struct kiln_flash_file files[] = {
		{ .name = "a", .data = data, .size = 2 * BLOCK },
		{ .address = 2 * BLOCK, .name = "b", .data = data, .size = BLOCK },
	};
	struct story story;
	struct kiln_flasher *f = open_board(&story, &host,
					    "sim:out?" BOARD "&fault=nand-program@1");

	(void)state;
	assert_int_equal(kiln_nand_write(f, files, 1, 2 * BLOCK, &err), KILN_E_TOO_BIG);
	assert_string_equal(err.what, "cannot write 'a' to NAND flash");
	assert_string_equal(err.why,
			    "Not enough good blocks between 0x40000 and 0x40000: need 1, found 0");
	assert_string_equal(err.hint, "1 of its 2 blocks are written, and not the rest: this flash "
				      "has too many bad blocks there");
	assert_true(block_holds("out", 0, data, BLOCK) && mark_of("out", 1) == 0);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	f = open_board(&story, &host, "sim:out2?" BOARD "&fault=nand-program@1");
	assert_int_equal(kiln_nand_write(f, files, 2, KILN_NAND_SIZE, &err), KILN_E_OVERLAP);
	assert_true(block_holds("out2", 2, data + BLOCK, BLOCK));
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

static void addresses_to_erase_are_checked(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_nand_check_region(0, BLOCK, &err), KILN_OK);
	assert_int_equal(kiln_nand_check_region(0, KILN_NAND_SIZE, &err), KILN_OK);
	assert_int_equal(kiln_nand_check_region(0, 0, &err), KILN_E_INVALID);
	assert_int_equal(kiln_nand_check_region(0x1000, BLOCK, &err), KILN_E_INVALID);
	assert_int_equal(kiln_nand_check_region(0, BLOCK + 1, &err), KILN_E_INVALID);
	assert_string_equal(err.why,
			    "NAND flash is erased in blocks: both must be multiples of 131072");
	assert_int_equal(kiln_nand_check_region(BLOCK, KILN_NAND_SIZE, &err), KILN_E_TOO_BIG);
	assert_int_equal(kiln_nand_check_region(0xFFFE0000, BLOCK, &err), KILN_E_TOO_BIG);
}

/* --- reading what can't be read --- */

static void a_page_beyond_repair_is_named(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct sink sink;
	uint32_t word;
	struct kiln_flasher *f = open_board(&story, &host, "sim:ecc?" BOARD "&fault=nand-ecc@2");

	(void)state;
	assert_int_equal(read_all(f, BLOCK, 2 * BLOCK, &sink, &err), KILN_E_IO);
	assert_string_equal(err.what, "cannot read NAND flash at 0x00040000");
	assert_string_equal(err.why,
			    "page 128 (block 2) holds more wrong bits than its ECC can correct");
	assert_int_equal(sink.n, BLOCK);
	assert_int_equal(story.count[KILN_FLASH_RETRY], 0);
	free(sink.data);
	/* and the stub answers on */
	assert_int_equal(kiln_nand_read_spare(f, 0, &word, &err), KILN_OK);
	assert_int_equal(word, UINT32_MAX);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

static void too_much_is_not_begun(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct sink sink;
	struct kiln_flasher *f = open_board(&story, &host, "sim:end?" BOARD "&bad-blocks=1023");

	(void)state;
	assert_int_equal(read_all(f, 1022 * BLOCK, BLOCK + 1, &sink, &err), KILN_E_TOO_BIG);
	assert_string_equal(err.why, "there are only 1 good blocks of 128 KB before 0x08000000");
	assert_int_equal(sink.n, 0);
	free(sink.data);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

/* --- the wire --- */

static void bad_weather_is_sat_out(void **state)
{
	static const char *const faults[] = {
		"to-flip~140000", "from-flip~140000", "to-lose~160000", "from-lose~160000",
		"to-add~160000",  "from-add~160000",  "flip~150000",
	};
	const struct kiln_host host = help_host();
	enum { SIZE = BLOCK + 40000 };
	uint8_t *data = some_bytes(SIZE, 6);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = SIZE };
	unsigned retries = 0;
	char url[120];

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(faults) / sizeof(faults[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct sink sink;
		struct kiln_flasher *f;
		uint8_t bad[4];

		kiln_text_format(url, sizeof(url),
				 "sim:storm%u?" BOARD "&bad-blocks=1&fault=%s&seed=%u", i,
				 faults[i / 2], i + 1);
		f = open_board(&story, &host, url);
		if (kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
		if (read_all(f, 0, SIZE, &sink, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
		assert_memory_equal(sink.data, data, SIZE);
		free(sink.data);
		/* no healthy block was condemned for what the wire did */
		assert_int_equal(kiln_nand_scan(f, 4, bad, &err), KILN_OK);
		assert_memory_equal(bad, "\0\1\0\0", 4);
		retries += story.count[KILN_FLASH_RETRY];
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
	assert_true(retries > 0);
	free(data);
}

static void a_link_that_breaks_ends_it(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = some_bytes(2 * BLOCK, 7);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = 2 * BLOCK };
	struct story story;
	struct sink sink;
	struct kiln_flasher *f = open_board(&story, &host,
					    "sim:gone?" BOARD "&fault=unplug@250000");

	(void)state;
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.what, "cannot write 'a' to NAND flash");
	assert_string_equal(err.hint,
			    "1 of its 2 blocks are written, up to 0x00020000: run the same "
			    "command again");
	(void)kiln_flasher_close(f, NULL);
	assert_true(block_holds("gone", 0, data, BLOCK));

	/* in mid-read: acknowledgements are the only bytes that go to the chip then */
	f = open_board(&story, &host, "sim:gone?" BOARD "&fault=unplug@31000");
	assert_int_equal(read_all(f, 0, 40 * BLOCK, &sink, &err), KILN_E_PORT_GONE);
	assert_true(sink.n > 0 && sink.n % (32 * 1024) == 0);
	assert_memory_equal(sink.data, data, BLOCK);
	free(sink.data);
	(void)kiln_flasher_close(f, NULL);

	/* one that only stands still goes on where it was */
	f = open_board(&story, &host, "sim:gone?" BOARD "&fault=stall@31000:4000");
	assert_int_equal(read_all(f, 0, 40 * BLOCK, &sink, &err), KILN_OK);
	assert_int_equal(sink.n, 40 * BLOCK);
	assert_true(story.count[KILN_FLASH_RETRY] > 0);
	free(sink.data);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

/* A port that comes back is gone on with: the block or piece at hand begins anew. */
static void a_port_that_comes_back_is_gone_on_with(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = some_bytes(2 * BLOCK, 8);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = 2 * BLOCK };
	struct kiln_nand_erased erased;
	struct kiln_flasher_options options;
	struct kiln_flasher *f;
	struct story story;
	struct sink sink;

	(void)state;
	options = options_of(&story);
	options.return_ms = 10000;
	f = story_open(&story, &host, &options, "sim:back?" BOARD "&fault=unplug@250000:700");
	if (kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_true(story.count[KILN_FLASH_BACK] > 0);
	assert_true(block_holds("back", 0, data, BLOCK) &&
		    block_holds("back", 1, data + BLOCK, BLOCK));
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	options = options_of(&story);
	options.return_ms = 10000;
	f = story_open(&story, &host, &options, "sim:back?" BOARD "&fault=unplug@31000:700");
	assert_int_equal(read_all(f, 0, 40 * BLOCK, &sink, &err), KILN_OK);
	assert_true(story.count[KILN_FLASH_BACK] > 0);
	assert_int_equal(sink.n, 40 * BLOCK);
	assert_memory_equal(sink.data, data, 2 * BLOCK);
	free(sink.data);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	options = options_of(&story);
	options.return_ms = 10000;
	f = story_open(&story, &host, &options, "sim:back?" BOARD "&fault=unplug@31000:700");
	assert_int_equal(kiln_nand_erase(f, 0, KILN_NAND_SIZE, true, &erased, &err), KILN_OK);
	assert_true(story.count[KILN_FLASH_BACK] > 0);
	assert_int_equal(erased.erased, 1024);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	free(data);
}

/* --- who has none --- */

static void expect_refusal(const char *url, const struct kiln_flasher_options *options,
			   kiln_code want, const char *why)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f = NULL;
	kiln_code code = kiln_flasher_open(&host, url, options, &f, &err);

	if (code == KILN_OK)
		code = kiln_flasher_prepare(f, &err);
	if (code == KILN_OK)
		code = kiln_nand_attach(f, &err);
	assert_int_equal(code, want);
	if (code != KILN_OK)
		assert_string_equal(err.why, why);
	(void)kiln_flasher_close(f, NULL);
}

static void what_has_no_nand_is_told_so(void **state)
{
	static const struct kiln_flasher_options usual = { AT_ITS_PINS };
	struct kiln_flasher_options o = usual;

	(void)state;
	expect_refusal("sim:c3?clock=virtual&chip=esp32c3", &usual, KILN_E_UNSUPPORTED,
		       "the ESP32-C3 stub has no plugin 'nand'");
	expect_refusal("sim:old?clock=virtual", &usual, KILN_E_UNSUPPORTED,
		       "the ESP32 stub has no plugin 'nand'");
	expect_refusal("sim:closed?clock=virtual&chip=esp32s3&secure=download", &usual,
		       KILN_E_UNSUPPORTED,
		       "a plugin of the stub does that, and no stub runs: the chip is in secure "
		       "download mode");
	expect_refusal("sim:none?clock=virtual&chip=esp32s3", &usual, KILN_E_NOT_FOUND,
		       "nothing answers at the pins that were given");
	expect_refusal("sim:other?clock=virtual&chip=esp32s3&nand=strange", &usual,
		       KILN_E_UNSUPPORTED, "Only Winbond W25N01GV is supported");
	o.no_stub = true;
	expect_refusal("sim:nostub?" BOARD, &o, KILN_E_UNSUPPORTED,
		       "a plugin of the stub does that, and no stub runs: there is to be none");
	o = usual;
	o.wiring.pins[1] = 14;
	expect_refusal("sim:pins?" BOARD, &o, KILN_E_NOT_FOUND,
		       "nothing answers at the pins that were given");
	o.wiring.kind = KILN_WIRING_HSPI;
	expect_refusal("sim:hspi?" BOARD, &o, KILN_E_INVALID, "there is none at HSPI");
	o.wiring.kind = KILN_WIRING_DEFAULT;
	expect_refusal("sim:nowhere?" BOARD, &o, KILN_E_INVALID,
		       "it is not said where it is connected");
	o.wiring.kind = KILN_WIRING_SPI;
	expect_refusal("sim:spi?" BOARD, &o, KILN_OK, "");
}

/* A stub that runs already may have been started without it. */
static void a_stub_without_the_plugin_is_found_out(void **state)
{
	struct kiln_host host = help_host();
	struct kiln_flasher_options o = { .after = KILN_AFTER_NO_RESET_STUB, .baud = 115200 };
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher *f = story_open(&story, &host, &o, "sim:stays?" BOARD);
	const struct kiln_request ask = kiln_request_nand_attach(0);
	struct kiln_reply reply;

	(void)state;
	assert_int_equal(kiln_loader_command(&f->loader, &ask, 3000, &reply, &err),
			 KILN_E_UNSUPPORTED);
	assert_int_equal(err.sys, KILN_STUB_E_NOT_IMPLEMENTED);
	f->options.wiring.kind = KILN_WIRING_SPI;
	assert_int_equal(kiln_nand_attach(f, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.why, "the stub that runs was started without its NAND plugin");
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

/* The virtual board runs only what was really loaded: a table that leads elsewhere is a crash. */
static void a_table_that_leads_elsewhere_crashes_the_stub(void **state)
{
	const struct kiln_host host = help_host();
	const struct kiln_flasher_options options = { 0 };
	const struct kiln_request ask = kiln_request_nand_attach(0);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_stub_plugin plugin;
	struct kiln_reply reply;
	struct kiln_flasher *f;

	(void)state;
	assert_int_equal(kiln_flasher_open(&host, "sim:wild?" BOARD, &options, &f, &err), KILN_OK);
	plugin = *kiln_stub_plugin_find(kiln_stub_for(f->loader.chip, f->loader.revision), "nand");
	plugin.handlers[0] += 4;
	f->loader.plugin = &plugin;
	assert_int_equal(kiln_loader_upload_stub(&f->loader, &err), KILN_OK);
	assert_int_equal(kiln_loader_start_stub(&f->loader, &err), KILN_OK);
	assert_int_equal(kiln_loader_command(&f->loader, &ask, 3000, &reply, &err), KILN_E_TIMEOUT);
	kiln_flasher_abandon(f);
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
		cmocka_unit_test(a_page_beyond_repair_is_named),
		cmocka_unit_test(too_much_is_not_begun),
		cmocka_unit_test(bad_weather_is_sat_out),
		cmocka_unit_test(a_link_that_breaks_ends_it),
		cmocka_unit_test(a_port_that_comes_back_is_gone_on_with),
		cmocka_unit_test(what_has_no_nand_is_told_so),
		cmocka_unit_test(a_stub_without_the_plugin_is_found_out),
		cmocka_unit_test(a_table_that_leads_elsewhere_crashes_the_stub),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
