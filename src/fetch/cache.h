/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FETCH_CACHE_H
#define KILN_FETCH_CACHE_H

#include <kiln/fetch.h>

#include "fetch/wire.h"

/*
 * Downloads that are kept: one folder, three files for each URL, whose name is the URL's SHA-256.
 *
 *	KEY.data       the file
 *	KEY.json       what is known of it: url, etag, modified, type, size, sha256
 *	KEY.part       a download that has not come to its end; locked by whoever writes it
 *	KEY.part.json  what it is the beginning of
 *
 * A file gets its name when it is whole and its hash is known. The least used go when the folder
 * grows beyond KILN_CACHE_MAX.
 */
enum {
	KILN_CACHE_PATH = 4096,
	KILN_CACHE_KEY = 65,
};
#define KILN_CACHE_MAX ((uint64_t)512 << 20)

struct kiln_cache {
	char folder[KILN_CACHE_PATH - 128];
	bool private; /* made for this process, as there is no other place: removed at the end */
};

/* What is known of a file, or of the beginning of one. */
struct kiln_cache_meta {
	char etag[KILN_FETCH_TAG], modified[KILN_FETCH_TAG], type[64], sha256[65];
	uint64_t size; /* of the whole file; 0 for a beginning whose end is not known */
	int64_t when;  /* Unix time at which the server last said so */
};

/* `folder` NULL: the user's. Fails with: E_DENIED, E_IO. */
KILN_CHECK kiln_code kiln_cache_open(struct kiln_cache *ret_cache, const char *folder,
				     struct kiln_err *err);
void kiln_cache_close(struct kiln_cache *cache);

void kiln_cache_key(const char *url, char ret_key[KILN_CACHE_KEY]);
/* FOLDER/KEY + suffix */
void kiln_cache_path(const struct kiln_cache *cache, const char *key, const char *suffix,
		     char ret_path[KILN_CACHE_PATH]);

/* What KEY.json or KEY.part.json says; false: nothing that could be used. */
bool kiln_cache_meta_read(const struct kiln_cache *cache, const char *key, const char *suffix,
			  struct kiln_cache_meta *ret_meta);
/* False: it could not be written, errno says why. */
bool kiln_cache_meta_write(const struct kiln_cache *cache, const char *key, const char *suffix,
			   const char *url, const struct kiln_cache_meta *meta);

/*
 * Read KEY.data, and its digest into `ret_file`; false if it is not what KEY.json says, or not
 * there. The file counts as used now.
 */
bool kiln_cache_load(const struct kiln_cache *cache, const char *key,
		     const struct kiln_cache_meta *meta, struct kiln_fetched *ret_file);

/*
 * Open and lock the file that a download grows in. If another process holds it, one of this
 * process alone, which is removed when it is closed. `ret_path` is its path. -1: errno.
 */
int kiln_cache_part_open(const struct kiln_cache *cache, const char *key,
			 char ret_path[KILN_CACHE_PATH], bool *ret_shared);

/* Give the finished part its name. False: errno. */
bool kiln_cache_commit(const struct kiln_cache *cache, const char *key, const char *part,
		       const char *url, const struct kiln_cache_meta *meta);

/* Bring the folder below `max` bytes, the least used first. */
void kiln_cache_prune(const struct kiln_cache *cache, uint64_t max);

/* Read a whole file of at most `max` bytes. 0, or an errno; EFBIG if it is longer. */
int kiln_cache_read_file(const char *path, uint64_t max, void **ret_data, size_t *ret_size);

/* Lower-case hex. */
void kiln_cache_sha256(const void *data, size_t n, char ret_hex[65]);

#endif
