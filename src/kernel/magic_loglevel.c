/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "base/text.h"
#include "kernel/magic.h"

static bool print_levels(struct kiln_kernel *k)
{
	kiln_kernel_print(k, KILN_STDOUT, "%-30s  %s\n\n", "Logger", "Level");
	for (size_t i = 0; i < KILN_LOG_MODULES; i++)
		kiln_kernel_print(k, KILN_STDOUT, "%-30s  %s\n", kiln_log_modules[i],
				  kiln_level_name(k->loglevels.levels[i]));
	return true;
}

static bool unknown_module(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	char known[200] = "";
	size_t at = 0;

	for (size_t i = 0; i < KILN_LOG_MODULES; i++) {
		kiln_text_format(known + at, sizeof(known) - at, "%s'%s'", i ? ", " : "",
				 kiln_log_modules[i]);
		at += strlen(known + at);
	}
	return kiln_magic_usage_error(k, args,
				      "argument MODULE: invalid choice: '%s' (choose from %s)",
				      args->words[1], known);
}

static bool run_loglevel(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *module = args->n_words > 1 ? args->words[1] : NULL;
	kiln_level level;

	if (args->n_words == 0)
		return print_levels(k);
	if (!kiln_level_parse(args->words[0], &level))
		return kiln_magic_usage_error(k, args,
					      "argument LEVEL: invalid choice: '%s' (choose from "
					      "'ERROR', 'WARNING', 'INFO', 'DEBUG', 'TRACE')",
					      args->words[0]);
	if (!kiln_loglevels_set(&k->loglevels, module, level))
		return unknown_module(k, args);
	k->host.ui = kiln_loglevels_ui(&k->loglevels);
	kiln_kernel_print(k, KILN_STDOUT, "Logger %s level set to %s\n", module ? module : "(all)",
			  kiln_level_name(level));
	return true;
}

const struct kiln_magic kiln_magic_loglevel = {
	.name = "loglevel",
	.words = "[LEVEL] [MODULE]",
	.max_words = 2,
	.takes = KILN_TAKES_LEVELS,
	.summary = "Show or set how much the kernel logs",
	.more = "LEVEL is ERROR, WARNING, INFO, DEBUG or TRACE. Without MODULE: all of them; "
		"without both: a table.\nThe log goes to where Jupyter was started.\n\n"
		"Example:\n  %loglevel\n  %loglevel DEBUG loader",
	.run = run_loglevel,
};
