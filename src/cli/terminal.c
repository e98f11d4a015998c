/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <string.h>
#include <unistd.h>

#include <kiln/repl.h>

#include "base/buf.h"
#include "cli/whole.h"
#include "hostfs/mount.h"
#include "repl/watch.h"

enum { PASTE_MAX = 1024 * 1024, WRITE_MS = 5000 };

/* Terminals put these around what is pasted, once they are asked to (xterm's control sequences,
 * "bracketed paste mode"). */
#define PASTE_ASK "\033[?2004h"
#define PASTE_NO "\033[?2004l"
#define PASTE_BEGIN "\033[200~"
#define PASTE_END "\033[201~"

struct talk {
	struct terminal *terminal;
	struct kiln_link **link;
	const struct terminal_options *options;
	struct kiln_watch watch; /* of what the board says: is it at its prompt? */
	struct kiln_buf keys;    /* for the board */
	struct kiln_buf paste;   /* what came since PASTE_BEGIN */
	size_t begin_at;         /* bytes of PASTE_BEGIN that have come */
	bool pasting;
	bool leave;
	bool told;      /* that the board was reset; until its prompt comes */
	bool restarted; /* the interpreter did, and its prompt has not come yet */
	bool remount;   /* it has: what was mounted is gone */
};

static void show(const struct talk *talk, const void *p, size_t n)
{
	FILE *capture = talk->options->capture;

	(void)fwrite(p, 1, n, stdout);
	fflush(stdout);
	if (capture) {
		(void)fwrite(p, 1, n, capture);
		fflush(capture);
	}
}

static void say(const struct talk *talk, const char *text)
{
	show(talk, text, strlen(text));
}

/* Of a program that ran as one: raw terminals want "\r\n". */
static void show_lines(void *user, const char *text, size_t n)
{
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		const size_t line = end ? (size_t)(end - text) : n;

		show(user, text, line);
		if (end)
			say(user, "\r\n");
		text += line + (end ? 1 : 0);
		n -= line + (end ? 1 : 0);
	}
}

static void say_error(struct talk *talk, const struct kiln_err *err)
{
	show_lines(talk, err->what, strlen(err->what));
	say(talk, ": ");
	show_lines(talk, err->why, strlen(err->why));
	say(talk, "\r\n");
}

/* A chip's ROM has spoken: its program is gone, and so are variables. */
static void tell_reset(struct talk *talk)
{
	static const char *const by[KILN_RESET_KINDS] = {
		[KILN_RESET_UNKNOWN] = "",
		[KILN_RESET_WATCHDOG] = " by its watchdog",
		[KILN_RESET_SLEEP] = ": it woke up from deep sleep",
		[KILN_RESET_POWER] = ": its supply gave way",
	};

	if (talk->told || !talk->options->tells)
		return;
	talk->told = true;
	say(talk, "(the board was reset");
	say(talk, by[talk->watch.last_reset]);
	say(talk, ")\r\n");
}

static void note_seen(struct talk *talk, kiln_seen seen)
{
	if (seen == KILN_SEEN_FRIENDLY) {
		talk->told = false;
		talk->remount |= talk->restarted;
		talk->restarted = false;
	} else if (seen == KILN_SEEN_SOFT_RESET) {
		talk->restarted = true;
	} else if (seen == KILN_SEEN_ROM || seen == KILN_SEEN_DOWNLOAD) {
		tell_reset(talk);
	}
}

static void hear_history(struct talk *talk, const uint8_t *p, size_t n)
{
	struct kiln_buf shown = KILN_BUF_INIT(16 * 1024);

	if (!talk->options->history)
		return;
	terminal_history_heard(talk->options->history, p, n, &shown);
	show(talk, shown.data, shown.len);
	kiln_buf_done(&shown);
}

static void show_board(struct talk *talk, const uint8_t *p, size_t n)
{
	/* what any terminal can show, and the keys it knows: BS, HT, LF, CR, ESC */
	static const char plain[] = "\b\t\n\r\033";
	struct kiln_buf out = KILN_BUF_INIT(n * 4 + 1);

	hear_history(talk, p, n);
	for (size_t i = 0; i < n; i++) {
		const kiln_seen seen = kiln_watch_byte(&talk->watch, p[i]);

		if (!talk->options->escape || (p[i] >= 32 && p[i] <= 126) ||
		    (p[i] && strchr(plain, p[i])))
			(void)kiln_buf_putc(&out, p[i]);
		else
			(void)kiln_buf_printf(&out, "[%02x]", p[i]);
		if (seen == KILN_SEEN_NOTHING)
			continue;
		show(talk, out.data, out.len);
		kiln_buf_reset(&out);
		note_seen(talk, seen);
	}
	show(talk, out.data, out.len);
	kiln_buf_done(&out);
}

static kiln_code send_keys(struct talk *talk, struct kiln_err *err)
{
	struct kiln_link *link = *talk->link;
	kiln_code code = KILN_OK;

	if (talk->keys.len > 0)
		code = kiln_link_write(link, talk->keys.data, talk->keys.len,
				       kiln_link_after(link, WRITE_MS), err);
	kiln_buf_reset(&talk->keys);
	return code;
}

