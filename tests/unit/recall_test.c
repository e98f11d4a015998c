/* SPDX-License-Identifier: Apache-2.0 */
/* What was last written where: kept, found again, brought up to date, and never trusted. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "flash/recall.h"
#include "support/image_maker.h"

enum { SIZE = 100000, SECTORS = (SIZE + 4095) / 4096 };

static uint8_t data[SIZE], states[SECTORS + 1];
static struct kiln_plan_file file;
static struct kiln_flash_recall *recall;

static int set_up(void **state)
{
	(void)state;
	image_fill(data, SIZE, 3);
	file = (struct kiln_plan_file){ .address = 0x10000, .data = data, .size = SIZE };
	return kiln_flash_recall_new(NULL, 0, &recall, NULL) == KILN_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	kiln_flash_recall_free(recall);
	return 0;
}

static void a_changed_byte_is_one_sector(void **state)
{
	(void)state;
	assert_int_equal(kiln_recall_guess(recall, &file, states), 0);
	assert_int_equal(kiln_recall_note(recall, &file, NULL), KILN_OK);
	assert_int_equal(kiln_recall_guess(recall, &file, states), SECTORS);
	data[5 * 4096] ^= 1;
	assert_int_equal(kiln_recall_guess(recall, &file, states), SECTORS - 1);
	assert_int_equal(states[5], KILN_SECTOR_SEND);
	assert_int_equal(states[4], KILN_SECTOR_SAME);
	kiln_recall_forget(recall);
	assert_int_equal(kiln_recall_guess(recall, &file, states), 0);
}

/* Another file over a part, and one behind: the sectors of others stay. */
static void files_side_by_side(void **state)
{
	struct kiln_plan_file over = file, behind = file;

	(void)state;
	over.address += 2 * 4096;
	over.data += 50000;
	over.size = 4096;
	behind.address = 0x100000;
	assert_int_equal(kiln_recall_note(recall, &behind, NULL), KILN_OK);
	assert_int_equal(kiln_recall_note(recall, &file, NULL), KILN_OK);
	assert_int_equal(kiln_recall_note(recall, &over, NULL), KILN_OK);
	assert_int_equal(kiln_recall_guess(recall, &behind, states), SECTORS);
	assert_int_equal(kiln_recall_guess(recall, &file, states), SECTORS - 1);
	assert_int_equal(states[2], KILN_SECTOR_SEND);
	assert_int_equal(kiln_recall_guess(recall, &over, states), 1);
}

static void kept_and_read_again(void **state)
{
	struct kiln_flash_recall *again;
	const void *bytes;
	uint8_t *copy;
	size_t n;

	(void)state;
	assert_int_equal(kiln_recall_note(recall, &file, NULL), KILN_OK);
	bytes = kiln_flash_recall_bytes(recall, &n);
	copy = malloc(n);
	memcpy(copy, bytes, n);
	assert_int_equal(kiln_flash_recall_new(copy, n, &again, NULL), KILN_OK);
	assert_int_equal(kiln_recall_guess(again, &file, states), SECTORS);
	kiln_flash_recall_free(again);
	/* cut off, out of order, another format: nothing is known */
	for (int i = 0; i < 3; i++) {
		memcpy(copy, bytes, n);
		if (i == 1)
			copy[8] = 0xFF;
		if (i == 2)
			copy[7] = '9';
		assert_int_equal(kiln_flash_recall_new(copy, i == 0 ? n - 1 : n, &again, NULL),
				 KILN_OK);
		assert_int_equal(kiln_recall_guess(again, &file, states), 0);
		assert_int_equal(kiln_recall_note(again, &file, NULL), KILN_OK);
		assert_int_equal(kiln_recall_guess(again, &file, states), SECTORS);
		kiln_flash_recall_free(again);
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_changed_byte_is_one_sector, set_up, tear_down),
		cmocka_unit_test_setup_teardown(files_side_by_side, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kept_and_read_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
