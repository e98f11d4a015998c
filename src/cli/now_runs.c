/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/now_runs.h"

#include <jansson.h>
#include <string.h>

#include <kiln/board.h>

#include "cli/bootlog.h"

#define BOOT_MS 8000 /* an ESP32 with a fresh file system formats it at its first start */

static void keep_text(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

static void say_running(struct render *r, const struct kiln_board_info *info, const char *tuple)
{
	if (r->cli->json) {
		cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "running",
				   "implementation", info->implementation, "version", info->version,
				   "platform", info->platform, "machine", info->machine, "uid",
				   info->uid));
		return;
	}
	render_say(r, "runs     %s %s%s%s%s%s", info->implementation, info->version,
		   info->machine[0] ? ", " : "", info->machine, info->uid[0] ? ", " : "",
		   info->uid);
	if (tuple[0])
		render_say(r, "%s", tuple);
}

static kiln_code ask(struct render *r, struct kiln_repl *repl, struct kiln_err *err)
{
	static const char code[] = "import sys\nprint(sys.implementation)\n";
	struct kiln_buf tuple = KILN_BUF_INIT(1024);
	const struct kiln_repl_output output = { keep_text, &tuple };
	struct kiln_repl_result result = { 0 };
	struct kiln_board_info info = { 0 };
	kiln_code done = kiln_board_identify(repl, &info, err);
	char line[512] = "";

	if (done == KILN_OK)
		done = kiln_repl_exec(repl, code, strlen(code), &output, &result, err);
	if (done == KILN_OK) {
		bootlog_line(kiln_buf_span(&tuple), line, sizeof(line));
		say_running(r, &info, line);
		kiln_repl_result_done(&result);
	}
	kiln_buf_done(&tuple);
	return done;
}

static kiln_code does_not_boot(struct kiln_span log, const char *url, bootlog_kind kind,
			       struct kiln_err *err)
{
	char line[160];

	bootlog_line(log, line, sizeof(line));
	(void)kiln_fail(err, KILN_E_WRONG_MODE, "'%s' was written and verified, but does not boot",
			url);
	if (kind == BOOTLOG_DOWNLOAD) {
		kiln_why(err, "it waits for a flasher");
		kiln_hint(err, "press EN (reset), without holding BOOT");
	} else {
		kiln_why(err, "it says again and again: %s", line);
		kiln_hint(err, "flash firmware that is made for this board, with --erase");
	}
	return KILN_E_WRONG_MODE;
}

static void say_text(struct render *r, struct kiln_span log, bootlog_kind kind)
{
	char line[256];

	bootlog_line(log, line, sizeof(line));
	if (r->cli->json)
		cli_json(json_pack("{s:s, s:s}", "event", "running", "text", line));
	else if (kind == BOOTLOG_SILENT)
		render_say(r, "runs     something that says nothing; no MicroPython prompt");
	else
		render_say(r, "runs     something that says: %s", line);
}

/* The link is closed by this in any case. */
static kiln_code listen(struct render *r, struct kiln_link *link, const char *url,
			struct kiln_buf *log, struct kiln_err *err)
{
	bootlog_kind kind = BOOTLOG_SILENT;
	struct kiln_err why = KILN_ERR_INIT;
	struct kiln_repl *repl;
	kiln_code code = bootlog_read(link, BOOT_MS, log, &kind, err);

	if (code != KILN_OK || kind == BOOTLOG_LOOP || kind == BOOTLOG_DOWNLOAD) {
		kiln_link_close(link);
		return code ? code : does_not_boot(kiln_buf_span(log), url, kind, err);
	}
	/* also without a prompt: main.py may keep it busy, and that can be interrupted */
	code = kiln_repl_open(link, &repl, &why);
	if (code == KILN_OK) {
		code = ask(r, repl, &why);
		kiln_repl_close(repl);
	}
	if (code == KILN_E_CANCELLED || code == KILN_E_PORT_GONE) {
		if (err)
			*err = why;
		return code;
	}
	if (code != KILN_OK)
		say_text(r, kiln_buf_span(log), kind);
	return KILN_OK;
}

kiln_code now_runs(struct render *render, const char *url, struct kiln_err *err)
{
	struct kiln_buf log = KILN_BUF_INIT(64 * 1024);
	struct kiln_link *link;
	kiln_code code;

	KILN_TRY(kiln_link_open(&render->cli->host, url, 115200, &link, err));
	code = listen(render, link, url, &log, err);
	kiln_buf_done(&log);
	return code;
}
