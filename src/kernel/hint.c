/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/hint.h"

#include <string.h>

/* Commands that have a magic which takes the same options. */
static const char *magic_of(const char *verb, size_t n)
{
	static const struct {
		const char *verb, *magic;
	} magics[] = { { "cp", "cp" },    { "discover", "discover" }, { "flash", "flash" },
		       { "ls", "rlist" }, { "mip", "mip" },           { "rm", "rm" } };

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (strlen(magics[i].verb) == n && memcmp(magics[i].verb, verb, n) == 0)
			return magics[i].magic;
	}
	return NULL;
}

void kiln_notebook_hint(struct kiln_buf *out, const char *hint)
{
	static const char quoted[] = "'kiln ";
	const char *at;

	while ((at = strstr(hint, quoted))) {
		const char *verb = at + sizeof(quoted) - 1;
		const size_t n = strcspn(verb, " '");
		const char *magic = magic_of(verb, n);

		(void)kiln_buf_append(out, hint, (size_t)(at - hint) + 1);
		if (magic)
			(void)kiln_buf_printf(out, "%%%s", magic);
		else
			(void)kiln_buf_printf(out, "!kiln %.*s", (int)n, verb);
		hint = verb + n;
	}
	(void)kiln_buf_puts(out, hint);
}
