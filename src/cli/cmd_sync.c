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
#include "cli/fs.h"
#include "cli/ports.h"
#include "cli/whole.h"
#include "hostfs/ignore.h"
#include "hostfs/sync.h"
#include "hostfs/watch.h"

enum {
	QUIET_MS = 150, /* editors change a file in several steps */
	LOOK_MS = 500,  /* for a board that went */
};

struct params {
	struct opt_list ports, exclude, include;
	uint64_t baud;
	bool json, mirror, yes, dry_run, watch;
};

struct sync {
	struct fs fs; /* the board, and its progress */
	const struct params *params;
	const char *url, *folder, *target;
	struct kiln_ignore ignore, include;
	struct kiln_host_tree tree;
	struct kiln_host_watch watch;
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_LIST, offsetof(struct params, ports),
	  "port or URL of the board, several are served in turn; may be left out if there is just "
	  "one" },
	{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct params, baud),
	  "speed of the board's console (115200)" },
	{ 'n', "dry-run", NULL, OPT_FLAG, offsetof(struct params, dry_run),
	  "only say what would be done" },
	{ 'm', "mirror", NULL, OPT_FLAG, offsetof(struct params, mirror),
	  "remove what the board has and the folder has not" },
	{ 'y', "yes", NULL, OPT_FLAG, offsetof(struct params, yes), "remove without asking" },
	{ 'x', "exclude", "PATTERN", OPT_LIST, offsetof(struct params, exclude),
	  "leave these out; as a line of .kilnignore" },
	{ 'i', "include", "PATTERN", OPT_LIST, offsetof(struct params, include),
	  "take only these files" },
	{ 'w', "watch", NULL, OPT_FLAG, offsetof(struct params, watch),
	  "go on, and bring each change over as it is saved" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "one JSON object a line" },
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
	const struct params *params = s->params;

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
		printf("%-7s %s%s\n", kiln_sync_word(c->kind),
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
	printf("%zu added, %zu updated (%llu bytes), %zu deleted, %zu the same%s\n",
	       counts[KILN_SYNC_ADD], counts[KILN_SYNC_UPDATE], (unsigned long long)plan->bytes,
	       counts[KILN_SYNC_DELETE], plan->same,
	       s->params->dry_run ? "; nothing was written" : "");
	fflush(stdout);
}

/* ---- doing it ---- */

static bool is_confirmed(const struct sync *s, const struct kiln_sync_plan *plan)
{
	char answer[16];

	if (s->params->yes)
		return true;
	if (s->params->json || !isatty(STDIN_FILENO))
		return false;
	fflush(stdout);
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

	for (size_t i = 0; i < plan->n; i++)
		say_change(s, &plan->changes[i]);
	if (s->params->dry_run)
		return KILN_OK;
	if (plan->deletes > 0 && !is_confirmed(s, plan))
		return fail_unconfirmed(plan, err);
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
	if (code == KILN_OK && (always || plan.n > 0))
		say_summary(s, &plan);
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

	return waiter->wait(waiter->user, fd, fd < 0 ? 0 : POLLIN,
			    ms < 0 ? KILN_FOREVER : kiln_now() + ms);
}

/* Until something changed, and then nothing for a moment. */
static kiln_code wait_for_change(const struct sync *s)
{
	kiln_code code = wait_for(s, s->watch.fd, -1);

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
	kiln_code code = KILN_E_TIMEOUT;

	close_board(s);
	say_state(s, "gone", "(the board is gone: waiting for it)");
	while (code == KILN_E_TIMEOUT) {
		if (open_board(s, NULL) == KILN_OK)
			break;
		close_board(s);
		code = wait_for(s, -1, LOOK_MS);
	}
	if (code != KILN_E_TIMEOUT)
		return code;
	say_state(s, "back", "(it is back)");
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
		if (is_lost(code)) {
			code = reconnect(s);
			if (code == KILN_OK)
				continue;
		} else if (code != KILN_OK && code != KILN_E_CANCELLED) {
			(void)cli_fail(s->fs.cli, &err);
			code = KILN_OK;
		}
		if (code == KILN_OK)
			code = wait_for_change(s);
		if (code != KILN_OK)
			return code;
	}
}

/* ---- the command ---- */

static kiln_code run_board(struct sync *s, struct kiln_err *err)
{
	kiln_code code = open_board(s, err);

	if (code == KILN_OK)
		code = sync_once(s, true, err);
	if (code == KILN_OK && s->params->watch) {
		say_state(s, "watching", "(watching; Ctrl-C ends)");
		code = watch_on(s);
		if (code == KILN_E_CANCELLED)
			(void)kiln_fail(err, code, "watching '%s'", s->folder);
	}
	close_board(s);
	return code;
}

static int run_boards(struct sync *s)
{
	const struct opt_list *ports = &s->params->ports;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port only;
	int exit_code = 0;

	if (ports->n == 0) {
		if (ports_only_board(&s->fs.cli->host, &only, &err) != KILN_OK)
			return cli_fail(s->fs.cli, &err);
		s->url = only.url;
		return run_board(s, &err) == KILN_OK ? 0 : cli_fail(s->fs.cli, &err);
	}
	for (size_t i = 0; i < ports->n; i++) {
		struct kiln_err why = KILN_ERR_INIT;

		s->url = ports->items[i];
		if (ports->n > 1 && !s->params->json)
			printf("%s\n", s->url);
		if (run_board(s, &why) != KILN_OK) {
			const int failed = cli_fail(s->fs.cli, &why);

			exit_code = failed > exit_code ? failed : exit_code;
			if (failed == 130)
				break;
		}
	}
	return exit_code;
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

static int check(struct cli *cli, const struct command *self, const struct params *params,
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
	struct params params = { .baud = 115200 };
	struct sync s = { .params = &params, .fs = { .cli = cli, .self = self } };
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
