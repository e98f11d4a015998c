/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

int cli_error(const struct kiln_err *err)
{
	const bool color = isatty(STDERR_FILENO);

	fflush(stdout); /* what came before stands before */
	fprintf(stderr, "%serror:%s %s", color ? "\033[1;31m" : "", color ? "\033[m" : "",
		err->what);
	if (err->why[0] && err->code != KILN_E_INVALID)
		fprintf(stderr, ": %s", err->why);
	else if (err->why[0] && strcmp(err->why, kiln_code_text(err->code)) != 0)
		fprintf(stderr, ": %s", err->why);
	fputc('\n', stderr);
	if (err->hint[0])
		fprintf(stderr, "%shint:%s %s\n", color ? "\033[33m" : "", color ? "\033[m" : "",
			err->hint);
	return kiln_code_exit(err->code);
}

void cli_help(const struct command *self)
{
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	(void)kiln_buf_printf(&out, "usage: kiln %s %s\n\n%s\n", self->name, self->usage,
			      self->description ? self->description : self->summary);
	if (self->options) {
		(void)kiln_buf_puts(&out, "\noptions:\n");
		opts_help(self->options, &out);
		(void)kiln_buf_puts(&out, "  -h, --help                   show this help\n");
	}
	fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
}

int cli_parse(struct cli *cli, const struct command *self, int argc, char **argv, void *params,
	      struct opt_list *ret_words)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)cli;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			cli_help(self);
			return 0;
		}
	}
	if (opts_parse(self->options, OPT_PLAIN, argc - 1, argv + 1, params, ret_words, &err) ==
	    KILN_OK)
		return -1;
	if (!err.hint[0])
		kiln_hint(&err, "'kiln %s --help' shows what it takes", self->name);
	return cli_error(&err);
}
