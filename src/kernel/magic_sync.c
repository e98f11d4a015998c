/* SPDX-License-Identifier: Apache-2.0 */
/* %rdiff, %rsync: the connected board's files against those of its configuration. */
#include "kernel/magic.h"

#include <string.h>

#include <kiln/files.h>

#include "board/devices.h"
#include "hostfs/path.h"
#include "hostfs/resources.h"
#include "hostfs/sync.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define BLUE "\033[34m"
#define PLAIN "\033[0m"

enum { UPLOAD_ONLY };

struct rsync {
	struct kiln_kernel *k;
	const struct kiln_device *device;
	bool apply, upload_only;
};

/* Scripts that let one reach the board at all go only if the configuration has others. */
static bool keeps(void *user, const char *path, bool folder)
{
	static const char *const vital[] = { "boot.py", "webrepl_cfg.py", "boot_out.txt" };
	const struct rsync *r = user;

	for (size_t i = 0; i < sizeof(vital) / sizeof(vital[0]); i++) {
		if (strcmp(path, vital[i]) == 0)
			return true;
	}
	(void)folder;
	return !kiln_resources_own(r->device, path);
}

static void say_change(struct kiln_kernel *k, const struct kiln_sync_change *c)
{
	static const char *const colors[] = {
		[KILN_SYNC_DELETE] = RED,
		[KILN_SYNC_MAKE] = GREEN,
		[KILN_SYNC_ADD] = GREEN,
		[KILN_SYNC_UPDATE] = BLUE,
	};
	const bool folder = c->folder || c->kind == KILN_SYNC_MAKE;
	char clean[512];

	kiln_kernel_print(k, KILN_STDOUT, "%s%-7s %s%s" PLAIN "\n", colors[c->kind],
			  kiln_sync_word(c->kind == KILN_SYNC_MAKE ? KILN_SYNC_ADD : c->kind),
			  kiln_path_clean(c->path, clean, sizeof(clean)), folder ? "/" : "");
}

static kiln_code compare(const struct rsync *r, const struct kiln_sync *sync, struct kiln_err *err)
{
	struct kiln_sync_plan plan;
	kiln_code code = KILN_OK;

	KILN_TRY(kiln_sync_plan(sync, &plan, err));
	for (size_t i = 0; i < plan.n; i++)
		say_change(r->k, &plan.changes[i]);
	if (plan.n == 0)
		kiln_kernel_print(r->k, KILN_STDOUT, GREEN "Directories match" PLAIN "\n");
	else if (r->apply)
		code = kiln_sync_apply(sync, &plan, NULL, err);
	kiln_sync_plan_done(&plan);
	return code;
}

static kiln_code run_files(struct rsync *r, struct kiln_err *err)
{
	struct kiln_host_tree tree = { 0 };
	struct kiln_sync sync = {
		.tree = &tree,
		.target = "/",
		.mirror = !r->upload_only,
		.keeps = keeps,
		.user = r,
		.only_look = !r->apply,
	};
	kiln_code code = kiln_resources_tree(r->device, &tree, err);

	if (code == KILN_OK)
		code = kiln_files_open(r->k->board.repl, &sync.board, err);
	if (code == KILN_OK)
		code = compare(r, &sync, err);
	kiln_files_close(sync.board);
	kiln_host_tree_done(&tree);
	return code;
}

static bool run(struct kiln_kernel *k, const struct kiln_magic_args *args, bool apply)
{
	struct rsync r = { .k = k, .apply = apply, .upload_only = args->flags[UPLOAD_ONLY] };
	struct kiln_err err = KILN_ERR_INIT;

	if (!kiln_kernel_board_need(k))
		return false;
	kiln_kernel_configure(k);
	r.device = kiln_kernel_device(k);
	if (!r.device || r.device->n_resources == 0) {
		(void)kiln_fail(&err, KILN_E_CONFIG, "cannot compare the files of %s",
				k->board.board.name);
		kiln_why(&err, "%s",
			 r.device ? "its configuration names no resources"
				  : "no device configuration has its uid");
		kiln_hint(&err, "write a YAML file in $IOT_DEVICES or ~/projects/devices: name, "
				"uid, path, resources");
		return kiln_kernel_fail_err(k, &err);
	}
	return run_files(&r, &err) == KILN_OK || kiln_kernel_fail_err(k, &err);
}

static bool run_rdiff(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return run(k, args, false);
}

static bool run_rsync(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return run(k, args, true);
}

static const struct kiln_magic_option options[] = {
	[UPLOAD_ONLY] = { 'u', "upload_only", NULL, "leave alone what only the board has" },
	{ 0 },
};

#define WHAT                                                                                    \
	"The files of the host are those that the board's device configuration names. What is " \
	"the\n"                                                                                 \
	"same is told by its hash. Only what lies in the configuration's folders on the board " \
	"is\n"                                                                                  \
	"compared; boot.py and webrepl_cfg.py are never removed."

const struct kiln_magic kiln_magic_rdiff = {
	.name = "rdiff",
	.summary = "Show how the board's files differ from the host's",
	.more = WHAT,
	.options = options,
	.run = run_rdiff,
};

const struct kiln_magic kiln_magic_rsync = {
	.name = "rsync",
	.summary = "Make the board's files like the host's",
	.more = WHAT "\n\nExample:\n  %rsync -u",
	.options = options,
	.run = run_rsync,
};
