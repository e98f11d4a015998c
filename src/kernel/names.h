/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_NAMES_H
#define KILN_KERNEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/*
 * What stands at the cursor: what could be completed there, or asked about. Pure. Jupyter counts
 * in code points (protocol 5.2), everything else here is in bytes of UTF-8.
 */
typedef enum kiln_place_kind {
	KILN_PLACE_NONE = 0,
	KILN_PLACE_NAME,       /* a name of the program */
	KILN_PLACE_ATTRIBUTE,  /* after a dot: of `owner` */
	KILN_PLACE_MAGIC,      /* after % at the start of a line; also %% */
	KILN_PLACE_OPTION,     /* of the magic `owner`, from its dashes on */
	KILN_PLACE_HOST_PATH,  /* a word of a magic or a shell line */
	KILN_PLACE_BOARD_PATH, /* in a string of the program */
} kiln_place_kind;

struct kiln_place {
	kiln_place_kind kind;
	struct kiln_span word;  /* from its beginning to the cursor */
	struct kiln_span owner; /* "machine.Pin", "connect" */
};

struct kiln_place kiln_place_at(struct kiln_span code, size_t cursor);

/* The dotted name that the cursor is in, behind, or in the brackets of; empty: none. */
struct kiln_span kiln_name_at(struct kiln_span code, size_t cursor);

/* "name?", "name??", "?name": the whole of the code asks about a name, or a magic ("?%name"). */
bool kiln_is_question(struct kiln_span code, struct kiln_span *ret_name);

size_t kiln_bytes_of_points(struct kiln_span text, size_t points);
size_t kiln_points_of_bytes(struct kiln_span text, size_t bytes);

#endif
