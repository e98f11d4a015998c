/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "kernel/names.h"

/* `code` has | at the cursor. */
static struct kiln_span split(const char *code, char *plain, size_t *ret_cursor)
{
	const size_t at = strcspn(code, "|"), n = strlen(code);

	memcpy(plain, code, at);
	memcpy(plain + at, code + at + 1, n - at);
	*ret_cursor = at;
	return kiln_span(plain, n - 1);
}

static void check(const char *code, kiln_place_kind kind, const char *owner, const char *word)
{
	char plain[256];
	size_t cursor;
	const struct kiln_span text = split(code, plain, &cursor);
	const struct kiln_place place = kiln_place_at(text, cursor);

	assert_int_equal(place.kind, kind);
	if (kind == KILN_PLACE_NONE)
		return;
	assert_int_equal(place.word.n, strlen(word));
	assert_memory_equal(place.word.p, word, place.word.n);
	assert_int_equal(place.owner.n, strlen(owner));
	assert_memory_equal(place.owner.n ? place.owner.p : (const void *)"", owner, place.owner.n);
}

static void test_places(void **state)
{
	(void)state;
	check("|", KILN_PLACE_NAME, "", "");
	check("pri|nt", KILN_PLACE_NAME, "", "pri");
	check("x = 1\ny = ma|", KILN_PLACE_NAME, "", "ma");
	check("machine.|", KILN_PLACE_ATTRIBUTE, "machine", "");
	check("a = machine.Pin.O|", KILN_PLACE_ATTRIBUTE, "machine.Pin", "O");
	check("f(a.b|)", KILN_PLACE_ATTRIBUTE, "a", "b");
	check("f().x|", KILN_PLACE_NONE, "", "");
	check("a..x|", KILN_PLACE_ATTRIBUTE, "a.", "x");
	check("1.x|", KILN_PLACE_NONE, "", "");
	check("12|", KILN_PLACE_NONE, "", "");
	check("%con|", KILN_PLACE_MAGIC, "", "%con");
	check("%%ba|", KILN_PLACE_MAGIC, "", "%%ba");
	check("x = 5\n%connect --q|", KILN_PLACE_OPTION, "connect", "--q");
	check("%cd src/ke|", KILN_PLACE_HOST_PATH, "cd", "src/ke");
	check("!ls src/ke|", KILN_PLACE_HOST_PATH, "", "src/ke");
	check("%%bash\nls 'a|", KILN_PLACE_HOST_PATH, "", "a");
	check("%%connect x\nmachine.P|", KILN_PLACE_ATTRIBUTE, "machine", "P");
	check("open('lib/m|", KILN_PLACE_BOARD_PATH, "", "lib/m");
	check("open('a').re|", KILN_PLACE_NONE, "", "");
	check("'\\'|", KILN_PLACE_BOARD_PATH, "", "\\'");
}

static void check_name(const char *code, const char *want)
{
	char plain[256];
	size_t cursor;
	const struct kiln_span text = split(code, plain, &cursor);
	const struct kiln_span name = kiln_name_at(text, cursor);

	assert_int_equal(name.n, strlen(want));
	assert_memory_equal(name.p, want, name.n);
}

static void test_names(void **state)
{
	(void)state;
	check_name("|print(1)", "print");
	check_name("pr|int(1)", "print");
	check_name("print|", "print");
	check_name("print(|", "print");
	check_name("f(a, g(1), |", "f");
	check_name("machine.Pin(2, machine.Pin.OUT|)", "machine.Pin.OUT");
	check_name("mach|ine.Pin", "machine");
	check_name("[|", "");
	check_name("(|", "");
	check_name("|", "");
	check_name("5|", "");
}

static void check_question(const char *code, const char *want)
{
	struct kiln_span name;
	const bool is = kiln_is_question(kiln_span(code, strlen(code)), &name);

	assert_int_equal(is, want != NULL);
	if (want) {
		assert_int_equal(name.n, strlen(want));
		assert_memory_equal(name.p, want, name.n);
	}
}

static void test_questions(void **state)
{
	(void)state;
	check_question("print?", "print");
	check_question("?machine.Pin\n", "machine.Pin");
	check_question(" x?? ", "x");
	check_question("x", NULL);
	check_question("?", NULL);
	check_question("", NULL);
	check_question("x???", NULL);
	check_question("a b?", NULL);
	check_question("f()?", NULL);
	check_question("x\ny?", NULL);
	check_question("5?", NULL);
}

/* e, a combining accent, a character outside of the first plane, which UTF-16 writes as two */
static void test_code_points(void **state)
{
	const char text[] = "e\xcc\x81\xf0\x9f\x98\x80x";
	const struct kiln_span span = kiln_span(text, strlen(text));
	const size_t bytes[] = { 0, 1, 3, 7, 8, 8 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(kiln_bytes_of_points(span, i), bytes[i]);
		assert_int_equal(kiln_points_of_bytes(span, bytes[i]), i);
	}
	assert_int_equal(kiln_bytes_of_points(span, 1000), 8);
	assert_int_equal(kiln_points_of_bytes(span, 1000), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_code_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
