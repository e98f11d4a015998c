/* SPDX-License-Identifier: Apache-2.0 */
/* Chips on their own USB port, and those that need a hand: P4 flash power, S3 secure boot. */
#include "flash_help.h"

#include "chip/chip.h"

enum { AT = 0x10000, SIZE = 40000 };

static uint8_t data[SIZE];

static int set_up(void **state)
{
	const int code = help_state_home(state);

	image_fill(data, sizeof(data), 5);
	data[0] = 0; /* no image */
	return code;
}

static struct kiln_flasher *open_url(struct story *story, struct kiln_flasher_options *options,
				     const char *url)
{
	static struct kiln_host host;
	const struct kiln_flasher_options recorded = story_options(story);

	host = help_host();
	options->event = recorded.event;
	options->user = recorded.user;
	return story_open(story, &host, options, url);
}

static void write_and_check(struct kiln_flasher *f, const char *name)
{
	const struct kiln_flash_file file = {
		.address = AT, .name = "a.bin", .data = data, .size = SIZE
	};
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t back[5000];

	if (kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s: %s: %s", name, err.what, err.why);
	if (kiln_flasher_read(f, AT + 100, back, sizeof(back), &err) != KILN_OK)
		fail_msg("%s: %s: %s", name, err.what, err.why);
	assert_memory_equal(back, data + 100, sizeof(back));
}

static void expect(const char *name)
{
	const struct kiln_flash_file file = {
		.address = AT, .name = "a.bin", .data = data, .size = SIZE
	};

	story_expect(name, &file, 1);
}

/* Does the board, left alone, say that it looks for firmware? */
static void boots(struct kiln_link *link)
{
	const char *heard = help_hear(link, 1200);

	if (!strstr(heard, "invalid header"))
		fail_msg("it does not boot: %s", heard);
}

static void over_usb_serial_jtag(void **state)
{
	static const char *const chips[] = { "esp32s3",  "esp32c3", "esp32c5",  "esp32c6",
					     "esp32c61", "esp32h2", "esp32h21", "esp32p4",
					     "esp32h4",  "esp32s31" };

	(void)state;
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		struct kiln_flasher_options options = { .baud = 921600 };
		struct story story;
		char url[80], name[32];
		struct kiln_flasher *f;

		kiln_text_format(name, sizeof(name), "jtag-%s", chips[i]);
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&usb=jtag&chip=%s", name,
				 chips[i]);
		f = open_url(&story, &options, url);
		write_and_check(f, name);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		expect(name);
	}
}

/* The quick way, with a speed that finds itself: there is none to be found, and nothing is lost. */
static void the_quick_way_over_usb(void **state)
{
	static const char *const urls[] = {
		"sim:quick0?clock=virtual&usb=jtag&chip=esp32s3",
		"sim:quick1?clock=virtual&usb=jtag&chip=esp32c3",
		"sim:quick2?clock=virtual&usb=jtag&chip=esp32c6",
		"sim:quick3?clock=virtual&usb=otg&chip=esp32s2",
		"sim:quick4?clock=virtual&usb=otg&chip=esp32s3",
	};
	const struct kiln_flash_file file = {
		.address = AT, .name = "a.bin", .data = data, .size = SIZE
	};
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	const struct kiln_host host = help_host();

	(void)state;
	job.diff = true;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct kiln_flash_speed speed = { 0 };
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		char name[16];

		options.quick = true;
		options.baud = 460800;
		options.speed = &speed;
		for (int run = 0; run < 2; run++) { /* a blank flash, and one that is compared */
			if (story_write(&host, urls[i], &options, &job, &err) != KILN_OK)
				fail_msg("%s: %s: %s", urls[i], err.what, err.why);
		}
		assert_int_equal(story.count[KILN_FLASH_RETRY], 0);
		assert_int_equal(story.count[KILN_FLASH_BAUD], 0);
		assert_false(speed.proven);
		kiln_text_format(name, sizeof(name), "quick%zu", i);
		expect(name);
	}
}

/* Without a stub it takes long enough for each watchdog to bite, if it were not calmed. */
static void watchdogs_are_calmed(void **state)
{
	struct kiln_flasher_options options = { .no_stub = true };
	const struct kiln_host host = help_host();
	struct story story;
	struct kiln_flasher *f = open_url(&story, &options,
					  "sim:calm?clock=virtual&usb=jtag&chip=esp32c3");
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;

	(void)state;
	assert_int_equal(kiln_flasher_erase_region(f, 0, 1 << 20, &err), KILN_OK);
	write_and_check(f, "calm");
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	expect("calm");

	/* the virtual board does bite whoever does not know that */
	link = help_open(&host, "calm?clock=virtual&usb=jtag");
	static const bool lines[][2] = { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 }, { 0, 0 } };

	assert_int_equal(kiln_link_sleep(link, 100, &err), KILN_OK); /* it gets power first */
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(kiln_link_set_lines(link, lines[i][0], lines[i][1], &err),
				 KILN_OK);
	assert_non_null(strstr(help_hear(link, 500), "waiting for download"));
	boots(link);
	kiln_link_close(link);
}

