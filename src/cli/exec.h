/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_EXEC_H
#define KILN_CLI_EXEC_H

#include <kiln/repl.h>

#include "base/buf.h"
#include "cli/cli.h"

/* Run a program on the board, show what it prints and how it ended; returns the exit code. */
int exec_program(struct cli *cli, struct kiln_repl *repl, const struct kiln_buf *code);

#endif
