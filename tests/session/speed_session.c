/* SPDX-License-Identifier: Apache-2.0 */
/* A speed that finds itself: up as far as the wire carries, down where it does not, never in vain.
 */
#include "flash_help.h"

#include "wrap.h"

#include "flash/speed.h"

static struct kiln_flash_file file;

static int make_file(void **state)
{
	const struct image_spec spec = {
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 3,
		.segment_size = 200000,
		.digest = true,
		.seed = 5,
	};

	file = (struct kiln_flash_file){ .address = 0x1000, .name = "fw.bin" };
	file.data = image_make(&spec, &file.size);
	return help_state_home(state);
}

static int free_file(void **state)
{
	free((void *)(uintptr_t)file.data);
	return help_state_home_gone(state);
}

/* Virtual milliseconds; the flash must hold the file then. */
static kiln_ms flash(const char *name, const char *fault, unsigned baud,
		     struct kiln_flash_speed *speed, struct story *story)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(story);
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;
	char url[320];
	kiln_ms ms;

	options.quick = true;
	options.baud = baud;
	options.speed = speed;
	kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual%s%s", name,
			 *fault ? "&fault=" : "", fault);
	if (kiln_flasher_open(&host, url, &options, &f, &err) != KILN_OK ||
	    kiln_flasher_prepare(f, &err) != KILN_OK ||
	    kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s: %s: %s", fault, err.what, err.why);
	ms = kiln_flasher_elapsed(f);
	assert_int_equal(kiln_flasher_close(f, &err), KILN_OK);
	story_expect(name, &file, 1);
	return ms;
}

static void the_ladder_has_ends(void **state)
{
	(void)state;
	assert_int_equal(kiln_speed_above(115200), 230400);
	assert_int_equal(kiln_speed_above(500000), 921600);
	assert_int_equal(kiln_speed_above(3000000), 0);
	assert_int_equal(kiln_speed_below(500000), 460800);
	assert_int_equal(kiln_speed_below(115200), 0);
	assert_int_equal(kiln_speed_below(9600), 0);
}

