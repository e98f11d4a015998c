/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "board/identify.h"

static bool parse(const char *text, struct kiln_board_info *ret_info)
{
	return kiln_board_parse(kiln_span(text, strlen(text)), ret_info);
}

static void an_answer_is_read(void **state)
{
	struct kiln_board_info info;

	(void)state;
	assert_true(parse("kiln-board\t240ac412877c\tmicropython\t1.27.0\tesp32\tGeneric ESP32 "
			  "module with ESP32\n",
			  &info));
	assert_string_equal(info.uid, "24:0a:c4:12:87:7c");
	assert_string_equal(info.implementation, "micropython");
	assert_string_equal(info.version, "1.27.0");
	assert_string_equal(info.platform, "esp32");
	assert_string_equal(info.machine, "Generic ESP32 module with ESP32");
}

static void noise_around_it_is_passed_over(void **state)
{
	struct kiln_board_info info;

	(void)state;
	assert_true(parse("tick\nkiln-board\n\nkiln-board\t\tmicropython\t1.9.2\tmicrobit\t\ntock",
			  &info));
	assert_string_equal(info.uid, ""); /* it has none */
	assert_string_equal(info.machine, "");
	assert_string_equal(info.platform, "microbit");
}

static void what_a_board_says_is_not_trusted(void **state)
{
	static const char *const bad[] = {
		"",
		"kiln-board\n",
		"kiln-board\t24\n",
		"kiln-board\t2\tmicropython\t1\tesp32\t\n",
		"kiln-board\txy\tmicropython\t1\tesp32\t\n",
		"kiln-board\t24\t\t1\tesp32\t\n",
		"kiln-board\t24\tmicropython\t1\t\t\n",
		"Xkiln-board\t24\tmicropython\t1\tesp32\t\n",
		/* 22 bytes of uid: more than any chip has, and than there is room for */
		"kiln-board\t00112233445566778899aabbccddeeff001122334455\tupy\t1\tesp32\t\n",
	};
	struct kiln_board_info info = { .uid = "kept" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parse(bad[i], &info));
	assert_string_equal(info.uid, "kept");
	assert_true(parse("kiln-board\t24\tmicro\x1b[2Jpython\t1\tesp32\t\xff\n", &info));
	assert_string_equal(info.implementation, "micro?[2Jpython");
	assert_string_equal(info.machine, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(noise_around_it_is_passed_over),
		cmocka_unit_test(what_a_board_says_is_not_trusted),
	};
	return RUN(tests);
}
