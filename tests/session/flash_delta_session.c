/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that write only what differs: what they leave in the flash, and what they spare. */
#include "flash_help.h"

enum { SIZE = 300000, SECTOR = 4096 };

struct fixture {
	uint8_t data[SIZE];
	struct kiln_flash_file file;
	struct story story;
	kiln_code code;
	struct kiln_err err;
	uint64_t bytes_out;
};

static struct fixture fx;

static int set_up(void **state)
{
	(void)state;
	fx = (struct fixture){ .file = { 0x10000, "fw.bin", fx.data, SIZE } };
	image_fill(fx.data, SIZE, 5);
	return 0;
}

static void job_with(const char *name, const char *fault, bool diff, bool erase)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(&fx.story);
	struct kiln_flash_job job = STORY_JOB(&fx.file, 1);
	struct kiln_link_stats stats;
	struct kiln_flasher *f;
	char url[128];

	job.diff = diff;
	job.erase_all = erase;
	fx.err = KILN_ERR_INIT;
	options.baud = 921600;
	options.quick = true;
	kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual%s%s", name, fault ? "&fault=" : "",
			 fault ? fault : "");
	fx.code = kiln_flasher_open(&host, url, &options, &f, &fx.err);
	if (fx.code != KILN_OK)
		return;
	fx.code = kiln_flasher_prepare(f, &fx.err);
	if (fx.code == KILN_OK)
		fx.code = kiln_flasher_write(f, &job, &fx.err);
	kiln_flasher_stats(f, &stats);
	fx.bytes_out = stats.bytes_out;
	(void)kiln_flasher_close(f, NULL);
}

static void write_it(const char *name)
{
	job_with(name, NULL, true, false);
	if (fx.code != KILN_OK)
		fail_msg("%s: %s", fx.err.what, fx.err.why);
	story_expect(name, &fx.file, 1);
	assert_int_equal(fx.story.count[KILN_FLASH_VERIFIED], 1);
}

static void same_again_sends_nothing(void **state)
{
	(void)state;
	write_it("same");
	assert_int_equal(fx.story.count[KILN_FLASH_COMPARED], 0); /* a blank chip */
	assert_true(fx.story.count[KILN_FLASH_WRITING] > 1);
	write_it("same");
	assert_int_equal(fx.story.count[KILN_FLASH_COMPARED], 1);
	assert_int_equal(fx.story.count[KILN_FLASH_WRITING], 0);
	assert_int_equal(fx.story.count[KILN_FLASH_WROTE], 0);
	assert_true(fx.bytes_out < 20000); /* the stub, and questions */
	job_with("same", NULL, false, false);
	assert_int_equal(fx.code, KILN_OK);
	assert_int_equal(fx.story.count[KILN_FLASH_COMPARING], 0);
	assert_true(fx.bytes_out > SIZE / 2);
}

static void one_byte_costs_one_sector(void **state)
{
	static const size_t places[] = { 0, SECTOR - 1, SECTOR, 100000, SIZE - 1 };

	(void)state;
	write_it("one");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fx.data[places[i]] ^= 0x55;
		write_it("one");
		assert_int_equal(fx.story.count[KILN_FLASH_WRITING], 1);
		assert_int_equal(fx.story.count[KILN_FLASH_RETRY], 0);
		assert_true(fx.bytes_out < 26000);
	}
}

/* Parts of sectors at both ends, places all over, and a block of which most differs. */
static void odd_places(void **state)
{
	(void)state;
	fx.file.address = 0x20404;
	fx.file.size = SIZE - 1001;
	write_it("odd");
	for (size_t at = 30; at < 60000; at += SECTOR)
		fx.data[at] ^= 1;
	for (size_t at = 70000; at < fx.file.size; at += 50000)
		fx.data[at] ^= 1;
	fx.data[fx.file.size - 1] ^= 1;
	write_it("odd");
	assert_int_equal(fx.story.count[KILN_FLASH_COMPARED], 1);
	assert_true(fx.story.count[KILN_FLASH_WRITING] > 3);
	assert_true(fx.story.blocks_in_order);
}

static void blank_sectors_are_erased(void **state)
{
	(void)state;
	write_it("blank");
	memset(fx.data + 10 * SECTOR, 0xFF, 5 * SECTOR);
	write_it("blank");
	assert_int_equal(fx.story.count[KILN_FLASH_WRITING], 0);
	assert_int_equal(fx.story.count[KILN_FLASH_VERIFYING], 1);
}

static void other_firmware_and_erased_chips_are_not_asked(void **state)
{
	(void)state;
	write_it("other");
	image_fill(fx.data, SIZE, 77);
	write_it("other");
	assert_int_equal(fx.story.count[KILN_FLASH_COMPARED], 0);
	job_with("other", NULL, true, true);
	assert_int_equal(fx.code, KILN_OK);
	assert_int_equal(fx.story.count[KILN_FLASH_COMPARING], 0);
	story_expect("other", &fx.file, 1);
}

/* A sector that does not take what is written: all is written once more, then it is said. */
static void failing_delta_writes_all(void **state)
{
	(void)state;
	write_it("worn");
	fx.data[100000] ^= 0x55;
	job_with("worn", "bad-sector@0x28000", true, false);
	assert_int_equal(fx.code, KILN_E_VERIFY);
	assert_int_equal(fx.story.count[KILN_FLASH_RETRY], 1);
	assert_true(fx.story.count[KILN_FLASH_WRITING] > 5);
	assert_int_equal(fx.story.count[KILN_FLASH_VERIFIED], 0);
}

