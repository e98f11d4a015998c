/* SPDX-License-Identifier: Apache-2.0 */
/* Links against ptys and loopback sockets of this process; other programs: link_peers_session.c */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <kiln/link.h>

#include "base/bytes.h"
#include "base/text.h"
#include "link/logins.h"
#include "link/mem.h"
#include "link/tty.h"
#include "link/url.h"

static const struct kiln_host plain_host;

/* A pty: the test holds the master and plays the board. */
struct board {
	int master, slave;
	char path[64];
};

static void board_begin(struct board *b)
{
	assert_int_equal(openpty(&b->master, &b->slave, b->path, NULL, NULL), 0);
}

static void board_end(struct board *b)
{
	if (b->master >= 0)
		close(b->master);
	close(b->slave);
}

static struct kiln_link *open_link(const char *url)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;

	if (kiln_link_open(&plain_host, url, 115200, &link, &err) != KILN_OK)
		fail_msg("%s: %s (%s)", err.what, err.why, err.hint);
	return link;
}

static void assert_open_fails(const char *url, kiln_code code, const char *why, const char *hint)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;
	char what[200], shown[160];

	assert_int_equal(kiln_link_open(&plain_host, url, 115200, &link, &err), code);
	assert_null(link);
	(void)kiln_login_hide(url, shown, sizeof(shown));
	kiln_text_format(what, sizeof(what), "cannot open '%s'", shown);
	assert_string_equal(err.what, what);
	assert_string_equal(err.why, why);
	if (hint)
		assert_string_equal(err.hint, hint);
}

