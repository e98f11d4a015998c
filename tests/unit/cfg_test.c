/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cfg.h"

static kiln_code collect(void *user, const char *key, const char *value, struct kiln_err *err)
{
	struct kiln_buf *out = user;

	if (strcmp(key, "refuse") == 0)
		return kiln_fail(err, KILN_E_TOO_BIG, "refused");
	return kiln_buf_printf(out, "<%s|%s>", key, value);
}

static kiln_code read(const char *text, struct kiln_buf *out, bool *found, struct kiln_err *err)
{
	return cfg_read(kiln_span((const uint8_t *)text, strlen(text)), "esptool", collect, out,
			found, err);
}

static void sections_and_entries(void **state)
{
	static const struct {
		const char *text, *entries;
		bool found;
	} cases[] = {
		{ "", "", false },
		{ "[other]\na = 1\n", "", false },
		{ "[esptool]\n", "", true },
		{ "[esptool]\nTimeout=3\nreset_delay : 0.5\n", "<timeout|3><reset_delay|0.5>",
		  true },
		{ "# c\n; c\n[a]\nx=1\n[esptool]\r\n x = 1 \r\n[b]\nx=2", "<x|1>", true },
		{ "[esptool]\na = 1 # not a comment\n  # one\nb =\n", "<a|1 # not a comment><b|>",
		  true },
		{ "[esptool]\na = one\n  two\n\tthree\nb = c=d:e\n", "<a|one\ntwo\nthree><b|c=d:e>",
		  true },
		{ "[esptool] tail\na=D0|R1|W0.1\n[esptool]\nb=2", "<a|D0|R1|W0.1><b|2>", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_buf out = KILN_BUF_INIT(4096);
		struct kiln_err err = KILN_ERR_INIT;
		bool found = !cases[i].found;

		assert_int_equal(read(cases[i].text, &out, &found, &err), KILN_OK);
		assert_string_equal(kiln_buf_str(&out), cases[i].entries);
		assert_int_equal(found, cases[i].found);
		kiln_buf_done(&out);
	}
}

static void wrong_files(void **state)
{
	static const struct {
		const char *text;
		kiln_code code;
		const char *why;
	} cases[] = {
		{ "a = 1\n[esptool]\n", KILN_E_INVALID, "line 1 stands before the first section" },
		{ "[esptool]\n\nnonsense\n", KILN_E_INVALID,
		  "line 3 is neither a section nor 'key = value'" },
		{ "[esptool\n", KILN_E_INVALID, "line 1 begins a section without an end" },
		{ "[esptool]\n= 5\n", KILN_E_INVALID,
		  "line 2 has no key, or one that is too long" },
		{ "[esptool]\nrefuse = 5\n", KILN_E_TOO_BIG, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_buf out = KILN_BUF_INIT(4096);
		struct kiln_err err = KILN_ERR_INIT;
		bool found = false;

		assert_int_equal(read(cases[i].text, &out, &found, &err), cases[i].code);
		if (cases[i].why)
			assert_string_equal(err.why, cases[i].why);
		assert_false(found);
		kiln_buf_done(&out);
	}
}

static void a_value_has_a_bound(void **state)
{
	enum { N = 5000 };
	struct kiln_buf out = KILN_BUF_INIT(16 * 1024);
	struct kiln_err err = KILN_ERR_INIT;
	char *text = malloc(N + 32);
	bool found = false;

	(void)state;
	memset(text, 'x', N + 31);
	memcpy(text, "[esptool]\na=", 12);
	text[N + 31] = '\0';
	assert_int_equal(read(text, &out, &found, &err), KILN_E_TOO_BIG);
	assert_string_equal(err.why, "the value that ends in line 2 is too long");
	free(text);
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_entries),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(a_value_has_a_bound),
	};
	return RUN(tests);
}
