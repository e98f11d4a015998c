/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_NOW_RUNS_H
#define KILN_CLI_NOW_RUNS_H

#include "cli/render.h"

/*
 * Say what runs on a board that was just flashed and reset: MicroPython's own words, or what the
 * boot log says. A program that is no MicroPython is no failure; a board that does not boot is.
 * Fails with: E_WRONG_MODE (it does not boot), and what kiln_link_open fails with.
 */
KILN_CHECK kiln_code now_runs(struct render *render, const char *url, struct kiln_err *err);

#endif
