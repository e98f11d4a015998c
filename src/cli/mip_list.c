/* SPDX-License-Identifier: Apache-2.0 */
/* kiln mip list, uninstall and lock: what is on a board. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/mip.h"
#include "cli/whole.h"
#include "mip/record.h"

/* Work with the record of the one board that is meant. */
typedef kiln_code record_work(struct mip *mip, const struct mip_board *board, json_t *record,
			      struct kiln_err *err);

static int with_record(struct mip *mip, record_work *work)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct mip_board board = { .repl = NULL };
	json_t *record = NULL;
	char url[256];
	kiln_code code = mip_one_url(mip, url, sizeof(url), &err);

	if (code == KILN_OK)
		code = mip_board_open(mip, &mip->cli->host, url, &board, &err);
	if (code == KILN_OK)
		code = kiln_mip_record_read(&board.place, &record, &err);
	if (code == KILN_OK)
		code = work(mip, &board, record, &err);
	json_decref(record);
	mip_board_close(&board);
	return code == KILN_OK ? 0 : cli_fail(mip->cli, &err);
}

/* ---- list ---- */

struct listing {
	const struct mip *mip;
	bool any_other;
};

static void on_package(void *user, const struct kiln_mip_found *f)
{
	const struct listing *l = user;

	if (l->mip->cli->json)
		cli_json(json_pack("{s:s, s:s, s:s, s:b, s:I, s:s}", "event", "package", "name",
				   f->name, "version", f->version, "asked", (int)f->asked, "files",
				   (json_int_t)f->n_files, "state", kiln_mip_state_name(f->state)));
	else
		printf("%-24s %-12s %zu file%s%s%s%s\n", f->name, f->version[0] ? f->version : "-",
		       f->n_files, f->n_files == 1 ? "" : "s",
		       f->asked ? "" : ", needed by another", f->state == KILN_MIP_OK ? "" : ", ",
		       f->state == KILN_MIP_OK ? "" : kiln_mip_state_name(f->state));
}

static void on_other(void *user, const char *path)
{
	struct listing *l = user;
	char shown[300];

	kiln_text_copy_untrusted(shown, sizeof(shown), path, strlen(path));
	if (l->mip->cli->json) {
		cli_json(json_pack("{s:s, s:s}", "event", "file", "path", shown));
		return;
	}
	if (!l->any_other)
		puts("not installed by 'kiln mip':");
	l->any_other = true;
	printf("  %s\n", shown);
}

static kiln_code list(struct mip *mip, const struct mip_board *board, json_t *record,
		      struct kiln_err *err)
{
	struct listing l = { .mip = mip };

	return kiln_mip_list(&board->place, record, on_package, on_other, &l, err);
}

int mip_list(struct mip *mip)
{
	return with_record(mip, list);
}

/* ---- uninstall ---- */

static void say_file(const struct mip *mip, const char *event, const char *package,
		     const char *path)
{
	if (mip->cli->json)
		cli_json(json_pack("{s:s, s:s, s:s}", "event", event, "package", package, "path",
				   path));
	else
		printf("  %-8s %s\n", event, path);
}

static void on_removed(void *user, const char *package, const char *path)
{
	say_file(user, "removed", package, path);
}

static void on_kept(void *user, const char *package, const char *path)
{
	const struct mip *mip = user;

	say_file(mip, "kept", package, path);
	if (!mip->cli->json)
		fprintf(stderr,
			"warning: '%s' was changed since it was installed, and stays (-f removes "
			"it)\n",
			path);
}

static kiln_code uninstall(struct mip *mip, const struct mip_board *board, json_t *record,
			   struct kiln_err *err)
{
	const struct kiln_mip_uninstall options = {
		.force = mip->params.force, .removed = on_removed, .kept = on_kept, .user = mip
	};

	return kiln_mip_uninstall(&board->place, record, mip->words, mip->n_words, &options, err);
}

int mip_uninstall(struct mip *mip)
{
	return with_record(mip, uninstall);
}

/* ---- lock ---- */

static kiln_code write_lock(const struct mip *mip, const struct kiln_mip_set *set,
			    struct kiln_err *err)
{
	const char *path = mip->params.output ? mip->params.output : "mip.lock";
	struct kiln_buf text = KILN_BUF_INIT(8 * 1024 * 1024);
	char *json;
	kiln_code code;

	KILN_TRY(kiln_mip_lock_write(set, &json, err));
	code = kiln_buf_printf(&text, "%s\n", json);
	free(json);
	if (code == KILN_OK)
		code = whole_write(path, kiln_buf_span(&text), err);
	else
		(void)kiln_fail(err, code, "cannot write '%s'", path);
	kiln_buf_done(&text);
	return code;
}

