/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board that cells run on: one session that stays open from cell to cell, closed while bash
 * may need the port, and opened again by the next cell that needs it.
 */
#include "kernel/kernel_impl.h"

#include "base/text.h"
#include "kernel/state.h"

enum { FAILURES_SHOWN = 5 };

/* The board may be on a port that could not be asked: say which, and why. */
static bool fail_missing(struct kiln_kernel *k, const char *what)
{
	const struct kiln_registry *registry = k->board.registry;

	(void)kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NO_BOARD),
				    "Device not available: '%s'", what);
	for (size_t i = 0; i < FAILURES_SHOWN && i < kiln_registry_failures(registry); i++) {
		const struct kiln_board_failure *f = kiln_registry_failure(registry, i);

		kiln_kernel_print(k, KILN_STDERR, "%s: %s: %s\n", f->url, f->err.what, f->err.why);
	}
	return false;
}

static kiln_code try_session(struct kiln_kernel *k, const char *what, struct kiln_err *err)
{
	struct current_board *current = &k->board;
	struct kiln_board board;
	struct kiln_repl *repl = NULL;

	KILN_TRY(kiln_registry_connect(current->registry, what, &repl, &board, err));
	current->board = board;
	current->repl = repl;
	current->hooks = 0;
	k->names_old = true;
	current->chosen = true;
	return KILN_OK;
}

static bool open_session(struct kiln_kernel *k, const char *what)
{
	struct kiln_err err = KILN_ERR_INIT;
	const kiln_code code = try_session(k, what, &err);

	if (code == KILN_E_NO_BOARD)
		return fail_missing(k, what);
	return code == KILN_OK || kiln_kernel_fail_err(k, &err);
}

/*
 * Leaving the raw REPL takes a moment, and cannot be told to stop: an interrupt that comes
 * meanwhile is for what the cell does next.
 */
void kiln_kernel_board_release(struct kiln_kernel *k)
{
	const bool stopped = k->stopped;

	k->stopped = false;
	kiln_registry_disconnect(k->board.registry, k->board.repl);
	k->board.repl = NULL;
	k->interrupted = k->interrupted || k->stopped;
	k->stopped = stopped;
}

bool kiln_kernel_board_choose(struct kiln_kernel *k, const char *what)
{
	const struct kiln_board *known;
	char url[sizeof(k->board.board.url)];

	kiln_kernel_configure(k);
	known = kiln_registry_find(k->board.registry, what);
	if (k->board.repl && known && strcmp(known->url, k->board.board.url) == 0)
		return true; /* its session is open: a new one could only lose something */
	kiln_kernel_board_release(k);
	kiln_text_format(url, sizeof(url), "%s%s", what[0] == '/' ? "serial://" : "", what);
	return open_session(k, url);
}

void kiln_kernel_board_announce(struct kiln_kernel *k)
{
	kiln_kernel_print(k, KILN_STDOUT, "\033[46m\033[30mConnected to %s @ %s\033[0m\n",
			  k->board.board.name, k->board.board.url);
}

/* ---- the notebook's board ---- */

void kiln_kernel_board_remember(struct kiln_kernel *k)
{
	kiln_kernel_keep(k, "board", k->board.board.info.uid);
	kiln_kernel_keep(k, "url", k->board.board.url);
}

/* Open the session at `url` if the board there is the one with this uid; "" is any. */
static kiln_code try_same(struct kiln_kernel *k, const char *url, const char *uid,
			  struct kiln_err *err)
{
	KILN_TRY(try_session(k, url, err));
	if (!uid[0] || strcmp(k->board.board.info.uid, uid) == 0)
		return KILN_OK;
	kiln_kernel_board_release(k);
	(void)kiln_fail(err, KILN_E_NO_BOARD, "cannot find the connected board at '%s'", url);
	kiln_why(err, "another one is there now, '%s'", k->board.board.name);
	kiln_hint(err, "to go on with that one: %%connect %s", k->board.board.name);
	return KILN_E_NO_BOARD;
}

/*
 * The port where it was last is tried first: a scan may take long. Another board may be there now,
 * or none; then it is looked for by its uid.
 */
static bool recall(struct kiln_kernel *k)
{
	char uid[sizeof(k->board.board.info.uid)] = "", url[sizeof(k->board.board.url)] = "";
	struct kiln_err err = KILN_ERR_INIT;

	kiln_kernel_configure(k);
	(void)kiln_notebook_get("board", uid, sizeof(uid));
	if (!kiln_notebook_get("url", url, sizeof(url)) || !url[0])
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NO_BOARD),
					     "no device connected");
	if (!uid[0])
		return open_session(k, url);
	if (try_same(k, url, uid, &err) == KILN_OK)
		return true;
	k->board.chosen = false;
	return err.code == KILN_E_CANCELLED ? kiln_kernel_fail_err(k, &err) : open_session(k, uid);
}

static kiln_code look_for(struct kiln_kernel *k, const char *url, const char *uid,
			  struct kiln_err *err)
{
	const struct kiln_board *known = kiln_registry_find(k->board.registry, url);

	if (known && known->by_hand) /* a scan would leave it where it was */
		KILN_TRY(kiln_registry_forget(k->board.registry, url, err));
	KILN_TRY(kiln_registry_scan(k->board.registry, false, KILN_REGISTRY_BUDGET_MS, err));
	return try_session(k, uid, err);
}

