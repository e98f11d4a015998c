/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_KERNEL_IMPL_H
#define KILN_KERNEL_KERNEL_IMPL_H

#include <poll.h>

#include <kiln/repl.h>

#include "board/devices.h"
#include "board/registry.h"
#include "board/secrets.h"
#include "kernel/kernel.h"
#include "kernel/loglevel.h"
#include "kernel/marks.h"
#include "kernel/sockets.h"
#include "kernel/stream.h"
#include "kernel/wire.h"
#include "link/logins.h"

/*
 * One thread and one poll(). Whoever waits, waits in kiln_kernel_wait(): the main loop for the
 * next request, a bash cell for its pipes, and the links of boards, whose blocking calls come back
 * here through kiln_waiter. So control messages and signals are served while a cell runs.
 */
enum {
	QUEUE_MAX = 256,         /* requests that wait; more stay in the socket */
	ORPHANS_MAX = 32,        /* pipes that background children of bash cells hold open */
	SUBSCRIBERS_AT_ONCE = 16 /* welcomed before something else gets its turn */
};

/* What the kernel has added to a session's builtins. */
enum { KILN_HOOK_INPUT = 1, KILN_HOOK_SHOW = 2 };

struct kiln_history {
	json_t *entries; /* arrays: session, line, input, output; NULL: not loaded yet */
	json_int_t session;
};

/* How the running cell failed: what goes into the execute_reply. */
struct failure {
	bool failed;
	bool shown; /* it was told on stderr: no `error` message */
	char ename[64];
	char evalue[512];
	json_t *traceback; /* array of texts; NULL: none */
};

/* The user's device configuration, as the files were last read. */
struct device_files {
	struct kiln_devices devices;
	uint64_t state; /* of the files: what tells that they have changed */
};

/* The board that cells run on. The session is closed while bash runs, the name stays. */
struct current_board {
	struct kiln_registry *registry;
	bool chosen;
	struct kiln_board board;
	struct kiln_repl *repl; /* NULL: not open now */
	unsigned hooks;         /* builtins that are ours there: KILN_HOOK_... */
};

/* A pipe whose bash cell has ended while a background child still writes. */
struct orphan {
	int fd;
	pid_t group;
};

struct kiln_kernel {
	const struct kiln_kernel_config *config;
	struct kiln_loglevels loglevels;
	struct kiln_host host;     /* what links and the registry borrow */
	struct kiln_logins logins; /* of URLs in cells */
	struct kiln_wire *wire;
	struct kiln_sockets sockets;
	char session[33];
	uint64_t n_sent;
	int signals;
	kiln_ms looked_at; /* when the loop last looked at everything */
	int parent;        /* pidfd of the client that started this kernel; -1: not watched */

	struct kiln_wire_msg queue[QUEUE_MAX]; /* a ring */
	size_t queue_at, queue_n;
	size_t aborting;      /* so many of them came before the failure that stops them */
	bool aborting_more;   /* and so are those that the queue had no room for */
	char aborting_in[64]; /* the subshell in which that was */
	json_t *subshells;    /* their ids; NULL: there was none yet */
	unsigned subshells_made;

	const struct kiln_wire_msg *running; /* the execute_request; NULL: idle */
	bool silent;
	bool interrupted;
	bool halted; /* an interrupt was taken: no other part of the cell begins */
	struct failure failure;
	struct kiln_stream out;
	json_int_t executions; /* cells that were counted */
	json_int_t number;     /* of the running cell */
	bool aside;            /* it is a subshell's, while another one runs: it may not wait */
	struct kiln_plotter *plotter; /* from a %plot to the end of its cell; else NULL */

	/* the board's side of the running cell */
	struct kiln_marks marks;
	bool stopped;      /* it was interrupted; the program has not ended yet */
	bool on_board;     /* a program runs there: nothing else can be asked */
	bool may_show;     /* its code has display() or clear_output() */
	bool last_part;    /* the cell's last: it may have a value to show */
	kiln_ms ask_until; /* a question of our own ends then; 0: none is asked */
	json_t *result;    /* value that the cell showed; NULL: none */
	json_t *payload;   /* for the reply; NULL: none */
	json_t *names;     /* {owner: {name: type}}, as the board said; NULL: nothing asked */
	bool names_old;    /* a program has run since */
	struct kiln_buf definitions; /* cells that define functions or classes */
	struct kiln_history history;
	bool input_waits;
	json_t *input; /* what came for it */

	struct kiln_python *python; /* the host's; NULL: not started (host.h) */
	json_t *expressions;        /* the host's answers; NULL: the board is asked */
	bool forwarded;             /* the host's Python says `idle` for what is handled */
	bool woken;                 /* a wait for the host's Python is to look again */

	bool quitting;
	struct kiln_wire_msg shutdown; /* answered when the board is free */
	kiln_channel shutdown_channel;

