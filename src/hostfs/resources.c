/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/resources.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "hostfs/ignore.h"
#include "hostfs/path.h"

enum { PATH_LENGTH = 16 * 1024 };

/* Those of fnmatch(3), whose '*' takes slashes too; of the whole path or of the name. */
static bool is_excluded(const struct kiln_resource *r, const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < r->exclude.n; i++) {
		if (fnmatch(r->exclude.items[i], path, 0) == 0 ||
		    (slash && fnmatch(r->exclude.items[i], slash + 1, 0) == 0))
			return true;
	}
	return false;
}

struct filter {
	const struct kiln_resource *resource;
	struct kiln_ignore include;
};

static bool leaves(void *user, const char *path, bool folder)
{
	const struct filter *f = user;

	if (is_excluded(f->resource, path))
		return true;
	return !folder && !kiln_ignore_matches(&f->include, path, false);
}

/* Patterns of a recursive glob are anchored: "*.py" is not "lib/x.py". */
static kiln_code read_include(struct filter *f, struct kiln_err *err)
{
	for (size_t i = 0; i < f->resource->include.n; i++) {
		const char *pattern = f->resource->include.items[i];
		struct kiln_buf anchored = KILN_BUF_INIT(4096);
		kiln_code code;

		while (strncmp(pattern, "./", 2) == 0)
			pattern += 2;
		(void)kiln_buf_printf(&anchored, "/%s", pattern);
		/* "!" is no sign here, and folders come with their files */
		code = pattern[strspn(pattern, "*/")] == '\0' && pattern[0] &&
				       pattern[strlen(pattern) - 1] == '/'
			       ? KILN_OK
			       : kiln_ignore_add(&f->include, kiln_buf_str(&anchored), err);
		kiln_buf_done(&anchored);
		KILN_TRY(code);
	}
	return KILN_OK;
}

static kiln_code scan_folder(const struct kiln_resource *r, const char *folder, const char *target,
			     struct kiln_host_tree *tree, struct kiln_err *err)
{
	struct filter f = { .resource = r };
	struct kiln_host_tree below = { 0 };
	kiln_code code = read_include(&f, err);

	if (code == KILN_OK)
		code = kiln_host_scan(&below, folder, leaves, &f, err);
	kiln_host_tree_prune(&below);
	if (code == KILN_OK)
		code = kiln_host_tree_move(tree, target, &below, err);
	kiln_ignore_done(&f.include);
	kiln_host_tree_done(&below);
	return code;
}

static bool is_package(const char *folder)
{
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	bool is;

	kiln_path_join(&path, folder, "__init__.py");
	is = access(kiln_buf_str(&path), F_OK) == 0;
	kiln_buf_done(&path);
	return is;
}

/* install_dir is absolute; paths of the tree are below the root. */
static const char *from_root(const char *path)
{
	return path + strspn(path, "/");
}

/* Where a resource is, and what it becomes on the board if it is not unpacked. */
static void places(const struct kiln_resource *r, struct kiln_buf *here, struct kiln_buf *there)
{
	char name[256];

	kiln_path_join(here, r->path, r->name);
	kiln_path_base(r->name, name, sizeof(name));
	kiln_path_join(there, from_root(r->install_dir), name);
}

static bool is_unpacked(const struct kiln_resource *r, const char *folder)
{
	return r->unpack == KILN_UNPACK_YES ||
	       (r->unpack == KILN_UNPACK_AUTO && !is_package(folder));
}

static kiln_code add_resource(const struct kiln_resource *r, struct kiln_host_tree *tree,
			      struct kiln_err *err)
{
	struct kiln_buf here = KILN_BUF_INIT(PATH_LENGTH), there = KILN_BUF_INIT(PATH_LENGTH);
	const char *source, *target;
	kiln_code code;

	places(r, &here, &there);
	source = kiln_buf_str(&here);
	target = kiln_buf_str(&there);
	if (!kiln_host_is_folder(source))
		code = kiln_host_tree_add(tree, source, target, false, err);
	else
		code = scan_folder(r, source,
				   is_unpacked(r, source) ? from_root(r->install_dir) : target,
				   tree, err);
	kiln_buf_done(&here);
	kiln_buf_done(&there);
	return code;
}

