/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of a cell (bash, ssh, docker): a child in a process group of its own, its output
 * streamed as it comes, its input empty.
 */
#include "kernel/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum {
	STOP_STEP_MS = 1500, /* from SIGINT to SIGTERM, and to SIGKILL */
	LOOK_MS = 20,        /* where the system has no pidfd */
};

struct pipe_end {
	int fd; /* -1: closed */
	kiln_stream_name name;
	struct kiln_buf *keep; /* NULL: it is shown */
	char rest[4];          /* the beginning of a UTF-8 character */
	size_t n_rest;
};

struct child {
	pid_t pid;
	int pidfd;
	struct pipe_end pipes[2];
	int stops;         /* signals that it got from us */
	kiln_ms next_stop; /* when it gets a harder one */
	bool dead;
	int status;
};

/* ---- start ---- */

void kiln_kernel_set_path(const struct kiln_kernel *k)
{
	const char *tools = k->config->tools;
	const char *old = getenv("PATH");
	char path[8192];

	if (!tools)
		return;
	if (kiln_text_format(path, sizeof(path), "%s%s%s", tools, old && old[0] ? ":" : "",
			     old ? old : ""))
		(void)setenv("PATH", path, 1);
}

/* In the child, between fork and exec. */
static void become(const struct kiln_kernel *k, const struct kiln_child_job *job, int out, int err)
{
	const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	kiln_kernel_set_path(k);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0)
		(void)execvp(job->argv[0], (char *const *)(uintptr_t)job->argv);
	_exit(127);
}

static bool open_pipes(int out[2], int err[2])
{
	if (pipe2(out, O_CLOEXEC) != 0)
		return false;
	if (pipe2(err, O_CLOEXEC) == 0)
		return true;
	close(out[0]);
	close(out[1]);
	return false;
}

