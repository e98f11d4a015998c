/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "link/link_impl.h"

extern char **environ;

void kiln_fetch_peer_init(struct kiln_fetch_peer *peer)
{
	*peer = (struct kiln_fetch_peer){ .in = -1, .out = -1 };
	kiln_buf_init(&peer->said, KILN_FETCH_LINE_MAX);
}

/* ---- start ---- */

/* Beside the program that runs, as in a build folder; below its prefix; where it was installed. */
static kiln_code find(char *dst, size_t size, struct kiln_err *err)
{
	static const char *const places[] = { "kiln-fetch", "../libexec/kiln-fetch" };
	char self[PATH_MAX], *slash;
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	*(slash ? slash : self) = '\0';
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		if (kiln_text_format(dst, size, "%s/%s", self, places[i]) && access(dst, X_OK) == 0)
			return KILN_OK;
	}
	if (kiln_text_copy(dst, size, KILN_LIBEXECDIR "/kiln-fetch") && access(dst, X_OK) == 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot find kiln-fetch, which downloads");
	kiln_why(err, "it is neither in '%s' nor in '../libexec' from there", self);
	kiln_hint(err, "install Kiln as a whole: 'meson install -C build'");
	return KILN_E_NOT_FOUND;
}

/*
 * In a process group of its own: Ctrl-C at the terminal is this program's affair. Our signals may
 * be blocked or ignored, its must not be.
 */
static int spawn(const char *path, int in, int out, pid_t *ret_pid)
{
	char *copy = strdup(path);
	char *const argv[] = { copy, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int sys;

	if (!copy)
		return ENOMEM;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGTERM);
	sigaddset(&usual, SIGHUP);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &usual);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	sys = posix_spawn(ret_pid, path, &actions, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	free(copy);
	return sys;
}

kiln_code kiln_fetch_peer_start(struct kiln_fetch_peer *peer, const char *path,
				struct kiln_err *err)
{
	char found[PATH_MAX];
	int in[2], out[2], sys;

	if (peer->pid > 0)
		return KILN_OK;
	if (!path)
		KILN_TRY(find(found, sizeof(found), err));
	/* a socket: writing to one whose reader has died need not be a signal */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot start kiln-fetch");
	if (pipe2(out, O_CLOEXEC) != 0) {
		sys = errno;
		close(in[0]);
		close(in[1]);
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot start kiln-fetch");
	}
	sys = spawn(path ? path : found, in[0], out[1], &peer->pid);
	close(in[0]);
	close(out[1]);
	peer->in = in[1];
	peer->out = out[0];
	kiln_buf_reset(&peer->said);
	if (sys == 0)
		return KILN_OK;
	peer->pid = 0;
	kiln_fetch_peer_stop(peer);
	return kiln_fail_errno(err, KILN_E_IO, sys, "cannot start '%s'", path ? path : found);
}

void kiln_fetch_peer_stop(struct kiln_fetch_peer *peer)
{
	if (peer->in >= 0)
		close(peer->in);
	if (peer->out >= 0)
		close(peer->out);
	if (peer->pid > 0) {
		(void)kill(peer->pid, SIGKILL);
		while (waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	kiln_buf_done(&peer->said);
	kiln_fetch_peer_init(peer);
}

/* ---- talk ---- */

static kiln_code died(struct kiln_fetch_peer *peer, struct kiln_err *err)
{
	kiln_fetch_peer_stop(peer);
	(void)kiln_fail(err, KILN_E_IO, "kiln-fetch, which downloads, has ended");
	kiln_why(err, "without saying why");
	kiln_hint(err, "try again; if it happens once more, run kiln-fetch by hand: it says what "
		       "it lacks");
	return KILN_E_IO;
}

kiln_code kiln_fetch_peer_ask(struct kiln_fetch_peer *peer, const json_t *request,
			      struct kiln_err *err)
{
	char *text = request ? json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t n = text ? strlen(text) : 0, at = 0;
	ssize_t sent = 0;

	if (!text)
		return kiln_fail(err, KILN_E_NOMEM, "cannot ask for a download");
	text[n++] = '\n'; /* in place of the 0 */
	while (at < n && (sent >= 0 || errno == EINTR)) {
		sent = send(peer->in, text + at, n - at, MSG_NOSIGNAL);
		at += sent > 0 ? (size_t)sent : 0;
	}
	free(text);
	return at == n ? KILN_OK : died(peer, err);
}

static bool take_line(struct kiln_fetch_peer *peer, struct kiln_fetch_said *ret_said)
{
	const uint8_t *end = memchr(peer->said.data, '\n', peer->said.len);
	size_t n;

	if (!end)
		return false;
	n = (size_t)(end - peer->said.data);
	kiln_fetch_said_read(kiln_buf_str(&peer->said), n, ret_said);
	kiln_buf_consume(&peer->said, n + 1);
	return true;
}

static kiln_code read_more(struct kiln_fetch_peer *peer, struct kiln_err *err)
{
	char text[4096];
	const ssize_t n = read(peer->out, text, sizeof(text));

	if (n < 0 && errno == EINTR)
		return KILN_OK;
	if (n <= 0 || kiln_buf_append(&peer->said, text, (size_t)n) != KILN_OK)
		return died(peer, err);
	return KILN_OK;
}

kiln_code kiln_fetch_peer_listen(struct kiln_fetch_peer *peer, const struct kiln_host *host,
				 struct kiln_fetch_said *ret_said, struct kiln_err *err)
{
	while (!take_line(peer, ret_said)) {
		const kiln_code code = kiln_host_wait(host, peer->out, POLLIN, KILN_FOREVER);

		if (code == KILN_E_CANCELLED) {
			kiln_fetch_peer_stop(peer);
			return kiln_fail(err, KILN_E_CANCELLED, "cannot download");
		}
		KILN_TRY(read_more(peer, err));
	}
	return KILN_OK;
}
