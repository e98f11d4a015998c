/* SPDX-License-Identifier: Apache-2.0 */
/* Magics that find and choose boards. */
#include "kernel/host.h"
#include "kernel/magic.h"

#include <kiln/port.h>

#include "base/text.h"
#include "discover/format.h"

/* ---- %discover ---- */

enum { DISCOVER_ALL, DISCOVER_VERBOSE, DISCOVER_FORCE };

enum { TEXT_MAX = 512 * 1024 };

static bool list_ports(struct kiln_kernel *k)
{
	struct kiln_buf text = KILN_BUF_INIT(TEXT_MAX);
	struct kiln_port_list list = { 0 };
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_ports_scan(&k->host, &list, &err) != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	for (size_t i = 0; i < list.n; i++)
		(void)kiln_port_format(&text, &list.ports[i]);
	if (list.n == 0)
		(void)kiln_buf_puts(&text, "No serial ports\n");
	kiln_kernel_text(k, KILN_STDOUT, kiln_buf_str(&text), text.len);
	kiln_buf_done(&text);
	kiln_ports_done(&list);
	return true;
}

static void list_failures(struct kiln_kernel *k)
{
	for (size_t i = 0; i < kiln_registry_failures(k->board.registry); i++) {
		const struct kiln_board_failure *f = kiln_registry_failure(k->board.registry, i);

		kiln_kernel_print(k, KILN_STDERR, "%s: %s: %s\n", f->url, f->err.what, f->err.why);
		kiln_kernel_print_hint(k, &f->err);
	}
}

static bool run_discover(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (args->flags[DISCOVER_ALL])
		return list_ports(k);
	/* while another cell runs, what is known must do: its board must not wait for ports */
	if (!k->aside)
		kiln_kernel_configure(k);
	if (!k->aside && kiln_registry_scan(k->board.registry, args->flags[DISCOVER_FORCE],
					    KILN_REGISTRY_BUDGET_MS, &err) != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	kiln_kernel_show_boards(k, args->flags[DISCOVER_VERBOSE]);
	if (args->flags[DISCOVER_VERBOSE])
		list_failures(k);
	return true;
}

const struct kiln_magic kiln_magic_discover = {
	.name = "discover",
	.summary = "Discover available microcontrollers",
	.more = "A board is listed once a short program has run on it. A notebook shows a table,\n"
		"with what was plugged in or pulled out since the last time, and the ports that "
		"do\n"
		"not answer.\n\n"
		"Example:\n  %discover\n  %discover --all",
	.options =
		(const struct kiln_magic_option[]){
			[DISCOVER_ALL] = { 'a', "all", NULL,
					   "list all serial ports, with or without a board" },
			[DISCOVER_VERBOSE] = { 'v', "verbose", NULL,
					       "also show uids, what came and went, and why a "
					       "port shows no board" },
			[DISCOVER_FORCE] = { 'f', "force", NULL,
					     "ask known boards and failed ports again" },
			{ 0 },
		},
	.run = run_discover,
};

/* ---- %connect ---- */

enum { CONNECT_QUIET };

/*
 * A name stands for whatever port the board is on; schemes say which kinds of port may be used.
 * Boards are only known by one port each, so they decide whether that one will do.
 */
static bool scheme_wanted(const struct kiln_board *board, const struct kiln_magic_args *args)
{
	const size_t n = strcspn(board->url, ":");

	for (size_t i = 1; i < args->n_words; i++) {
		if (strlen(args->words[i]) == n && strncmp(board->url, args->words[i], n) == 0)
			return true;
	}
	return args->n_words == 1;
}

static bool run_connect(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *what = args->words[0];
	const struct kiln_board *known;

	kiln_kernel_configure(k);
	known = kiln_registry_find(k->board.registry, what);
	if (known && !scheme_wanted(known, args))
		return kiln_kernel_fail_text(k, "KILN_E_NO_BOARD", "Device not available: '%s'",
					     what);
	if (!kiln_kernel_board_choose(k, what))
		return false;
	if (!args->flags[CONNECT_QUIET])
		kiln_kernel_board_announce(k);
	kiln_kernel_board_remember(k);
	return true;
}

const struct kiln_magic kiln_magic_connect = {
	.name = "connect",
	.words = "NAME [SCHEME ...]",
	.min_words = 1,
	.max_words = 8,
	.takes = KILN_TAKES_BOARDS,
	.summary = "Connect to a microcontroller by name, uid or URL",
	.more = "Cells run on the connected board, also when the notebook is opened again. A URL "
		"also registers the board.\n\n"
		"Example:\n  %connect 24:0a:c4:12:87:7c\n  %connect my_board serial\n"
		"  %connect serial:///dev/ttyUSB0",
	.options =
		(const struct kiln_magic_option[]){
			[CONNECT_QUIET] = { 'q', "quiet", NULL, "say nothing when it works" },
			{ 0 },
		},
	.run = run_connect,
};
