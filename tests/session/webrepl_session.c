/* SPDX-License-Identifier: Apache-2.0 */
/* ws:// links: text both ways, and files by WebREPL's own protocol, against servers in Python. */
#include "../unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "link/webrepl.h"

#define PATIENCE_MS 60000

static const struct kiln_host plain_host;

struct peer {
	pid_t pid;
	char url[80];
};

/* False: this kind can't be had here. */
static bool start(struct peer *p, const char *kind)
{
	const char *const argv[] = { "/usr/bin/python3", TEST_DATA "/../session/webrepl_peer.py",
				     kind, NULL };
	int fds[2];
	FILE *out;
	bool good;

	assert_int_equal(pipe(fds), 0);
	p->pid = fork();
	if (p->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	assert_non_null(out);
	good = fscanf(out, "%79s", p->url) == 1;
	fclose(out);
	return good;
}

static void stop(struct peer *p)
{
	int status;

	kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
}

static struct kiln_link *open_link(const struct peer *p)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;

	setenv("KILN_WEBREPL_PASSWORD", "secret", 1);
	if (kiln_link_open(&plain_host, p->url, 115200, &link, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	return link;
}

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code != KILN_OK)
		fail_msg("%s: %s", err->what, err->why);
}

static bool is_readable(struct kiln_link *link, int ms)
{
	struct pollfd p = { .fd = kiln_link_fd(link), .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* What is written comes back from the pty behind the server. */
static void text_passes(struct kiln_link *link)
{
	static uint8_t sent[20000], got[sizeof(sent)];
	struct kiln_err err = KILN_ERR_INIT;
	size_t n, at = 0, seen = 0;
	char first[20];

	/* the prompt that stands behind the login */
	must(kiln_link_read(link, first, sizeof(first), kiln_link_after(link, PATIENCE_MS), &n,
			    &err),
	     &err);
	assert_memory_equal(first, ">>> ", n < 4 ? n : 4);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)('a' + i % 23);
	while (at < sizeof(sent)) {
		must(kiln_link_write(link, sent + at, 500, kiln_link_after(link, PATIENCE_MS),
				     &err),
		     &err);
		at += 500;
		while (seen < at) {
			must(kiln_link_read(link, got + seen, 7, kiln_link_after(link, PATIENCE_MS),
					    &n, &err),
			     &err);
			seen += n;
			if (seen % 500 && n == 7) /* more has come: pollers see it */
				assert_true(is_readable(link, PATIENCE_MS));
		}
	}
	assert_memory_equal(got, sent, sizeof(sent));
	assert_false(is_readable(link, 0));
	assert_int_equal(kiln_link_read(link, got, 1, kiln_link_after(link, 30), &n, &err),
			 KILN_E_TIMEOUT);
}

static void put_and_get(struct kiln_link *link, const char *name, const uint8_t *data, size_t n)
{
	struct kiln_buf got = KILN_BUF_INIT(1024 * 1024);
	const struct kiln_link_file file = { .name = name, .data = data, .n = n };
	struct kiln_err err = KILN_ERR_INIT;
	size_t done;

	must(kiln_link_files(link)->put(link, &file, 1, NULL, &done, &err), &err);
	assert_int_equal(done, 1);
	must(kiln_link_files(link)->get(link, name, n, NULL, &got, &err), &err);
	assert_int_equal(got.len, n);
	assert_memory_equal(got.data, data, n);
	kiln_buf_done(&got);
}

/* One round trip for all of them. */
static void many_at_once(struct kiln_link *link, const uint8_t *data)
{
	enum { N = 30 };
	struct kiln_link_file files[N];
	struct kiln_link_stats before, after;
	struct kiln_err err = KILN_ERR_INIT;
	char names[N][16];
	size_t done;

	for (size_t i = 0; i < N; i++) {
		kiln_text_format(names[i], sizeof(names[i]), "many%zu", i);
		files[i] = (struct kiln_link_file){ names[i], data, 100 * i + 1 };
	}
	kiln_link_stats(link, &before);
	must(kiln_link_files(link)->put(link, files, N, NULL, &done, &err), &err);
	kiln_link_stats(link, &after);
	assert_int_equal(done, N);
	assert_int_equal(after.turns - before.turns, 1);
}

static void files_pass(struct kiln_link *link)
{
	static uint8_t data[100000];
	struct kiln_err err = KILN_ERR_INIT;
	char name[66];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	assert_non_null(kiln_link_files(link));
	must(kiln_link_files(link)->ask(link, &err), &err);
	put_and_get(link, "/lib/a.mpy", data, sizeof(data));
	for (size_t n = 255; n < 258; n++) /* a piece of the board's has 256 bytes */
		put_and_get(link, "few", data, n);
	put_and_get(link, "one", data, 1);
	memset(name, 'n', 64);
	name[64] = '\0';
	const struct kiln_link_file file = { .name = name, .data = data, .n = 1 };
	size_t done;

	assert_int_equal(kiln_link_files(link)->put(link, &file, 1, NULL, &done, &err),
			 KILN_E_INVALID);
	assert_string_equal(err.why, "WebREPL takes names of up to 63 bytes");
	name[63] = '\0';
	put_and_get(link, name, data, 300);
	many_at_once(link, data);
}

static kiln_code get(struct kiln_link *link, const char *name, size_t size, struct kiln_err *err)
{
	struct kiln_buf got = KILN_BUF_INIT(1000 * 1000);
	const kiln_code code = kiln_link_files(link)->get(link, name, size, NULL, &got, err);

	kiln_buf_done(&got);
	return code;
}

static void run_against(const char *kind)
{
	struct kiln_link *link;
	struct peer p;

	if (!start(&p, kind)) {
		stop(&p);
		skip();
	}
	link = open_link(&p);
	text_passes(link);
	files_pass(link);
	kiln_link_close(link);
	stop(&p);
}

static void micropythons_dialogue(void **state)
{
	(void)state;
	run_against("plain");
}

static void messages_in_pieces_and_pings_between(void **state)
{
	(void)state;
	run_against("pings");
}

static void tornado(void **state)
{
	(void)state;
	run_against("tornado");
}

/* MicroPython drops the connection when it can't open a file. */
static void a_file_that_is_not_there(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct peer p;

	(void)state;
	if (!start(&p, "plain"))
		skip();
	link = open_link(&p);
	assert_int_equal(get(link, "missing", 10, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.what, "cannot read 'missing'");
	assert_string_equal(err.why, "the board closed the connection, as it does when it can't "
				     "open the file");
	/* and it is closed for all */
	assert_int_equal(kiln_link_files(link)->ask(link, &err), KILN_E_PORT_GONE);
	kiln_link_close(link);
	stop(&p);
}

/* Whatever the other end makes of the protocol: an error, in time, and a link that is used on or
 * not at all. */
static void ends_that_behave_otherwise(void **state)
{
	static const uint8_t data[20000] = { 1 };
	static const struct kiln_link_file two[] = { { "a", data, 20 }, { "b", data, 20000 } };
	static const struct {
		const char *kind;
		size_t done;
		kiln_code put, get, after;
	} ends[] = {
		{ "refuses", 0, KILN_E_REFUSED, KILN_E_REFUSED, KILN_OK },
		{ "cuts", 1, KILN_E_PORT_GONE, KILN_E_PORT_GONE, KILN_E_PORT_GONE },
		{ "shorter", 2, KILN_OK, KILN_E_PROTOCOL, KILN_E_PORT_GONE },
		{ "longer", 2, KILN_OK, KILN_E_PROTOCOL, KILN_E_PORT_GONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_link *link;
		struct peer p;
		size_t done = 99;
		kiln_code code;

		if (!start(&p, ends[i].kind))
			skip();
		link = open_link(&p);
		code = kiln_link_files(link)->put(link, two, 2, NULL, &done, &err);
		if (code != ends[i].put || done != ends[i].done)
			fail_msg("%s: put ends with %d (%s: %s), %zu done", ends[i].kind, (int)code,
				 err.what, err.why, done);
		code = get(link, "b", 20000, &err);
		if (code != ends[i].get)
			fail_msg("%s: get ends with %d (%s)", ends[i].kind, (int)code, err.why);
		assert_int_equal(kiln_link_files(link)->ask(link, &err), ends[i].after);
		kiln_link_close(link);
		stop(&p);
	}
}

/* A program that wants to cancel: once is answered when the file has ended. */
struct impatience {
	unsigned wishes;
};

static kiln_code wait_impatiently(void *user, int fd, short events, kiln_ms deadline)
{
	struct impatience *i = user;
	struct pollfd p = { .fd = fd, .events = events };

	if (i->wishes > 0) {
		i->wishes--;
		return KILN_E_CANCELLED;
	}
	return poll(&p, 1, (int)(deadline - kiln_now())) == 1 ? KILN_OK : KILN_E_TIMEOUT;
}

static void cancelling(void **state)
{
	static const uint8_t data[50000] = { 1 };
	static const struct kiln_link_file two[] = { { "a", data, sizeof(data) },
						     { "b", data, 9 } };

	(void)state;
	for (unsigned wishes = 1; wishes <= 2; wishes++) {
		struct impatience impatience = { 0 };
		const struct kiln_host host = { .waiter = { .wait = wait_impatiently,
							    .user = &impatience } };
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_link *link;
		struct peer p;
		size_t done;

		if (!start(&p, "plain"))
			skip();
		setenv("KILN_WEBREPL_PASSWORD", "secret", 1);
		must(kiln_link_open(&host, p.url, 115200, &link, &err), &err);
		impatience.wishes = wishes;
		assert_int_equal(kiln_link_files(link)->put(link, two, 2, NULL, &done, &err),
				 KILN_E_CANCELLED);
		assert_int_equal(done, 2 - wishes);
		assert_int_equal(kiln_link_files(link)->ask(link, &err),
				 wishes == 1 ? KILN_OK : KILN_E_PORT_GONE);
		kiln_link_close(link);
		stop(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(micropythons_dialogue),
		cmocka_unit_test(messages_in_pieces_and_pings_between),
		cmocka_unit_test(tornado),
		cmocka_unit_test(a_file_that_is_not_there),
		cmocka_unit_test(ends_that_behave_otherwise),
		cmocka_unit_test(cancelling),
	};
	return RUN(tests);
}
