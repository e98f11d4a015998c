/* SPDX-License-Identifier: Apache-2.0 */
/*
 * %mip: packages of the connected board; %pip, %upip: those in a folder of the host, from where
 * they go to boards with their other files (%rsync).
 */
#include "kernel/magic.h"

#include <stdlib.h>
#include <string.h>

#include <kiln/files.h>

#include "base/folder.h"
#include "base/text.h"
#include "hostfs/hostfs.h"
#include "kernel/download.h"
#include "kernel/state.h"
#include "mip/install.h"
#include "mip/record.h"

enum { PIP_TARGET, PIP_INDEX, PIP_FORCE, PIP_OFFLINE, PIP_NO_MPY };

struct pip {
	struct kiln_kernel *k;
	const struct kiln_magic_args *args;
	struct kiln_mip_board board;
	struct kiln_files *files; /* NULL: a folder of the host */
	struct kiln_mip_place place;
	char folder[4096];
	bool any_other;
};

/* ---- install ---- */

static void on_did(void *user, const struct kiln_mip_set *set, const struct kiln_mip_step *step,
		   kiln_mip_did did, const char *path)
{
	struct pip *p = user;
	const char *what = p->files ? "sent" : "written";

	if (did == KILN_MIP_DID_BEGIN)
		kiln_kernel_print(p->k, KILN_STDOUT, "%s%s%s\n", set->packages[step->i].name,
				  set->packages[step->i].version[0] ? " " : "",
				  set->packages[step->i].version);
	else
		kiln_kernel_print(p->k, KILN_STDOUT, "  %-8s %s\n",
				  did == KILN_MIP_DID_SEND   ? what
				  : did == KILN_MIP_DID_SKIP ? "same"
							     : "removed",
				  path);
}

static kiln_code resolve(struct pip *p, struct kiln_mip_set **ret_set, struct kiln_err *err)
{
	const bool sources = !p->files || p->args->flags[PIP_NO_MPY];
	const struct kiln_mip_options options = { .index = p->args->values[PIP_INDEX],
						  .mpy = sources ? 0 : p->board.mpy };
	struct kiln_download d = { .k = p->k };
	kiln_code code;

	KILN_TRY(kiln_download_open(&d, p->args->flags[PIP_OFFLINE], err));
	code = kiln_mip_resolve(d.fetcher, &options, p->args->words + 1, p->args->n_words - 1,
				ret_set, err);
	kiln_download_close(&d);
	return code;
}

static kiln_code install(struct pip *p, struct kiln_err *err)
{
	const struct kiln_mip_install options = {
		.record = true, .force = p->args->flags[PIP_FORCE], .did = on_did, .user = p
	};
	struct kiln_mip_set *set;
	kiln_code code;

	KILN_TRY(resolve(p, &set, err));
	code = p->files ? KILN_OK : kiln_folder_make(p->place.target, 0777, err);
	if (code == KILN_OK)
		code = kiln_mip_install(&p->place, set, &options, NULL, err);
	kiln_mip_set_free(set);
	return code;
}

/* ---- list ---- */

static void on_package(void *user, const struct kiln_mip_found *f)
{
	const struct pip *p = user;

	kiln_kernel_print(p->k, KILN_STDOUT, "%-24s %-12s %zu file%s%s%s%s\n", f->name,
			  f->version[0] ? f->version : "-", f->n_files, f->n_files == 1 ? "" : "s",
			  f->asked ? "" : ", needed by another",
			  f->state == KILN_MIP_OK ? "" : ", ",
			  f->state == KILN_MIP_OK ? "" : kiln_mip_state_name(f->state));
}

static void on_other(void *user, const char *path)
{
	struct pip *p = user;
	char shown[300];

	kiln_text_copy_untrusted(shown, sizeof(shown), path, strlen(path));
	kiln_kernel_print(p->k, KILN_STDOUT, "%s  %s\n",
			  p->any_other ? "" : "not installed by %mip:\n", shown);
	p->any_other = true;
}

static kiln_code list(struct pip *p, struct kiln_err *err)
{
	json_t *record;
	kiln_code code;

	KILN_TRY(kiln_mip_record_read(&p->place, &record, err));
	/* a folder of the host has much else */
	code = kiln_mip_list(&p->place, record, on_package, p->files ? on_other : NULL, p, err);
	json_decref(record);
	return code;
}

/* ---- uninstall ---- */

static void on_removed(void *user, const char *package, const char *path)
{
	const struct pip *p = user;

	(void)package;
	kiln_kernel_print(p->k, KILN_STDOUT, "  removed  %s\n", path);
}

static void on_kept(void *user, const char *package, const char *path)
{
	const struct pip *p = user;

	(void)package;
	kiln_kernel_print(p->k, KILN_STDERR,
			  "warning: '%s' was changed since it was installed, and stays (-f removes "
			  "it)\n",
			  path);
}

static kiln_code uninstall(struct pip *p, struct kiln_err *err)
{
	const struct kiln_mip_uninstall options = { .force = p->args->flags[PIP_FORCE],
						    .removed = on_removed,
						    .kept = on_kept,
						    .user = p };
	json_t *record;
	kiln_code code;

	KILN_TRY(kiln_mip_record_read(&p->place, &record, err));
	code = kiln_mip_uninstall(&p->place, record, p->args->words + 1, p->args->n_words - 1,
				  &options, err);
	json_decref(record);
	return code;
}