/* The session borrows the link; *talk->link is NULL if it lost it. */
static kiln_code borrow(struct talk *talk, struct kiln_repl **ret_repl, struct kiln_err *err)
{
	struct kiln_link *link = *talk->link;

	*talk->link = NULL;
	return kiln_repl_open(link, ret_repl, err);
}

static void show_rest(void *user, const char *text, size_t n)
{
	show_board(user, (const uint8_t *)text, n);
}

/* Ctrl-K: the program runs on its own, so that keys are for it, and Ctrl-] may leave it running. */
static kiln_code inject_file(struct talk *talk, struct kiln_err *err)
{
	const struct kiln_repl_output output = { .text = show_rest, .user = talk };
	const char *name = talk->options->inject_file;
	struct kiln_buf program = KILN_BUF_INIT(PASTE_MAX);
	struct kiln_err why = KILN_ERR_INIT;
	struct kiln_repl *repl;
	kiln_code code;

	say(talk, "Injecting ");
	say(talk, name);
	say(talk, "\r\n");
	code = whole_read(name, &program, &why);
	if (code == KILN_OK) {
		code = borrow(talk, &repl, err);
		if (code == KILN_OK) {
			code = kiln_repl_start(repl, kiln_buf_str(&program), program.len, &output,
					       &why);
			*talk->link = kiln_repl_detach(repl);
		}
	}
	kiln_buf_done(&program);
	if (*talk->link == NULL || code == KILN_OK)
		return code;
	if (code == KILN_E_PORT_GONE) {
		if (err)
			*err = why;
		return code;
	}
	say(talk, "Error:\r\n");
	say_error(talk, &why);
	return KILN_OK;
}

/* That of the board went with raw mode. */
static void show_prompt(struct talk *talk)
{
	kiln_watch_init(&talk->watch);
	show_board(talk, (const uint8_t *)">>> ", 4);
}

/* A paste of several lines at the prompt: as one program, so that it is neither echoed, nor
 * indented by the prompt, nor too fast. */
static kiln_code run_paste(struct talk *talk, struct kiln_err *err)
{
	const struct kiln_repl_output output = { .text = show_lines, .user = talk };
	struct kiln_repl_result result = { .exception = false };
	struct kiln_repl *repl;
	kiln_code code;

	say(talk, "(pasted)\r\n");
	KILN_TRY(borrow(talk, &repl, err));
	talk->terminal->interrupts = true;
	code = kiln_repl_exec(repl, kiln_buf_str(&talk->paste), talk->paste.len, &output, &result,
			      err);
	talk->terminal->interrupts = false;
	if (code == KILN_OK && result.traceback)
		show_lines(talk, result.traceback, strlen(result.traceback));
	kiln_repl_result_done(&result);
	*talk->link = kiln_repl_detach(repl);
	if (code != KILN_OK && code != KILN_E_PORT_GONE) {
		say_error(talk, err);
		code = KILN_OK;
	}
	show_prompt(talk);
	return code;
}

/* Terminals send a paste's line ends as CR. */
static kiln_code end_paste(struct talk *talk, struct kiln_err *err)
{
	struct kiln_buf *paste = &talk->paste;
	const bool many = memchr(paste->data, '\r', paste->len) ||
			  memchr(paste->data, '\n', paste->len);
	kiln_code code = KILN_OK;

	talk->pasting = false;
	if (paste->failed) {
		say(talk, "\r\nthis paste is too long: 'kiln exec -f FILE' runs a file\r\n");
	} else if (many && kiln_watch_line_is(&talk->watch, ">>> ")) {
		for (size_t i = 0; i < paste->len; i++) {
			if (paste->data[i] == '\r')
				paste->data[i] = '\n';
		}
		KILN_TRY(send_keys(talk, err));
		code = run_paste(talk, err);
	} else {
		(void)kiln_buf_append(&talk->keys, paste->data, paste->len);
	}
	paste->failed = false;
	kiln_buf_reset(paste);
	return code;
}

static kiln_code paste_key(struct talk *talk, uint8_t key, struct kiln_err *err)
{
	const size_t n = strlen(PASTE_END);
	struct kiln_buf *paste = &talk->paste;

	(void)kiln_buf_putc(paste, key);
	if (paste->len < n || memcmp(paste->data + paste->len - n, PASTE_END, n) != 0)
		return KILN_OK;
	paste->len -= n;
	paste->data[paste->len] = '\0';
	return end_paste(talk, err);
}

/* True if the key is a part of PASTE_BEGIN; what turns out not to be goes to the board. */
static bool begins_paste(struct talk *talk, uint8_t key)
{
	if (!talk->options->whole_paste)
		return false;
	if (key != (uint8_t)PASTE_BEGIN[talk->begin_at]) {
		(void)kiln_buf_append(&talk->keys, PASTE_BEGIN, talk->begin_at);
		talk->begin_at = 0;
		if (key != (uint8_t)PASTE_BEGIN[0])
			return false;
	}
	talk->begin_at++;
	if (PASTE_BEGIN[talk->begin_at] == '\0') {
		talk->begin_at = 0;
		talk->pasting = true;
	}
	return true;
}

