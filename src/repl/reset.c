/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reset of the whole board, asked of its own MicroPython. What comes then is no answer to a
 * program any more, so it is read here as lines of text, until the friendly prompt.
 */
#include "repl/session.h"

#include "base/buf.h"

enum {
	LINE_MAX_BYTES = 4096, /* a longer line is passed on in pieces */
	WRITE_MS = 2000,
};

struct listen {
	const struct kiln_repl_output *output;
	struct kiln_watch watch;
	struct kiln_buf line;
	const char *answer; /* of raw mode to the program: "OK", or what of it a reset lets out */
};

static void pass_on(struct listen *l)
{
	if (l->output && l->output->text && l->line.len > 0)
		l->output->text(l->output->user, kiln_buf_str(&l->line), l->line.len);
	kiln_buf_reset(&l->line);
}

/* True: this is the prompt. */
static bool take_byte(struct listen *l, uint8_t byte)
{
	if (*l->answer && *l->answer == (char)byte) {
		l->answer++;
		return false;
	}
	l->answer = "";
	if (kiln_watch_byte(&l->watch, byte) == KILN_SEEN_FRIENDLY &&
	    kiln_watch_line_is(&l->watch, ">>> ")) {
		kiln_buf_reset(&l->line);
		return true;
	}
	if (byte != '\r' && byte != KILN_CTRL_D)
		(void)kiln_buf_putc(&l->line, byte);
	if (byte == '\n' || l->line.len == LINE_MAX_BYTES)
		pass_on(l);
	return false;
}

static kiln_code listen(struct kiln_repl *repl, struct listen *l, kiln_ms deadline,
			struct kiln_err *err)
{
	for (;;) {
		const kiln_code code = kiln_repl_read(repl, deadline, err);

		if (code == KILN_E_TIMEOUT)
			return KILN_OK;
		KILN_TRY(code);
		while (repl->at < repl->n) {
			if (take_byte(l, repl->in[repl->at++]))
				return KILN_OK;
		}
	}
}

static kiln_code reset_and_listen(struct kiln_repl *repl, kiln_ms wait_ms,
				  const struct kiln_repl_output *output, struct kiln_err *err)
{
	static const char reset[] = "machine.reset()\x04";
	struct listen l = { .output = output, .answer = "OK" };
	kiln_code code;

	kiln_watch_init(&l.watch);
	kiln_buf_init(&l.line, LINE_MAX_BYTES);
	repl->at_prompt = false;
	code = kiln_link_write(repl->link, reset, sizeof(reset) - 1,
			       kiln_link_after(repl->link, WRITE_MS), err);
	if (code == KILN_OK)
		code = listen(repl, &l, kiln_link_after(repl->link, wait_ms), err);
	pass_on(&l);
	kiln_buf_done(&l.line);
	return code;
}

kiln_code kiln_repl_hard_reset(struct kiln_repl *repl, kiln_ms wait_ms,
			       const struct kiln_repl_output *output,
			       struct kiln_repl_result *ret_result, struct kiln_err *err)
{
	static const char prepare[] = "import machine\nmachine.reset\n";

	KILN_TRY(kiln_repl_exec(repl, prepare, sizeof(prepare) - 1, NULL, ret_result, err));
	if (ret_result->exception || ret_result->interrupted)
		return KILN_OK;
	return reset_and_listen(repl, wait_ms, output, err);
}
