/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "sim/fault.h"
#include "sim/wire.h"

/* Send a text at one speed, receive it at another. */
static size_t transfer(unsigned from, unsigned to, const void *text, size_t n, uint8_t *out)
{
	struct sim_wire wire = { 0 };
	struct sim_uart_rx rx = { 0 };
	struct sim_wire_byte byte;
	size_t got = 0;

	assert_true(sim_wire_push(&wire, 0, from, text, n));
	while (sim_wire_pop(&wire, &byte))
		got += sim_uart_receive(&rx, to, &byte, out + got);
	sim_wire_done(&wire);
	return got;
}

static void a_byte_takes_ten_bits(void **state)
{
	struct sim_wire wire = { 0 };
	struct sim_wire_byte byte;

	(void)state;
	assert_true(sim_wire_push(&wire, 1000, 100000, "ab", 2));
	assert_true(sim_wire_next(&wire) == 1000 + 100 * SIM_US);
	assert_true(sim_wire_pop(&wire, &byte) && byte.value == 'a');
	assert_true(sim_wire_next(&wire) == 1000 + 200 * SIM_US);
	assert_true(sim_wire_push(&wire, 2000, 100000, "c", 1));
	assert_true(wire.free_at == 1000 + 300 * SIM_US);
	sim_wire_cut(&wire, 5000);
	assert_true(sim_wire_next(&wire) == SIM_NEVER && !sim_wire_pop(&wire, &byte));
	sim_wire_done(&wire);
}

static void many_bytes_keep_their_order(void **state)
{
	struct sim_wire wire = { 0 };
	struct sim_wire_byte byte;
	uint8_t next = 0, expected = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 40; i++, next++)
			assert_true(sim_wire_push(&wire, 0, 115200, &next, 1));
		for (int i = 0; i < 30; i++, expected++)
			assert_true(sim_wire_pop(&wire, &byte) && byte.value == expected);
	}
	while (sim_wire_pop(&wire, &byte))
		assert_int_equal(byte.value, expected++);
	assert_int_equal(expected, next);
	sim_wire_done(&wire);
}

static void speeds_that_are_close_agree(void **state)
{
	uint8_t out[64];

	(void)state;
	assert_int_equal(transfer(115200, 115200, "hello", 5, out), 5);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(transfer(115200, 117000, "hello", 5, out), 5);
	assert_memory_equal(out, "hello", 5);
}

static void other_speeds_give_the_garbage_of_a_real_uart(void **state)
{
	uint8_t out[512], again[512];
	size_t n;

	(void)state;
	/* half the speed: two samples a bit. 0x55 is 0101..; at twice the speed 00110011.. */
	n = transfer(57600, 115200, "\x55", 1, out);
	assert_true(n >= 1);
	assert_int_equal(out[0], 0x66);
	/* twice the speed: each second bit is seen */
	n = transfer(230400, 115200, "\x00\x00\x00\x00", 4, out);
	assert_true(n >= 1 && n < 4);
	n = transfer(115200, 460800, "ets Jul 29 2019", 15, out);
	assert_true(n > 15);
	assert_int_equal(transfer(115200, 460800, "ets Jul 29 2019", 15, again), n);
	assert_memory_equal(out, again, n);
}

static void a_receiver_recovers_after_garbage(void **state)
{
	struct sim_wire wire = { 0 };
	struct sim_uart_rx rx = { 0 };
	struct sim_wire_byte byte;
	uint8_t out[64];
	size_t n = 0;

	(void)state;
	assert_true(sim_wire_push(&wire, 0, 1000000, "\x12\x34", 2));
	assert_true(sim_wire_push(&wire, 10 * SIM_MS, 115200, "good", 4));
	while (sim_wire_pop(&wire, &byte))
		n += sim_uart_receive(&rx, 115200, &byte, out + n);
	assert_true(n >= 4);
	assert_memory_equal(out + n - 4, "good", 4);
	sim_wire_done(&wire);
}

/* --- faults on the wire --- */

