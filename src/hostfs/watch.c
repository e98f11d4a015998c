/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/buf.h"
#include "hostfs/path.h"

enum {
	PATH_LENGTH = 16 * 1024,
	EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF,
};

kiln_code kiln_host_watch_open(struct kiln_host_watch *ret_watch, struct kiln_err *err)
{
	const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot watch for changes");
	*ret_watch = (struct kiln_host_watch){ .fd = fd };
	return KILN_OK;
}

void kiln_host_watch_close(struct kiln_host_watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
}

static kiln_code add(struct kiln_host_watch *watch, const char *path, bool *ret_more,
		     struct kiln_err *err)
{
	const int number = inotify_add_watch(watch->fd, path, EVENTS | IN_ONLYDIR);

	if (number < 0 && errno == ENOENT) /* gone since; its parent tells */
		return KILN_OK;
	if (number < 0) {
		(void)kiln_fail_errno(err, KILN_E_IO, errno, "cannot watch '%s'", path);
		if (errno == ENOSPC)
			kiln_hint(err, "the limit is in /proc/sys/fs/inotify/max_user_watches");
		return KILN_E_IO;
	}
	if (number > watch->newest) {
		watch->newest = number;
		*ret_more = true;
	}
	return KILN_OK;
}

kiln_code kiln_host_watch_tree(struct kiln_host_watch *watch, const char *folder,
			       const struct kiln_host_tree *tree, bool *ret_more,
			       struct kiln_err *err)
{
	kiln_code code;

	*ret_more = false;
	code = add(watch, folder, ret_more, err);
	for (size_t i = 0; i < tree->n && code == KILN_OK; i++) {
		struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);

		if (tree->items[i].folder) {
			kiln_path_join(&path, folder, tree->items[i].path);
			code = add(watch, kiln_buf_str(&path), ret_more, err);
		}
		kiln_buf_done(&path);
	}
	return code;
}

void kiln_host_watch_drain(const struct kiln_host_watch *watch)
{
	char events[4096];

	while (read(watch->fd, events, sizeof(events)) > 0)
		;
}
