/* SPDX-License-Identifier: Apache-2.0 */
/* Every chip of the table, on the virtual board: found, written, verified, read, erased. */
#include "flash_help.h"

#include "chip/chip.h"

enum { APP_AT = 0x10000 };

/* What each model says of itself; `stub`: whether one runs on it. */
static const struct subject {
	const char *model, *name, *description;
	unsigned revision, crystal_mhz;
	bool stub;
} subjects[] = {
	{ "esp8266ex", "ESP8266", "ESP8266EX", 0, 40, true },
	{ "esp32-d0wdq6", "ESP32", "ESP32-D0WDQ6", 100, 40, true },
	{ "esp32s2fh2", "ESP32-S2", "ESP32-S2FH2", 0, 40, true },
	{ "esp32s3-qfn56", "ESP32-S3", "ESP32-S3 (QFN56)", 2, 40, true },
	{ "esp32c3-qfn32", "ESP32-C3", "ESP32-C3 (QFN32)", 3, 40, true },
	{ "esp8684h", "ESP32-C2", "ESP8684H", 101, 40, true },
	{ "esp8684h-26mhz", "ESP32-C2", "ESP8684H", 101, 26, true },
	{ "esp32c6fh4", "ESP32-C6", "ESP32-C6FH4 (QFN32)", 1, 40, true },
	{ "esp32c61-v1", "ESP32-C61", "ESP32-C61", 100, 40, true },
	{ "esp32c5-v1", "ESP32-C5", "ESP32-C5", 100, 48, true },
	{ "esp32c5-40mhz", "ESP32-C5", "ESP32-C5", 100, 40, true },
	{ "esp32e22-v0", "ESP32-E22", "ESP32-E22", 0, 40, false },
	{ "esp32h2-v0", "ESP32-H2", "ESP32-H2", 2, 32, true },
	{ "esp32h21-v1", "ESP32-H21", "ESP32-H21", 100, 32, false },
	{ "esp32p4-v4", "ESP32-P4", "ESP32-P4", 400, 40, true },
	{ "esp32p4-v1", "ESP32-P4", "ESP32-P4", 103, 40, true },
	{ "esp32h4-v1", "ESP32-H4", "ESP32-H4 (QFN40)", 100, 32, true },
	{ "esp32s31-v1", "ESP32-S31", "ESP32-S31", 100, 40, true },
};

enum { N_SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static const char *url_of(const struct subject *s, const char *prefix, const char *more)
{
	static char url[160];

	kiln_text_format(url, sizeof(url), "sim:%s-%s?clock=virtual&chip=%s%s", prefix, s->model,
			 s->model, more);
	return url;
}

static const struct kiln_chip *chip_of(const struct subject *s)
{
	const struct kiln_chip *chip = kiln_chip_by_option(s->name);

	assert_non_null(chip);
	return chip;
}

static void all_chips_have_a_subject(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		bool found = false;

		assert_true(kiln_chip_can_flash(&kiln_chips[i]));
		for (size_t k = 0; k < N_SUBJECTS; k++)
			found |= chip_of(&subjects[k]) == &kiln_chips[i];
		if (!found)
			fail_msg("%s is not tested", kiln_chips[i].name);
	}
}

