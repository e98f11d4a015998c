/* SPDX-License-Identifier: Apache-2.0 */
/* What can happen to a job on its way, and in which state it says that it left the board. */
#include "flash_help.h"

#include "wrap.h"

static const struct image_spec boot_spec = {
	.max_rev_full = 0xFFFF,
	.mode = 2,
	.size_freq = 0x20,
	.n_segments = 3,
	.segment_size = 30000,
	.digest = true,
	.seed = 5,
};

static kiln_code write_with(const char *name, const char *fault, bool no_stub, bool no_compress,
			    struct kiln_flash_file *file, struct story *story, struct kiln_err *err)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(story);
	struct kiln_flash_job job = STORY_JOB(file, 1);
	char url[128];

	options.baud = 460800;
	options.no_stub = no_stub;
	job.no_compress = no_compress;
	kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual%s%s", name,
			 *fault ? "&fault=" : "", fault);
	return story_write(&host, url, &options, &job, err);
}

static void make_file(struct kiln_flash_file *file)
{
	*file = (struct kiln_flash_file){ .address = 0x1000, .name = "fw.bin" };
	file->data = image_make(&boot_spec, &file->size);
}

static void free_file(struct kiln_flash_file *file)
{
	free((void *)(uintptr_t)file->data);
}

/*
 * One byte lost, added or turned, anywhere in the conversation: the job ends well. Step sizes are
 * primes, so that over the runs all kinds of places are met.
 */
static void any_single_fault_is_overcome(void **state)
{
	static const struct {
		const char *direction;
		unsigned from, to, step;
	} ranges[] = {
		{ "to", 0, 400, 7 },          /* connect, detect */
		{ "to", 400, 11000, 797 },    /* stub upload */
		{ "to", 11000, 12200, 53 },   /* baud, flash id, BEGIN */
		{ "to", 12200, 70000, 4099 }, /* blocks */
		{ "from", 0, 700, 13 },       { "from", 700, 1100, 7 },
	};
	static const char *const kinds[] = { "lose", "flip", "add" };
	struct kiln_flash_file file;
	unsigned runs = 0, retries = 0;

	(void)state;
	make_file(&file);
	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		for (unsigned at = ranges[r].from; at < ranges[r].to; at += ranges[r].step) {
			struct kiln_err err = KILN_ERR_INIT;
			struct story story;
			char fault[64];

			kiln_text_format(fault, sizeof(fault), "%s-%s@%u", ranges[r].direction,
					 kinds[runs % 3], at);
			if (write_with("any", fault, false, false, &file, &story, &err) != KILN_OK)
				fail_msg("%s: %s: %s", fault, err.what, err.why);
			retries += story.count[KILN_FLASH_RETRY];
			runs++;
		}
	}
	story_expect("any", &file, 1);
	assert_true(retries > 0);
	free_file(&file);
}

static void noisy_line(void **state)
{
	static const struct {
		const char *fault;
		bool no_stub, no_compress;
	} cases[] = {
		{ "to-flip~40000,from-flip~1000", false, false },
		{ "to-lose~40000", false, true },
		{ "to-flip@30000,to-flip@70000", true, false },
		{ "to-lose@30000,to-add@90000", true, true },
	};
	struct kiln_flash_file file;

	(void)state;
	make_file(&file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;

		if (write_with("noisy", cases[i].fault, cases[i].no_stub, cases[i].no_compress,
			       &file, &story, &err) != KILN_OK)
			fail_msg("%s: %s: %s", cases[i].fault, err.what, err.why);
		story_expect("noisy", &file, 1);
	}
	free_file(&file);
}

/* After whatever happened the same command, on a sound board, ends well. */
static void run_again(const char *name, struct kiln_flash_file *file)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;

	if (write_with(name, "", false, false, file, &story, &err) != KILN_OK)
		fail_msg("again: %s: %s", err.what, err.why);
	story_expect(name, file, 1);
}

static void expect_incomplete(const struct kiln_err *err)
{
	assert_string_equal(err->what, "cannot write 'fw.bin' at 0x00001000");
	assert_string_equal(err->hint,
			    "flash from 0x00001000 to 0x00016fff is incomplete, and the board may "
			    "not start; check the cable, then run the same command again");
}

static void cable_is_pulled(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_file file;
	struct story story;

	(void)state;
	make_file(&file);
	assert_int_equal(write_with("pulled", "unplug@50000", false, false, &file, &story, &err),
			 KILN_E_PORT_GONE);
	expect_incomplete(&err);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 0);
	run_again("pulled", &file);
	free_file(&file);
}

static void cable_is_pulled_before_the_write(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_file file;
	struct story story;

	(void)state;
	make_file(&file);
	assert_int_equal(write_with("early", "unplug@5000", false, false, &file, &story, &err),
			 KILN_E_PORT_GONE);
	assert_null(strstr(err.hint, "incomplete"));
	story_expect("early", NULL, 0);
	run_again("early", &file);
	free_file(&file);
}

static void power_is_cut(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_file file;
	struct story story;

	(void)state;
	make_file(&file);
	assert_int_equal(write_with("cut", "cut@20000", false, false, &file, &story, &err),
			 KILN_E_TIMEOUT);
	expect_incomplete(&err);
	run_again("cut", &file);
	free_file(&file);
}

