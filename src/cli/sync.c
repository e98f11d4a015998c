/* SPDX-License-Identifier: Apache-2.0 */
/* sync of one board: what of a folder is taken, and what is done and said about it. */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/board.h"
#include "cli/sync.h"
#include "cli/whole.h"

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

kiln_code sync_scan(struct sync *s, struct kiln_err *err)
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

kiln_code sync_once(struct sync *s, bool always, struct kiln_err *err)
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

kiln_code sync_open_board(struct sync *s, struct kiln_err *err)
{
	KILN_TRY(board_open(s->fs.cli, s->url, s->params->baud, &s->fs.repl, err));
	return kiln_files_open(s->fs.repl, &s->fs.files, err);
}

void sync_close_board(struct sync *s)
{
	kiln_files_close(s->fs.files);
	kiln_repl_close(s->fs.repl);
	s->fs.files = NULL;
	s->fs.repl = NULL;
}

kiln_code sync_run_board(struct sync *s, struct kiln_err *err)
{
	kiln_code code = sync_open_board(s, err);

	if (code == KILN_OK)
		code = sync_once(s, true, err);
	if (code == KILN_OK && s->params->watch)
		code = sync_watch(s, err);
	sync_close_board(s);
	return code;
}
