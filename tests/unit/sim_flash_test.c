/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/flash.h"

static struct sim_flash open_memory(uint32_t size)
{
	struct sim_flash flash;

	assert_int_equal(sim_flash_open(&flash, NULL, size, NULL), KILN_OK);
	return flash;
}

static void program(struct sim_flash *flash, uint32_t address, const void *bytes, uint32_t n)
{
	struct sim_flash_op op = { SIM_FLASH_PROGRAM, address, n, { 0 } };

	memcpy(op.data, bytes, n);
	sim_flash_apply(flash, &op);
}

static void erase(struct sim_flash *flash, sim_flash_kind kind, uint32_t address)
{
	sim_flash_apply(flash, &(struct sim_flash_op){ kind, address, 0, { 0 } });
}

static bool all(const struct sim_flash *flash, uint32_t from, uint32_t to, uint8_t byte)
{
	for (uint32_t at = from; at < to; at++) {
		if (flash->data[at] != byte)
			return false;
	}
	return true;
}

static void programming_only_clears_bits(void **state)
{
	struct sim_flash flash = open_memory(1 << 20);

	(void)state;
	program(&flash, 0x100, "\xF0\x0F", 2);
	program(&flash, 0x100, "\x3C\x3C", 2);
	assert_int_equal(flash.data[0x100], 0x30);
	assert_int_equal(flash.data[0x101], 0x0C);
	assert_int_equal(flash.programmed, 4);
	sim_flash_close(&flash);
}

static void a_program_wraps_within_its_page(void **state)
{
	struct sim_flash flash = open_memory(1 << 20);

	(void)state;
	program(&flash, 0x1FE, "\x01\x02\x03\x04", 4);
	assert_int_equal(flash.data[0x1FF], 2);
	assert_int_equal(flash.data[0x100], 3);
	assert_int_equal(flash.data[0x200], 0xFF);
	sim_flash_close(&flash);
}

static void erases_take_whole_sectors_and_blocks(void **state)
{
	struct sim_flash flash = open_memory(1 << 20);

	(void)state;
	memset(flash.data, 0, flash.size);
	erase(&flash, SIM_FLASH_ERASE_SECTOR, 0x3123);
	assert_true(all(&flash, 0x2000, 0x3000, 0) && all(&flash, 0x3000, 0x4000, 0xFF) &&
		    all(&flash, 0x4000, 0x10000, 0));
	erase(&flash, SIM_FLASH_ERASE_BLOCK, 0x1FFFF);
	assert_true(all(&flash, 0x10000, 0x20000, 0xFF) && all(&flash, 0x20000, 0x30000, 0));
	assert_false(flash.files_erased);
	erase(&flash, SIM_FLASH_ERASE_CHIP, 0);
	assert_true(all(&flash, 0, flash.size, 0xFF) && flash.files_erased);
	sim_flash_close(&flash);
}

static void a_bad_sector_keeps_what_it_holds(void **state)
{
	struct sim_flash flash = open_memory(1 << 20);

	(void)state;
	memset(flash.data, 0x55, flash.size);
	flash.bad_sector = 2;
	erase(&flash, SIM_FLASH_ERASE_CHIP, 0);
	program(&flash, 0x2000, "\0", 1);
	assert_true(all(&flash, 0x2000, 0x3000, 0x55) && all(&flash, 0x3000, flash.size, 0xFF));
	sim_flash_close(&flash);
}

static void times_are_those_of_the_part(void **state)
{
	struct sim_flash flash = open_memory(4 << 20);
	const struct sim_flash_op page = { SIM_FLASH_PROGRAM, 0, 256, { 0 } };
	const struct sim_flash_op chip = { SIM_FLASH_ERASE_CHIP, 0, 0, { 0 } };

	(void)state;
	assert_true(sim_flash_time(&flash, &page) == 600 * SIM_US);
	assert_true(sim_flash_time(&flash, &chip) == 15 * SIM_S);
	assert_int_equal(sim_flash_jedec(&flash), 0x1640C8);
	sim_flash_close(&flash);
}

