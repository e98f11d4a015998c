/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/flash_map.h"

static void the_text_says_what_was_written(void **state)
{
	struct kiln_flash_map map = { .size = 4 << 20 };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	kiln_flash_map_add(&map, KILN_AREA_WRITTEN, 0x1000, 0x1234, "firmware.bin");
	kiln_flash_map_add(&map, KILN_AREA_PARTITION, 0x9000, 0x6000, "nvs");
	kiln_flash_map_add(&map, KILN_AREA_PARTITION, 0x9000, 0, "nothing");
	kiln_flash_map_text(&map, &out);
	assert_string_equal(kiln_buf_str(&out), "written    0x001000  0x002234  firmware.bin\n"
						"partition  0x009000  0x00f000  nvs\n"
						"the rest   left as it was");
	kiln_buf_done(&out);
}

static void names_are_escaped_in_the_picture(void **state)
{
	struct kiln_flash_map map = { .erased = true };
	struct kiln_buf out = KILN_BUF_INIT(16384);

	(void)state;
	kiln_flash_map_add(&map, KILN_AREA_WRITTEN, 0, 0x100000, "<script>\"&\001");
	kiln_flash_map_svg(&map, &out);
	assert_null(strstr(kiln_buf_str(&out), "<script"));
	assert_non_null(strstr(kiln_buf_str(&out), "&lt;script&gt;&quot;&amp;?</text>"));
	assert_non_null(strstr(kiln_buf_str(&out), "<title>erased</title>"));
	assert_non_null(strstr(kiln_buf_str(&out), "width=\"600\" height=\"22\" fill=\"#e8792f\""));
	kiln_buf_done(&out);
}

static void what_was_there_already_is_told(void **state)
{
	struct kiln_flash_map map = { .size = 4 << 20 };
	struct kiln_buf out = KILN_BUF_INIT(16384);

	(void)state;
	kiln_flash_map_add(&map, KILN_AREA_SAME, 0x1000, 0x10000, "a.bin");
	kiln_flash_map_add(&map, KILN_AREA_WRITTEN, 0x3000, 0x1000, "a.bin");
	kiln_flash_map_text(&map, &out);
	assert_string_equal(kiln_buf_str(&out), "unchanged  0x001000  0x011000  a.bin\n"
						"written    0x003000  0x004000  a.bin\n"
						"the rest   left as it was");
	kiln_buf_reset(&out);
	kiln_flash_map_svg(&map, &out);
	assert_non_null(
		strstr(kiln_buf_str(&out), "<title>a.bin, unchanged: 0x001000 to 0x011000"));
	assert_non_null(strstr(kiln_buf_str(&out), "fill=\"#f6cda9\">&#9632;</tspan> unchanged"));
	assert_null(strstr(kiln_buf_str(&out), "</tspan> partition"));
	kiln_buf_done(&out);
}

static void an_empty_map_is_a_picture_too(void **state)
{
	struct kiln_flash_map map = { .size = 0 };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	kiln_flash_map_svg(&map, &out);
	assert_memory_equal(kiln_buf_str(&out), "<svg ", 5);
	assert_string_equal(kiln_buf_str(&out) + out.len - 7, "</svg>\n");
	kiln_buf_done(&out);
}

static void areas_are_bounded(void **state)
{
	static struct kiln_flash_map map;

	(void)state;
	for (unsigned i = 0; i < 2 * KILN_FLASH_MAP_MAX; i++)
		kiln_flash_map_add(&map, KILN_AREA_WRITTEN, i, 1, "x");
	assert_int_equal(map.n, KILN_FLASH_MAP_MAX);
	assert_int_equal(map.left_out, KILN_FLASH_MAP_MAX);
}

/* One entry as it stands in flash, at 0x8000 of a file that is written to 0x1000. */
static void partitions_come_from_the_written_file(void **state)
{
	static uint8_t file[0x7000 + 64];
	static const uint8_t entry[32] = { 0xaa, 0x50, 1, 2, 0,   0x90, 0,  0,
					   0,    0x60, 0, 0, 'n', 'v',  's' };
	static struct kiln_flash_map map;

	(void)state;
	memset(file, 0xff, sizeof(file));
	memcpy(file + 0x7000, entry, sizeof(entry));
	kiln_flash_map_partitions(&map, 0x1000, kiln_span(file, sizeof(file)));
	assert_int_equal(map.n, 1);
	assert_string_equal(map.areas[0].name, "nvs");
	assert_int_equal(map.areas[0].offset, 0x9000);
	kiln_flash_map_partitions(&map, 0x9000, kiln_span(file, sizeof(file)));
	kiln_flash_map_partitions(&map, 0, kiln_span(file, 0x7000));
	kiln_flash_map_partitions(&map, 0, kiln_span(file, sizeof(file)));
	assert_int_equal(map.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_says_what_was_written),
		cmocka_unit_test(names_are_escaped_in_the_picture),
		cmocka_unit_test(what_was_there_already_is_told),
		cmocka_unit_test(an_empty_map_is_a_picture_too),
		cmocka_unit_test(areas_are_bounded),
		cmocka_unit_test(partitions_come_from_the_written_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