	struct current_board board;
	struct device_files configured;
	json_t *shown_boards; /* {url: name}, as %discover showed them last; NULL: not yet */
	struct orphan orphans[ORPHANS_MAX];
	size_t n_orphans;
};

/* kernel.c */
kiln_code kiln_kernel_wait(struct kiln_kernel *k, struct pollfd *fds, size_t n, kiln_ms deadline);
bool kiln_kernel_receive_stdin(struct kiln_kernel *k, struct kiln_wire_msg *ret_msg);
void kiln_kernel_log(const struct kiln_kernel *k, kiln_level level, const char *fmt, ...)
	KILN_PRINTF(3, 4);
/* Remember something of this notebook (state.h); a failure is a warning in the cell. */
void kiln_kernel_keep(struct kiln_kernel *k, const char *key, const char *value);
/* A cell has failed: its subshell's execute requests that have come so far are `aborted`. */
void kiln_kernel_abort_queue(struct kiln_kernel *k, const struct kiln_wire_msg *failed);

/* send.c: all of them steal `content` */
json_t *kiln_kernel_header(struct kiln_kernel *k, const char *type);
void kiln_kernel_reply(struct kiln_kernel *k, kiln_channel channel,
		       const struct kiln_wire_msg *request, const char *type, json_t *content);
void kiln_kernel_publish(struct kiln_kernel *k, const struct kiln_wire_msg *request,
			 const char *type, json_t *content);
void kiln_kernel_status(struct kiln_kernel *k, const struct kiln_wire_msg *request,
			const char *state);
/* A message of the host's Python, as it came, under the request that it belongs to. */
void kiln_kernel_republish(struct kiln_kernel *k, const struct kiln_wire_msg *msg);
void kiln_kernel_welcome(struct kiln_kernel *k, const struct kiln_wire_ident *topic);

/* handle.c */
void kiln_kernel_handle(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg);
void kiln_kernel_handle_shutdown(struct kiln_kernel *k);
/* Answer an execute_request that will not be run. */
void kiln_kernel_handle_aborted(struct kiln_kernel *k, const struct kiln_wire_msg *msg);

/* subshell.c: contents of the replies */
json_t *kiln_subshell_create(struct kiln_kernel *k);
json_t *kiln_subshell_delete(struct kiln_kernel *k, const json_t *content);
json_t *kiln_subshell_list(const struct kiln_kernel *k);
/* "": none */
const char *kiln_subshell_of(const struct kiln_wire_msg *msg);
/* Handle, and take, a message on shell that need not wait its turn. */
bool kiln_subshell_take(struct kiln_kernel *k, struct kiln_wire_msg *msg);

/* display.c: what a cell shows besides text; data is {mime type: value}, and stolen */
void kiln_kernel_display(struct kiln_kernel *k, json_t *data, const char *display_id, bool update);
void kiln_kernel_clear_output(struct kiln_kernel *k, bool wait);
/* For the front end's pager. */
void kiln_kernel_page(struct kiln_kernel *k, json_t *data);
/* The value of the cell's last expression. */
void kiln_kernel_result(struct kiln_kernel *k, const char *text, size_t n);
json_t *kiln_kernel_json_text(const char *text, size_t n);

/* ask.c */
bool kiln_kernel_can_ask(const struct kiln_kernel *k);
/*
 * Run a program of ours on the board if its session is open and it is idle; for a moment at most,
 * and without a word if it fails. `ret_result` (may be NULL): how it ended, if it ended.
 */
bool kiln_kernel_ask(struct kiln_kernel *k, const char *code, size_t n, struct kiln_buf *ret_answer,
		     struct kiln_repl_result *ret_result);
kiln_ms kiln_kernel_ask_deadline(const struct kiln_kernel *k, kiln_ms deadline);
bool kiln_kernel_ask_late(struct kiln_kernel *k);

/* value.c */
void kiln_kernel_marks_init(struct kiln_kernel *k);
/* The code of a cell's part, as the board gets it. */
kiln_code kiln_kernel_add_code(struct kiln_kernel *k, struct kiln_buf *out, struct kiln_span code);
json_t *kiln_kernel_user_expressions(struct kiln_kernel *k, const json_t *asked);

/* completion.c, inspect.c, history.c: contents of the replies; cursors in code points */
json_t *kiln_kernel_complete(struct kiln_kernel *k, struct kiln_span code, size_t points);
json_t *kiln_kernel_inspect(struct kiln_kernel *k, struct kiln_span code, size_t points,
			    int detail);
/* A cell "name?", or "name??" with the detail: into the pager. */
bool kiln_kernel_question(struct kiln_kernel *k, struct kiln_span name, int detail);
/* Keep what a cell defines, for the signatures. */
void kiln_kernel_remember(struct kiln_kernel *k, const char *code);
json_t *kiln_kernel_history(struct kiln_kernel *k, const json_t *content);
/* What was run, without passwords of ports' URLs: for whoever else is told of it. A new reference.
 */
json_t *kiln_code_shown(json_t *code);
void kiln_history_add(struct kiln_kernel *k, json_t *code);
void kiln_history_done(struct kiln_history *h);

