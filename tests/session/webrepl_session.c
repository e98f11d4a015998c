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

#define PATIENCE_MS 20000

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
	struct kiln_err err = KILN_ERR_INIT;

	must(kiln_webrepl_put(link, name, data, n, &err), &err);
	must(kiln_webrepl_get(link, name, &got, &err), &err);
	assert_int_equal(got.len, n);
	assert_memory_equal(got.data, data, n);
	kiln_buf_done(&got);
}

static void files_pass(struct kiln_link *link)
{
	static uint8_t data[100000];
	struct kiln_buf small = KILN_BUF_INIT(1000);
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t version[3];
	char name[66];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	assert_true(kiln_webrepl_is(link));
	must(kiln_webrepl_version(link, version, &err), &err);
	assert_memory_equal(version, "\x01\x1b\x00", 3);
	put_and_get(link, "/lib/a.mpy", data, sizeof(data));
	put_and_get(link, "empty", data, 0);
	put_and_get(link, "one", data, 1);
	memset(name, 'n', 65);
	name[65] = '\0';
	assert_int_equal(kiln_webrepl_put(link, name, data, 1, &err), KILN_E_INVALID);
	assert_string_equal(err.why, "WebREPL takes names of up to 64 bytes");
	name[64] = '\0';
	put_and_get(link, name, data, 300);
	assert_int_equal(kiln_webrepl_get(link, "/lib/a.mpy", &small, &err), KILN_E_TOO_BIG);
	kiln_buf_done(&small);
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
	struct kiln_buf got = KILN_BUF_INIT(1000);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct peer p;

	(void)state;
	if (!start(&p, "plain"))
		skip();
	link = open_link(&p);
	assert_int_equal(kiln_webrepl_get(link, "missing", &got, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.what, "cannot read 'missing'");
	assert_string_equal(err.why, "the board closed the connection, as it does when it can't "
				     "open the file");
	kiln_link_close(link);
	kiln_buf_done(&got);
	stop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(micropythons_dialogue),
		cmocka_unit_test(messages_in_pieces_and_pings_between),
		cmocka_unit_test(tornado),
		cmocka_unit_test(a_file_that_is_not_there),
	};
	return RUN(tests);
}
