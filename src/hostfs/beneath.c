/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum { DEEPEST = 64, LINKS = 16, PATH_LENGTH = 8192 };

struct walk {
	int folders[DEEPEST + 1]; /* the root, and those that were gone into */
	size_t n;
	char rest[PATH_LENGTH]; /* still to walk */
	unsigned links, rules;
};

static int fail(int sys)
{
	errno = sys;
	return -1;
}

static int here(const struct walk *w)
{
	return w->folders[w->n - 1];
}

/* The next part of the rest; false if there is none. `.` and empty parts are left out. */
static bool next_part(struct walk *w, char part[KILN_BENEATH_NAME], bool *ret_long)
{
	const char *p = w->rest + strspn(w->rest, "/");
	const size_t n = strcspn(p, "/");

	*ret_long = !kiln_text_format(part, KILN_BENEATH_NAME, "%.*s", (int)n, p);
	memmove(w->rest, p + n, strlen(p + n) + 1);
	return n > 0;
}

static bool is_last(const struct walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

static int go_up(struct walk *w)
{
	if (w->n == 1)
		return fail(EXDEV);
	close(w->folders[--w->n]);
	return 0;
}

static int go_into(struct walk *w, const char *part, int more)
{
	int fd;

	if (w->n > DEEPEST)
		return fail(ENAMETOOLONG);
	fd = openat(here(w), part, O_PATH | O_DIRECTORY | O_CLOEXEC | more);
	if (fd < 0)
		return -1;
	w->folders[w->n++] = fd;
	return 0;
}

/* What the link says comes before the rest. */
static int go_along(struct walk *w, const char *part)
{
	char target[PATH_LENGTH], joined[PATH_LENGTH];
	const ssize_t n = readlinkat(here(w), part, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	if (++w->links > LINKS)
		return fail(ELOOP);
	if (target[0] == '/')
		return fail(EXDEV);
	if (!kiln_text_format(joined, sizeof(joined), "%s/%s", target, w->rest))
		return fail(ENAMETOOLONG);
	memcpy(w->rest, joined, sizeof(joined));
	return 0;
}

/* One part. Returns 1 if it is the last, which is left to the caller. */
static int walk_part(struct walk *w, const char *part)
{
	struct stat st;
	const bool last = is_last(w);

	if (strcmp(part, ".") == 0)
		return 0;
	if (strcmp(part, "..") == 0)
		return go_up(w);
	if (last && (w->rules & KILN_BENEATH_UNSAFE || !(w->rules & KILN_BENEATH_FOLLOW)))
		return 1;
	if (fstatat(here(w), part, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return last && errno == ENOENT ? 1 : -1;
	if (S_ISLNK(st.st_mode))
		return w->rules & KILN_BENEATH_UNSAFE ? go_into(w, part, 0) : go_along(w, part);
	if (last)
		return 1;
	return go_into(w, part, O_NOFOLLOW);
}

static int walk_all(struct walk *w, char name[KILN_BENEATH_NAME])
{
	char part[KILN_BENEATH_NAME];
	bool too_long;
	int found = 0;

	while (found == 0 && next_part(w, part, &too_long))
		found = too_long ? fail(ENAMETOOLONG) : walk_part(w, part);
	if (found < 0)
		return -1;
	kiln_text_copy(name, KILN_BENEATH_NAME, found ? part : ".");
	return 0;
}

int kiln_beneath_find(int root, const char *path, unsigned rules, struct kiln_beneath *ret)
{
	struct walk w = { .rules = rules, .n = 1 };
	int failed, sys;

	if (!kiln_text_copy(w.rest, sizeof(w.rest), path))
		return fail(ENAMETOOLONG);
	w.folders[0] = fcntl(root, F_DUPFD_CLOEXEC, 3);
	if (w.folders[0] < 0)
		return -1;
	failed = walk_all(&w, ret->name);
	sys = errno;
	while (w.n > 1) {
		const size_t i = failed ? w.n - 1 : w.n - 2; /* all but the last, if it is wanted */

		close(w.folders[i]);
		if (!failed)
			w.folders[i] = w.folders[w.n - 1];
		w.n--;
	}
	if (failed) {
		close(w.folders[0]);
		return fail(sys);
	}
	ret->folder = w.folders[0];
	ret->flags = O_CLOEXEC;
	if (!(rules & KILN_BENEATH_UNSAFE) || !(rules & KILN_BENEATH_FOLLOW))
		ret->flags |= O_NOFOLLOW;
	return 0;
}

void kiln_beneath_done(struct kiln_beneath *at)
{
	close(at->folder);
}
