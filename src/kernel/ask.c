/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that no cell asked: what names there are, what a value is. They go to a board whose
 * session is open and that does nothing else, may take no long time, and fail without a word.
 */
#include "kernel/kernel_impl.h"

enum { ASK_MS = 2000, ASK_AGAIN_MS = 1500 };

kiln_ms kiln_kernel_ask_deadline(const struct kiln_kernel *k, kiln_ms deadline)
{
	return k->ask_until && k->ask_until < deadline ? k->ask_until : deadline;
}

bool kiln_kernel_ask_late(struct kiln_kernel *k)
{
	if (!k->ask_until || kiln_now() < k->ask_until)
		return false;
	k->ask_until = kiln_now() + ASK_AGAIN_MS; /* for a board that ignores the first Ctrl-C */
	return true;
}

bool kiln_kernel_can_ask(const struct kiln_kernel *k)
{
	return k->board.repl && !k->on_board && !kiln_kernel_board_is_dead(k);
}

static void keep_text(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

bool kiln_kernel_ask(struct kiln_kernel *k, const char *code, size_t n, struct kiln_buf *ret_answer,
		     struct kiln_repl_result *ret_result)
{
	const struct kiln_repl_output output = { .text = keep_text, .user = ret_answer };
	struct kiln_repl_result result = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	const kiln_ms until = kiln_now() + ASK_MS;
	kiln_code status;
	bool good;

	if (!kiln_kernel_can_ask(k))
		return false;
	k->on_board = true;
	k->ask_until = until;
	status = kiln_repl_exec(k->board.repl, code, n, &output, &result, &err);
	/* an interrupt was meant for the cell, unless it was ours for taking too long */
	k->interrupted = k->interrupted || ((result.interrupted || status == KILN_E_CANCELLED) &&
					    k->running && k->ask_until == until);
	k->ask_until = 0;
	k->on_board = false;
	if (status != KILN_OK) {
		kiln_kernel_log(k, KILN_LOG_INFO, "%s: %s", err.what, err.why);
		kiln_kernel_board_release(k); /* the next cell begins with a new session */
		return false;
	}
	good = !result.exception && !result.interrupted && !ret_answer->failed;
	if (ret_result)
		*ret_result = result;
	else
		kiln_repl_result_done(&result);
	return good;
}
