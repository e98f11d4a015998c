/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "loader/reset.h"

static kiln_code parse(const char *text, struct kiln_reset_sequence *s, struct kiln_err *err)
{
	return kiln_reset_parse(kiln_span((const uint8_t *)text, strlen(text)), s, err);
}

static void expect(const char *text, const struct kiln_reset_step *steps, unsigned n)
{
	struct kiln_reset_sequence s;
	struct kiln_err err = KILN_ERR_INIT;

	assert_int_equal(parse(text, &s, &err), KILN_OK);
	assert_int_equal(s.n, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(s.steps[i].dtr, steps[i].dtr);
		assert_int_equal(s.steps[i].rts, steps[i].rts);
		assert_int_equal(s.steps[i].wait_ms, steps[i].wait_ms);
	}
}

/* A part changes one line or both; the other line and the rest stay as they are. */
static void ways_that_are_right(void **state)
{
	static const struct kiln_reset_step classic[] = {
		{ 0, 0, 0 }, { 0, 1, 0 },  { 0, 1, 100 }, { 1, 1, 0 },
		{ 1, 0, 0 }, { 1, 0, 50 }, { 0, 0, 0 },
	};
	static const struct kiln_reset_step tight[] = {
		{ 1, 1, 0 }, { 0, 1, 0 }, { 0, 1, 1500 }, { 1, 0, 0 }, { 1, 0, 0 }, { 1, 0, 3000 },
	};

	(void)state;
	expect("D0|R1|W0.1|D1|R0|W0.05|D0", classic, 7);
	expect("U1,1|U0,1|W1.5|U1,0|W0|W3", tight, 6);
}

static void ways_that_are_wrong(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "", "" },           { "D", "D" },         { "D2", "D2" },
		{ "D01", "D01" },     { "D0|", "" },        { "|D0", "" },
		{ "R0|X1", "X1" },    { "U0", "U0" },       { "U0,", "U0," },
		{ "U0,1,", "U0,1," }, { "U0;1", "U0;1" },   { "W", "W" },
		{ "W-1", "W-1" },     { "W0x10", "W0x10" }, { "W1.2.3", "W1.2.3" },
		{ "Winf", "Winf" },   { "W1e9", "W1e9" },   { "W61", "W61" },
		{ "d0", "d0" },       { " D0", " D0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_reset_sequence s = { .n = 77 };
		struct kiln_err err = KILN_ERR_INIT;
		char why[64];

		snprintf(why, sizeof(why), "'%s' is no part of one", cases[i].part);
		assert_int_equal(parse(cases[i].text, &s, &err), KILN_E_INVALID);
		assert_string_equal(err.why, why);
		assert_int_equal(s.n, 77);
	}
}

static void a_way_has_an_end(void **state)
{
	char text[3 * (KILN_RESET_STEPS + 1)];
	struct kiln_reset_sequence s;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "D0|"[i % 3];
	assert_int_equal(
		kiln_reset_parse(kiln_span((uint8_t *)text, 3 * KILN_RESET_STEPS - 1), &s, &err),
		KILN_OK);
	assert_int_equal(s.n, KILN_RESET_STEPS);
	assert_int_equal(
		kiln_reset_parse(kiln_span((uint8_t *)text, 3 * KILN_RESET_STEPS + 2), &s, &err),
		KILN_E_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_that_are_right),
		cmocka_unit_test(ways_that_are_wrong),
		cmocka_unit_test(a_way_has_an_end),
	};
	return RUN(tests);
}
