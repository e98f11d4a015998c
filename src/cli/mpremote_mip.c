/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpremote's `mip install` on Kiln's packages: the original's lines, in its order. All is
 * downloaded before the first file is sent, so its "may be partially installed" is said only when
 * it is so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/download.h"
#include "cli/mpremote.h"
#include "mip/install.h"

struct job {
	struct mpremote *m;
	struct kiln_mip_board board;
	const char *index, *target;
	struct kiln_buf lines; /* what the original would have printed before it failed */
	struct kiln_mip_trouble trouble;
	struct term_line line;
	kiln_ms drawn;
};

static void say_package(const struct job *job, struct kiln_buf *out, kiln_mip_kind kind,
			const char *name, const char *version, const char *place)
{
	if (kind == KILN_MIP_INDEX)
		(void)kiln_buf_printf(out, "Installing %s (%s) from %s to %s\n", name,
				      version[0] ? version : "latest", job->index, job->target);
	else if (kiln_mip_is_remote(place))
		(void)kiln_buf_printf(out, "%s %s to %s\n",
				      kind == KILN_MIP_FILE ? "Downloading" : "Installing", place,
				      job->target);
}

static void on_begin(void *user, const struct kiln_mip_spec *spec)
{
	struct job *job = user;

	say_package(job, &job->lines, spec->kind, spec->package, spec->version, spec->place);
}

static void on_did(void *user, const struct kiln_mip_set *set, const struct kiln_mip_step *step,
		   kiln_mip_did did, const char *path)
{
	struct job *job = user;

	term_line_clear(&job->line);
	if (did == KILN_MIP_DID_BEGIN) {
		const struct kiln_mip_package *p = &set->packages[step->i];

		kiln_buf_reset(&job->lines);
		say_package(job, &job->lines, p->kind, p->name, p->wanted, p->place);
		fputs(kiln_buf_str(&job->lines), stdout);
	} else if (step) {
		/* the original looks only at files whose hash the index gives */
		const bool exists = did == KILN_MIP_DID_SKIP && set->files[step->i].hash[0];

		printf("%s %s/%s\n", exists ? "Exists:" : "Installing:", job->target, path);
	}
	fflush(stdout);
}

static void on_progress(void *user, const struct kiln_files_progress *p)
{
	struct job *job = user;
	const kiln_ms now = kiln_now();
	char text[80], bar[21];
	unsigned filled;

	if (p->total < 2048 || p->done >= p->total || now - job->drawn < 100)
		return;
	job->drawn = now;
	filled = (unsigned)(p->done * 20 / p->total);
	memset(bar, '-', 20);
	memset(bar, '#', filled);
	bar[20] = '\0';
	kiln_text_format(text, sizeof(text), " ... copying %3u%% [%s]",
			 (unsigned)(p->done * 100 / p->total), bar);
	term_line_show(&job->line, text);
}

static int fail_local(const struct kiln_mip_trouble *t, const struct kiln_err *err)
{
	return t->is_package ? mpremote_say("Error opening %s", t->place)
			     : mpremote_say("%s opening %s", strerror(err->sys), t->place);
}

/* What could not be got, in the original's words. */
static int fail_resolve(const struct job *job, const struct kiln_err *err)
{
	const struct kiln_mip_trouble *t = &job->trouble;
	const bool remote = kiln_fetch_is_url(t->place) || kiln_mip_is_remote(t->place);

	fputs(kiln_buf_str(&job->lines), stdout);
	fflush(stdout);
	if (err->code == KILN_E_CANCELLED)
		return 1;
	if (!t->place[0] || err->code == KILN_E_VERIFY || err->code == KILN_E_TOO_BIG)
		return mpremote_fail(err);
	if (!remote && err->sys > 0)
		return fail_local(t, err);
	if (remote && err->sys == 404)
		return mpremote_say("%s not found: %s", t->is_package ? "Package" : "File",
				    t->place);
	if (remote && err->sys >= 100)
		return mpremote_say("Error %d requesting %s", err->sys, t->place);
	if (err->code == KILN_E_NETWORK)
		return mpremote_say("%s requesting %s", err->why, t->place);
	return mpremote_fail(err);
}