static void up_as_far_as_the_wire_carries(void **state)
{
	static const struct {
		const char *fault;
		unsigned used;
	} cases[] = {
		{ "", 2000000 },
		{ "too-fast@1500000", 1500000 },
		{ "from-too-fast@921600", 921600 },
		{ "to-too-fast@921600", 921600 },
		{ "too-fast@460800", 460800 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flash_speed speed = { 0 };
		struct story story;
		char name[16];

		kiln_text_format(name, sizeof(name), "up%zu", i);
		flash(name, cases[i].fault, 460800, &speed, &story);
		assert_int_equal(speed.used, cases[i].used);
		assert_true(speed.proven);
	}
}

/* Found with `wrap` as it is now; the flash must hold the file then. */
static unsigned found_by_wrap(const char *name, kiln_ms *ret_ms)
{
	struct kiln_host host = help_host();
	const struct kiln_scheme schemes[] = { host.schemes[0], wrap_scheme, { 0 } };
	struct kiln_flash_speed speed = { 0 };
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;
	char url[64];

	host.schemes = schemes;
	options.quick = true;
	options.baud = 460800;
	options.speed = &speed;
	kiln_text_format(url, sizeof(url), "wrap:%s?clock=virtual", name);
	f = story_open(&story, &host, &options, url);
	if (kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s: %s: %s", name, err.what, err.why);
	*ret_ms = kiln_flasher_elapsed(f);
	assert_int_equal(kiln_flasher_close(f, &err), KILN_OK);
	assert_true(speed.proven);
	wrap = (struct wrap){ 0 };
	story_expect(name, &file, 1);
	return speed.used;
}

/* An adapter that refuses a speed, and a board that does not stay up at one. */
static void what_refuses_a_speed_costs_little(void **state)
{
	kiln_ms refused, reset, all;

	(void)state;
	assert_int_equal(found_by_wrap("all", &all), 2000000);
	wrap.max_baud = 1000000;
	assert_int_equal(found_by_wrap("refuses", &refused), 921600);
	wrap.resets_at = 1000000;
	assert_int_equal(found_by_wrap("resets", &reset), 921600);
	print_message("# %lld ms, refused above 921600: %lld ms, reset above it: %lld ms\n",
		      (long long)all, (long long)refused, (long long)reset);
	assert_true(refused < all + 2500 && reset < all + 8000);
}

static void it_pays(void **state)
{
	struct kiln_flash_speed speed = { 0 };
	struct story story;

	(void)state;
	assert_true(flash("pays0", "", 460800, &speed, &story) * 3 <
		    flash("pays1", "", 460800, NULL, &story) * 2);
}

/*
 * A block that is broken while the next one is under way can't be sent again by itself. Whether
 * one is, at a given byte, is the sender's affair: places are tried until `n` were met.
 */
static void break_blocks(const char *name, unsigned n, struct kiln_flash_speed *speed,
			 struct story *story)
{
	enum { FIRST = 100000, STEP = 7001, END = 400000 };
	char board[32], fault[160] = "";
	size_t known = 0;

	for (unsigned at = FIRST, met = 0; met < n; at += STEP) {
		if (at > END)
			fail_msg("only %u blocks are broken while the next is under way", met);
		*speed = (struct kiln_flash_speed){ .known = 921600 };
		kiln_text_format(board, sizeof(board), "%s%u", name, at);
		kiln_text_format(fault + known, sizeof(fault) - known, "%sto-lose@%u",
				 known ? "," : "", at);
		flash(board, fault, 921600, speed, story);
		if (story->count[KILN_FLASH_COMPARED] <= met)
			continue;
		met++;
		known = strlen(fault);
	}
}

/* What is in the flash when the line fails is not sent again. */
static void what_stands_there_is_not_sent_again(void **state)
{
	struct kiln_flash_speed speed;
	struct story story;

	(void)state;
	break_blocks("half", 1, &speed, &story);
	assert_true(story.sizes[1] < file.size * 9 / 10);
	assert_int_equal(speed.used, 0); /* once is by chance */
}

static void the_second_fault_slows_it_down(void **state)
{
	struct kiln_flash_speed speed;
	struct story story;

	(void)state;
	break_blocks("twice", 2, &speed, &story);
	assert_int_equal(speed.used, 460800);
	assert_true(speed.proven);
}

static void what_is_known_is_used_at_once_and_unlearned(void **state)
{
	struct kiln_flash_speed speed = { .known = 1500000 };
	struct story story;

	(void)state;
	flash("known0", "", 1500000, &speed, &story);
	assert_int_equal(speed.used, 0); /* as it was told */
	assert_false(speed.proven);
	speed = (struct kiln_flash_speed){ .known = 2000000 };
	flash("known1", "too-fast@500000", 2000000, &speed, &story);
	assert_int_equal(speed.used, 460800);
	assert_true(speed.proven);
}

/* What was found long ago: one step above it, once; a step that fails costs little. */
static void one_step_above_what_is_known(void **state)
{
	static const struct {
		const char *fault;
		unsigned used;
	} cases[] = { { "", 1500000 }, { "too-fast@1000000", 921600 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flash_speed speed = { .known = 921600 };
		struct story story;
		char name[16];
		kiln_ms plain, tried;

		kiln_text_format(name, sizeof(name), "above%zu", i);
		plain = flash(name, cases[i].fault, 921600, &speed, &story);
		assert_false(speed.proven);
		assert_int_equal(story.count[KILN_FLASH_BAUD], 1);
		speed = (struct kiln_flash_speed){ .known = 921600, .try_next = true };
		tried = flash(name, cases[i].fault, 921600, &speed, &story);
		assert_int_equal(speed.used, cases[i].used);
		assert_true(speed.proven);
		assert_in_range(story.count[KILN_FLASH_BAUD], 2, 3);
		print_message("# %u baud: %lld ms, with a try %lld ms\n", cases[i].used,
			      (long long)plain, (long long)tried);
		assert_true(tried < plain + 2000); /* with a reset, if the chip is lost */
	}
}

/* The same again sends nothing, so nothing is tried out for it. */
static void nothing_is_sent(unsigned again)
{
	struct kiln_flash_speed speed;
	const struct kiln_host host = help_host();
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;

	flash("again", "", 460800, NULL, &story);
	options = story_options(&story);
	options.baud = 460800;
	options.speed = &speed;
	job.diff = true;
	speed = (struct kiln_flash_speed){ .known = again, .try_next = again };
	assert_int_equal(story_write(&host, "sim:again?clock=virtual", &options, &job, &err),
			 KILN_OK);
	assert_int_equal(speed.used, 0);
	assert_int_equal(story.count[KILN_FLASH_BAUD], 1);
	assert_true(speed.try_next == (again != 0)); /* for another time */
}

static void no_climbing_for_nothing(void **state)
{
	(void)state;
	nothing_is_sent(0);
	nothing_is_sent(460800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ladder_has_ends),
		cmocka_unit_test(up_as_far_as_the_wire_carries),
		cmocka_unit_test(what_refuses_a_speed_costs_little),
		cmocka_unit_test(it_pays),
		cmocka_unit_test(what_stands_there_is_not_sent_again),
		cmocka_unit_test(the_second_fault_slows_it_down),
		cmocka_unit_test(what_is_known_is_used_at_once_and_unlearned),
		cmocka_unit_test(one_step_above_what_is_known),
		cmocka_unit_test(no_climbing_for_nothing),
	};

	return cmocka_run_group_tests(tests, make_file, free_file);
}
