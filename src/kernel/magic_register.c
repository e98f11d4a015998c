/* SPDX-License-Identifier: Apache-2.0 */
/* Magics that put a board on the list by hand, and take it off. */
#include "kernel/magic.h"

static bool not_available(struct kiln_kernel *k, const char *what)
{
	return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NO_BOARD),
				     "Device not available: '%s'", what);
}

static bool run_register(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *what = args->words[0];
	const struct kiln_board *known;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_board board;
	struct kiln_repl *repl;
	kiln_code code;

	kiln_kernel_configure(k);
	known = kiln_registry_find(k->board.registry, what);
	if (known && known->connected)
		return true;
	code = kiln_registry_connect(k->board.registry, what, &repl, &board, &err);
	if (code == KILN_E_NO_BOARD)
		return not_available(k, what);
	if (code != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	kiln_registry_disconnect(k->board.registry, repl);
	return true;
}

const struct kiln_magic kiln_magic_register = {
	.name = "register",
	.words = "URL",
	.min_words = 1,
	.max_words = 1,
	.summary = "Put a microcontroller on the list by its URL",
	.more = "It is asked who it is; after that %connect knows it by name and uid, and "
		"%discover lists it.\n\n"
		"Example:\n  %register rfc2217://192.168.1.7:4000\n  %register "
		"serial:///dev/ttyS0",
	.run = run_register,
};

static bool run_unregister(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *what = args->words[0];
	const struct kiln_board *known;
	struct kiln_err err = KILN_ERR_INIT;

	kiln_kernel_configure(k);
	known = kiln_registry_find(k->board.registry, what);
	if (!known)
		return not_available(k, what);
	if (k->board.chosen && strcmp(known->url, k->board.board.url) == 0) {
		kiln_kernel_board_release(k);
		k->board.chosen = false;
		kiln_kernel_keep(k, "url", "");
	}
	if (kiln_registry_forget(k->board.registry, what, &err) != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	return true;
}

const struct kiln_magic kiln_magic_unregister = {
	.name = "unregister",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.takes = KILN_TAKES_BOARDS,
	.summary = "Take a microcontroller off the list, by name, uid or URL",
	.more = "If it was connected, none is then. A board on a port that is looked at comes "
		"back with the next %discover.\n\n"
		"Example:\n  %unregister my_board",
	.run = run_unregister,
};
