/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_RUN_FIND_H
#define KILN_SIM_RUN_FIND_H

#include <limits.h>

#include <kiln/err.h>

/* What run mode runs. In the build tree it is the source tree's, else what was installed. */
struct sim_run_program {
	char node[PATH_MAX];    /* $KILN_NODE, or "node" for the PATH */
	char script[PATH_MAX];  /* sim/micropython/main.mjs */
	char package[PATH_MAX]; /* the folder of MicroPython's WebAssembly build */
};

/* Fails with: E_UNSUPPORTED; the hint says what to install. */
KILN_CHECK kiln_code sim_run_find(struct sim_run_program *ret_program, struct kiln_err *err);

#endif
