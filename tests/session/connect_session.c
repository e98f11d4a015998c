/* SPDX-License-Identifier: Apache-2.0 */
/* To the loader, on boards and ports of all kinds; and what is said when there is no way. */
#include "flash_help.h"

#include "loader/reset.h"
#include "wrap.h"

static struct kiln_host wrap_host(void)
{
	static struct kiln_scheme schemes[3];

	schemes[0] = wrap_scheme;
	schemes[1] = kiln_sim_scheme;
	return (struct kiln_host){ .schemes = schemes };
}

static int wrap_reset(void **state)
{
	(void)state;
	wrap = (struct wrap){ 0 };
	return 0;
}

static void to_the_loader(void **state)
{
	static const kiln_reset ways[] = { KILN_RESET_TIGHT, KILN_RESET_TIGHT_SLOW,
					   KILN_RESET_CLASSIC, KILN_RESET_CLASSIC_SLOW };
	const struct kiln_host host = help_host();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct kiln_link *link = help_open(&host, "ways?clock=virtual");

		(void)help_hear(link, 100);
		assert_int_equal(kiln_reset_play(link, ways[i], 0, NULL), KILN_OK);
		assert_non_null(strstr(help_hear(link, 100), "waiting for download"));
		assert_int_equal(kiln_reset_play(link, KILN_RESET_HARD, 0, NULL), KILN_OK);
		assert_non_null(strstr(help_hear(link, 100), "SPI_FAST_FLASH_BOOT"));
		kiln_link_close(link);
	}
}

