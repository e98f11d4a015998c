/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "base/buf.h"
#include "cli/opts.h"

struct params {
	bool all, json;
	int verbose;
	const char *port;
	const char *mode;
	uint64_t address;
	struct opt_list files;
};

static const char *const modes[] = { "raw", "uf2", NULL };

static const struct opt table[] = {
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct params, all), "all" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "json" },
	{ 'v', "verbose", NULL, OPT_COUNT, offsetof(struct params, verbose), "more" },
	{ 'p', "port", "PORT", OPT_STRING, offsetof(struct params, port), "port" },
	{ 0, "flash-mode", "MODE", OPT_STRING, offsetof(struct params, mode), "mode", modes },
	{ 0, "address", "ADDR", OPT_UINT, offsetof(struct params, address), "address" },
	{ 'f', "file", "FILE", OPT_LIST, offsetof(struct params, files), "files" },
	{ 0 },
};

static kiln_code parse(unsigned rules, const char *line, struct params *p, struct opt_list *words,
		       struct kiln_err *err)
{
	static char copy[256];
	char *argv[32], *save = NULL;
	int argc = 0;

	*p = (struct params){ 0 };
	*words = (struct opt_list){ 0 };
	strncpy(copy, line, sizeof(copy) - 1);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return opts_parse(table, rules, argc, argv, p, words, err);
}

static void all_forms_are_accepted(void **state)
{
	struct opt_list words;
	struct params p;

	(void)state;
	assert_int_equal(parse(0, "-avv --json -pX one --address=0x10 -f a --file b two -- -z", &p,
			       &words, NULL),
			 KILN_OK);
	assert_true(p.all && p.json);
	assert_int_equal(p.verbose, 2);
	assert_string_equal(p.port, "X");
	assert_int_equal(p.address, 16);
	assert_int_equal(p.files.n, 2);
	assert_string_equal(p.files.items[1], "b");
	assert_int_equal(words.n, 3);
	assert_string_equal(words.items[2], "-z");
	opt_list_done(&words);
	opt_list_done(&p.files);
}

static void wrong_lines_are_said(void **state)
{
	static const struct {
		const char *line, *what;
	} cases[] = {
		{ "--nope", "no such option: --nope" },
		{ "-x", "no such option: -x" },
		{ "--port", "option --port needs a value: PORT" },
		{ "--json=1", "option --json takes no value" },
		{ "--address 12z", "invalid value for --address: '12z'" },
		{ "--flash-mode elf", "invalid value for --flash-mode: 'elf'" },
		{ "--flash_mode raw", "no such option: --flash_mode" },
		{ "--addr 1", "no such option: --addr" },
	};
	struct opt_list words;
	struct params p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(parse(0, cases[i].line, &p, &words, &err), KILN_E_INVALID);
		assert_string_equal(err.what, cases[i].what);
		opt_list_done(&words);
	}
}

static void drop_ins_take_prefixes_and_underscores(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words;
	struct params p;

	(void)state;
	assert_int_equal(
		parse(OPT_PREFIXES | OPT_UNDERSCORES, "--flash_m raw --add 1", &p, &words, NULL),
		KILN_OK);
	assert_string_equal(p.mode, "raw");
	assert_int_equal(p.address, 1);
	assert_int_equal(parse(OPT_PREFIXES, "--f x", &p, &words, &err), KILN_E_INVALID);
	assert_string_equal(err.what, "ambiguous option: --f could match --flash-mode, --file");
	assert_int_equal(parse(OPT_STOP_AT_WORD, "-a flash --nope", &p, &words, NULL), KILN_OK);
	assert_int_equal(words.n, 2);
	opt_list_done(&words);
}

static bool is_verb(const char *word)
{
	return strcmp(word, "run") == 0;
}