static void line_stands_still(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_file file;
	struct story story;

	(void)state;
	make_file(&file);
	assert_int_equal(write_with("stall", "stall@40000", false, false, &file, &story, &err),
			 KILN_E_TIMEOUT);
	expect_incomplete(&err);
	assert_int_equal(write_with("stall", "stall@40000:1500", false, false, &file, &story, &err),
			 KILN_OK);
	story_expect("stall", &file, 1);
	free_file(&file);
}

static void sector_that_does_not_take(void **state)
{
	static const bool no_stub[] = { false, true };
	struct kiln_flash_file file;

	(void)state;
	make_file(&file);
	for (size_t i = 0; i < 2; i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		const kiln_code code = write_with(i ? "bad1" : "bad0", "bad-sector@0x7000",
						  no_stub[i], false, &file, &story, &err);

		if (code == KILN_E_REFUSED) /* a ROM reads back what it wrote */
			continue;
		assert_int_equal(code, KILN_E_VERIFY);
		assert_string_equal(err.what, "cannot verify 'fw.bin' at 0x00001000");
		assert_string_equal(err.why, "flash holds other data than was written, first in "
					     "the sector at 0x00007000");
		assert_int_equal(story.count[KILN_FLASH_VERIFIED], 0);
	}
	free_file(&file);
}

/* Ctrl-C that goes on: the job ends at once and says what it leaves, the board is not held. */
static void interrupted(void **state)
{
	const struct kiln_scheme schemes[] = { wrap_scheme, kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	const struct kiln_flasher_options options = story_options(&story);
	struct kiln_flash_file file;
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_flasher *f;

	(void)state;
	wrap = (struct wrap){ .cancel_at = 50000 };
	make_file(&file);
	f = story_open(&story, &host, &options, "wrap:ctrl-c?clock=virtual");
	assert_int_equal(kiln_flasher_write(f, &job, &err), KILN_E_CANCELLED);
	expect_incomplete(&err);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_E_CANCELLED);
	assert_false(wrap.dtr || wrap.rts);
	run_again("ctrl-c", &file);
	free_file(&file);
}

/* The whole job, with such frames lost; how many there were. */
static unsigned write_losing(const char *name, const struct kiln_flash_file *file, unsigned baud,
			     bool no_compress, unsigned from, unsigned to, struct story *story)
{
	const struct kiln_scheme schemes[] = { wrap_scheme, kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	struct kiln_flasher_options options = story_options(story);
	struct kiln_flash_job job = STORY_JOB(file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;
	unsigned frames;
	char url[96];

	options.baud = baud;
	options.quick = true;
	job.no_compress = no_compress;
	wrap = (struct wrap){ .lose_from = from, .lose_to = to };
	kiln_text_format(url, sizeof(url), "wrap:%s?clock=virtual&latency=1", name);
	f = story_open(story, &host, &options, url);
	if (kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s, %u to %u: %s: %s", url, from, to, err.what, err.why);
	frames = wrap.frames;
	assert_int_equal(kiln_flasher_close(f, &err), KILN_OK);
	story_expect(name, file, 1);
	return frames;
}

/*
 * END goes out behind the last block, before that is answered. If both are lost nothing comes any
 * more: they, or the file, are sent again. So with each alone.
 */
static void the_end_of_a_write_is_lost(void **state)
{
	static const struct {
		unsigned baud;
		bool no_compress;
	} ways[] = { { 460800, false }, { 2000000, false }, { 2000000, true } };
	static const struct {
		unsigned from, to; /* from END, which is 0, towards the first block */
	} lost[] = { { 1, 0 }, { 0, 0 }, { 1, 1 } };
	struct kiln_flash_file file;
	struct story story;
	char name[32];

	(void)state;
	make_file(&file);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		kiln_text_format(name, sizeof(name), "end%zu", i);
		const unsigned n = write_losing(name, &file, ways[i].baud, ways[i].no_compress, 0,
						0, &story);

		assert_int_equal(n, story.blocks + 1);
		assert_int_equal(story.count[KILN_FLASH_RETRY], 0);
		for (size_t k = 0; k < sizeof(lost) / sizeof(lost[0]); k++) {
			kiln_text_format(name, sizeof(name), "end%zu-%zu", i, k);
			assert_true(write_losing(name, &file, ways[i].baud, ways[i].no_compress,
						 n - lost[k].from, n - lost[k].to, &story) > n);
			assert_true(story.count[KILN_FLASH_RETRY] > 0);
			assert_int_equal(story.count[KILN_FLASH_VERIFIED], 1);
		}
	}
	free_file(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_single_fault_is_overcome),
		cmocka_unit_test(noisy_line),
		cmocka_unit_test(cable_is_pulled),
		cmocka_unit_test(cable_is_pulled_before_the_write),
		cmocka_unit_test(power_is_cut),
		cmocka_unit_test(line_stands_still),
		cmocka_unit_test(sector_that_does_not_take),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(the_end_of_a_write_is_lost),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