static unsigned tries_to_open(const struct kiln_host *host, const char *url)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	const struct kiln_flasher_options options = story_options(&story);
	struct kiln_flasher *f;

	if (kiln_flasher_open(host, url, &options, &f, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	return story.count[KILN_FLASH_TRY];
}

/* The two ways that the original's documentation writes down, and one that leads nowhere. */
static void ways_that_are_written_down(void **state)
{
	static const struct {
		const char *way;
		bool works;
	} cases[] = {
		{ "D0|R1|W0.1|D1|R0|W0.05|D0", true },
		{ "U1,1|U0,1|W0.1|U1,0|W0.05|U0,0", true },
		{ "D0|R1|W0.1|R0", false },
	};
	const struct kiln_host host = help_host();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		struct kiln_flasher *f;

		options.reset_sequence = cases[i].way;
		options.connect_attempts = 2;
		const kiln_code code = kiln_flasher_open(&host, "sim:way?clock=virtual", &options,
							 &f, &err);

		assert_int_equal(code, cases[i].works ? KILN_OK : KILN_E_WRONG_MODE);
		if (code == KILN_OK)
			assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

/* A hard reset of one's own: this one leads to the loader. */
static void hard_reset_that_is_written_down(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_flasher *f;

	(void)state;
	options.hard_reset_sequence = "U0,1|W0.1|U1,0|W0.1|U0,0";
	if (kiln_flasher_open(&host, "sim:hard?clock=virtual", &options, &f, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	options.hard_reset_sequence = "U0,1|W0.1|X";
	assert_int_equal(kiln_flasher_open(&host, "sim:hard?clock=virtual", &options, &f, &err),
			 KILN_E_INVALID);
	assert_string_equal(err.why, "'X' is no part of one");
}

/* EN that rises late: IO0 must stay low for longer than the first way has patience. */
static void large_capacitor_needs_the_slow_way(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	assert_int_equal(tries_to_open(&host, "sim:cap?clock=virtual"), 0);
	assert_in_range(tries_to_open(&host, "sim:cap?clock=virtual&en=200"), 1, 20);
}

static void lines_one_after_the_other(void **state)
{
	const struct kiln_host host = wrap_host();

	(void)state;
	wrap.one_by_one = true;
	assert_int_equal(tries_to_open(&host, "wrap:single?clock=virtual"), 0);
	assert_true(wrap.line_changes > 0);
	assert_int_equal(wrap.both_changed, 0); /* the classic way only */
}

static void port_that_leaves_with_the_reset(void **state)
{
	const struct kiln_host host = wrap_host();

	(void)state;
	wrap.leaves = true;
	wrap.absent_opens = 3;
	(void)tries_to_open(&host, "wrap:usb?clock=virtual");
	assert_true(wrap.opened >= 5);
}

static void chips_own_usb_has_its_own_way(void **state)
{
	const struct kiln_host host = wrap_host();
	struct kiln_reset_plan plan;
	struct kiln_link *link;

	(void)state;
	wrap.vid = 0x303A;
	wrap.pid = 0x1001;
	assert_int_equal(kiln_link_open(&host, "wrap:jtag?clock=virtual", 115200, &link, NULL),
			 KILN_OK);
	plan = kiln_reset_plan_for(link, false);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.resets[0], KILN_RESET_USB_JTAG);
	kiln_link_close(link);
}

static kiln_code open_fails(const struct kiln_host *host, const char *url,
			    const struct kiln_flasher_options *options, struct kiln_err *err)
{
	struct kiln_flasher *f;
	const kiln_code code = kiln_flasher_open(host, url, options, &f, err);

	assert_int_not_equal(code, KILN_OK);
	return code;
}

static void chip_that_never_syncs(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	const struct kiln_flasher_options options = story_options(&story);

	(void)state;
	assert_int_equal(open_fails(&host, "sim:mute?clock=virtual&fault=no-sync", &options, &err),
			 KILN_E_NO_SYNC);
	assert_string_equal(err.what,
			    "cannot connect to the chip at 'sim:mute?clock=virtual&fault=no-sync'");
	assert_string_equal(err.why,
			    "the chip says that it is in download mode, but does not answer: what "
			    "is sent does not reach it (boot:0x3)");
	assert_non_null(strstr(err.hint, "TX"));
	assert_int_equal(story.count[KILN_FLASH_TRY], 7 * 5);
}

static void as_many_attempts_as_asked_for(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);

	(void)state;
	options.connect_attempts = 2;
	(void)open_fails(&host, "sim:mute?clock=virtual&fault=no-sync", &options, &err);
	assert_int_equal(story.count[KILN_FLASH_TRY], 2 * 5);
}

/* It is uploaded, but what would start it never arrives: one more try, then it is said. */
static void stub_that_never_starts(void **state)
{
	enum { MEM_END = 0x06 };
	const struct kiln_host host = wrap_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_flasher *f;

	(void)state;
	wrap.swallow = MEM_END;
	if (kiln_flasher_open(&host, "wrap:mute?clock=virtual", &options, &f, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(kiln_flasher_prepare(f, &err), KILN_E_TIMEOUT);
	assert_string_equal(err.what, "cannot start the stub");
	assert_string_equal(err.why, "it was uploaded, but does not say that it runs");
	assert_string_equal(err.hint, "try again; if it never starts, work without it (--no-stub)");
	assert_int_equal(story.count[KILN_FLASH_STUB_UPLOAD], 2);
	assert_int_equal(story.count[KILN_FLASH_STUB_RUNNING], 0);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

/* IO0 has no wire: each reset ends in the (blank) flash. */
static void board_that_does_not_go_to_download_mode(void **state)
{
	const struct kiln_host host = wrap_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);

	(void)state;
	options.before = KILN_BEFORE_NO_RESET;
	options.connect_attempts = 1;
	assert_int_equal(open_fails(&host, "sim:blank?clock=virtual", &options, &err),
			 KILN_E_WRONG_MODE);
	assert_string_equal(err.why, "wrong boot mode: the chip runs what is in its flash instead "
				     "of waiting for a download (boot:0x13)");
	assert_string_equal(err.hint,
			    "hold the board's BOOT button (IO0 to GND), press and release EN "
			    "(RESET), release BOOT, then run the command again");
}

static void port_without_lines_warns_once(void **state)
{
	const struct kiln_host host = wrap_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);

	(void)state;
	wrap.no_lines = true;
	(void)open_fails(&host, "wrap:plain?clock=virtual", &options, &err);
	assert_int_equal(story.count[KILN_FLASH_WARNING], 1);
	assert_non_null(strstr(story.warning, "no DTR and RTS lines"));
}

/* A board that somebody brought to download mode by hand. */
static void no_reset_where_it_waits_already(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options;
	struct kiln_flasher *f;
	struct story story;

	(void)state;
	options = story_options(&story);
	options.after = KILN_AFTER_NO_RESET_STUB;
	f = story_open(&story, &host, &options, "sim:hand?clock=virtual");
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

static void wrong_chip_is_named(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);

	(void)state;
	options.chip = kiln_chip_by_option("esp32");
	struct kiln_flasher *f = story_open(&story, &host, &options, "sim:named?clock=virtual");

	assert_int_equal(story.count[KILN_FLASH_DETECTED], 0);
	assert_int_equal(story.count[KILN_FLASH_CONNECTING], 1);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	options.chip = kiln_chip_by_option("esp32s3");
	assert_int_equal(open_fails(&host, "sim:named?clock=virtual", &options, &err),
			 KILN_E_WRONG_CHIP);
	assert_string_equal(err.what, "cannot use this chip as an ESP32-S3");
	assert_string_equal(err.why, "it is an ESP32");
}

static void soft_reset_needs_the_rom(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = story_options(&story);

	(void)state;
	options.after = KILN_AFTER_SOFT_RESET;
	struct kiln_flasher *f;

	assert_int_equal(kiln_flasher_open(&host, "sim:soft?clock=virtual", &options, &f, &err),
			 KILN_OK);
	assert_int_equal(kiln_flasher_prepare(f, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.what, "cannot end with a soft reset");
	assert_int_equal(story.count[KILN_FLASH_STUB_UPLOAD], 0);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	options.no_stub = true;
	assert_int_equal(
		kiln_flasher_close(story_open(&story, &host, &options, "sim:soft?clock=virtual"),
				   NULL),
		KILN_OK);
}

static void board_in_use_is_busy(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	const struct kiln_flasher_options options = story_options(&story);
	struct kiln_flasher *f = story_open(&story, &host, &options, "sim:shared?clock=virtual");

	(void)state;
	assert_int_equal(open_fails(&host, "sim:shared?clock=virtual", &options, &err),
			 KILN_E_PORT_BUSY);
	kiln_flasher_abandon(f);
}

static void fast_port_from_the_rom(void **state)
{
	const struct kiln_host host = help_host();
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	struct kiln_flasher *f;

	(void)state;
	options.baud = 921600;
	options.no_stub = true;
	f = story_open(&story, &host, &options, "sim:fast?clock=virtual");
	assert_int_equal(story.count[KILN_FLASH_BAUD_CHANGED], 1);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_the_loader),
		cmocka_unit_test(large_capacitor_needs_the_slow_way),
		cmocka_unit_test(ways_that_are_written_down),
		cmocka_unit_test_setup(stub_that_never_starts, wrap_reset),
		cmocka_unit_test(hard_reset_that_is_written_down),
		cmocka_unit_test_setup(lines_one_after_the_other, wrap_reset),
		cmocka_unit_test_setup(port_that_leaves_with_the_reset, wrap_reset),
		cmocka_unit_test_setup(chips_own_usb_has_its_own_way, wrap_reset),
		cmocka_unit_test(chip_that_never_syncs),
		cmocka_unit_test(as_many_attempts_as_asked_for),
		cmocka_unit_test(board_that_does_not_go_to_download_mode),
		cmocka_unit_test_setup(port_without_lines_warns_once, wrap_reset),
		cmocka_unit_test(no_reset_where_it_waits_already),
		cmocka_unit_test(wrong_chip_is_named),
		cmocka_unit_test(soft_reset_needs_the_rom),
		cmocka_unit_test(board_in_use_is_busy),
		cmocka_unit_test(fast_port_from_the_rom),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