static void faults_are_read(void **state)
{
	struct sim_faults faults = { .random = 1 };
	const struct sim_fault *stall;

	(void)state;
	assert_int_equal(
		sim_faults_parse(&faults,
				 "lose@5,to-flip~1000,from-add@0x10,stall@7:250,unplug@9:1500,"
				 "cut@1_000,bad-sector@0x3000,no-sync",
				 NULL),
		KILN_OK);
	assert_int_equal(faults.n, 8);
	assert_true(faults.items[1].random && faults.items[1].in[SIM_TO_CHIP] &&
		    !faults.items[1].in[SIM_FROM_CHIP]);
	assert_true(!faults.items[2].in[SIM_TO_CHIP] && faults.items[2].n == 16);
	stall = sim_faults_find(&faults, SIM_FAULT_STALL);
	assert_true(stall && stall->n == 7 && stall->for_ms == 250);
	assert_int_equal(sim_faults_find(&faults, SIM_FAULT_UNPLUG)->for_ms, 1500);
	assert_int_equal(sim_faults_find(&faults, SIM_FAULT_CUT)->n, 1000);
}

static void faults_that_make_no_sense_are_refused(void **state)
{
	static const char *const wrong[] = {
		"burn",        "lose",        "lose@",     "lose@x",      "lose~0",     "lose@1:2",
		"stall~5",     "stall@5:0",   "no-sync@1", "to-unplug@5", "bad-sector", "unplug@-1",
		"flip@1,oops", "cut@1,,lo@2", "losexx@1",  "unplug@5:0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sim_faults faults = { 0 };
		struct kiln_err err = KILN_ERR_INIT;

		if (sim_faults_parse(&faults, wrong[i], &err) != KILN_E_INVALID)
			fail_msg("'%s' was accepted", wrong[i]);
		assert_memory_equal(err.what, "no such fault: '", 16);
	}
}

static void bytes_are_lost_added_and_flipped_where_it_says(void **state)
{
	struct sim_faults faults = { .random = 1 };
	uint8_t out[2];

	(void)state;
	assert_int_equal(sim_faults_parse(&faults, "to-lose@0,to-add@1,to-flip@2", NULL), KILN_OK);
	assert_int_equal(sim_faults_byte(&faults, SIM_FROM_CHIP, 7, out), 1);
	assert_int_equal(out[0], 7);
	assert_int_equal(sim_faults_byte(&faults, SIM_TO_CHIP, 7, out), 0);
	assert_int_equal(sim_faults_byte(&faults, SIM_TO_CHIP, 7, out), 2);
	assert_int_equal(out[0], 7);
	assert_int_equal(sim_faults_byte(&faults, SIM_TO_CHIP, 7, out), 1);
	assert_int_equal(__builtin_popcount(out[0] ^ 7u), 1);
	assert_int_equal(sim_faults_byte(&faults, SIM_TO_CHIP, 7, out), 1);
	assert_int_equal(out[0], 7);
}

static void a_rate_is_kept_and_a_seed_repeats(void **state)
{
	unsigned lost[3] = { 0 };
	uint64_t places[3] = { 0 };
	uint8_t out[2];

	(void)state;
	for (int run = 0; run < 3; run++) {
		struct sim_faults faults = { .random = run == 2 ? 99 : 5 };

		assert_int_equal(sim_faults_parse(&faults, "lose~100", NULL), KILN_OK);
		for (unsigned i = 0; i < 100000; i++) {
			if (sim_faults_byte(&faults, SIM_TO_CHIP, 0, out) == 0) {
				lost[run]++;
				places[run] += i;
			}
		}
		assert_in_range(lost[run], 850, 1150);
	}
	assert_true(lost[0] == lost[1] && places[0] == places[1]);
	assert_true(places[0] != places[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_byte_takes_ten_bits),
		cmocka_unit_test(many_bytes_keep_their_order),
		cmocka_unit_test(speeds_that_are_close_agree),
		cmocka_unit_test(other_speeds_give_the_garbage_of_a_real_uart),
		cmocka_unit_test(a_receiver_recovers_after_garbage),
		cmocka_unit_test(faults_are_read),
		cmocka_unit_test(faults_that_make_no_sense_are_refused),
		cmocka_unit_test(bytes_are_lost_added_and_flipped_where_it_says),
		cmocka_unit_test(a_rate_is_kept_and_a_seed_repeats),
	};
	return RUN(tests);
}
