/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FETCH_H
#define KILN_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>
#include <kiln/link.h>

/*
 * Downloads: http:, https: and file: URLs to bytes, through a cache that also serves when there is
 * no network. A download that broke off is continued; what is known of a file's hash is checked.
 *
 *	kiln_fetcher_open(&host, NULL, &fetcher, &err);
 *	kiln_fetch(fetcher, &(struct kiln_fetch_request){ .url = url }, &file, &err);
 *	... file.data, file.size ...
 *	kiln_fetched_done(&file);
 *	kiln_fetcher_close(fetcher);
 *
 * The network is another program's affair (kiln-fetch, with libcurl): it is started at the first
 * download that needs it, and keeps its connections until the fetcher is closed. One thread at a
 * time.
 */
struct kiln_fetcher;

typedef enum kiln_fetch_stage {
	KILN_FETCH_PROGRESS = 1, /* done of total bytes; total 0: not known */
	KILN_FETCH_RESUMED,      /* goes on with what an earlier download left: `done` bytes */
	KILN_FETCH_RETRY,        /* the connection broke (why); another try from `done` */
	KILN_FETCH_STALE,        /* the network is away (why): the copy of `when` is used */
	KILN_FETCH_DONE,         /* whole; kept: no byte of it came over the network now */
} kiln_fetch_stage;

struct kiln_fetch_event {
	kiln_fetch_stage stage;
	const char *url; /* without a password */
	uint64_t done, total;
	const char *why; /* NULL where it says nothing */
	int64_t when;    /* Unix time; 0: not known */
	bool kept;
};

struct kiln_fetch_options {
	const char *cache;  /* folder; NULL: $XDG_CACHE_HOME/kiln/downloads */
	const char *helper; /* path of kiln-fetch; NULL: beside this program, or where installed */
	bool offline;       /* nothing but the cache is asked */
	int64_t stall_ms;   /* a transfer in which nothing comes for so long is dead; 0: 30 s */
	void (*event)(void *user, const struct kiln_fetch_event *event);
	void *user;
};

struct kiln_fetch_request {
	const char *url;
	/* Hex digits with which the SHA-256 of the file begins, NULL if not known. A copy in the
	 * cache that has it is used without asking the server. */
	const char *sha256;
	uint64_t max; /* bytes; 0: 256 MiB */
	/* A web page is refused: it comes where the address is that of a page about the file. */
	bool no_page;
};

/* What came. The caller's: kiln_fetched_done(). */
struct kiln_fetched {
	void *data; /* data[size] is 0 */
	size_t size;
	char sha256[65];
	char type[64]; /* what the server calls it: "text/html"; may be empty */
	bool kept;     /* from the cache, or a file of this computer */
};

/* True for what kiln_fetch takes: a text that begins with http:, https: or file: and "//". */
KILN_API bool kiln_fetch_is_url(const char *text);

/* `options` may be NULL; `host` must outlive the fetcher. Fails with: E_NOMEM, E_IO, E_DENIED. */
KILN_API KILN_CHECK kiln_code kiln_fetcher_open(const struct kiln_host *host,
						const struct kiln_fetch_options *options,
						struct kiln_fetcher **ret_fetcher,
						struct kiln_err *err);
KILN_API void kiln_fetcher_close(struct kiln_fetcher *fetcher);

/*
 * Fails with: E_INVALID (no such URL), E_NETWORK, E_NOT_FOUND and E_DENIED (err->sys: the HTTP
 * status, or errno of a file), E_VERIFY (another hash), E_IMAGE (a web page), E_TOO_BIG, E_IO
 * (cannot write the cache), E_CANCELLED, E_NOMEM.
 */
KILN_API KILN_CHECK kiln_code kiln_fetch(struct kiln_fetcher *fetcher,
					 const struct kiln_fetch_request *request,
					 struct kiln_fetched *ret_file, struct kiln_err *err);
KILN_API void kiln_fetched_done(struct kiln_fetched *file);

#endif
