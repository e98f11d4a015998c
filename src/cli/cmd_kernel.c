/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/kernelspec.h"

struct params {
	bool user, sys_prefix, json;
	const char *prefix, *name, *display_name, *file;
};

static const struct opt options[] = {
	{ 0, "user", NULL, OPT_FLAG, offsetof(struct params, user),
	  "install for this user only (this is what happens without a place)" },
	{ 0, "prefix", "DIR", OPT_STRING, offsetof(struct params, prefix),
	  "install below DIR/share/jupyter" },
	{ 0, "sys-prefix", NULL, OPT_FLAG, offsetof(struct params, sys_prefix),
	  "install into the active Python environment" },
	{ 0, "name", "NAME", OPT_STRING, offsetof(struct params, name),
	  "the kernel's name (kiln)" },
	{ 0, "display-name", "TEXT", OPT_STRING, offsetof(struct params, display_name),
	  "the name that Jupyter shows (MicroPython (kiln))" },
	{ 'f', "file", "FILE", OPT_STRING, offsetof(struct params, file),
	  "run: the connection file" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "report as a JSON object" },
	{ 0 },
};

static kiln_code find_folder(const struct params *p, char *dst, size_t size, struct kiln_err *err)
{
	const struct kernelspec_place place = { .prefix = p->prefix,
						.sys_prefix = p->sys_prefix,
						.name = p->name ? p->name : "kiln" };

	return kernelspec_folder(&place, dst, size, err);
}

static void report(const struct params *p, const char *event, const char *said, const char *folder)
{
	if (p->json)
		cli_json(json_pack("{s:s, s:s, s:s}", "event", event, "name",
				   p->name ? p->name : "kiln", "folder", folder));
	else
		printf("%s '%s' %s %s\n", event, p->name ? p->name : "kiln", said, folder);
}

static kiln_code install(const struct params *p, struct kiln_err *err)
{
	char folder[PATH_MAX], executable[PATH_MAX];

	KILN_TRY(find_folder(p, folder, sizeof(folder), err));
	KILN_TRY(kernelspec_executable(executable, sizeof(executable), err));
	KILN_TRY(kernelspec_write(folder, executable,
				  p->display_name ? p->display_name : "MicroPython (kiln)", err));
	report(p, "installed", "in", folder);
	return KILN_OK;
}

static kiln_code uninstall(const struct params *p, struct kiln_err *err)
{
	char folder[PATH_MAX];

	KILN_TRY(find_folder(p, folder, sizeof(folder), err));
	KILN_TRY(kernelspec_remove(folder, err));
	report(p, "removed", "from", folder);
	return KILN_OK;
}

/* Become the kernel. It is a program of its own, so that this one never loads libzmq. */
static kiln_code run_kernel(const struct params *p, struct kiln_err *err)
{
	char executable[PATH_MAX], option[] = "-f", *file;

	if (!p->file) {
		(void)kiln_fail(err, KILN_E_INVALID, "'kiln kernel run' needs a connection file");
		kiln_hint(err, "give it with -f; Jupyter writes one for each kernel it starts");
		return KILN_E_INVALID;
	}
	KILN_TRY(kernelspec_executable(executable, sizeof(executable), err));
	file = strdup(p->file);
	if (file)
		(void)execv(executable, (char *[]){ executable, option, file, NULL });
	free(file);
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot start '%s'", executable);
}

static const struct {
	const char *name;
	kiln_code (*run)(const struct params *p, struct kiln_err *err);
} verbs[] = {
	{ "install", install },
	{ "uninstall", uninstall },
	{ "run", run_kernel },
};

static int run_verb(struct cli *cli, const struct command *self, const struct params *p,
		    const struct opt_list *words)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (words->n != 1)
		return cli_usage(cli, self,
				 words->n ? "'kiln kernel' takes one verb"
					  : "'kiln kernel' needs a verb");
	if (p->user + p->sys_prefix + (p->prefix != NULL) > 1)
		return cli_usage(cli, self, "only one of --user, --prefix and --sys-prefix");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, words->items[0]) != 0)
			continue;
		return verbs[i].run(p, &err) == KILN_OK ? 0 : cli_fail(cli, &err);
	}
	return cli_usage(cli, self, "no such verb: '%s'", words->items[0]);
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { 0 };
	struct opt_list words = { 0 };
	int done = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	if (done < 0)
		done = run_verb(cli, self, &params, &words);
	opt_list_done(&words);
	return done;
}

const struct command cmd_kernel = {
	.name = "kernel",
	.summary = "install, run or remove the Jupyter kernel",
	.usage = "install|uninstall|run [OPTIONS]",
	.description =
		"The Jupyter kernel for MicroPython boards.\n\n"
		"install tells Jupyter of it: a folder with kernel.json and logos, for this user, "
		"below\n"
		"a prefix, or in the active Python environment. uninstall removes that folder. run "
		"is\n"
		"what Jupyter does: it serves the notebook that a connection file belongs to.",
	.options = options,
	.run = run,
	.examples = (const char *const[]){ "kiln kernel install --user",
					   "offer the kernel in this user's Jupyter",
					   "kiln kernel install --sys-prefix --name board",
					   "offer it in the active environment, by another name",
					   "kiln kernel uninstall --user", "take it away again",
					   NULL },
};
