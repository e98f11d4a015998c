/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links against programs that we did not write: socat's ptys, Debian's ser2net, pyserial's RFC 2217
 * server; and RFC 2217 servers that misbehave, played by a child process.
 */
#include "../unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kiln/link.h>

#include "base/text.h"
#include "telnet/telnet.h"

#define PATIENCE_MS 60000

static const struct kiln_host plain_host;

struct program {
	pid_t pid;
	FILE *out; /* its standard output */
};

/* argv[0] is looked for in PATH. It dies with this test, whatever happens. */
static struct program start(const char *const *argv)
{
	struct program p;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	p.pid = fork();
	if (p.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(fds[1]);
	p.out = fdopen(fds[0], "r");
	assert_non_null(p.out);
	return p;
}

static void stop(struct program *p)
{
	int status;

	kill(p->pid, SIGTERM);
	waitpid(p->pid, &status, 0);
	fclose(p->out);
}

static bool is_installed(const char *path)
{
	return access(path, X_OK) == 0;
}

static void wait_for_file(const char *path)
{
	const kiln_ms deadline = kiln_now() + PATIENCE_MS;

	while (access(path, F_OK) != 0) {
		if (kiln_now() > deadline)
			fail_msg("%s did not appear", path);
		poll(NULL, 0, 10);
	}
}

/* Open, again and again until the server has come up. */
static struct kiln_link *open_soon(const char *url)
{
	const kiln_ms deadline = kiln_now() + PATIENCE_MS;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;

	while (kiln_link_open(&plain_host, url, 115200, &link, &err) != KILN_OK) {
		if (kiln_now() > deadline)
			fail_msg("%s: %s", err.what, err.why);
		poll(NULL, 0, 20);
	}
	return link;
}

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code != KILN_OK)
		fail_msg("%s: %s", err->what, err->why);
}

/* What is written to `from` comes out of `to`, all byte values, more than any buffer holds. */
static void passes(struct kiln_link *from, struct kiln_link *to)
{
	static uint8_t sent[20000], got[20000];
	struct kiln_err err = KILN_ERR_INIT;
	size_t n, at = 0;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	memset(got, 0, sizeof(got));
	/* in pieces: nobody reads the other end while this process writes */
	for (size_t begin = 0; begin < sizeof(sent); begin += 1000) {
		must(kiln_link_write(from, sent + begin, 1000, kiln_link_after(from, PATIENCE_MS),
				     &err),
		     &err);
		while (at < begin + 1000) {
			must(kiln_link_read(to, got + at, sizeof(got) - at,
					    kiln_link_after(to, PATIENCE_MS), &n, &err),
			     &err);
			at += n;
		}
	}
	assert_memory_equal(sent, got, sizeof(sent));
}

struct ptys {
	char folder[64], a[96], b[96];
	struct program socat;
};

