/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/whole.h"
#include "hostfs/path.h"

enum { LINE_MAX_LENGTH = 16 * 1024, SIZE_MAX_LENGTH = 64 * 1024 * 1024 };

struct edit {
	struct kiln_files *files;
	const char *path, *editor;
	char folder[256], file[600]; /* the copy */
	struct kiln_buf before, after;
	bool keep; /* the copy stays */
};

static kiln_code take(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	struct edit *e = user;

	(void)i;
	if (size > 0 && kiln_buf_append(&e->before, data, size) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot keep ':%s'", e->path);
	return KILN_OK;
}

static kiln_code fetch(struct edit *e, struct kiln_err *err)
{
	struct kiln_err why = KILN_ERR_INIT;
	const kiln_code code = kiln_files_get(e->files, &e->path, 1, take, NULL, e, &why);

	if (code == KILN_OK || code == KILN_E_NOT_FOUND)
		return KILN_OK;
	if (err)
		*err = why;
	return code;
}

static kiln_code make_copy(struct edit *e, struct kiln_err *err)
{
	const char *tmp = getenv("TMPDIR");
	char name[256];

	kiln_path_base(e->path, name, sizeof(name));
	if (!kiln_text_format(e->folder, sizeof(e->folder), "%s/kiln-edit-XXXXXX",
			      tmp && tmp[0] ? tmp : "/tmp") ||
	    !mkdtemp(e->folder)) {
		const int sys = errno;

		e->folder[0] = '\0';
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot make a folder for the copy");
	}
	kiln_text_format(e->file, sizeof(e->file), "%s/%s", e->folder, name);
	return whole_write(e->file, kiln_buf_span(&e->before), err);
}

/* It may have arguments: the shell takes it apart; the file is an argument of its own. */
static bool run_editor(const struct edit *e)
{
	const pid_t child = fork();
	struct kiln_buf line = KILN_BUF_INIT(LINE_MAX_LENGTH);
	int status = -1;

	if (child == 0) {
		(void)kiln_buf_printf(&line, "%s \"$1\"", e->editor);
		execl("/bin/sh", "sh", "-c", kiln_buf_str(&line), "sh", e->file, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static kiln_code put_back(struct edit *e, edit_end *ret_end, struct kiln_err *err)
{
	const struct kiln_buf *before = &e->before, *after = &e->after;
	const struct kiln_files_item item = { e->path, after->data, after->len, false };
	kiln_code code;

	if (before->len == after->len &&
	    (after->len == 0 || memcmp(before->data, after->data, after->len) == 0)) {
		*ret_end = EDIT_SAME;
		return KILN_OK;
	}
	code = kiln_files_put(e->files, &item, 1, NULL, err);
	e->keep = code != KILN_OK;
	if (e->keep)
		kiln_hint(err, "what you wrote is in '%s'", e->file);
	*ret_end = EDIT_WRITTEN;
	return code;
}

static kiln_code check_name(const struct edit *e, struct kiln_err *err)
{
	char name[256];

	kiln_path_base(e->path, name, sizeof(name));
	if (name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot edit ':%s'", e->path);
	kiln_why(err, "it names no file");
	return KILN_E_INVALID;
}

static kiln_code edit(struct edit *e, edit_end *ret_end, struct kiln_err *err)
{
	KILN_TRY(check_name(e, err));
	KILN_TRY(fetch(e, err));
	KILN_TRY(make_copy(e, err));
	if (!run_editor(e)) {
		*ret_end = EDIT_GIVEN_UP;
		return KILN_OK;
	}
	KILN_TRY(whole_read(e->file, &e->after, err));
	return put_back(e, ret_end, err);
}

kiln_code edit_file(struct kiln_files *files, const char *path, const char *editor,
		    edit_end *ret_end, struct kiln_err *err)
{
	struct edit e = {
		.files = files,
		.path = path,
		.editor = editor,
		.before = KILN_BUF_INIT(SIZE_MAX_LENGTH),
		.after = KILN_BUF_INIT(SIZE_MAX_LENGTH),
	};
	const kiln_code code = edit(&e, ret_end, err);

	if (e.folder[0] && !e.keep) {
		(void)unlink(e.file);
		(void)rmdir(e.folder);
	}
	kiln_buf_done(&e.before);
	kiln_buf_done(&e.after);
	return code;
}
