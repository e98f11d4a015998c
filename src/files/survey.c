/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole tree in one round trip, and much of it removed in another: what a sync asks for.
 */
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"

#include <inttypes.h>

#include "base/text.h"

enum { GROUP = 40 /* paths that one program names */, ARGS_MAX = 256 * 1024 };

/* The board's text for one entry: "f 12 DIGEST 'name'". */
static bool parse_entry(struct kiln_span line, char digest[KILN_FILES_DIGEST],
			struct kiln_buf *name, struct kiln_files_entry *ret)
{
	struct kiln_files_entry entry = { .kind = KILN_FILE_FOLDER, .digest = digest };
	const uint8_t *end;
	int64_t size;

	if (line.n < 2 || !line.p[0] || !strchr("dfm", line.p[0]) || line.p[1] != ' ')
		return false;
	entry.mount = line.p[0] == 'm';
	if (line.p[0] == 'f')
		entry.kind = KILN_FILE_PLAIN;
	line = kiln_span(line.p + 2, line.n - 2);
	if (!kiln_files_number(&line, &size) || size < 0)
		return false;
	entry.size = (uint64_t)size;
	end = line.n ? memchr(line.p, ' ', line.n) : NULL;
	if (!end || end - line.p >= KILN_FILES_DIGEST)
		return false;
	kiln_text_copy_untrusted(digest, KILN_FILES_DIGEST, line.p, (size_t)(end - line.p));
	if (strcmp(digest, "-") == 0)
		digest[0] = '\0';
	line = kiln_span(end + 1, line.n - (size_t)(end + 1 - line.p));
	kiln_buf_reset(name);
	if (!kiln_literal_read(&line, name) || line.n > 0 || memchr(name->data, 0, name->len))
		return false;
	entry.path = kiln_buf_str(name);
	*ret = entry;
	return true;
}

static kiln_code parse_survey(struct kiln_span text,
			      void (*found)(void *user, const struct kiln_files_entry *entry),
			      void *user, uint64_t *ret_free, struct kiln_err *err)
{
	static const char what[] = "cannot compare with the board's files";
	struct kiln_buf name = KILN_BUF_INIT(64 * 1024);
	struct kiln_span line = kiln_files_line(&text);
	kiln_code code = KILN_OK;
	int64_t value;

	if (!kiln_files_number(&line, &value))
		return kiln_files_bad_answer(what, line, err);
	*ret_free = value < 0 ? UINT64_MAX : (uint64_t)value;
	while (code == KILN_OK && text.n > 0) {
		char digest[KILN_FILES_DIGEST];
		struct kiln_files_entry entry;

		line = kiln_files_line(&text);
		if (parse_entry(line, digest, &name, &entry))
			found(user, &entry);
		else
			code = kiln_files_bad_answer(what, line, err);
	}
	kiln_buf_done(&name);
	return code;
}

static kiln_code survey_args(struct kiln_files *files, const char *path, const uint64_t *sizes,
			     size_t n, struct kiln_buf *args, struct kiln_err *err)
{
	KILN_TRY(kiln_files_path(args, path, err));
	(void)kiln_buf_puts(args, ",(");
	for (size_t i = 0; i < n; i++)
		(void)kiln_buf_printf(args, "%" PRIu64 ",", sizes[i]);
	if (kiln_buf_printf(args, "),%zu", kiln_files_block(files) / 4) != KILN_OK)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot compare that many files");
	return KILN_OK;
}

kiln_code kiln_files_survey(struct kiln_files *files, const char *path, const uint64_t *sizes,
			    size_t n,
			    void (*found)(void *user, const struct kiln_files_entry *entry),
			    void *user, uint64_t *ret_free, struct kiln_err *err)
{
	const struct kiln_program_digest *d = &kiln_program_digests[files->digest];
	struct kiln_buf program = KILN_BUF_INIT(64 * 1024), args = KILN_BUF_INIT(ARGS_MAX);
	struct kiln_buf text = KILN_BUF_INIT(KILN_FILES_TEXT_MAX);
	char what[160];
	kiln_code code = survey_args(files, path, sizes, n, &args, err);

	kiln_files_what(what, "list", path);
	kiln_files_fill(&program, kiln_program_survey,
			(const char *[]){ d->import, d->start, d->update, d->text, NULL });
	args.failed |= program.failed;
	if (code == KILN_OK)
		code = kiln_files_run(files, kiln_buf_str(&program), &args, &text, what, err);
	if (code == KILN_OK)
		code = parse_survey(kiln_buf_span(&text), found, user, ret_free, err);
	kiln_buf_done(&program);
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	return code;
}

kiln_code kiln_files_digest(const struct kiln_files *files, const void *data, size_t n,
			    char ret_digest[KILN_FILES_DIGEST], struct kiln_err *err)
{
	_Static_assert((int)KILN_FILES_DIGEST == (int)KILN_DIGEST_TEXT, "one size");
	return kiln_digest_text(files->digest, data, n, ret_digest, err);
}

static kiln_code remove_group(struct kiln_files *files, const char *const *paths, size_t n,
			      struct kiln_err *err)
{
	struct kiln_buf args = KILN_BUF_INIT(ARGS_MAX);
	char what[160];
	kiln_code code = KILN_OK;

	kiln_files_what(what, "remove", paths[0]);
	(void)kiln_buf_putc(&args, '(');
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		code = kiln_files_path(&args, paths[i], err);
		(void)kiln_buf_putc(&args, ',');
	}
	(void)kiln_buf_putc(&args, ')');
	if (code == KILN_OK)
		code = kiln_files_run(files, kiln_program_clear, &args, NULL,
				      n > 1 ? "cannot remove the board's files" : what, err);
	kiln_buf_done(&args);
	return code;
}

kiln_code kiln_files_remove_all(struct kiln_files *files, const char *const *paths, size_t n,
				struct kiln_err *err)
{
	for (size_t i = 0; i < n; i += GROUP)
		KILN_TRY(remove_group(files, paths + i, n - i < GROUP ? n - i : GROUP, err));
	return KILN_OK;
}
