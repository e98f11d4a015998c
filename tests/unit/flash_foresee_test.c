/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream will take, and how long its blocks are made. */
#include "flash/foresee.h"

#include "unit.h"

enum { BLOCK = 64 * 1024, SECTOR = 4096, FRAME = 0x4000 };

static int64_t program_us(size_t n)
{
	return (int64_t)(n / 256) * KILN_PACE_PAGE_US;
}

/* Neither less than the wire takes, nor than the flash does; and not much more than both. */
static void a_stream_takes_what_it_must(void **state)
{
	static const unsigned bauds[] = { 115200, 460800, 921600, 2000000 };
	const uint32_t size = 4 * BLOCK;
	const int64_t flash = program_us(size) + 4 * KILN_PACE_BLOCK_US;

	(void)state;
	for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++) {
		const size_t wire = size / 3 * 2;
		const int64_t wire_us = (int64_t)wire * 10 * 1000000 / bauds[i];
		const int64_t us = kiln_foresee_stream(0x10000, size, wire, bauds[i], FRAME);

		assert_true(us > wire_us && us > flash);
		assert_true(us < wire_us + flash);
	}
	/* a port without a baud: only the flash counts */
	assert_true(kiln_foresee_stream(0x10000, size, size, 0, FRAME) < flash * 11 / 10);
}

/* Sector by sector an erase takes four times as long as a block does at once. */
static void whole_blocks_are_erased_at_once(void **state)
{
	const int64_t whole = kiln_foresee_stream(0x10000, BLOCK, BLOCK / 2, 2000000, FRAME),
		      sectors = kiln_foresee_stream(0x11000, BLOCK - SECTOR, BLOCK / 2, 2000000,
						    FRAME);

	(void)state;
	assert_in_range(whole, KILN_PACE_BLOCK_US + program_us(BLOCK),
			KILN_PACE_BLOCK_US + program_us(BLOCK) + 100000);
	assert_true(sectors > 15 * KILN_PACE_SECTOR_US + program_us(BLOCK - SECTOR));
}

static struct kiln_foresight begun(unsigned baud, bool dirty)
{
	struct kiln_foresight o = {
		.baud = baud, .block_size = FRAME, .rest = 4 * BLOCK / 3 * 2, .plain = 4 * BLOCK
	};

	(void)kiln_pace_begin(&o.pace, 0, 0x10000, 4 * BLOCK, /* compressed= */ true, dirty);
	return o;
}

/* On a slow wire nothing is gained by short blocks: the stub waits for it. */
static void long_blocks_on_a_slow_wire(void **state)
{
	const struct kiln_foresight slow = begun(115200, false);

	(void)state;
	assert_int_equal(kiln_foresee_size(&slow), FRAME);
}

/* The length never leaves what a frame can hold, from whatever moment it is looked at. */
static void lengths_are_possible(void **state)
{
	struct kiln_foresight o = begun(2000000, true);
	int n = 0;

	(void)state;
	for (; o.rest > 0; n++) {
		const size_t size = kiln_foresee_size(&o), rest = o.rest;
		const size_t taken = size < rest ? size : rest;
		const size_t plain = taken * o.plain / rest;

		assert_in_range(size, 1, FRAME);
		o.wire_us += (int64_t)taken * 5;
		(void)kiln_pace_data(&o.pace, o.wire_us, plain, taken == rest);
		o.rest -= taken;
		o.plain -= plain;
	}
	assert_in_range(n, 4 * BLOCK / 3 * 2 / FRAME, 60);
	/* the end: what is left, or more */
	o = begun(921600, true);
	o.rest = 1;
	o.plain = 1;
	assert_in_range(kiln_foresee_size(&o), 1, FRAME);
}

/* A block that comes just before an erase is over starts no other one, and the flash idles. */
static void not_just_before_an_erase_is_over(void **state)
{
	enum { NEARLY = 1000 }; /* what clocks that tick in ms can see */

	(void)state;
	for (unsigned baud = 460800; baud <= 2000000; baud += 1000) {
		struct kiln_foresight o = {
			.baud = baud, .block_size = FRAME, .rest = 6 * SECTOR, .plain = 8 * SECTOR
		};

		(void)kiln_pace_begin(&o.pace, 0, 0x11000, 8 * SECTOR, /* compressed= */ true,
				      /* dirty= */ true);
		const size_t size = kiln_foresee_size(&o);
		const int64_t comes_us = (int64_t)(size + 26) * 10 * 1000000 / baud;

		assert_true(llabs(comes_us - o.pace.flash_us) > NEARLY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_takes_what_it_must),
		cmocka_unit_test(whole_blocks_are_erased_at_once),
		cmocka_unit_test(long_blocks_on_a_slow_wire),
		cmocka_unit_test(lengths_are_possible),
		cmocka_unit_test(not_just_before_an_erase_is_over),
	};

	return RUN(tests);
}
