/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync: a folder of a board like one of this computer.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/board.h"
#include "cli/commands.h"
#include "cli/ports.h"
#include "cli/sync.h"
#include "cli/whole.h"
#include "hostfs/sync.h"

enum {
	QUIET_MS = 150, /* editors change a file in several steps */
	LOOK_MS = 500,  /* for a board that went */
	IDLE_MS = 1000, /* how long it may take to see that it went */
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_LIST, offsetof(struct sync_params, ports),
	  "port or URL of the board, several are served side by side; may be left out if there is "
	  "just one" },
	{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct sync_params, baud),
	  "speed of the board's console (115200)" },
	{ 'n', "dry-run", NULL, OPT_FLAG, offsetof(struct sync_params, dry_run),
	  "only say what would be done" },
	{ 'm', "mirror", NULL, OPT_FLAG, offsetof(struct sync_params, mirror),
	  "remove what the board has and the folder has not" },
	{ 'y', "yes", NULL, OPT_FLAG, offsetof(struct sync_params, yes), "remove without asking" },
	{ 'x', "exclude", "PATTERN", OPT_LIST, offsetof(struct sync_params, exclude),
	  "leave these out; as a line of .kilnignore" },
	{ 'i', "include", "PATTERN", OPT_LIST, offsetof(struct sync_params, include),
	  "take only these files" },
	{ 'w', "watch", NULL, OPT_FLAG, offsetof(struct sync_params, watch),
	  "go on, and bring each change over as it is saved" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct sync_params, json), "one JSON object a line" },
	{ 0 },
};

/* ---- what is taken ---- */

static const char *const never[] = { ".git/", "__pycache__/", "*.kiln-part", "/.kilnignore" };

static bool leaves(void *user, const char *path, bool folder)
{
	const struct sync *s = user;

	return kiln_ignore_matches(&s->ignore, path, folder) ||
	       (!folder && s->include.n > 0 && !kiln_ignore_matches(&s->include, path, false));
}

/* On the board: what would not have been taken is not missed here either. */
static bool keeps(void *user, const char *path, bool folder)
{
	const struct sync *s = user;

	return kiln_ignore_below(&s->ignore, path, folder) || leaves(user, path, folder);
}

static kiln_code read_ignore_file(struct sync *s, struct kiln_err *err)
{
	struct kiln_buf path = KILN_BUF_INIT(16 * 1024), text = KILN_BUF_INIT(1024 * 1024);
	kiln_code code = KILN_OK;

	kiln_path_join(&path, s->folder, ".kilnignore");
	if (access(kiln_buf_str(&path), F_OK) == 0) {
		code = whole_read(kiln_buf_str(&path), &text, err);
		if (code == KILN_OK)
			code = kiln_ignore_text(&s->ignore, kiln_buf_span(&text),
						kiln_buf_str(&path), err);
	}
	kiln_buf_done(&path);
	kiln_buf_done(&text);
	return code;
}

static kiln_code read_rules(struct sync *s, struct kiln_err *err)
{
	const struct sync_params *params = s->params;

	kiln_ignore_done(&s->ignore);
	kiln_ignore_done(&s->include);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		KILN_TRY(kiln_ignore_add(&s->ignore, never[i], err));
	KILN_TRY(read_ignore_file(s, err));
	for (size_t i = 0; i < params->exclude.n; i++)
		KILN_TRY(kiln_ignore_add(&s->ignore, params->exclude.items[i], err));
	for (size_t i = 0; i < params->include.n; i++)
		KILN_TRY(kiln_ignore_add(&s->include, params->include.items[i], err));
	return KILN_OK;
}

/* The folder as it is now. */
static kiln_code scan(struct sync *s, struct kiln_err *err)
{
	bool more = true;

	while (more) {
		kiln_host_tree_done(&s->tree);
		KILN_TRY(read_rules(s, err));
		KILN_TRY(kiln_host_scan(&s->tree, s->folder, leaves, s, err));
		if (s->include.n > 0) /* folders that would be empty are not meant */
			kiln_host_tree_prune(&s->tree);
		more = false;
		if (s->watch.fd >= 0)
			KILN_TRY(kiln_host_watch_tree(&s->watch, s->folder, &s->tree, &more, err));
	}
	return KILN_OK;
}

/* ---- what is said ---- */

static void lock(const struct sync *s)
{
	if (s->crew)
		kiln_crew_lock(s->crew);
}

static void unlock(const struct sync *s)
{
	if (s->crew)
		kiln_crew_unlock(s->crew);
}

