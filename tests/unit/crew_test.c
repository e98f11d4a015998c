/* SPDX-License-Identifier: Apache-2.0 */
/* Several workers: what each returns, what they are told, and that all of them can be stopped. */
#include "unit.h"

#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/text.h"
#include "link/crew.h"
#include "link/link_impl.h"

enum { BOARDS = 8 };

struct shared {
	struct kiln_crew *crew;
	int sum; /* guarded by the crew's lock */
	atomic_int cancels;
	char log[512];
};

static kiln_code add_up(void *user, size_t i, const struct kiln_host *host, struct kiln_err *err)
{
	struct shared *s = user;

	(void)host;
	for (int k = 0; k < 1000; k++) {
		kiln_crew_lock(s->crew);
		s->sum++;
		kiln_crew_unlock(s->crew);
	}
	return i % 2 ? kiln_fail(err, KILN_E_REFUSED, "board %zu", i) : KILN_OK;
}

/* Each worker's end is told once, with its own error. */
static void each_end_is_told(void **state)
{
	const struct kiln_host host = { 0 };
	struct shared s = { 0 };
	struct kiln_crew_end end;
	bool seen[BOARDS] = { 0 };

	(void)state;
	assert_int_equal(kiln_crew_new(&host, add_up, &s, &s.crew, NULL), KILN_OK);
	for (size_t i = 0; i < BOARDS; i++)
		assert_int_equal(kiln_crew_start(s.crew, i, "x", NULL), KILN_OK);
	while (kiln_crew_busy(s.crew) > 0) {
		char what[16] = "";

		assert_int_equal(kiln_crew_next(s.crew, KILN_FOREVER, &end, NULL), KILN_OK);
		assert_false(seen[end.i]);
		seen[end.i] = true;
		if (end.i % 2)
			kiln_text_format(what, sizeof(what), "board %zu", end.i);
		assert_int_equal(end.code, end.i % 2 ? KILN_E_REFUSED : KILN_OK);
		assert_string_equal(end.err.what, what);
	}
	assert_int_equal(s.sum, BOARDS * 1000);
	kiln_crew_free(s.crew);
}

/* Waits until it is told to stop, then waits once more, as one does that resets its board. */
static kiln_code wait_for_ever(void *user, size_t i, const struct kiln_host *host,
			       struct kiln_err *err)
{
	struct shared *s = user;

	(void)i;
	if (kiln_host_wait(host, -1, 0, KILN_FOREVER) == KILN_E_CANCELLED)
		s->cancels++;
	if (kiln_host_wait(host, -1, 0, kiln_now() + 10) != KILN_E_TIMEOUT)
		return kiln_fail(err, KILN_E_IO, "it was told twice");
	return kiln_fail(err, KILN_E_CANCELLED, "stopped");
}

static kiln_code cancel_at_once(void *user, int fd, short events, kiln_ms deadline)
{
	int *calls = user;
	struct pollfd p = { .fd = fd, .events = events };

	(void)deadline;
	if ((*calls)++ == 0)
		return KILN_E_CANCELLED;
	return poll(&p, 1, 10000) == 1 ? KILN_OK : KILN_E_TIMEOUT;
}

static void ctrl_c_reaches_each_once(void **state)
{
	int calls = 0;
	const struct kiln_host host = { .waiter = { cancel_at_once, &calls } };
	struct shared s = { 0 };
	struct kiln_crew_end end;

	(void)state;
	assert_int_equal(kiln_crew_new(&host, wait_for_ever, &s, &s.crew, NULL), KILN_OK);
	for (size_t i = 0; i < BOARDS; i++)
		assert_int_equal(kiln_crew_start(s.crew, i, "x", NULL), KILN_OK);
	assert_int_equal(kiln_crew_next(s.crew, KILN_FOREVER, &end, NULL), KILN_E_CANCELLED);
	for (size_t i = 0; i < BOARDS; i++) {
		assert_int_equal(kiln_crew_next(s.crew, KILN_FOREVER, &end, NULL), KILN_OK);
		assert_int_equal(end.code, KILN_E_CANCELLED);
	}
	assert_int_equal(s.cancels, BOARDS);
	assert_int_equal(kiln_crew_busy(s.crew), 0);
	kiln_crew_free(s.crew);
}

/* Who frees a crew that still works waits until nobody does. */
static void free_stops_them(void **state)
{
	const struct kiln_host host = { 0 };
	struct shared s = { 0 };

	(void)state;
	assert_int_equal(kiln_crew_new(&host, wait_for_ever, &s, &s.crew, NULL), KILN_OK);
	assert_int_equal(kiln_crew_start(s.crew, 0, "x", NULL), KILN_OK);
	kiln_crew_free(s.crew);
	assert_int_equal(s.cancels, 1);
	kiln_crew_free(NULL);
}

static void keep_log(void *user, kiln_level level, const char *module, const char *line)
{
	struct shared *s = user;

	(void)level;
	kiln_text_format(s->log, sizeof(s->log), "%s|%s", module, line);
}

static kiln_code say(void *user, size_t i, const struct kiln_host *host, struct kiln_err *err)
{
	struct shared *s = user;

	(void)i;
	(void)err;
	kiln_crew_lock(s->crew); /* may be held by who logs */
	kiln_log(&host->ui, KILN_LOG_WARNING, "link", "hot");
	kiln_crew_unlock(s->crew);
	return KILN_OK;
}

static void a_log_line_names_its_board(void **state)
{
	struct shared s = { 0 };
	const struct kiln_host host = { .ui = { keep_log, KILN_LOG_WARNING, &s } };
	struct kiln_crew_end end;

	(void)state;
	assert_int_equal(kiln_crew_new(&host, say, &s, &s.crew, NULL), KILN_OK);
	assert_int_equal(kiln_crew_start(s.crew, 0, "ttyUSB0", NULL), KILN_OK);
	assert_int_equal(kiln_crew_next(s.crew, KILN_FOREVER, &end, NULL), KILN_OK);
	assert_string_equal(s.log, "link|ttyUSB0: hot");
	kiln_crew_free(s.crew);
}

static void a_deadline_is_kept(void **state)
{
	const struct kiln_host host = { 0 };
	struct shared s = { 0 };
	struct kiln_crew_end end;

	(void)state;
	assert_int_equal(kiln_crew_new(&host, wait_for_ever, &s, &s.crew, NULL), KILN_OK);
	assert_int_equal(kiln_crew_start(s.crew, 0, "x", NULL), KILN_OK);
	assert_int_equal(kiln_crew_next(s.crew, 0, &end, NULL), KILN_E_TIMEOUT);
	assert_int_equal(kiln_crew_busy(s.crew), 1);
	kiln_crew_free(s.crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_is_told),   cmocka_unit_test(ctrl_c_reaches_each_once),
		cmocka_unit_test(free_stops_them),    cmocka_unit_test(a_log_line_names_its_board),
		cmocka_unit_test(a_deadline_is_kept),
	};
	return RUN(tests);
}
