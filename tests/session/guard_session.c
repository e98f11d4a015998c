/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted writes, chips with secure boot or encryption, and files written over older ones. */
#include "flash_help.h"

#include "sim/writer.h"

enum { AT = 0x10000, SIZE = 20000 };

static uint8_t data[SIZE];

static int set_up(void **state)
{
	const int code = help_state_home(state);

	image_fill(data, sizeof(data), 5);
	data[0] = 0; /* no image */
	return code;
}

static struct kiln_flash_file data_file(void)
{
	return (struct kiln_flash_file){
		.address = AT, .name = "a.bin", .data = data, .size = SIZE
	};
}

static kiln_code write_with(const char *url, bool no_stub, const struct kiln_flash_job *job,
			    struct story *story, struct kiln_err *err)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(story);

	options.no_stub = no_stub;
	*err = KILN_ERR_INIT;
	return story_write(&host, url, &options, job, err);
}

/* --- encryption --- */

#define ESP32_KEY "reg=0x3ff5a000:0x00010000,0x3ff5a014:0xf0000000"
#define S3_KEY "reg=0x60007034:0x04000000"
#define C2_KEY "reg=0x60008830:0x1"

static void the_chip_encrypts(void **state)
{
	static const struct {
		const char *name, *options;
		bool no_stub;
	} cases[] = {
		{ "e32", "chip=esp32&" ESP32_KEY, false },
		{ "es3", "chip=esp32s3&" S3_KEY, false },
		{ "es3rom", "chip=esp32s3&" S3_KEY, true },
		{ "ec2", "chip=esp32c2&" C2_KEY, false },
		{ "es2sdm", "chip=esp32s2&secure=download", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flash_file file = data_file();
		const struct kiln_flash_job job = STORY_JOB(&file, 1);
		struct kiln_err err;
		struct story story;
		uint8_t want[SIZE + 32];
		char url[160];

		file.encrypt = true;
		file.size = SIZE - 3; /* filled up to a row */
		memcpy(want, data, SIZE);
		memset(want + SIZE - 3, 0xFF, 35);
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&%s", cases[i].name,
				 cases[i].options);
		if (write_with(url, cases[i].no_stub, &job, &story, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
		assert_int_equal(story.count[KILN_FLASH_VERIFIED], 0);
		assert_int_equal(story.count[KILN_FLASH_UNVERIFIED], 1);
		for (uint32_t k = 0; k < SIZE; k++)
			want[k] = sim_cipher(AT + k, want[k]);
		file.data = want;
		file.size = SIZE;
		story_expect(cases[i].name, &file, 1);
	}
}

static void what_cannot_be_encrypted(void **state)
{
	static const struct {
		const char *options;
		bool no_stub;
		uint32_t address;
		kiln_code code;
		const char *text, *warning;
	} cases[] = {
		{ "chip=esp8266", false, AT, KILN_E_UNSUPPORTED,
		  "ESP8266 does not support encrypted flashing.", "" },
		{ "chip=esp32&" ESP32_KEY, true, AT, KILN_E_UNSUPPORTED,
		  "ESP32 ROM bootloader does not support encrypted writes.", "" },
		{ "chip=esp32&reg=0x3ff5a018:0x80", false, AT, KILN_E_DENIED,
		  "This chip has encrypt functionality in UART download mode disabled.", "" },
		{ "chip=esp32c3", false, AT, KILN_E_DENIED, "Can't perform encrypted flash write",
		  "Flash encryption key is not programmed" },
		{ "chip=esp32&reg=0x3ff5a000:0x10000,0x3ff5a014:0x30000000", false, AT,
		  KILN_E_DENIED, "Can't perform", "Unexpected FLASH_CRYPT_CONFIG value: 0x3" },
		{ "chip=esp32&" ESP32_KEY, false, AT + 16, KILN_E_DENIED, "Can't perform",
		  "File a.bin address 0x10010 is not 32 byte aligned, can't flash encrypted" },
		{ "chip=esp32s3&" S3_KEY, false, AT + 8, KILN_E_DENIED, "Can't perform",
		  "File a.bin address 0x10008 is not 16 byte aligned, can't flash encrypted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flash_file file = data_file();
		struct kiln_flash_job job = STORY_JOB(&file, 1);
		struct kiln_err err;
		struct story story;
		char url[160];
		kiln_code code;

		file.encrypt = true;
		file.address = cases[i].address;
		kiln_text_format(url, sizeof(url), "sim:no%zu?clock=virtual&%s", i,
				 cases[i].options);
		code = write_with(url, cases[i].no_stub, &job, &story, &err);
		if (code != cases[i].code ||
		    (!strstr(err.what, cases[i].text) && !strstr(err.why, cases[i].text)))
			fail_msg("%s: %d %s: %s", url, (int)code, err.what, err.why);
		assert_int_equal(story.count[KILN_FLASH_WRITING], 0);
		if (!cases[i].warning[0])
			continue;
		assert_string_equal(story.warning, cases[i].warning);
		job.ignore_encryption_efuses = true;
		assert_int_equal(write_with(url, false, &job, &story, &err), KILN_OK);
		assert_int_equal(story.count[KILN_FLASH_UNVERIFIED], 1);
	}
}

/* --- chips that have been locked --- */

static void what_would_brick_is_refused(void **state)
{
	static const struct {
		const char *options;
		uint32_t address;
		const char *text;
	} cases[] = {
		{ "chip=esp32&reg=0x3ff5a018:0x10", 0x1000, "Secure Boot V1 detected" },
		{ "chip=esp32&reg=0x3ff5a000:0x100000,0x3ff5a018:0x80", AT,
		  "Detected flash encryption enabled and download manual encrypt disabled" },
		{ "chip=esp32c6&reg=0x600b0830:0x100000,0x600b0834:0x40000", AT,
		  "Detected flash encryption enabled and download manual encrypt disabled" },
		{ "chip=esp32c5&reg=0x600b4834:0x10800", 0x1000,
		  "Flash encryption with Key Manager detected" },
		{ "chip=esp32p4&reg=0x5012d034:0x40400", 0x0,
		  "Flash encryption with Key Manager detected" },
		{ "chip=esp32c3&secure=download&crypt=1", AT,
		  "Detected flash encryption and secure download mode enabled" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flash_file file = data_file();
		struct kiln_flash_job job = STORY_JOB(&file, 1);
		struct kiln_err err;
		struct story story;
		char url[160];
		kiln_code code;

		file.address = cases[i].address;
		kiln_text_format(url, sizeof(url), "sim:brick%zu?clock=virtual&%s", i,
				 cases[i].options);
		code = write_with(url, false, &job, &story, &err);
		if (code != KILN_E_DENIED || !strstr(err.why, cases[i].text))
			fail_msg("%s: %d %s: %s", url, (int)code, err.what, err.why);
		assert_non_null(strstr(err.hint, "--force"));
		assert_int_equal(story.count[KILN_FLASH_WRITING], 0);
		job.force = true;
		if (write_with(url, false, &job, &story, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
	}
}

/* A bootloader that was encrypted on the host looks like nothing; what the chip encrypts does not.
 */
static void what_the_chip_decrypts_may_boot(void **state)
{
	struct kiln_flash_file file = data_file();
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err;
	struct story story;

	(void)state;
	file.address = 0x1000;
	assert_int_equal(write_with("sim:cipher?clock=virtual&reg=0x3ff5a000:0x110000,"
				    "0x3ff5a014:0xf0000000",
				    false, &job, &story, &err),
			 KILN_OK);
	file.encrypt = true;
	assert_int_equal(write_with("sim:cipher?clock=virtual&reg=0x3ff5a000:0x110000,"
				    "0x3ff5a014:0xf0000000",
				    false, &job, &story, &err),
			 KILN_E_IMAGE);
	file.encrypt = false;
	assert_int_equal(write_with("sim:cipher?clock=virtual", false, &job, &story, &err),
			 KILN_E_IMAGE);
	assert_non_null(strstr(err.why, "the ESP32 boots from there, and this is no firmware"));
}

/* A second version of secure boot signs what the header says. */
static void a_signed_header_is_kept(void **state)
{
	const struct image_spec spec = { .n_segments = 1,
					 .segment_size = 4000,
					 .max_rev_full = 0xFFFF,
					 .mode = 2,
					 .size_freq = 0x20,
					 .digest = true };
	struct kiln_flash_file file = { .address = 0x1000, .name = "boot.bin" };
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err;
	struct story story;
	uint8_t *image = image_make(&spec, &file.size);

	(void)state;
	file.data = image;
	job.mode = 0;
	job.size = KILN_FLASH_DETECT;
	if (write_with("sim:signed?clock=virtual&chip=esp32-d0wd-v3&reg=0x3ff5a018:0x20", false,
		       &job, &story, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(story.count[KILN_FLASH_PARAMS], 0);
	assert_string_equal(story.warning,
			    "Security features enabled, so not changing any flash settings.");
	story_expect("signed", &file, 1);
	free(image);
}

/* --- over an older file --- */

static void write_old(const char *name)
{
	struct kiln_flash_file file = data_file();
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err;
	struct story story;
	char url[80];

	kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual", name);
	if (write_with(url, false, &job, &story, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
}

static void only_what_changed_is_written(void **state)
{
	struct kiln_flash_file file = data_file();
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	static uint8_t fresh[SIZE + 5000];
	struct kiln_err err;
	struct story story;

	(void)state;
	write_old("over");
	memcpy(fresh, data, SIZE);
	memset(fresh + SIZE, 0x77, 5000);
	fresh[5000] ^= 1; /* one sector, and all from the old end on */
	file.data = fresh;
	file.size = sizeof(fresh);
	file.old = data;
	file.old_size = SIZE;
	if (write_with("sim:over?clock=virtual", false, &job, &story, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(story.count[KILN_FLASH_CHANGED], 1);
	assert_int_equal(story.count[KILN_FLASH_REFLASHING], 2);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 2);
	assert_int_equal(story.count[KILN_FLASH_VERIFIED], 1);
	story_expect("over", &file, 1);

	/* the same again: asked for, not written */
	file.old = fresh;
	file.old_size = sizeof(fresh);
	assert_int_equal(write_with("sim:over?clock=virtual", false, &job, &story, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_UNCHANGED], 1);
	assert_int_equal(story.count[KILN_FLASH_STANDS], 1);
	assert_int_equal(story.count[KILN_FLASH_WRITING], 0);

	/* and without asking */
	job.trust = true;
	assert_int_equal(write_with("sim:over?clock=virtual", false, &job, &story, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_STANDS], 0);
	assert_int_equal(story.count[KILN_FLASH_WRITING], 0);
}

/* The flash holds something else than was thought. */
static void a_wrong_guess_is_found(void **state)
{
	struct kiln_flash_file file = data_file();
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	static uint8_t other[SIZE];
	struct kiln_err err;
	struct story story;

	(void)state;
	write_old("guess");
	memset(other, 0x11, sizeof(other));
	file.data = other;
	file.old = other; /* it was never written */
	file.old_size = sizeof(other);
	if (write_with("sim:guess?clock=virtual", false, &job, &story, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(story.count[KILN_FLASH_NOTE], 1);
	assert_int_equal(story.count[KILN_FLASH_VERIFIED], 1);
	story_expect("guess", &file, 1);

	write_old("guess");
	static uint8_t wrong_old[SIZE];

	memcpy(wrong_old, other, sizeof(other));
	wrong_old[9000] ^= 1; /* one sector seems to differ; in truth all do */
	file.old = wrong_old;
	if (write_with("sim:guess?clock=virtual", false, &job, &story, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(story.count[KILN_FLASH_REFLASHING], 1);
	assert_int_equal(story.count[KILN_FLASH_NOTE], 1);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 2);
	story_expect("guess", &file, 1);
}

static void what_stands_there_is_skipped(void **state)
{
	struct kiln_flash_file files[2] = { data_file(), data_file() };
	struct kiln_flash_job job = STORY_JOB(files, 2);
	struct kiln_err err;
	struct story story;

	(void)state;
	write_old("skip");
	files[1].address = 0x20000;
	files[1].size = 5000;
	job.skip_same = true;
	assert_int_equal(write_with("sim:skip?clock=virtual", false, &job, &story, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_COMPARING], 2);
	assert_int_equal(story.count[KILN_FLASH_STANDS], 1);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 1);
	assert_int_equal(story.count[KILN_FLASH_VERIFIED], 1);
	story_expect("skip", files, 2);
	/* after an erase nothing stands anywhere */
	job.erase_all = true;
	assert_int_equal(write_with("sim:skip?clock=virtual", false, &job, &story, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_NOTE], 1);
	assert_int_equal(story.count[KILN_FLASH_WROTE], 2);
	story_expect("skip", files, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chip_encrypts),
		cmocka_unit_test(what_cannot_be_encrypted),
		cmocka_unit_test(what_would_brick_is_refused),
		cmocka_unit_test(what_the_chip_decrypts_may_boot),
		cmocka_unit_test(a_signed_header_is_kept),
		cmocka_unit_test(only_what_changed_is_written),
		cmocka_unit_test(a_wrong_guess_is_found),
		cmocka_unit_test(what_stands_there_is_skipped),
	};

	return cmocka_run_group_tests(tests, set_up, help_state_home_gone);
}
