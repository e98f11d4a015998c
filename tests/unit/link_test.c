/* SPDX-License-Identifier: Apache-2.0 */
/* What URLs mean, sockets of this process, and pairs in memory; ttys: link_tty_test.c */
#include "link_help.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "link/logins.h"
#include "link/mem.h"
#include "link/url.h"

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
	assert_open_fails("mp://10.0.0.1:54321", KILN_E_INVALID,
			  "mp:// is the iot-kernel's own protocol, and is not spoken here",
			  "let the board offer its WebREPL ('import webrepl_setup' on the board, "
			  "once), and name it ws://HOST");
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
		cmocka_unit_test(a_socket_carries_bytes_and_its_end_is_seen),
		cmocka_unit_test(an_unknown_host_is_said_to_be_one),
		cmocka_unit_test(a_memory_pair_has_its_own_clock),
	};

	return RUN(tests);
}
