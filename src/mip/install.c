/* SPDX-License-Identifier: Apache-2.0 */
#include "mip/install.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mip/board.h"
#include "mip/record.h"

struct install {
	const struct kiln_mip_place *place;
	const struct kiln_mip_set *set;
	const struct kiln_mip_install *options;
	bool *same;
	size_t told; /* steps that were told of */
	json_t *record;
	json_t *stale; /* {path: sha256} of earlier versions of the same packages */
	struct kiln_mip_count count;
};

/* ---- telling ---- */

static void tell(struct install *in)
{
	const struct kiln_mip_step *step = &in->set->steps[in->told++];
	const struct kiln_mip_install *o = in->options;
	const struct kiln_mip_file *file = step->is_file ? &in->set->files[step->i] : NULL;

	if (!o->did || (file && file->replaced))
		return;
	o->did(o->user, in->set, step,
	       !file               ? KILN_MIP_DID_BEGIN
	       : in->same[step->i] ? KILN_MIP_DID_SKIP
				   : KILN_MIP_DID_SEND,
	       file ? file->path : NULL);
}

static bool is_path(const struct install *in, size_t step, const char *path)
{
	struct kiln_buf whole = KILN_BUF_INIT(64 * 1024);
	const struct kiln_mip_step *s = &in->set->steps[step];
	bool same = false;

	if (s->is_file && !in->set->files[s->i].replaced) {
		kiln_mip_board_path(&whole, in->place->target, in->set->files[s->i].path);
		same = strcmp(kiln_buf_str(&whole), path) == 0;
	}
	kiln_buf_done(&whole);
	return same;
}

/* A file is on its way: all that stands before it, and itself, is told of. */
static void on_progress(void *user, const struct kiln_files_progress *progress)
{
	struct install *in = user;

	for (size_t i = in->told; i < in->set->n_steps; i++) {
		if (!is_path(in, i, progress->path))
			continue;
		while (in->told <= i)
			tell(in);
		break;
	}
	if (in->options->progress)
		in->options->progress(in->options->user, progress);
}

/* ---- what an earlier version left ---- */

static bool in_set(const struct kiln_mip_set *set, const char *path)
{
	for (size_t i = 0; i < set->n_files; i++) {
		if (strcmp(set->files[i].path, path) == 0)
			return true;
	}
	return false;
}

static bool has_package(const struct kiln_mip_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_packages; i++) {
		if (strcmp(set->packages[i].name, name) == 0)
			return true;
	}
	return false;
}

static void find_stale(struct install *in)
{
	const char *name, *path;
	json_t *package, *digest;

	in->stale = json_object();
	json_object_foreach(kiln_mip_record_packages(in->record), name, package)
	{
		if (!has_package(in->set, name))
			continue;
		json_object_foreach(json_object_get(package, "files"), path, digest)
		{
			if (!in_set(in->set, path))
				(void)json_object_set(in->stale, path, digest);
		}
	}
	/* what another package has too stays */
	json_object_foreach(kiln_mip_record_packages(in->record), name, package)
	{
		if (has_package(in->set, name))
			continue;
		json_object_foreach(json_object_get(package, "files"), path, digest)(void)
			json_object_del(in->stale, path);
	}
}

static kiln_code remove_stale(struct install *in, struct kiln_err *err)
{
	kiln_mip_state *states = calloc(json_object_size(in->stale) + 1, sizeof(*states));
	const struct kiln_mip_install *o = in->options;
	kiln_code code;
	const char *path;
	json_t *digest;
	size_t i = 0;

	if (!states)
		return kiln_fail(err, KILN_E_NOMEM, "out of memory");
	code = kiln_mip_states(in->place, in->stale, states, err);
	json_object_foreach(in->stale, path, digest)
	{
		if (code != KILN_OK || states[i++] != KILN_MIP_OK)
			continue; /* a user's own bytes stay */
		code = kiln_mip_remove(in->place, path, false, err);
		in->count.removed++;
		if (code == KILN_OK && o->did)
			o->did(o->user, in->set, NULL, KILN_MIP_DID_REMOVE, path);
	}
	free(states);
	return code;
}

/* ---- all of it ---- */

static void count(struct install *in)
{
	for (size_t i = 0; i < in->set->n_files; i++) {
		if (in->set->files[i].replaced)
			continue;
		if (in->same[i]) {
			in->count.same++;
		} else {
			in->count.sent++;
			in->count.bytes += in->set->files[i].size;
		}
	}
}

static kiln_code read_record(struct install *in, json_t **ret_before, struct kiln_err *err)
{
	if (!in->options->record)
		return KILN_OK;
	KILN_TRY(kiln_mip_record_read(in->place, &in->record, err));
	find_stale(in);
	*ret_before = json_deep_copy(in->record);
	kiln_mip_record_add(in->record, in->set);
	return KILN_OK;
}

static kiln_code put(struct install *in, const char *record, struct kiln_err *err)
{
	const struct kiln_files_watch watch = { .progress = on_progress, .user = in };

	KILN_TRY(kiln_mip_put(in->place, in->set, in->same, record, &watch, err));
	while (in->told < in->set->n_steps)
		tell(in);
	count(in);
	return in->stale ? remove_stale(in, err) : KILN_OK;
}

static kiln_code work(struct install *in, struct kiln_err *err)
{
	json_t *before = NULL;
	char *text = NULL;
	kiln_code code = KILN_OK;

	if (!in->options->force)
		KILN_TRY(kiln_mip_look(in->place, in->set, in->same, err));
	KILN_TRY(read_record(in, &before, err));
	/* the same record need not be written again */
	if (in->record && !json_equal(in->record, before))
		code = kiln_mip_record_text(in->record, &text, err);
	if (code == KILN_OK)
		code = put(in, text, err);
	json_decref(before);
	free(text);
	return code;
}

kiln_code kiln_mip_install(const struct kiln_mip_place *place, const struct kiln_mip_set *set,
			   const struct kiln_mip_install *options, struct kiln_mip_count *ret_count,
			   struct kiln_err *err)
{
	struct install in = { .place = place, .set = set, .options = options };
	kiln_code code;

	in.same = calloc(set->n_files + 1, sizeof(*in.same));
	if (!in.same)
		return kiln_fail(err, KILN_E_NOMEM, "cannot install packages");
	code = work(&in, err);
	if (code == KILN_OK && ret_count)
		*ret_count = in.count;
	free(in.same);
	json_decref(in.record);
	json_decref(in.stale);
	return code;
}