static void power_loss_leaves_a_torn_page_or_sector(void **state)
{
	struct sim_flash flash = open_memory(1 << 20);
	struct sim_flash_op op = { SIM_FLASH_PROGRAM, 0, 256, { 0 } };
	uint64_t random = 1;
	unsigned erased = 0;

	(void)state;
	sim_flash_tear(&flash, &op, 300, 600, &random);
	assert_true(all(&flash, 0, 128, 0) && all(&flash, 128, 256, 0xFF));
	memset(flash.data, 0, flash.size);
	op.kind = SIM_FLASH_ERASE_SECTOR;
	sim_flash_tear(&flash, &op, 25, 50, &random);
	for (uint32_t i = 0; i < SIM_FLASH_SECTOR; i++)
		erased += flash.data[i] != 0;
	assert_in_range(erased, SIM_FLASH_SECTOR / 3, 2 * SIM_FLASH_SECTOR / 3);
	assert_true(all(&flash, SIM_FLASH_SECTOR, flash.size, 0));
	sim_flash_close(&flash);
}

static void reads_wrap_at_the_end(void **state)
{
	struct sim_flash flash = open_memory(1 << 20);
	uint8_t bytes[4];

	(void)state;
	program(&flash, 0, "\x11\x22", 2);
	sim_flash_read(&flash, (2u << 20) - 2, bytes, sizeof(bytes));
	assert_memory_equal(bytes, "\xFF\xFF\x11\x22", 4);
	sim_flash_close(&flash);
}

static void the_file_is_the_flash(void **state)
{
	char path[] = "/tmp/kiln-flash-XXXXXX";
	struct sim_flash flash;
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t bytes[2] = { 0 };
	struct stat st;
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sim_flash_open(&flash, path, 1 << 20, NULL), KILN_OK);
	program(&flash, 0x1000, "\xAB", 1);
	/* before it is closed: what a killed process leaves */
	assert_int_equal(pread(fd, bytes, 2, 0x1000), 2);
	assert_memory_equal(bytes, "\xAB\xFF", 2);
	sim_flash_close(&flash);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	assert_int_equal(sim_flash_open(&flash, path, 0, NULL), KILN_OK);
	assert_int_equal(flash.size, 1 << 20);
	assert_int_equal(flash.data[0x1000], 0xAB);
	sim_flash_close(&flash);
	assert_int_equal(sim_flash_open(&flash, path, 2 << 20, &err), KILN_E_INVALID);
	assert_string_equal(err.why, "it has 1048576 bytes, the flash has 2097152");
	assert_int_equal(ftruncate(fd, 1000), 0);
	assert_int_equal(sim_flash_open(&flash, path, 0, &err), KILN_E_INVALID);
	close(fd);
	unlink(path);
}

static void odd_sizes_are_refused(void **state)
{
	struct sim_flash flash;

	(void)state;
	assert_false(sim_flash_is_size(0) || sim_flash_is_size(3 << 20) ||
		     sim_flash_is_size(1000) || sim_flash_is_size(256ull << 20));
	assert_true(sim_flash_is_size(256 << 10) && sim_flash_is_size(128 << 20));
	assert_int_equal(sim_flash_open(&flash, NULL, 3 << 20, NULL), KILN_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programming_only_clears_bits),
		cmocka_unit_test(a_program_wraps_within_its_page),
		cmocka_unit_test(erases_take_whole_sectors_and_blocks),
		cmocka_unit_test(a_bad_sector_keeps_what_it_holds),
		cmocka_unit_test(times_are_those_of_the_part),
		cmocka_unit_test(power_loss_leaves_a_torn_page_or_sector),
		cmocka_unit_test(reads_wrap_at_the_end),
		cmocka_unit_test(the_file_is_the_flash),
		cmocka_unit_test(odd_sizes_are_refused),
	};
	return RUN(tests);
}
