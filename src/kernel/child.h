/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_CHILD_H
#define KILN_KERNEL_CHILD_H

#include "kernel/kernel_impl.h"

/* A program that a cell runs, in front of whoever waits for the cell. */
struct kiln_child_job {
	const char *const *argv; /* ended by NULL; argv[0] is looked for in PATH */
	/* What it writes is kept here instead of shown; NULL: shown. Full ones are marked failed.
	 */
	struct kiln_buf *out, *err;
};

enum { KILN_SCRIPT_MAX = 120 * 1024 }; /* of an argument: Linux takes 128 KiB (MAX_ARG_STRLEN) */

/* Run it to its end. A status other than 0, a signal and an interrupt fail the cell. */
bool kiln_kernel_child(struct kiln_kernel *k, const struct kiln_child_job *job);

#endif