/* A value that may be left out, a list that takes what follows, names as a dialect shows them. */
static void values_that_may_be_none_or_many(void **state)
{
	struct some {
		const char *mode;
		struct opt_list filters;
		bool all;
	} p = { 0 };
	static const struct opt some[] = {
		{ 'm', "the_mode", "MODE", OPT_MAYBE, offsetof(struct some, mode), "mode", modes },
		{ 'x', "filter", "X", OPT_EAT, offsetof(struct some, filters), "filters",
		  .ends = is_verb },
		{ 'a', "all", NULL, OPT_FLAG, offsetof(struct some, all), "all" },
		{ 0 },
	};
	static const struct {
		const char *line, *mode;
		size_t n_filters, n_words;
	} cases[] = {
		{ "-m raw", "raw", 0, 0 },
		{ "-m file", "", 0, 1 },
		{ "-m", "", 0, 0 },
		{ "--the_mode=uf2 x", "uf2", 0, 1 },
		{ "-m -a", "", 0, 0 },
		{ "-x 1 2 3", NULL, 3, 0 },
		{ "-x 1 2 -a 3", NULL, 2, 1 },
		{ "-x=1 2 run 3", NULL, 2, 2 },
		{ "-x run run 3", NULL, 1, 2 },
		{ "--filter=1 --filter 2 -m", "", 2, 0 },
	};
	struct kiln_err err = KILN_ERR_INIT;
	char copy[64], *argv[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct opt_list words = { 0 };
		char *save = NULL;
		int argc = 0;

		p = (struct some){ 0 };
		strncpy(copy, cases[i].line, sizeof(copy) - 1);
		for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
			argv[argc++] = w;
		assert_int_equal(opts_parse(some, 0, argc, argv, &p, &words, &err), KILN_OK);
		assert_int_equal(p.filters.n, cases[i].n_filters);
		assert_int_equal(words.n, cases[i].n_words);
		if (cases[i].mode)
			assert_string_equal(p.mode, cases[i].mode);
		else
			assert_null(p.mode);
		opt_list_done(&words);
		opt_list_done(&p.filters);
	}
	argv[0] = copy;
	memcpy(copy, "--the-mode=no", sizeof("--the-mode=no"));
	struct opt_list words = { 0 };

	assert_int_equal(opts_parse(some, OPT_UNDERSCORES | OPT_HYPHENS, 1, argv, &p, &words, &err),
			 KILN_E_INVALID);
	assert_string_equal(err.what, "invalid value for --the-mode: 'no'");
	memcpy(copy, "-x", sizeof("-x"));
	assert_int_equal(opts_parse(some, 0, 1, argv, &p, &words, &err), KILN_E_INVALID);
	assert_string_equal(err.what, "option --filter needs a value: X");
}

static void aliases_environment_and_groups(void **state)
{
	struct two {
		const char *mode;
		uint64_t baud;
	} two = { 0 };
	static const struct opt second[] = {
		{ 0, "flash_mode", "MODE", OPT_STRING, offsetof(struct two, mode), "mode", modes,
		  "fm", "KILN_TEST_MODE" },
		{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct two, baud), "baud",
		  .env = "KILN_TEST_BAUD" },
		{ 0 },
	};
	char a[] = "-fm", b[] = "uf2", c[] = "-fm=raw", d[] = "-b9600", e[] = "--json";
	char *argv[] = { a, b, d, e, c };
	struct opt_list words = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	struct params p = { 0 };
	const struct opt_group groups[] = { { second, &two }, { table, &p }, { NULL, NULL } };

	(void)state;
	assert_int_equal(opts_parse_groups(groups, 0, 4, argv, &words, &err), KILN_OK);
	assert_string_equal(two.mode, "uf2");
	assert_int_equal(two.baud, 9600);
	assert_true(p.json);
	assert_int_equal(opts_parse(second, 0, 1, argv + 4, &two, &words, &err), KILN_OK);
	assert_string_equal(two.mode, "raw");
	setenv("KILN_TEST_BAUD", "115_200", 1);
	setenv("KILN_TEST_MODE", "", 1); /* empty is as not set */
	assert_int_equal(opts_from_env(second, 0, &two, &err), KILN_OK);
	assert_int_equal(two.baud, 115200);
	assert_string_equal(two.mode, "raw");
	setenv("KILN_TEST_BAUD", "fast", 1);
	assert_int_equal(opts_from_env(second, 0, &two, &err), KILN_E_INVALID);
	assert_string_equal(err.what, "cannot use the environment variable KILN_TEST_BAUD");
	opt_list_done(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_are_accepted),
		cmocka_unit_test(wrong_lines_are_said),
		cmocka_unit_test(values_that_may_be_none_or_many),
		cmocka_unit_test(aliases_environment_and_groups),
		cmocka_unit_test(drop_ins_take_prefixes_and_underscores),
	};
	return RUN(tests);
}
