/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's life and its one loop. */
#include "kernel/kernel_impl.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/text.h"
#include "kernel/host.h"
#include "kernel/state.h"

enum {
	WAIT_FDS = 4, /* that a caller may wait for */
	DEFINITIONS_MAX = 1 << 20,
};

void kiln_kernel_log(const struct kiln_kernel *k, kiln_level level, const char *fmt, ...)
{
	char line[600];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(line, sizeof(line), fmt, args);
	va_end(args);
	kiln_log(&k->host.ui, level, "kernel", "%s", line);
}

/* ---- requests that wait ---- */

static bool queue_pop(struct kiln_kernel *k, struct kiln_wire_msg *ret_msg)
{
	if (k->queue_n == 0)
		return false;
	*ret_msg = k->queue[k->queue_at];
	k->queue_at = (k->queue_at + 1) % QUEUE_MAX;
	k->queue_n--;
	return true;
}

/* One message of a channel; false: there is none. Bad ones are dropped, and that is logged. */
static bool receive(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *ret_msg)
{
	struct kiln_err err = KILN_ERR_INIT;

	for (;;) {
		const kiln_code code = kiln_sockets_receive(&k->sockets, channel, k->wire, ret_msg,
							    &err);

		if (code == KILN_OK)
			return true;
		if (code == KILN_E_TIMEOUT)
			return false;
		kiln_kernel_log(k, KILN_LOG_WARNING, "%s on %s: %s", err.what,
				kiln_channel_name(channel), err.why);
	}
}

static void queue_fill(struct kiln_kernel *k)
{
	struct kiln_wire_msg msg;

	while (k->queue_n < QUEUE_MAX && receive(k, KILN_CHANNEL_SHELL, &msg)) {
		if (kiln_subshell_take(k, &msg))
			continue;
		k->queue[(k->queue_at + k->queue_n++) % QUEUE_MAX] = msg;
		k->aborting += k->aborting_more;
	}
	k->aborting_more = k->aborting_more && k->queue_n == QUEUE_MAX;
}

void kiln_kernel_abort_queue(struct kiln_kernel *k, const struct kiln_wire_msg *failed)
{
	queue_fill(k);
	kiln_text_copy(k->aborting_in, sizeof(k->aborting_in), kiln_subshell_of(failed));
	k->aborting = k->queue_n;
	k->aborting_more = k->queue_n == QUEUE_MAX;
}

/* ---- what comes in ---- */

static void take_signals(struct kiln_kernel *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		k->interrupted = true;
		if (info.ssi_signo != SIGINT)
			k->quitting = true;
	}
}

static void take_subscribers(struct kiln_kernel *k)
{
	struct kiln_wire_ident topic;

	for (int i = 0; i < SUBSCRIBERS_AT_ONCE && kiln_sockets_subscriber(&k->sockets, &topic);
	     i++)
		kiln_kernel_welcome(k, &topic);
}

static void take_control(struct kiln_kernel *k)
{
	struct kiln_wire_msg msg;

	while (receive(k, KILN_CHANNEL_CONTROL, &msg)) {
		kiln_kernel_handle(k, KILN_CHANNEL_CONTROL, &msg);
		kiln_wire_msg_done(&msg);
	}
}

bool kiln_kernel_receive_stdin(struct kiln_kernel *k, struct kiln_wire_msg *ret_msg)
{
	return receive(k, KILN_CHANNEL_STDIN, ret_msg);
}

static void take_parent(struct kiln_kernel *k)
{
	kiln_kernel_log(k, KILN_LOG_INFO, "the program that started this kernel is gone");
	k->interrupted = true;
	k->quitting = true;
	close(k->parent);
	k->parent = -1;
}

/* Take what has come in. */
static void serve(struct kiln_kernel *k)
{
	take_subscribers(k);
	take_control(k);
	queue_fill(k);
	kiln_kernel_take_stdin(k);
	kiln_kernel_orphans_drain(k);
	kiln_python_serve(k);
}

/* ---- waiting ---- */

/*
 * All that the kernel listens to. Sockets come first, then descriptors, the caller's last.
 */
