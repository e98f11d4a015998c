/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kiln mip install: one board, or many at the same time. What is downloaded serves all boards that
 * run the same version of .mpy files.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/port.h>

#include "base/text.h"
#include "cli/mip.h"
#include "cli/ports.h"
#include "cli/render.h"
#include "link/crew.h"

enum { KINDS_MAX = 8 };

struct crowd;

struct member {
	struct crowd *crowd;
	char url[256], name[64];
	struct term_line *line; /* of a single board; else NULL */
	kiln_ms drawn;
	struct kiln_mip_count count;
	size_t packages;
	kiln_code code;
	struct kiln_err err;
};

struct crowd {
	struct mip *mip;
	struct member *members;
	size_t n;
	int width; /* of the longest name */
	struct kiln_crew *crew;
	/* by version of .mpy files; with the crew's lock */
	struct {
		unsigned mpy;
		struct kiln_mip_set *set;
	} sets[KINDS_MAX];
	size_t n_sets;
};

static void lock(struct crowd *crowd)
{
	if (crowd->crew)
		kiln_crew_lock(crowd->crew);
}

static void unlock(struct crowd *crowd)
{
	if (crowd->crew)
		kiln_crew_unlock(crowd->crew);
}

/* ---- what is shown ---- */

static void show_json(const struct member *m, const char *event, const struct kiln_mip_set *set,
		      const struct kiln_mip_step *step, const char *path)
{
	json_t *object = json_pack("{s:s, s:s}", "event", event, "board", m->url);

	if (path)
		(void)json_object_set_new(object, "path", json_string(path));
	if (step && step->is_file)
		(void)json_object_set_new(object, "size",
					  json_integer((json_int_t)set->files[step->i].size));
	if (step && !step->is_file) {
		(void)json_object_set_new(object, "name", json_string(set->packages[step->i].name));
		(void)json_object_set_new(object, "version",
					  json_string(set->packages[step->i].version));
	}
	cli_json(object);
}

static void on_did(void *user, const struct kiln_mip_set *set, const struct kiln_mip_step *step,
		   kiln_mip_did did, const char *path)
{
	static const char *const names[] = { [KILN_MIP_DID_BEGIN] = "package",
					     [KILN_MIP_DID_SEND] = "sent",
					     [KILN_MIP_DID_SKIP] = "same",
					     [KILN_MIP_DID_REMOVE] = "removed" };
	struct member *m = user;

	m->packages += did == KILN_MIP_DID_BEGIN;
	lock(m->crowd);
	if (m->line)
		term_line_clear(m->line);
	if (m->crowd->mip->cli->json) {
		show_json(m, names[did], set, step, path);
	} else if (m->crowd->n == 1 && did == KILN_MIP_DID_BEGIN) {
		const struct kiln_mip_package *p = &set->packages[step->i];

		printf("%s%s%s\n", p->name, p->version[0] ? " " : "", p->version);
	} else if (m->crowd->n == 1) {
		printf("  %-8s %s\n", names[did], path);
	}
	fflush(stdout);
	unlock(m->crowd);
}

static void on_progress(void *user, const struct kiln_files_progress *p)
{
	struct member *m = user;
	const kiln_ms now = kiln_now();
	char bar[80] = "", text[200];

	if (!m->line || now - m->drawn < 100)
		return;
	m->drawn = now;
	if (p->total)
		render_bar(bar, sizeof(bar), 30, p->done, p->total);
	kiln_text_format(text, sizeof(text), "%s%s%s", bar, bar[0] ? "  " : "", p->path);
	term_line_show(m->line, text);
}

