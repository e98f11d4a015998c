/* SPDX-License-Identifier: Apache-2.0 */
/* Which sectors are written, and in which runs. */
#include "unit.h"

#include <string.h>

#include "flash/delta.h"

enum { SECTOR = 4096 };

static uint8_t data[40 * SECTOR];

static void parts_are_sectors_of_the_flash(void **state)
{
	const struct kiln_plan_file file = { .address = 0x1404, .data = data, .size = 5000 };
	size_t from, n;

	(void)state;
	assert_int_equal(kiln_delta_sectors(&file), 2);
	kiln_delta_part(&file, 0, 1, &from, &n);
	assert_int_equal(from, 0);
	assert_int_equal(n, SECTOR - 0x404);
	kiln_delta_part(&file, 1, 2, &from, &n);
	assert_int_equal(from, SECTOR - 0x404);
	assert_int_equal(from + n, 5000);
}

static void runs(void **state)
{
	const struct kiln_plan_file file = { .address = 0x1000, .data = data, .size = 6 * SECTOR };
	uint8_t states[] = { KILN_SECTOR_SEND, KILN_SECTOR_SEND,  KILN_SECTOR_SAME,
			     KILN_SECTOR_SAME, KILN_SECTOR_BLANK, KILN_SECTOR_SEND };
	struct kiln_delta delta = { .states = states, .n = 6 };
	struct kiln_delta_run run;

	(void)state;
	assert_int_equal(kiln_delta_same(&delta, &file), 2 * SECTOR);
	assert_true(kiln_delta_next(&delta, &file, &run));
	assert_int_equal(run.state, KILN_SECTOR_SEND);
	assert_int_equal(run.from, 0);
	assert_int_equal(run.size, 2 * SECTOR);
	assert_true(kiln_delta_next(&delta, &file, &run));
	assert_int_equal(run.state, KILN_SECTOR_BLANK);
	assert_int_equal(run.from, 4 * SECTOR);
	assert_int_equal(run.size, SECTOR);
	assert_true(kiln_delta_next(&delta, &file, &run));
	assert_int_equal(run.from, 5 * SECTOR);
	assert_false(kiln_delta_next(&delta, &file, &run));
}

static void only_whole_sectors_are_blank(void **state)
{
	const struct kiln_plan_file file = { .address = 0x1004, .data = data, .size = 2 * SECTOR };

	(void)state;
	memset(data, 0xFF, sizeof(data));
	assert_false(kiln_delta_is_blank(&file, 0)); /* what stands before it is not the file's */
	assert_true(kiln_delta_is_blank(&file, 1));
	assert_false(kiln_delta_is_blank(&file, 2));
	data[SECTOR] = 0xFE;
	assert_false(kiln_delta_is_blank(&file, 1));
}

/* Sectors of one block (16 from 0x10000 on, file from 0xF000) that are sent, of `differ`. */
static size_t sent_of(unsigned differ, unsigned baud)
{
	const struct kiln_plan_file file = { .address = 0xF000, .data = data, .size = 18 * SECTOR };
	uint8_t states[18];
	struct kiln_delta delta = { .states = states, .n = 18 };
	const struct kiln_delta_wire wire = { .baud = baud,
					      .block_size = 0x4000,
					      .bytes_of_64k = 44 * 1024 };
	size_t sent = 0;

	memset(states, KILN_SECTOR_SAME, sizeof(states));
	memset(states + 2, KILN_SECTOR_SEND, differ);
	kiln_delta_round(&delta, &file, &wire);
	assert_int_equal(states[0], KILN_SECTOR_SAME);
	assert_int_equal(states[17], KILN_SECTOR_SAME);
	for (size_t i = 0; i < 18; i++)
		sent += states[i] == KILN_SECTOR_SEND;
	return sent;
}

/* On a slow wire each sector counts; on a fast one it is the erasing, which a block does at once.
 */
static void whole_blocks_where_that_is_quicker(void **state)
{
	(void)state;
	assert_int_equal(sent_of(14, 115200), 14);
	assert_int_equal(sent_of(3, 2000000), 3);
	assert_int_equal(sent_of(9, 2000000), 16);
	assert_int_equal(sent_of(14, 0), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_sectors_of_the_flash),
		cmocka_unit_test(runs),
		cmocka_unit_test(only_whole_sectors_are_blank),
		cmocka_unit_test(whole_blocks_where_that_is_quicker),
	};

	return RUN(tests);
}
