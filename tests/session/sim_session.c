/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual board as a host sees it: resets, boot texts, download mode, the stub. */
#include "sim_help.h"

struct change {
	bool dtr, rts;
	int ms;
};

/* one line at a time, as over RFC 2217; both at once; RTS only. Each ends with -1. */
static const struct change classic[] = {
	{ false, true, 100 }, { true, true, 0 }, { true, false, 50 },
	{ false, false, 0 },  { .ms = -1 },
};
static const struct change tight[] = {
	{ false, false, 0 }, { true, true, 0 },   { false, true, 100 },
	{ true, false, 50 }, { false, false, 0 }, { .ms = -1 },
};
static const struct change plain[] = { { false, true, 100 }, { false, false, 0 }, { .ms = -1 } };

static void play(struct kiln_link *link, const struct change *c)
{
	for (; c->ms >= 0; c++) {
		assert_int_equal(kiln_link_set_lines(link, c->dtr, c->rts, NULL), KILN_OK);
		if (c->ms)
			assert_int_equal(kiln_link_sleep(link, c->ms, NULL), KILN_OK);
	}
}

static void reset_sequences_end_in_download_mode(void **state)
{
	static const struct change *const sequences[] = { classic, tight };
	const struct kiln_host host = help_host();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_link *link = help_open(&host, "resets?clock=virtual");

		(void)help_hear(link, 100);
		play(link, sequences[i]);
		assert_string_equal(help_hear(link, 100),
				    "ets Jul 29 2019 12:21:46\r\n\r\n"
				    "rst:0x1 (POWERON_RESET),boot:0x3 "
				    "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
				    "waiting for download\r\n");
		assert_int_equal(help_sync(link), 12);
		kiln_link_close(link);
	}
}

static void a_plain_reset_boots_and_blank_flash_loops(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "blank?clock=virtual");
	const char *text;

	(void)state;
	help_download(link);
	play(link, plain);
	text = help_hear(link, 500);
	assert_non_null(strstr(text, "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
				     "invalid header: 0xffffffff\r\n"
				     "invalid header: 0xffffffff\r\n"));
	assert_non_null(
		strstr(text, "rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"));
	assert_int_equal(help_sync(link), -1);
	kiln_link_close(link);
}

static void the_stub_writes_flash_that_is_there_next_time(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "writes?clock=virtual");
	static uint8_t data[0x4000];
	uint8_t reply[64];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + (i >> 8));
	help_download(link);
	assert_int_equal(help_sync(link), 12);
	help_stub(link);
	assert_int_equal(
		help_words(link, 0x02, (uint32_t[]){ sizeof(data), 1, 0x4000, 0x10000, 0 }, 5, 2),
		0);
	assert_int_equal(help_data(link, 0x03, 0, data, sizeof(data), 2), 0);
	assert_int_equal(help_words(link, 0x04, (uint32_t[]){ 1 }, 1, 2), 0);
	kiln_link_close(link);

	link = help_open(&host, "writes?clock=virtual");
	help_download(link);
	assert_int_equal(help_sync(link), 12);
	assert_int_equal(help_words(link, 0x0D, (uint32_t[]){ 0, 0 }, 2, 4), 0);
	assert_int_equal(help_request(link, 0x0E, (uint8_t[]){ 0x40, 0, 1, 0, 64, 0, 0, 0 }, 8, 0,
				      reply, sizeof(reply), 500),
			 76);
	assert_memory_equal(reply + 8, data + 0x40, 56);
	kiln_link_close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_sequences_end_in_download_mode),
		cmocka_unit_test(a_plain_reset_boots_and_blank_flash_loops),
		cmocka_unit_test(the_stub_writes_flash_that_is_there_next_time),
	};
	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
