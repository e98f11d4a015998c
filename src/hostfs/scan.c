/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of this computer as it is to be on a board: read whole, without what is ignored, and
 * without anything that lies outside of it, wherever links point.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "hostfs/beneath.h"
#include "hostfs/hostfs.h"
#include "hostfs/path.h"

enum { DEEPEST = 32, PATH_LENGTH = 8192 };

struct scan {
	const char *folder;
	int root;
	struct kiln_host_tree *tree;
	bool (*leaves)(void *user, const char *path, bool folder);
	void *user;
};

static kiln_code fail_scan(const struct scan *s, const char *path, int sys, struct kiln_err *err)
{
	(void)kiln_fail_errno(err, KILN_E_IO, sys, "cannot read '%s/%s'", s->folder, path);
	if (sys == EXDEV) {
		err->code = KILN_E_INVALID;
		kiln_why(err, "it is a link that leaves the folder");
		kiln_hint(err, "copy what it points to, or leave it out by a pattern");
		return KILN_E_INVALID;
	}
	if (sys == ELOOP)
		kiln_why(err, "it is a link that points to itself");
	return KILN_E_IO;
}

static int open_below(const struct scan *s, const char *path, int flags)
{
	struct kiln_beneath at;
	int fd, sys;

	if (kiln_beneath_find(s->root, path, KILN_BENEATH_FOLLOW, &at) != 0)
		return -1;
	/* a pipe without a writer would hold us for ever */
	fd = openat(at.folder, at.name, at.flags | flags | O_NONBLOCK);
	sys = errno;
	kiln_beneath_done(&at);
	errno = sys;
	return fd;
}

static int no_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static kiln_code scan_folder(const struct scan *s, const char *path, unsigned depth,
			     struct kiln_err *err);

static kiln_code scan_fd(const struct scan *s, int fd, const char *path, unsigned depth,
			 struct kiln_err *err)
{
	const struct kiln_files_item folder = { .folder = true };
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail_scan(s, path, errno, err);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot read '%s/%s'", s->folder, path);
		kiln_why(err, "it is neither a file nor a folder");
		kiln_hint(err, "leave it out by a pattern");
		return KILN_E_INVALID;
	}
	if (s->leaves(s->user, path, S_ISDIR(st.st_mode)))
		return KILN_OK;
	if (S_ISREG(st.st_mode))
		return kiln_host_tree_read(s->tree, fd, path, err);
	KILN_TRY(kiln_host_tree_keep(s->tree, path, &folder, err));
	return scan_folder(s, path, depth + 1, err);
}

static kiln_code scan_entry(const struct scan *s, const char *path, unsigned depth,
			    struct kiln_err *err)
{
	const int fd = open_below(s, path, O_RDONLY);
	const int sys = errno;
	kiln_code code;

	if (fd < 0) {
		/* what is left out need not be readable: the pattern alone decides */
		if (s->leaves(s->user, path, false) || s->leaves(s->user, path, true))
			return KILN_OK;
		/* gone since the folder was read (an editor's temporary) */
		return sys == ENOENT ? KILN_OK : fail_scan(s, path, sys, err);
	}
	code = scan_fd(s, fd, path, depth, err);
	close(fd);
	return code;
}

static kiln_code scan_folder(const struct scan *s, const char *path, unsigned depth,
			     struct kiln_err *err)
{
	struct dirent **names = NULL;
	const int fd = open_below(s, path, O_RDONLY | O_DIRECTORY);
	const int n = fd < 0 ? -1 : scandirat(fd, ".", &names, no_dots, alphasort);
	kiln_code code = n < 0 ? fail_scan(s, path, errno, err) : KILN_OK;

	if (fd >= 0)
		close(fd);
	if (code == KILN_OK && depth > DEEPEST) {
		code = kiln_fail(err, KILN_E_INVALID, "cannot read '%s/%s'", s->folder, path);
		kiln_why(err, "it is more than %d folders deep: a link may point up", DEEPEST);
	}
	for (int i = 0; i < n; i++) {
		struct kiln_buf below = KILN_BUF_INIT(PATH_LENGTH);

		kiln_path_join(&below, path, names[i]->d_name);
		if (code == KILN_OK && below.failed)
			code = fail_scan(s, path, ENAMETOOLONG, err);
		if (code == KILN_OK)
			code = scan_entry(s, kiln_buf_str(&below), depth, err);
		kiln_buf_done(&below);
		free(names[i]);
	}
	free(names);
	return code;
}

kiln_code kiln_host_scan(struct kiln_host_tree *tree, const char *folder,
			 bool (*leaves)(void *user, const char *path, bool folder), void *user,
			 struct kiln_err *err)
{
	struct scan s = {
		.folder = folder,
		.root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.tree = tree,
		.leaves = leaves,
		.user = user,
	};
	kiln_code code;

	if (s.root < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open folder '%s'", folder);
	code = scan_folder(&s, "", 0, err);
	close(s.root);
	return code;
}
