/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stddef.h>

/* clang-format off: one a line, so that two additions do not meet */
const struct command *const commands[] = {
	&cmd_exec,
	&cmd_help,
	&cmd_version,
	NULL,
};
/* clang-format on */