static void each_says_who_it_is(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		const struct subject *s = &subjects[i];
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_flasher *f = story_open(&story, &host, &options,
						    url_of(s, "who", "&mac=24:0a:c4:12:87:7c"));
		const struct kiln_chip_info *info = kiln_flasher_chip(f);

		assert_string_equal(kiln_chip_name(info->chip), s->name);
		assert_string_equal(info->description, s->description);
		assert_int_equal(info->revision, s->revision);
		assert_int_equal(info->crystal_mhz, s->crystal_mhz);
		assert_memory_equal(info->mac, "\x24\x0a\xc4\x12\x87\x7c", 6);
		assert_true(info->features[0]);
		assert_int_equal(story.count[KILN_FLASH_STUB_RUNNING], s->stub);
		assert_int_equal(story.count[KILN_FLASH_WARNING], !s->stub);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

/* An image in this chip's own form. */
static uint8_t *make_image_for(const struct kiln_chip *chip, size_t *ret_size)
{
	const struct image_spec spec = {
		.chip_id = chip->image_id == KILN_CHIP_NO_ID ? 0 : chip->image_id,
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 2,
		.segment_size = 9000,
		.digest = chip->image_id != KILN_CHIP_NO_ID,
		.seed = 7,
		.is_short = chip->image_id == KILN_CHIP_NO_ID,
	};

	return image_make(&spec, ret_size);
}

static void read_back(struct kiln_flasher *f, const struct kiln_flash_file *file, uint32_t at)
{
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t part[300];

	if (kiln_flasher_read(f, file->address + at, part, sizeof(part), &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_memory_equal(part, file->data + at, sizeof(part));
}

static void is_erased(struct kiln_flasher *f, const char *name, uint32_t at, uint32_t size)
{
	struct kiln_err err = KILN_ERR_INIT;
	size_t n;
	uint8_t *flash;

	if (kiln_flasher_erase_region(f, at, size, &err) != KILN_OK)
		fail_msg("%s: %s: %s", name, err.what, err.why);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	flash = story_flash(name, &n);
	for (uint32_t i = at; i < at + size; i++)
		assert_int_equal(flash[i], 0xFF);
	assert_int_not_equal(flash[at + size], 0xFF);
	free(flash);
}

static void write_one(const struct subject *s, bool no_stub)
{
	const struct kiln_host host = help_host();
	const char *prefix = no_stub ? "rom" : "stub", *url = url_of(s, prefix, "");
	const struct kiln_chip *chip = chip_of(s);
	struct kiln_flash_file files[2] = {
		{ .address = chip->bootloader_offset, .name = "boot.bin" },
		{ .address = APP_AT, .name = "data.bin" },
	};
	struct kiln_flash_job job = STORY_JOB(files, 2);
	uint8_t *image = make_image_for(chip, &files[0].size), data[40000];
	const bool can_check = !(no_stub && chip->rom_is_old);
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;
	char name[80];

	image_fill(data, sizeof(data), 4);
	data[0x8000] = 0; /* what stands behind the region that is erased */
	files[0].data = image;
	files[1].data = data;
	files[1].size = sizeof(data);
	options.baud = 460800;
	options.no_stub = no_stub;
	if (story_write(&host, url, &options, &job, &err) != KILN_OK)
		fail_msg("%s: %s: %s", url, err.what, err.why);
	kiln_text_format(name, sizeof(name), "%s-%s", prefix, s->model);
	story_expect(name, files, 2);
	assert_int_equal(story.count[KILN_FLASH_VERIFIED], can_check ? 2 : 0);

	options = story_options(&story);
	options.no_stub = no_stub;
	f = story_open(&story, &host, &options, url);
	if (can_check)
		read_back(f, &files[1], 5000);
	/* an even number of sectors up to no border: the oldest ROM erases just these, too */
	is_erased(f, name, APP_AT, 0x8000);
	free(image);
}

static void each_is_written_by_its_stub(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++)
		write_one(&subjects[i], false);
}

static void each_is_written_by_its_rom(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++)
		write_one(&subjects[i], true);
}

/* Each takes the name that it was given only if it is its own. */
static void another_name_is_refused(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		for (unsigned k = 0; k < kiln_n_chips; k++) {
			const struct subject *s = &subjects[i];
			struct story story;
			struct kiln_flasher_options options = story_options(&story);
			struct kiln_flasher *f = NULL;
			struct kiln_err err = KILN_ERR_INIT;
			const bool same = &kiln_chips[k] == chip_of(s);
			kiln_code code;

			options.chip = &kiln_chips[k];
			code = kiln_flasher_open(&host, url_of(s, "name", ""), &options, &f, &err);
			if (code != (same ? KILN_OK : KILN_E_WRONG_CHIP))
				fail_msg("%s as %s: %s: %s", s->model, kiln_chips[k].name, err.what,
					 err.why);
			kiln_flasher_abandon(f);
		}
	}
}

