/* SPDX-License-Identifier: Apache-2.0 */
/* Run a line of Python on a board: cc run_code.c $(pkg-config --cflags --libs kiln) */
#include <stdio.h>
#include <string.h>

#include <kiln/repl.h>

static void print(void *user, const char *text, size_t n)
{
	(void)user;
	fwrite(text, 1, n, stdout);
}

/* *ret_status: 1 if the code raised an exception. */
static kiln_code run(struct kiln_repl *repl, const char *code, int *ret_status,
		     struct kiln_err *err)
{
	const struct kiln_repl_output output = { .text = print };
	struct kiln_repl_result result;

	KILN_TRY(kiln_repl_exec(repl, code, strlen(code), &output, &result, err));
	if (result.exception)
		fputs(result.traceback, stderr);
	*ret_status = result.exception;
	kiln_repl_result_done(&result);
	return KILN_OK;
}

int main(int argc, char **argv)
{
	const struct kiln_host host = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct kiln_repl *repl;
	kiln_code code;
	int status = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: %s PORT CODE\n", argv[0]);
		return 2;
	}
	code = kiln_link_open(&host, argv[1], 115200, &link, &err);
	if (code == KILN_OK)
		code = kiln_repl_open(link, &repl, &err);
	if (code == KILN_OK) {
		code = run(repl, argv[2], &status, &err);
		kiln_repl_close(repl);
	}
	if (code != KILN_OK)
		fprintf(stderr, "error: %s: %s\nhint: %s\n", err.what, err.why, err.hint);
	return status;
}
