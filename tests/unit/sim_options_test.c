/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "sim/boot.h"
#include "sim/options.h"

static void all_options_are_read(void **state)
{
	struct sim_options o;

	(void)state;
	assert_int_equal(sim_options_parse("sim:my-board.2?chip=esp32-d0wd-v3&flash=/tmp/a%26b%20c&"
					   "size=8MB&mac=24:0A:c4:00:00:01&clock=virtual&"
					   "fault=lose@1,no-sync&seed=7&latency=16&en=100",
					   &o, NULL),
			 KILN_OK);
	assert_string_equal(o.name, "my-board.2");
	assert_string_equal(o.model->name, "esp32-d0wd-v3");
	assert_string_equal(o.flash, "/tmp/a&b c");
	assert_int_equal(o.flash_size, 8 << 20);
	assert_true(o.has_mac && o.virtual_clock);
	assert_memory_equal(o.mac, "\x24\x0A\xC4\x00\x00\x01", 6);
	assert_int_equal(o.faults.n, 2);
	assert_int_equal(o.faults.random, 7);
	assert_true(o.bridge_latency == 16 * SIM_MS && o.en_rise == 100 * SIM_MS);
}

static void a_name_alone_is_enough(void **state)
{
	struct sim_options o;

	(void)state;
	assert_int_equal(sim_options_parse("sim:demo", &o, NULL), KILN_OK);
	assert_true(!o.model && !o.flash[0] && !o.has_mac && !o.virtual_clock && !o.faults.n);
	assert_int_equal(sim_options_parse("sim:demo?", &o, NULL), KILN_OK);
}

static void wrong_urls_are_said(void **state)
{
	static const struct {
		const char *url, *why;
	} cases[] = {
		{ "sim:", "'' is no name for a virtual board" },
		{ "sim:../x", "'../x' is no name for a virtual board" },
		{ "sim:.hidden", "'.hidden' is no name for a virtual board" },
		{ "sim:a b", "'a b' is no name for a virtual board" },
		{ "sim:d?color=red", "a virtual board has no option 'color'" },
		{ "sim:d?CLOCK=real", "a virtual board has no option 'CLOCK'" },
		{ "sim:d?chip=z80",
		  "chip= takes a chip like esp32c3, or a model like esp32-d0wd-v3, not 'z80'" },
		{ "sim:d?chip",
		  "chip= takes a chip like esp32c3, or a model like esp32-d0wd-v3, not ''" },
		{ "sim:d?clock=fast", "clock= takes real or virtual, not 'fast'" },
		{ "sim:d?clock=real&clock=real", "clock= takes real or virtual, not 'real'" },
		{ "sim:d?size=3MB", "size= takes a flash size, 256KB to 128MB, not '3MB'" },
		{ "sim:d?mac=1:2:3", "mac= takes an address like 24:0a:c4:00:00:01, not '1:2:3'" },
		{ "sim:d?mac=25:0a:c4:00:00:01",
		  "mac= takes an address like 24:0a:c4:00:00:01, not '25:0a:c4:00:00:01'" },
		{ "sim:d?flash=", "flash= takes a file, not ''" },
		{ "sim:d?flash=a%00", "flash= takes a file, not 'a%00'" },
		{ "sim:d?latency=-1", "latency= takes milliseconds, not '-1'" },
		{ "sim:d?en=0", "en= takes milliseconds, more than 0, not '0'" },
		{ "sim:d?nand=nor", "nand= takes w25n01gv, strange or none, not 'nor'" },
		{ "sim:d?bad-blocks=1024",
		  "bad-blocks= takes numbers from 0 to 1023, separated by commas, not '1024'" },
		{ "sim:d?fault=burn@1", "no such fault: 'burn@1'" },
	};
	struct sim_options o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(sim_options_parse(cases[i].url, &o, &err), KILN_E_INVALID);
		assert_string_equal(err.why, cases[i].why);
		assert_memory_equal(err.what, "cannot open 'sim:", 17);
	}
}

static void an_efuse_holds_the_mac_as_the_recorded_one(void **state)
{
	static const uint8_t mac[6] = { 0x24, 0x0A, 0xC4, 0x12, 0x34, 0x56 };
	struct sim_register words[SIM_MAC_WORDS];

	(void)state;
	assert_int_equal(sim_model_mac_words(sim_model_find("esp32"), mac, words), 2);
	assert_int_equal(words[0].address, 0x3FF5A004);
	assert_int_equal(words[0].value, 0xC4123456);
	assert_int_equal(words[1].value, 0x00F5240A);
}

static void each_model_is_whole(void **state)
{
	const struct sim_model *m;

	(void)state;
	for (unsigned i = 0; (m = sim_model_at(i)); i++) {
		assert_non_null(sim_model_chip(m));
		assert_ptr_equal(sim_model_find(m->name), m);
		for (int r = 1; r < SIM_RESET_KINDS; r++)
			assert_non_null(m->rom->reset[r]);
	}
	assert_int_equal(sim_model_find("esp32") != NULL, true);
	assert_null(sim_model_find("esp9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_options_are_read),
		cmocka_unit_test(a_name_alone_is_enough),
		cmocka_unit_test(wrong_urls_are_said),
		cmocka_unit_test(an_efuse_holds_the_mac_as_the_recorded_one),
		cmocka_unit_test(each_model_is_whole),
	};
	return RUN(tests);
}