static int fail_install(const struct kiln_err *err)
{
	puts("Package may be partially installed");
	fflush(stdout);
	return err->code == KILN_E_CANCELLED ? 1 : mpremote_fail(err);
}

static int install_set(struct job *job, const struct kiln_mip_set *set)
{
	const struct kiln_mip_place place = { .files = job->m->files, .target = job->target };
	const struct kiln_mip_install options = { .did = on_did,
						  .progress = on_progress,
						  .user = job };
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_mip_install(&place, set, &options, NULL, &err) != KILN_OK) {
		term_line_clear(&job->line);
		return fail_install(&err);
	}
	term_line_clear(&job->line);
	puts("Done");
	return -1;
}

static int install_one(struct job *job, struct download *d, const char *package)
{
	const struct kiln_mip_options options = {
		.index = job->index,
		.mpy = job->m->params.no_mpy ? 0 : job->board.mpy,
		.trouble = &job->trouble,
		.begin = on_begin,
		.user = job,
	};
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_mip_spec spec;
	struct kiln_mip_set *set;
	int exit_code;

	if (kiln_mip_spec_read(package, &spec, &err) != KILN_OK)
		return mpremote_fail(&err);
	printf("Install %s\n", spec.package);
	fflush(stdout);
	if (kiln_mip_resolve(d->fetcher, &options, &package, 1, &set, &err) != KILN_OK)
		return fail_resolve(job, &err);
	exit_code = install_set(job, set);
	kiln_mip_set_free(set);
	return exit_code;
}

static int install_all(struct job *job)
{
	struct mpremote *m = job->m;
	struct kiln_err err = KILN_ERR_INIT;
	struct download d;
	int exit_code = -1;

	if (download_open(&d, m->cli, &m->cli->host, false, &err) != KILN_OK)
		return mpremote_fail(&err);
	for (size_t i = 1; i < m->n_words && exit_code < 0; i++) {
		kiln_buf_reset(&job->lines);
		job->trouble.place[0] = '\0';
		exit_code = install_one(job, &d, m->words[i]);
	}
	download_close(&d);
	return exit_code;
}

static int with_board(struct job *job)
{
	struct mpremote *m = job->m;
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (kiln_mip_ask(m->repl, &job->board, &err) != KILN_OK)
		return mpremote_fail(&err);
	job->target = m->params.target ? m->params.target : job->board.target;
	if (!job->target[0])
		return mpremote_say("Unable to find lib dir in sys.path, use --target to override");
	if (kiln_files_open(m->repl, &m->files, &err) != KILN_OK)
		return mpremote_fail(&err);
	exit_code = install_all(job);
	kiln_files_close(m->files);
	m->files = NULL;
	return exit_code;
}

int mpremote_mip(struct mpremote *m)
{
	struct job job = { .m = m,
			   .index = m->params.index ? m->params.index : KILN_MIP_INDEX_URL,
			   .lines = KILN_BUF_INIT(256 * 1024) };
	char index[KILN_MIP_PLACE];
	int exit_code;

	if (strcmp(m->words[0], "install") != 0)
		return mpremote_say("mip: '%s' is not a command", m->words[0]);
	kiln_text_copy(index, sizeof(index), job.index);
	for (size_t n = strlen(index); n > 0 && index[n - 1] == '/'; n--)
		index[n - 1] = '\0';
	job.index = index;
	exit_code = mpremote_need_raw(m, false);
	if (exit_code >= 0)
		return exit_code;
	(void)term_line_init(&job.line, stdout);
	exit_code = with_board(&job);
	kiln_buf_done(&job.lines);
	return exit_code;
}
