/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_DEFINITIONS_H
#define KILN_KERNEL_DEFINITIONS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * What the cells of this session define: boards keep neither signatures nor docstrings nor source.
 * Pure. Strings in a definition's head are not looked into.
 */
struct kiln_definition {
	struct kiln_span signature; /* "def area(w, h=2)" */
	struct kiln_span doc;       /* without its quotes; empty: there is none */
	struct kiln_span source;    /* all of it */
};

/* The last definition of a function or class of this name in `code`. */
bool kiln_definition_find(struct kiln_span code, struct kiln_span name,
			  struct kiln_definition *ret_definition);

#endif
