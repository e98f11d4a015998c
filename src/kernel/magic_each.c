/* SPDX-License-Identifier: Apache-2.0 */
/* %%connect: one cell on many boards, one after the other. */
#include "base/text.h"
#include "kernel/host.h"
#include "kernel/magic.h"

#define BLACK_ON_CYAN "\033[46m\033[30m"
#define PLAIN "\033[0m"

enum { EACH_ALL, EACH_HOST, EACH_QUIET };
enum { EACH_MAX = 64, NAME_SIZE = 256 }; /* a name may be a URL */

struct names {
	char names[EACH_MAX][NAME_SIZE];
	size_t n;
};

/* The others get their turn, so what this one said of its failure is shown at once. */
static void show_failure(struct kiln_kernel *k)
{
	struct failure *f = &k->failure;
	json_t *line;
	size_t i;

	if (f->shown)
		return;
	json_array_foreach(f->traceback, i, line)
		kiln_kernel_print(k, KILN_STDERR, "%s\n", json_string_value(line));
	f->shown = true;
}

static bool was_interrupted(const struct kiln_kernel *k)
{
	return k->interrupted || k->halted || strcmp(k->failure.ename, "KeyboardInterrupt") == 0;
}

static void print_heading(struct kiln_kernel *k, const struct kiln_magic_args *args,
			  const char *name)
{
	if (!args->flags[EACH_QUIET])
		kiln_kernel_print(k, KILN_STDOUT, "\n" BLACK_ON_CYAN "----- %s" PLAIN "\n", name);
}

static bool run_on_host(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	print_heading(k, args, "host");
	if (kiln_python_run(k, args->body))
		return true;
	show_failure(k);
	return false;
}

static bool run_on_each(struct kiln_kernel *k, const struct kiln_magic_args *args,
			const struct names *list)
{
	bool good = true;

	for (size_t i = 0; i < list->n; i++) {
		print_heading(k, args, list->names[i]);
		if (kiln_kernel_board_choose(k, list->names[i]) &&
		    kiln_kernel_run_cell(k, args->body))
			continue;
		good = false;
		show_failure(k);
		if (was_interrupted(k))
			break;
	}
	return good;
}

/* All boards that answer. False: it was said why not. */
static bool list_all(struct kiln_kernel *k, struct names *ret_list)
{
	const struct kiln_registry *registry = k->board.registry;
	struct kiln_err err = KILN_ERR_INIT;
	size_t n = 0;

	kiln_kernel_configure(k);
	if (kiln_registry_scan(k->board.registry, false, KILN_REGISTRY_BUDGET_MS, &err) != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	for (; n < EACH_MAX && n < kiln_registry_count(registry); n++)
		kiln_text_copy(ret_list->names[n], NAME_SIZE,
			       kiln_registry_board(registry, n)->name);
	if (n == 0)
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NO_BOARD),
					     "No devices available");
	ret_list->n = n;
	return true;
}

/* Other cells go on with the board that was current before. */
static bool run_and_return(struct kiln_kernel *k, const struct kiln_magic_args *args,
			   const struct names *list)
{
	const bool chosen = k->board.chosen;
	const struct kiln_board before = k->board.board;
	const bool good = run_on_each(k, args, list);

	if (chosen && strcmp(k->board.board.url, before.url) != 0) {
		kiln_kernel_board_release(k);
		k->board.board = before;
	}
	return good;
}

static bool run_each(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const bool all = args->flags[EACH_ALL];
	struct names list = { .n = args->n_words };
	bool good = true;

	if (all && args->n_words > 0)
		return kiln_magic_usage_error(k, args, "--all goes without names");
	for (size_t i = 0; i < args->n_words; i++)
		kiln_text_copy(list.names[i], NAME_SIZE, args->words[i]);
	if (args->flags[EACH_HOST])
		good = run_on_host(k, args);
	if (!good && was_interrupted(k))
		return false;
	if (all && !list_all(k, &list))
		return false;
	if (list.n == 0 && !args->flags[EACH_HOST])
		return kiln_kernel_run_cell(k, args->body);
	return run_and_return(k, args, &list) && good;
}

const struct kiln_magic kiln_magic_cell_connect = {
	.name = "connect",
	.cell = true,
	.words = "[NAME ...]",
	.max_words = EACH_MAX,
	.takes = KILN_TAKES_BOARDS,
	.summary = "Run the cell on each of the named microcontrollers in turn",
	.more = "Without names: on the connected one. One that is not there, or where the cell "
		"fails, does not stop the others; the cell fails then.\n\n"
		"Example:\n  %%connect kitchen garden\n  print(sys.platform)",
	.options =
		(const struct kiln_magic_option[]){
			[EACH_ALL] = { 'a', "all", NULL, "all boards that %discover lists" },
			[EACH_HOST] = { 0, "host", NULL, "first in the host's Python, as %%host" },
			[EACH_QUIET] = { 'q', "quiet", NULL, "no header before each one's output" },
			{ 0 },
		},
	.run = run_each,
};
