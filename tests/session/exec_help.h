/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_EXEC_HELP_H
#define KILN_TESTS_EXEC_HELP_H

/* A session with a board that follows a script; programs that are run there. */
#include <kiln/repl.h>

#include "script.h"

struct session {
	struct script s;
	struct kiln_repl *repl;
	struct kiln_buf out;
	uint64_t out_bytes;
	struct kiln_repl_result result;
	struct kiln_err err;
};

static inline void keep(void *user, const char *text, size_t n)
{
	struct session *t = user;

	assert_true(n > 0);
	t->out_bytes += n;
	(void)kiln_buf_append(&t->out, text, n); /* what is too long is only counted */
}

static inline void begin(struct session *t, const struct step *steps)
{
	*t = (struct session){ .repl = NULL };
	script_begin(&t->s, steps);
	kiln_buf_init(&t->out, 64 * 1024);
	assert_int_equal(kiln_repl_open(t->s.link, &t->repl, &t->err), KILN_OK);
}

static inline kiln_code run(struct session *t, const char *code)
{
	const struct kiln_repl_output output = { .text = keep, .user = t };

	kiln_repl_result_done(&t->result);
	kiln_buf_reset(&t->out);
	t->out_bytes = 0;
	t->err = KILN_ERR_INIT;
	return kiln_repl_exec(t->repl, code, strlen(code), &output, &t->result, &t->err);
}

static inline void end(struct session *t)
{
	kiln_repl_close(t->repl);
	kiln_repl_result_done(&t->result);
	kiln_buf_done(&t->out);
	script_end(&t->s);
}

/* Code that fills the room and does nothing. */
static inline const char *comment(char *code, size_t room)
{
	memset(code, '#', room - 1);
	code[room - 1] = '\0';
	return code;
}

#endif