/*
 * The same in mid-session: who pulls a cable and plugs it in again while the kernel holds ttyUSB0
 * finds the board at ttyUSB1. Nothing may run on another board that took its place.
 */
static bool reopen(struct kiln_kernel *k)
{
	const struct kiln_board before = k->board.board;
	struct kiln_err err = KILN_ERR_INIT, lost = KILN_ERR_INIT;
	const kiln_code code = try_same(k, before.url, before.info.uid, &err);

	if (code == KILN_OK)
		return true;
	if (before.info.uid[0] && (code == KILN_E_PORT_MISSING || code == KILN_E_NO_BOARD) &&
	    look_for(k, before.url, before.info.uid, &lost) == KILN_OK) {
		kiln_kernel_board_announce(k);
		kiln_kernel_board_remember(k);
		return true;
	}
	k->board.board = before;
	return kiln_kernel_fail_err(k, lost.code == KILN_E_CANCELLED ? &lost : &err);
}

/* ---- running code ---- */

/* The variables may be lost then, but a fresh session is worth more than an error. */
bool kiln_kernel_board_is_dead(const struct kiln_kernel *k)
{
	struct pollfd p = { .fd = kiln_link_fd(kiln_repl_link(k->board.repl)),
			    .events = POLLRDHUP };

	return p.fd >= 0 && poll(&p, 1, 0) > 0;
}

static void show_text(void *user, const char *text, size_t n)
{
	struct kiln_kernel *k = user;

	kiln_marks_put(&k->marks, text, n);
}

/* Newlines in front make the line numbers of a traceback those of the cell. */
static kiln_code make_code(struct kiln_kernel *k, struct kiln_buf *out, struct kiln_span code,
			   size_t line)
{
	for (size_t i = 0; i < line; i++)
		KILN_TRY(kiln_buf_putc(out, '\n'));
	return kiln_kernel_add_code(k, out, code);
}

static bool run_on(struct kiln_kernel *k, struct kiln_repl *repl, const struct kiln_buf *code,
		   void (*put)(void *user, const char *text, size_t n), void *user)
{
	const struct kiln_repl_output output = { .text = put, .user = user };
	struct kiln_repl_result result = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code status;
	bool good;

	k->on_board = true;
	k->stopped = false;
	k->names_old = true;
	status = kiln_repl_exec(repl, kiln_buf_str(code), code->len, &output, &result, &err);
	k->on_board = false;
	if (status != KILN_OK) {
		kiln_kernel_board_release(k); /* the next cell begins with a new session */
		return kiln_kernel_fail_err(k, &err);
	}
	good = !result.exception;
	if (result.restarted) {
		k->board.hooks = 0;
		kiln_kernel_print(k, KILN_STDERR,
				  "(the board's interpreter has restarted: variables are gone)\n");
	}
	if (!good)
		kiln_kernel_fail_traceback(k, result.ename, result.evalue, result.traceback);
	else if (result.interrupted) /* the board's program had ended, or caught it */
		good = kiln_kernel_fail_text(k, "KeyboardInterrupt", "interrupted");
	kiln_repl_result_done(&result);
	return good;
}

bool kiln_kernel_board_need(struct kiln_kernel *k)
{
	if (!k->board.chosen) {
		if (!recall(k))
			return false;
		kiln_kernel_board_announce(k);
	}
	if (k->board.repl && kiln_kernel_board_is_dead(k))
		kiln_kernel_board_release(k);
	return k->board.repl || reopen(k);
}

bool kiln_kernel_board_run(struct kiln_kernel *k, struct kiln_span code, size_t line)
{
	struct kiln_buf text = KILN_BUF_INIT(KILN_WIRE_MAX_BYTES);
	struct kiln_err err = KILN_ERR_INIT;
	bool good = kiln_kernel_board_need(k);

	if (good && make_code(k, &text, code, line) != KILN_OK) {
		(void)kiln_fail(&err, KILN_E_TOO_BIG, "cannot run this cell");
		good = kiln_kernel_fail_err(k, &err);
	}
	if (good) {
		kiln_kernel_input_prepare(k, code);
		kiln_kernel_show_prepare(k, code);
		/* a port that died of that question is opened again, or it is said why not */
		good = kiln_kernel_board_need(k) && run_on(k, k->board.repl, &text, show_text, k);
		kiln_marks_end(&k->marks);
	}
	kiln_buf_done(&text);
	return good;
}

static void keep_text(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n); /* too much of it fails below */
}

bool kiln_kernel_board_ask(struct kiln_kernel *k, const char *code, struct kiln_buf *ret_answer)
{
	struct kiln_buf text = KILN_BUF_INIT(KILN_WIRE_MAX_BYTES);
	struct kiln_err err = KILN_ERR_INIT;
	bool good = kiln_kernel_board_need(k);

	if (good && kiln_buf_puts(&text, code) != KILN_OK) {
		(void)kiln_fail(&err, KILN_E_NOMEM, "cannot ask the board");
		good = kiln_kernel_fail_err(k, &err);
	}
	good = good && run_on(k, k->board.repl, &text, keep_text, ret_answer);
	if (good && ret_answer->failed) {
		(void)kiln_fail(&err, KILN_E_TOO_BIG, "cannot keep what the board says");
		good = kiln_kernel_fail_err(k, &err);
	}
	kiln_buf_done(&text);
	return good;
}
