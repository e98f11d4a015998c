/* SPDX-License-Identifier: Apache-2.0 */
#include "mip/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void package_done(struct kiln_mip_package *p)
{
	free(p->name);
	free(p->version);
	free(p->wanted);
	free(p->place);
	for (size_t i = 0; i < p->n_needs; i++)
		free(p->needs[i]);
	free(p->needs);
}

static void file_done(struct kiln_mip_file *f)
{
	free(f->path);
	free(f->url);
	free(f->hash);
	free(f->data);
}

struct kiln_mip_set *kiln_mip_set_free(struct kiln_mip_set *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->n_packages; i++)
		package_done(&set->packages[i]);
	for (size_t i = 0; i < set->n_files; i++)
		file_done(&set->files[i]);
	free(set->packages);
	free(set->files);
	free(set->steps);
	free(set->index);
	free(set);
	return NULL;
}

static kiln_code no_memory(struct kiln_err *err)
{
	return kiln_fail(err, KILN_E_NOMEM, "cannot install packages");
}

kiln_code kiln_mip_set_new(const char *index, unsigned mpy, struct kiln_mip_set **ret_set,
			   struct kiln_err *err)
{
	struct kiln_mip_set *set = calloc(1, sizeof(*set));
	size_t n = strlen(index);

	while (n > 0 && index[n - 1] == '/')
		n--;
	if (set)
		set->index = strndup(index, n);
	if (!set || !set->index) {
		free(set);
		return no_memory(err);
	}
	set->mpy = mpy;
	*ret_set = set;
	return KILN_OK;
}

static kiln_code add_step(struct kiln_mip_set *set, bool is_file, size_t i, struct kiln_err *err)
{
	struct kiln_mip_step *steps = reallocarray(set->steps, set->n_steps + 1, sizeof(*steps));

	if (!steps)
		return no_memory(err);
	set->steps = steps;
	steps[set->n_steps++] = (struct kiln_mip_step){ .is_file = is_file, .i = i };
	return KILN_OK;
}

/* Versions come from a server; they are shown. */
static char *clean(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		kiln_text_copy_untrusted(copy, strlen(text) + 1, text, strlen(text));
	return copy;
}

/* Of two versions of a package the later one stays; it was asked for if either was. */
static bool supersede(struct kiln_mip_set *set, const char *name)
{
	bool asked = false;

	for (size_t i = 0; i < set->n_packages; i++) {
		if (strcmp(set->packages[i].name, name) != 0)
			continue;
		set->packages[i].superseded = true;
		asked |= set->packages[i].asked;
		for (size_t k = 0; k < set->n_files; k++)
			set->files[k].replaced |= set->files[k].package == i;
	}
	return asked;
}

kiln_code kiln_mip_set_package(struct kiln_mip_set *set, const struct kiln_mip_package *package,
			       struct kiln_err *err)
{
	const bool asked = supersede(set, package->name);
	struct kiln_mip_package *packages, *p;

	if (set->n_packages >= KILN_MIP_PACKAGES_MAX) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot install '%.80s'", package->name);
		kiln_why(err, "more than %d packages are needed", KILN_MIP_PACKAGES_MAX);
		kiln_hint(err, "nothing was installed; tell whoever makes these packages");
		return KILN_E_TOO_BIG;
	}
	packages = reallocarray(set->packages, set->n_packages + 1, sizeof(*packages));
	if (!packages)
		return no_memory(err);
	set->packages = packages;
	p = &packages[set->n_packages++];
	*p = (struct kiln_mip_package){
		.name = strdup(package->name),
		.version = clean(package->version),
		.wanted = strdup(package->wanted),
		.place = strdup(package->place),
		.kind = package->kind,
		.asked = package->asked || asked,
	};
	if (!p->name || !p->version || !p->wanted || !p->place)
		return no_memory(err);
	return add_step(set, false, set->n_packages - 1, err);
}

kiln_code kiln_mip_set_need(struct kiln_mip_set *set, size_t package, const char *name,
			    struct kiln_err *err)
{
	struct kiln_mip_package *p = &set->packages[package];
	char **needs = reallocarray(p->needs, p->n_needs + 1, sizeof(*needs));

	if (!needs)
		return no_memory(err);
	p->needs = needs;
	needs[p->n_needs] = strdup(name);
	if (!needs[p->n_needs])
		return no_memory(err);
	p->n_needs++;
	return KILN_OK;
}

static kiln_code check_size(const struct kiln_mip_set *set, const struct kiln_mip_file *file,
			    struct kiln_err *err)
{
	if (file->size <= KILN_MIP_FILE_MAX && set->bytes + file->size <= KILN_MIP_SET_MAX)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot install '%.80s'", file->path);
	kiln_why(err, "its packages have more than %u MiB", (unsigned)(KILN_MIP_SET_MAX >> 20));
	return KILN_E_TOO_BIG;
}

/* The last one of a path stays, as if they were installed one after the other. */
static void replace(struct kiln_mip_set *set, const char *path)
{
	for (size_t i = 0; i + 1 < set->n_files; i++) {
		if (strcmp(set->files[i].path, path) == 0)
			set->files[i].replaced = true;
	}
}

kiln_code kiln_mip_set_file(struct kiln_mip_set *set, const struct kiln_mip_file *file,
			    struct kiln_err *err)
{
	struct kiln_mip_file *files = NULL, *f;
	const kiln_code code = check_size(set, file, err);

	if (code == KILN_OK)
		files = reallocarray(set->files, set->n_files + 1, sizeof(*files));
	if (!files) {
		free(file->data);
		return code == KILN_OK ? no_memory(err) : code;
	}
	set->files = files;
	f = &files[set->n_files++];
	*f = *file;
	f->path = strdup(file->path);
	f->url = strdup(file->url);
	f->hash = strdup(file->hash);
	set->bytes += file->size;
	if (!f->path || !f->url || !f->hash)
		return no_memory(err);
	replace(set, f->path);
	return add_step(set, true, set->n_files - 1, err);
}