static void read_exactly(struct kiln_link *link, void *buf, size_t n)
{
	struct kiln_err err = KILN_ERR_INIT;
	size_t got;

	for (size_t at = 0; at < n; at += got) {
		if (kiln_link_read(link, (char *)buf + at, n - at, kiln_link_after(link, 5000),
				   &got, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
	}
}

static void urls_are_taken_apart(void **state)
{
	static const struct {
		const char *url, *host, *port, *options;
	} good[] = {
		{ "rfc2217://localhost:4000", "localhost", "4000", "" },
		{ "rfc2217://10.0.0.7:65535?ign_set_control", "10.0.0.7", "65535",
		  "ign_set_control" },
		{ "socket://[::1]:23?a=1&b", "::1", "23", "a=1&b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct kiln_net_url u;

		assert_int_equal(kiln_net_url_parse(good[i].url, "", &u, NULL), KILN_OK);
		assert_string_equal(u.host, good[i].host);
		assert_string_equal(u.port, good[i].port);
		assert_string_equal(u.options, good[i].options);
	}
}

static void wrong_urls_say_what_is_wrong(void **state)
{
	static const struct {
		const char *url, *why;
	} bad[] = {
		{ "socket:host:1", "'//' is missing" },
		{ "socket://", "the host is missing" },
		{ "socket://:4000", "the host is missing" },
		{ "socket://host", "the port number is missing" },
		{ "socket://host:", "the port number is missing" },
		{ "socket://host:0", "the port is no number from 1 to 65535" },
		{ "socket://host:65536", "the port is no number from 1 to 65535" },
		{ "socket://host:0x10", "the port is no number from 1 to 65535" },
		{ "socket://host:99999999999999999999", "the port is no number from 1 to 65535" },
		{ "socket://[::1:4000", "the port number is missing" },
		{ "socket://ho st:4000", "that is no host name" },
		{ "socket://me@host:4000", "that is no host name" },
		{ "socket://host:4000?x", "it takes no options" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_open_fails(bad[i].url, KILN_E_INVALID, bad[i].why,
				  "such a port has the form socket://HOST:PORT");
	assert_open_fails("gopher://x:1", KILN_E_INVALID, "there is no such kind of port",
			  "a port is a device such as /dev/ttyUSB0, or one of serial://DEVICE, "
			  "rfc2217://HOST:PORT, socket://HOST:PORT, "
			  "ws://HOST, telnet://HOST");
	assert_open_fails("rfc2217://h:1?baud=3", KILN_E_INVALID, "no such option: 'baud'", NULL);
	assert_open_fails("rfc2217://h:1?timeout=0", KILN_E_INVALID,
			  "timeout must be 0..60 seconds, not '0'", NULL);
}

static void a_missing_port_is_told_from_one_that_is_none(void **state)
{
	static const char missing[] =
		"'kiln discover -a' lists the ports there are; is the board plugged in with a "
		"cable that carries data?";

	(void)state;
	assert_open_fails("/dev/ttyNONE0", KILN_E_PORT_MISSING, "no such port", missing);
	assert_open_fails("/dev/null", KILN_E_INVALID, "not a serial port",
			  "'kiln discover -a' lists the ports there are");
	assert_open_fails("null", KILN_E_PORT_MISSING, "no such port", "did you mean '/dev/null'?");
}

static void every_byte_passes_both_ways(void **state)
{
	uint8_t all[256], back[256];
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;
	char url[100];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	board_begin(&b);
	kiln_text_format(url, sizeof(url), "serial://%s", b.path);
	link = open_link(url);
	assert_int_equal(write(b.master, all, sizeof(all)), sizeof(all));
	read_exactly(link, back, sizeof(back));
	assert_memory_equal(all, back, sizeof(all));
	assert_int_equal(kiln_link_write(link, all, sizeof(all), kiln_link_after(link, 5000), &err),
			 KILN_OK);
	assert_int_equal(kiln_link_drain(link, kiln_link_after(link, 5000), &err), KILN_OK);
	memset(back, 0, sizeof(back));
	assert_int_equal(read(b.master, back, sizeof(back)), sizeof(back));
	assert_memory_equal(all, back, sizeof(all));
	kiln_link_close(link);
	board_end(&b);
}

static void a_silent_board_times_out_and_a_past_deadline_takes_what_is_there(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;
	char buf[8];
	size_t n;

	(void)state;
	board_begin(&b);
	link = open_link(b.path);
	assert_int_equal(kiln_link_read(link, buf, 8, kiln_link_after(link, 10), &n, &err),
			 KILN_E_TIMEOUT);
	assert_int_equal(write(b.master, "hey", 3), 3);
	assert_int_equal(kiln_link_read(link, buf, 8, 0, &n, &err), KILN_OK);
	assert_int_equal(n, 3);
	assert_int_equal(write(b.master, "old", 3), 3);
	assert_int_equal(kiln_link_flush_input(link, &err), KILN_OK);
	assert_int_equal(kiln_link_read(link, buf, 8, 0, &n, &err), KILN_E_TIMEOUT);
	kiln_link_close(link);
	board_end(&b);
}

static void a_port_that_vanishes_is_gone_at_once(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;
	char buf[8], what[100];
	size_t n;

	(void)state;
	board_begin(&b);
	link = open_link(b.path);
	close(b.master);
	b.master = -1;
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_E_PORT_GONE);
	kiln_text_format(what, sizeof(what), "cannot read '%s'", b.path);
	assert_string_equal(err.what, what);
	assert_string_equal(err.why, "port disappeared");
	assert_int_equal(kiln_link_write(link, "x", 1, KILN_FOREVER, &err), KILN_E_PORT_GONE);
	kiln_link_close(link);
	board_end(&b);
}

static void no_lines_is_not_an_input_output_error(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;

	(void)state;
	board_begin(&b);
	link = open_link(b.path);
	assert_int_equal(kiln_link_set_lines(link, true, false, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.why, "the port has no modem lines");
	kiln_link_close(link);
	board_end(&b);
}

static void any_baud_is_set_and_restored_on_close(void **state)
{
	struct kiln_tty_saved before, during, after;
	struct kiln_err err = KILN_ERR_INIT;
	struct termios t;
	struct board b;
	struct kiln_link *link;

	(void)state;
	board_begin(&b);
	assert_int_equal(kiln_tty_save(b.slave, &before), 0);
	link = open_link(b.path);
	assert_int_equal(kiln_link_set_baud(link, 1234567, &err), KILN_OK);
	assert_int_equal(kiln_link_baud(link), 1234567);
	assert_int_equal(kiln_tty_save(b.slave, &during), 0);
	/* struct termios2: c_ispeed and c_ospeed are its last two words */
	assert_int_equal(kiln_get_le32(during.bytes + 36), 1234567);
	assert_int_equal(kiln_get_le32(during.bytes + 40), 1234567);
	assert_int_equal(tcgetattr(b.slave, &t), 0);
	assert_int_equal(t.c_cflag & HUPCL, 0);
	assert_int_equal(t.c_lflag & (tcflag_t)(ECHO | ICANON | ISIG), 0);
	assert_int_equal(kiln_link_set_baud(link, 0, &err), KILN_E_INVALID);
	kiln_link_close(link);
	assert_int_equal(kiln_tty_save(b.slave, &after), 0);
	assert_memory_equal(before.bytes, after.bytes, 44);
	board_end(&b);
}

static void a_second_process_is_told_who_holds_the_port(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;
	struct board b;
	int ready[2], status;
	char c, why[100];
	pid_t child;

	(void)state;
	board_begin(&b);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		/* cmocka is the parent's affair; this one only holds the port until it is killed */
		close(b.master);
		close(b.slave);
		if (kiln_link_open(&plain_host, b.path, 115200, &link, NULL) == KILN_OK &&
		    write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(kiln_link_open(&plain_host, b.path, 115200, &link, &err),
			 KILN_E_PORT_BUSY);
	kiln_text_format(why, sizeof(why), "port is busy: 'link_test' (process %d) holds it",
			 (int)child);
	assert_string_equal(err.why, why);
	assert_string_equal(err.hint, "close 'link_test', then try again");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	kiln_link_close(open_link(b.path)); /* free again, also after a kill */
	close(ready[0]);
	close(ready[1]);
	board_end(&b);
}

/* Root may open everything, so a child that is not root tries. */
static void without_rights_the_group_is_named(void **state)
{
	struct board b;
	int result[2], status;
	char text[400] = "", want[400];
	struct stat st;
	pid_t child;
	ssize_t n;

	(void)state;
	board_begin(&b);
	assert_int_equal(pipe(result), 0);
	assert_int_equal(chmod(b.path, 0060), 0);
	child = fork();
	if (child == 0) {
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_link *link;

		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		if (kiln_link_open(&plain_host, b.path, 115200, &link, &err) != KILN_E_PORT_DENIED)
			_exit(3);
		kiln_text_format(text, sizeof(text), "%s|%s", err.why, err.hint);
		_exit(write(result[1], text, strlen(text)) > 0 ? 0 : 4);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	n = read(result[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	if (geteuid() == 0) {
		assert_int_equal(stat(b.path, &st), 0);
		kiln_text_format(want, sizeof(want),
				 "permission denied|join its group: sudo usermod -aG %s nobody, "
				 "then log out and in again",
				 getgrgid(st.st_gid)->gr_name);
		assert_string_equal(text, want);
	}
	assert_memory_equal(text, "permission denied|", 18);
	close(result[0]);
	close(result[1]);
	board_end(&b);
}

static kiln_code cancel(void *user, int fd, short events, kiln_ms deadline)
{
	(void)fd;
	(void)events;
	(void)deadline;
	++*(int *)user;
	return KILN_E_CANCELLED;
}

static void the_programs_waiter_cancels_and_nothing_is_lost(void **state)
{
	int calls = 0;
	const struct kiln_host host = { .waiter = { .wait = cancel, .user = &calls } };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct board b;
	char buf[8];
	size_t n;

	(void)state;
	board_begin(&b);
	assert_int_equal(kiln_link_open(&host, b.path, 115200, &link, &err), KILN_OK);
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_E_CANCELLED);
	assert_int_equal(calls, 1);
	assert_int_equal(kiln_link_sleep(link, 10000, &err), KILN_E_CANCELLED);
	assert_int_equal(write(b.master, "still", 5), 5);
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_OK);
	assert_int_equal(n, 5);
	kiln_link_close(link);
	board_end(&b);
}

static int listen_here(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void a_socket_carries_bytes_and_its_end_is_seen(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	char url[64], buf[8];
	uint16_t port;
	size_t n;
	int server, peer;

	(void)state;
	server = listen_here(&port);
	kiln_text_format(url, sizeof(url), "socket://127.0.0.1:%u", port);
	link = open_link(url);
	peer = accept(server, NULL, NULL);
	assert_int_equal(kiln_link_write(link, "\xFF\r\n", 3, KILN_FOREVER, &err), KILN_OK);
	assert_int_equal(read(peer, buf, 8), 3);
	assert_memory_equal(buf, "\xFF\r\n", 3);
	assert_int_equal(write(peer, "abc", 3), 3);
	read_exactly(link, buf, 3);
	assert_int_equal(kiln_link_set_lines(link, true, true, &err), KILN_E_UNSUPPORTED);
	close(peer);
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.why, "the server closed the connection");
	kiln_link_close(link);
	close(server);
	assert_open_fails(url, KILN_E_NETWORK, "connection refused",
			  "check the port number, and that a server runs on '127.0.0.1'");
}

static void an_unknown_host_is_said_to_be_one(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;

	(void)state;
	assert_int_equal(
		kiln_link_open(&plain_host, "socket://no-such-host.invalid:1", 9600, &link, &err),
		KILN_E_NETWORK);
	assert_memory_equal(err.why, "cannot find host 'no-such-host.invalid': ", 41);
	assert_string_equal(err.hint, "check the name, or use its address");
}

struct mem_board {
	struct kiln_link *board;
	int idles;
	bool dtr, rts;
};

/* The other end answers "pong" to "ping". */
static bool mem_idle(void *user, struct kiln_link *waiting, kiln_ms deadline)
{
	struct mem_board *m = user;
	char buf[8];
	size_t n;

	(void)deadline;
	m->idles++;
	if (waiting == m->board || kiln_link_read(m->board, buf, 8, 0, &n, NULL) != KILN_OK)
		return false;
	return kiln_link_write(m->board, "pong", 4, 0, NULL) == KILN_OK;
}

static kiln_code mem_lines(void *user, bool dtr, bool rts)
{
	struct mem_board *m = user;

	m->dtr = dtr;
	m->rts = rts;
	return KILN_OK;
}

static void a_memory_pair_has_its_own_clock(void **state)
{
	struct mem_board m = { 0 };
	const struct kiln_mem_hooks hooks = { .idle = mem_idle, .lines = mem_lines, .user = &m };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link_stats stats;
	struct kiln_link *host_end;
	char buf[8];
	size_t n;

	(void)state;
	assert_int_equal(kiln_mem_pair(&plain_host, &hooks, &host_end, &m.board, &err), KILN_OK);
	assert_int_equal(kiln_link_read(host_end, buf, 8, 3600000, &n, &err), KILN_E_TIMEOUT);
	assert_int_equal(kiln_link_now(host_end), 3600000);
	assert_int_equal(kiln_link_write(host_end, "ping", 4, 0, &err), KILN_OK);
	assert_int_equal(kiln_link_read(host_end, buf, 8, KILN_FOREVER, &n, &err), KILN_OK);
	assert_memory_equal(buf, "pong", 4);
	assert_int_equal(kiln_link_set_lines(host_end, true, false, &err), KILN_OK);
	assert_true(m.dtr && !m.rts);
	assert_int_equal(kiln_link_sleep(host_end, 50, &err), KILN_OK);
	assert_int_equal(kiln_link_now(m.board), 3600050);
	kiln_link_stats(host_end, &stats);
	assert_int_equal(stats.turns, 1);
	kiln_link_close(m.board);
	assert_int_equal(kiln_link_read(host_end, buf, 8, 0, &n, &err), KILN_E_PORT_GONE);
	kiln_link_close(host_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(wrong_urls_say_what_is_wrong),
		cmocka_unit_test(a_missing_port_is_told_from_one_that_is_none),
		cmocka_unit_test(every_byte_passes_both_ways),
		cmocka_unit_test(a_silent_board_times_out_and_a_past_deadline_takes_what_is_there),
		cmocka_unit_test(a_port_that_vanishes_is_gone_at_once),
		cmocka_unit_test(no_lines_is_not_an_input_output_error),
		cmocka_unit_test(any_baud_is_set_and_restored_on_close),
		cmocka_unit_test(a_second_process_is_told_who_holds_the_port),
		cmocka_unit_test(without_rights_the_group_is_named),
		cmocka_unit_test(the_programs_waiter_cancels_and_nothing_is_lost),
		cmocka_unit_test(a_socket_carries_bytes_and_its_end_is_seen),
		cmocka_unit_test(an_unknown_host_is_said_to_be_one),
		cmocka_unit_test(a_memory_pair_has_its_own_clock),
	};
	return RUN(tests);
}
