/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <kiln/board.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/board.h"
#include "cli/commands.h"
#include "cli/exec.h"

/* More than any board has memory for. */
enum { CODE_MAX = 4 * 1024 * 1024 };

struct params {
	const char *port, *file;
	uint64_t baud;
	bool json;
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_STRING, offsetof(struct params, port),
	  "port or URL of the board; may be left out if there is just one" },
	{ 'f', "file", "FILE", OPT_STRING, offsetof(struct params, file),
	  "run a file of this computer" },
	{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct params, baud),
	  "speed of the board's console (115200)" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json),
	  "one JSON object a line: output as it comes, then the result" },
	{ 0 },
};

static kiln_code read_stream(FILE *f, const char *name, struct kiln_buf *ret_code,
			     struct kiln_err *err)
{
	char block[4096];
	size_t n;

	while ((n = fread(block, 1, sizeof(block), f)) > 0) {
		const kiln_code code = kiln_buf_append(ret_code, block, n);

		if (code != KILN_OK)
			return kiln_fail(err, code, "cannot read '%s'", name);
	}
	if (ferror(f))
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", name);
	return KILN_OK;
}

static kiln_code read_file(const char *name, struct kiln_buf *ret_code, struct kiln_err *err)
{
	FILE *f = fopen(name, "re");
	kiln_code code;

	if (!f)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", name);
	code = read_stream(f, name, ret_code, err);
	fclose(f);
	return code;
}

/* The program: a word of the command line, a file, or standard input. */
static kiln_code read_code(const struct params *params, const struct opt_list *words,
			   struct kiln_buf *ret_code, struct kiln_err *err)
{
	if (params->file)
		return read_file(params->file, ret_code, err);
	if (strcmp(words->items[0], "-") == 0)
		return read_stream(stdin, "standard input", ret_code, err);
	if (kiln_buf_puts(ret_code, words->items[0]) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the program");
	return KILN_OK;
}

static void print_text(void *user, const char *text, size_t n)
{
	(void)user;
	(void)fwrite(text, 1, n, stdout);
	fflush(stdout); /* a loop shows each line as it is printed */
}

/* JSON strings are UTF-8; other bytes that a board prints become '?'. */
static void print_json(void *user, const char *text, size_t n)
{
	struct kiln_buf fit = KILN_BUF_INIT(n + 1);

	(void)user;
	(void)kiln_buf_append(&fit, text, n);
	kiln_utf8_mend(fit.data, fit.len);
	cli_json(json_pack("{s:s, s:s%}", "event", "output", "text", kiln_buf_str(&fit), fit.len));
	kiln_buf_done(&fit);
}

static int report_json(const struct kiln_repl_result *result, int exit_code)
{
	json_t *object = json_pack("{s:s, s:i, s:b, s:b}", "event", "result", "exit", exit_code,
				   "interrupted", result->interrupted, "restarted",
				   result->restarted);

	if (object && result->exception)
		(void)json_object_update_new(object, json_pack("{s:s, s:s}", "ename", result->ename,
							       "evalue", result->evalue));
	if (object && result->traceback) {
		kiln_utf8_mend(result->traceback, strlen(result->traceback));
		(void)json_object_set_new(object, "traceback", json_string(result->traceback));
	}
	cli_json(object);
	return exit_code;
}

static int report(const struct cli *cli, const struct kiln_repl_result *result)
{
	const int exit_code = result->interrupted ? 130 : result->exception ? 1 : 0;

	if (cli->json)
		return report_json(result, exit_code);
	if (result->traceback)
		fputs(result->traceback, stderr);
	return exit_code;
}

int exec_program(struct cli *cli, struct kiln_repl *repl, const struct kiln_buf *code)
{
	const struct kiln_repl_output output = { .text = cli->json ? print_json : print_text };
	struct kiln_repl_result result = { .exception = false };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (kiln_repl_exec(repl, kiln_buf_str(code), code->len, &output, &result, &err) == KILN_OK)
		exit_code = report(cli, &result);
	else
		exit_code = cli_fail(cli, &err);
	kiln_repl_result_done(&result);
	return exit_code;
}

static int exec_code(struct cli *cli, const struct params *params, const struct kiln_buf *code)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_repl *repl;
	int exit_code;

	if (board_open(cli, params->port, params->baud, &repl, &err) != KILN_OK)
		return cli_fail(cli, &err);
	exit_code = exec_program(cli, repl, code);
	kiln_repl_close(repl);
	return exit_code;
}

static int run_words(struct cli *cli, const struct command *self, const struct params *params,
		     const struct opt_list *words)
{
	struct kiln_buf code = KILN_BUF_INIT(CODE_MAX);
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (params->file ? words->n != 0 : words->n != 1)
		return cli_usage(cli, self,
				 "give one program: CODE, -f FILE, or - for standard input");
	if (params->baud > 10000000)
		return cli_usage(cli, self, "no port does %llu baud",
				 (unsigned long long)params->baud);
	if (read_code(params, words, &code, &err) == KILN_OK)
		exit_code = exec_code(cli, params, &code);
	else
		exit_code = cli_fail(cli, &err);
	kiln_buf_done(&code);
	return exit_code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .baud = 115200 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	if (exit_code < 0)
		exit_code = run_words(cli, self, &params, &words);
	opt_list_done(&words);
	return exit_code;
}

static const char *const examples[] = {
	"kiln exec -p /dev/ttyUSB0 'import sys; print(sys.implementation)'",
	"Run one line on the board at this port.",
	"kiln exec -f blink.py",
	"Run a file of this computer on the only board there is; it is not stored there.",
	"echo 'print(1 + 1)' | kiln exec -",
	"Run what comes on standard input.",
	NULL,
};

const struct command cmd_exec = {
	.name = "exec",
	.summary = "run Python on a board",
	.usage = "[-p PORT] [-b BAUD] [--json] {CODE | -f FILE | -}",
	.description =
		"Run a program on a board and show what it prints, as it prints it. A running "
		"program of the board is stopped first; the interpreter is not reset, so that "
		"variables of an earlier run are still there.\n\n"
		"An exception's traceback goes to standard error and makes the exit code 1. Ctrl-C "
		"stops the program on the board and leaves the board at its prompt; the exit code "
		"is "
		"then 130. A second Ctrl-C does not wait for a program that does not stop.",
	.options = options,
	.run = run,
	.examples = examples,
};
