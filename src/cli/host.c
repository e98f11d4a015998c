/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/left.h"
#include "cli/secret.h"
#include "cli/term.h"

#define PATIENCE 3 /* signals that may be pending before the default takes over */

/*
 * The self-pipe. A signal handler reaches nothing but globals; these are the program's only ones.
 * Signals are not blocked (as a signalfd would want): children would inherit that.
 */
static int signal_pipe[2] = { -1, -1 };
static atomic_int pending;

static void on_signal(int number)
{
	const int saved = errno;

	if (atomic_fetch_add(&pending, 1) + 1 >= PATIENCE) {
		(void)signal(number, SIG_DFL);
		(void)raise(number);
	}
	(void)!write(signal_pipe[1], "", 1);
	errno = saved;
}

static kiln_code catch_signals(struct kiln_err *err)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot make a pipe");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sigaction old;

		/* `nohup kiln ...` must go on ignoring it */
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(numbers[i], &action, NULL);
	}
	return KILN_OK;
}

/* True if a signal came that nobody has been told of. */
static bool take_signal(void)
{
	char byte;

	if (read(signal_pipe[0], &byte, 1) != 1)
		return false;
	atomic_fetch_sub(&pending, 1);
	return true;
}

static kiln_code wait_for(void *user, int fd, short events, kiln_ms deadline)
{
	struct pollfd fds[2] = { { .fd = signal_pipe[0], .events = POLLIN },
				 { .fd = fd, .events = events } }; /* poll skips a negative fd */

	(void)user;
	for (;;) {
		const struct timespec left = kiln_time_left(deadline);
		const int n = ppoll(fds, 2, deadline == KILN_FOREVER ? NULL : &left, NULL);

		if (n < 0 && errno != EINTR)
			return KILN_E_IO;
		if (n > 0 && fds[0].revents && take_signal())
			return KILN_E_CANCELLED;
		if (n > 0 && fds[1].revents)
			return KILN_OK;
		if (n == 0)
			return KILN_E_TIMEOUT;
	}
}

static void log_line(void *user, kiln_level level, const char *module, const char *line)
{
	static const char *const names[] = { "", "error", "warning", "info", "debug", "trace" };
	const struct cli *cli = user;

	term_line_clear(cli->line);
	fflush(stdout); /* what came before stands before */
	fprintf(stderr, "%s: %s: %s\n", names[level], module, line);
}

void host_set_level(struct cli *cli)
{
	int level = (int)KILN_LOG_WARNING + cli->verbose - cli->quiet;

	if (level < (int)KILN_LOG_ERROR)
		level = KILN_LOG_ERROR;
	if (level > (int)KILN_LOG_TRACE)
		level = KILN_LOG_TRACE;
	cli->host.ui.level = (kiln_level)level;
}

kiln_code host_init(struct cli *cli, struct kiln_err *err)
{
	cli->host.ui.log = log_line;
	cli->host.ui.user = cli;
	cli->host.waiter.wait = wait_for;
	cli->host.secret = cli_secret;
	cli->host.secret_user = cli;
	host_set_level(cli);
	return catch_signals(err);
}
