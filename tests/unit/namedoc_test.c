/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/definitions.h"
#include "kernel/namedoc.h"

static struct kiln_span text(const char *s)
{
	return kiln_span(s, strlen(s));
}

static void check_text(struct kiln_span got, const char *wanted)
{
	assert_int_equal(got.n, strlen(wanted));
	assert_memory_equal(got.p, wanted, got.n);
}

static void the_table_is_sorted_and_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < kiln_namedocs_n; i++) {
		const struct kiln_namedoc *entry = &kiln_namedocs[i];

		assert_true(i == 0 || strcmp(kiln_namedocs[i - 1].name, entry->name) < 0);
		assert_ptr_equal(kiln_namedoc_find(text(entry->name)), entry);
		assert_true(entry->doc[0] && strchr(".?", entry->doc[strlen(entry->doc) - 1]));
		assert_true(strlen(entry->name) + strlen(entry->signature) < 160);
	}
}

static void names_are_found_whole_or_by_their_end(void **state)
{
	(void)state;
	assert_string_equal(kiln_namedoc_find(text("machine.Pin.on"))->signature, "()");
	assert_null(kiln_namedoc_find(text("machine.Pin.o")));
	assert_null(kiln_namedoc_find(text("")));
	assert_null(kiln_namedoc_find(text("zzz")));
	assert_string_equal(kiln_namedoc_ending(text("Pin.on"))->name, "machine.Pin.on");
	assert_string_equal(kiln_namedoc_ending(text("sleep_us"))->name, "time.sleep_us");
	assert_null(kiln_namedoc_ending(text("sleep"))); /* of time, of asyncio, of microbit */
	assert_null(kiln_namedoc_ending(text("in.on")));
	assert_null(kiln_namedoc_ending(text("machine.Pin.on"))); /* there is nothing before it */
}

static void names_below_a_module(void **state)
{
	const struct kiln_namedoc *entry;
	size_t at = 0, n = 0;

	(void)state;
	while ((entry = kiln_namedoc_below(text("gc"), &at))) {
		assert_memory_equal(entry->name, "gc.", 3);
		n++;
	}
	assert_int_equal(n, 6);
	at = 0;
	while ((entry = kiln_namedoc_below(text("machine"), &at)))
		assert_null(strchr(entry->name + strlen("machine."), '.'));
	at = 0;
	assert_null(kiln_namedoc_below(text("mach"), &at));
	assert_true(kiln_namedoc_is_module(kiln_namedoc_find(text("gc"))));
	assert_false(kiln_namedoc_is_module(kiln_namedoc_find(text("sys.platform"))));
}

static const char cell[] = "def area(w=(1, 2), *,\n"
			   "         h=2) :\n"
			   "    \"\"\"Of a\n"
			   "    rectangle.\"\"\"\n"
			   "\n"
			   "    return w * h\n"
			   "\n"
			   "x = 1\n"
			   "class Box(dict):\n"
			   "  def area(self): 'Of a box.'; return 0\n"
			   "  def other(self): pass\n"
			   "def areal(): pass";

static void a_definition_is_found(void **state)
{
	struct kiln_definition d;

	(void)state;
	assert_true(kiln_definition_find(kiln_span(cell, 110), text("area"), &d));
	check_text(d.signature, "def area(w=(1, 2), *,\n         h=2) ");
	check_text(d.doc, "Of a\n    rectangle.");
	check_text(d.source, "def area(w=(1, 2), *,\n         h=2) :\n    \"\"\"Of a\n"
			     "    rectangle.\"\"\"\n\n    return w * h");
	assert_true(kiln_definition_find(text(cell), text("area"), &d)); /* the last one counts */
	check_text(d.signature, "def area(self)");
	check_text(d.doc, "Of a box.");
	check_text(d.source, "def area(self): 'Of a box.'; return 0");
	assert_true(kiln_definition_find(text(cell), text("Box"), &d));
	check_text(d.signature, "class Box(dict)");
	check_text(d.doc, "");
	assert_true(kiln_definition_find(text(cell), text("areal"), &d));
	check_text(d.source, "def areal(): pass");
}

static void what_is_none_is_not_found(void **state)
{
	struct kiln_definition d;

	(void)state;
	assert_false(kiln_definition_find(text(cell), text("x"), &d));
	assert_false(kiln_definition_find(text(cell), text("are"), &d));
	assert_false(kiln_definition_find(text("def "), text(""), &d));
	assert_false(kiln_definition_find(text("def f"), text("f"), &d));
	assert_false(kiln_definition_find(text(""), text("f"), &d));
	assert_true(kiln_definition_find(text("def f(\"\"\""), text("f"), &d));
	check_text(d.doc, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted_and_whole),
		cmocka_unit_test(names_are_found_whole_or_by_their_end),
		cmocka_unit_test(names_below_a_module),
		cmocka_unit_test(a_definition_is_found),
		cmocka_unit_test(what_is_none_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
