/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are not for people: tools/make-manual and the shells' completion call them. */
#include <stdio.h>
#include <string.h>

#include <kiln/port.h>

#include "cli/commands.h"
#include "cli/manual.h"

#define BIGGEST ((size_t)1 << 20)

static const struct opt no_options[] = { { 0 } };

/* Parts of kiln(1), by name; all other names are commands with a page of their own. */
static const struct {
	const char *name;
	void (*put)(struct kiln_buf *out);
} parts[] = {
	{ "--commands", manual_commands },
	{ "--options", manual_common_options },
};

static const struct {
	const char *shell;
	void (*put)(struct kiln_buf *out);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

static int finish(struct kiln_buf *out)
{
	const bool failed = out->failed;

	fwrite(out->data, 1, out->len, stdout);
	kiln_buf_done(out);
	return failed ? 1 : 0;
}

static int run_man(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct kiln_buf out = KILN_BUF_INIT(BIGGEST);
	struct kiln_err err = KILN_ERR_INIT;
	const struct command *command;

	for (size_t i = 0; argc < 2 && commands[i]; i++) {
		if (!commands[i]->hidden)
			puts(commands[i]->name);
	}
	if (argc < 2)
		return 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, argv[1]) == 0) {
			parts[i].put(&out);
			return finish(&out);
		}
	}
	if (cli_find(argv[1], &command, &err) != KILN_OK)
		return cli_usage(cli, self, "%s", err.what);
	manual_page(command, &out);
	return finish(&out);
}

static int run_completion(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct kiln_buf out = KILN_BUF_INIT(BIGGEST);

	for (size_t i = 0; argc == 2 && i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].shell, argv[1]) == 0) {
			shells[i].put(&out);
			return finish(&out);
		}
	}
	return cli_usage(cli, self, "it takes bash, zsh or fish");
}

static int run_ports(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port_list list;

	(void)self;
	(void)argc;
	(void)argv;
	if (kiln_ports_scan(&cli->host, &list, &err) != KILN_OK)
		return cli_fail(cli, &err);
	for (size_t i = 0; i < list.n; i++)
		puts(list.ports[i].device);
	kiln_ports_done(&list);
	return 0;
}

const struct command cmd_man = {
	.name = "__man",
	.summary = "print a command's man page",
	.usage = "[COMMAND]",
	.options = no_options,
	.run = run_man,
	.hidden = true,
};

const struct command cmd_completion = {
	.name = "__completion",
	.summary = "print a shell's completion",
	.usage = "bash|zsh|fish",
	.options = no_options,
	.run = run_completion,
	.hidden = true,
};

const struct command cmd_ports = {
	.name = "__ports",
	.summary = "print the names of all ports",
	.usage = "",
	.options = no_options,
	.run = run_ports,
	.hidden = true,
};
