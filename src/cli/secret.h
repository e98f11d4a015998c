/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_SECRET_H
#define KILN_CLI_SECRET_H

#include "cli/cli.h"

/* kiln_host.secret of the command line, `user` being its struct cli: what is written down, else a
 * question in the terminal, if there is one. */
bool cli_secret(void *user, const char *url, const char *what, char *ret_secret, size_t size);

/* Take the logins out of ports' URLs on the command line: neither `ps` nor what is printed shows
 * them. */
void cli_take_logins(struct cli *cli, int argc, char **argv);

#endif