static bool start(struct kiln_kernel *k, const struct kiln_child_job *job, struct child *ret_child)
{
	int out[2], err[2];
	pid_t pid;

	if (!open_pipes(out, err))
		return false;
	pid = fork();
	if (pid == 0)
		become(k, job, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (pid < 0) {
		close(out[0]);
		close(err[0]);
		return false;
	}
	(void)setpgid(pid, pid); /* the child does so too: whoever is first */
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(err[0], F_SETFL, O_NONBLOCK);
	*ret_child = (struct child){
		.pid = pid,
		.pidfd = pidfd_open(pid, 0),
		.pipes = { { .fd = out[0], .name = KILN_STDOUT, .keep = job->out },
			   { .fd = err[0], .name = KILN_STDERR, .keep = job->err } },
		.next_stop = KILN_FOREVER
	};
	return true;
}

/* ---- output ---- */

/* Show what came, but for the beginning of a character whose end has not come. */
static void show(struct kiln_kernel *k, struct pipe_end *p, const char *text, size_t n)
{
	const size_t whole = kiln_utf8_whole(text, n);

	if (p->keep) {
		(void)kiln_buf_append(p->keep, text, n); /* too much of it marks the buffer */
		p->n_rest = 0;
		return;
	}
	kiln_kernel_text(k, p->name, text, whole);
	p->n_rest = n - whole < sizeof(p->rest) ? n - whole : sizeof(p->rest);
	memcpy(p->rest, text + whole, p->n_rest);
}

static void close_pipe(struct kiln_kernel *k, struct pipe_end *p)
{
	kiln_kernel_text(k, p->name, p->rest, p->n_rest);
	close(p->fd);
	p->fd = -1;
}

/* Read once; false if there is nothing more now. */
static bool read_pipe(struct kiln_kernel *k, struct pipe_end *p)
{
	char text[16 * 1024];
	ssize_t n;

	if (p->fd < 0)
		return false;
	memcpy(text, p->rest, p->n_rest);
	n = read(p->fd, text + p->n_rest, sizeof(text) - p->n_rest);
	if (n > 0) {
		show(k, p, text, p->n_rest + (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_pipe(k, p);
	return false;
}

/* ---- end ---- */

static void stop(struct child *c)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGKILL };
	const int last = (int)(sizeof(signals) / sizeof(signals[0])) - 1;

	(void)kill(-c->pid, signals[c->stops < last ? c->stops : last]);
	c->stops++;
	c->next_stop = kiln_now() + STOP_STEP_MS;
}

static void reap(struct child *c)
{
	const pid_t got = waitpid(c->pid, &c->status, WNOHANG);

	if (got == c->pid || (got < 0 && errno != EINTR))
		c->dead = true;
}

/* Until the child itself has ended; it does not matter who else still holds its pipes. */
static void run_to_end(struct kiln_kernel *k, struct child *c)
{
	while (!c->dead) {
		struct pollfd fds[] = { { .fd = c->pipes[0].fd, .events = POLLIN },
					{ .fd = c->pipes[1].fd, .events = POLLIN },
					{ .fd = c->pidfd, .events = POLLIN } };
		const kiln_ms look = c->pidfd < 0 ? kiln_now() + LOOK_MS : KILN_FOREVER;
		const kiln_code code = kiln_kernel_wait(k, fds, 3,
							look < c->next_stop ? look : c->next_stop);

		if (code == KILN_E_CANCELLED || kiln_now() >= c->next_stop)
			stop(c); /* asked to, or it did not help */
		(void)read_pipe(k, &c->pipes[0]);
		(void)read_pipe(k, &c->pipes[1]);
		reap(c);
	}
}

/* What is in the pipes was written before the end. Bounded: a background child may go on. */
static void read_rest(struct kiln_kernel *k, struct pipe_end *p)
{
	for (int i = 0; i < 64 && read_pipe(k, p); i++)
		continue;
}

/* A pipe that is still open belongs to a background child, which must not die of writing. */
static void adopt(struct kiln_kernel *k, struct child *c, struct pipe_end *p)
{
	if (p->fd < 0)
		return;
	if (k->n_orphans < ORPHANS_MAX)
		k->orphans[k->n_orphans++] = (struct orphan){ .fd = p->fd, .group = c->pid };
	else
		close_pipe(k, p);
}

void kiln_kernel_orphans_drain(struct kiln_kernel *k)
{
	char text[4096];

	for (size_t i = k->n_orphans; i-- > 0;) {
		const ssize_t n = read(k->orphans[i].fd, text, sizeof(text));

		if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
			continue;
		close(k->orphans[i].fd);
		k->orphans[i] = k->orphans[--k->n_orphans];
	}
}

void kiln_kernel_orphans_done(struct kiln_kernel *k)
{
	while (k->n_orphans > 0) {
		const struct orphan *o = &k->orphans[--k->n_orphans];

		(void)kill(-o->group, SIGTERM);
		close(o->fd);
	}
}

static bool finish(struct kiln_kernel *k, const char *name, struct child *c)
{
	for (size_t i = 0; i < 2; i++) {
		read_rest(k, &c->pipes[i]);
		adopt(k, c, &c->pipes[i]);
	}
	if (c->pidfd >= 0)
		close(c->pidfd);
	if (c->stops > 0)
		return kiln_kernel_fail_text(k, "KeyboardInterrupt", "%s: interrupted", name);
	if (WIFSIGNALED(c->status))
		return kiln_kernel_fail_text(k, "CalledProcessError", "%s: ended by signal %d (%s)",
					     name, WTERMSIG(c->status),
					     strsignal(WTERMSIG(c->status)));
	if (WEXITSTATUS(c->status) != 0)
		return kiln_kernel_fail_text(k, "CalledProcessError", "%s: exit status %d", name,
					     WEXITSTATUS(c->status));
	return true;
}

bool kiln_kernel_child(struct kiln_kernel *k, const struct kiln_child_job *job)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct child child;

	if (!start(k, job, &child)) {
		(void)kiln_fail_errno(&err, KILN_E_IO, errno, "cannot start %s", job->argv[0]);
		return kiln_kernel_fail_err(k, &err);
	}
	run_to_end(k, &child);
	return finish(k, job->argv[0], &child);
}
