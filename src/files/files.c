/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all of the board's file work stands on: what the board can do, running a program there, and
 * what its exceptions mean.
 */
#include "files/session.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "files/literal.h"
#include "files/programs.h"
#include "link/link_impl.h"
#include "repl/session.h"

enum { TRIES = 4 };

/* A board's errno (py/mperrno.h has Linux's numbers), and words that stand for one. */
static const struct {
	int number;
	const char *words;
	kiln_code code;
	const char *hint;
} board_errors[] = {
	{ ENOENT, "file not found", KILN_E_NOT_FOUND, "'kiln ls' shows what is there" },
	{ EEXIST, NULL, KILN_E_EXISTS, "'kiln mkdir -P' takes a folder that is there" },
	{ EACCES, NULL, KILN_E_DENIED, "a folder that is not empty is removed by 'kiln rm -r'" },
	{ EROFS, NULL, KILN_E_DENIED,
	  "this file system can't be written; on CircuitPython eject the drive that the computer "
	  "has mounted" },
	{ ENOSPC, "no more storage space", KILN_E_IO,
	  "'kiln df' shows what is free; remove files with 'kiln rm'" },
	{ EISDIR, NULL, KILN_E_IO, "-r takes folders with what is in them" },
	{ ENOTDIR, NULL, KILN_E_IO, "" },
	{ ENOTEMPTY, NULL, KILN_E_IO, "'kiln rm -r' removes it with what is in it" },
};

/* The number in "[Errno 2] ENOENT", "2" or "(2, 'x')"; 0 if there is none. */
static int board_errno(const char *value)
{
	const char *digits = value;
	uint64_t number;
	char text[16];
	size_t n;

	if (strncmp(value, "[Errno ", 7) == 0)
		digits += 7;
	else if (*value == '(')
		digits++;
	n = strspn(digits, "0123456789");
	kiln_text_copy_untrusted(text, sizeof(text), digits, n < 6 ? n : 6);
	if (n == 0 || !kiln_text_to_u64(text, &number))
		return 0;
	return (int)number;
}

static kiln_code fail_exception(const struct kiln_repl_result *result, const char *what,
				struct kiln_err *err)
{
	const bool is_os = strcmp(result->ename, "OSError") == 0;
	const int number = is_os ? board_errno(result->evalue) : 0;
	kiln_code code = is_os ? KILN_E_IO : KILN_E_EXCEPTION;
	const char *hint = "";

	for (size_t i = 0; is_os && i < sizeof(board_errors) / sizeof(board_errors[0]); i++) {
		if (number ? number != board_errors[i].number
			   : !board_errors[i].words ||
				     strcmp(result->evalue, board_errors[i].words) != 0)
			continue;
		code = board_errors[i].code;
		hint = board_errors[i].hint;
		(void)kiln_fail_errno(err, code, board_errors[i].number, "%s", what);
		kiln_hint(err, "%s", hint);
		return code;
	}
	if (number)
		return kiln_fail_errno(err, code, number, "%s", what);
	(void)kiln_fail(err, code, "%s", what);
	kiln_why(err, "%s: %s", result->ename, result->evalue);
	if (strcmp(result->ename, "AttributeError") == 0 ||
	    strcmp(result->ename, "ImportError") == 0) {
		if (err)
			err->code = KILN_E_UNSUPPORTED;
		kiln_hint(err, "this board's MicroPython can't do that");
		return KILN_E_UNSUPPORTED;
	}
	if (strcmp(result->ename, "MemoryError") == 0)
		kiln_hint(err, "a soft reset frees the board's memory");
	return code;
}

/* How a program ended, as a code. */
static kiln_code judge(const struct kiln_repl_result *result, const char *what,
		       struct kiln_err *err)
{
	if (result->stalled) {
		(void)kiln_fail(err, KILN_E_TIMEOUT, "%s", what);
		kiln_why(err, "the board no longer went on: bytes may be lost on the way");
		kiln_hint(err, "try again; a slower baud rate may help");
		return KILN_E_TIMEOUT;
	}
	if (result->interrupted)
		return kiln_fail(err, KILN_E_CANCELLED, "%s", what);
	return result->exception ? fail_exception(result, what, err) : KILN_OK;
}

/*
 * Firmware without flow control loses bytes of a program when it is busy. What it then can't parse
 * it has not begun to run, so that may be sent again.
 */
static bool was_garbled(const struct kiln_files *files, const struct kiln_repl_result *result)
{
	return files->repl->paste == KILN_REPL_PASTE_NO && result->exception &&
	       (strcmp(result->ename, "SyntaxError") == 0 ||
		strcmp(result->ename, "IndentationError") == 0);
}

