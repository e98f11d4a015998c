/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/path.h"

#include <string.h>

#include "base/text.h"

void kiln_path_base(const char *path, char *dst, size_t size)
{
	size_t n = strlen(path), from;

	while (n > 1 && path[n - 1] == '/')
		n--;
	from = n;
	while (from > 0 && path[from - 1] != '/')
		from--;
	kiln_text_format(dst, size, "%.*s", (int)(n - from), path + from);
}

void kiln_path_join(struct kiln_buf *out, const char *folder, const char *name)
{
	const size_t n = strlen(folder);

	(void)kiln_buf_printf(out, "%s%s%s", folder, n > 0 && folder[n - 1] != '/' ? "/" : "",
			      name);
}

const char *kiln_path_clean(const char *path, char *dst, size_t size)
{
	kiln_text_copy_untrusted(dst, size, path, strlen(path));
	return dst;
}

static int rank(unsigned char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : c + 1;
}

int kiln_path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank((unsigned char)*a) - rank((unsigned char)*b);
}

bool kiln_path_is_below(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}
