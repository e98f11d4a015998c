/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_PERSONAS_H
#define KILN_CLI_PERSONAS_H

#include "cli/cli.h"

/* The command that the program is when it is called by this name (argv[0]); NULL: it is kiln. */
const struct command *persona_of(const char *argv0);

#endif
