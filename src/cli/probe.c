/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/probe.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kiln/flash.h>

#include "link/link_impl.h"

enum { AT_ONCE = 16, PATIENCE_MS = 20000, BAUD = 115200 };

struct child {
	pid_t pid;
	int fd;
};

/* What a child tells. Written in one piece, which a pipe does not tear apart. */
struct answer {
	kiln_code code;
	struct kiln_board_info info;
	struct kiln_err err;
};
_Static_assert(sizeof(struct answer) <= PIPE_BUF, "an answer must be one write");

/* A chip in download mode is silent, but answers the flash protocol. */
kiln_code probe_loader(const struct kiln_host *host, const char *url, struct kiln_err *err)
{
	const struct kiln_flasher_options options = {
		.before = KILN_BEFORE_NO_RESET,
		.after = KILN_AFTER_NO_RESET,
		.connect_attempts = 1,
	};
	struct kiln_flasher *flasher;

	if (kiln_flasher_open(host, url, &options, &flasher, NULL) != KILN_OK)
		return KILN_E_NO_PROMPT; /* `err` says what was found out before */
	(void)kiln_fail(err, KILN_E_WRONG_MODE, "cannot get a prompt from '%s'", url);
	kiln_why(err, "the chip (%s) is in download mode: it waits for a flash tool",
		 kiln_chip_name(kiln_flasher_chip(flasher)->chip));
	kiln_hint(err, "press the reset (EN) button without BOOT to start its program, or write "
		       "MicroPython with 'kiln flash'");
	(void)kiln_flasher_close(flasher, NULL);
	return KILN_E_WRONG_MODE;
}

static kiln_code ask(const struct kiln_host *host, bool deep, const char *url,
		     struct kiln_board_info *ret_info, struct kiln_err *err)
{
	struct kiln_repl *repl;
	const kiln_code code = kiln_board_open(host, url, BAUD, &repl, ret_info, err);

	if (code == KILN_OK)
		kiln_repl_close(repl);
	if (code == KILN_E_NO_PROMPT && deep)
		return probe_loader(host, url, err);
	return code;
}

/* The child: signals end it, for the pipe that tells of them belongs to the parent. */
static void answer_and_exit(const struct kiln_host *parents, bool deep, const char *url, int fd)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	const struct kiln_host host = { .schemes = parents->schemes };
	struct answer a = { .code = KILN_OK };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)signal(numbers[i], SIG_DFL);
	a.code = ask(&host, deep, url, &a.info, &a.err);
	_exit(write(fd, &a, sizeof(a)) == sizeof(a) ? 0 : 1);
}

static kiln_code start(const struct cli *cli, bool deep, const struct probe *probe,
		       struct child *ret_child, struct kiln_err *err)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot look at the ports");
	fflush(NULL); /* or the child would print it once more */
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		answer_and_exit(&cli->host, deep, probe->port.url, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot look at the ports");
	}
	*ret_child = (struct child){ .pid = pid, .fd = fds[0] };
	return KILN_OK;
}

static void end_child(struct child *c)
{
	if (c->pid <= 0)
		return;
	close(c->fd);
	(void)kill(c->pid, SIGKILL); /* it has answered, or never will */
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	c->pid = 0;
}

static kiln_code collect(struct cli *cli, struct child *c, kiln_ms deadline, struct probe *probe,
			 struct kiln_err *err)
{
	struct answer a;
	const kiln_code code = kiln_host_wait(&cli->host, c->fd, POLLIN, deadline);

	if (code == KILN_E_CANCELLED)
		return kiln_fail(err, code, "cannot look at the ports");
	if (code == KILN_OK && read(c->fd, &a, sizeof(a)) == sizeof(a)) {
		probe->code = a.code;
		probe->info = a.info;
		probe->err = a.err;
	} else {
		probe->code = kiln_fail(&probe->err, KILN_E_TIMEOUT, "cannot talk to '%s'",
					probe->port.device);
	}
	end_child(c);
	return KILN_OK;
}

static kiln_code probe_some(struct cli *cli, bool deep, struct probe *probes, size_t n,
			    struct kiln_err *err)
{
	struct child children[AT_ONCE] = { { .pid = 0 } };
	const kiln_ms deadline = kiln_now() + PATIENCE_MS;
	kiln_code code = KILN_OK;

	for (size_t i = 0; i < n && code == KILN_OK; i++)
		code = start(cli, deep, &probes[i], &children[i], err);
	for (size_t i = 0; i < n && code == KILN_OK; i++)
		code = collect(cli, &children[i], deadline, &probes[i], err);
	for (size_t i = 0; i < n; i++)
		end_child(&children[i]);
	return code;
}

kiln_code probe_ports(struct cli *cli, bool deep, struct probe *probes, size_t n,
		      struct kiln_err *err)
{
	if (n == 1) { /* the usual case needs no process, and Ctrl-C leaves the board in order */
		probes->code = ask(&cli->host, deep, probes->port.url, &probes->info, &probes->err);
		if (probes->code == KILN_E_CANCELLED)
			return kiln_fail(err, KILN_E_CANCELLED, "cannot look at the ports");
		return KILN_OK;
	}
	for (size_t at = 0; at < n; at += AT_ONCE)
		KILN_TRY(probe_some(cli, deep, probes + at, n - at < AT_ONCE ? n - at : AT_ONCE,
				    err));
	return KILN_OK;
}