/* ---- where ---- */

static kiln_code open_board(struct pip *p, struct kiln_err *err)
{
	KILN_TRY(kiln_mip_ask(p->k->board.repl, &p->board, err));
	KILN_TRY(kiln_mip_target(&p->board, p->args->values[PIP_TARGET], &p->place.target, err));
	KILN_TRY(kiln_files_open(p->k->board.repl, &p->files, err));
	p->place.files = p->files;
	return KILN_OK;
}

/* The folder that was named, else libs below $IOT_PROJECTS. */
static kiln_code open_folder(struct pip *p, struct kiln_err *err)
{
	const char *projects = getenv("IOT_PROJECTS"), *named = p->args->values[PIP_TARGET];

	if (!named)
		named = projects && projects[0] ? "$IOT_PROJECTS/libs" : "~/projects/libs";
	if (!kiln_path_expand(named, p->folder, sizeof(p->folder)) || !p->folder[0])
		return kiln_fail(err, KILN_E_INVALID, "cannot use the folder '%.100s'", named);
	p->place.target = p->folder;
	return KILN_OK;
}

static const struct {
	const char *name;
	kiln_code (*run)(struct pip *p, struct kiln_err *err);
	bool wants_words;
} verbs[] = {
	{ "install", install, true },
	{ "list", list, false },
	{ "uninstall", uninstall, true },
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static bool run(struct kiln_kernel *k, const struct kiln_magic_args *args, bool on_board)
{
	struct pip *p;
	struct kiln_err err = KILN_ERR_INIT;
	size_t verb = 0;
	kiln_code code;

	while (verb < VERBS && strcmp(verbs[verb].name, args->words[0]) != 0)
		verb++;
	if (verb == VERBS)
		return kiln_magic_usage_error(k, args, "argument install|list|uninstall: '%s'",
					      args->words[0]);
	if (verbs[verb].wants_words != (args->n_words > 1))
		return kiln_magic_usage_error(k, args, "%s takes %s package", args->words[0],
					      verbs[verb].wants_words ? "a" : "no");
	if (on_board && !kiln_kernel_board_need(k))
		return false;
	p = calloc(1, sizeof(*p));
	if (!p)
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NOMEM), "out of memory");
	p->k = k;
	p->args = args;
	code = on_board ? open_board(p, &err) : open_folder(p, &err);
	if (code == KILN_OK)
		code = verbs[verb].run(p, &err);
	kiln_files_close(p->files);
	free(p);
	return code == KILN_OK || kiln_kernel_fail_err(k, &err);
}

static bool run_mip(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return run(k, args, true);
}

static bool run_pip(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return run(k, args, false);
}

#define PACKAGES                                                                             \
	"A package is a name of the index (micropython-lib's), NAME@VERSION, "               \
	"github:ORG/REPO[@BRANCH],\ngitlab: and codeberg: likewise, an address, or a "       \
	"package.json of the host. What it needs comes\nalong. Downloads are kept for days " \
	"without a network.\n\n"

#define OPTIONS_OF_ALL                                                                   \
	[PIP_INDEX] = { 'i', "index", "URL", "package index (" KILN_MIP_INDEX_URL ")" }, \
	[PIP_FORCE] = { 'f', "force", NULL,                                              \
			"write what is there too; uninstall what was changed" },         \
	[PIP_OFFLINE] = { 'o', "offline", NULL, "only what is kept from earlier downloads" }

const struct kiln_magic kiln_magic_mip = {
	.name = "mip",
	.words = "install|list|uninstall [PACKAGE ...]",
	.min_words = 1,
	.max_words = 64,
	.summary = "Install packages on the board, list and remove them",
	.more = PACKAGES "Example:\n  %mip install aioble\n  %mip list\n  %mip uninstall aioble",
	.options =
		(const struct kiln_magic_option[]){
			[PIP_TARGET] = { 't', "target", "DIR",
					 "folder of the board (the first lib of its sys.path)" },
			OPTIONS_OF_ALL,
			[PIP_NO_MPY] = { 'n', "no-mpy", NULL, "sources, not compiled files" },
			{ 0 },
		},
	.run = run_mip,
};

static const struct kiln_magic_option pip_options[] = {
	[PIP_TARGET] = { 't', "target", "DIR", "folder of the host ($IOT_PROJECTS/libs)" },
	OPTIONS_OF_ALL,
	{ 0 },
};

const struct kiln_magic kiln_magic_pip = {
	.name = "pip",
	.words = "install|list|uninstall [PACKAGE ...]",
	.min_words = 1,
	.max_words = 64,
	.summary = "Install packages into a folder of the host, list and remove them",
	.more = PACKAGES
	"Sources, for boards of any kind; %rsync takes them to a board. %mip installs "
	"right on it.\n\nExample:\n  %pip install umqtt.simple\n"
	"  %pip install -t ~/lab/libs aioble",
	.options = pip_options,
	.run = run_pip,
};

const struct kiln_magic kiln_magic_upip = {
	.name = "upip",
	.words = "install|list|uninstall [PACKAGE ...]",
	.min_words = 1,
	.max_words = 64,
	.summary = "The same as %pip",
	.more = PACKAGES "Example:\n  %upip install umqtt.simple",
	.options = pip_options,
	.run = run_pip,
};
