/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "hostfs/ignore.h"

static const struct {
	const char *rules, *path;
	bool folder, ignored;
} cases[] = {
	{ "*.tmp", "a.tmp", false, true },
	{ "*.tmp", "deep/er/a.tmp", false, true },
	{ "*.tmp", "a.tmpx", false, false },
	{ "/main.py", "main.py", false, true },
	{ "/main.py", "lib/main.py", false, false },
	{ "build/", "build", true, true },
	{ "build/", "build", false, false },
	{ "build/", "x/build", true, true },
	{ "docs/*.txt", "docs/a.txt", false, true },
	{ "docs/*.txt", "docs/a/b.txt", false, false },
	{ "docs/*.txt", "x/docs/a.txt", false, false },
	{ "**/foo", "foo", false, true },
	{ "**/foo", "a/b/foo", false, true },
	{ "**/foo", "a/b/xfoo", false, false },
	{ "**/foo/bar", "a/foo/bar", false, true },
	{ "abc/**", "abc/x/y", false, true },
	{ "abc/**", "abc", true, false },
	{ "a/**/b", "a/b", false, true },
	{ "a/**/b", "a/x/y/b", false, true },
	{ "a/**/b", "a/xb", false, false },
	{ "a**b", "axyb", false, true },
	{ "a/**b", "a/x/b", false, false },
	{ "foo*", "foo", false, true },
	{ "f?o", "fxo", false, true },
	{ "/f?o", "f/o", false, false },
	{ "[a-c].py", "b.py", false, true },
	{ "[a-c].py", "d.py", false, false },
	{ "[!a-c].py", "d.py", false, true },
	{ "[]a].py", "].py", false, true },
	{ "[a.py", "[a.py", false, true },
	{ "a\\*", "a*", false, true },
	{ "a\\*", "ab", false, false },
	{ "\\#x", "#x", false, true },
	{ "\\!x", "!x", false, true },
	{ "#x", "#x", false, false },
	{ "a  ", "a", false, true },
	{ "a\\ ", "a ", false, true },
	{ "*.py\n!keep.py", "keep.py", false, false },
	{ "!keep.py\n*.py", "keep.py", false, true },
	{ "*.py\r\n\r\n!x.py\r\n", "y.py", false, true },
	{ "*\n!*.py", "a.py", false, false },
	{ "é*", "été", false, true },
	{ "*", ".hidden", false, true },
};

static struct kiln_ignore parse(const char *text)
{
	struct kiln_ignore ignore = { 0 };
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_ignore_text(&ignore, kiln_span((const uint8_t *)text, strlen(text)), "rules",
			     &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	return ignore;
}

static void patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_ignore ignore = parse(cases[i].rules);

		if (kiln_ignore_matches(&ignore, cases[i].path, cases[i].folder) !=
		    cases[i].ignored)
			fail_msg("'%s' and '%s'", cases[i].rules, cases[i].path);
		kiln_ignore_done(&ignore);
	}
}

static void what_lies_below_an_ignored_folder(void **state)
{
	struct kiln_ignore ignore = parse("build/\n!build/keep.py");

	(void)state;
	assert_true(kiln_ignore_below(&ignore, "build/keep.py", false));
	assert_true(kiln_ignore_below(&ignore, "x/build/y/z", false));
	assert_false(kiln_ignore_below(&ignore, "x/built/y/z", false));
	kiln_ignore_done(&ignore);
}

static void a_pattern_of_stars_is_not_slow(void **state)
{
	char path[4001];
	struct kiln_ignore ignore = parse("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b");

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(kiln_ignore_matches(&ignore, path, false));
	kiln_ignore_done(&ignore);
}

static void bad_rules(void **state)
{
	struct kiln_ignore ignore = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	const char *text = "*.py\n/\n";

	(void)state;
	assert_int_equal(kiln_ignore_text(&ignore, kiln_span((const uint8_t *)text, strlen(text)),
					  ".kilnignore", &err),
			 KILN_E_CONFIG);
	assert_string_equal(err.what, "cannot read '.kilnignore', line 2");
	assert_string_equal(err.why, "cannot use the pattern '/': it names nothing");
	kiln_ignore_done(&ignore);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(what_lies_below_an_ignored_folder),
		cmocka_unit_test(a_pattern_of_stars_is_not_slow),
		cmocka_unit_test(bad_rules),
	};
	return RUN(tests);
}
