/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What needs one short program each.
 */
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"

#include "base/text.h"

/* One row a verb: which program, and its words. */
static kiln_code run_verb(struct kiln_files *files, const char *program, const char *verb,
			  const char *const paths[2], const char *rest, struct kiln_buf *ret_text,
			  struct kiln_err *err)
{
	struct kiln_buf args = KILN_BUF_INIT(64 * 1024);
	char what[160];
	kiln_code code = kiln_files_path(&args, paths[0], err);

	kiln_files_what(what, verb, paths[0]);
	if (code == KILN_OK && paths[1]) {
		(void)kiln_buf_putc(&args, ',');
		code = kiln_files_path(&args, paths[1], err);
	}
	(void)kiln_buf_puts(&args, rest);
	if (code == KILN_OK)
		code = kiln_files_run(files, program, &args, ret_text, what, err);
	kiln_buf_done(&args);
	return code;
}

static kiln_code simple(struct kiln_files *files, const char *program, const char *verb,
			const char *path, const char *to, const char *rest, struct kiln_err *err)
{
	return run_verb(files, program, verb, (const char *const[2]){ path, to }, rest, NULL, err);
}

kiln_code kiln_files_remove(struct kiln_files *files, const char *path, unsigned flags,
			    struct kiln_err *err)
{
	const bool whole = path[strspn(path, "/.")] == '\0';

	if (whole && !(flags & KILN_FILES_FORCE)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot remove ':%s'", path);
		kiln_why(err, "that is all there is on the board");
		kiln_hint(err, "with -r and -f it is done");
		return KILN_E_INVALID;
	}
	return simple(files, kiln_program_remove, "remove", path, NULL,
		      flags & KILN_FILES_DEEP    ? flags & KILN_FILES_FORCE ? ",1,1" : ",1,0"
		      : flags & KILN_FILES_FORCE ? ",0,1"
						 : ",0,0",
		      err);
}

kiln_code kiln_files_mkdir(struct kiln_files *files, const char *path, unsigned flags,
			   struct kiln_err *err)
{
	return simple(files, kiln_program_mkdir, "make folder", path, NULL,
		      flags & KILN_FILES_PARENTS ? ",1" : ",0", err);
}

kiln_code kiln_files_rmdir(struct kiln_files *files, const char *path, struct kiln_err *err)
{
	return simple(files, kiln_program_rmdir, "remove folder", path, NULL, "", err);
}

kiln_code kiln_files_touch(struct kiln_files *files, const char *path, struct kiln_err *err)
{
	return simple(files, kiln_program_touch, "touch", path, NULL, "", err);
}

kiln_code kiln_files_rename(struct kiln_files *files, const char *from, const char *to,
			    struct kiln_err *err)
{
	if (!files->can_rename) {
		char what[160];

		kiln_files_what(what, "rename", from);
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "%s", what);
		kiln_why(err, "this board's MicroPython has no os.rename");
		kiln_hint(err, "copy it with 'kiln cp', then remove the old one");
		return KILN_E_UNSUPPORTED;
	}
	return simple(files, kiln_program_rename, "rename", from, to, "", err);
}

kiln_code kiln_files_copy(struct kiln_files *files, const char *from, const char *to,
			  unsigned flags, struct kiln_err *err)
{
	return simple(files, kiln_program_copy, "copy", from, to,
		      flags & KILN_FILES_DEEP ? files->can_rename ? ",1,1" : ",1,0"
		      : files->can_rename     ? ",0,1"
					      : ",0,0",
		      err);
}

/* "d 0 1234 'name'"; the name goes to `name`. */
static bool parse_info(struct kiln_span line, struct kiln_buf *name, struct kiln_file_info *ret)
{
	struct kiln_file_info info = { .kind = KILN_FILE_PLAIN };
	int64_t size;

	if (line.n < 2 || (line.p[0] != 'd' && line.p[0] != 'f') || line.p[1] != ' ')
		return false;
	if (line.p[0] == 'd')
		info.kind = KILN_FILE_FOLDER;
	line = kiln_span(line.p + 2, line.n - 2);
	if (!kiln_files_number(&line, &size) || size < 0 || !kiln_files_number(&line, &info.mtime))
		return false;
	info.size = (uint64_t)size;
	kiln_buf_reset(name);
	if (!kiln_literal_read(&line, name) || line.n > 0 || memchr(name->data, 0, name->len))
		return false;
	info.path = kiln_buf_str(name);
	*ret = info;
	return true;
}

kiln_code kiln_files_list(struct kiln_files *files, const char *path, bool deep,
			  void (*found)(void *user, const struct kiln_file_info *info), void *user,
			  struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(KILN_FILES_TEXT_MAX), name = KILN_BUF_INIT(64 * 1024);
	kiln_code code = run_verb(files, kiln_program_list, "list",
				  (const char *const[2]){ path, NULL }, deep ? ",1" : ",0", &text,
				  err);
	struct kiln_span rest = kiln_buf_span(&text);

	while (code == KILN_OK && rest.n > 0) {
		const struct kiln_span line = kiln_files_line(&rest);
		struct kiln_file_info info;

		if (parse_info(line, &name, &info))
			found(user, &info);
		else
			code = kiln_files_bad_answer("cannot list the board's files", line, err);
	}
	kiln_buf_done(&text);
	kiln_buf_done(&name);
	return code;
}