static void inject_code(struct talk *talk)
{
	/* "\n" of the command line is two characters: a line end */
	for (const char *c = talk->options->inject_code; *c; c++) {
		if (c[0] == '\\' && c[1] == 'n') {
			(void)kiln_buf_puts(&talk->keys, "\r\n");
			c++;
		} else {
			(void)kiln_buf_putc(&talk->keys, (uint8_t)*c);
		}
	}
}

static bool search_takes(struct talk *talk, uint8_t key)
{
	struct kiln_buf shown = KILN_BUF_INIT(16 * 1024);
	bool taken;

	if (!talk->options->history)
		return false;
	taken = terminal_history_key(talk->options->history, key, &talk->keys, &shown);
	show(talk, shown.data, shown.len);
	kiln_buf_done(&shown);
	return taken;
}

static kiln_code on_key(struct talk *talk, uint8_t key, struct kiln_err *err)
{
	const struct terminal_options *options = talk->options;

	if (talk->pasting)
		return paste_key(talk, key, err);
	if (search_takes(talk, key))
		return KILN_OK;
	if (begins_paste(talk, key))
		return KILN_OK;
	if (key == KEY_CTRL_BRACKET || key == KEY_CTRL_X) {
		talk->leave = true;
	} else if (key == KEY_CTRL_J && options->inject_code) {
		inject_code(talk);
	} else if (key == KEY_CTRL_K && options->inject_file) {
		KILN_TRY(send_keys(talk, err));
		return inject_file(talk, err);
	} else {
		(void)kiln_buf_putc(&talk->keys, key);
	}
	return KILN_OK;
}

static kiln_code take_keys(struct talk *talk, struct kiln_err *err)
{
	uint8_t keys[256];
	const ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0) { /* the terminal was closed */
		talk->leave = true;
		return KILN_OK;
	}
	for (ssize_t i = 0; i < n && !talk->leave; i++)
		KILN_TRY(on_key(talk, keys[i], err));
	if (talk->options->history)
		terminal_history_rest(talk->options->history);
	/* a lone ESC is a key; a terminal sends its sequences in one go */
	if (talk->begin_at == 1) {
		(void)kiln_buf_putc(&talk->keys, (uint8_t)PASTE_BEGIN[0]);
		talk->begin_at = 0;
	}
	return send_keys(talk, err);
}

/* What the board says, until it is silent or a key is pressed. */
static kiln_code listen(struct talk *talk, struct kiln_err *err)
{
	struct terminal *t = talk->terminal;
	uint8_t said[4096];
	kiln_code code;
	size_t n;

	t->listens = true;
	t->has_keys = false;
	code = kiln_link_read(*talk->link, said, sizeof(said), KILN_FOREVER, &n, err);
	t->listens = false;
	if (code == KILN_OK)
		show_board(talk, said, n);
	/* a signal that was not a key ends it all */
	return code == KILN_E_CANCELLED && t->has_keys ? KILN_OK : code;
}

/* A folder of this computer that was mounted: again, as before the restart. */
static kiln_code remount(struct talk *talk, struct kiln_err *err)
{
	const char *folder = kiln_mount_folder(*talk->link);
	struct kiln_repl *repl;
	kiln_code code;

	talk->remount = false;
	if (!folder)
		return KILN_OK;
	say(talk, "\r\nRemount local directory ");
	say(talk, folder);
	say(talk, " at " KILN_MOUNT_POINT "\r\n");
	KILN_TRY(borrow(talk, &repl, err));
	code = kiln_mount_again(repl, err);
	*talk->link = kiln_repl_detach(repl);
	if (code != KILN_OK && code != KILN_E_PORT_GONE) {
		say_error(talk, err);
		code = KILN_OK;
	}
	show_prompt(talk);
	return code;
}

static kiln_code talk_on(struct talk *talk, struct kiln_err *err)
{
	while (!talk->leave) {
		KILN_TRY(listen(talk, err));
		if (talk->remount)
			KILN_TRY(remount(talk, err));
		/* a read that finds bytes does not wait: a flood must not hide the keys */
		if (terminal_has_keys())
			KILN_TRY(take_keys(talk, err));
	}
	return KILN_OK;
}

kiln_code terminal_run(struct terminal *t, struct kiln_link **link,
		       const struct terminal_options *options, struct kiln_err *err)
{
	struct talk talk = {
		.terminal = t,
		.link = link,
		.options = options,
		.keys = KILN_BUF_INIT(PASTE_MAX + 1024),
		.paste = KILN_BUF_INIT(PASTE_MAX),
	};
	kiln_code code;

	kiln_watch_init(&talk.watch);
	if (options->whole_paste && isatty(STDOUT_FILENO))
		(void)fputs(PASTE_ASK, stdout);
	code = talk_on(&talk, err);
	if (options->whole_paste && isatty(STDOUT_FILENO))
		(void)fputs(PASTE_NO, stdout);
	fflush(stdout);
	kiln_buf_done(&talk.keys);
	kiln_buf_done(&talk.paste);
	return code;
}
