/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's folder stays below its bound. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <unistd.h>

#include "base/text.h"
#include "fetch/cache.h"

enum { ENTRIES_MAX = 100000, PART_SECONDS = 7 * 24 * 3600 };

struct entry {
	char name[KILN_CACHE_KEY + 64];
	uint64_t size;
	time_t used;
};

struct entries {
	struct entry *items;
	size_t n, cap;
	uint64_t total;
};

static void add(struct entries *e, const char *name, const struct stat *st)
{
	if (e->n == e->cap) {
		const size_t cap = e->cap ? 2 * e->cap : 256;
		struct entry *items = cap > ENTRIES_MAX
					      ? NULL
					      : reallocarray(e->items, cap, sizeof(*items));

		if (!items)
			return;
		e->items = items;
		e->cap = cap;
	}
	if (!kiln_text_copy(e->items[e->n].name, sizeof(e->items[e->n].name), name))
		return; /* not one of ours */
	e->items[e->n].size = (uint64_t)st->st_size;
	e->items[e->n++].used = st->st_mtime;
	/* descriptions go with their files, and are small */
	e->total += strstr(name, ".json") ? 0 : (uint64_t)st->st_size;
}

static bool ends_in(const char *name, const char *end)
{
	const size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* Only names that the cache gives: 64 hex digits, then a dot. */
static bool is_ours(const char *name)
{
	return strspn(name, "0123456789abcdef") == KILN_CACHE_KEY - 1 &&
	       name[KILN_CACHE_KEY - 1] == '.';
}

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->used > y->used) - (x->used < y->used);
}

static void scan(struct entries *e, DIR *dir, int fd)
{
	const struct dirent *d;
	struct stat st;

	while ((d = readdir(dir))) {
		if (is_ours(d->d_name) && fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			add(e, d->d_name, &st);
	}
	if (e->n > 0)
		qsort(e->items, e->n, sizeof(*e->items), by_use);
}

/* A part may be one that another process writes: old ones only, unless all goes. */
static bool may_go(const struct entry *entry, uint64_t max, time_t now)
{
	if (max == 0 || ends_in(entry->name, ".data"))
		return true;
	return ends_in(entry->name, ".part") && now - entry->used > PART_SECONDS;
}

void kiln_cache_prune(const struct kiln_cache *cache, uint64_t max)
{
	DIR *dir = opendir(cache->folder);
	struct entries e = { .n = 0 };
	const time_t now = time(NULL);

	if (!dir)
		return;
	scan(&e, dir, dirfd(dir));
	for (size_t i = 0; i < e.n && (e.total > max || max == 0); i++) {
		const struct entry *entry = &e.items[i];
		char meta[sizeof(entry->name) + 8];

		if (!may_go(entry, max, now))
			continue;
		(void)unlinkat(dirfd(dir), entry->name, 0);
		e.total -= entry->size;
		if (ends_in(entry->name, ".data")) {
			kiln_text_format(meta, sizeof(meta), "%.*s.json", KILN_CACHE_KEY - 1,
					 entry->name);
			(void)unlinkat(dirfd(dir), meta, 0);
		}
	}
	free(e.items);
	closedir(dir);
}
