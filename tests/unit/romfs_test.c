/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "image/romfs.h"

static void note(void *user, const struct kiln_romfs_item *item)
{
	struct kiln_buf *text = user;

	(void)kiln_buf_printf(text, "%s%s", item->path, item->folder ? "/" : "=");
	if (item->n > 0)
		(void)kiln_buf_append(text, item->data, item->n);
	(void)kiln_buf_putc(text, ';');
}

static const char *read_text(const void *image, size_t n)
{
	static char text[256];
	struct kiln_buf seen = KILN_BUF_INIT(sizeof(text) - 1);
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_romfs_read(kiln_span(image, n), note, &seen, &err) != KILN_OK)
		snprintf(text, sizeof(text), "%s", err.why);
	else
		snprintf(text, sizeof(text), "%s", kiln_buf_str(&seen));
	kiln_buf_done(&seen);
	return text;
}

/* By hand from the format: the bytes are what MicroPython's tests/extmod/vfs_rom.py would make. */
static void a_small_image(void **state)
{
	static const struct kiln_romfs_item items[] = {
		{ .path = "d", .folder = true },
		{ .path = "d/b", .data = "xy", .n = 2 },
		{ .path = "f", .data = "", .n = 0 },
	};
	static const uint8_t expected[] = { 0xD2, 0xCD, 0x31, 0x12, 4,   0x0A, 1, 'd', 5,   6, 1,
					    'b',  2,    2,    'x',  'y', 5,    4, 1,   'f', 2, 0 };
	struct kiln_buf out = KILN_BUF_INIT(256);
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_romfs_build(&out, items, 3, &err), KILN_OK);
	assert_int_equal(out.len, sizeof(expected));
	assert_memory_equal(out.data, expected, sizeof(expected));
	assert_int_equal(kiln_romfs_size(kiln_buf_span(&out)), out.len);
	assert_int_equal(kiln_romfs_size(kiln_span(out.data, 12)), out.len);
	assert_string_equal(read_text(out.data, out.len), "d/;d/b=xy;f=;");
	kiln_buf_done(&out);
}

static void an_odd_image_is_padded(void **state)
{
	static const struct kiln_romfs_item item = { .path = "f", .data = "x", .n = 1 };
	struct kiln_buf out = KILN_BUF_INIT(256);
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_romfs_build(&out, &item, 1, &err), KILN_OK);
	assert_int_equal(out.len % 2, 0);
	assert_int_equal(out.data[3], 0x80);
	assert_string_equal(read_text(out.data, out.len), "f=x;");
	kiln_buf_done(&out);
}

static void a_big_file(void **state)
{
	static uint8_t big[70000];
	const struct kiln_romfs_item item = { .path = "big", .data = big, .n = sizeof(big) };
	struct kiln_buf out = KILN_BUF_INIT(100000);
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_romfs_build(&out, &item, 1, &err), KILN_OK);
	assert_int_equal(kiln_romfs_size(kiln_buf_span(&out)), out.len);
	kiln_buf_done(&out);
}

static void bytes_that_lie_elsewhere(void **state)
{
	static const uint8_t image[] = { 0xD2, 0xCD, 0x31, 0x0D, 2, 2, 'h', 'i', 5,
					 7,    1,    'p',  3,    2, 2, 6,   0 };

	(void)state;
	assert_string_equal(read_text(image, sizeof(image)), "p=hi;");
}

static void what_is_no_image(void **state)
{
	static const uint8_t cut[] = { 0xD2, 0xCD, 0x31, 0x12, 4, 0x0A };
	static const uint8_t far[] = { 0xD2, 0xCD, 0x31, 0x09, 5, 7, 1, 'p', 3, 2, 99, 6, 0 };
	static const uint8_t slash[] = { 0xD2, 0xCD, 0x31, 0x08, 5, 6, 3, '.', '.', '/', 2, 0 };
	static const uint8_t endless[] = { 0xD2, 0xCD, 0x31, 0xFF, 0xFF, 0xFF, 0xFF,
					   0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };

	(void)state;
	assert_string_equal(read_text("text", 4), "there is no header at byte 0");
	assert_string_equal(read_text(cut, sizeof(cut)), "it is cut off at byte 6");
	assert_string_equal(read_text(far, sizeof(far)), "a file has no bytes at byte 6");
	assert_string_equal(read_text(slash, sizeof(slash)), "there is no name at byte 6");
	assert_int_equal(kiln_romfs_size(kiln_span(endless, sizeof(endless))), 0);
}

static void what_can_not_be_built(void **state)
{
	static const struct kiln_romfs_item item = { .path = "d/f" };
	struct kiln_buf out = KILN_BUF_INIT(256);
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_romfs_build(&out, &item, 1, &err), KILN_E_INVALID);
	assert_string_equal(err.why, "its folder does not stand before it");
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_image),    cmocka_unit_test(an_odd_image_is_padded),
		cmocka_unit_test(a_big_file),       cmocka_unit_test(bytes_that_lie_elsewhere),
		cmocka_unit_test(what_is_no_image), cmocka_unit_test(what_can_not_be_built),
	};
	return RUN(tests);
}
