/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "sim/run_find.h"

extern char **environ;

enum { LINE_FD = 3, ABOVE = 10 };

/*
 * Descriptors of the child. Ours are moved above the ones that they become first, so that no
 * dup2 overwrites the source of the next.
 */
static int file_actions(posix_spawn_file_actions_t *actions, int line, int complaints)
{
	int e = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!e)
		e = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
						     0);
	if (!e)
		e = posix_spawn_file_actions_adddup2(actions, complaints, STDERR_FILENO);
	if (!e)
		e = posix_spawn_file_actions_adddup2(actions, line, LINE_FD);
	return e;
}

/*
 * A process group of its own: a Ctrl-C on the terminal is for the program that has the board, not
 * for the board. And no signal mask or handler of ours.
 */
static int attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int e;

	sigemptyset(&none);
	sigfillset(&all);
	e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						   POSIX_SPAWN_SETSIGDEF);
	if (!e)
		e = posix_spawnattr_setsigmask(attr, &none);
	if (!e)
		e = posix_spawnattr_setsigdefault(attr, &all);
	return e;
}

static int spawn(struct run_child *child, char *const argv[], int line)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int e = posix_spawn_file_actions_init(&actions);

	if (e)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e)
		goto out_actions;
	e = file_actions(&actions, line, child->complaints);
	if (!e)
		e = attributes(&attr);
	if (!e)
		e = posix_spawnp(&child->pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
	return e;
}

static kiln_code no_node(struct kiln_err *err, const char *node, int e)
{
	(void)kiln_fail_errno(err, KILN_E_UNSUPPORTED, e,
			      "cannot start '%s' for the virtual board's MicroPython", node);
	if (err)
		err->code = KILN_E_UNSUPPORTED;
	kiln_hint(err, "install Node.js 18 or newer ('apt install nodejs'), or set KILN_NODE to "
		       "its path");
	return KILN_E_UNSUPPORTED;
}

static kiln_code spawn_node(const struct sim_run_config *config, struct run_child *child, int line,
			    struct kiln_err *err)
{
	struct sim_run_program program;
	char uid[13], files[PATH_MAX], banner[256];
	char no_warnings[] = "--no-warnings";
	char *argv[] = { program.node, no_warnings, program.script, program.package,
			 files,        uid,         banner,         NULL };
	const uint8_t *u = config->uid;
	int e;

	KILN_TRY(sim_run_find(&program, err));
	kiln_text_format(uid, sizeof(uid), "%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4],
			 u[5]);
	if (!kiln_text_copy(files, sizeof(files), config->files ? config->files : ""))
		return kiln_fail(err, KILN_E_INVALID, "cannot keep files in '%s': too long a path",
				 config->files);
	kiln_text_copy(banner, sizeof(banner), config->banner ? config->banner : "");
	e = spawn(child, argv, line);
	if (e) {
		child->pid = 0;
		return no_node(err, program.node, e);
	}
	return KILN_OK;
}

/* A copy of the descriptor, out of the way of the child's. */
static int move_above(int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);

	if (fd >= 0)
		close(fd);
	return copy;
}

kiln_code run_child_start(const struct sim_run_config *config, struct run_child *child,
			  struct kiln_err *err)
{
	int ends[2];
	kiln_code code;

	*child = (struct run_child){ .line = -1, .complaints = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot start the virtual board");
	child->line = ends[0];
	ends[1] = move_above(ends[1]);
	child->complaints = move_above(memfd_create("kiln-sim-stderr", MFD_CLOEXEC));
	if (ends[1] < 0 || child->complaints < 0)
		code = kiln_fail_errno(err, KILN_E_IO, errno, "cannot start the virtual board");
	else
		code = spawn_node(config, child, ends[1], err);
	if (ends[1] >= 0)
		close(ends[1]);
	return code;
}

/* Returns the wait status. */
static int reap(struct run_child *child)
{
	int status = 0;

	if (child->pid <= 0)
		return 0;
	(void)kill(child->pid, SIGKILL); /* no effect on one that has ended */
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	child->pid = 0;
	return status;
}

void run_child_stop(struct run_child *child)
{
	(void)reap(child);
	if (child->line >= 0)
		close(child->line);
	if (child->complaints >= 0)
		close(child->complaints);
	*child = (struct run_child){ .line = -1, .complaints = -1 };
}

/* The first line that names an error, as node prints "file:line", code, and then the reason. */
static size_t read_complaint(int fd, char *dst, size_t size)
{
	ssize_t n = pread(fd, dst, size - 1, 0);
	char *error;

	if (n <= 0)
		return 0;
	dst[n] = '\0';
	error = strstr(dst, "Error: ");
	if (error)
		memmove(dst, error, strlen(error) + 1);
	dst[strcspn(dst, "\n")] = '\0';
	return strlen(dst);
}

void run_child_why(struct run_child *child, char *dst, size_t size)
{
	char complaint[4096];
	const size_t n = read_complaint(child->complaints, complaint, sizeof(complaint));
	const int status = reap(child);

	if (n > 0)
		kiln_text_copy_untrusted(dst, size, complaint, n);
	else if (WIFSIGNALED(status))
		kiln_text_format(dst, size, "ended by signal %d", WTERMSIG(status));
	else
		kiln_text_format(dst, size, "ended with status %d", WEXITSTATUS(status));
}

/* Its second number: what the thread spent on a run queue (Documentation/scheduler/sched-stats). */
static int64_t thread_starved(int tasks, const char *thread)
{
	char path[64], text[80];
	const char *second;
	ssize_t n;
	int fd;

	kiln_text_format(path, sizeof(path), "%s/schedstat", thread);
	fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	second = strchr(text, ' ');
	return second ? strtoll(second, NULL, 10) : 0;
}

int64_t run_child_starved(const struct run_child *child)
{
	const struct dirent *entry;
	char path[64];
	int64_t sum = 0;
	DIR *tasks;

	kiln_text_format(path, sizeof(path), "/proc/%d/task", (int)child->pid);
	tasks = opendir(path);
	if (!tasks)
		return 0;
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			sum += thread_starved(dirfd(tasks), entry->d_name);
	closedir(tasks);
	return sum;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

kiln_code sim_run_wipe_files(const char *files, struct kiln_err *err)
{
	enum { OPEN_FOLDERS = 16 };

	if (nftw(files, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot remove '%s'", files);
	return KILN_OK;
}
