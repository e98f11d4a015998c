/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_ARGFILE_H
#define KILN_CLI_ARGFILE_H

#include <kiln/err.h>

#include "base/bytes.h"

/* A command line in which each @FILE has become the words of that file. */
struct argfile {
	char **argv; /* heap, and so are its words; ended by NULL */
	int argc;
	bool expanded; /* there was an @FILE */
};

/*
 * Copy a command line, with the files read. A line of a file is split as a shell does: at blanks,
 * '..' literal, ".." with \" and \\, and \ before any other character. Files within files are not
 * opened. Fails with: E_NOT_FOUND, E_DENIED, E_IO, E_INVALID (an open quote), E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code argfile_expand(int argc, char **argv, struct argfile *ret,
				    struct kiln_err *err);
void argfile_done(struct argfile *args);

/* Append the words of one line. Pure. Fails with: E_INVALID, E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code argfile_split(struct kiln_span line, struct argfile *args,
				   struct kiln_err *err);

#endif