enum {
	SOCKETS_MAX = KILN_CHANNEL_HB + KILN_PYTHON_SOCKETS,
	FDS_MAX = SOCKETS_MAX + 2 + ORPHANS_MAX + KILN_PYTHON_FDS + WAIT_FDS
};

struct listening {
	struct kiln_socket *sockets[SOCKETS_MAX];
	struct pollfd fds[FDS_MAX];
	size_t n_sockets, n;
	size_t signals; /* where k->signals stands */
	size_t parent;  /* where k->parent does; 0: nowhere */
	size_t callers; /* where the caller's begin */
	bool stirred;   /* one of the sockets is: there is no time to wait */
};

static void add_fd(struct listening *l, int fd, short events)
{
	l->fds[l->n++] = (struct pollfd){ .fd = fd, .events = events };
}

static void add_sockets(struct kiln_kernel *k, struct listening *l)
{
	for (kiln_channel i = 0; i < KILN_CHANNEL_HB; i++) {
		/* what has no room in the queue stays in the socket */
		if (i != KILN_CHANNEL_SHELL || k->queue_n < QUEUE_MAX)
			l->sockets[l->n_sockets++] = &k->sockets.sockets[i];
	}
	l->n_sockets += kiln_python_sockets(k, l->sockets + l->n_sockets);
	for (size_t i = 0; i < l->n_sockets; i++) {
		l->stirred = l->stirred || l->sockets[i]->stirred;
		add_fd(l, l->sockets[i]->fd, POLLIN);
	}
}

static void listen_to(struct kiln_kernel *k, struct listening *l, const struct pollfd *fds,
		      size_t n_fds)
{
	l->n = l->n_sockets = l->parent = 0;
	l->stirred = false;
	add_sockets(k, l);
	l->signals = l->n;
	add_fd(l, k->signals, POLLIN);
	if (k->parent >= 0) {
		l->parent = l->n;
		add_fd(l, k->parent, POLLIN);
	}
	for (size_t i = 0; i < k->n_orphans; i++)
		add_fd(l, k->orphans[i].fd, POLLIN);
	l->n += kiln_python_fds(k, l->fds + l->n);
	l->callers = l->n;
	for (size_t i = 0; i < n_fds; i++)
		add_fd(l, fds[i].fd, fds[i].events);
}

/* Note what came; returns whether it is any of the caller's. */
static bool note(struct listening *l, struct pollfd *fds, size_t n_fds)
{
	bool any = false;

	for (size_t i = 0; i < l->n_sockets; i++)
		l->sockets[i]->stirred = l->sockets[i]->stirred || l->fds[i].revents;
	for (size_t i = 0; i < n_fds; i++) {
		fds[i].revents = l->fds[l->callers + i].revents;
		any = any || fds[i].revents;
	}
	return any;
}

static int time_left(kiln_ms deadline, kiln_ms due)
{
	enum { LONGEST_MS = 3600000 };
	const kiln_ms first = due < deadline ? due : deadline;
	kiln_ms left;

	if (first == KILN_FOREVER)
		return -1;
	left = first - kiln_now();
	return left < 0 ? 0 : left > LONGEST_MS ? LONGEST_MS : (int)left;
}

/*
 * The virtual board's link, which has a clock of its own, looks without waiting, and often: then
 * once in a millisecond is enough for the sockets.
 */
static bool has_just_looked(const struct kiln_kernel *k, kiln_ms deadline)
{
	const kiln_ms now = kiln_now();

	return deadline <= now && k->looked_at == now && kiln_stream_due(&k->out) > now;
}

/* Has any of them something now? */
static bool look(struct pollfd *fds, size_t n)
{
	if (n == 1 && fds[0].fd < 0)
		return false;
	return poll(fds, n, 0) > 0;
}