static void say_change(const struct sync *s, const struct kiln_sync_change *c)
{
	static const char *const events[] = {
		[KILN_SYNC_DELETE] = "delete",
		[KILN_SYNC_MAKE] = "mkdir",
		[KILN_SYNC_ADD] = "add",
		[KILN_SYNC_UPDATE] = "update",
	};
	char clean[512];

	if (s->params->json)
		cli_json(json_pack("{s:s, s:s, s:s, s:I, s:b}", "event", events[c->kind], "port",
				   s->url, "path", c->path, "size", (json_int_t)c->size, "dry_run",
				   s->params->dry_run));
	else
		fprintf(s->out, "%-7s %s%s\n", kiln_sync_word(c->kind),
			kiln_path_clean(c->path, clean, sizeof(clean)),
			c->folder || c->kind == KILN_SYNC_MAKE ? "/" : "");
}

static void say_summary(const struct sync *s, const struct kiln_sync_plan *plan)
{
	size_t counts[KILN_SYNC_UPDATE + 1] = { 0 };

	for (size_t i = 0; i < plan->n; i++)
		counts[plan->changes[i].kind]++;
	if (s->params->json) {
		cli_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "event", "summary",
				   "port", s->url, "added", (json_int_t)counts[KILN_SYNC_ADD],
				   "updated", (json_int_t)counts[KILN_SYNC_UPDATE], "deleted",
				   (json_int_t)counts[KILN_SYNC_DELETE], "same",
				   (json_int_t)plan->same, "bytes", (json_int_t)plan->bytes,
				   "dry_run", s->params->dry_run));
		return;
	}
	fprintf(s->out, "%zu added, %zu updated (%llu bytes), %zu deleted, %zu the same%s\n",
		counts[KILN_SYNC_ADD], counts[KILN_SYNC_UPDATE], (unsigned long long)plan->bytes,
		counts[KILN_SYNC_DELETE], plan->same,
		s->params->dry_run ? "; nothing was written" : "");
	fflush(s->out);
}

/* ---- doing it ---- */

static bool is_confirmed(const struct sync *s, const struct kiln_sync_plan *plan)
{
	char answer[16];

	if (s->params->yes)
		return true;
	if (s->params->json || s->crew || !isatty(STDIN_FILENO))
		return false;
	fflush(s->out);
	fprintf(stderr, "Remove %zu of the board's files and folders? [y/N] ", plan->deletes);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static kiln_code fail_unconfirmed(const struct kiln_sync_plan *plan, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_DENIED, "cannot mirror the folder");
	kiln_why(err,
		 "%zu of the board's files and folders would be removed, and that was not "
		 "confirmed",
		 plan->deletes);
	kiln_hint(err, "-n shows what would be done, -y does it without asking");
	return KILN_E_DENIED;
}

static kiln_code carry_out(struct sync *s, const struct kiln_sync *sync,
			   const struct kiln_sync_plan *plan, struct kiln_err *err)
{
	const struct kiln_files_watch watch = { .progress = fs_progress, .user = &s->fs };
	kiln_code code;

	lock(s);
	for (size_t i = 0; i < plan->n; i++)
		say_change(s, &plan->changes[i]);
	unlock(s);
	if (s->params->dry_run)
		return KILN_OK;
	if (plan->deletes > 0 && !is_confirmed(s, plan))
		return fail_unconfirmed(plan, err);
	if (s->crew) /* which of them should a bar be of? */
		return kiln_sync_apply(sync, plan, NULL, err);
	fs_progress_begin(&s->fs);
	code = kiln_sync_apply(sync, plan, &watch, err);
	fs_progress_end(&s->fs);
	return code;
}

/* With the board open. `always`: say so too when there is nothing to do. */
static kiln_code sync_once(struct sync *s, bool always, struct kiln_err *err)
{
	const struct kiln_sync sync = {
		.board = s->fs.files,
		.tree = &s->tree,
		.target = s->target,
		.mirror = s->params->mirror,
		.keeps = keeps,
		.user = s,
	};
	struct kiln_sync_plan plan;
	kiln_code code;

	KILN_TRY(kiln_sync_plan(&sync, &plan, err));
	code = carry_out(s, &sync, &plan, err);
	lock(s);
	if (code == KILN_OK && (always || plan.n > 0))
		say_summary(s, &plan);
	unlock(s);
	kiln_sync_plan_done(&plan);
	return code;
}

static kiln_code open_board(struct sync *s, struct kiln_err *err)
{
	KILN_TRY(board_open(s->fs.cli, s->url, s->params->baud, &s->fs.repl, err));
	return kiln_files_open(s->fs.repl, &s->fs.files, err);
}

static void close_board(struct sync *s)
{
	kiln_files_close(s->fs.files);
	kiln_repl_close(s->fs.repl);
	s->fs.files = NULL;
	s->fs.repl = NULL;
}

