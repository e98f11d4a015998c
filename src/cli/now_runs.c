/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/now_runs.h"

#include <string.h>

#include "base/text.h"
#include "discover/again.h"
#include "link/link_impl.h"

enum { COME_MS = 5000, LOOK_MS = 100 };

#define BOOT_MS 8000 /* an ESP32 with a fresh file system formats it at its first start */

static void keep_text(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

static kiln_code ask(struct kiln_repl *repl, struct now_runs *ret_runs, struct kiln_err *err)
{
	static const char code[] = "import sys\nprint(sys.implementation)\n";
	struct kiln_buf tuple = KILN_BUF_INIT(1024);
	const struct kiln_repl_output output = { keep_text, &tuple };
	struct kiln_repl_result result = { 0 };
	kiln_code done = kiln_board_identify(repl, &ret_runs->info, err);

	if (done == KILN_OK)
		done = kiln_repl_exec(repl, code, strlen(code), &output, &result, err);
	if (done == KILN_OK) {
		bootlog_line(kiln_buf_span(&tuple), ret_runs->line, sizeof(ret_runs->line));
		ret_runs->kind = BOOTLOG_PROMPT;
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

/* The link is closed by this in any case. */
static kiln_code listen(struct kiln_link *link, struct kiln_buf *log, struct now_runs *ret_runs,
			struct kiln_err *err)
{
	const char *url = kiln_link_url(link);
	struct kiln_err why = KILN_ERR_INIT;
	bootlog_kind kind = BOOTLOG_SILENT;
	struct kiln_repl *repl;
	kiln_code code = bootlog_read(link, BOOT_MS, log, &kind, err);

	if (code == KILN_OK && (kind == BOOTLOG_LOOP || kind == BOOTLOG_DOWNLOAD))
		code = does_not_boot(kiln_buf_span(log), url, kind, err);
	if (code != KILN_OK) {
		kiln_link_close(link);
		return code;
	}
	/* also without a prompt: main.py may keep it busy, and that can be interrupted */
	code = kiln_repl_open(link, &repl, &why);
	if (code == KILN_OK) {
		code = ask(repl, ret_runs, &why);
		kiln_repl_close(repl);
	}
	if (code == KILN_E_CANCELLED || code == KILN_E_PORT_GONE) {
		if (err)
			*err = why;
		return code;
	}
	if (code != KILN_OK) {
		ret_runs->kind = kind == BOOTLOG_SILENT ? BOOTLOG_SILENT : BOOTLOG_TEXT;
		bootlog_line(kiln_buf_span(log), ret_runs->line, sizeof(ret_runs->line));
	}
	return KILN_OK;
}

/* Where the board is by now; false: not there. */
static bool find_port(const struct kiln_host *host, const struct kiln_port *port, char *url,
		      size_t size)
{
	const struct kiln_port *found;
	struct kiln_port_list list;

	if (!port->is_usb) /* its name does not change */
		return true;
	if (kiln_ports_scan(host, &list, NULL) != KILN_OK)
		return false;
	found = kiln_port_again(&list, port);
	if (!found)
		found = kiln_port_in_place(&list, port);
	if (found)
		(void)kiln_text_copy(url, size, found->url);
	kiln_ports_done(&list);
	return found != NULL;
}

/* A port that is not there, or is only just coming. */
static bool may_come(kiln_code code)
{
	return code == KILN_E_PORT_MISSING || code == KILN_E_PORT_GONE || code == KILN_E_NETWORK ||
	       code == KILN_E_PORT_DENIED || code == KILN_E_PORT_BUSY || code == KILN_E_IO;
}

static kiln_code open_and_listen(const struct kiln_host *host, const char *url,
				 struct now_runs *ret_runs, struct kiln_err *err)
{
	struct kiln_buf log = KILN_BUF_INIT(64 * 1024);
	struct kiln_link *link;
	kiln_code code = kiln_link_open(host, url, 115200, &link, err);

	if (code == KILN_OK)
		code = listen(link, &log, ret_runs, err);
	kiln_buf_done(&log);
	return code;
}

kiln_code now_runs_ask(const struct kiln_host *host, const char *url, const struct kiln_port *port,
		       struct now_runs *ret_runs, struct kiln_err *err)
{
	const kiln_ms end = kiln_now() + COME_MS;
	struct kiln_err fault = KILN_ERR_INIT;
	char at[sizeof(port->url)];
	kiln_code code;

	*ret_runs = (struct now_runs){ 0 };
	kiln_text_copy(at, sizeof(at), url);
	code = open_and_listen(host, at, ret_runs, &fault);
	while (may_come(code) && kiln_now() < end) {
		if (kiln_host_wait(host, -1, 0, kiln_now() + LOOK_MS) == KILN_E_CANCELLED)
			return kiln_fail(err, KILN_E_CANCELLED, "cannot wait for '%s'", url);
		if (find_port(host, port, at, sizeof(at)))
			code = open_and_listen(host, at, ret_runs, &fault);
	}
	ret_runs->gone = code == KILN_E_PORT_MISSING || code == KILN_E_PORT_GONE ||
			 code == KILN_E_NETWORK;
	if (code != KILN_OK && !ret_runs->gone && err)
		*err = fault;
	return ret_runs->gone ? KILN_OK : code;
}

void now_runs_text(const struct now_runs *runs, char *dst, size_t size)
{
	const struct kiln_board_info *info = &runs->info;

	if (runs->gone)
		kiln_text_copy(dst, size,
			       "what was written: its port went with the reset; 'kiln "
			       "discover' shows where it is now");
	else if (runs->kind == BOOTLOG_SILENT)
		kiln_text_copy(dst, size, "something that says nothing; no MicroPython prompt");
	else if (runs->kind == BOOTLOG_TEXT)
		kiln_text_format(dst, size, "something that says: %s", runs->line);
	else
		kiln_text_format(dst, size, "%s %s%s%s%s%s", info->implementation, info->version,
				 info->machine[0] ? ", " : "", info->machine,
				 info->uid[0] ? ", " : "", info->uid);
}

json_t *now_runs_json(const struct now_runs *runs)
{
	const struct kiln_board_info *info = &runs->info;

	if (runs->gone)
		return json_pack("{s:s, s:n, s:b}", "event", "running", "text", "gone", 1);
	if (runs->kind != BOOTLOG_PROMPT)
		return json_pack("{s:s, s:s}", "event", "running", "text", runs->line);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "running", "implementation",
			 info->implementation, "version", info->version, "platform", info->platform,
			 "machine", info->machine, "uid", info->uid);
}

kiln_code now_runs(struct render *render, const char *url, const struct kiln_port *port,
		   struct kiln_err *err)
{
	struct now_runs runs;
	char text[512];

	KILN_TRY(now_runs_ask(&render->cli->host, url, port, &runs, err));
	if (render->cli->json) {
		cli_json(now_runs_json(&runs));
		return KILN_OK;
	}
	now_runs_text(&runs, text, sizeof(text));
	render_say(render, "runs     %s", text);
	if (runs.kind == BOOTLOG_PROMPT && runs.line[0])
		render_say(render, "%s", runs.line);
	return KILN_OK;
}
