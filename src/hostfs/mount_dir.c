/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/mount_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "hostfs/beneath.h"
#include "hostfs/path.h"

enum {
	FILES = 64, /* that a board has open at once */
	PATH_LENGTH = 4096,
	WRITE_END = 1 << 30, /* boards have 32-bit offsets */
};

struct kiln_mount_dir {
	int root;
	bool unsafe_links;
	int files[FILES]; /* -1: free */
};

/* A board's number for an errno; what it has none for is an input/output error. */
static int board_errno(int sys)
{
	switch (sys) {
	case EXDEV: /* it would leave the folder */
	case ELOOP:
		return EPERM;
	default:
		return sys > 0 && sys < 134 ? sys : EIO;
	}
}

static int fail(int sys)
{
	errno = sys;
	return -1;
}

/* ---- one function a request: 0, or -1 with errno; the answer's text goes to `out` ---- */

struct job {
	struct kiln_mount_dir *dir;
	struct kiln_span args;
	size_t max;
	struct kiln_buf *out;
};

/* The rest of the arguments, to the next NUL, as a path. */
static bool take_path(struct job *j, char path[PATH_LENGTH])
{
	const uint8_t *end = j->args.n ? memchr(j->args.p, 0, j->args.n) : NULL;
	const size_t n = end ? (size_t)(end - j->args.p) : j->args.n;

	if (n >= PATH_LENGTH)
		return false;
	kiln_text_format(path, PATH_LENGTH, "%.*s", (int)n, n ? (const char *)j->args.p : "");
	j->args = kiln_span(j->args.p + n + (end != NULL), j->args.n - n - (end != NULL));
	return true;
}

static unsigned rules(const struct job *j, bool follow)
{
	return (follow ? KILN_BENEATH_FOLLOW : 0U) |
	       (j->dir->unsafe_links ? KILN_BENEATH_UNSAFE : 0U);
}

static int find(struct job *j, bool follow, struct kiln_beneath *ret_at)
{
	char path[PATH_LENGTH];

	if (!take_path(j, path))
		return fail(ENAMETOOLONG);
	return kiln_beneath_find(j->dir->root, path, rules(j, follow), ret_at);
}

static int leave(struct kiln_beneath *at, int result)
{
	const int sys = errno;

	kiln_beneath_done(at);
	errno = sys;
	return result;
}

static int look(const struct kiln_beneath *at, struct stat *st)
{
	return fstatat(at->folder, at->name, st, at->flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
}

static int do_stat(struct job *j)
{
	struct kiln_beneath at;
	struct stat st;

	if (find(j, true, &at) != 0 || leave(&at, look(&at, &st)) != 0)
		return -1;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return fail(EPERM);
	(void)kiln_buf_printf(j->out, "%c %" PRIu64 " %" PRId64, S_ISDIR(st.st_mode) ? 'd' : 'f',
			      S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size, (int64_t)st.st_mtime);
	return 0;
}

static int no_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Only what a board can make something of: a link is what it leads to, inside. */
static char kind_of(const struct job *j, const char *folder, const struct dirent *e)
{
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	struct kiln_beneath at;
	struct stat st;
	bool found;

	if (e->d_type == DT_DIR || e->d_type == DT_REG)
		return e->d_type == DT_DIR ? 'd' : 'f';
	kiln_path_join(&path, folder, e->d_name);
	found = kiln_beneath_find(j->dir->root, kiln_buf_str(&path), rules(j, true), &at) == 0;
	kiln_buf_done(&path);
	if (!found || leave(&at, look(&at, &st)) != 0)
		return '\0';
	return S_ISDIR(st.st_mode) ? 'd' : S_ISREG(st.st_mode) ? 'f' : '\0';
}

static void list_names(struct job *j, const char *folder, struct dirent **names, int n,
		       uint64_t first)
{
	uint64_t i = 0;

	for (int k = 0; k < n; k++) {
		/* a name with a line end would be two, and one that fills a reply is cut */
		const char kind = strpbrk(names[k]->d_name, "\n\x01\x02\x03\x04\x1d") ||
						  strlen(names[k]->d_name) + 16 > j->max
					  ? '\0'
					  : kind_of(j, folder, names[k]);

		if (!kind || i++ < first)
			continue;
		if (j->out->len > 1 && j->out->len + strlen(names[k]->d_name) + 3 > j->max)
			return;
		(void)kiln_buf_printf(j->out, "%c %s\n", kind, names[k]->d_name);
	}
}

static int list_fd(struct job *j, int fd, const char *folder, uint64_t first)
{
	struct dirent **names = NULL;
	const int n = scandirat(fd, ".", &names, no_dots, alphasort);
	const int sys = errno;

	if (n >= 0)
		list_names(j, folder, names, n, first);
	for (int k = 0; k < n; k++)
		free(names[k]);
	free(names);
	return n < 0 ? fail(sys) : 0;
}

static int do_list(struct job *j)
{
	struct kiln_beneath at;
	char path[PATH_LENGTH];
	uint64_t first;
	int fd, result;

	if (!kiln_mount_number(&j->args, &first))
		return fail(EINVAL);
	if (!take_path(j, path))
		return fail(ENAMETOOLONG);
	if (kiln_beneath_find(j->dir->root, path, rules(j, true), &at) != 0)
		return -1;
	fd = openat(at.folder, at.name, at.flags | O_RDONLY | O_DIRECTORY);
	if (leave(&at, fd) < 0)
		return -1;
	result = list_fd(j, fd, path, first);
	return leave(&(struct kiln_beneath){ .folder = fd }, result);
}

static int free_slot(const struct kiln_mount_dir *dir)
{
	for (int i = 0; i < FILES; i++) {
		if (dir->files[i] < 0)
			return i;
	}
	return fail(EMFILE);
}

/* Python's modes, without 'b' and 't'. */
static int flags_of(const char *mode)
{
	static const struct {
		const char *mode;
		int flags;
	} table[] = {
		{ "r", O_RDONLY },
		{ "r+", O_RDWR },
		{ "w", O_WRONLY | O_CREAT | O_TRUNC },
		{ "w+", O_RDWR | O_CREAT | O_TRUNC },
		{ "a", O_WRONLY | O_CREAT },
		{ "a+", O_RDWR | O_CREAT },
		{ "x", O_WRONLY | O_CREAT | O_EXCL },
		{ "x+", O_RDWR | O_CREAT | O_EXCL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].mode, mode) == 0)
			return table[i].flags;
	}
	return -1;
}

