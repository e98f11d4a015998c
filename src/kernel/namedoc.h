/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_NAMEDOC_H
#define KILN_KERNEL_NAMEDOC_H

#include "base/bytes.h"

/*
 * What MicroPython's own names are: signatures and a sentence each, since boards keep neither. The
 * table is made of data/names by tools/embed-names, sorted by name. Pure.
 */
struct kiln_namedoc {
	const char *name;      /* "print", "machine", "machine.Pin.on" */
	const char *signature; /* "(x=None)"; "": it is not called */
	const char *doc;
};

extern const struct kiln_namedoc kiln_namedocs[];
extern const size_t kiln_namedocs_n;

/* By the whole name; NULL: not known. */
const struct kiln_namedoc *kiln_namedoc_find(struct kiln_span name);

/* Of `machine.Pin.on` by "Pin.on", as who has imported Pin writes; NULL: none, or several. */
const struct kiln_namedoc *kiln_namedoc_ending(struct kiln_span name);

/* Names directly below `owner` ("machine"), one by one; `*at` begins at 0. NULL: no more. */
const struct kiln_namedoc *kiln_namedoc_below(struct kiln_span owner, size_t *at);

/* Is it a module? */
bool kiln_namedoc_is_module(const struct kiln_namedoc *entry);

#endif