static void an_image_for_another_is_refused(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		const struct subject *s = &subjects[i];
		const bool c3 = chip_of(s)->image_id == 5;
		struct kiln_flash_file file = { .address = chip_of(s)->bootloader_offset,
						.name = "other.bin" };
		const struct kiln_flash_job job = STORY_JOB(&file, 1);
		uint8_t *image = make_image_for(kiln_chip_by_option(c3 ? "esp32s3" : "esp32c3"),
						&file.size);
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_err err = KILN_ERR_INIT;

		file.data = image;
		if (story_write(&host, url_of(s, "image", ""), &options, &job, &err) == KILN_OK)
			fail_msg("%s took an image for another chip", s->model);
		assert_int_equal(err.code, chip_of(s)->image_id == KILN_CHIP_NO_ID
						   ? KILN_E_IMAGE
						   : KILN_E_WRONG_CHIP);
		free(image);
	}
}

/* --- secure download mode --- */

static void secure_download_writes_and_no_more(void **state)
{
	const struct kiln_host host = help_host();
	size_t n;

	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		const struct subject *s = &subjects[i];
		const struct kiln_chip *chip = chip_of(s);
		struct kiln_flash_file file = { .address = chip->bootloader_offset,
						.name = "boot.bin" };
		const struct kiln_flash_job job = STORY_JOB(&file, 1);
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_flasher *f;
		uint8_t byte, *image;
		char name[80];

		if (chip->magic && chip->image_id != 2) /* they have no such mode */
			continue;
		image = make_image_for(chip, &n);
		file.data = image;
		file.size = n;
		f = story_open(&story, &host, &options, url_of(s, "secure", "&secure=download"));
		assert_true(kiln_flasher_chip(f)->secure_download);
		assert_ptr_equal(kiln_flasher_chip(f)->chip, chip);
		assert_int_equal(story.count[KILN_FLASH_STUB_UPLOAD], 0);
		if (kiln_flasher_write(f, &job, &err) != KILN_OK)
			fail_msg("%s: %s: %s", s->model, err.what, err.why);
		assert_int_equal(story.count[KILN_FLASH_VERIFYING], 0);
		assert_int_equal(kiln_flasher_read(f, 0, &byte, 1, &err), KILN_E_UNSUPPORTED);
		assert_string_equal(err.why, "the chip is in secure download mode");
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		kiln_text_format(name, sizeof(name), "secure-%s", s->model);
		story_expect(name, &file, 1);
		free(image);
	}
}

/* --- beyond 16 MB --- */

static kiln_code write_at_20mb(const char *model, bool no_stub, struct kiln_err *err)
{
	const struct kiln_host host = help_host();
	struct kiln_flash_file file = { .address = 20 << 20, .name = "far.bin" };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	uint8_t data[5000];
	char url[100];

	image_fill(data, sizeof(data), 6);
	file.data = data;
	file.size = sizeof(data);
	options.no_stub = no_stub;
	kiln_text_format(url, sizeof(url), "sim:far-%s?clock=virtual&size=32MB&chip=%s", model,
			 model);
	return story_write(&host, url, &options, &job, err);
}

static void only_some_stubs_reach_beyond_16mb(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	if (write_at_20mb("esp32s3", false, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(write_at_20mb("esp32s3", true, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.why, "only the stub can, and it does not run");
	assert_int_equal(write_at_20mb("esp32c3", false, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.why, "the loader of the ESP32-C3 has no commands for it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_chips_have_a_subject),
		cmocka_unit_test(each_says_who_it_is),
		cmocka_unit_test(each_is_written_by_its_stub),
		cmocka_unit_test(each_is_written_by_its_rom),
		cmocka_unit_test(another_name_is_refused),
		cmocka_unit_test(an_image_for_another_is_refused),
		cmocka_unit_test(secure_download_writes_and_no_more),
		cmocka_unit_test(only_some_stubs_reach_beyond_16mb),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