static int take_flags(struct job *j)
{
	char mode[4] = "";
	size_t i = 0;

	while (i < j->args.n && i < sizeof(mode) - 1 && j->args.p[i] != ' ') {
		mode[i] = (char)j->args.p[i];
		i++;
	}
	if (i == j->args.n || j->args.p[i] != ' ')
		return -1;
	j->args = kiln_span(j->args.p + i + 1, j->args.n - i - 1);
	return flags_of(mode);
}

static int do_open(struct job *j)
{
	const int flags = take_flags(j);
	struct kiln_beneath at;
	struct stat st;
	int fd, slot;

	if (flags < 0)
		return fail(EINVAL);
	slot = free_slot(j->dir);
	if (slot < 0 || find(j, true, &at) != 0)
		return -1;
	/* a pipe without another end would hold us for ever; a folder's error is the board's */
	fd = openat(at.folder, at.name, at.flags | flags | O_NONBLOCK | O_NOCTTY, 0666);
	if (leave(&at, fd) < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail(S_ISDIR(st.st_mode) ? EISDIR : EPERM);
	}
	j->dir->files[slot] = fd;
	(void)kiln_buf_printf(j->out, "%d %" PRIu64, slot, (uint64_t)st.st_size);
	return 0;
}

static int take_file(struct job *j)
{
	uint64_t number;

	if (!kiln_mount_number(&j->args, &number) || number >= FILES || j->dir->files[number] < 0)
		return fail(EBADF);
	return j->dir->files[number];
}

static int do_read(struct job *j)
{
	const int fd = take_file(j);
	uint64_t offset, count;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (!kiln_mount_number(&j->args, &offset) || !kiln_mount_number(&j->args, &count) ||
	    offset > INT64_MAX)
		return fail(EINVAL);
	count = count < j->max - j->out->len ? count : j->max - j->out->len;
	if (kiln_buf_reserve(j->out, (size_t)count) != KILN_OK)
		return fail(ENOMEM);
	n = pread(fd, j->out->data + j->out->len, (size_t)count, (off_t)offset);
	if (n < 0)
		return -1;
	kiln_buf_grew(j->out, (size_t)n);
	return 0;
}

static int do_write(struct job *j)
{
	const int fd = take_file(j);
	uint64_t offset;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (!kiln_mount_number(&j->args, &offset))
		return fail(EINVAL);
	if (offset + j->args.n > WRITE_END)
		return fail(EFBIG);
	n = pwrite(fd, j->args.p, j->args.n, (off_t)offset);
	if (n < 0)
		return -1;
	(void)kiln_buf_printf(j->out, "%zd", n);
	return 0;
}