/* One round: poll, serve what came. True if one of the caller's descriptors is ready. */
static bool poll_once(struct kiln_kernel *k, struct pollfd *fds, size_t n_fds, kiln_ms deadline)
{
	const kiln_ms text = kiln_stream_due(&k->out), chart = kiln_plotter_due(k);
	struct listening l;
	bool any;

	if (has_just_looked(k, deadline))
		return look(fds, n_fds);
	listen_to(k, &l, fds, n_fds);
	if (poll(l.fds, l.n, l.stirred ? 0 : time_left(deadline, text < chart ? text : chart)) < 0)
		return false; /* EINTR */
	k->looked_at = kiln_now();
	any = note(&l, fds, n_fds);
	if (l.fds[l.signals].revents)
		take_signals(k);
	if (l.parent && l.fds[l.parent].revents)
		take_parent(k);
	if (kiln_now() >= kiln_stream_due(&k->out))
		kiln_stream_flush(&k->out, kiln_now());
	if (kiln_now() >= kiln_plotter_due(k))
		kiln_plotter_show(k);
	serve(k);
	return any;
}

/* An interrupt ends one wait of the running cell, not the next one too. */
static bool take_interrupt(struct kiln_kernel *k)
{
	const bool interrupted = k->interrupted && k->running;

	if (interrupted) {
		k->interrupted = false;
		k->stopped = k->halted = true;
	}
	return interrupted;
}

kiln_code kiln_kernel_wait(struct kiln_kernel *k, struct pollfd *fds, size_t n, kiln_ms deadline)
{
	if (take_interrupt(k)) /* it came where nobody could be told */
		return KILN_E_CANCELLED;
	for (;;) {
		const bool ready = poll_once(k, fds, n, deadline);

		if (take_interrupt(k))
			return KILN_E_CANCELLED;
		if (ready || k->input || k->woken)
			return KILN_OK;
		if (deadline != KILN_FOREVER && kiln_now() >= deadline)
			return KILN_E_TIMEOUT;
		if (n == 0 && (k->queue_n > 0 || k->quitting))
			return KILN_OK; /* the main loop waits for nothing but requests */
	}
}

/* kiln_waiter: a link waits for its descriptor. */
static kiln_code wait_for_link(void *user, int fd, short events, kiln_ms deadline)
{
	struct kiln_kernel *k = user;
	struct pollfd p = { .fd = fd, .events = events };
	const kiln_code code = kiln_kernel_wait(k, &p, 1, kiln_kernel_ask_deadline(k, deadline));

	return code == KILN_E_TIMEOUT && kiln_kernel_ask_late(k) ? KILN_E_CANCELLED : code;
}

/* ---- life ---- */

