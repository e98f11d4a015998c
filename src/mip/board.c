/* SPDX-License-Identifier: Apache-2.0 */
/* The board's side of a place: small programs, and what they say. */
#include "mip/board.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"

enum { GROUP = 32, TEXT_MAX = 64 * 1024 };

/* As mpremote chooses: the first folder of sys.path that is called lib, but not one of a ROM. */
static const char program_ask[] = "def _kiln():\n"
				  " import sys\n"
				  " l=[p for p in sys.path if p[-4:]=='/lib' and p[:4]!='/rom']\n"
				  " print('kiln-mip',getattr(sys.implementation,'_mpy',0)&255,"
				  "l[0] if l else '',sep='\\t')\n"
				  "_kiln()\n"
				  "del _kiln\n";

/* One line for each path: its digest, or '-' if there is no such file. */
static const char program_digests[] = "def _kiln(l,B):\n"
				      " def I(n):\n"
				      "  for p in ('','u'):\n"
				      "   try:return __import__(p+n)\n"
				      "   except ImportError:pass\n"
				      "%s"
				      " for p in l:\n"
				      "  try:f=open(p,'rb')\n"
				      "  except OSError:\n"
				      "   print('-');continue\n"
				      "  try:\n"
				      "   %s\n"
				      "   while 1:\n"
				      "    d=f.read(B)\n"
				      "    if not d:break\n"
				      "    %s\n"
				      "   print(%s)\n"
				      "  except OSError:print('-')\n"
				      "  f.close()\n";

static void keep(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

static kiln_code read_answer(const char *text, struct kiln_mip_board *ret_board,
			     struct kiln_err *err)
{
	const char *at = strstr(text, "kiln-mip\t");
	struct kiln_mip_board board = { .mpy = 0 };
	char *target = NULL;

	if (at)
		board.mpy = (unsigned)strtoul(at + strlen("kiln-mip\t"), &target, 10) & 0xff;
	if (target && *target++ == '\t') {
		if (kiln_text_copy_untrusted(board.target, sizeof(board.target), target,
					     strcspn(target, "\r\n"))) {
			*ret_board = board;
			return KILN_OK;
		}
	}
	return kiln_fail(err, KILN_E_PROTOCOL, "the board did not say where its packages go");
}

kiln_code kiln_mip_ask(struct kiln_repl *repl, struct kiln_mip_board *ret_board,
		       struct kiln_err *err)
{
	struct kiln_buf said = KILN_BUF_INIT(TEXT_MAX);
	const struct kiln_repl_output output = { .text = keep, .user = &said };
	struct kiln_repl_result result = { .exception = false };
	kiln_code code = kiln_repl_exec(repl, program_ask, strlen(program_ask), &output, &result,
					err);

	if (code == KILN_OK && result.interrupted)
		code = kiln_fail(err, KILN_E_CANCELLED, "cannot ask where packages go");
	if (code == KILN_OK && result.exception) {
		code = kiln_fail(err, KILN_E_UNSUPPORTED, "cannot find out where packages go");
		kiln_why(err, "%s: %s", result.ename, result.evalue);
	}
	kiln_repl_result_done(&result);
	if (code == KILN_OK)
		code = read_answer(kiln_buf_str(&said), ret_board, err);
	kiln_buf_done(&said);
	return code;
}

/* target/path as a Python literal. */
static kiln_code add_path(struct kiln_buf *args, const char *target, const char *path,
			  struct kiln_err *err)
{
	struct kiln_buf whole = KILN_BUF_INIT(TEXT_MAX);
	kiln_code code;

	kiln_mip_board_path(&whole, target, path);
	code = kiln_files_path(args, kiln_buf_str(&whole), err);
	kiln_buf_done(&whole);
	return code;
}

void kiln_mip_board_path(struct kiln_buf *out, const char *target, const char *path)
{
	const size_t n = strlen(target);

	(void)kiln_buf_printf(out, "%s%s%s", target, n > 0 && target[n - 1] != '/' ? "/" : "",
			      path);
}

static kiln_code read_digests(struct kiln_span text, char (*ret_digests)[65], size_t n,
			      struct kiln_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct kiln_span line = kiln_files_line(&text);

		if (line.n == 0 || line.n > 64)
			return kiln_files_bad_answer("cannot look at the board's files", line, err);
		kiln_text_copy_untrusted(ret_digests[i], 65, line.p, line.n);
		if (strcmp(ret_digests[i], "-") == 0)
			ret_digests[i][0] = '\0';
	}
	return KILN_OK;
}

static kiln_code digests_of(struct kiln_files *files, const char *target, const char *const *paths,
			    size_t n, char (*ret_digests)[65], struct kiln_err *err)
{
	const struct kiln_program_digest *d = &kiln_program_digests[files->digest];
	struct kiln_buf program = KILN_BUF_INIT(TEXT_MAX), args = KILN_BUF_INIT(TEXT_MAX);
	struct kiln_buf text = KILN_BUF_INIT(TEXT_MAX);
	kiln_code code = KILN_OK;

	kiln_files_fill(&program, program_digests,
			(const char *const[]){ d->import, d->start, d->update, d->text });
	(void)kiln_buf_putc(&args, '(');
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		code = add_path(&args, target, paths[i], err);
		(void)kiln_buf_putc(&args, ',');
	}
	(void)kiln_buf_printf(&args, "),%zu", kiln_files_block(files));
	if (code == KILN_OK)
		code = kiln_files_run(files, kiln_buf_str(&program), &args, &text,
				      "cannot look at the board's files", err);
	if (code == KILN_OK)
		code = read_digests(kiln_buf_span(&text), ret_digests, n, err);
	kiln_buf_done(&program);
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	return code;
}

kiln_code kiln_mip_board_digests(struct kiln_files *files, const char *target,
				 const char *const *paths, size_t n, char (*ret_digests)[65],
				 struct kiln_err *err)
{
	/* the board has to hold the program's text */
	for (size_t i = 0; i < n; i += GROUP)
		KILN_TRY(digests_of(files, target, paths + i, n - i < GROUP ? n - i : GROUP,
				    ret_digests + i, err));
	return KILN_OK;
}

kiln_code kiln_mip_target(const struct kiln_mip_board *board, const char *named,
			  const char **ret_target, struct kiln_err *err)
{
	*ret_target = named ? named : board->target;
	if (**ret_target)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot tell where the board's packages go");
	kiln_why(err, "no folder of its sys.path is called lib");
	kiln_hint(err, "name the folder: --target /FOLDER");
	return KILN_E_INVALID;
}