/* ---- watching ---- */

static kiln_code wait_for(const struct sync *s, int fd, kiln_ms ms)
{
	const struct kiln_waiter *waiter = &s->fs.cli->host.waiter;

	return waiter->wait(waiter->user, fd, fd < 0 ? 0 : POLLIN, kiln_now() + ms);
}

/* Seen without a read: what the board prints meanwhile is for whoever uses the session next. */
static bool is_unplugged(const struct sync *s)
{
	struct pollfd p = { .fd = kiln_link_fd(kiln_repl_link(s->fs.repl)) };

	return p.fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

/* Until something changed, and then nothing for a moment. Fails with: E_CANCELLED, E_PORT_GONE. */
static kiln_code wait_for_change(const struct sync *s)
{
	kiln_code code = KILN_E_TIMEOUT;

	while (code == KILN_E_TIMEOUT && !is_unplugged(s))
		code = wait_for(s, s->watch.fd, IDLE_MS);
	if (code == KILN_E_TIMEOUT)
		return KILN_E_PORT_GONE;
	while (code == KILN_OK) {
		kiln_host_watch_drain(&s->watch);
		code = wait_for(s, s->watch.fd, QUIET_MS);
	}
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static void say_state(const struct sync *s, const char *event, const char *text)
{
	if (s->params->json)
		cli_json(json_pack("{s:s, s:s}", "event", event, "port", s->url));
	else
		printf("%s\n", text);
	fflush(stdout);
}

static kiln_code reconnect(struct sync *s)
{
	const struct kiln_host *host = &s->fs.cli->host;
	char before[sizeof(s->url)], text[sizeof(s->url) + 32];
	struct kiln_err err = KILN_ERR_INIT; /* there is no need to tell why it is not yet back */
	kiln_code code = KILN_E_TIMEOUT;

	close_board(s);
	say_state(s, "gone", "(the board is gone: waiting for it)");
	kiln_text_copy(before, sizeof(before), s->url);
	while (code == KILN_E_TIMEOUT) {
		code = ports_find_again(host, &s->port, s->url, sizeof(s->url))
			       ? open_board(s, &err)
			       : KILN_E_PORT_MISSING;
		if (code == KILN_OK || code == KILN_E_CANCELLED)
			break;
		close_board(s);
		code = wait_for(s, -1, LOOK_MS);
	}
	if (code != KILN_OK)
		return code;
	kiln_text_format(text, sizeof(text), "(it is back, at %s)", s->url);
	say_state(s, "back", strcmp(before, s->url) == 0 ? "(it is back)" : text);
	return KILN_OK;
}

static bool is_lost(kiln_code code)
{
	return code == KILN_E_PORT_GONE || code == KILN_E_NO_PROMPT || code == KILN_E_TIMEOUT ||
	       code == KILN_E_PORT_MISSING || code == KILN_E_NETWORK || code == KILN_E_PROTOCOL;
}

/* What fails is said, and the next change is another chance. */
static kiln_code watch_on(struct sync *s)
{
	for (;;) {
		struct kiln_err err = KILN_ERR_INIT;
		kiln_code code = scan(s, &err);

		if (code == KILN_OK)
			code = sync_once(s, false, &err);
		if (code != KILN_OK && code != KILN_E_CANCELLED && !is_lost(code)) {
			(void)cli_fail(s->fs.cli, &err);
			code = KILN_OK;
		}
		if (code == KILN_OK)
			code = wait_for_change(s);
		if (is_lost(code))
			code = reconnect(s);
		if (code != KILN_OK)
			return code;
	}
}

/* ---- the command ---- */

kiln_code sync_run_board(struct sync *s, struct kiln_err *err)
{
	kiln_code code = open_board(s, err);

	if (code == KILN_OK)
		code = sync_once(s, true, err);
	if (code == KILN_OK && s->params->watch) {
		ports_remember(&s->fs.cli->host, s->url, &s->port);
		say_state(s, "watching", "(watching; Ctrl-C ends)");
		code = watch_on(s);
		if (code == KILN_E_CANCELLED)
			(void)kiln_fail(err, code, "watching '%s'", s->folder);
	}
	close_board(s);
	return code;
}

static int run_one(struct sync *s, const char *url)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (!kiln_text_copy(s->url, sizeof(s->url), url)) {
		(void)kiln_fail(&err, KILN_E_INVALID, "cannot open '%.40s...'", url);
		kiln_why(&err, "that is too long for a port");
		return cli_fail(s->fs.cli, &err);
	}
	return sync_run_board(s, &err) == KILN_OK ? 0 : cli_fail(s->fs.cli, &err);
}

/* Somebody may have to answer. */
static bool may_ask(const struct sync_params *params)
{
	return params->mirror && !params->yes && !params->dry_run && !params->json &&
	       isatty(STDIN_FILENO);
}

static int run_in_turn(struct sync *s)
{
	const struct opt_list *ports = &s->params->ports;
	int exit_code = 0;

	for (size_t i = 0; i < ports->n && exit_code != 130; i++) {
		int failed;

		printf("%s\n", ports->items[i]);
		failed = run_one(s, ports->items[i]);
		exit_code = failed > exit_code ? failed : exit_code;
	}
	return exit_code;
}

static int run_boards(struct sync *s)
{
	const struct opt_list *ports = &s->params->ports;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port only;

	if (ports->n > 1)
		return may_ask(s->params) ? run_in_turn(s) : sync_run_many(s);
	if (ports->n == 1)
		return run_one(s, ports->items[0]);
	if (ports_only_board(&s->fs.cli->host, &only, &err) != KILN_OK)
		return cli_fail(s->fs.cli, &err);
	return run_one(s, only.url);
}

static int run_sync(struct sync *s)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = KILN_OK;
	int exit_code;

	s->watch.fd = -1;
	if (s->params->watch)
		code = kiln_host_watch_open(&s->watch, &err);
	if (code == KILN_OK)
		code = scan(s, &err);
	exit_code = code == KILN_OK ? run_boards(s) : cli_fail(s->fs.cli, &err);
	kiln_host_watch_close(&s->watch);
	kiln_host_tree_done(&s->tree);
	kiln_ignore_done(&s->ignore);
	kiln_ignore_done(&s->include);
	return exit_code;
}

