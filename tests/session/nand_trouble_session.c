/* SPDX-License-Identifier: Apache-2.0 */
/* A NAND flash that can't be read, a wire that fails, and boards that have no such flash. */
#include "nand_help.h"

#include "loader/bringup.h"

/* --- reading what can't be read --- */

static void a_page_beyond_repair_is_named(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct nand_sink sink;
	uint32_t word;
	struct kiln_flasher *f = nand_open(&story, &host,
					   "sim:ecc?" NAND_BOARD "&fault=nand-ecc@2");

	(void)state;
	assert_int_equal(nand_read_all(f, NAND_BLOCK, 2 * NAND_BLOCK, &sink, &err), KILN_E_IO);
	assert_string_equal(err.what, "cannot read NAND flash at 0x00040000");
	assert_string_equal(err.why,
			    "page 128 (block 2) holds more wrong bits than its ECC can correct");
	assert_int_equal(sink.n, NAND_BLOCK);
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
	struct nand_sink sink;
	struct kiln_flasher *f = nand_open(&story, &host, "sim:end?" NAND_BOARD "&bad-blocks=1023");

	(void)state;
	assert_int_equal(nand_read_all(f, 1022 * NAND_BLOCK, NAND_BLOCK + 1, &sink, &err),
			 KILN_E_TOO_BIG);
	assert_string_equal(err.why, "need 2 good blocks of 128 KB before 0x08000000, found 1");
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
	enum { SIZE = NAND_BLOCK + 40000 };
	uint8_t *data = some_bytes(SIZE, 6);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = SIZE };
	unsigned retries = 0;
	char url[120];

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(faults) / sizeof(faults[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct nand_sink sink;
		struct kiln_flasher *f;
		uint8_t bad[4];

		kiln_text_format(url, sizeof(url),
				 "sim:storm%u?" NAND_BOARD "&bad-blocks=1&fault=%s&seed=%u", i,
				 faults[i / 2], i + 1);
		f = nand_open(&story, &host, url);
		if (kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err) != KILN_OK)
			fail_msg("%s: %s: %s", url, err.what, err.why);
		if (nand_read_all(f, 0, SIZE, &sink, &err) != KILN_OK)
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
	uint8_t *data = some_bytes(2 * NAND_BLOCK, 7);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = 2 * NAND_BLOCK };
	struct story story;
	struct nand_sink sink;
	struct kiln_flasher *f = nand_open(&story, &host,
					   "sim:gone?" NAND_BOARD "&fault=unplug@250000");

	(void)state;
	assert_int_equal(kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.what, "cannot write 'a' to NAND flash");
	assert_string_equal(err.hint,
			    "1 of its 2 blocks are written, up to 0x00020000: run the same "
			    "command again");
	(void)kiln_flasher_close(f, NULL);
	assert_true(nand_block_holds("gone", 0, data, NAND_BLOCK));

	/* in mid-read: acknowledgements are the only bytes that go to the chip then */
	f = nand_open(&story, &host, "sim:gone?" NAND_BOARD "&fault=unplug@31000");
	assert_int_equal(nand_read_all(f, 0, 40 * NAND_BLOCK, &sink, &err), KILN_E_PORT_GONE);
	assert_true(sink.n > 0 && sink.n % (32 * 1024) == 0);
	assert_memory_equal(sink.data, data, NAND_BLOCK);
	free(sink.data);
	(void)kiln_flasher_close(f, NULL);

	/* one that only stands still goes on where it was */
	f = nand_open(&story, &host, "sim:gone?" NAND_BOARD "&fault=stall@31000:4000");
	assert_int_equal(nand_read_all(f, 0, 40 * NAND_BLOCK, &sink, &err), KILN_OK);
	assert_int_equal(sink.n, 40 * NAND_BLOCK);
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
	uint8_t *data = some_bytes(2 * NAND_BLOCK, 8);
	const struct kiln_flash_file file = { .name = "a", .data = data, .size = 2 * NAND_BLOCK };
	struct kiln_nand_erased erased;
	struct kiln_flasher_options options;
	struct kiln_flasher *f;
	struct story story;
	struct nand_sink sink;

	(void)state;
	options = nand_options(&story);
	options.return_ms = 10000;
	f = story_open(&story, &host, &options, "sim:back?" NAND_BOARD "&fault=unplug@250000:700");
	if (kiln_nand_write(f, &file, 1, KILN_NAND_SIZE, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_true(story.count[KILN_FLASH_BACK] > 0);
	assert_true(nand_block_holds("back", 0, data, NAND_BLOCK) &&
		    nand_block_holds("back", 1, data + NAND_BLOCK, NAND_BLOCK));
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	options = nand_options(&story);
	options.return_ms = 10000;
	f = story_open(&story, &host, &options, "sim:back?" NAND_BOARD "&fault=unplug@31000:700");
	assert_int_equal(nand_read_all(f, 0, 40 * NAND_BLOCK, &sink, &err), KILN_OK);
	assert_true(story.count[KILN_FLASH_BACK] > 0);
	assert_int_equal(sink.n, 40 * NAND_BLOCK);
	assert_memory_equal(sink.data, data, 2 * NAND_BLOCK);
	free(sink.data);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	options = nand_options(&story);
	options.return_ms = 10000;
	f = story_open(&story, &host, &options, "sim:back?" NAND_BOARD "&fault=unplug@31000:700");
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
	static const struct kiln_flasher_options usual = { NAND_AT_ITS_PINS };
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
	expect_refusal("sim:nostub?" NAND_BOARD, &o, KILN_E_UNSUPPORTED,
		       "a plugin of the stub does that, and no stub runs: there is to be none");
	o = usual;
	o.wiring.pins[1] = 14;
	expect_refusal("sim:pins?" NAND_BOARD, &o, KILN_E_NOT_FOUND,
		       "nothing answers at the pins that were given");
	o.wiring.kind = KILN_WIRING_HSPI;
	expect_refusal("sim:hspi?" NAND_BOARD, &o, KILN_E_INVALID, "there is none at HSPI");
	o.wiring.kind = KILN_WIRING_DEFAULT;
	expect_refusal("sim:nowhere?" NAND_BOARD, &o, KILN_E_INVALID,
		       "it is not said where it is connected");
	o.wiring.kind = KILN_WIRING_SPI;
	expect_refusal("sim:spi?" NAND_BOARD, &o, KILN_OK, "");
}

/* A stub that runs already may have been started without it. */
static void a_stub_without_the_plugin_is_found_out(void **state)
{
	struct kiln_host host = help_host();
	struct kiln_flasher_options o = { .after = KILN_AFTER_NO_RESET_STUB, .baud = 115200 };
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher *f = story_open(&story, &host, &o, "sim:stays?" NAND_BOARD);
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
	assert_int_equal(kiln_flasher_open(&host, "sim:wild?" NAND_BOARD, &options, &f, &err),
			 KILN_OK);
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
