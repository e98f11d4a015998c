/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual board's faults, clocks, wire and locks, through the link that programs use. */
#include "sim_help.h"

#include "base/bytes.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { BLOCK = 0x4000 };

static uint8_t block[BLOCK];

static struct kiln_link *open_stub(const struct kiln_host *host, const char *rest)
{
	struct kiln_link *link = help_open(host, rest);

	help_download(link);
	assert_int_equal(help_sync(link), 12);
	help_stub(link);
	return link;
}

/* Write blocks of zeros from 0x10000 on until one is not answered; returns how many were. */
static int write_blocks(struct kiln_link *link, unsigned n)
{
	unsigned done = 0;

	memset(block, 0, sizeof(block));
	if (help_words(link, 0x02, (uint32_t[]){ n * BLOCK, n, BLOCK, 0x10000, 0 }, 5, 2) != 0)
		return -1;
	while (done < n && help_data(link, 0x03, done, block, sizeof(block), 2) == 0)
		done++;
	return (int)done;
}

/* The flash as it lies in its file. */
static size_t zeros_in_flash(const char *name)
{
	static uint8_t flash[4 << 20];
	char path[512];
	size_t n = 0, got;
	FILE *f;

	kiln_text_format(path, sizeof(path), "%s/kiln/sim/%s.flash", getenv("XDG_STATE_HOME"),
			 name);
	f = fopen(path, "rb");
	assert_non_null(f);
	got = fread(flash, 1, sizeof(flash), f);
	fclose(f);
	assert_int_equal(got, sizeof(flash));
	for (size_t i = 0; i < got; i++)
		n += flash[i] == 0;
	return n;
}

/* --- faults --- */

static void unplugging_is_seen_at_once_and_tears_the_write(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = open_stub(&host, "unplug?clock=virtual&fault=unplug@60000");
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t byte;
	size_t n;

	(void)state;
	assert_in_range(write_blocks(link, 8), 1, 4);
	assert_int_equal(kiln_link_read(link, &byte, 1, KILN_FOREVER, &n, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.why, "the cable was pulled");
	assert_int_equal(kiln_link_write(link, "x", 1, KILN_FOREVER, NULL), KILN_E_PORT_GONE);
	assert_int_equal(kiln_link_set_lines(link, true, false, NULL), KILN_E_PORT_GONE);
	assert_int_equal(kiln_link_set_baud(link, 9600, NULL), KILN_E_PORT_GONE);
	kiln_link_close(link);
	assert_in_range(zeros_in_flash("unplug"), BLOCK, 4 * BLOCK - 1);

	link = open_stub(&host, "unplug?clock=virtual"); /* plugged in again */
	assert_int_equal(write_blocks(link, 8), 8);
	kiln_link_close(link);
	assert_int_equal(zeros_in_flash("unplug"), 8 * BLOCK);
}

static void a_power_cut_comes_at_the_byte_it_was_asked_for(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = open_stub(&host, "cut?clock=virtual&fault=cut@20001");

	(void)state;
	assert_in_range(write_blocks(link, 8), 1, 3);
	assert_string_equal(help_hear(link, 1000), "");
	help_download(link); /* no power: no reset helps */
	assert_int_equal(help_sync(link), -1);
	kiln_link_close(link);
	assert_int_equal(zeros_in_flash("cut"), 20001);
}

static void a_bad_sector_shows_in_what_is_read_back(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = open_stub(&host, "bad?clock=virtual&fault=bad-sector@0x12000");

	(void)state;
	assert_int_equal(write_blocks(link, 1), 1); /* the chip does not notice */
	kiln_link_close(link);
	assert_int_equal(zeros_in_flash("bad"), BLOCK - 0x1000);
}

static void a_chip_that_never_syncs_still_says_its_text(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "deaf?clock=virtual&fault=no-sync");

	(void)state;
	assert_int_equal(kiln_link_set_lines(link, true, false, NULL), KILN_OK);
	assert_non_null(strstr(help_hear(link, 200), "waiting for download"));
	assert_int_equal(help_sync(link), -1);
	kiln_link_close(link);
}

