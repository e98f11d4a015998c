/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/personas.h"

#include <string.h>

#include "cli/commands.h"

/* Each name is a link to the program, made and installed by meson.build. */
static const struct {
	const char *name;
	const struct command *command;
} personas[] = {
	{ "esptool.py", &cmd_esptool },
	{ "esptool", &cmd_esptool },
};

const struct command *persona_of(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;

	for (size_t i = 0; i < sizeof(personas) / sizeof(personas[0]); i++) {
		if (strcmp(personas[i].name, name) == 0)
			return personas[i].command;
	}
	return NULL;
}
