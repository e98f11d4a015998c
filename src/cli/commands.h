/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_COMMANDS_H
#define KILN_CLI_COMMANDS_H

#include "cli/cli.h"

/* One line a command, in the order in which `kiln help` shows them. */
extern const struct command cmd_version;

#endif
