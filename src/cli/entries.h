/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_ENTRIES_H
#define KILN_CLI_ENTRIES_H

#include <kiln/files.h>

/* What is in a folder of a board, sorted: a folder stands right before what is in it. */
struct entry {
	char *path; /* from the folder on */
	bool is_folder;
	uint64_t size;
	int64_t mtime; /* as in kiln_file_info */
};

struct entries {
	struct entry *items;
	size_t n, cap;
	bool no_memory;
};

/* `deep`: and what is below it. Fails as kiln_files_list does; entries_done is for the caller. */
KILN_CHECK kiln_code entries_list(struct kiln_files *files, const char *path, bool deep,
				  struct entries *ret_entries, struct kiln_err *err);
void entries_done(struct entries *all);

#endif
