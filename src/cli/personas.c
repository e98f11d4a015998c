/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/personas.h"

#include <string.h>

#include "cli/commands.h"

/* Each name is a link to the program, made and installed by meson.build. */
const struct command *persona_of(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;

	for (size_t i = 0; commands[i]; i++) {
		const char *const *personas = commands[i]->personas;

		for (size_t j = 0; personas && personas[j]; j++) {
			if (strcmp(personas[j], name) == 0)
				return commands[i];
		}
	}
	return NULL;
}