/* Whatever is lost or turned on the wire: the flash is right, or the job says that it failed. */
static void wire_faults(void **state)
{
	static const char *const kinds[] = { "from-lose", "from-flip", "from-add",
					     "to-lose",   "to-flip",   "to-add" };
	char fault[40];

	(void)state;
	write_it("wire");
	for (unsigned i = 0; i < 60; i++) {
		fx.data[(i * 7919) % SIZE] ^= 0x5A;
		kiln_text_format(fault, sizeof(fault), "%s@%u", kinds[i % 6],
				 i % 6 < 3 ? 700 + i * 23 : 9000 + i * 71);
		job_with("wire", fault, true, false);
		if (fx.code == KILN_OK) {
			assert_int_equal(fx.story.count[KILN_FLASH_VERIFIED], 1);
			story_expect("wire", &fx.file, 1);
		}
		write_it("wire"); /* the next run puts it right */
	}
}

static struct kiln_flash_recall *recall;

static uint64_t recalled(const char *url, kiln_code expected)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(&fx.story);
	struct kiln_flash_job job = STORY_JOB(&fx.file, 1);
	struct kiln_link_stats stats;
	struct kiln_flasher *f;

	job.diff = true;
	job.recall = recall;
	options.baud = 921600;
	options.quick = true;
	assert_int_equal(kiln_flasher_open(&host, url, &options, &f, &fx.err), KILN_OK);
	assert_int_equal(kiln_flasher_prepare(f, &fx.err), KILN_OK);
	assert_int_equal(kiln_flasher_write(f, &job, &fx.err), expected);
	kiln_flasher_stats(f, &stats);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	return stats.turns;
}

/* What the board was written with is the first guess; a wrong one is found, and costs little. */
static void a_guess_is_tried_and_verified(void **state)
{
	static const char url[] = "sim:recall?clock=virtual&latency=1";
	uint64_t asked, guessed;
	uint8_t was;

	(void)state;
	assert_int_equal(kiln_flash_recall_new(NULL, 0, &recall, NULL), KILN_OK);
	(void)recalled(url, KILN_OK);
	fx.data[100000] ^= 1;
	guessed = recalled(url, KILN_OK);
	story_expect("recall", &fx.file, 1);
	assert_int_equal(fx.story.count[KILN_FLASH_WRITING], 1);
	kiln_flash_recall_free(recall);
	recall = NULL;
	fx.data[100000] ^= 1;
	asked = recalled(url, KILN_OK);
	assert_true(guessed + 5 < asked);
	/* somebody else wrote a sector in between, and not one of those that are looked at */
	assert_int_equal(kiln_flash_recall_new(NULL, 0, &recall, NULL), KILN_OK);
	(void)recalled(url, KILN_OK);
	was = fx.data[200000];
	fx.data[200000] ^= 0x80;
	write_it("recall");
	fx.data[200000] = was;
	fx.data[50000] ^= 1;
	(void)recalled(url, KILN_OK);
	story_expect("recall", &fx.file, 1);
	assert_int_equal(fx.story.count[KILN_FLASH_VERIFIED], 1);
	/* another firmware altogether */
	image_fill(fx.data, SIZE, 77);
	write_it("recall");
	image_fill(fx.data, SIZE, 5);
	(void)recalled(url, KILN_OK);
	story_expect("recall", &fx.file, 1);
	kiln_flash_recall_free(recall);
}

/* One preparation, made before any port is open, serves several boards and a second run. */
static void one_pack_for_many(void **state)
{
	static const char *const boards[] = { "sim:pack1?clock=virtual", "sim:pack2?clock=virtual",
					      "sim:pack1?clock=virtual" };
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(&fx.story);
	struct kiln_flash_job job = STORY_JOB(&fx.file, 1);
	struct kiln_flash_pack *pack;

	(void)state;
	fx.file.size = SIZE - 3; /* filled up to whole words */
	assert_int_equal(kiln_flash_pack_new(&fx.file, 1, &pack, NULL), KILN_OK);
	job.pack = pack;
	options.baud = 921600;
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		fx.story.sizes[0] = 0;
		fx.code = story_write(&host, boards[i], &options, &job, &fx.err);
		if (fx.code != KILN_OK)
			fail_msg("%s: %s", fx.err.what, fx.err.why);
		assert_true(fx.story.sizes[0] > 0 && fx.story.sizes[0] < SIZE);
	}
	story_expect("pack1", &fx.file, 1);
	story_expect("pack2", &fx.file, 1);
	job.mode = 2; /* no image: nothing to patch, so the pack still serves */
	assert_int_equal(story_write(&host, boards[0], &options, &job, &fx.err), KILN_OK);
	story_expect("pack1", &fx.file, 1);
	kiln_flash_pack_free(pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(same_again_sends_nothing, set_up),
		cmocka_unit_test_setup(one_byte_costs_one_sector, set_up),
		cmocka_unit_test_setup(odd_places, set_up),
		cmocka_unit_test_setup(blank_sectors_are_erased, set_up),
		cmocka_unit_test_setup(other_firmware_and_erased_chips_are_not_asked, set_up),
		cmocka_unit_test_setup(failing_delta_writes_all, set_up),
		cmocka_unit_test_setup(wire_faults, set_up),
		cmocka_unit_test_setup(a_guess_is_tried_and_verified, set_up),
		cmocka_unit_test_setup(one_pack_for_many, set_up),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
