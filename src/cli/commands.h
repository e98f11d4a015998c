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
extern const struct command cmd_fetch;
extern const struct command cmd_flash;
extern const struct command cmd_help;
extern const struct command cmd_kernel;
extern const struct command cmd_mip;
extern const struct command cmd_mpremote;
extern const struct command cmd_repl;
extern const struct command cmd_rfc2217_server;
extern const struct command cmd_sim;
extern const struct command cmd_partition_table;
extern const struct command cmd_nvs;
extern const struct command cmd_version;

/* The files of a board: cmd_ls.c, cmd_cp.c, cmd_fs.c */
extern const struct command cmd_cat;
extern const struct command cmd_cp;
extern const struct command cmd_df;
extern const struct command cmd_get;
extern const struct command cmd_ls;
extern const struct command cmd_mkdir;
extern const struct command cmd_mv;
extern const struct command cmd_put;
extern const struct command cmd_sync;
extern const struct command cmd_edit;
extern const struct command cmd_mount;
extern const struct command cmd_rm;
extern const struct command cmd_rmdir;
extern const struct command cmd_sha256sum;
extern const struct command cmd_stat;
extern const struct command cmd_touch;
extern const struct command cmd_tree;

/* Hidden: cmd_internal.c */
extern const struct command cmd_man;
extern const struct command cmd_completion;
extern const struct command cmd_ports;

/* All commands and common options. */
void cli_help_all(FILE *to);

#endif