kiln_code kiln_resources_tree(const struct kiln_device *device, struct kiln_host_tree *ret_tree,
			      struct kiln_err *err)
{
	for (size_t i = 0; i < device->n_resources; i++)
		KILN_TRY(add_resource(&device->resources[i], ret_tree, err));
	return kiln_host_tree_settle(ret_tree, err);
}

/* Where the file `path` of a resource's own tree comes from. */
static char *source_of(const struct kiln_resource *r, const char *path)
{
	struct kiln_buf here = KILN_BUF_INIT(PATH_LENGTH), there = KILN_BUF_INIT(PATH_LENGTH);
	const char *source;
	size_t above;

	places(r, &here, &there);
	source = kiln_buf_str(&here);
	if (kiln_host_is_folder(source)) {
		above = is_unpacked(r, source) ? strlen(from_root(r->install_dir)) : there.len;
		path += above;
		(void)kiln_buf_printf(&here, "/%s", path + strspn(path, "/"));
	}
	kiln_buf_done(&there);
	return kiln_buf_detach(&here, NULL);
}

static kiln_code list_file(const struct kiln_resource *r, const struct kiln_files_item *item,
			   struct kiln_resource_files *files, struct kiln_err *err)
{
	struct kiln_resource_file file = { .size = item->n };
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	size_t i;

	for (i = 0; i < files->n && strcmp(files->items[i].path + 1, item->path) != 0; i++)
		continue;
	(void)kiln_buf_printf(&path, "/%s", item->path);
	file.path = kiln_buf_detach(&path, NULL);
	file.source = source_of(r, item->path);
	if (!file.path || !file.source) {
		free(file.path);
		free(file.source);
		return kiln_fail(err, KILN_E_NOMEM, "cannot list the resources");
	}
	if (i < files->n) { /* the later one counts */
		free(files->items[i].path);
		free(files->items[i].source);
	} else {
		files->n++;
	}
	files->items[i] = file;
	return KILN_OK;
}

static kiln_code list_resource(const struct kiln_resource *r, struct kiln_resource_files *files,
			       struct kiln_err *err)
{
	struct kiln_host_tree tree = { 0 };
	struct kiln_resource_file *more;
	kiln_code code = add_resource(r, &tree, err);

	if (code == KILN_OK && tree.n > 0) {
		more = realloc(files->items, (files->n + tree.n) * sizeof(*more));
		if (more)
			files->items = more;
		else
			code = KILN_E_NOMEM;
	}
	for (size_t i = 0; code == KILN_OK && i < tree.n; i++) {
		if (!tree.items[i].folder)
			code = list_file(r, &tree.items[i], files, err);
	}
	if (code == KILN_E_NOMEM)
		(void)kiln_fail(err, code, "cannot list the resources");
	kiln_host_tree_done(&tree);
	return code;
}

static int by_path(const void *a, const void *b)
{
	const struct kiln_resource_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

kiln_code kiln_resources_list(const struct kiln_device *device,
			      struct kiln_resource_files *ret_files, struct kiln_err *err)
{
	struct kiln_resource_files files = { 0 };
	kiln_code code = KILN_OK;

	for (size_t i = 0; i < device->n_resources && code == KILN_OK; i++)
		code = list_resource(&device->resources[i], &files, err);
	if (code != KILN_OK) {
		kiln_resource_files_done(&files);
		return code;
	}
	if (files.n > 1)
		qsort(files.items, files.n, sizeof(files.items[0]), by_path);
	*ret_files = files;
	return KILN_OK;
}

void kiln_resource_files_done(struct kiln_resource_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->items[i].path);
		free(files->items[i].source);
	}
	free(files->items);
	*files = (struct kiln_resource_files){ 0 };
}

bool kiln_resources_own(const struct kiln_device *device, const char *path)
{
	bool own = false;

	for (size_t i = 0; i < device->n_resources; i++) {
		const struct kiln_resource *r = &device->resources[i];
		const char *folder = from_root(r->install_dir);
		const size_t n = strlen(folder);

		if (n > 0 && !kiln_path_is_below(path, folder))
			continue;
		if (is_excluded(r, n > 0 ? path + n + 1 : path))
			return false;
		own = true;
	}
	return own;
}
