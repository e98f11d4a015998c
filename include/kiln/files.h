/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FILES_H
#define KILN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>
#include <kiln/repl.h>

/*
 * The files of a board, over an open session. The board is asked once what it can do; each job
 * then goes the fastest way that it has, from a stream with flow control down to text literals.
 * What is written goes to a temporary name, is verified by hash on the board, and is renamed.
 *
 *	kiln_files_open(repl, &files, &err);              borrows the session
 *	kiln_files_put(files, items, n, NULL, NULL, &err);
 *	kiln_files_close(files);
 *
 * Paths are UTF-8, as the board's os module takes them. All calls fail with what kiln_repl_exec
 * fails with, and E_NOT_FOUND, E_EXISTS, E_DENIED or E_IO with err->sys set to the board's errno;
 * E_EXCEPTION if the board raised something else; E_CANCELLED; E_UNSUPPORTED if the board has no
 * file system or not that part of it.
 */
struct kiln_files;

typedef enum kiln_file_kind {
	KILN_FILE_PLAIN = 1,
	KILN_FILE_FOLDER,
} kiln_file_kind;

struct kiln_file_info {
	const char *path; /* below the folder that was listed; untrusted; borrowed for the call */
	kiln_file_kind kind;
	uint64_t size;
	int64_t mtime; /* seconds on the board's clock; -1: not known */
};

struct kiln_files_space {
	const char *path; /* where it is mounted; untrusted; borrowed for the call */
	uint64_t total, free;
};

/* One file or folder (data NULL) that is put. Folders stand before what is in them. */
struct kiln_files_item {
	const char *path;
	const void *data; /* may be NULL with n 0 and folder false: an empty file */
	size_t n;
	bool folder;
};

/* How far a transfer is: bytes of the files, not of the wire. */
struct kiln_files_progress {
	const char *path;
	size_t item, items;
	uint64_t done, total; /* total 0: not known */
};

struct kiln_files_watch {
	void (*progress)(void *user, const struct kiln_files_progress *progress);
	void *user;
};

/* How a board's transfers go; for reports and tests. */
struct kiln_files_ways {
	/* "stream" or "literals", by the REPL; "link": the transport carries them beside it
	 * (WebREPL), but for those with long names, small ones that are read, and the rest of one
	 * that broke off near its end */
	const char *put, *get;
	const char *digest; /* "sha256", "crc32" or "adler32" */
	bool deflate;
	unsigned window; /* bytes that the board has room for before it must acknowledge */
};

KILN_API KILN_CHECK kiln_code kiln_files_open(struct kiln_repl *repl, struct kiln_files **ret_files,
					      struct kiln_err *err);
KILN_API void kiln_files_close(struct kiln_files *files);
KILN_API void kiln_files_ways(const struct kiln_files *files, struct kiln_files_ways *ret_ways);

/* Call `found` for each entry of a folder; with `deep` for all below it, folders first. */
KILN_API KILN_CHECK kiln_code kiln_files_list(struct kiln_files *files, const char *path, bool deep,
					      void (*found)(void *user,
							    const struct kiln_file_info *info),
					      void *user, struct kiln_err *err);
/* ret_info->path is `path`. */
KILN_API KILN_CHECK kiln_code kiln_files_stat(struct kiln_files *files, const char *path,
					      struct kiln_file_info *ret_info,
					      struct kiln_err *err);

/*
 * Write files. Free space is checked first. A file is complete under its name or not touched,
 * where the board can rename. A temporary that an earlier, broken transfer of the same data left
 * is continued.
 * Fails with also: E_TOO_BIG (no room on the board), E_VERIFY, E_TIMEOUT (it stopped taking data).
 */
KILN_API KILN_CHECK kiln_code kiln_files_put(struct kiln_files *files,
					     const struct kiln_files_item *items, size_t n,
					     const struct kiln_files_watch *watch,
					     struct kiln_err *err);

/*
 * Read n files in one go. `take` gets each of them whole, verified, in order; it returns
 * anything but KILN_OK, with err filled, to end the job.
 * Fails with also: E_VERIFY, E_TOO_BIG (over 64 MiB).
 */
KILN_API KILN_CHECK kiln_code kiln_files_get(struct kiln_files *files, const char *const *paths,
					     size_t n,
					     kiln_code (*take)(void *user, size_t i,
							       const void *data, size_t size,
							       struct kiln_err *err),
					     const struct kiln_files_watch *watch, void *user,
					     struct kiln_err *err);

typedef enum kiln_files_flag {
	KILN_FILES_DEEP = 1 << 0,    /* remove: folders with what is in them; copy: too */
	KILN_FILES_FORCE = 1 << 1,   /* remove: what is not there is no error */
	KILN_FILES_PARENTS = 1 << 2, /* mkdir: parents too, and no error if it is there */
} kiln_files_flag;

KILN_API KILN_CHECK kiln_code kiln_files_remove(struct kiln_files *files, const char *path,
						unsigned flags, struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_files_mkdir(struct kiln_files *files, const char *path,
					       unsigned flags, struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_files_rmdir(struct kiln_files *files, const char *path,
					       struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_files_touch(struct kiln_files *files, const char *path,
					       struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_files_rename(struct kiln_files *files, const char *from,
						const char *to, struct kiln_err *err);
/* Copy on the board itself. */
KILN_API KILN_CHECK kiln_code kiln_files_copy(struct kiln_files *files, const char *from,
					      const char *to, unsigned flags, struct kiln_err *err);
/* Lower-case hex. On a board without hashlib the file travels and is hashed here. */
KILN_API KILN_CHECK kiln_code kiln_files_sha256(struct kiln_files *files, const char *path,
						char ret_hex[65], struct kiln_err *err);
/* Call `found` for the file system at `path`, or for each one if it is NULL. */
KILN_API KILN_CHECK kiln_code kiln_files_space(struct kiln_files *files, const char *path,
					       void (*found)(void *user,
							     const struct kiln_files_space *space),
					       void *user, struct kiln_err *err);

/* An entry of a board's tree, as kiln_files_survey finds it. */
struct kiln_files_entry {
	const char *path; /* below the folder; untrusted; borrowed for the call */
	kiln_file_kind kind;
	bool mount; /* another file system begins here; it was not gone into */
	uint64_t size;
	const char *digest; /* to be compared with kiln_files_digest; "": not asked for */
};

/*
 * All below a folder in one round trip, with the digests of those files that have one of the n
 * sizes: what can't be the same is not read. A folder that is not there is empty. *ret_free is
 * UINT64_MAX if the board can't tell.
 */
KILN_API KILN_CHECK kiln_code
kiln_files_survey(struct kiln_files *files, const char *path, const uint64_t *sizes, size_t n,
		  void (*found)(void *user, const struct kiln_files_entry *entry), void *user,
		  uint64_t *ret_free, struct kiln_err *err);

enum { KILN_FILES_DIGEST = 65 };

/* The digest of data here, of the kind that this board makes. Fails with: E_NOMEM. */
KILN_API KILN_CHECK kiln_code kiln_files_digest(const struct kiln_files *files, const void *data,
						size_t n, char ret_digest[KILN_FILES_DIGEST],
						struct kiln_err *err);

/* Remove files, and empty folders (their paths end in '/'), in this order. */
KILN_API KILN_CHECK kiln_code kiln_files_remove_all(struct kiln_files *files,
						    const char *const *paths, size_t n,
						    struct kiln_err *err);

#endif
