/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

enum { META_MAX = 64 * 1024 };

/* ---- digests and paths ---- */

void kiln_cache_sha256(const void *data, size_t n, char ret_hex[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };

	(void)EVP_Digest(n ? data : "", n, digest, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < 32; i++)
		kiln_text_format(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

void kiln_cache_key(const char *url, char ret_key[KILN_CACHE_KEY])
{
	kiln_cache_sha256(url, strlen(url), ret_key);
}

void kiln_cache_path(const struct kiln_cache *cache, const char *key, const char *suffix,
		     char ret_path[KILN_CACHE_PATH])
{
	kiln_text_format(ret_path, KILN_CACHE_PATH, "%s/%s%s", cache->folder, key, suffix);
}

kiln_code kiln_cache_open(struct kiln_cache *ret_cache, const char *folder, struct kiln_err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct kiln_cache cache = { .private = false };
	const bool named = folder ? kiln_text_copy(cache.folder, sizeof(cache.folder), folder)
				  : kiln_folder_user(cache.folder, sizeof(cache.folder),
						     "XDG_CACHE_HOME", ".cache", "kiln/downloads");

	if (named && kiln_folder_make(cache.folder, 0700, NULL) == KILN_OK &&
	    access(cache.folder, W_OK) == 0) {
		*ret_cache = cache;
		return KILN_OK;
	}
	/* a home that can't be written must not stop a download */
	kiln_text_format(cache.folder, sizeof(cache.folder), "%s/kiln-XXXXXX",
			 tmp && tmp[0] == '/' ? tmp : "/tmp");
	if (!mkdtemp(cache.folder))
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot make the folder '%s'",
				       cache.folder);
	cache.private = true;
	*ret_cache = cache;
	return KILN_OK;
}

void kiln_cache_close(struct kiln_cache *cache)
{
	if (!cache->private)
		return;
	kiln_cache_prune(cache, 0);
	(void)rmdir(cache->folder);
}

/* ---- files ---- */

static int read_fd(int fd, uint64_t max, void **ret_data, size_t *ret_size)
{
	struct stat st;
	uint8_t *data;
	size_t at = 0;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if ((uint64_t)st.st_size > max)
		return EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return ENOMEM;
	while (at < (size_t)st.st_size) {
		const ssize_t n = read(fd, data + at, (size_t)st.st_size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* it became shorter while it was read */
			const int sys = n < 0 ? errno : EIO;

			free(data);
			return sys;
		}
		at += (size_t)n;
	}
	data[at] = 0;
	*ret_data = data;
	*ret_size = at;
	return 0;
}

int kiln_cache_read_file(const char *path, uint64_t max, void **ret_data, size_t *ret_size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int sys;

	if (fd < 0)
		return errno;
	sys = read_fd(fd, max, ret_data, ret_size);
	close(fd);
	return sys;
}

bool kiln_cache_load(const struct kiln_cache *cache, const char *key,
		     const struct kiln_cache_meta *meta, struct kiln_fetched *ret_file)
{
	char path[KILN_CACHE_PATH];
	struct kiln_fetched file = { .kept = true };

	kiln_cache_path(cache, key, ".data", path);
	if (kiln_cache_read_file(path, meta->size, &file.data, &file.size) != 0)
		return false;
	kiln_cache_sha256(file.data, file.size, file.sha256);
	if (file.size != meta->size || strcmp(file.sha256, meta->sha256) != 0) {
		kiln_fetched_done(&file);
		(void)unlink(path); /* damaged: it is fetched anew */
		return false;
	}
	kiln_text_copy(file.type, sizeof(file.type), meta->type);
	(void)utimensat(AT_FDCWD, path, NULL, 0);
	*ret_file = file;
	return true;
}

/* ---- what is known of a file ---- */

static void get_text(const json_t *object, const char *name, char *dst, size_t size)
{
	kiln_fetch_tag(dst, size, json_string_value(json_object_get(object, name)));
}

bool kiln_cache_meta_read(const struct kiln_cache *cache, const char *key, const char *suffix,
			  struct kiln_cache_meta *ret_meta)
{
	struct kiln_cache_meta meta = { .size = 0 };
	char path[KILN_CACHE_PATH];
	void *text = NULL;
	size_t n = 0;
	json_t *object;

	kiln_cache_path(cache, key, suffix, path);
	if (kiln_cache_read_file(path, META_MAX, &text, &n) != 0)
		return false;
	object = json_loadb(text, n, 0, NULL);
	free(text);
	get_text(object, "etag", meta.etag, sizeof(meta.etag));
	get_text(object, "modified", meta.modified, sizeof(meta.modified));
	get_text(object, "type", meta.type, sizeof(meta.type));
	get_text(object, "sha256", meta.sha256, sizeof(meta.sha256));
	meta.size = (uint64_t)json_integer_value(json_object_get(object, "size"));
	meta.when = json_integer_value(json_object_get(object, "when"));
	json_decref(object);
	if (!object || meta.size > (uint64_t)1 << 40)
		return false;
	*ret_meta = meta;
	return true;
}

/* Written beside and renamed: a reader finds the old text or the new one. */
static bool write_json(const char *path, const json_t *object)
{
	char beside[KILN_CACHE_PATH + 16];
	int fd;
	bool good;

	kiln_text_format(beside, sizeof(beside), "%s.XXXXXX", path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return false;
	good = json_dumpfd(object, fd, JSON_INDENT(1)) == 0;
	good = close(fd) == 0 && good;
	good = good && rename(beside, path) == 0;
	if (!good) {
		const int sys = errno;

		(void)unlink(beside);
		errno = sys;
	}
	return good;
}

bool kiln_cache_meta_write(const struct kiln_cache *cache, const char *key, const char *suffix,
			   const char *url, const struct kiln_cache_meta *meta)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "url", url, "etag",
				   meta->etag, "modified", meta->modified, "type", meta->type,
				   "sha256", meta->sha256, "size", (json_int_t)meta->size, "when",
				   (json_int_t)meta->when);
	char path[KILN_CACHE_PATH];
	bool good;

	kiln_cache_path(cache, key, suffix, path);
	errno = ENOMEM;
	good = object && write_json(path, object);
	json_decref(object);
	return good;
}

/* ---- parts ---- */

/* Between open and flock the file may have been finished by another, and renamed. */
static bool still_there(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

int kiln_cache_part_open(const struct kiln_cache *cache, const char *key,
			 char ret_path[KILN_CACHE_PATH], bool *ret_shared)
{
	static const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	char suffix[48];
	int fd;

	kiln_cache_path(cache, key, ".part", ret_path);
	for (int i = 0; i < 3; i++) {
		fd = open(ret_path, flags, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && still_there(fd, ret_path)) {
			*ret_shared = true;
			return fd;
		}
		close(fd);
	}
	kiln_text_format(suffix, sizeof(suffix), ".%ld.part", (long)getpid());
	kiln_cache_path(cache, key, suffix, ret_path);
	*ret_shared = false;
	return open(ret_path, flags | O_TRUNC, 0600);
}

bool kiln_cache_commit(const struct kiln_cache *cache, const char *key, const char *part,
		       const char *url, const struct kiln_cache_meta *meta)
{
	char path[KILN_CACHE_PATH];

	/* in this order: data without a description is never used, nor with an older one, for the
	 * digest would not be right */
	kiln_cache_path(cache, key, ".data", path);
	if (rename(part, path) != 0 || !kiln_cache_meta_write(cache, key, ".json", url, meta))
		return false;
	kiln_cache_path(cache, key, ".part.json", path);
	(void)unlink(path);
	return true;
}
