/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_CELL_H
#define KILN_KERNEL_CELL_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * A notebook cell as a row of parts that run one after the other. Pure.
 *
 *	%connect demo         MAGIC  text "connect demo"
 *	import sys            BOARD  text: both lines, with their newlines
 *	print(sys.platform)
 *	!ls                   BASH   text "ls"
 *
 * A cell whose first line that is not blank begins with %%: one part CELL_MAGIC, text is that
 * line without %%, body what follows it. A % or ! counts at the very beginning of a line only,
 * where a statement may begin: not inside of a string or a bracket, or after a backslash.
 *
 *	struct kiln_cell cell;
 *	struct kiln_part part;
 *	kiln_cell_init(&cell, code);
 *	while (kiln_cell_next(&cell, &part))
 *		...
 */
typedef enum kiln_part_kind {
	KILN_PART_BOARD = 1,
	KILN_PART_MAGIC,
	KILN_PART_BASH,
	KILN_PART_CELL_MAGIC,
} kiln_part_kind;

struct kiln_part {
	kiln_part_kind kind;
	struct kiln_span text, body; /* borrowed from the code */
	size_t line;                 /* of the cell, from 0, where text begins */
};

struct kiln_cell {
	struct kiln_span rest;
	size_t line;
	bool begun;
};

void kiln_cell_init(struct kiln_cell *cell, struct kiln_span code);
/* False at the end. Board parts with nothing but blank lines and comments are left out. */
bool kiln_cell_next(struct kiln_cell *cell, struct kiln_part *ret_part);

/* Does a magic or bash line begin here? */
bool kiln_cell_is_magic_line(struct kiln_span line);

#endif
