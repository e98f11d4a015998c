/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_CSV_H
#define KILN_IMAGE_CSV_H

#include <kiln/err.h>

#include "base/buf.h"

/*
 * Rows of CSV text as spreadsheets and Python's csv module write them (RFC 4180): fields in quotes
 * may hold commas, line ends and doubled quotes. Lines that begin with '#' and empty ones are left
 * out.
 */
enum { KILN_CSV_FIELDS = 16 };

struct kiln_csv {
	struct kiln_span rest;
	unsigned line; /* of the row's first line, from 1 */
	unsigned next_line;
	struct kiln_buf text; /* the row's fields, each ended by a zero */
	const char *fields[KILN_CSV_FIELDS];
	size_t n;
};

/* A bound on what a row may hold. */
void kiln_csv_init(struct kiln_csv *csv, struct kiln_span text, size_t max);
void kiln_csv_done(struct kiln_csv *csv);

/* The next row; *ret_found is false at the end. `why` gets a text on failure. Fails with: E_IMAGE
 * (a quote that never ends, a zero byte, too many fields), E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code kiln_csv_next(struct kiln_csv *csv, bool *ret_found, const char **ret_why);

#endif