/* Does the text stand in it, wherever? For what is better done too often than not. */
static inline bool kiln_code_has(struct kiln_span code, const char *text)
{
	return memmem(code.p, code.n, text, strlen(text)) != NULL;
}

/* stdin.c */
void kiln_kernel_input_prepare(struct kiln_kernel *k, struct kiln_span code);
/* The board's program waits for a line: get it from the front end. */
void kiln_kernel_input(struct kiln_kernel *k, const char *prompt, size_t n);
void kiln_kernel_take_stdin(struct kiln_kernel *k);
/* Send an input_request, whose content is stolen; k->input becomes the answer. */
void kiln_kernel_ask_front_end(struct kiln_kernel *k, json_t *content);

/* show.c: display() and clear_output() of a board's program */
void kiln_kernel_show_prepare(struct kiln_kernel *k, struct kiln_span code);
void kiln_kernel_show(struct kiln_kernel *k, const char *payload, size_t n);
void kiln_kernel_show_clear(struct kiln_kernel *k, const char *payload, size_t n);

/* execute.c */
void kiln_kernel_execute(struct kiln_kernel *k, kiln_channel channel,
			 const struct kiln_wire_msg *request);
/* What is kept of a cell, when its front end need not wait any more. */
void kiln_kernel_executed(struct kiln_kernel *k, const struct kiln_wire_msg *request);
/* Output of the running cell: "stdout" or "stderr". */
void kiln_kernel_text(struct kiln_kernel *k, kiln_stream_name name, const char *text, size_t n);
void kiln_kernel_print(struct kiln_kernel *k, kiln_stream_name name, const char *fmt, ...)
	KILN_PRINTF(3, 4);
/*
 * The running cell has failed. `fail_text` says it on stderr, as one line; `fail_err` as an error
 * message with the hint; each returns false, for callers that return whether to go on.
 */
bool kiln_kernel_fail_text(struct kiln_kernel *k, const char *ename, const char *fmt, ...)
	KILN_PRINTF(3, 4);
/* As it came: an array of lines. */
void kiln_kernel_fail_lines(struct kiln_kernel *k, const char *ename, const char *evalue,
			    json_t *traceback);
bool kiln_kernel_fail_err(struct kiln_kernel *k, const struct kiln_err *err);
/* On stderr, if there is one. */
void kiln_kernel_print_hint(struct kiln_kernel *k, const struct kiln_err *err);
void kiln_kernel_fail_traceback(struct kiln_kernel *k, const char *ename, const char *evalue,
				const char *traceback);

/* board.c */
bool kiln_kernel_board_choose(struct kiln_kernel *k, const char *what);
/* "Connected to NAME @ URL" */
void kiln_kernel_board_announce(struct kiln_kernel *k);
/* The notebook begins with the current board when it is opened again. */
void kiln_kernel_board_remember(struct kiln_kernel *k);
bool kiln_kernel_board_run(struct kiln_kernel *k, struct kiln_span code, size_t line);
/* Have the current board's session open: what magics begin with. False: it was said why not. */
bool kiln_kernel_board_need(struct kiln_kernel *k);
/* Run a program of ours; what it prints is appended to `ret_answer`. False: it was said why. */
bool kiln_kernel_board_ask(struct kiln_kernel *k, const char *code, struct kiln_buf *ret_answer);
/* Was the cable pulled, or the connection closed, while nothing ran? */
bool kiln_kernel_board_is_dead(const struct kiln_kernel *k);
/* Close the port, so that others may use it; the next board cell opens it again. */
void kiln_kernel_board_release(struct kiln_kernel *k);

/* boards_show.c: the known boards, as lines and as a table */
void kiln_kernel_show_boards(struct kiln_kernel *k, bool verbose);

/* configured.c: read the device configuration if it has changed; names of boards follow it */
void kiln_kernel_configure(struct kiln_kernel *k);
/* What is configured of the current board; NULL: nothing. */
const struct kiln_device *kiln_kernel_device(const struct kiln_kernel *k);

/* magic_plot.c: what a board prints while a chart is drawn; the cell's end */
void kiln_plotter_put(struct kiln_kernel *k, const char *text, size_t n);
void kiln_plotter_end(struct kiln_kernel *k);
/* When points that wait are drawn, KILN_FOREVER if there are none. */
kiln_ms kiln_plotter_due(const struct kiln_kernel *k);
void kiln_plotter_show(struct kiln_kernel *k);

/* magic_shell.c: the board's port is closed, so that a tool in the script can open it */
bool kiln_kernel_bash(struct kiln_kernel *k, struct kiln_span script);

/* child.c */
/* In a child process: our own tools come first in PATH. */
void kiln_kernel_set_path(const struct kiln_kernel *k);
void kiln_kernel_orphans_drain(struct kiln_kernel *k);
void kiln_kernel_orphans_done(struct kiln_kernel *k);

#endif