static void a_stall_delays_and_then_all_goes_on(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "stall?clock=virtual&fault=stall@10:5000");
	const uint32_t address = 0x40001000;
	uint8_t reply[64];
	kiln_ms begin;

	(void)state;
	help_download(link);
	begin = kiln_link_now(link);
	assert_int_equal(help_request(link, 0x0A, &address, 4, 0, reply, sizeof(reply), 1000), -1);
	assert_int_equal(help_frame(link, reply, sizeof(reply), 10000), 12);
	assert_in_range(kiln_link_now(link) - begin, 5000, 5010);
	kiln_link_close(link);
}

static void a_lost_byte_costs_the_answer(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "lost?clock=virtual&fault=to-lose@0");
	const uint32_t address = 0x40001000;
	uint8_t reply[64];

	(void)state;
	help_download(link);
	assert_int_equal(help_request(link, 0x0A, &address, 4, 0, reply, sizeof(reply), 500), -1);
	assert_int_equal(help_request(link, 0x0A, &address, 4, 0, reply, sizeof(reply), 500), 12);
	kiln_link_close(link);
}

static void noise_repeats_with_its_seed(void **state)
{
	const struct kiln_host host = help_host();
	char heard[3][4096];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct kiln_link *link =
			help_open(&host, i == 2 ? "noise?clock=virtual&fault=from-flip~20&seed=2"
						: "noise?clock=virtual&fault=from-flip~20&seed=1");

		kiln_text_copy(heard[i], sizeof(heard[i]), help_hear(link, 200));
		kiln_link_close(link);
	}
	assert_string_equal(heard[0], heard[1]);
	assert_string_not_equal(heard[0], heard[2]);
}

/* --- reset circuit --- */

static const char *reset_slowly(const struct kiln_host *host, const char *rest)
{
	static char text[4096];
	struct kiln_link *link = help_open(host, rest);

	(void)help_hear(link, 300);
	assert_int_equal(kiln_link_set_lines(link, false, true, NULL), KILN_OK);
	assert_int_equal(kiln_link_sleep(link, 100, NULL), KILN_OK);
	assert_int_equal(kiln_link_set_lines(link, true, true, NULL), KILN_OK);
	/* both asserted: EN rises, and IO0 is still high */
	assert_int_equal(kiln_link_sleep(link, 30, NULL), KILN_OK);
	assert_int_equal(kiln_link_set_lines(link, true, false, NULL), KILN_OK);
	kiln_text_copy(text, sizeof(text), help_hear(link, 200));
	kiln_link_close(link);
	return text;
}

static void the_capacitor_at_en_decides_a_slow_sequence(void **state)
{
	const struct kiln_host host = help_host();

	(void)state;
	assert_non_null(strstr(reset_slowly(&host, "slow?clock=virtual"), "boot:0x13"));
	assert_non_null(strstr(reset_slowly(&host, "slow?clock=virtual&en=60"), "boot:0x3 "));
}

/* --- wire and clock --- */

static void bytes_take_their_time_on_the_wire(void **state)
{
	static const unsigned bauds[] = { 9600, 115200, 921600 };
	const struct kiln_host host = help_host();
	static uint8_t bytes[100000];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct kiln_link *link = help_open(&host, "time?clock=virtual");
		const kiln_ms expected = (kiln_ms)sizeof(bytes) * 10 * 1000 / bauds[i];
		kiln_ms begin;

		assert_int_equal(kiln_link_set_baud(link, bauds[i], NULL), KILN_OK);
		begin = kiln_link_now(link);
		assert_int_equal(kiln_link_write(link, bytes, sizeof(bytes), KILN_FOREVER, NULL),
				 KILN_OK);
		assert_int_equal(kiln_link_drain(link, KILN_FOREVER, NULL), KILN_OK);
		assert_in_range(kiln_link_now(link) - begin, expected * 99 / 100,
				expected * 101 / 100);
		kiln_link_close(link);
	}
}

