/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/typed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

enum { KEPT = 2000, LINE_LIMIT = 1024, FILE_LIMIT = KEPT * LINE_LIMIT };

static bool make_path(char *path, size_t size)
{
	return kiln_folder_user(path, size, "XDG_STATE_HOME", ".local/state", "kiln/typed") &&
	       kiln_folder_make_for(path, 0700, NULL) == KILN_OK;
}

static bool keep(struct typed *t, const char *line, size_t n)
{
	char **grown = realloc(t->lines, (t->n + 1) * sizeof(*grown));

	if (!grown)
		return false;
	t->lines = grown;
	t->lines[t->n] = strndup(line, n);
	if (!t->lines[t->n])
		return false;
	t->n++;
	return true;
}

static void drop_oldest(struct typed *t, size_t n)
{
	if (n == 0) /* there may be no lines at all */
		return;
	for (size_t i = 0; i < n; i++)
		free(t->lines[i]);
	t->n -= n;
	memmove(t->lines, t->lines + n, t->n * sizeof(*t->lines));
}

static void read_lines(struct typed *t, FILE *f)
{
	char line[LINE_LIMIT + 2];

	while (fgets(line, sizeof(line), f)) {
		const size_t n = strcspn(line, "\n");

		if (n > 0 && line[n] == '\n')
			(void)keep(t, line, n);
	}
}

/* Fewer lines by far than there is room for, or the file would be written anew each time. */
static void shorten(const struct typed *t, int fd)
{
	FILE *f;

	if (ftruncate(fd, 0) != 0 || !(f = fdopen(dup(fd), "a")))
		return;
	for (size_t i = 0; i < t->n; i++)
		fprintf(f, "%s\n", t->lines[i]);
	fclose(f);
}

void typed_load(struct typed *t)
{
	struct stat st;
	FILE *f;
	int fd;

	*t = (struct typed){ .n = 0 };
	if (!make_path(t->path, sizeof(t->path)))
		t->path[0] = '\0';
	fd = t->path[0] ? kiln_folder_open_locked(t->path) : -1;
	if (fd < 0)
		return;
	/* a file that nobody of us has written is left alone */
	f = fstat(fd, &st) == 0 && st.st_size <= FILE_LIMIT ? fdopen(dup(fd), "r") : NULL;
	if (f) {
		read_lines(t, f);
		fclose(f);
	}
	if (t->n > KEPT) {
		drop_oldest(t, t->n - KEPT / 2);
		shorten(t, fd);
	}
	close(fd);
}

void typed_done(struct typed *t)
{
	drop_oldest(t, t->n);
	free(t->lines);
	t->lines = NULL;
}

static bool is_worth_it(const struct typed *t, const char *line, size_t n)
{
	if (n == 0 || n > LINE_LIMIT || memchr(line, '\0', n))
		return false;
	return t->n == 0 || strlen(t->lines[t->n - 1]) != n ||
	       memcmp(t->lines[t->n - 1], line, n) != 0;
}

void typed_add(struct typed *t, const char *line, size_t n)
{
	int fd;

	if (!is_worth_it(t, line, n) || !keep(t, line, n))
		return;
	if (t->n > 2 * KEPT)
		drop_oldest(t, KEPT);
	fd = t->path[0] ? kiln_folder_open_locked(t->path) : -1;
	if (fd < 0)
		return;
	dprintf(fd, "%.*s\n", (int)n, line);
	close(fd);
}

long typed_find(const struct typed *t, size_t before, const char *words)
{
	for (size_t i = before; i-- > 0;) {
		if (strstr(t->lines[i], words))
			return (long)i;
	}
	return -1;
}
