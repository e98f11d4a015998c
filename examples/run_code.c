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

static int run(struct kiln_repl *repl, const char *code, struct kiln_err *err)
{
	const struct kiln_repl_output output = { .text = print };
	struct kiln_repl_result result;
	int failed;

	if (kiln_repl_exec(repl, code, strlen(code), &output, &result, err) != KILN_OK)
		return 1;
	failed = result.exception;
	if (failed)
		fprintf(stderr, "%s", result.traceback);
	kiln_repl_result_done(&result);
	return failed;
}

int main(int argc, char **argv)
{
	const struct kiln_host host = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct kiln_repl *repl;
	int status = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: %s PORT CODE\n", argv[0]);
		return 2;
	}
	if (kiln_link_open(&host, argv[1], 115200, &link, &err) == KILN_OK &&
	    kiln_repl_open(link, &repl, &err) == KILN_OK) {
		status = run(repl, argv[2], &err);
		kiln_repl_close(repl);
	}
	if (err.code != KILN_OK)
		fprintf(stderr, "error: %s: %s\nhint: %s\n", err.what, err.why, err.hint);
	return status;
}