static void a_watchdog_resets(void **state)
{
	static const struct {
		const char *options;
		bool by_watchdog;
	} cases[] = {
		{ "usb=jtag&chip=esp32c3", true },  { "usb=jtag&chip=esp32s3", true },
		{ "usb=otg&chip=esp32s2", true },   { "usb=otg&chip=esp32p4", true },
		{ "usb=jtag&chip=esp32h2", false }, { "chip=esp32", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flasher_options options = { .after = KILN_AFTER_WATCHDOG_RESET };
		struct story story;
		struct kiln_flasher *f;
		struct kiln_err err = KILN_ERR_INIT;
		char url[100];

		kiln_text_format(url, sizeof(url), "sim:dog%zu?clock=virtual&%s", i,
				 cases[i].options);
		f = open_url(&story, &options, url);
		if (kiln_flasher_close(f, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
		assert_int_equal(strstr(story.warning, "Watchdog hard reset is not supported on") !=
					 NULL,
				 !cases[i].by_watchdog);
	}
}

/* The ROM's own USB takes no more than 0x800 bytes; more is never answered. */
static void over_usb_otg(void **state)
{
	static const char *const chips[] = { "esp32s2", "esp32s3", "esp32p4", "esp32e22",
					     "esp32s31" };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(chips) / sizeof(chips[0]); i++) {
		struct kiln_flasher_options options = { .no_stub = i & 1 };
		struct story story;
		char url[80], name[32];
		struct kiln_flasher *f;

		kiln_text_format(name, sizeof(name), "otg%zu-%s", i & 1, chips[i / 2]);
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&usb=otg&chip=%s", name,
				 chips[i / 2]);
		f = open_url(&story, &options, url);
		write_and_check(f, name);
		assert_true(story.blocks > 8);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		expect(name);
	}
}

static void the_p4_needs_its_flash_powered(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_flasher_options options = { .no_stub = i };
		struct story story;
		struct kiln_flasher *f = open_url(&story, &options,
						  "sim:power?clock=virtual&chip=esp32p4-v3.1");
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(kiln_flasher_chip(f)->revision, 301);
		assert_int_equal(kiln_flasher_identify(f, &err), KILN_OK);
		assert_int_equal(kiln_flasher_chip(f)->flash_id, 0x1640C8);
		write_and_check(f, "power");
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
	/* and without: what the controller reads is FF */
	struct kiln_link *link = help_open(&host, "power?clock=virtual");
	const uint32_t rdid[][4] = {
		{ 0x5008D028, 23, 0xFFFFFFFF, 0 },
		{ 0x5008D018, 0x90000000, 0xFFFFFFFF, 0 },
		{ 0x5008D020, 0x7000009F, 0xFFFFFFFF, 0 },
		{ 0x5008D000, 1 << 18, 0xFFFFFFFF, 0 },
	};
	const uint32_t w0 = 0x5008D058;
	uint8_t reply[64];

	help_download(link);
	assert_true(help_sync(link) > 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(help_words(link, 0x09, rdid[i], 4, 4), 0);
	uint8_t body[4];

	kiln_put_le32(body, w0);
	assert_true(help_request(link, 0x0A, body, 4, 0, reply, sizeof(reply), 1000) > 0);
	assert_int_equal(kiln_get_le32(reply + 4) & 0xFFFFFF, 0xFFFFFF);
	kiln_link_close(link);
}

static void secure_boot_and_the_stub(void **state)
{
	static const struct {
		const char *options;
		bool stub;
	} cases[] = {
		{ "chip=esp32s3&reg=0x60007038:0x100000", true }, /* by its ROM's pointer */
		{ "chip=esp32c3&reg=0x60008838:0x100000", false },
		{ "chip=esp32s3", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flasher_options options = { 0 };
		struct story story;
		char url[100], name[16];
		struct kiln_flasher *f;
		uint32_t hook = 1;

		kiln_text_format(name, sizeof(name), "boot%zu", i);
		kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&%s", name,
				 cases[i].options);
		f = open_url(&story, &options, url);
		assert_int_equal(story.count[KILN_FLASH_STUB_RUNNING], cases[i].stub);
		assert_int_equal(story.count[KILN_FLASH_WARNING], !cases[i].stub);
		write_and_check(f, name);
		/* the pointer is as it was */
		if (i == 0)
			assert_int_equal(kiln_flasher_peek(f, 0x3FCEF688, &hook, NULL), KILN_OK);
		assert_true(i != 0 || hook == 0);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		expect(name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_usb_serial_jtag),
		cmocka_unit_test(the_quick_way_over_usb),
		cmocka_unit_test(watchdogs_are_calmed),
		cmocka_unit_test(a_watchdog_resets),
		cmocka_unit_test(over_usb_otg),
		cmocka_unit_test(the_p4_needs_its_flash_powered),
		cmocka_unit_test(secure_boot_and_the_stub),
	};

	return cmocka_run_group_tests(tests, set_up, help_state_home_gone);
}