static int check(struct cli *cli, const struct command *self, const struct sync_params *params,
		 const struct opt_list *words)
{
	if (words->n < 1)
		return cli_usage(cli, self, "sync what?");
	if (words->n > 2)
		return cli_usage(cli, self, "'%s' is one word too many", words->items[2]);
	if (fs_is_board(words->items[0]))
		return cli_usage(cli, self, "only folders of this computer are synced to boards");
	if (words->n == 2 && !fs_is_board(words->items[1]))
		return cli_usage(cli, self, "the target '%s' needs a ':' in front",
				 words->items[1]);
	if (params->watch && params->ports.n > 1)
		return cli_usage(cli, self, "--watch serves one board");
	if (params->watch && params->dry_run)
		return cli_usage(cli, self, "--watch and --dry-run do not go together");
	if (params->watch && params->mirror && !params->yes)
		return cli_usage(cli, self, "--watch with --mirror removes files unasked: add -y");
	return -1;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct sync_params params = { .baud = 115200 };
	struct sync s = { .params = &params, .fs = { .cli = cli, .self = self }, .out = stdout };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	s.fs.params.json = params.json;
	if (exit_code < 0)
		exit_code = check(cli, self, &params, &words);
	if (exit_code < 0) {
		s.folder = words.items[0];
		s.target = words.n > 1 ? fs_board_path(words.items[1]) : "";
		exit_code = run_sync(&s);
	}
	opt_list_done(&params.ports);
	opt_list_done(&params.exclude);
	opt_list_done(&params.include);
	opt_list_done(&words);
	return exit_code;
}

const struct command cmd_sync = {
	.name = "sync",
	.summary = "make a folder of a board like one of this computer",
	.usage = "[-p PORT]... [-n] [--mirror [-y]] [--watch] [--json] FOLDER [:TARGET]",
	.description =
		"Put what is in FOLDER into TARGET on a board, but only what differs: the board "
		"hashes its files, one round trip tells what must travel. Without a target it is "
		"the folder that the board is in. Files go only to the board, never from it.\n\n"
		"What only the board has stays, unless --mirror is given: then it is removed, "
		"below "
		"TARGET and not in file systems that are mounted there, after a question or with "
		"-y.\n\n"
		"Patterns as in .gitignore say what is left out, on both sides: those of "
		".kilnignore in FOLDER, and of --exclude. .git/, __pycache__/ and .kilnignore stay "
		"behind by themselves; a pattern with '!' in front takes them all the same. A "
		"symbolic link that leaves FOLDER is an error.\n\n"
		"Whether all fits on the board is checked before anything is written or removed. "
		"With --watch the command goes on until Ctrl-C, and waits for a board that is "
		"unplugged.",
	.options = options,
	.run = run,
	.examples = (const char *const[]){ "kiln sync src", "Bring a board up to date.",
					   "kiln sync --mirror -n src :/lib",
					   "Say what would be changed, and removed, below /lib.",
					   "kiln sync -w -x '*.md' src",
					   "Keep a board up to date while you write.", NULL },
};
