/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's Python as a process. Its sockets are files in a folder that only this user may enter
 * (ZeroMQ's ipc transport), so that no port can be taken by somebody else before it binds.
 */
#include "kernel/host_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum {
	PATH_SIZE = 256,
	SOCKET_PATH = 80, /* longest folder: sockaddr_un has 108 bytes */
	STEP_MS = 1500,   /* from the polite word to SIGTERM, and to SIGKILL */
	LOOK_MS = 10,
};

/* In the order in which a connection file numbers them here; ports of ipc are file names. */
static const char *const port_names[] = { "shell_port", "control_port", "stdin_port", "iopub_port",
					  "hb_port" };
enum { PORTS = sizeof(port_names) / sizeof(port_names[0]) };

static const char connection_file[] = "connection.json";

void kiln_python_address(const struct python_process *process, python_channel channel, char *dst,
			 size_t size)
{
	kiln_text_format(dst, size, "ipc://%s/s-%d", process->folder, (int)channel + 1);
}

/* ---- its folder ---- */

static bool make_folder(char *dst, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (!runtime || runtime[0] != '/' || strlen(runtime) > SOCKET_PATH - 20)
		runtime = "/tmp";
	return kiln_text_format(dst, size, "%s/kiln-host-XXXXXX", runtime) && mkdtemp(dst);
}

static void remove_folder(const char *folder)
{
	char path[PATH_SIZE];

	if (!folder[0])
		return;
	for (int i = 1; i <= PORTS; i++) {
		kiln_text_format(path, sizeof(path), "%s/s-%d", folder, i);
		(void)unlink(path);
	}
	kiln_text_format(path, sizeof(path), "%s/%s", folder, connection_file);
	(void)unlink(path);
	(void)rmdir(folder);
}

static json_t *connection(const char *folder, const char *key)
{
	char base[PATH_SIZE];
	json_t *info;

	kiln_text_format(base, sizeof(base), "%s/s", folder);
	info = json_pack("{s:s, s:s, s:s, s:s}", "transport", "ipc", "ip", base, "key", key,
			 "signature_scheme", "hmac-sha256");
	for (int i = 0; i < PORTS; i++)
		(void)json_object_set_new(info, port_names[i], json_integer(i + 1));
	return info;
}

static bool write_connection(const char *folder, const char *key, char *ret_path, size_t size)
{
	json_t *info = connection(folder, key);
	bool good = false;
	int fd;

	kiln_text_format(ret_path, size, "%s/%s", folder, connection_file);
	fd = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && info)
		good = json_dumpfd(info, fd, JSON_INDENT(1)) == 0;
	if (fd >= 0)
		good = close(fd) == 0 && good;
	json_decref(info);
	return good;
}

/* ---- start ---- */

/* In the child, between fork and exec: it ends with this kernel, however that ends. */
static void become_python(const struct kiln_kernel *k, const char *program, char *file, int log)
{
	char parent[24], module_option[] = "-m", module[] = "ipykernel_launcher", f[] = "-f";
	char *name = strdup(program);
	char *const argv[] = { name, module_option, module, f, file, NULL };
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0);
	kiln_kernel_set_path(k);
	kiln_text_format(parent, sizeof(parent), "%d", (int)getppid());
	(void)setenv("JPY_PARENT_PID", parent, 1);
	if (name && null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
	    dup2(log, STDERR_FILENO) >= 0)
		(void)execvp(name, argv);
	_exit(127);
}

static bool start(const struct kiln_kernel *k, const char *program, char *file,
		  struct python_process *p)
{
	int log[2];

	if (pipe2(log, O_CLOEXEC) != 0)
		return false;
	p->pid = fork();
	if (p->pid == 0)
		become_python(k, program, file, log[1]);
	close(log[1]);
	p->log = log[0];
	(void)fcntl(p->log, F_SETFL, O_NONBLOCK);
	if (p->pid < 0)
		return false;
	(void)setpgid(p->pid, p->pid); /* the child does so too: whoever is first */
	p->pidfd = pidfd_open(p->pid, 0);
	return true;
}

kiln_code kiln_python_spawn(const struct kiln_kernel *k, const char *program, const char *key,
			    struct python_process *ret_process, struct kiln_err *err)
{
	struct python_process p = { .pidfd = -1, .log = -1 };
	char file[PATH_SIZE];

	if (!make_folder(p.folder, sizeof(p.folder))) {
		p.folder[0] = '\0';
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot start the host's Python");
	}
	if (!write_connection(p.folder, key, file, sizeof(file)) || !start(k, program, file, &p)) {
		(void)kiln_fail_errno(err, KILN_E_IO, errno, "cannot start the host's Python");
		p.pid = 0;
		kiln_python_reap(&p);
		return KILN_E_IO;
	}
	*ret_process = p;
	return KILN_OK;
}

/* ---- while it lives ---- */

static void keep_tail(struct python_process *p, const char *text, size_t n)
{
	const size_t room = sizeof(p->tail) - 1;
	size_t drop;

	if (n > room) {
		text += n - room;
		n = room;
	}
	drop = p->n_tail + n > room ? p->n_tail + n - room : 0;
	memmove(p->tail, p->tail + drop, p->n_tail - drop);
	p->n_tail -= drop;
	memcpy(p->tail + p->n_tail, text, n);
	p->n_tail += n;
	p->tail[p->n_tail] = '\0';
}

static void read_log(struct python_process *p)
{
	char text[4096];
	ssize_t n;

	while (p->log >= 0 && (n = read(p->log, text, sizeof(text))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break;
		keep_tail(p, text, (size_t)n);
	}
	if (p->log >= 0)
		close(p->log);
	p->log = -1;
}

void kiln_python_look(struct python_process *p)
{
	pid_t got;

	read_log(p);
	if (p->pid <= 0 || p->dead)
		return;
	got = waitpid(p->pid, &p->status, WNOHANG);
	if (got == p->pid || (got < 0 && errno != EINTR))
		p->dead = true;
}

void kiln_python_fate(const struct python_process *p, char *dst, size_t size)
{
	if (WIFSIGNALED(p->status))
		kiln_text_format(dst, size, "signal %d (%s)", WTERMSIG(p->status),
				 strsignal(WTERMSIG(p->status)));
	else
		kiln_text_format(dst, size, "exit status %d", WEXITSTATUS(p->status));
}

/* ---- end ---- */

static void wait_a_while(struct python_process *p, int milliseconds)
{
	const kiln_ms until = kiln_now() + milliseconds;

	for (kiln_python_look(p); !p->dead && kiln_now() < until; kiln_python_look(p)) {
		struct pollfd fds[] = { { .fd = p->pidfd, .events = POLLIN },
					{ .fd = p->log, .events = POLLIN } };

		(void)poll(fds, 2, p->pidfd < 0 ? LOOK_MS : (int)(until - kiln_now()));
	}
}

void kiln_python_reap(struct python_process *p)
{
	static const int signals[] = { 0, SIGTERM, SIGKILL };

	for (size_t i = 0; p->pid > 0 && !p->dead && i < sizeof(signals) / sizeof(signals[0]);
	     i++) {
		if (signals[i])
			(void)kill(-p->pid, signals[i]);
		wait_a_while(p, STEP_MS);
	}
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->log >= 0)
		close(p->log);
	remove_folder(p->folder);
	*p = (struct python_process){ .pidfd = -1, .log = -1 };
}
