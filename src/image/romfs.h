/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_ROMFS_H
#define KILN_IMAGE_ROMFS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * ROMFS images: MicroPython's read-only file system, which is used where it lies in flash. Pure.
 * (MicroPython docs/reference/romfs.rst and extmod/vfs_rom.c.)
 *
 *	image     D2 CD 31 | length of the records | records
 *	record    kind | length of the payload | payload
 *
 *	kind 4    folder: length of its name, name, records of what is in it
 *	     5    file: length of its name, name, one of:
 *	     2       its bytes
 *	     3       length and offset (from the image's start) of its bytes, which lie elsewhere
 *	     0, 1    nothing, padding
 *
 * Numbers are unsigned, seven bits a byte, the most significant ones first, each but the last with
 * bit 7 set. The length in the header may have a leading 80, so that the records are aligned.
 */
enum { KILN_ROMFS_MAX = 64 * 1024 * 1024, KILN_ROMFS_DEEPEST = 32 };

struct kiln_romfs_item {
	const char *path; /* "lib/x.py" */
	const void *data;
	size_t n;
	bool folder;
};

/*
 * Append the image of n items. They stand in the order of kiln_path_order: a folder before what is
 * in it, and that together. Fails with: E_INVALID (a path without its folder before it, too deep,
 * an empty name), E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_romfs_build(struct kiln_buf *out, const struct kiln_romfs_item *items,
				      size_t n, struct kiln_err *err);

/* The length of the image that `data` begins with, header and all; 0: it does not begin with one.
 * `data` may be cut off behind the header. */
uint64_t kiln_romfs_size(struct kiln_span data);

/*
 * Call `found` for each entry, folders first; its path and data are borrowed for the call.
 * Fails with: E_IMAGE (why: what is wrong where), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_romfs_read(struct kiln_span data,
				     void (*found)(void *user, const struct kiln_romfs_item *item),
				     void *user, struct kiln_err *err);

#endif
