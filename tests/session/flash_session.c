/* SPDX-License-Identifier: Apache-2.0 */
/* Whole jobs on the virtual board: what stands in the flash afterwards, and what was told. */
#include "flash_help.h"

#include <kiln/image.h>

static const struct image_spec boot_spec = {
	.max_rev_full = 0xFFFF,
	.mode = 2,
	.size_freq = 0x20,
	.n_segments = 3,
	.segment_size = 20000,
	.digest = true,
	.seed = 3,
};

static void expect_order(const struct story *s, const unsigned *order, unsigned n)
{
	assert_int_equal(s->n_order, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(s->order[i], order[i]);
}

static void one_file_with_stub(void **state)
{
	static const unsigned order[] = {
		KILN_FLASH_CONNECTING,   KILN_FLASH_CONNECTED,   KILN_FLASH_DETECT_SWITCH,
		KILN_FLASH_CONNECTING,   KILN_FLASH_CONNECTED,   KILN_FLASH_DETECTED,
		KILN_FLASH_CHIP,         KILN_FLASH_STUB_UPLOAD, KILN_FLASH_STUB_START,
		KILN_FLASH_STUB_RUNNING, KILN_FLASH_BAUD,        KILN_FLASH_BAUD_CHANGED,
		KILN_FLASH_SIZE_ASKED,   KILN_FLASH_WILL_ERASE,  KILN_FLASH_FILE,
		KILN_FLASH_FILE_ERASE,   KILN_FLASH_COMPRESSED,  KILN_FLASH_WRITING,
		KILN_FLASH_WROTE,        KILN_FLASH_VERIFYING,   KILN_FLASH_VERIFIED,
		KILN_FLASH_LEAVING,      KILN_FLASH_RESET,
	};
	const struct kiln_host host = help_host();
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	uint8_t *p = image_make(&boot_spec, &file.size);

	(void)state;
	file.data = p;
	options.baud = 460800;
	if (story_write(&host, "sim:one?clock=virtual", &options, &job, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	story_expect("one", &file, 1);
	expect_order(&story, order, sizeof(order) / sizeof(order[0]));
	assert_true(story.blocks_in_order);
	assert_int_equal(story.last_block, story.blocks);
	assert_int_equal(story.sizes[1], file.size);
	assert_in_range(story.sizes[0], 1, file.size);
	assert_int_equal(story.count[KILN_FLASH_RETRY], 0);
	free(p);
}

/* The magic register first, and the stub at full speed: no second reset, half the time. */
static void quick_start(void **state)
{
	static const unsigned order[] = {
		KILN_FLASH_CONNECTING,  KILN_FLASH_CONNECTED,  KILN_FLASH_DETECTED,
		KILN_FLASH_CHIP,        KILN_FLASH_BAUD,       KILN_FLASH_BAUD_CHANGED,
		KILN_FLASH_STUB_UPLOAD, KILN_FLASH_STUB_START, KILN_FLASH_STUB_RUNNING,
		KILN_FLASH_SIZE_ASKED,  KILN_FLASH_WILL_ERASE, KILN_FLASH_FILE,
		KILN_FLASH_FILE_ERASE,  KILN_FLASH_COMPRESSED, KILN_FLASH_WRITING,
		KILN_FLASH_WROTE,       KILN_FLASH_VERIFYING,  KILN_FLASH_VERIFIED,
		KILN_FLASH_LEAVING,     KILN_FLASH_RESET,
	};
	const struct kiln_host host = help_host();
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	uint8_t *p = image_make(&boot_spec, &file.size);

	(void)state;
	file.data = p;
	options.baud = 921600;
	options.quick = true;
	if (story_write(&host, "sim:quick?clock=virtual", &options, &job, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	story_expect("quick", &file, 1);
	expect_order(&story, order, sizeof(order) / sizeof(order[0]));
	free(p);
}

/* One byte lost, added or turned on the way to a stub that runs at full speed. */
static void quick_start_with_faults(void **state)
{
	static const char *const kinds[] = { "to-lose",   "to-flip",   "to-add",
					     "from-lose", "from-flip", "from-add" };
	const struct kiln_host host = help_host();
	char url[96];

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_flasher *f;

		options.baud = 921600;
		options.quick = true;
		kiln_text_format(url, sizeof(url), "sim:q%u?clock=virtual&fault=%s@%u", i % 6,
				 kinds[i % 6], 50 + i * 4);
		if (kiln_flasher_open(&host, url, &options, &f, &err) != KILN_OK ||
		    kiln_flasher_prepare(f, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

static void chip_says_who_it_is(void **state)
{
	const struct kiln_host host = help_host();
	const char *url = "sim:who?clock=virtual&mac=24:0a:c4:12:87:7c";
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_flasher *f = story_open(&story, &host, &options, url);
	const struct kiln_chip_info *info = kiln_flasher_chip(f);

	(void)state;
	assert_string_equal(kiln_chip_name(info->chip), "ESP32");
	assert_memory_equal(info->mac, "\x24\x0a\xc4\x12\x87\x7c", 6);
	assert_int_equal(info->crystal_mhz, 40);
	assert_non_null(strstr(info->features, "WiFi, BT, Dual Core"));
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

/* The ways that bytes can go: stub or ROM, compressed or not. */
static void all_ways_write_the_same(void **state)
{
	static const struct {
		const char *name;
		bool no_stub, no_compress;
	} ways[] = { { "w0", false, false },
		     { "w1", false, true },
		     { "w2", true, false },
		     { "w3", true, true } };
	const struct kiln_host host = help_host();
	struct kiln_flash_file files[3] = { { .address = 0x10000, .name = "app.bin" },
					    { .address = 0x1000, .name = "boot.bin" },
					    { .address = 0x9000, .name = "odd.bin" } };
	uint8_t odd[4099];
	struct image_spec spec = boot_spec;

	(void)state;
	spec.segment_size = 3000;
	uint8_t *boot = image_make(&spec, &files[1].size);
	spec.segment_size = 12000;
	uint8_t *app = image_make(&spec, &files[0].size);
	files[0].data = app;
	files[1].data = boot;
	image_fill(odd, sizeof(odd), 9);
	files[2].data = odd;
	files[2].size = sizeof(odd);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct kiln_flash_job job = STORY_JOB(files, 3);
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		char url[64];

		options.no_stub = ways[i].no_stub;
		job.no_compress = ways[i].no_compress;
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual", ways[i].name);
		if (story_write(&host, url, &options, &job, &err) != KILN_OK)
			fail_msg("%s: %s: %s", ways[i].name, err.what, err.why);
		story_expect(ways[i].name, files, 3);
		assert_int_equal(story.count[KILN_FLASH_VERIFIED], 3);
		assert_int_equal(story.count[KILN_FLASH_WILL_ERASE], 3);
		assert_int_equal(story.count[KILN_FLASH_COMPRESSED], ways[i].no_compress ? 0 : 3);
		assert_int_equal(story.count[KILN_FLASH_STUB_UPLOAD], !ways[i].no_stub);
	}
	free(boot);
	free(app);
}

/* Plain, and told so: by a stub and by a ROM; but compressed by who wants it quick. */
static void what_does_not_become_smaller(void **state)
{
	static const struct {
		const char *name;
		bool no_stub, quick;
		unsigned plain, compressed, erased;
	} ways[] = {
		{ "s0", false, false, 1, 1, 0 },
		{ "s1", true, false, 1, 1, 2 },
		{ "s2", false, true, 0, 2, 0 },
	};
	const struct kiln_host host = help_host();
	struct kiln_flash_file files[2] = { { .address = 0x10000, .name = "noise.bin" },
					    { .address = 0x40000, .name = "zeros.bin" } };
	/* not whole words, and too big to be copied for that */
	static uint8_t noise[100001], zeros[40000];
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (uint8_t)(x >> 24);
	}
	files[0].data = noise;
	files[1].data = zeros;
	files[0].size = sizeof(noise);
	files[1].size = sizeof(zeros);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct kiln_flash_job job = STORY_JOB(files, 2);
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		char url[64];

		options.no_stub = ways[i].no_stub;
		options.quick = ways[i].quick;
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual", ways[i].name);
		if (story_write(&host, url, &options, &job, &err) != KILN_OK)
			fail_msg("%s: %s: %s", ways[i].name, err.what, err.why);
		story_expect(ways[i].name, files, 2);
		assert_int_equal(story.count[KILN_FLASH_VERIFIED], 2);
		assert_int_equal(story.count[KILN_FLASH_PLAIN], ways[i].plain);
		assert_int_equal(story.count[KILN_FLASH_COMPRESSED], ways[i].compressed);
		assert_int_equal(story.count[KILN_FLASH_ROM_ERASING], ways[i].erased);
		assert_int_equal(story.count[KILN_FLASH_ROM_ERASED], ways[i].erased);
	}
}

/* As the originals count it: what a ROM erases first is told on its own. */
static void an_erase_is_no_writing(void **state)
{
	static const char *const parts[] = { "gd25q", "worn" };
	const struct kiln_host host = help_host();
	uint8_t data[20000];
	const struct kiln_flash_file file = { 0x20000, "x.bin", data, sizeof(data) };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	kiln_ms wrote[2], erased[2];
	char url[80];

	(void)state;
	image_fill(data, sizeof(data), 9);
	for (int i = 0; i < 2; i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher_options options = story_options(&story);

		options.no_stub = true;
		kiln_text_format(url, sizeof(url), "sim:slow%d?clock=virtual&part=%s", i, parts[i]);
		if (story_write(&host, url, &options, &job, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
		wrote[i] = story.wrote_ms;
		erased[i] = story.erased_ms;
	}
	/* the wire takes its time, whatever the erase took before */
	assert_in_range(wrote[0], 1000, 3000);
	assert_true(erased[1] > 2 * erased[0] && erased[1] > 500);
	assert_true(wrote[1] < wrote[0] + erased[1] / 2);
}

/* In a sector that does not begin with the file's first byte. */
static void address_within_a_sector(void **state)
{
	static const char *const names[] = { "in0", "in1" };
	const struct kiln_host host = help_host();
	uint8_t data[5000];
	const struct kiln_flash_file file = { 0x20404, "x.bin", data, sizeof(data) };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);

	(void)state;
	image_fill(data, sizeof(data), 4);
	for (int no_stub = 0; no_stub < 2; no_stub++) {
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_err err = KILN_ERR_INIT;
		char url[64];

		options.no_stub = no_stub;
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual", names[no_stub]);
		if (story_write(&host, url, &options, &job, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
		story_expect(names[no_stub], &file, 1);
		assert_string_equal(
			story.warning,
			"Flash address 0x00020404 is not aligned to a 0x1000 byte flash sector. "
			"0x404 bytes before this address will be erased.");
	}
}

static void parameters_are_patched(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_image image;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	uint8_t *p = image_make(&boot_spec, &file.size);
	size_t size;

	(void)state;
	file.data = p;
	job.mode = 0;
	job.freq = 0xf;
	job.size = KILN_FLASH_DETECT;
	if (story_write(&host, "sim:patch?clock=virtual&size=8MB", &options, &job, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	uint8_t *flash = story_flash("patch", &size);

	assert_int_equal(size, 8 << 20);
	assert_int_equal(kiln_image_verify(flash + 0x1000, file.size, &image, NULL), KILN_OK);
	assert_int_equal(image.mode, 0);
	assert_int_equal(image.freq, 0xf);
	assert_int_equal(image.size, 3);
	assert_int_equal(p[2], 2); /* the caller's bytes are as they were */
	assert_int_equal(story.count[KILN_FLASH_PARAMS], 1);
	assert_int_equal(story.count[KILN_FLASH_REDIGESTED], 1);
	assert_int_equal(story.count[KILN_FLASH_SIZE_DETECTED], 1);
	free(flash);
	free(p);
}

static void fill_board(const struct kiln_host *host, const char *url)
{
	static uint8_t data[64 * 1024];
	const struct kiln_flash_file file = { 0x40000, "old.bin", data, sizeof(data) };
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct story story;
	const struct kiln_flasher_options options = story_options(&story);

	image_fill(data, sizeof(data), 1);
	assert_int_equal(story_write(host, url, &options, &job, NULL), KILN_OK);
}

static void whole_chip_is_erased(void **state)
{
	const struct kiln_host host = help_host();
	const char *url = "sim:erase?clock=virtual";

	(void)state;
	for (int no_stub = 0; no_stub < 2; no_stub++) {
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_flasher *f;

		fill_board(&host, url);
		story_options(&story);
		options.no_stub = no_stub;
		f = story_open(&story, &host, &options, url);
		assert_int_equal(kiln_flasher_erase_all(f, NULL), KILN_OK);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		story_expect("erase", NULL, 0);
		assert_int_equal(story.count[KILN_FLASH_ERASED], 1);
	}
}

static void region_is_erased(void **state)
{
	const struct kiln_host host = help_host();
	const char *url = "sim:region?clock=virtual";
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	uint8_t want[64 * 1024];
	const struct kiln_flash_file left = { 0x40000, "old.bin", want, sizeof(want) };
	struct kiln_flasher *f;

	(void)state;
	image_fill(want, sizeof(want), 1);
	memset(want + 0x3000, 0xFF, 0x2000);
	for (int no_stub = 0; no_stub < 2; no_stub++) {
		fill_board(&host, url);
		options.no_stub = no_stub;
		f = story_open(&story, &host, &options, url);
		assert_int_equal(kiln_flasher_erase_region(f, 0x43000, 0x2000, NULL), KILN_OK);
		assert_int_equal(kiln_flasher_erase_region(f, 0x43001, 0x1000, &err),
				 KILN_E_INVALID);
		assert_int_equal(kiln_flasher_erase_region(f, 0x3ff000, 0x2000, &err),
				 KILN_E_TOO_BIG);
		assert_string_equal(err.why, "the flash ends at 0x00400000");
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		story_expect("region", &left, 1);
	}
}

static void erase_before_writing(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct story story;
	struct kiln_flasher_options options;
	uint8_t *p = image_make(&boot_spec, &file.size);

	(void)state;
	file.data = p;
	job.erase_all = true;
	fill_board(&host, "sim:all?clock=virtual");
	options = story_options(&story);
	assert_int_equal(story_write(&host, "sim:all?clock=virtual", &options, &job, NULL),
			 KILN_OK);
	story_expect("all", &file, 1);
	assert_int_equal(story.count[KILN_FLASH_ERASED], 1);
	assert_int_equal(story.count[KILN_FLASH_WILL_ERASE], 0);
	free(p);
}

static void flash_is_read_back(void **state)
{
	const struct kiln_host host = help_host();
	uint8_t want[64 * 1024], got[64 * 1024];

	(void)state;
	image_fill(want, sizeof(want), 1);
	fill_board(&host, "sim:read?clock=virtual");
	for (int no_stub = 0; no_stub < 2; no_stub++) {
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_flasher *f;
		const size_t n = no_stub ? 1000 : 50001;

		options.no_stub = no_stub;
		f = story_open(&story, &host, &options, "sim:read?clock=virtual");
		memset(got, 0, sizeof(got));
		if (kiln_flasher_read(f, 0x40010, got, n, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
		assert_memory_equal(got, want + 0x10, n);
		assert_int_equal(kiln_flasher_read(f, 0x3fff00, got, 0x200, &err), KILN_E_TOO_BIG);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_file_with_stub),
		cmocka_unit_test(quick_start),
		cmocka_unit_test(quick_start_with_faults),
		cmocka_unit_test(chip_says_who_it_is),
		cmocka_unit_test(all_ways_write_the_same),
		cmocka_unit_test(what_does_not_become_smaller),
		cmocka_unit_test(an_erase_is_no_writing),
		cmocka_unit_test(address_within_a_sector),
		cmocka_unit_test(parameters_are_patched),
		cmocka_unit_test(whole_chip_is_erased),
		cmocka_unit_test(region_is_erased),
		cmocka_unit_test(erase_before_writing),
		cmocka_unit_test(flash_is_read_back),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