static int do_truncate(struct job *j)
{
	const int fd = take_file(j);
	uint64_t size;

	if (fd < 0)
		return -1;
	if (!kiln_mount_number(&j->args, &size) || size > WRITE_END)
		return fail(EINVAL);
	return ftruncate(fd, (off_t)size);
}

/* What was written is in the system's hands already; a board waits for no disk. */
static int do_flush(struct job *j)
{
	return take_file(j) < 0 ? -1 : 0;
}

static int do_close(struct job *j)
{
	struct job copy = *j;
	uint64_t number = 0;
	const int fd = take_file(j);

	if (fd < 0 || !kiln_mount_number(&copy.args, &number))
		return -1;
	j->dir->files[number] = -1;
	return close(fd);
}

static int do_remove(struct job *j)
{
	struct kiln_beneath at;

	if (find(j, false, &at) != 0)
		return -1;
	return leave(&at, unlinkat(at.folder, at.name, 0));
}

static int do_mkdir(struct job *j)
{
	struct kiln_beneath at;

	if (find(j, false, &at) != 0)
		return -1;
	return leave(&at, mkdirat(at.folder, at.name, 0777));
}

static int do_rmdir(struct job *j)
{
	struct kiln_beneath at;

	if (find(j, false, &at) != 0)
		return -1;
	if (strcmp(at.name, ".") == 0) /* the folder itself stays */
		return leave(&at, fail(EPERM));
	return leave(&at, unlinkat(at.folder, at.name, AT_REMOVEDIR));
}

static int do_rename(struct job *j)
{
	struct kiln_beneath from, to;

	if (find(j, false, &from) != 0)
		return -1;
	if (find(j, false, &to) != 0)
		return leave(&from, -1);
	if (strcmp(from.name, ".") == 0 || strcmp(to.name, ".") == 0)
		return leave(&from, leave(&to, fail(EPERM)));
	return leave(&from, leave(&to, renameat(from.folder, from.name, to.folder, to.name)));
}

static int do_statvfs(struct job *j)
{
	struct statvfs st;

	if (fstatvfs(j->dir->root, &st) != 0)
		return -1;
	(void)kiln_buf_printf(j->out, "%lu %" PRIu64 " %" PRIu64, st.f_frsize,
			      (uint64_t)st.f_blocks, (uint64_t)st.f_bavail);
	return 0;
}

static const struct {
	char letter;
	int (*run)(struct job *j);
} jobs[] = {
	{ 'S', do_stat },    { 'L', do_list },     { 'O', do_open },  { 'R', do_read },
	{ 'W', do_write },   { 'T', do_truncate }, { 'F', do_flush }, { 'C', do_close },
	{ 'D', do_remove },  { 'M', do_mkdir },    { 'X', do_rmdir }, { 'N', do_rename },
	{ 'V', do_statvfs },
};

void kiln_mount_dir_answer(struct kiln_mount_dir *dir, const struct kiln_mount_request *request,
			   size_t max, struct kiln_buf *out)
{
	struct job j = { .dir = dir, .args = request->args, .max = max, .out = out };
	int result = fail(EINVAL);

	(void)kiln_buf_putc(out, '+');
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (jobs[i].letter == request->letter)
			result = jobs[i].run(&j);
	}
	if (result == 0 && !out->failed)
		return;
	if (result == 0)
		errno = ENOMEM;
	out->failed = false;
	kiln_buf_reset(out);
	(void)kiln_buf_printf(out, "-%d", board_errno(errno));
}

kiln_code kiln_mount_dir_open(const char *folder, bool unsafe_links,
			      struct kiln_mount_dir **ret_dir, struct kiln_err *err)
{
	struct kiln_mount_dir *dir = malloc(sizeof(*dir));

	if (!dir)
		return kiln_fail(err, KILN_E_NOMEM, "cannot mount '%s'", folder);
	dir->unsafe_links = unsafe_links;
	for (size_t i = 0; i < FILES; i++)
		dir->files[i] = -1;
	dir->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->root < 0) {
		free(dir);
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot mount '%s'", folder);
	}
	*ret_dir = dir;
	return KILN_OK;
}

void kiln_mount_dir_forget(struct kiln_mount_dir *dir)
{
	for (size_t i = 0; i < FILES; i++) {
		if (dir->files[i] >= 0)
			close(dir->files[i]);
		dir->files[i] = -1;
	}
}

void kiln_mount_dir_close(struct kiln_mount_dir *dir)
{
	if (!dir)
		return;
	kiln_mount_dir_forget(dir);
	close(dir->root);
	free(dir);
}
