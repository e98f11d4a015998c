/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/boards_table.h"

#include "unit.h"

static void test_a_table(void **state)
{
	const struct kiln_boards_row rows[] = {
		{ .name = "plotter", .port = "/dev/ttyUSB0", .chip = "ESP32", .state = "ready" },
		{ .name = "old", .port = "sim:x", .state = "unplugged", .gone = true },
	};
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	kiln_boards_html(&out, rows, 2, false);
	assert_non_null(strstr(kiln_buf_str(&out), "<td style=\"text-align:left\">plotter</td>"));
	assert_non_null(strstr(kiln_buf_str(&out), "<tr style=\"opacity:0.5\">"));
	assert_null(strstr(kiln_buf_str(&out), "UID"));
	kiln_buf_done(&out);
}

static void test_texts_are_no_html(void **state)
{
	const struct kiln_boards_row row = { .name = "<script>alert(1)</script>",
					     .port = "\"&amp;",
					     .chip = "\x1b[2J\n",
					     .firmware = "<img src=x onerror=y>",
					     .uid = "</table>",
					     .state = "'" };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	kiln_boards_html(&out, &row, 1, true);
	assert_null(strstr(kiln_buf_str(&out), "<script"));
	assert_null(strstr(kiln_buf_str(&out), "<img"));
	assert_null(strstr(kiln_buf_str(&out), "\x1b"));
	assert_non_null(strstr(kiln_buf_str(&out), "&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_non_null(strstr(kiln_buf_str(&out), "&quot;&amp;amp;"));
	assert_non_null(strstr(kiln_buf_str(&out), "&lt;/table&gt;"));
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table),
		cmocka_unit_test(test_texts_are_no_html),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