static bool new_session(char ret_session[33])
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		kiln_text_format(ret_session + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * jupyter_client says who starts the kernel in JPY_PARENT_PID. A wrapper may stand between, so
 * it need not be our own parent; in another pid namespace the number means nothing.
 */
static int open_parent(void)
{
	const char *text = getenv("JPY_PARENT_PID");
	uint64_t pid = 0;

	if (!text || !kiln_text_to_u64(text, &pid) || pid < 2 || pid > INT32_MAX)
		return -1;
	return pidfd_open((pid_t)pid, 0); /* close-on-exec by itself */
}

static bool find_secret(void *user, const char *url, const char *what, char *ret_secret,
			size_t size)
{
	const struct kiln_kernel *k = user;

	return kiln_logins_find(&k->logins, url, what, ret_secret, size) ||
	       kiln_secret_lookup(NULL, url, what, ret_secret, size);
}

static kiln_code kernel_open(struct kiln_kernel *k, const struct kiln_kernel_config *config,
			     struct kiln_err *err)
{
	const struct kiln_registry_config boards = { .host = &k->host,
						     .name_of = kiln_devices_name_of,
						     .user = &k->configured.devices };

	k->config = config;
	kiln_loglevels_init(&k->loglevels, &config->ui);
	k->host = (struct kiln_host){ .ui = kiln_loglevels_ui(&k->loglevels),
				      .secret = find_secret,
				      .secret_user = k,
				      .schemes = config->schemes,
				      .waiter = { .wait = wait_for_link, .user = k } };
	k->parent = open_parent();
	k->signals = open_signals();
	if (k->signals < 0 || !new_session(k->session))
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot start the kernel");
	kiln_kernel_marks_init(k);
	KILN_TRY(kiln_wire_new(config->connection->key, &k->wire, err));
	KILN_TRY(kiln_registry_new(&boards, &k->board.registry, err));
	return kiln_sockets_open(config->connection, &k->sockets, err);
}

static void kernel_close(struct kiln_kernel *k)
{
	struct kiln_wire_msg msg;

	kiln_kernel_board_release(k);
	kiln_registry_free(k->board.registry);
	kiln_devices_done(&k->configured.devices);
	kiln_kernel_orphans_done(k);
	kiln_python_end(k);
	if (k->shutdown.type)
		kiln_kernel_handle_shutdown(k);
	kiln_wire_msg_done(&k->shutdown);
	while (queue_pop(k, &msg))
		kiln_wire_msg_done(&msg);
	kiln_sockets_close(&k->sockets);
	kiln_wire_free(k->wire);
	kiln_stream_done(&k->out);
	kiln_marks_done(&k->marks);
	json_decref(k->result);
	json_decref(k->payload);
	json_decref(k->names);
	json_decref(k->subshells);
	json_decref(k->shown_boards);
	json_decref(k->expressions);
	kiln_buf_done(&k->definitions);
	kiln_history_done(&k->history);
	if (k->signals >= 0)
		close(k->signals);
	if (k->parent >= 0)
		close(k->parent);
}

static void handle_next(struct kiln_kernel *k, struct kiln_wire_msg *msg)
{
	const bool aborted = k->aborting > 0 && strcmp(msg->type, "execute_request") == 0 &&
			     strcmp(kiln_subshell_of(msg), k->aborting_in) == 0;

	k->aborting -= k->aborting > 0;
	if (k->aborting_more)
		queue_fill(k);
	if (aborted)
		kiln_kernel_handle_aborted(k, msg);
	else
		kiln_kernel_handle(k, KILN_CHANNEL_SHELL, msg);
}

static void serve_until_told(struct kiln_kernel *k)
{
	struct kiln_wire_msg msg;

	kiln_kernel_status(k, NULL, "starting");
	while (!k->quitting) {
		if (!queue_pop(k, &msg)) {
			(void)kiln_kernel_wait(k, NULL, 0, KILN_FOREVER);
			continue;
		}
		handle_next(k, &msg);
		kiln_wire_msg_done(&msg);
	}
}

void kiln_kernel_keep(struct kiln_kernel *k, const char *key, const char *value)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_notebook_set(key, value, &err) != KILN_OK)
		kiln_kernel_print(k, KILN_STDERR, "warning: %s: %s\n", err.what, err.why);
}

/* Where the notebook's last %cd went. A folder that is gone is no reason not to start. */
static void restore_folder(const struct kiln_kernel *k)
{
	char folder[4096];

	if (kiln_notebook_get("cwd", folder, sizeof(folder)) && chdir(folder) != 0)
		kiln_kernel_log(k, KILN_LOG_WARNING, "cannot change to '%s': %s", folder,
				strerror(errno));
}

static void send_stream(void *user, const char *name, const char *text, size_t n)
{
	struct kiln_kernel *k = user;

	kiln_kernel_publish(k, k->running, "stream",
			    json_pack("{s:s, s:s%}", "name", name, "text", text, n));
}

kiln_code kiln_kernel_run(const struct kiln_kernel_config *config, struct kiln_err *err)
{
	struct kiln_kernel *k = calloc(1, sizeof(*k)); /* its queue is too large for a stack */
	kiln_code code;

	if (!k)
		return kiln_fail(err, KILN_E_NOMEM, "cannot start the kernel");
	k->signals = -1;
	kiln_buf_init(&k->definitions, DEFINITIONS_MAX);
	kiln_stream_init(&k->out, send_stream, k);
	code = kernel_open(k, config, err);
	if (code == KILN_OK) {
		restore_folder(k);
		serve_until_told(k);
	}
	kernel_close(k);
	free(k);
	return code;
}
