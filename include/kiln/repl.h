/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_H
#define KILN_REPL_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/err.h>
#include <kiln/link.h>

/*
 * A session with a board's MicroPython (or CircuitPython) over its raw REPL. It stays open
 * between calls: the board's variables live on. The session owns the link.
 *
 *	kiln_repl_open(link, &repl, &err);                    to a prompt, or the reason why not
 *	kiln_repl_exec(repl, code, strlen(code), &out, &result, &err);
 *	kiln_repl_close(repl);                                back to the friendly prompt
 *
 * Protocol: MicroPython docs/reference/repl.rst (raw REPL, raw-paste mode with flow control).
 */
struct kiln_repl;

/*
 * Where output goes, as it comes; may be NULL. UTF-8 characters are never cut, \r before \n and
 * stray \x04 are removed. Bytes that are no UTF-8 come as the board sent them.
 */
struct kiln_repl_output {
	void (*text)(void *user, const char *text, size_t n);
	void *user;
	/* A program that prints nothing for so long is ended by a Ctrl-C (result->stalled); about,
	 * at most twice that long. 0: it may be silent as long as it likes. */
	int64_t quiet_ms;
};

/* How the code ended. Owned by the caller: kiln_repl_result_done(). */
struct kiln_repl_result {
	bool exception;
	bool interrupted; /* ended by Ctrl-C that we sent */
	bool stalled;     /* ended by Ctrl-C, for it was silent longer than output->quiet_ms */
	bool restarted;   /* it restarted the interpreter (sys.exit): variables are gone */
	char ename[64];   /* "NameError" */
	char evalue[256]; /* "name 'x' isn't defined" */
	char *traceback;  /* as the board printed it, \n line ends; NULL if none */
};

/*
 * Take the link (also on failure: it is closed then) and bring the board to its raw prompt:
 * interrupts a running program, leaves whatever mode was left behind.
 * Fails with: E_NO_PROMPT (why: what was seen instead; hint: what to do; sys is ETIMEDOUT if the
 * board said nothing at all), E_CANCELLED, E_PORT_GONE.
 */
KILN_API KILN_CHECK kiln_code kiln_repl_open(struct kiln_link *link, struct kiln_repl **ret_repl,
					     struct kiln_err *err);
KILN_API void kiln_repl_close(struct kiln_repl *repl);
/* End the session as kiln_repl_close does, but hand its link over: the board is at the friendly
 * prompt, or runs what kiln_repl_start began. */
KILN_API struct kiln_link *kiln_repl_detach(struct kiln_repl *repl);
KILN_API struct kiln_link *kiln_repl_link(struct kiln_repl *repl);

/*
 * Run `code` on the board until it ends. An exception on the board is no failure of the call:
 * result->exception says so. When the link's waiter returns E_CANCELLED the board's program gets
 * a Ctrl-C and the call goes on until the board's prompt is back (result->interrupted); a second
 * time makes the wait short, a third ends it. After a failure other than E_PORT_GONE the next call
 * looks for the prompt anew.
 * Fails with: E_INVALID (a byte 01 to 04 in the code would end raw mode), E_PORT_GONE, E_TIMEOUT
 * (no prompt came back after an interrupt), E_PROTOCOL, E_NO_PROMPT (the board reset itself, or
 * no longer answers), E_CANCELLED (while the prompt was being looked for anew), E_NOMEM.
 */
KILN_API KILN_CHECK kiln_code kiln_repl_exec(struct kiln_repl *repl, const char *code, size_t n,
					     const struct kiln_repl_output *output,
					     struct kiln_repl_result *ret_result,
					     struct kiln_err *err);
/*
 * Hand `code` to the board and do not wait for its end: it runs on its own, and what it prints is
 * for whoever reads the link next. What came of that already goes to `output`, as the board sent
 * it. Fails as kiln_repl_exec.
 */
KILN_API KILN_CHECK kiln_code kiln_repl_start(struct kiln_repl *repl, const char *code, size_t n,
					      const struct kiln_repl_output *output,
					      struct kiln_err *err);

KILN_API void kiln_repl_result_done(struct kiln_repl_result *result);

/*
 * Start the interpreter afresh; main.py is run only if asked for, and until it ends or the waiter
 * returns E_CANCELLED. What boot.py and main.py print goes to `output`. Fails as kiln_repl_open.
 */
KILN_API KILN_CHECK kiln_code kiln_repl_soft_reset(struct kiln_repl *repl, bool run_main,
						   const struct kiln_repl_output *output,
						   struct kiln_err *err);

/*
 * Reset the whole board by machine.reset(), and pass on what it says: its boot messages, what
 * boot.py and main.py print, whole lines. Ends when its prompt comes, or after `wait_ms`; main.py
 * then goes on until the next call interrupts it. `result` is an exception if the board refused.
 * Fails with: E_PORT_GONE (a board with USB of its own takes its port along), E_CANCELLED, and as
 * kiln_repl_exec.
 */
KILN_API KILN_CHECK kiln_code kiln_repl_hard_reset(struct kiln_repl *repl, kiln_ms wait_ms,
						   const struct kiln_repl_output *output,
						   struct kiln_repl_result *ret_result,
						   struct kiln_err *err);

#endif