kiln_code kiln_files_run_code(struct kiln_files *files, const struct kiln_buf *code,
			      const struct kiln_repl_output *output, const char *what,
			      struct kiln_err *err)
{
	kiln_code status = KILN_OK;
	bool again = true;

	if (code->failed)
		return kiln_fail(err, KILN_E_NOMEM, "%s", what);
	for (unsigned tries = 0; tries < TRIES && again; tries++) {
		struct kiln_repl_result result = { .exception = false };

		status = kiln_repl_exec(files->repl, kiln_buf_str(code), code->len, output, &result,
					err);
		if (status != KILN_OK) {
			if (status != KILN_E_CANCELLED)
				kiln_because(err, "%s", what);
			return status;
		}
		again = was_garbled(files, &result);
		status = judge(&result, what, err);
		kiln_repl_result_done(&result);
	}
	return status;
}

kiln_code kiln_files_run_to(struct kiln_files *files, const char *program,
			    const struct kiln_buf *args, const struct kiln_repl_output *output,
			    const char *what, struct kiln_err *err)
{
	struct kiln_buf code = KILN_BUF_INIT(KILN_FILES_TEXT_MAX);
	kiln_code status;

	(void)kiln_buf_printf(&code, "%stry:_kiln(%s)\nfinally:del _kiln\n", program,
			      args ? kiln_buf_str(args) : "");
	if (args && args->failed)
		code.failed = true;
	status = kiln_files_run_code(files, &code, output, what, err);
	kiln_buf_done(&code);
	return status;
}

static void gather(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

kiln_code kiln_files_run(struct kiln_files *files, const char *program, const struct kiln_buf *args,
			 struct kiln_buf *ret_text, const char *what, struct kiln_err *err)
{
	const struct kiln_repl_output output = { .text = gather, .user = ret_text };

	KILN_TRY(kiln_files_run_to(files, program, args, ret_text ? &output : NULL, what, err));
	if (!ret_text || !ret_text->failed)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_TOO_BIG, "%s", what);
	kiln_why(err, "the board's answer is longer than %d bytes", KILN_FILES_TEXT_MAX);
	return KILN_E_TOO_BIG;
}

void kiln_files_stop(struct kiln_files *files)
{
	/* if the port is gone the next read says so */
	const kiln_code ignored = kiln_repl_keys(files->repl, "\x03", NULL);

	(void)ignored;
}

void kiln_files_fill(struct kiln_buf *out, const char *text, const char *const *pieces)
{
	const char *at;

	while ((at = strstr(text, "%s")) && *pieces) {
		(void)kiln_buf_append(out, text, (size_t)(at - text));
		(void)kiln_buf_puts(out, *pieces++);
		text = at + 2;
	}
	(void)kiln_buf_puts(out, text);
}

void kiln_files_what(char ret_what[160], const char *verb, const char *path)
{
	char clean[128];

	kiln_text_copy_untrusted(clean, sizeof(clean), path, strlen(path));
	kiln_text_format(ret_what, 160, "cannot %s ':%s'", verb, clean);
}

static bool is_utf8(const char *path)
{
	const size_t n = strlen(path);
	struct kiln_buf mended = KILN_BUF_INIT(n + 1);
	bool same;

	(void)kiln_buf_append(&mended, path, n);
	kiln_utf8_mend(mended.data, mended.len);
	same = mended.len == n && memcmp(mended.data, path, n) == 0;
	kiln_buf_done(&mended);
	return same;
}

