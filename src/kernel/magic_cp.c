/* SPDX-License-Identifier: Apache-2.0 */
/* %cp: files between the host, the connected board, and other boards by their names. */
#include "kernel/magic.h"

#include <stdlib.h>
#include <string.h>

#include <kiln/files.h>

#include "base/text.h"
#include "hostfs/copy.h"
#include "kernel/state.h"

enum { CP_DEEP };
enum { WORDS_MAX = 64, PATH_SIZE = 4096 };

/* One word: where, and the path there. */
struct place {
	bool on_board;
	char board[256]; /* another board's name; empty: the connected one */
	const char *path;
	char expanded[PATH_SIZE]; /* of the host */
};

struct cp {
	struct kiln_kernel *k;
	struct place *places; /* the target stands last */
	size_t n;             /* sources */
	bool deep;
	struct kiln_repl *other_repl;
	struct kiln_files *here, *other; /* of the connected board, and of the one that is named */
};

/*
 * ":x" is on the connected board, "NAME:x" on the board of that name. A name may be a uid, which
 * has colons too: the longest that is known counts. What is known to nobody is a host's file.
 */
static bool split_board(struct kiln_kernel *k, const char *word, struct place *ret)
{
	for (size_t n = strlen(word); n > 0; n--) {
		if (word[n - 1] != ':' || n > sizeof(ret->board))
			continue;
		kiln_text_format(ret->board, sizeof(ret->board), "%.*s", (int)(n - 1), word);
		if (n == 1 || kiln_registry_find(k->board.registry, ret->board)) {
			ret->path = word + n;
			return true;
		}
	}
	ret->board[0] = '\0';
	return false;
}

static bool find_place(struct kiln_kernel *k, const char *word, struct place *ret)
{
	const struct kiln_board *known;
	struct kiln_err err = KILN_ERR_INIT;

	ret->on_board = split_board(k, word, ret);
	known = ret->board[0] ? kiln_registry_find(k->board.registry, ret->board) : NULL;
	if (known && k->board.chosen && strcmp(known->url, k->board.board.url) == 0)
		ret->board[0] = '\0';
	if (ret->on_board)
		return true;
	ret->path = ret->expanded;
	if (kiln_path_expand(word, ret->expanded, sizeof(ret->expanded)))
		return true;
	(void)kiln_fail(&err, KILN_E_INVALID, "cannot use '%s'", word);
	kiln_why(&err, "the name is too long");
	return kiln_kernel_fail_err(k, &err);
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->on_board == b->on_board && strcmp(a->board, b->board) == 0;
}

/* All sources must be in one place, and one of the two sides on a board. */
static kiln_code check_places(const struct cp *cp, struct kiln_err *err)
{
	const struct place *target = &cp->places[cp->n];
	const char *why = NULL;

	for (size_t i = 1; i < cp->n && !why; i++) {
		if (!same_place(&cp->places[0], &cp->places[i]))
			why = "the files to copy are not all in one place";
	}
	if (!cp->places[0].on_board && !target->on_board)
		why = "neither side is on the board";
	if (!why)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot copy to '%s'", target->path);
	kiln_why(err, "%s", why);
	kiln_hint(err, "a ':' in front of a path means the board; !cp copies on the host");
	return KILN_E_INVALID;
}

static bool connected_needed(const struct cp *cp)
{
	const struct place *source = &cp->places[0], *target = &cp->places[cp->n];

	return (source->on_board && !source->board[0]) || (target->on_board && !target->board[0]);
}

/* The board that is named on either side; two different ones are one too many. */
static kiln_code open_other(struct cp *cp, struct kiln_err *err)
{
	const struct place *source = &cp->places[0], *target = &cp->places[cp->n];
	const char *name = source->board[0] ? source->board : target->board;
	struct kiln_board board;

	if (!name[0])
		return KILN_OK;
	if (source->board[0] && target->board[0] && !same_place(source, target)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot copy from '%s' to '%s'", source->board,
				target->board);
		kiln_why(err, "neither is the connected board");
		kiln_hint(err, "%%connect one of them first");
		return KILN_E_INVALID;
	}
	KILN_TRY(kiln_registry_connect(cp->k->board.registry, name, &cp->other_repl, &board, err));
	return kiln_files_open(cp->other_repl, &cp->other, err);
}

static struct kiln_files *files_of(const struct cp *cp, const struct place *place)
{
	return place->board[0] ? cp->other : cp->here;
}

static kiln_code copy(struct cp *cp, struct kiln_err *err)
{
	const struct place *source = &cp->places[0], *target = &cp->places[cp->n];
	struct kiln_copy work = { .deep = cp->deep };
	const char *paths[WORDS_MAX];

	KILN_TRY(check_places(cp, err));
	if (cp->k->board.repl && connected_needed(cp))
		KILN_TRY(kiln_files_open(cp->k->board.repl, &cp->here, err));
	KILN_TRY(open_other(cp, err));
	for (size_t i = 0; i < cp->n; i++)
		paths[i] = cp->places[i].path;
	work.board = files_of(cp, source->on_board ? source : target);
	if (!source->on_board)
		return kiln_copy_to_board(&work, paths, cp->n, target->path, err);
	if (!target->on_board)
		return kiln_copy_from_board(&work, paths, cp->n, target->path, err);
	if (same_place(source, target))
		return kiln_copy_on_board(&work, paths, cp->n, target->path, err);
	return kiln_copy_across(&work, paths, cp->n, files_of(cp, target), target->path, err);
}

static bool run_parsed(struct cp *cp, const struct kiln_magic_args *args)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	for (size_t i = 0; i < args->n_words; i++) {
		if (!find_place(cp->k, args->words[i], &cp->places[i]))
			return false;
	}
	if (connected_needed(cp) && !kiln_kernel_board_need(cp->k))
		return false;
	code = copy(cp, &err);
	kiln_files_close(cp->here);
	kiln_files_close(cp->other);
	kiln_registry_disconnect(cp->k->board.registry, cp->other_repl);
	return code == KILN_OK || kiln_kernel_fail_err(cp->k, &err);
}

static bool run_cp(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct cp cp = { .k = k, .n = args->n_words - 1, .deep = args->flags[CP_DEEP] };
	bool good;

	cp.places = calloc(args->n_words, sizeof(*cp.places));
	if (!cp.places)
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NOMEM), "out of memory");
	good = run_parsed(&cp, args);
	free(cp.places);
	return good;
}

const struct kiln_magic kiln_magic_cp = {
	.name = "cp",
	.words = "SRC [SRC ...] DEST",
	.min_words = 2,
	.max_words = WORDS_MAX,
	.takes = KILN_TAKES_PATHS,
	.summary = "Copy files between host and board, and between boards",
	.more = "A ':' in front of a path means the connected board, NAME: another one. If DEST is "
		"a\nfolder the copies go into it. Each file is complete under its name or not "
		"there.\n\n"
		"Example:\n  %cp a.txt :\n  %cp a.txt b.txt :/lib/\n  %cp :a.txt ./\n"
		"  %cp -r lib :\n  %cp :main.py other_board:",
	.options =
		(const struct kiln_magic_option[]){
			[CP_DEEP] = { 'r', "recursive", NULL, "folders too, with all in them" },
			{ 0 },
		},
	.run = run_cp,
};
