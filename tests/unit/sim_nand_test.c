/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/nand.h"

static struct sim_nand open_chip(const char *path, const char *bad)
{
	struct sim_nand_blocks blocks = { { 0 } };
	struct sim_nand nand;

	assert_true(!bad || sim_nand_blocks_parse(bad, &blocks));
	assert_int_equal(
		sim_nand_open(&nand, sim_nand_part_find("w25n01gv"), path, &blocks, NULL, NULL),
		KILN_OK);
	return nand;
}

static sim_ns run(struct sim_nand *nand, uint8_t code, uint32_t address)
{
	return sim_nand_run(nand, &(struct sim_nand_transfer){ .code = code, .address = address });
}

static void put(struct sim_nand *nand, uint8_t code, uint32_t address, const void *out, size_t n)
{
	(void)sim_nand_run(nand,
			   &(struct sim_nand_transfer){
				   .code = code, .address = address, .out = out, .n_out = n });
}

static uint8_t get(struct sim_nand *nand, uint8_t code, uint32_t address)
{
	uint8_t byte = 0x5A;

	(void)sim_nand_run(nand,
			   &(struct sim_nand_transfer){
				   .code = code, .address = address, .in = &byte, .n_in = 1 });
	return byte;
}

static uint8_t status(struct sim_nand *nand)
{
	return get(nand, SIM_NAND_READ_REGISTER, SIM_NAND_STATUS);
}

static void unlock(struct sim_nand *nand)
{
	put(nand, SIM_NAND_WRITE_REGISTER, SIM_NAND_PROTECT, "", 1);
}

static void program(struct sim_nand *nand, uint32_t page, uint32_t column, const char *bytes)
{
	put(nand, SIM_NAND_LOAD, column, bytes, strlen(bytes));
	(void)run(nand, SIM_NAND_WRITE_ENABLE, 0);
	(void)run(nand, SIM_NAND_PROGRAM, page);
}

static uint8_t byte_at(struct sim_nand *nand, uint32_t page, uint32_t column)
{
	(void)run(nand, SIM_NAND_PAGE_READ, page);
	return get(nand, SIM_NAND_READ_BUFFER, column);
}

static void it_says_what_it_is(void **state)
{
	struct sim_nand nand = open_chip(NULL, NULL);
	uint8_t id[3];

	(void)state;
	(void)sim_nand_run(&nand, &(struct sim_nand_transfer){
					  .code = SIM_NAND_READ_ID, .in = id, .n_in = sizeof(id) });
	assert_memory_equal(id, "\xEF\xAA\x21", 3);
	assert_int_equal(status(&nand), 0);
	assert_int_equal(get(&nand, SIM_NAND_READ_REGISTER, SIM_NAND_PROTECT), 0x7C);
	assert_int_equal(get(&nand, 0x77, 0), 0x5A); /* no such command */
	sim_nand_close(&nand);
}

static void bits_go_down_only(void **state)
{
	struct sim_nand nand = open_chip(NULL, NULL);

	(void)state;
	unlock(&nand);
	assert_int_equal(byte_at(&nand, 65, 0), 0xFF);
	program(&nand, 65, 0, "\xF0");
	assert_int_equal(byte_at(&nand, 65, 0), 0xF0);
	assert_int_equal(status(&nand) & SIM_NAND_BEYOND_REPAIR, 0);
	/* the parity of the second program does not fit what both left */
	program(&nand, 65, 0, "\x3C");
	assert_int_equal(byte_at(&nand, 65, 0), 0x30);
	assert_int_not_equal(status(&nand) & SIM_NAND_BEYOND_REPAIR, 0);
	assert_int_equal(byte_at(&nand, 64, 0), 0xFF);
	/* a page of the block next to it stays */
	program(&nand, 128, 0, "x");
	(void)run(&nand, SIM_NAND_WRITE_ENABLE, 0);
	assert_true(run(&nand, SIM_NAND_ERASE, 70) > 2 * SIM_MS);
	assert_int_equal(byte_at(&nand, 65, 0), 0xFF);
	assert_int_equal(status(&nand), 0);
	assert_int_equal(byte_at(&nand, 128, 0), 'x');
	sim_nand_close(&nand);
}

static void a_mark_leaves_the_data_readable(void **state)
{
	struct sim_nand nand = open_chip(NULL, NULL);

	(void)state;
	unlock(&nand);
	program(&nand, 0, 0, "data");
	(void)run(&nand, SIM_NAND_PAGE_READ, 0);
	put(&nand, SIM_NAND_LOAD_MORE, SIM_NAND_PAGE, "\0\0\0\0", 4);
	(void)run(&nand, SIM_NAND_WRITE_ENABLE, 0);
	(void)run(&nand, SIM_NAND_PROGRAM, 0);
	assert_int_equal(byte_at(&nand, 0, 3), 'a');
	assert_int_equal(byte_at(&nand, 0, SIM_NAND_PAGE), 0);
	assert_int_equal(status(&nand), 0);
	sim_nand_close(&nand);
}

