/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of work with a board's files: escapes, Python's literals, digests. */
#include "unit.h"

#include "files/digest.h"
#include "files/escape.h"
#include "files/literal.h"

static void escaped_bytes_have_no_commands(void **state)
{
	struct kiln_buf out = KILN_BUF_INIT(1024);
	uint8_t all[256];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	assert_int_equal(kiln_escape(&out, all, sizeof(all)), KILN_OK);
	assert_int_equal(out.len, 256 + 5);
	for (size_t i = 0; i < out.len; i++)
		assert_false(out.data[i] >= 1 && out.data[i] <= 4);
	assert_memory_equal(out.data,
			    "\0\x1d"
			    "A\x1d"
			    "B\x1d"
			    "C\x1d"
			    "D\x05",
			    10);
	kiln_buf_done(&out);
}

static void escapes_are_undone_however_they_are_cut(void **state)
{
	static const uint8_t wire[] = "a\x1dJ\x1dM\x1d]\x1d"
				      "Db\x1d.rest";
	const size_t n = sizeof(wire) - 1;

	(void)state;
	for (size_t piece = 1; piece <= n; piece++) {
		struct kiln_buf out = KILN_BUF_INIT(64);
		struct kiln_unescape u = { .half = false };
		kiln_unescape_event event = KILN_UNESCAPE_MORE;
		size_t at = 0, used;

		while (event == KILN_UNESCAPE_MORE) {
			event = kiln_unescape(&u, wire + at, n - at < piece ? n - at : piece, &out,
					      &used);
			at += used;
		}
		assert_int_equal(event, KILN_UNESCAPE_MARK);
		assert_int_equal(u.mark, '.');
		assert_int_equal(n - at, 4);
		assert_int_equal(out.len, 6);
		assert_memory_equal(out.data,
				    "a\n\r\x1d\x04"
				    "b",
				    6);
		kiln_buf_done(&out);
	}
}

static void a_full_buffer_ends_it(void **state)
{
	struct kiln_buf out = KILN_BUF_INIT(2);
	struct kiln_unescape u = { .half = false };
	size_t used;

	(void)state;
	assert_int_equal(kiln_unescape(&u, (const uint8_t *)"abc", 3, &out, &used),
			 KILN_UNESCAPE_FULL);
	kiln_buf_done(&out);
}

static void literals_are_read_as_repr_writes_them(void **state)
{
	static const struct {
		const char *text, *meant;
		size_t n;
	} cases[] = {
		{ "'plain'", "plain", 5 },
		{ "\"it's\"", "it's", 4 },
		{ "'a\\'b\\\\\\n\\r\\t'", "a'b\\\n\r\t", 7 },
		{ "b'\\x00\\xff'", "\0\xff", 2 },
		{ "'\\xe9'", "\xc3\xa9", 2 },
		{ "'\\u20ac'", "\xe2\x82\xac", 3 },
		{ "'\\U0001f40d'", "\xf0\x9f\x90\x8d", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_span in = kiln_span(cases[i].text, strlen(cases[i].text));
		struct kiln_buf out = KILN_BUF_INIT(64);

		assert_true(kiln_literal_read(&in, &out));
		assert_int_equal(in.n, 0);
		assert_int_equal(out.len, cases[i].n);
		assert_memory_equal(out.data, cases[i].meant, cases[i].n);
		kiln_buf_done(&out);
	}
}

static void what_is_no_literal_is_refused(void **state)
{
	static const char *const cases[] = {
		"",        "'",     "'a",    "a'",      "'\\'",          "'\\x1'",
		"'\\xg0'", "'\\q'", "b\"a'", "'\\u12'", "'\\U00110000'", "b"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_span in = kiln_span(cases[i], strlen(cases[i]));
		struct kiln_buf out = KILN_BUF_INIT(64);

		assert_false(kiln_literal_read(&in, &out));
		kiln_buf_done(&out);
	}
}

static void literals_are_written_for_any_parser(void **state)
{
	struct kiln_buf out = KILN_BUF_INIT(256);

	(void)state;
	assert_int_equal(kiln_literal_text(&out, "it's \\ \xc3\xa9\x01\n\x7f"), KILN_OK);
	assert_string_equal(kiln_buf_str(&out), "'it\\'s \\\\ \xc3\xa9\\x01\\n\\x7f'");
	kiln_buf_reset(&out);
	assert_int_equal(kiln_literal_bytes(&out, "a\0\xc3'", 4), KILN_OK);
	assert_string_equal(kiln_buf_str(&out), "b'a\\x00\\xc3\\''");
	kiln_buf_done(&out);
}

static void digests(void **state)
{
	char text[KILN_DIGEST_TEXT];
	struct kiln_err err;

	(void)state;
	assert_int_equal(kiln_digest_text(KILN_DIGEST_SHA256, "abc", 3, text, &err), KILN_OK);
	assert_string_equal(text,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(kiln_digest_text(KILN_DIGEST_CRC32, "123456789", 9, text, &err), KILN_OK);
	assert_string_equal(text, "cbf43926");
	assert_int_equal(kiln_digest_text(KILN_DIGEST_ADLER32, "Wikipedia", 9, text, &err),
			 KILN_OK);
	assert_string_equal(text, "11e60398");
	assert_int_equal(kiln_digest_text(KILN_DIGEST_ADLER32, NULL, 0, text, &err), KILN_OK);
	assert_string_equal(text, "00000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escaped_bytes_have_no_commands),
		cmocka_unit_test(escapes_are_undone_however_they_are_cut),
		cmocka_unit_test(a_full_buffer_ends_it),
		cmocka_unit_test(literals_are_read_as_repr_writes_them),
		cmocka_unit_test(what_is_no_literal_is_refused),
		cmocka_unit_test(literals_are_written_for_any_parser),
		cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
