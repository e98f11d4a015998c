/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/entries.h"

#include <stdlib.h>
#include <string.h>

#include "hostfs/path.h"

static void keep(void *user, const struct kiln_file_info *info)
{
	struct entries *all = user;
	struct entry *e;

	if (all->n == all->cap) {
		const size_t cap = all->cap ? 2 * all->cap : 64;
		struct entry *grown = reallocarray(all->items, cap, sizeof(*grown));

		if (!grown) {
			all->no_memory = true;
			return;
		}
		all->items = grown;
		all->cap = cap;
	}
	e = &all->items[all->n];
	*e = (struct entry){ strdup(info->path), info->kind == KILN_FILE_FOLDER, info->size,
			     info->mtime };
	if (e->path)
		all->n++;
	else
		all->no_memory = true;
}

static int by_path(const void *a, const void *b)
{
	return kiln_path_order(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

kiln_code entries_list(struct kiln_files *files, const char *path, bool deep,
		       struct entries *ret_entries, struct kiln_err *err)
{
	KILN_TRY(kiln_files_list(files, path, deep, keep, ret_entries, err));
	if (ret_entries->no_memory)
		return kiln_fail(err, KILN_E_NOMEM, "cannot list ':%s'", path);
	if (ret_entries->n > 0)
		qsort(ret_entries->items, ret_entries->n, sizeof(*ret_entries->items), by_path);
	return KILN_OK;
}

void entries_done(struct entries *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->items[i].path);
	free(all->items);
}