static kiln_code lock_for(const struct mip *mip, unsigned mpy, struct kiln_err *err)
{
	struct kiln_mip_set *set;
	kiln_code code;

	KILN_TRY(mip_resolve(mip, &mip->cli->host, mpy, &set, err));
	code = write_lock(mip, set, err);
	kiln_mip_set_free(set);
	return code;
}

/* Is what would be locked what the board has? */
static kiln_code check_same(const struct kiln_mip_set *set, const json_t *record,
			    struct kiln_err *err)
{
	for (size_t i = 0; i < set->n_files; i++) {
		const struct kiln_mip_file *f = &set->files[i];
		const char *name = set->packages[f->package].name;
		const json_t *package = json_object_get(kiln_mip_record_packages(record), name);
		const char *there = json_string_value(
			json_object_get(json_object_get(package, "files"), f->path));

		if (f->replaced || (there && strcmp(there, f->sha256) == 0))
			continue;
		(void)kiln_fail(err, KILN_E_VERIFY, "cannot lock '%.80s' as it is installed", name);
		kiln_why(err, "its '%.100s' is another one at its source now", f->path);
		kiln_hint(err, "install it anew first, or lock what is there now by its name");
		return KILN_E_VERIFY;
	}
	return KILN_OK;
}

/* NAME@VERSION for what was asked for; each text is owned. */
static size_t installed(const json_t *record, char **ret_specs)
{
	const char *name;
	json_t *package;
	size_t n = 0;

	json_object_foreach(kiln_mip_record_packages(record), name, package)
	{
		const char *wanted = json_string_value(json_object_get(package, "wanted"));
		const char *version = json_string_value(json_object_get(package, "version"));
		const bool in_index = !strchr(name, ':') && !strchr(name, '/');
		char spec[2 * KILN_MIP_PLACE];

		if (!json_is_true(json_object_get(package, "asked")))
			continue;
		if (in_index && version && version[0])
			wanted = version;
		kiln_text_format(spec, sizeof(spec), "%s%s%s", name, wanted && wanted[0] ? "@" : "",
				 wanted ? wanted : "");
		ret_specs[n] = strdup(spec);
		n += ret_specs[n] != NULL;
	}
	return n;
}

static kiln_code lock_specs(const struct mip *mip, const json_t *record, struct kiln_err *err)
{
	const json_int_t mpy = json_integer_value(json_object_get(record, "mpy"));
	const char *index = json_string_value(json_object_get(record, "index"));
	struct mip of_board = *mip;
	struct kiln_mip_set *set;
	kiln_code code;

	if (!of_board.params.index)
		of_board.params.index = index;
	KILN_TRY(mip_resolve(&of_board, &mip->cli->host, mpy > 0 ? (unsigned)mpy : 0, &set, err));
	code = check_same(set, record, err);
	if (code == KILN_OK)
		code = write_lock(mip, set, err);
	kiln_mip_set_free(set);
	return code;
}

static kiln_code lock_installed(struct mip *mip, const struct mip_board *board, json_t *record,
				struct kiln_err *err)
{
	const size_t room = json_object_size(kiln_mip_record_packages(record));
	char **specs = calloc(room + 1, sizeof(*specs));
	kiln_code code;

	(void)board;
	if (!specs)
		return kiln_fail(err, KILN_E_NOMEM, "cannot lock packages");
	mip->n_words = installed(record, specs);
	mip->words = (const char *const *)specs;
	if (mip->n_words > 0) {
		code = lock_specs(mip, record, err);
	} else {
		code = kiln_fail(err, KILN_E_NOT_FOUND, "cannot lock what is installed");
		kiln_why(err, "nothing was installed by 'kiln mip'");
		kiln_hint(err, "name the packages: 'kiln mip lock PACKAGE'");
	}
	for (size_t i = 0; i < mip->n_words; i++)
		free(specs[i]);
	free(specs);
	mip->n_words = 0;
	return code;
}

static kiln_code lock_named(struct mip *mip, const struct mip_board *board, json_t *record,
			    struct kiln_err *err)
{
	(void)record;
	return lock_for(mip, board->is.mpy, err);
}

int mip_lock(struct mip *mip)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (mip->n_words == 0)
		return with_record(mip, lock_installed);
	if (mip->params.mpy == 0 && !mip->params.no_mpy)
		return with_record(mip, lock_named);
	return lock_for(mip, (unsigned)mip->params.mpy, &err) == KILN_OK ? 0
									 : cli_fail(mip->cli, &err);
}
