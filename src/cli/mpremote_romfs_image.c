/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ROMFS image of a folder: its tree is shown, sources become bytecode where mpy-cross is there.
 */
#include "cli/mpremote_romfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/whole.h"
#include "hostfs/hostfs.h"
#include "hostfs/path.h"
#include "image/romfs.h"

struct image {
	const char *folder;
	struct kiln_host_tree tree;
	bool compiles;
	size_t not_compiled;
};

/* Is there such a program on the PATH? */
static bool has_mpy_cross(void)
{
	return system("command -v mpy-cross >/dev/null 2>&1") == 0;
}

static bool run_mpy_cross(const char *source, const char *target)
{
	const pid_t child = fork();
	int status = -1;

	if (child == 0) {
		execlp("mpy-cross", "mpy-cross", "-o", target, "--", source, (char *)NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

bool mpremote_ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), k = strlen(end);

	return n >= k && strcmp(text + n - k, end) == 0;
}

static bool has_item(const struct image *image, const char *path)
{
	for (size_t i = 0; i < image->tree.n; i++) {
		if (strcmp(image->tree.items[i].path, path) == 0)
			return true;
	}
	return false;
}

/* An item's source becomes bytecode under its name. -1, or the exit code. */
static int compile(struct image *image, struct kiln_files_item *item, const char *mpy)
{
	char target[] = "/tmp/kiln-mpy-XXXXXX";
	struct kiln_buf source = KILN_BUF_INIT(16 * 1024);
	struct kiln_buf data = KILN_BUF_INIT(KILN_ROMFS_MAX);
	struct kiln_err err = KILN_ERR_INIT;
	const int fd = mkstemp(target);
	int exit_code = -1;

	kiln_path_join(&source, image->folder, item->path);
	if (fd < 0 || !run_mpy_cross(kiln_buf_str(&source), target))
		exit_code = mpremote_say("mpy-cross cannot compile '%s'", kiln_buf_str(&source));
	else if (whole_read(target, &data, &err) != KILN_OK)
		exit_code = mpremote_fail(&err);
	if (exit_code < 0) {
		free((void *)(uintptr_t)item->path);
		free((void *)(uintptr_t)item->data);
		item->path = strdup(mpy);
		item->data = kiln_buf_detach(&data, &item->n);
		if (!item->path || !item->data)
			exit_code = mpremote_say("out of memory");
	}
	if (fd >= 0) {
		close(fd);
		(void)unlink(target);
	}
	kiln_buf_done(&source);
	kiln_buf_done(&data);
	return exit_code;
}

/* Is item i the last one in its folder? */
static bool is_last(const struct kiln_host_tree *tree, size_t i)
{
	const char *path = tree->items[i].path, *slash = strrchr(path, '/');
	const size_t n = slash ? (size_t)(slash - path) + 1 : 0;
	size_t next = i + 1;

	while (next < tree->n && kiln_path_is_below(tree->items[next].path, path))
		next++;
	return next == tree->n || strncmp(tree->items[next].path, path, n) != 0;
}

static void print_item(const struct kiln_host_tree *tree, size_t i, bool compiled)
{
	const struct kiln_files_item *item = &tree->items[i];
	const char *name = strrchr(item->path, '/');

	/* a bar for each folder that goes on */
	for (const char *slash = strchr(item->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t folder = i;

		while (folder > 0 &&
		       !(strncmp(tree->items[folder].path, item->path,
				 (size_t)(slash - item->path)) == 0 &&
			 strlen(tree->items[folder].path) == (size_t)(slash - item->path)))
			folder--;
		fputs(is_last(tree, folder) ? "    " : "|   ", stdout);
	}
	printf("%s %s%s%s\n", is_last(tree, i) ? "\\--" : "|--", name ? name + 1 : item->path,
	       item->folder ? "/" : "", compiled ? " -> .mpy" : "");
}

static int take_item(struct image *image, size_t i)
{
	struct kiln_files_item *item = &image->tree.items[i];
	const size_t n = strlen(item->path);
	const bool is_source = !item->folder && mpremote_ends_with(item->path, ".py");
	struct kiln_buf mpy = KILN_BUF_INIT(16 * 1024);
	bool compiled = false;
	int exit_code = -1;

	if (is_source && image->compiles) {
		(void)kiln_buf_printf(&mpy, "%.*s.mpy", (int)(n - 3), item->path);
		/* one that was made by hand goes in as it is */
		if (!has_item(image, kiln_buf_str(&mpy)) && has_mpy_cross())
			compiled = true;
		else if (!has_item(image, kiln_buf_str(&mpy)))
			image->not_compiled++;
	}
	print_item(&image->tree, i, compiled);
	if (compiled)
		exit_code = compile(image, item, kiln_buf_str(&mpy));
	kiln_buf_done(&mpy);
	return exit_code;
}

static int build_image(const struct image *image, struct kiln_buf *out)
{
	struct kiln_romfs_item *items = calloc(image->tree.n + 1, sizeof(*items));
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = -1;

	if (!items)
		return mpremote_say("out of memory");
	for (size_t i = 0; i < image->tree.n; i++) {
		const struct kiln_files_item *item = &image->tree.items[i];

		items[i] = (struct kiln_romfs_item){ item->path, item->data, item->n,
						     item->folder };
	}
	if (kiln_romfs_build(out, items, image->tree.n, &err) != KILN_OK)
		exit_code = mpremote_fail(&err);
	free(items);
	return exit_code;
}

int mpremote_romfs_image(struct mpremote *m, const char *folder, struct kiln_buf *out)
{
	struct image image = { .folder = folder, .compiles = !m->params.no_mpy };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = -1;

	printf("Building romfs filesystem, source directory: %s%s\n/\n", folder,
	       mpremote_ends_with(folder, "/") ? "" : "/");
	fflush(stdout);
	if (!kiln_host_is_folder(folder))
		exit_code = mpremote_say("romfs: '%s' is not a directory", folder);
	else if (kiln_host_tree_add(&image.tree, folder, "", true, &err) != KILN_OK)
		exit_code = mpremote_fail(&err);
	for (size_t i = 0; i < image.tree.n && exit_code < 0; i++)
		exit_code = take_item(&image, i);
	if (exit_code < 0 && image.not_compiled > 0)
		puts("Warning: `mpy_cross` module not found, .py files were not precompiled");
	if (exit_code < 0)
		exit_code = build_image(&image, out);
	kiln_host_tree_done(&image.tree);
	return exit_code;
}