static void show_end(const struct member *m)
{
	const struct kiln_mip_count *c = &m->count;

	if (m->code == KILN_OK && m->crowd->mip->cli->json)
		cli_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "event", "installed",
				   "board", m->url, "packages", (json_int_t)m->packages, "sent",
				   (json_int_t)c->sent, "same", (json_int_t)c->same, "removed",
				   (json_int_t)c->removed, "bytes", (json_int_t)c->bytes));
	else if (m->code == KILN_OK)
		printf("%-*s%s%zu package%s: %zu file%s sent (%llu bytes), %zu there already\n",
		       m->crowd->n > 1 ? m->crowd->width : 0, m->crowd->n > 1 ? m->name : "",
		       m->crowd->n > 1 ? "  " : "", m->packages, m->packages == 1 ? "" : "s",
		       c->sent, c->sent == 1 ? "" : "s", (unsigned long long)c->bytes, c->same);
	else if (m->crowd->mip->cli->json)
		cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "failed", "board",
				   m->url, "code", kiln_code_name(m->err.code), "what", m->err.what,
				   "why", m->err.why, "hint", m->err.hint));
	else
		fprintf(stderr, "%-*s  error: %s%s%s%s%s\n", m->crowd->width, m->name, m->err.what,
			m->err.why[0] ? ": " : "", m->err.why, m->err.hint[0] ? "; " : "",
			m->err.hint);
	fflush(stdout);
}

/* ---- the work on one board ---- */

static kiln_code set_for(struct crowd *crowd, const struct kiln_host *host, unsigned mpy,
			 const struct kiln_mip_set **ret_set, struct kiln_err *err)
{
	struct kiln_mip_set *set;

	for (size_t i = 0; i < crowd->n_sets; i++) {
		if (crowd->sets[i].mpy == mpy) {
			*ret_set = crowd->sets[i].set;
			return KILN_OK;
		}
	}
	if (crowd->n_sets == KINDS_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "these boards are of too many kinds");
	KILN_TRY(mip_resolve(crowd->mip, host, mpy, &set, err));
	crowd->sets[crowd->n_sets].mpy = mpy;
	crowd->sets[crowd->n_sets++].set = set;
	*ret_set = set;
	return KILN_OK;
}

static kiln_code work_on(struct member *m, const struct kiln_host *host, struct kiln_err *err)
{
	const struct kiln_mip_install options = { .record = true,
						  .force = m->crowd->mip->params.force,
						  .did = on_did,
						  .progress = on_progress,
						  .user = m };
	const struct kiln_mip_set *set = NULL;
	struct mip_board board;
	kiln_code code = mip_board_open(m->crowd->mip, host, m->url, &board, err);

	if (code == KILN_OK) {
		lock(m->crowd); /* the others need it too: who is first downloads it */
		code = set_for(m->crowd, host, board.is.mpy, &set, err);
		unlock(m->crowd);
	}
	if (code == KILN_OK)
		code = kiln_mip_install(&board.place, set, &options, &m->count, err);
	mip_board_close(&board);
	return code;
}

static kiln_code work(void *user, size_t i, const struct kiln_host *host, struct kiln_err *err)
{
	struct crowd *crowd = user;

	return work_on(&crowd->members[i], host, err);
}

/* ---- all of them ---- */

static kiln_code run_crew(struct crowd *crowd, struct kiln_err *err)
{
	struct kiln_crew_end end;

	KILN_TRY(kiln_crew_new(&crowd->mip->cli->host, work, crowd, &crowd->crew, err));
	for (size_t i = 0; i < crowd->n; i++)
		KILN_TRY(kiln_crew_start(crowd->crew, i, crowd->members[i].name, err));
	while (kiln_crew_busy(crowd->crew) > 0) {
		const kiln_code code = kiln_crew_next(crowd->crew, KILN_FOREVER, &end, err);

		if (code == KILN_E_CANCELLED)
			continue; /* they have been told, and end */
		KILN_TRY(code);
		crowd->members[end.i].code = end.code;
		crowd->members[end.i].err = end.err;
		lock(crowd);
		show_end(&crowd->members[end.i]);
		unlock(crowd);
	}
	return KILN_OK;
}

