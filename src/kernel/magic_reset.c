/* SPDX-License-Identifier: Apache-2.0 */
/* Magics that start the board anew: its interpreter, or all of it. */
#include "kernel/magic.h"

#include <math.h>

#define RED_ON_CYAN "\033[46m\033[31m"
#define PLAIN "\033[0m"

enum { SOFTRESET_QUIET };
enum { HARDRESET_SECONDS };

static void show_text(void *user, const char *text, size_t n)
{
	kiln_kernel_text(user, KILN_STDOUT, text, n);
}

static void keep_text(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n); /* boot.py that says more than fits is cut */
}

/* The line that tells of the restart: "soft reboot", with "MPY: " or "PYB: " before it or none. */
static const char *find_reboot(const char *text)
{
	const char *at = strstr(text, "soft reboot\n");

	if (at && at - text >= 5 && strncmp(at - 2, ": ", 2) == 0)
		at -= 5;
	return at;
}

/* What boot.py printed; that the interpreter has restarted is known. */
static void show_boot(struct kiln_kernel *k, const struct kiln_buf *text)
{
	const char *begin = kiln_buf_str(text), *at = find_reboot(begin);
	const char *rest = at ? strchr(at, '\n') + 1 : begin;

	while (at > begin && at[-1] == '\n')
		at--;
	if (at > begin)
		kiln_kernel_print(k, KILN_STDOUT, "%.*s\n", (int)(at - begin), begin);
	kiln_kernel_text(k, KILN_STDOUT, rest, strlen(rest));
}

static void print_banner(struct kiln_kernel *k, const char *name)
{
	static const char line[] = "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!";

	kiln_kernel_print(k, KILN_STDOUT,
			  RED_ON_CYAN "%s" PLAIN "\n" RED_ON_CYAN "!!!!!   %s ...     !!!!!" PLAIN
				      "\n" RED_ON_CYAN "%s" PLAIN "\n",
			  line, name, line);
}

static bool run_softreset(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct kiln_buf text = KILN_BUF_INIT(256 * 1024);
	const struct kiln_repl_output output = { .text = keep_text, .user = &text };
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	if (!kiln_kernel_board_need(k))
		return false;
	k->board.hooks = 0;
	if (!args->flags[SOFTRESET_QUIET])
		print_banner(k, "softreset");
	code = kiln_repl_soft_reset(k->board.repl, false, &output, &err);
	show_boot(k, &text);
	kiln_buf_done(&text);
	if (code == KILN_OK)
		return true;
	kiln_kernel_board_release(k);
	return kiln_kernel_fail_err(k, &err);
}

const struct kiln_magic kiln_magic_softreset = {
	.name = "softreset",
	.summary = "Start the board's interpreter afresh",
	.more = "Variables and imports are gone. boot.py runs, main.py does not.\n\n"
		"Example:\n  %softreset",
	.options =
		(const struct kiln_magic_option[]){
			[SOFTRESET_QUIET] = { 'q', "quiet", NULL, "no banner" },
			{ 0 },
		},
	.run = run_softreset,
};

/* ---- %hardreset ---- */

static bool read_seconds(const char *text, double *ret_seconds)
{
	char *end;
	const double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0 || seconds > 3600)
		return false;
	*ret_seconds = seconds;
	return true;
}

/* A board with USB of its own takes its port along; the next cell opens it when it is back. */
static bool finish_hardreset(struct kiln_kernel *k, kiln_code code,
			     const struct kiln_repl_result *result, const struct kiln_err *err)
{
	if (code != KILN_OK)
		kiln_kernel_board_release(k);
	if (code == KILN_E_PORT_GONE) {
		kiln_kernel_print(k, KILN_STDOUT, "(the port went away with the board)\n");
		return true;
	}
	if (code != KILN_OK)
		return kiln_kernel_fail_err(k, err);
	if (result->exception)
		kiln_kernel_fail_traceback(k, result->ename, result->evalue, result->traceback);
	else if (result->interrupted)
		(void)kiln_kernel_fail_text(k, "KeyboardInterrupt", "interrupted");
	return !result->exception && !result->interrupted;
}

static bool run_hardreset(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const struct kiln_repl_output output = { .text = show_text, .user = k };
	const char *given = args->values[HARDRESET_SECONDS];
	struct kiln_repl_result result = { .exception = false };
	struct kiln_err err = KILN_ERR_INIT;
	double seconds = 2.5;
	kiln_code code;
	bool good;

	if (given && !read_seconds(given, &seconds))
		return kiln_magic_usage_error(k, args, "argument -t/--time: invalid value: '%s'",
					      given);
	if (!kiln_kernel_board_need(k))
		return false;
	k->board.hooks = 0;
	print_banner(k, "hardreset");
	code = kiln_repl_hard_reset(k->board.repl, (kiln_ms)(seconds * 1000), &output, &result,
				    &err);
	good = finish_hardreset(k, code, &result, &err);
	kiln_repl_result_done(&result);
	return good;
}

const struct kiln_magic kiln_magic_hardreset = {
	.name = "hardreset",
	.summary = "Reset the board with machine.reset()",
	.more = "What boot.py and main.py print is shown, until the board's prompt comes or the "
		"time is up.\nThe next cell stops main.py.\n\n"
		"Example:\n  %hardreset\n  %hardreset -t 10",
	.options =
		(const struct kiln_magic_option[]){
			[HARDRESET_SECONDS] = { 't', "time", "SECONDS",
						"how long to listen (2.5)" },
			{ 0 },
		},
	.run = run_hardreset,
};