kiln_code kiln_files_path(struct kiln_buf *args, const char *path, struct kiln_err *err)
{
	if (!is_utf8(path)) {
		char what[160];

		kiln_files_what(what, "use", path);
		(void)kiln_fail(err, KILN_E_INVALID, "%s", what);
		kiln_why(err, "the name is no UTF-8");
		return KILN_E_INVALID;
	}
	if (kiln_literal_text(args, path) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot name ':%s' to the board", path);
	return KILN_OK;
}

bool kiln_files_number(struct kiln_span *line, int64_t *ret_value)
{
	const bool negative = line->n > 0 && line->p[0] == '-';
	size_t i = negative;
	int64_t value = 0;

	while (i < line->n && isdigit(line->p[i]) && value < INT64_MAX / 10 - 9)
		value = value * 10 + (line->p[i++] - '0');
	if (i == negative || (i < line->n && line->p[i] != ' '))
		return false;
	i += i < line->n;
	*line = kiln_span(line->p + i, line->n - i);
	*ret_value = negative ? -value : value;
	return true;
}

struct kiln_span kiln_files_line(struct kiln_span *text)
{
	const uint8_t *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
	const struct kiln_span line = kiln_span(text->p, end ? (size_t)(end - text->p) : text->n);
	const size_t used = line.n + (end ? 1 : 0);

	*text = kiln_span(text->p + used, text->n - used);
	return line;
}

kiln_code kiln_files_bad_answer(const char *what, struct kiln_span said, struct kiln_err *err)
{
	char clean[64];

	kiln_text_copy_untrusted(clean, sizeof(clean), said.p, said.n);
	(void)kiln_fail(err, KILN_E_PROTOCOL, "%s", what);
	kiln_why(err, "the board answers '%s'", clean);
	kiln_hint(err, "does another program on the board print at the same time?");
	return KILN_E_PROTOCOL;
}

size_t kiln_files_block(const struct kiln_files *files)
{
	if (files->memory >= 64 * 1024)
		return 4096;
	return files->memory >= 24 * 1024 ? 1024 : 256;
}

static bool parse_probe(struct kiln_files *f, struct kiln_span answer)
{
	int64_t memory;
	struct kiln_span line = kiln_files_line(&answer);
	bool has_sha, has_crc;

	if (!kiln_files_number(&line, &memory) || memory < 0)
		return false;
#define HAS(letter) (line.n > 0 && memchr(line.p, letter, line.n))
	f->memory = (uint64_t)memory;
	f->can_stream_in = HAS('i');
	f->can_stream_out = HAS('o');
	f->can_deflate = HAS('d');
	f->can_compress = HAS('z');
	f->can_base64 = HAS('b');
	f->can_rename = HAS('r');
	f->has_statvfs = HAS('v');
	f->has_stat = HAS('s');
	has_sha = HAS('h');
	has_crc = HAS('c');
	f->digest = has_sha   ? KILN_DIGEST_SHA256
		    : has_crc ? KILN_DIGEST_CRC32
			      : KILN_DIGEST_ADLER32;
	return HAS('f');
#undef HAS
}

static kiln_code probe(struct kiln_files *f, struct kiln_err *err)
{
	static const char what[] = "cannot ask the board about its files";
	struct kiln_buf text = KILN_BUF_INIT(KILN_FILES_TEXT_MAX);
	kiln_code code = kiln_files_run(f, kiln_program_probe, NULL, &text, what, err);

	if (code == KILN_OK && !parse_probe(f, kiln_buf_span(&text))) {
		if (text.len > 0 && isdigit(text.data[0])) {
			code = kiln_fail(err, KILN_E_UNSUPPORTED, "cannot work with files");
			kiln_why(err, "this board's MicroPython has no file system");
		} else {
			code = kiln_files_bad_answer(what, kiln_buf_span(&text), err);
		}
	}
	if (f->repl->paste == KILN_REPL_PASTE_YES)
		f->window = f->repl->codec.window;
	kiln_buf_done(&text);
	return code;
}

kiln_code kiln_files_open(struct kiln_repl *repl, struct kiln_files **ret_files,
			  struct kiln_err *err)
{
	struct kiln_files *files = calloc(1, sizeof(*files));
	kiln_code code;

	if (!files)
		return kiln_fail(err, KILN_E_NOMEM, "cannot work with the board's files");
	files->repl = repl;
	code = probe(files, err);
	if (code != KILN_OK) {
		free(files);
		return code;
	}
	*ret_files = files;
	return KILN_OK;
}

void kiln_files_close(struct kiln_files *files)
{
	free(files);
}

bool kiln_files_streams_in(const struct kiln_files *files)
{
	/* a program that writes to a folder of this computer reads the answers where a stream would
	 * be */
	if (files->repl->link->ops->answers)
		return false;
	return files->can_stream_in && files->can_rename && files->has_stat && files->window > 0;
}

void kiln_files_ways(const struct kiln_files *files, struct kiln_files_ways *ret_ways)
{
	const bool by_link = kiln_files_can_carry(files, "", 0);

	*ret_ways = (struct kiln_files_ways){
		.put = by_link                        ? "link"
		       : kiln_files_streams_in(files) ? "stream"
						      : "literals",
		.get = by_link                 ? "link"
		       : files->can_stream_out ? "stream"
					       : "literals",
		.digest = kiln_digest_name(files->digest),
		.deflate = files->can_deflate && kiln_files_streams_in(files),
		.window = files->window,
	};
}