static int worst(const struct crowd *crowd)
{
	static const int worst_last[] = { 0, 3, 1, 2, 130 };
	size_t at = 0;

	for (size_t i = 0; i < crowd->n; i++) {
		for (size_t k = at; k < sizeof(worst_last) / sizeof(worst_last[0]); k++) {
			if (worst_last[k] == kiln_code_exit(crowd->members[i].code))
				at = k;
		}
	}
	return worst_last[at];
}

static int run_many(struct crowd *crowd)
{
	struct kiln_err err = KILN_ERR_INIT;
	const kiln_code code = run_crew(crowd, &err);

	kiln_crew_free(crowd->crew);
	crowd->crew = NULL;
	return code == KILN_OK ? worst(crowd) : cli_fail(crowd->mip->cli, &err);
}

static int run_one(struct crowd *crowd)
{
	struct member *m = &crowd->members[0];
	struct cli *cli = crowd->mip->cli;
	struct kiln_err err = KILN_ERR_INIT;
	struct term_line line = { .file = NULL };

	if (!cli->json && term_line_init(&line, stderr))
		m->line = &line;
	m->code = work_on(m, &cli->host, &err);
	term_line_clear(&line);
	if (m->code != KILN_OK)
		return cli_fail(cli, &err);
	show_end(m);
	return 0;
}

/* Named ports, every likely one, or the only one. */
static kiln_code add(struct crowd *crowd, const char *url, struct kiln_err *err)
{
	struct member *members = reallocarray(crowd->members, crowd->n + 1, sizeof(*members));
	struct member *m;

	if (!members)
		return kiln_fail(err, KILN_E_NOMEM, "cannot install packages");
	crowd->members = members;
	m = &members[crowd->n++];
	*m = (struct member){ .crowd = crowd };
	kiln_text_copy(m->url, sizeof(m->url), url);
	kiln_text_format(m->name, sizeof(m->name), "%.*s", (int)strcspn(url, "?"), url);
	if (strncmp(m->name, "serial://", 9) == 0)
		memmove(m->name, m->name + 9, strlen(m->name + 9) + 1);
	if ((int)strlen(m->name) > crowd->width)
		crowd->width = (int)strlen(m->name);
	return KILN_OK;
}

static kiln_code add_all(struct crowd *crowd, struct kiln_err *err)
{
	struct kiln_port_list list;
	kiln_code code;

	KILN_TRY(ports_boards(&crowd->mip->cli->host, &list, err));
	code = KILN_OK;
	for (size_t i = 0; i < list.n && code == KILN_OK; i++) {
		if (list.ports[i].likely_board)
			code = add(crowd, list.ports[i].url, err);
	}
	kiln_ports_done(&list);
	return code;
}

static kiln_code find_boards(struct crowd *crowd, struct kiln_err *err)
{
	const struct opt_list *ports = &crowd->mip->params.ports;
	char url[256];

	if (crowd->mip->params.all)
		return add_all(crowd, err);
	for (size_t i = 0; i < ports->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(ports->items[i], ports->items[k]) == 0)
				return kiln_fail(err, KILN_E_INVALID, "'%s' is named twice",
						 ports->items[i]);
		}
		KILN_TRY(add(crowd, ports->items[i], err));
	}
	if (ports->n > 0)
		return KILN_OK;
	KILN_TRY(mip_one_url(crowd->mip, url, sizeof(url), err));
	return add(crowd, url, err);
}

int mip_install(struct mip *mip)
{
	struct crowd crowd = { .mip = mip };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (find_boards(&crowd, &err) != KILN_OK)
		exit_code = cli_fail(mip->cli, &err);
	else
		exit_code = crowd.n == 1 ? run_one(&crowd) : run_many(&crowd);
	for (size_t i = 0; i < crowd.n_sets; i++)
		kiln_mip_set_free(crowd.sets[i].set);
	free(crowd.members);
	return exit_code;
}
