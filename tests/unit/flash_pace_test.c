/* SPDX-License-Identifier: Apache-2.0 */
/* What the stub is busy with, as it is foreseen. */
#include "unit.h"

#include "flash/pace.h"

enum { KB = 1024, PROGRAM = 128 * KILN_PACE_PAGE_US };

/* A blank chip: a look with each block, the rest with the one that fills the 32 KB. */
static void looks_and_programs(void **state)
{
	struct kiln_pace p = { 0 };

	(void)state;
	assert_int_equal(kiln_pace_begin(&p, 1000, 0x10000, 64 * KB, true, false), 1000);
	assert_int_equal(p.cpu_us, 1000 + KILN_PACE_THINK_US + KILN_PACE_LOOK_US);
	assert_int_equal(kiln_pace_sectors_before(&p), 7);
	/* it comes while the stub looks, and waits */
	assert_int_equal(kiln_pace_data(&p, 1500, 20 * KB, false), 2650);
	assert_int_equal(kiln_pace_sectors_before(&p), 6);
	assert_int_equal(p.pages, 0);
	assert_int_equal(kiln_pace_data(&p, 10000, 20 * KB, false), 10000);
	/* one as it comes, five that are left, one of the next 32 KB */
	assert_int_equal(p.cpu_us, 10000 + KILN_PACE_THINK_US + PROGRAM + 7 * KILN_PACE_LOOK_US);
	assert_int_equal(p.pages, 128);
	assert_false(p.unsure);
	assert_int_equal(p.n, 8 * KB);
	assert_int_equal(kiln_pace_data(&p, 0, 24 * KB, true),
			 10000 + KILN_PACE_THINK_US + PROGRAM + 7 * KILN_PACE_LOOK_US);
	assert_int_equal(p.address, 0x20000);
	assert_int_equal(kiln_pace_sectors_before(&p), 0);
	const int64_t done = p.cpu_us;

	assert_int_equal(kiln_pace_end(&p, 0), done);
}

/* Something stands there: a block is erased while others come, and the program waits for it. */
static void erases_in_the_background(void **state)
{
	struct kiln_pace p = { 0 };

	(void)state;
	(void)kiln_pace_begin(&p, 0, 0x10000, 128 * KB, true, true);
	assert_int_equal(p.cpu_us, KILN_PACE_THINK_US);
	assert_int_equal(p.flash_us, KILN_PACE_THINK_US + KILN_PACE_BLOCK_US);
	(void)kiln_pace_data(&p, 50000, 16 * KB, false);
	assert_int_equal(p.cpu_us, 50000 + KILN_PACE_THINK_US);
	assert_false(p.unsure);
	(void)kiln_pace_data(&p, 100000, 20 * KB, false);
	assert_true(p.unsure);
	assert_int_equal(p.cpu_us, KILN_PACE_THINK_US + KILN_PACE_BLOCK_US + PROGRAM);
	assert_int_equal(p.next_erase, 0x30000); /* the next one is under way */
	assert_int_equal(p.flash_us, p.cpu_us + KILN_PACE_BLOCK_US);
	/* all is erased: nothing is unsure any more */
	(void)kiln_pace_data(&p, 1000000, 30 * KB, false);
	assert_false(p.unsure);
}

static void sectors_one_by_one(void **state)
{
	struct kiln_pace p = { 0 };

	(void)state;
	(void)kiln_pace_begin(&p, 0, 0x11000, 12 * KB, true, true);
	(void)kiln_pace_data(&p, 1000, 12 * KB, true);
	assert_true(p.unsure);
	assert_int_equal(p.next_erase, p.region_end);
	assert_int_equal(p.cpu_us,
			 KILN_PACE_THINK_US + 3 * KILN_PACE_SECTOR_US + 48 * KILN_PACE_PAGE_US);
}

static void plain_blocks(void **state)
{
	struct kiln_pace p = { 0 };

	(void)state;
	(void)kiln_pace_begin(&p, 0, 0x10000, 32 * KB, false, false);
	(void)kiln_pace_data(&p, 10000, 16 * KB, false);
	assert_int_equal(p.cpu_us, 10000 + KILN_PACE_THINK_US + 64 * KILN_PACE_PAGE_US +
					   3 * KILN_PACE_LOOK_US);
}

static void learns(void **state)
{
	struct kiln_pace p = { 0 };

	(void)state;
	assert_int_equal(kiln_pace_page_us(&p), KILN_PACE_PAGE_US);
	kiln_pace_learn(&p, 128, -128 * 200);
	assert_true(p.is_measured);
	assert_int_equal(kiln_pace_page_us(&p), 400);
	kiln_pace_learn(&p, 1, 1000000); /* no chip is like that: something else was slow */
	assert_int_equal(kiln_pace_page_us(&p), 400);
	kiln_pace_shift(&p, 7);
	assert_int_equal(p.cpu_us, 7);
	assert_int_equal(p.flash_us, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_and_programs),
		cmocka_unit_test(erases_in_the_background),
		cmocka_unit_test(sectors_one_by_one),
		cmocka_unit_test(plain_blocks),
		cmocka_unit_test(learns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