static void make_ptys(struct ptys *p)
{
	char left[160], right[160];
	const char *const argv[] = { "socat", left, right, NULL };

	kiln_text_copy(p->folder, sizeof(p->folder), "/tmp/kiln-link-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	kiln_text_format(p->a, sizeof(p->a), "%s/a", p->folder);
	kiln_text_format(p->b, sizeof(p->b), "%s/b", p->folder);
	kiln_text_format(left, sizeof(left), "pty,raw,echo=0,link=%s", p->a);
	kiln_text_format(right, sizeof(right), "pty,raw,echo=0,link=%s", p->b);
	p->socat = start(argv);
	wait_for_file(p->a);
	wait_for_file(p->b);
}

static void drop_ptys(struct ptys *p)
{
	stop(&p->socat);
	unlink(p->a);
	unlink(p->b);
	rmdir(p->folder);
}

static void serial_over_socat(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *a, *b;
	struct ptys p;
	char c;
	size_t n;

	(void)state;
	if (!is_installed("/usr/bin/socat"))
		skip();
	make_ptys(&p);
	a = open_soon(p.a);
	b = open_soon(p.b);
	passes(a, b);
	passes(b, a);
	kill(p.socat.pid, SIGKILL);
	assert_int_equal(kiln_link_read(a, &c, 1, kiln_link_after(a, PATIENCE_MS), &n, &err),
			 KILN_E_PORT_GONE);
	kiln_link_close(a);
	kiln_link_close(b);
	drop_ptys(&p);
}

static uint16_t free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static struct program start_ser2net(const struct ptys *p, uint16_t port, char *config, size_t size)
{
	const char *const argv[] = { "ser2net", "-d", "-u", "-c", config, NULL };
	FILE *f;

	kiln_text_format(config, size, "%s/ser2net.yaml", p->folder);
	f = fopen(config, "w");
	assert_non_null(f);
	fprintf(f,
		"connection: &con\n  accepter: telnet(rfc2217),tcp,127.0.0.1,%u\n"
		"  connector: serialdev,%s,115200n81,local\n",
		port, p->b);
	fclose(f);
	return start(argv);
}

static void rfc2217_over_ser2net(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *board, *link, *second = NULL;
	struct program ser2net;
	char config[128], url[64];
	const uint16_t port = free_port();
	struct ptys p;

	(void)state;
	if (!is_installed("/usr/sbin/ser2net") || !is_installed("/usr/bin/socat"))
		skip();
	make_ptys(&p);
	ser2net = start_ser2net(&p, port, config, sizeof(config));
	kiln_text_format(url, sizeof(url), "rfc2217://127.0.0.1:%u", port);
	board = open_soon(p.a);
	link = open_soon(url);
	passes(link, board);
	passes(board, link);
	must(kiln_link_set_baud(link, 460800, &err), &err);
	must(kiln_link_drain(link, kiln_link_after(link, PATIENCE_MS), &err), &err);
	must(kiln_link_flush_input(link, &err), &err);
	passes(link, board);
	assert_false(kiln_link_has_atomic_lines(link));
	/* it serves one client; the second is told so in text, before any negotiation */
	assert_int_equal(kiln_link_open(&plain_host, url, 115200, &second, &err), KILN_E_PORT_BUSY);
	assert_string_equal(err.why, "the server said: Port already in use");
	kiln_link_close(link);
	kiln_link_close(board);
	stop(&ser2net);
	unlink(config);
	drop_ptys(&p);
}

static void expect_line(struct program *p, const char *want)
{
	char line[100];

	do { /* what the server does on its own at the start is not of interest */
		if (!fgets(line, sizeof(line), p->out))
			fail_msg("the server did not say '%s'", want);
		line[strcspn(line, "\n")] = '\0';
	} while (strcmp(line, want) != 0);
}

static bool is_readable(const struct kiln_link *link, int timeout_ms)
{
	struct pollfd p = { .fd = kiln_link_fd(link), .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* Data that was taken from the socket on the way to an acknowledgement must still wake a loop. */
static void polls_readable_while_it_holds_data(struct kiln_link *link)
{
	struct kiln_err err = KILN_ERR_INIT;
	char buf[8];
	size_t n;

	assert_false(is_readable(link, 0));
	must(kiln_link_write(link, "abc", 3, kiln_link_after(link, PATIENCE_MS), &err), &err);
	assert_true(is_readable(link, PATIENCE_MS));
	must(kiln_link_set_baud(link, 57600, &err), &err);
	assert_true(is_readable(link, 0));
	for (size_t at = 0; at < 3; at += n)
		must(kiln_link_read(link, buf, 8, kiln_link_after(link, PATIENCE_MS), &n, &err),
		     &err);
	assert_false(is_readable(link, 0));
}

static void rfc2217_over_pyserial(void **state)
{
	const char *const argv[] = { "/usr/bin/python3", TEST_DATA "/../session/rfc2217_peer.py",
				     NULL };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct program server;
	char url[64];
	unsigned port;

	(void)state;
	if (!is_installed(argv[0]))
		skip();
	server = start(argv);
	assert_int_equal(fscanf(server.out, "port %u", &port), 1);
	kiln_text_format(url, sizeof(url), "rfc2217://127.0.0.1:%u", port);
	link = open_soon(url);
	expect_line(&server, "baudrate 115200");
	passes(link, link);
	polls_readable_while_it_holds_data(link);
	must(kiln_link_set_baud(link, 921600, &err), &err);
	expect_line(&server, "baudrate 921600");
	must(kiln_link_set_lines(link, true, false, &err), &err);
	expect_line(&server, "dtr 1");
	expect_line(&server, "rts 0");
	must(kiln_link_set_lines(link, false, true, &err), &err);
	expect_line(&server, "dtr 0");
	expect_line(&server, "rts 1");
	must(kiln_link_send_break(link, 5, &err), &err);
	expect_line(&server, "break_condition 1");
	expect_line(&server, "break_condition 0");
	must(kiln_link_flush_input(link, &err), &err);
	kiln_link_close(link);
	expect_line(&server, "closed");
	stop(&server);
}

/* How a server misbehaves. */
enum fault {
	SILENT,         /* takes the connection and says nothing */
	REFUSES,        /* DONT COM-PORT */
	CLOSES,         /* at once */
	LIES_BAUD,      /* acknowledges 9600 whatever was asked */
	LIES_LINES,     /* acknowledges that the line did not change */
	NO_LINE_ANSWER, /* never acknowledges SET-CONTROL */
	FLOODS,         /* data without end instead of acknowledgements */
	SUSPENDS,       /* FLOWCONTROL-SUSPEND and never RESUME */
};

static void answer_command(enum fault fault, const struct kiln_com *com, struct kiln_buf *out)
{
	uint32_t value = com->value;

	if (com->command == KILN_COM_CONTROL && value >= KILN_COM_BREAK_ASK) {
		if (fault == NO_LINE_ANSWER)
			return;
		if (fault == LIES_LINES)
			value += value % 3 == 2 ? 1 : (uint32_t)-1; /* ON to OFF and back */
	}
	if (com->command == KILN_COM_BAUDRATE && fault == LIES_BAUD)
		value = 9600;
	(void)kiln_telnet_encode_com(out, com->command, true, value);
	if (fault == SUSPENDS && com->command == KILN_COM_STOPSIZE)
		(void)kiln_telnet_encode_com(out, KILN_COM_SUSPEND, true, 0);
}

static void serve(int fd, enum fault fault)
{
	struct kiln_buf out = KILN_BUF_INIT(65536);
	static const uint8_t zeros[4096];
	struct kiln_telnet t;
	uint8_t in[512];
	size_t used;
	ssize_t n;

	kiln_telnet_init(&t);
	if (fault == REFUSES)
		(void)!write(fd, "\xFF\xFE\x2C", 3);
	while (fault == FLOODS && write(fd, zeros, sizeof(zeros)) > 0)
		continue;
	while (fault != CLOSES && (n = read(fd, in, sizeof(in))) > 0) {
		for (size_t at = 0; fault > CLOSES && at < (size_t)n; at += used) {
			if (kiln_telnet_decode(&t, in + at, (size_t)n - at, &used, &out) ==
			    KILN_TELNET_COM)
				answer_command(fault, &t.com, &out);
		}
		if (out.len && write(fd, out.data, out.len) < 0)
			break;
		kiln_buf_reset(&out);
	}
	_exit(0);
}

static pid_t start_bad_server(enum fault fault, char *url, size_t size, const char *options)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(a);
	pid_t pid;

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	kiln_text_format(url, size, "rfc2217://127.0.0.1:%u%s", ntohs(a.sin_port), options);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(accept(fd, NULL, NULL), fault);
	}
	close(fd);
	return pid;
}

static void end_server(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void bad_servers_are_not_opened(void **state)
{
	static const struct {
		enum fault fault;
		kiln_code code;
		const char *why;
	} cases[] = {
		{ SILENT, KILN_E_NETWORK, "the server does not answer as RFC 2217 servers do" },
		{ REFUSES, KILN_E_NETWORK, "the server refuses RFC 2217" },
		{ CLOSES, KILN_E_NETWORK, "the server closed the connection" },
		{ LIES_BAUD, KILN_E_INVALID, "the server set 9600" },
		{ FLOODS, KILN_E_PROTOCOL,
		  "the server sends data without end and answers nothing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_link *link = NULL;
		char url[80];
		const pid_t pid = start_bad_server(cases[i].fault, url, sizeof(url),
						   "?timeout=0.3");

		assert_int_equal(kiln_link_open(&plain_host, url, 115200, &link, &err),
				 cases[i].code);
		assert_string_equal(err.why, cases[i].why);
		end_server(pid);
	}
}

static void lines_that_do_not_obey_are_said(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	char url[80];
	pid_t pid = start_bad_server(LIES_LINES, url, sizeof(url), "?timeout=0.3");

	(void)state;
	link = open_soon(url);
	assert_int_equal(kiln_link_set_lines(link, true, false, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.why, "the server says that the line did not change");
	kiln_link_close(link);
	end_server(pid);

	pid = start_bad_server(NO_LINE_ANSWER, url, sizeof(url), "?timeout=0.3");
	link = open_soon(url);
	assert_int_equal(kiln_link_set_lines(link, true, false, &err), KILN_E_TIMEOUT);
	assert_string_equal(err.why, "the server did not acknowledge within 301 ms");
	kiln_link_close(link);
	end_server(pid);

	pid = start_bad_server(NO_LINE_ANSWER, url, sizeof(url), "?ign_set_control&timeout=0.3");
	link = open_soon(url);
	must(kiln_link_set_lines(link, true, false, &err), &err);
	kiln_link_close(link);
	end_server(pid);
}

static void a_suspended_line_holds_data_back_until_the_deadline(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	char url[80];
	const pid_t pid = start_bad_server(SUSPENDS, url, sizeof(url), "?timeout=0.3");

	(void)state;
	link = open_soon(url);
	assert_int_equal(kiln_link_write(link, "x", 1, kiln_link_after(link, 30), &err),
			 KILN_E_TIMEOUT);
	kiln_link_close(link);
	end_server(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serial_over_socat),
		cmocka_unit_test(rfc2217_over_ser2net),
		cmocka_unit_test(rfc2217_over_pyserial),
		cmocka_unit_test(bad_servers_are_not_opened),
		cmocka_unit_test(lines_that_do_not_obey_are_said),
		cmocka_unit_test(a_suspended_line_holds_data_back_until_the_deadline),
	};
	return RUN(tests);
}
