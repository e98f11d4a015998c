/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/stream.h"

struct sink {
	struct kiln_buf log; /* "name:text|" */
	size_t messages, bytes, largest;
};

static void note(void *user, const char *name, const char *text, size_t n)
{
	struct sink *sink = user;

	sink->messages++;
	sink->bytes += n;
	sink->largest = n > sink->largest ? n : sink->largest;
	(void)kiln_buf_printf(&sink->log, "%s:%.*s|", name, (int)n, text);
}

static int setup(void **state)
{
	static struct sink sink;

	sink = (struct sink){ 0 };
	kiln_buf_init(&sink.log, 4096);
	*state = &sink;
	return 0;
}

static int teardown(void **state)
{
	struct sink *sink = *state;

	kiln_buf_done(&sink->log);
	return 0;
}

static void lines_are_shown_at_once_and_many_are_joined(void **state)
{
	struct sink *sink = *state;
	struct kiln_stream s;

	kiln_stream_init(&s, note, sink);
	assert_true(kiln_stream_due(&s) == KILN_FOREVER);
	kiln_stream_put(&s, KILN_STDOUT, "1\n", 2, 1000);
	assert_string_equal(kiln_buf_str(&sink->log), "stdout:1\n|");
	kiln_stream_put(&s, KILN_STDOUT, "2\n", 2, 1005);
	kiln_stream_put(&s, KILN_STDOUT, "3\n", 2, 1010);
	assert_int_equal(sink->messages, 1);
	assert_int_equal(kiln_stream_due(&s), 1025);
	kiln_stream_flush(&s, 1020);
	assert_string_equal(kiln_buf_str(&sink->log), "stdout:1\n|stdout:2\n3\n|");
	kiln_stream_done(&s);
}

static void order_between_streams_is_kept(void **state)
{
	struct sink *sink = *state;
	struct kiln_stream s;

	kiln_stream_init(&s, note, sink);
	kiln_stream_put(&s, KILN_STDOUT, "a", 1, 1000);
	kiln_stream_put(&s, KILN_STDERR, "b", 1, 1001);
	kiln_stream_put(&s, KILN_STDOUT, "c", 1, 1002);
	kiln_stream_flush(&s, 1003);
	assert_string_equal(kiln_buf_str(&sink->log), "stdout:a|stderr:b|stdout:c|");
	kiln_stream_done(&s);
}

static void what_is_no_text_becomes_a_replacement(void **state)
{
	static const char bytes[] = "\xff"
				    "a\xC3\xA9\xC0\x80\xED\xA0\x80\xF0\x9F\x98\x80\xE2\x82\n";
	struct sink *sink = *state;
	struct kiln_stream s;

	kiln_stream_init(&s, note, sink);
	kiln_stream_put(&s, KILN_STDOUT, bytes, sizeof(bytes) - 1, 1000);
	assert_string_equal(kiln_buf_str(&sink->log),
			    "stdout:\xEF\xBF\xBD"
			    "a\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
			    "\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD\n|");
	kiln_stream_done(&s);
}

static void a_flood_is_cut_into_pieces_and_ends(void **state)
{
	static char block[100000];
	struct sink *sink = *state;
	struct kiln_stream s;

	memset(block, 'x', sizeof(block));
	kiln_stream_init(&s, note, sink);
	for (int i = 0; i < 1000; i++)
		kiln_stream_put(&s, KILN_STDOUT, block, sizeof(block), 1000 + i);
	kiln_stream_flush(&s, 5000);
	assert_true(sink->largest <= KILN_STREAM_CHUNK);
	assert_true(sink->bytes >= KILN_STREAM_CELL_MAX);
	assert_true(sink->bytes < KILN_STREAM_CELL_MAX + 200);
	assert_true(sink->messages < 1000);

	kiln_stream_begin(&s); /* the next cell may print again */
	kiln_stream_put(&s, KILN_STDOUT, "\n", 1, 6000);
	assert_int_equal(s.total, 1);
	kiln_stream_done(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_shown_at_once_and_many_are_joined),
		TEST(order_between_streams_is_kept),
		TEST(what_is_no_text_becomes_a_replacement),
		TEST(a_flood_is_cut_into_pieces_and_ends),
	};
	return RUN(tests);
}
