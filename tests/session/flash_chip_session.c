/* SPDX-License-Identifier: Apache-2.0 */
/* The flash chip behind the chip: of several makes, badly started, silent, at other pins. */
#include "flash_help.h"

#include "wrap.h"

#include "flash/flasher.h"
#include "flash/supply.h"

static struct kiln_flasher *open_board(struct story *story, const struct kiln_host *host,
				       struct kiln_flasher_options *options, const char *url)
{
	void *user;
	void (*event)(void *, const struct kiln_flash_event *);
	const struct kiln_flasher_options recorded = story_options(story);

	user = recorded.user;
	event = recorded.event;
	options->user = user;
	options->event = event;
	return story_open(story, host, options, url);
}

static void an_xmc_chip_is_woken_up(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct kiln_flasher_options options = { .quick = i & 1, .no_stub = i & 2 };
		struct kiln_flasher *f = open_board(&story, &host, &options,
						    "sim:xmc?clock=virtual&part=xmc");

		assert_int_equal(kiln_flasher_identify(f, &err), KILN_OK);
		assert_int_equal(kiln_flasher_chip(f)->flash_id, 0x164020);
		assert_int_equal(kiln_flasher_chip(f)->flash_size, 4 << 20);
		assert_int_equal(story.count[KILN_FLASH_WARNING], 2);
		assert_string_equal(story.warning, "XMC flash chip boot-up fix successful!");
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

static void others_are_left_alone(void **state)
{
	static const struct {
		const char *part;
		uint32_t id;
		uint64_t size;
		unsigned warnings;
	} parts[] = {
		{ "gd25q", 0x1640C8, 4 << 20, 0 },
		{ "w25q", 0x1640EF, 4 << 20, 0 },
		{ "strange", 0x77997F, 0, 0 },
		{ "none", 0xFFFFFF, 0, 1 },
	};
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	char url[80];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct kiln_flasher_options options = { 0 };
		struct kiln_flasher *f;

		kiln_text_format(url, sizeof(url), "sim:part?clock=virtual&part=%s", parts[i].part);
		f = open_board(&story, &host, &options, url);
		assert_int_equal(kiln_flasher_identify(f, &err), KILN_OK);
		assert_int_equal(kiln_flasher_chip(f)->flash_id, parts[i].id);
		assert_int_equal(kiln_flasher_chip(f)->flash_size, parts[i].size);
		assert_int_equal(story.count[KILN_FLASH_WARNING], parts[i].warnings);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

static void sfdp_is_read(void **state)
{
	static const char *const models[] = { "esp8266", "esp32", "esp32c3", "esp32p4" };
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	uint8_t bytes[5] = { 0 };
	char url[80];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(models) / sizeof(models[0]); i++) {
		struct kiln_flasher_options options = { .no_stub = i & 1 };
		struct kiln_flasher *f;

		kiln_text_format(url, sizeof(url), "sim:sfdp-%s?clock=virtual&part=w25q&chip=%s",
				 models[i / 2], models[i / 2]);
		f = open_board(&story, &host, &options, url);
		assert_int_equal(kiln_flasher_read_sfdp(f, 0, 4, bytes, &err), KILN_OK);
		assert_memory_equal(bytes, "SFDP", 4);
		/* the flash's last bit, in the second word of the basic table */
		assert_int_equal(kiln_flasher_read_sfdp(f, 0x86, 2, bytes, &err), KILN_OK);
		assert_memory_equal(bytes, "\xFF\x01", 2);
		bytes[1] = 0x55;
		assert_int_equal(kiln_flasher_read_sfdp(f, 0x10, 1, bytes, &err), KILN_OK);
		assert_memory_equal(bytes, "\xEF\x55", 2);
		assert_int_equal(kiln_flasher_read_sfdp(f, 0, 5, bytes, &err), KILN_E_INVALID);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
	}
}

/* The ESP8266's lengths lie in another register than those of all others. */
static void status_on_the_oldest_chip(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher *f = open_board(&story, &host, &options,
					    "sim:status?clock=virtual&chip=esp8266");
	uint32_t status = 1;

	(void)state;
	assert_int_equal(kiln_flasher_write_status(f, 1, 0x1C, false, &err), KILN_OK);
	assert_int_equal(kiln_flasher_read_status(f, 1, &status, &err), KILN_OK);
	assert_int_equal(status, 0x1C);
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

static void flash_at_other_pins(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_flasher_options options = {
			.no_stub = i,
			.wiring = { KILN_WIRING_PINS, { 6, 17, 8, 11, 16 } },
		};
		struct kiln_flasher *f = open_board(&story, &host, &options,
						    "sim:pins?clock=virtual");

		assert_int_equal(kiln_flasher_identify(f, &err), KILN_OK);
		assert_int_equal(story.count[KILN_FLASH_WIRING], 1);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		options.wiring.pins[0] = 31;
		f = open_board(&story, &host, &options, "sim:pins?clock=virtual");
		assert_int_equal(kiln_flasher_identify(f, &err), KILN_E_INVALID);
		assert_int_equal(story.count[KILN_FLASH_WIRING], 0);
		kiln_flasher_abandon(f);
	}
}

static void only_the_esp32_has_a_regulator(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = { .supply = KILN_SUPPLY_1V9 };
	struct kiln_err err = KILN_ERR_INIT;
	const char *volts, *source;
	struct story story;
	struct kiln_flasher *f = open_board(&story, &host, &options, "sim:volts?clock=virtual");
	uint32_t value;

	(void)state;
	assert_int_equal(story.count[KILN_FLASH_SUPPLY], 1);
	assert_int_equal(kiln_flasher_peek(f, 0x3FF48074, &value, &err), KILN_OK);
	assert_int_equal(value, 0xFE600000);
	assert_int_equal(kiln_flasher_read_supply(f, &volts, &source, &err), KILN_OK);
	assert_string_equal(volts, "1.9V");
	assert_string_equal(source, "RTC_CNTL");
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	options.supply = KILN_SUPPLY_KEEP;
	f = open_board(&story, &host, &options, "sim:volts?clock=virtual");
	assert_int_equal(kiln_flasher_read_supply(f, &volts, &source, &err), KILN_OK);
	assert_string_equal(volts, "3.3V"); /* the last reset has undone it */
	assert_string_equal(source, "a strapping pin");
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);

	options = story_options(&story);
	options.supply = KILN_SUPPLY_OFF;
	assert_int_equal(kiln_flasher_open(&host, "sim:volts3?clock=virtual&chip=esp32c3", &options,
					   &f, &err),
			 KILN_OK);
	assert_int_equal(kiln_flasher_prepare(f, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.what, "Overriding VDDSDIO is not supported by ESP32-C3.");
	kiln_flasher_abandon(f);
}

/* --- programs for RAM --- */

static uint8_t *ram_image(uint32_t address, size_t *ret_size)
{
	const struct image_spec spec = {
		.n_segments = 2, .segment_size = 7000, .max_rev_full = 0xFFFF, .seed = 3
	};
	uint8_t *image = image_make(&spec, ret_size);

	kiln_put_le32(image + 24, address);
	kiln_put_le32(image + 24 + 8 + 7000, address + 0x2000);
	kiln_put_le32(image + 4, address + 8); /* entry */
	return image;
}

static void a_program_is_loaded_to_ram(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_flasher_options options = { .no_stub = i };
		struct kiln_flash_file file = { .name = "ram.bin" };
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher *f = open_board(&story, &host, &options,
						    "sim:ram?clock=virtual");
		uint8_t *image = ram_image(0x40080000, &file.size);
		uint32_t word;

		file.data = image;
		if (kiln_flasher_load_ram(f, &file, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
		assert_int_equal(story.count[KILN_FLASH_LOADING], 2);
		assert_int_equal(story.count[KILN_FLASH_LOADED], 1);
		/* the loader is gone: nobody answers any more */
		assert_int_equal(kiln_flasher_peek(f, 0x40001000, &word, &err), KILN_E_TIMEOUT);
		kiln_flasher_abandon(f);
		free(image);
	}
}

/* A ROM may be gone before it has answered; how long it is waited for can be set. */
static void a_rom_that_does_not_say_that_it_starts(void **state)
{
	const struct kiln_scheme schemes[] = { wrap_scheme, kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	const kiln_ms set[] = { 0, 1500 }, least[] = { 200, 1500 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_flasher_options options = { .no_stub = true,
							.limits.start_from_rom = set[i] };
		struct kiln_flash_file file = { .name = "ram.bin" };
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher *f = open_board(&story, &host, &options,
						    "wrap:ram?clock=virtual");
		uint8_t *image = ram_image(0x40080000, &file.size);
		kiln_ms begun;

		file.data = image;
		wrap.swallow = KILN_OP_MEM_END;
		begun = kiln_flasher_now(f);
		assert_int_equal(kiln_flasher_load_ram(f, &file, &err), KILN_OK);
		wrap.swallow = 0;
		/* 14 KB at 115200 baud, and the wait */
		assert_in_range(kiln_flasher_now(f) - begun, 1200 + least[i], 2000 + least[i]);
		kiln_flasher_abandon(f);
		free(image);
	}
}

static void what_cannot_be_loaded(void **state)
{
	static const struct {
		const char *url;
		uint32_t address;
		bool no_stub;
		kiln_code code;
		const char *what;
	} cases[] = {
		{ "sim:ram?clock=virtual", 0x400A8000, false, KILN_E_OVERLAP,
		  "cannot load 'ram.bin' to RAM" },
		{ "sim:ram?clock=virtual", 0x60000000, true, KILN_E_REFUSED,
		  "cannot load 'ram.bin' to RAM" },
		{ "sim:ramsec?clock=virtual&chip=esp32s3&secure=download", 0x40380000, true,
		  KILN_E_UNSUPPORTED, "cannot load 'ram.bin' to RAM" },
	};
	const struct kiln_host host = help_host();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_flasher_options options = { .no_stub = cases[i].no_stub };
		struct kiln_flash_file file = { .name = "ram.bin" };
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher *f = open_board(&story, &host, &options, cases[i].url);
		uint8_t *image = ram_image(cases[i].address, &file.size);
		kiln_code code;

		file.data = image;
		code = kiln_flasher_load_ram(f, &file, &err);
		if (code != cases[i].code || !strstr(err.what, cases[i].what))
			fail_msg("%zu: %d %s: %s", i, (int)code, err.what, err.why);
		kiln_flasher_abandon(f);
		free(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_xmc_chip_is_woken_up),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(sfdp_is_read),
		cmocka_unit_test(status_on_the_oldest_chip),
		cmocka_unit_test(flash_at_other_pins),
		cmocka_unit_test(only_the_esp32_has_a_regulator),
		cmocka_unit_test(a_program_is_loaded_to_ram),
		cmocka_unit_test(a_rom_that_does_not_say_that_it_starts),
		cmocka_unit_test(what_cannot_be_loaded),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
