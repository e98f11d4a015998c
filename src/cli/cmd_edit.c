/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit: files of a board in the user's editor.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/fs.h"

static const char *editor(void)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return value;
	}
	return "vi";
}

static void say(const struct fs *fs, const char *path, edit_end end)
{
	char clean[512];

	if (fs->params.json)
		cli_json(json_pack("{s:s, s:s, s:b}", "event", "edit", "path", path, "changed",
				   end == EDIT_WRITTEN));
	else
		printf("%s: %s\n", kiln_path_clean(path, clean, sizeof(clean)),
		       end == EDIT_WRITTEN ? "written" : "unchanged");
}

static kiln_code work_edit(struct fs *fs, struct kiln_err *err)
{
	for (size_t i = 0; i < fs->words.n; i++) {
		const char *path = fs_board_path(fs->words.items[i]);
		edit_end end;

		KILN_TRY(edit_file(fs->files, path, editor(), &end, err));
		if (end == EDIT_GIVEN_UP) {
			(void)kiln_fail(err, KILN_E_IO, "cannot edit ':%s'", path);
			kiln_why(err, "the editor '%s' ended with an error", editor());
			kiln_hint(err, "$VISUAL or $EDITOR names the editor");
			return KILN_E_IO;
		}
		say(fs, path, end);
	}
	return KILN_OK;
}

static int run_edit(struct cli *cli, const struct command *self, int argc, char **argv)
{
	return fs_run(cli, self, argc, argv, 1, 0, work_edit);
}

static const struct opt options[] = { FS_OPTIONS, { 0 } };

const struct command cmd_edit = {
	.name = "edit",
	.summary = "edit files of a board",
	.usage = "[-p PORT] [--json] PATH...",
	.description =
		"Get each file from a board, run $VISUAL, $EDITOR or vi on a copy, and put it back "
		"if it was changed. A file that is not there begins empty. If the editor fails "
		"nothing is written; if the board can't take the file, the copy is kept and "
		"named.",
	.options = options,
	.run = run_edit,
	.examples = (const char *const[]){ "kiln edit main.py", "Edit a file on the board.", NULL },
};
