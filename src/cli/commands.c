/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stddef.h>

const struct command *const commands[] = {
	&cmd_exec,
	&cmd_help,
	&cmd_version,
	NULL,
};
