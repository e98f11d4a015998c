/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a board who it is. One short program, in words that MicroPython 1.9 and CircuitPython
 * know too; it leaves no name behind. Its answer is a line of tab-separated fields, which what a
 * timer or a thread prints in between cannot imitate by chance.
 */
#include "board/identify.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static const char program[] = "def _kiln():\n"
			      " import sys\n"
			      " u=b''\n"
			      " try:\n"
			      "  import machine\n"
			      "  u=machine.unique_id()\n"
			      " except Exception:\n"
			      "  try:\n"
			      "   import microcontroller\n"
			      "   u=microcontroller.cpu.uid\n"
			      "  except Exception:\n"
			      "   pass\n"
			      " i=sys.implementation\n"
			      " v='.'.join([str(x) for x in i[1]][:3])\n"
			      " print('kiln-board',''.join(['%02x'%b for b in u]),i[0],v,"
			      "sys.platform,getattr(i,'_machine',''),sep='\\t')\n"
			      "_kiln()\n"
			      "del _kiln\n";

enum {
	ANSWER_MAX = 8 * 1024,
	QUIET_MS = 10000, /* the slowest of boards need one second */
};

static void keep(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n); /* a board that says too much fails below */
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "240ac4" to "24:0a:c4" */
static bool write_uid(struct kiln_span hex, char *uid, size_t size)
{
	size_t out = 0;

	if (hex.n % 2 != 0 || hex.n / 2 * 3 > size)
		return false;
	for (size_t i = 0; i < hex.n; i++) {
		if (!is_hex(hex.p[i]))
			return false;
		if (i > 0 && i % 2 == 0)
			uid[out++] = ':';
		uid[out++] = (char)hex.p[i];
	}
	uid[out] = '\0';
	return true;
}

/* Take what stands before the next `end` off the text. */
static struct kiln_span take_until(struct kiln_span *text, char end)
{
	const uint8_t *at = text->n ? memchr(text->p, end, text->n) : NULL;
	const struct kiln_span part = kiln_span(text->p, at ? (size_t)(at - text->p) : text->n);
	const size_t used = part.n + (at ? 1 : 0);

	*text = kiln_span(text->p + used, text->n - used);
	return part;
}

static bool parse_line(struct kiln_span line, struct kiln_board_info *ret_info)
{
	static const char mark[] = "kiln-board";
	struct kiln_board_info info = { .uid = "" };
	const struct {
		char *text;
		size_t size;
	} fields[] = {
		{ info.implementation, sizeof(info.implementation) },
		{ info.version, sizeof(info.version) },
		{ info.platform, sizeof(info.platform) },
		{ info.machine, sizeof(info.machine) },
	};

	if (!kiln_span_equal(take_until(&line, '\t'), kiln_span(mark, sizeof(mark) - 1)))
		return false;
	if (!write_uid(take_until(&line, '\t'), info.uid, sizeof(info.uid)))
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct kiln_span field = take_until(&line, '\t');

		kiln_text_copy_untrusted(fields[i].text, fields[i].size, field.p, field.n);
	}
	if (!info.implementation[0] || !info.platform[0])
		return false;
	*ret_info = info;
	return true;
}

bool kiln_board_parse(struct kiln_span answer, struct kiln_board_info *ret_info)
{
	while (answer.n > 0) {
		if (parse_line(take_until(&answer, '\n'), ret_info))
			return true;
	}
	return false;
}

static kiln_code check_answer(struct kiln_repl *repl, const struct kiln_repl_result *result,
			      struct kiln_span answer, struct kiln_board_info *ret_info,
			      struct kiln_err *err)
{
	const char *url = kiln_link_url(kiln_repl_link(repl));

	if (result->stalled) {
		(void)kiln_fail(err, KILN_E_TIMEOUT, "cannot ask '%s' who it is", url);
		kiln_why(err, "it did not answer within %d seconds", QUIET_MS / 1000);
		kiln_hint(err, "if another program reads from this board too, close that one");
		return KILN_E_TIMEOUT;
	}
	if (result->interrupted)
		return kiln_fail(err, KILN_E_CANCELLED, "cannot ask '%s' who it is", url);
	if (!result->exception && kiln_board_parse(answer, ret_info))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot ask '%s' who it is", url);
	if (result->exception)
		kiln_why(err, "its MicroPython says '%s: %s'", result->ename, result->evalue);
	else
		kiln_why(err, "its answer makes no sense");
	kiln_hint(err, "reset the board and try again; if it stays so, its firmware is too old or "
		       "not MicroPython");
	return KILN_E_PROTOCOL;
}

kiln_code kiln_board_identify(struct kiln_repl *repl, struct kiln_board_info *ret_info,
			      struct kiln_err *err)
{
	struct kiln_buf answer = KILN_BUF_INIT(ANSWER_MAX);
	const struct kiln_repl_output output = { .text = keep,
						 .user = &answer,
						 .quiet_ms = QUIET_MS };
	struct kiln_repl_result result = { .exception = false };
	kiln_code code;

	code = kiln_repl_exec(repl, program, sizeof(program) - 1, &output, &result, err);
	if (code == KILN_OK)
		code = check_answer(repl, &result, kiln_buf_span(&answer), ret_info, err);
	kiln_repl_result_done(&result);
	kiln_buf_done(&answer);
	return code;
}

kiln_code kiln_board_open(const struct kiln_host *host, const char *url, unsigned baud,
			  struct kiln_repl **ret_repl, struct kiln_board_info *ret_info,
			  struct kiln_err *err)
{
	struct kiln_link *link;
	struct kiln_repl *repl;
	struct kiln_board_info info;
	kiln_code code;

	KILN_TRY(kiln_link_open(host, url, baud ? baud : 115200, &link, err));
	KILN_TRY(kiln_repl_open(link, &repl, err));
	code = kiln_board_identify(repl, &info, err);
	if (code != KILN_OK) {
		kiln_repl_close(repl);
		return code;
	}
	*ret_repl = repl;
	*ret_info = info;
	return KILN_OK;
}
