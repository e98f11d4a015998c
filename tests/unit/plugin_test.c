/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "chip/chip.h"
#include "loader/bringup.h"

static const struct kiln_stub *stub_of(const char *option)
{
	return kiln_stub_for(kiln_chip_by_option(option), /* revision= */ 0);
}

static uint32_t word_at(const struct kiln_stub *stub, const struct kiln_buf *data, unsigned op)
{
	return kiln_get_le32(data->data + stub->plugin_table + 4 * (op - KILN_PLUGIN_FIRST_OP));
}

/* Functions are in the table, the rest of it and of the data is as it was, zeros behind. */
static void functions_are_put_into_the_table(void **state)
{
	const struct kiln_stub *stub = stub_of("esp32s3");
	const struct kiln_stub_plugin *nand = kiln_stub_plugin_find(stub, "nand");
	struct kiln_buf data = KILN_BUF_INIT(64 * 1024);

	(void)state;
	assert_non_null(nand);
	assert_int_equal(kiln_stub_put_data(stub, nand, &data), KILN_OK);
	assert_int_equal(data.len, stub->data_size + nand->bss_size);
	assert_memory_equal(data.data, stub->data, stub->plugin_table);
	for (unsigned op = 0xD5; op <= 0xDE; op++) {
		const uint32_t at = word_at(stub, &data, op);

		assert_in_range(at, nand->text_start, nand->text_start + nand->text_size - 1);
		/* every function of an Xtensa begins with ENTRY */
		assert_int_equal(nand->text[at - nand->text_start], 0x36);
	}
	for (unsigned op = 0xDF; op <= 0xEF; op++) {
		const uint8_t *was = stub->data + stub->plugin_table + 4 * (op - 0xD5);

		assert_int_equal(word_at(stub, &data, op), kiln_get_le32(was));
	}
	for (size_t i = stub->data_size; i < data.len; i++)
		assert_int_equal(data.data[i], 0);
	kiln_buf_done(&data);
}

/* It stands behind the stub's code, not in it; what needs no memory of its own is not there. */
static void it_stands_beside_the_stub(void **state)
{
	const struct kiln_stub *stub = stub_of("esp32s3");
	const struct kiln_stub_plugin *nand = kiln_stub_plugin_find(stub, "nand");
	struct kiln_buf none = KILN_BUF_INIT(16);

	(void)state;
	assert_true(nand->text_start >= stub->text_start + stub->text_size);
	assert_int_equal(nand->text_size % 4, 0);
	assert_int_equal(kiln_stub_put_data(stub, nand, &none), KILN_E_TOO_BIG);
	kiln_buf_done(&none);
}

static void no_other_stub_has_one(void **state)
{
	(void)state;
	assert_null(kiln_stub_plugin_find(stub_of("esp32s3"), "spi_ram"));
	for (unsigned i = 0; kiln_chip_at(i); i++) {
		const struct kiln_stub *stub = kiln_stub_for(kiln_chip_at(i), 0);

		if (stub && stub != stub_of("esp32s3"))
			assert_null(kiln_stub_plugin_find(stub, "nand"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_put_into_the_table),
		cmocka_unit_test(it_stands_beside_the_stub),
		cmocka_unit_test(no_other_stub_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