static void reading_flash_is_as_fast_as_the_wire(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = open_stub(&host, "reading?clock=virtual");
	struct kiln_link_stats before, after;
	uint8_t frame[0x1000];
	kiln_ms begin, wire;

	(void)state;
	assert_int_equal(help_words(link, 0x0F, (uint32_t[]){ 921600, 115200 }, 2, 2), 0);
	assert_int_equal(kiln_link_set_baud(link, 921600, NULL), KILN_OK);
	kiln_link_stats(link, &before);
	begin = kiln_link_now(link);
	assert_int_equal(help_words(link, 0xD2, (uint32_t[]){ 0, 1 << 20, 0x1000, 64 }, 4, 2), 0);
	for (uint32_t got = 0x1000; got <= 1 << 20; got += 0x1000) {
		struct kiln_buf ack = KILN_BUF_INIT(16);
		uint8_t have[4];

		kiln_put_le32(have, got);
		assert_int_equal(kiln_slip_encode(&ack, have, sizeof(have)), KILN_OK);
		/* while it is on its way: the 2026 stub sends no block before it has that */
		assert_int_equal(kiln_link_write(link, ack.data, ack.len, KILN_FOREVER, NULL),
				 KILN_OK);
		kiln_buf_done(&ack);
		assert_int_equal(help_frame(link, frame, sizeof(frame), 1000), 0x1000);
	}
	assert_int_equal(help_frame(link, frame, sizeof(frame), 1000), 16);
	kiln_link_stats(link, &after);
	wire = (kiln_ms)((after.bytes_in - before.bytes_in) * 10 * 1000 / 921600);
	assert_in_range(kiln_link_now(link) - begin, wire * 99 / 100, wire * 101 / 100);
	kiln_link_close(link);
}

static void a_write_does_not_wait_for_the_flash(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = open_stub(&host, "writing?clock=virtual");
	const kiln_ms begin = kiln_link_now(link);
	const kiln_ms wire = 64 * BLOCK * 10 / 115; /* ms at 115200; zeros are not escaped */
	kiln_ms took;

	(void)state;
	assert_int_equal(write_blocks(link, 64), 64);
	took = kiln_link_now(link) - begin;
	assert_in_range(took, wire * 99 / 100 - 10, wire * 101 / 100);
	/* the last block is still being written when it is acknowledged */
	assert_int_equal(help_words(link, 0x04, (uint32_t[]){ 1 }, 1, 2), 0);
	assert_in_range(kiln_link_now(link) - begin - took, 20, 400);
	kiln_link_close(link);
}

static void the_wrong_baud_gives_garbage(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "garbage?clock=virtual");
	const char *text;

	(void)state;
	assert_int_equal(kiln_link_set_baud(link, 74880, NULL), KILN_OK);
	text = help_hear(link, 100);
	assert_true(strlen(text) > 5);
	assert_null(strstr(text, "rst:"));
	assert_int_equal(kiln_link_set_baud(link, 115200, NULL), KILN_OK);
	assert_non_null(strstr(help_hear(link, 500), "invalid header"));
	kiln_link_close(link);
}

static void the_bridge_keeps_bytes_back(void **state)
{
	const struct kiln_host host = help_host();
	const uint32_t address = 0x40001000;
	kiln_ms took[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_link *link = help_open(&host, i ? "late?clock=virtual&latency=16"
							    : "late?clock=virtual");
		uint8_t reply[64];

		help_download(link);
		took[i] = kiln_link_now(link);
		assert_int_equal(help_request(link, 0x0A, &address, 4, 0, reply, 64, 500), 12);
		took[i] = kiln_link_now(link) - took[i];
		kiln_link_close(link);
	}
	assert_in_range(took[1] - took[0], 14, 16);
}

/* --- waiting --- */

