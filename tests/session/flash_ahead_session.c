/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast bytes go to the flash: frames are sent ahead of the answers, by what the stub is
 * foreseen to do, and what it does otherwise costs time, never bytes.
 */
#include "flash_help.h"

static const struct image_spec firmware = {
	.max_rev_full = 0xFFFF,
	.mode = 2,
	.size_freq = 0x20,
	.n_segments = 3,
	.segment_size = 300000,
	.digest = true,
	.seed = 3,
};

/*
 * Over old firmware erases come between, which no answer announces: blocks that were sent ahead too
 * soon are found out and sent again, and none is taken twice or left out.
 */
static void ahead_of_answers_over_old_firmware(void **state)
{
	static const unsigned bauds[] = { 460800, 921600, 2000000 };
	static const char *const urls[] = { "sim:ahead?clock=virtual&latency=1",
					    "sim:ahead?clock=virtual&latency=16" };
	const struct kiln_host host = help_host();
	struct image_spec spec = firmware;
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);

	(void)state;
	options.quick = true;
	for (unsigned i = 0; i < 6; i++) {
		struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
		const struct kiln_flash_job job = STORY_JOB(&file, 1);

		spec.seed = i + 1;
		uint8_t *p = image_make(&spec, &file.size);

		file.data = p;
		options.baud = bauds[i % 3];
		if (story_write(&host, urls[i / 3], &options, &job, &err) != KILN_OK)
			fail_msg("%u baud: %s: %s", options.baud, err.what, err.why);
		story_expect("ahead", &file, 1);
		free(p);
	}
}

/* A whole job at a speed and on a chip where frames go ahead by foresight. Returns what it took. */
static kiln_ms write_fast(const char *url, const struct kiln_flash_file *file, bool diff,
			  struct story *story)
{
	const struct kiln_host host = help_host();
	struct kiln_flash_job job = STORY_JOB(file, 1);
	struct kiln_flasher_options options = story_options(story);
	struct kiln_err err = KILN_ERR_INIT;

	options.baud = 2000000;
	options.quick = true;
	job.diff = diff;
	if (story_write(&host, url, &options, &job, &err) != KILN_OK)
		fail_msg("%s: %s: %s", url, err.what, err.why);
	return story->wrote_ms;
}

/*
 * A chip that is blank where it is asked, and holds something in one sector in between: the stub
 * erases from there on, which nobody foresaw. It costs the erases and a little, and all is right.
 */
static void hidden_sector(void **state)
{
	static uint8_t old[100];
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" },
			       hidden = { 0, "old.bin", old, sizeof(old) };
	static const unsigned sectors[] = { 9, 37, 100, 218 };
	struct story story;
	char name[32], url[96];

	(void)state;
	uint8_t *p = image_make(&firmware, &file.size);

	file.data = p;
	(void)write_fast("sim:hid?clock=virtual&latency=16", &file, true, &story);
	assert_int_equal(story.count[KILN_FLASH_RETRY], 0);
	const kiln_ms over_old = write_fast("sim:hid?clock=virtual&latency=16", &file, false,
					    &story);

	for (size_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		hidden.address = 0x1000 + 0x1000 * sectors[i];
		kiln_text_format(name, sizeof(name), "hid-%u", sectors[i]);
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&latency=16", name);
		(void)write_fast(url, &hidden, false, &story);
		const kiln_ms took = write_fast(url, &file, true, &story);

		story_expect(name, &file, 1);
		assert_in_range(story.count[KILN_FLASH_RETRY], 0, 1);
		assert_in_range(took, 1, over_old + 1000);
	}
	free(p);
}

/* Chips that are quicker than was foreseen, and slower: blank, and over old firmware. */
static void other_chips(void **state)
{
	static const char *const parts[] = { "gd25q", "w25q", "worn" };
	struct image_spec spec = firmware;
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	struct story story;
	char url[96];

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		const char *part = parts[i / 4];

		spec.seed = i + 1;
		uint8_t *p = image_make(&spec, &file.size);

		file.data = p;
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&part=%s&latency=%u", part,
				 part, i % 2 ? 1 : 16);
		(void)write_fast(url, &file, true, &story);
		story_expect(part, &file, 1);
		assert_in_range(story.count[KILN_FLASH_RETRY], 0, 1);
		free(p);
	}
}

/* The stated figure: at most 1.08 times what the bytes take on the wire. */
static void wire_is_kept_busy(void **state)
{
	const struct kiln_host host = help_host();
	struct image_spec spec = firmware;
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_link_stats before, after;
	struct kiln_flasher *f;

	(void)state;
	spec.segment_size = 500000;
	uint8_t *p = image_make(&spec, &file.size);

	file.data = p;
	options.baud = 460800;
	f = story_open(&story, &host, &options, "sim:wire?clock=virtual&latency=1");
	kiln_flasher_stats(f, &before);
	if (kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	kiln_flasher_stats(f, &after);
	const double wire_ms = (double)(after.bytes_out - before.bytes_out) * 10 * 1000 / 460800;

	assert_true((double)story.wrote_ms < 1.08 * wire_ms);
	/* and those around it: id, SFDP maker and reset of the flash, eFuses, size, a digest */
	assert_true(after.turns - before.turns < story.blocks + 24);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	story_expect("wire", &file, 1);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ahead_of_answers_over_old_firmware),
		cmocka_unit_test(hidden_sector),
		cmocka_unit_test(other_chips),
		cmocka_unit_test(wire_is_kept_busy),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