kiln_code kiln_files_stat(struct kiln_files *files, const char *path,
			  struct kiln_file_info *ret_info, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(64 * 1024), name = KILN_BUF_INIT(64 * 1024);
	kiln_code code = run_verb(files, kiln_program_stat, "look at",
				  (const char *const[2]){ path, NULL }, "", &text, err);
	struct kiln_span rest = kiln_buf_span(&text);

	if (code == KILN_OK && !parse_info(kiln_files_line(&rest), &name, ret_info))
		code = kiln_files_bad_answer("cannot look at a file", kiln_buf_span(&text), err);
	else if (code == KILN_OK)
		ret_info->path = path;
	kiln_buf_done(&text);
	kiln_buf_done(&name);
	return code;
}

kiln_code kiln_files_hash(struct kiln_files *files, const struct kiln_buf *paths, const char *what,
			  struct kiln_buf *ret_text, struct kiln_err *err)
{
	const struct kiln_program_digest *d = &kiln_program_digests[files->digest];
	struct kiln_buf program = KILN_BUF_INIT(64 * 1024), args = KILN_BUF_INIT(64 * 1024);
	kiln_code code;

	kiln_files_fill(&program, kiln_program_hash,
			(const char *[]){ d->import, d->start, d->update, d->text, NULL });
	(void)kiln_buf_printf(&args, "(%s,),%zu", kiln_buf_str(paths), kiln_files_block(files) / 4);
	args.failed |= paths->failed || program.failed;
	code = kiln_files_run(files, kiln_buf_str(&program), &args, ret_text, what, err);
	kiln_buf_done(&program);
	kiln_buf_done(&args);
	return code;
}

static kiln_code hash_here(void *user, size_t i, const void *data, size_t size,
			   struct kiln_err *err)
{
	(void)i;
	return kiln_digest_text(KILN_DIGEST_SHA256, data, size, user, err);
}

static bool is_hex64(struct kiln_span text)
{
	if (text.n != 64)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (!strchr("0123456789abcdef", text.p[i]) || text.p[i] == 0)
			return false;
	}
	return true;
}

kiln_code kiln_files_sha256(struct kiln_files *files, const char *path, char ret_hex[65],
			    struct kiln_err *err)
{
	struct kiln_buf paths = KILN_BUF_INIT(64 * 1024), text = KILN_BUF_INIT(64 * 1024);
	struct kiln_span rest, line;
	char what[160];
	kiln_code code;

	if (files->digest != KILN_DIGEST_SHA256)
		return kiln_files_get(files, &path, 1, hash_here, NULL, ret_hex, err);
	kiln_files_what(what, "read", path);
	code = kiln_files_path(&paths, path, err);
	if (code == KILN_OK)
		code = kiln_files_hash(files, &paths, what, &text, err);
	rest = kiln_buf_span(&text);
	line = kiln_files_line(&rest);
	if (code == KILN_OK && !is_hex64(line))
		code = kiln_files_bad_answer(what, line, err);
	else if (code == KILN_OK)
		kiln_text_copy_untrusted(ret_hex, 65, line.p, line.n);
	kiln_buf_done(&paths);
	kiln_buf_done(&text);
	return code;
}

static bool parse_space(struct kiln_span line, struct kiln_buf *name, struct kiln_files_space *ret)
{
	int64_t total, free_bytes;

	if (!kiln_files_number(&line, &total) || !kiln_files_number(&line, &free_bytes) ||
	    total < 0 || free_bytes < 0)
		return false;
	kiln_buf_reset(name);
	if (!kiln_literal_read(&line, name) || memchr(name->data, 0, name->len))
		return false;
	*ret = (struct kiln_files_space){ kiln_buf_str(name), (uint64_t)total,
					  (uint64_t)free_bytes };
	return true;
}

kiln_code kiln_files_space(struct kiln_files *files, const char *path,
			   void (*found)(void *user, const struct kiln_files_space *space),
			   void *user, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(64 * 1024), name = KILN_BUF_INIT(64 * 1024);
	struct kiln_buf args = KILN_BUF_INIT(64 * 1024);
	kiln_code code = KILN_OK;
	struct kiln_span rest;

	if (!files->has_statvfs) {
		code = kiln_fail(err, KILN_E_UNSUPPORTED, "cannot tell the free space");
		kiln_why(err, "this board's MicroPython has no os.statvfs");
		return code;
	}
	if (path)
		code = kiln_files_path(&args, path, err);
	else
		(void)kiln_buf_puts(&args, "None");
	if (code == KILN_OK)
		code = kiln_files_run(files, kiln_program_space, &args, &text,
				      "cannot tell the free space", err);
	rest = kiln_buf_span(&text);
	while (code == KILN_OK && rest.n > 0) {
		const struct kiln_span line = kiln_files_line(&rest);
		struct kiln_files_space space;

		if (parse_space(line, &name, &space))
			found(user, &space);
		else
			code = kiln_files_bad_answer("cannot tell the free space", line, err);
	}
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	kiln_buf_done(&name);
	return code;
}