static void the_descriptor_tells_of_bytes_in_real_time(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "real");
	struct pollfd p = { .fd = kiln_link_fd(link), .events = POLLIN };
	char text[4096] = "";
	size_t n = 0, got;

	(void)state;
	assert_true(p.fd >= 0);
	for (int i = 0; i < 1000 && !strstr(text, "invalid header: 0xffffffff"); i++) {
		assert_int_equal(poll(&p, 1, 60000), 1);
		if (kiln_link_read(link, text + n, sizeof(text) - 1 - n, 0, &got, NULL) == KILN_OK)
			n += got;
		text[n] = '\0';
	}
	assert_non_null(strstr(text, "invalid header: 0xffffffff"));
	assert_int_equal(help_sync(link), -1);
	help_download(link);
	assert_int_equal(help_sync(link), 12);
	assert_int_equal(poll(&p, 1, 0), 0); /* nothing to read: not readable */
	kiln_link_close(link);
}

static kiln_code cancel(void *user, int fd, short events, kiln_ms deadline)
{
	int *calls = user;

	(void)fd;
	(void)events;
	(void)deadline;
	return ++*calls > 3 ? KILN_E_CANCELLED : KILN_E_TIMEOUT;
}

static void waiting_can_be_cancelled_on_both_clocks(void **state)
{
	static const char *const rests[] = { "cancel", "cancel?clock=virtual" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kiln_host host = help_host();
		struct kiln_link *link;
		kiln_code code;
		int calls = 0;
		uint8_t byte;
		size_t n;

		host.waiter = (struct kiln_waiter){ cancel, &calls };
		link = help_open(&host, rests[i]);
		do { /* what was there before is not lost */
			code = kiln_link_read(link, &byte, 1, KILN_FOREVER, &n, NULL);
		} while (code == KILN_OK);
		assert_int_equal(code, KILN_E_CANCELLED);
		assert_int_equal(kiln_link_sleep(link, 10000, NULL), KILN_E_CANCELLED);
		kiln_link_close(link);
	}
}

static void a_long_wait_on_the_virtual_clock_takes_no_time(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "patience?clock=virtual");
	const kiln_ms real = kiln_now(), virtual = kiln_link_now(link);

	(void)state;
	assert_int_equal(kiln_link_sleep(link, 60000, NULL), KILN_OK);
	assert_true(kiln_link_now(link) - virtual >= 60000);
	assert_true(kiln_now() - real < 10000);
	kiln_link_close(link);
}

/* --- what is left --- */

static void a_killed_holder_lets_go_and_leaves_its_flash(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		link = open_stub(&host, "killed?clock=virtual");
		(void)write_blocks(link, 2);
		(void)help_words(link, 0x04, (uint32_t[]){ 1 }, 1, 2);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(zeros_in_flash("killed"), 2 * BLOCK);
	link = help_open(&host, "killed?clock=virtual");
	kiln_link_close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unplugging_is_seen_at_once_and_tears_the_write),
		cmocka_unit_test(a_power_cut_comes_at_the_byte_it_was_asked_for),
		cmocka_unit_test(a_bad_sector_shows_in_what_is_read_back),
		cmocka_unit_test(a_chip_that_never_syncs_still_says_its_text),
		cmocka_unit_test(a_stall_delays_and_then_all_goes_on),
		cmocka_unit_test(a_lost_byte_costs_the_answer),
		cmocka_unit_test(noise_repeats_with_its_seed),
		cmocka_unit_test(the_capacitor_at_en_decides_a_slow_sequence),
		cmocka_unit_test(bytes_take_their_time_on_the_wire),
		cmocka_unit_test(reading_flash_is_as_fast_as_the_wire),
		cmocka_unit_test(a_write_does_not_wait_for_the_flash),
		cmocka_unit_test(the_wrong_baud_gives_garbage),
		cmocka_unit_test(the_bridge_keeps_bytes_back),
		cmocka_unit_test(the_descriptor_tells_of_bytes_in_real_time),
		cmocka_unit_test(waiting_can_be_cancelled_on_both_clocks),
		cmocka_unit_test(a_long_wait_on_the_virtual_clock_takes_no_time),
		cmocka_unit_test(a_killed_holder_lets_go_and_leaves_its_flash),
	};
	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
