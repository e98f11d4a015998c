/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_MARKS_H
#define KILN_KERNEL_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * What the kernel's own code on the board says, in the midst of what the user's program prints:
 *
 *	1e  nonce, 8 characters  kind, 1 character  payload  1e
 *
 * The nonce is the kernel's own, so that no program prints such a thing by chance. Pure: text in,
 * text and marks out.
 */
enum {
	KILN_MARK = 0x1e, /* ASCII's record separator; the raw REPL has no use for it */
	KILN_MARK_NONCE = 8,
	KILN_MARK_HEAD = KILN_MARK_NONCE + 2, /* 1e, nonce, kind */
	KILN_MARK_MAX = 1 << 20,              /* bytes of a payload; what is longer is cut */
};

struct kiln_marks {
	char nonce[KILN_MARK_NONCE + 1];
	void (*text)(void *user, const char *text, size_t n);
	void (*mark)(void *user, char kind, const char *payload, size_t n);
	void *user;
	struct kiln_buf held; /* what may be a mark: head and payload */
};

void kiln_marks_init(struct kiln_marks *marks, const char *nonce);
void kiln_marks_put(struct kiln_marks *marks, const char *text, size_t n);
/* No more comes: a mark that was begun is text after all. */
void kiln_marks_end(struct kiln_marks *marks);
void kiln_marks_done(struct kiln_marks *marks);

#endif
