/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "chip/chip.h"

static void every_chip_can_be_built_for(void **state)
{
	(void)state;
	assert_int_equal(kiln_n_chips, 15);
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		const struct kiln_chip *chip = kiln_chip_at(i);
		const struct kiln_chip_layout *l = chip->layout;
		int nibble;

		assert_ptr_equal(kiln_chip_by_option(chip->name), chip);
		assert_true(kiln_chip_size_by_name(chip, "4MB", NULL, &nibble));
		assert_true(l->irom.start < l->irom.end);
		assert_true(l->page_size != 0 || chip->image_id == KILN_CHIP_NO_ID);
		for (const struct kiln_chip_memory *m = l->memory; m->name; m++)
			assert_true(m->start < m->end);
		if (chip->image_id != KILN_CHIP_NO_ID)
			assert_ptr_equal(kiln_chip_of_image(chip->image_id), chip);
	}
}

static void a_page_size_to_choose_is_among_those_that_there_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		const struct kiln_chip_layout *l = kiln_chip_at(i)->layout;
		bool found = !l->page_sizes;

		for (const uint32_t *size = l->page_sizes; size && *size; size++)
			found |= *size == l->page_size;
		assert_true(found);
	}
}

static void files_are_made_for_chips_that_cannot_be_flashed(void **state)
{
	(void)state;
	assert_string_equal(kiln_chip_name_of_image_id(32), "ESP32-S31");
	assert_null(kiln_chip_name_of_image_id(7));
	assert_null(kiln_chip_of_image(KILN_CHIP_NO_ID));
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		const struct kiln_chip *chip = kiln_chip_at(i);
		const struct kiln_chip *usable = kiln_chip_can_flash(chip) ? chip : NULL;

		if (chip->image_id != KILN_CHIP_NO_ID)
			assert_ptr_equal(kiln_chip_by_image_id(chip->image_id), usable);
		if (chip->magic)
			assert_ptr_equal(kiln_chip_by_magic(chip->magic), usable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_chip_can_be_built_for),
		cmocka_unit_test(a_page_size_to_choose_is_among_those_that_there_are),
		cmocka_unit_test(files_are_made_for_chips_that_cannot_be_flashed),
	};
	return RUN(tests);
}