static void protected_or_not_enabled_nothing_changes(void **state)
{
	struct sim_nand nand = open_chip(NULL, NULL);

	(void)state;
	program(&nand, 0, 0, "x");
	assert_int_equal(status(&nand), SIM_NAND_PROGRAM_FAILED);
	(void)run(&nand, SIM_NAND_WRITE_ENABLE, 0);
	(void)run(&nand, SIM_NAND_ERASE, 0);
	assert_int_equal(status(&nand), SIM_NAND_ERASE_FAILED);
	(void)run(&nand, SIM_NAND_RESET, 0);
	assert_int_equal(status(&nand), 0);
	unlock(&nand);
	put(&nand, SIM_NAND_LOAD, 0, "x", 1);
	(void)run(&nand, SIM_NAND_PROGRAM, 0); /* the latch is not set */
	assert_int_equal(byte_at(&nand, 0, 0), 0xFF);
	sim_nand_close(&nand);
}

static void faults_show_in_the_status(void **state)
{
	static const struct {
		const char *fault;
		uint8_t after_program, after_erase, after_read;
	} cases[] = {
		{ "nand-program@1", SIM_NAND_PROGRAM_FAILED, 0, 0 },
		{ "nand-erase@1", 0, SIM_NAND_ERASE_FAILED, SIM_NAND_ERASE_FAILED },
		{ "nand-silent@1", 0, 0, 0 },
		{ "nand-ecc@1", 0, 0, SIM_NAND_BEYOND_REPAIR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sim_nand nand = open_chip(NULL, NULL);
		struct sim_faults faults = { 0 };

		assert_int_equal(sim_faults_parse(&faults, cases[i].fault, NULL), KILN_OK);
		nand.faults = &faults;
		unlock(&nand);
		program(&nand, 0, 0, "y");
		assert_int_equal(byte_at(&nand, 0, 0), 'y');
		assert_int_equal(status(&nand), 0);
		program(&nand, 64, 0, "x");
		assert_int_equal(status(&nand), cases[i].after_program);
		(void)run(&nand, SIM_NAND_WRITE_ENABLE, 0);
		(void)run(&nand, SIM_NAND_ERASE, 64);
		assert_int_equal(status(&nand), cases[i].after_erase);
		(void)run(&nand, SIM_NAND_PAGE_READ, 64);
		assert_int_equal(status(&nand), cases[i].after_read);
		sim_nand_close(&nand);
	}
}

static void a_file_keeps_what_it_holds(void **state)
{
	char folder[] = "/tmp/kiln-nand-XXXXXX", path[64];
	struct sim_nand nand;
	struct kiln_err err = KILN_ERR_INIT;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/chip", folder);
	nand = open_chip(path, "0,1023");
	unlock(&nand);
	program(&nand, 100, 2000, "kept");
	sim_nand_close(&nand);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size == 65536 * 2112 && st.st_blocks * 512 < st.st_size / 10);
	/* what the factory found is of a new chip */
	nand = open_chip(path, "7");
	assert_int_equal(byte_at(&nand, 100, 2003), 't');
	assert_int_equal(byte_at(&nand, 0, SIM_NAND_PAGE), 0);
	assert_int_equal(byte_at(&nand, 1023 * 64, SIM_NAND_PAGE), 0);
	assert_int_equal(byte_at(&nand, 7 * 64, SIM_NAND_PAGE), 0xFF);
	sim_nand_close(&nand);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(
		sim_nand_open(&nand, sim_nand_part_find("w25n01gv"), path, NULL, NULL, &err),
		KILN_E_INVALID);
	assert_string_equal(err.why, "it has 5 bytes, the chip has 138412032");
	unlink(path);
	rmdir(folder);
}

static void words_of_options(void **state)
{
	struct sim_nand_blocks blocks;

	(void)state;
	assert_non_null(sim_nand_part_find("strange"));
	assert_false(sim_nand_part_find("none")->there);
	assert_null(sim_nand_part_find("nor"));
	assert_true(sim_nand_blocks_parse("0,33,1023", &blocks));
	assert_true(blocks.bits[0] == 1 && blocks.bits[1] == 2 && blocks.bits[31] == 1u << 31);
	assert_false(sim_nand_blocks_parse("", &blocks));
	assert_false(sim_nand_blocks_parse("1024", &blocks));
	assert_false(sim_nand_blocks_parse("1,x", &blocks));
}

/* With none connected nobody drives the line. */
static void nothing_reads_as_ff(void **state)
{
	struct sim_nand nand;

	(void)state;
	assert_int_equal(sim_nand_open(&nand, sim_nand_part_find("none"), NULL, NULL, NULL, NULL),
			 KILN_OK);
	assert_int_equal(status(&nand), 0xFF);
	sim_nand_close(&nand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_it_is),
		cmocka_unit_test(bits_go_down_only),
		cmocka_unit_test(a_mark_leaves_the_data_readable),
		cmocka_unit_test(protected_or_not_enabled_nothing_changes),
		cmocka_unit_test(faults_show_in_the_status),
		cmocka_unit_test(a_file_keeps_what_it_holds),
		cmocka_unit_test(words_of_options),
		cmocka_unit_test(nothing_reads_as_ff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
