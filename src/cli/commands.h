/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_COMMANDS_H
#define KILN_CLI_COMMANDS_H

#include <stdio.h>

#include "cli/cli.h"

/* One line a command, in the order in which `kiln help` shows them. */
extern const struct command cmd_discover;
extern const struct command cmd_doctor;
extern const struct command cmd_exec;
extern const struct command cmd_esptool;
extern const struct command cmd_flash;
extern const struct command cmd_help;
extern const struct command cmd_kernel;
extern const struct command cmd_sim;
extern const struct command cmd_partition_table;
extern const struct command cmd_nvs;
extern const struct command cmd_version;

/* Hidden: cmd_internal.c */
extern const struct command cmd_man;
extern const struct command cmd_completion;
extern const struct command cmd_ports;

/* All commands and common options. */
void cli_help_all(FILE *to);

#endif
