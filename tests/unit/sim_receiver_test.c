/* SPDX-License-Identifier: Apache-2.0 */
/* What each stub takes in of frames that come while it works, and what it loses. */
#include "unit.h"

#include <string.h>

#include "sim/receiver.h"

enum { BYTE = 10 * SIM_US, GAP = 64 };

static struct sim_receiver r;
static sim_ns now;

static void start(bool legacy)
{
	r.byte_time = BYTE;
	sim_receiver_start(&r, legacy);
	now = 0;
}

static void bytes(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		now += BYTE;
		sim_receiver_run(&r, now);
		sim_receiver_byte(&r, now, ((const uint8_t *)p)[i]);
	}
}

/* `n` bytes of `fill` in a frame. */
static void frame(char fill, size_t n)
{
	char body[500];

	memset(body, fill, sizeof(body));
	bytes("\xC0", 1);
	bytes(body, n);
	bytes("\xC0", 1);
}

static void gap(void)
{
	uint8_t filler[GAP];

	memset(filler, 0x55, sizeof(filler));
	filler[0] = 0xDB;
	bytes(filler, sizeof(filler));
}

static void quiet(void)
{
	now += 100 * BYTE;
	sim_receiver_run(&r, now);
}

static void next_is(char fill, size_t n)
{
	struct kiln_span f;

	assert_true(sim_receiver_next(&r, &f));
	assert_int_equal(f.n, n);
	assert_int_equal(f.p[0], fill);
	assert_int_equal(f.p[n - 1], fill);
}

static void there_is_none(void)
{
	struct kiln_span f;

	assert_false(sim_receiver_next(&r, &f));
}

static void one_is_worked_on_while_one_comes(void **state)
{
	(void)state;
	for (int legacy = 0; legacy < 2; legacy++) {
		start(legacy);
		for (char c = 'a'; c < 'f'; c++) {
			frame(c, 200);
			quiet();
			next_is(c, 200);
		}
		there_is_none();
		assert_int_equal(r.overruns, 0);
	}
}

/* The receiver is opened by the main loop, which sees the frame after the interrupt. */
static void without_a_gap_the_next_is_lost(void **state)
{
	char body[100];

	(void)state;
	memset(body, 'b', sizeof(body));
	start(false);
	frame('a', 100);
	bytes("\xC0", 1);
	bytes(body, 60);
	next_is('a', 100);
	there_is_none();
	bytes(body, 40);
	bytes("\xC0", 1);
	quiet();
	there_is_none();
	assert_true(r.overruns > 0);
	/* its end was taken for a begin, and the next begin for the end of an empty frame */
	frame('c', 100);
	quiet();
	there_is_none();
	/* the gap puts that right */
	gap();
	quiet();
	there_is_none();
	frame('d', 100);
	quiet();
	next_is('d', 100);
}

/* Two frames and a gap: the main loop looks while the gap passes. A third is lost whole. */
static void of_three_the_third_is_lost_whole(void **state)
{
	(void)state;
	start(false);
	frame('a', 100);
	quiet();
	next_is('a', 100); /* and works on it while all of this comes */
	gap();
	frame('b', 100);
	gap();
	frame('c', 100);
	quiet();
	next_is('b', 100);
	there_is_none();
	gap();
	quiet();
	there_is_none();
	frame('d', 100);
	quiet();
	next_is('d', 100);
}

static void broken_frames_are_passed_over(void **state)
{
	(void)state;
	start(false);
	bytes("\xC0", 1);
	gap(); /* ends the frame that should not be open */
	quiet();
	there_is_none();
	frame('a', 50);
	quiet();
	next_is('a', 50);
}

static void the_legacy_stub_overwrites(void **state)
{
	struct kiln_span f;

	(void)state;
	start(true);
	frame('a', 100);
	quiet();
	assert_true(sim_receiver_next(&r, &f)); /* works on it */
	frame('b', 100);
	frame('c', 60);
	quiet();
	assert_int_equal(f.p[0], 'c');
	assert_int_equal(f.p[59], 'c');
	assert_int_equal(f.p[60], 'a');
	next_is('c', 60); /* and of b nothing is known any more */
	there_is_none();
	assert_true(r.overruns > 0);
	/* an empty frame: what the buffer held is done again */
	bytes("\xC0\xC0", 2);
	quiet();
	next_is('b', 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_worked_on_while_one_comes),
		cmocka_unit_test(without_a_gap_the_next_is_lost),
		cmocka_unit_test(of_three_the_third_is_lost_whole),
		cmocka_unit_test(broken_frames_are_passed_over),
		cmocka_unit_test(the_legacy_stub_overwrites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
