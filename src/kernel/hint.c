/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/hint.h"

#include <string.h>

/* Commands whose magic of the same name takes the same options. */
static bool is_magic(const char *verb, size_t n)
{
	static const char *const names[] = { "cp", "discover", "flash" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == n && memcmp(names[i], verb, n) == 0)
			return true;
	}
	return false;
}

void kiln_notebook_hint(struct kiln_buf *out, const char *hint)
{
	static const char quoted[] = "'kiln ";
	const char *at;

	while ((at = strstr(hint, quoted))) {
		const char *verb = at + sizeof(quoted) - 1;

		(void)kiln_buf_append(out, hint, (size_t)(at - hint) + 1);
		(void)kiln_buf_puts(out, is_magic(verb, strcspn(verb, " '")) ? "%" : "!kiln ");
		hint = verb;
	}
	(void)kiln_buf_puts(out, hint);
}
