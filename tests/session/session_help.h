/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_SESSION_HELP_H
#define KILN_TESTS_SESSION_HELP_H

#include "sim_help.h"

#include <kiln/repl.h>

/* For tests that run programs on a virtual board that was flashed and has started. */
struct session {
	struct session_host *host;
	struct kiln_repl *repl;
	struct kiln_repl_result result;
	struct kiln_buf out;
	struct kiln_err err;
	const char *cancel_at; /* cancel, once, when this has been printed */
};

/* Group set-up: help_state_home, and a flash file with an image that boots. */
int session_firmware(void **state);

/* What opens that board, behind "sim:". */
const char *session_url(void);

/*
 * Open with more options of the URL ("&fault=..."). One at a time: a session that a test has left
 * open, since it failed, is closed first. The next test is to have the board.
 */
kiln_code session_open(struct session *t, const char *options, unsigned baud);
/* The same, or fail the test. */
void session_begin(struct session *t);
void session_end(struct session *t);

/* For struct kiln_repl_output: to t->out. */
void session_keep(void *user, const char *text, size_t n);
/* Run a program; what it prints is in t->out. */
void session_run(struct session *t, const char *code);
/* It ends without an exception, and that is what it prints. */
void session_expect(struct session *t, const char *code, const char *output);

#endif
