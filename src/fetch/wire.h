/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FETCH_WIRE_H
#define KILN_FETCH_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What kiln and kiln-fetch say to each other: JSON objects, one a line. A request goes to its
 * standard input; on its standard output come, for each request, at most one `head`, any number of
 * `at`, and one `end`.
 *
 *	{"url":"https://..","file":"/..part","offset":0,"validator":"","etag":"","modified":"",
 *	 "max":268435456,"stall_ms":30000}
 *	{"head":{"status":200,"total":1555136,"offset":0,"etag":"\"x\"","modified":"","type":""}}
 *	{"at":65536}
 *	{"end":{"how":"ok","status":200,"size":1555136,"text":""}}
 */
enum {
	KILN_FETCH_LINE_MAX = 32 * 1024,
	KILN_FETCH_TAG = 256, /* bytes of an ETag or a date that are kept */
};

/* How a transfer ended: name on the wire. */
#define KILN_FETCH_HOW_MAP(X)                                                \
	X(OK, "ok")                                                          \
	X(STATUS, "status") /* an answer that is no file: the status says */ \
	X(URL, "url")                                                        \
	X(RESOLVE, "resolve")                                                \
	X(CONNECT, "connect")                                                \
	X(TLS, "tls")                                                        \
	X(TIMEOUT, "timeout")                                                \
	X(REDIRECTS, "redirects")                                            \
	X(CUT, "cut") /* the connection broke in the middle */               \
	X(TOO_BIG, "too-big")                                                \
	X(WRITE, "write") /* status is the errno */                          \
	X(OTHER, "other")

enum kiln_fetch_how {
#define KILN_FETCH_HOW_ENUM(name, text) KILN_FETCH_HOW_##name,
	KILN_FETCH_HOW_MAP(KILN_FETCH_HOW_ENUM)
#undef KILN_FETCH_HOW_ENUM
};

const char *kiln_fetch_how_name(enum kiln_fetch_how how);

struct kiln_fetch_said {
	enum { KILN_FETCH_SAID_NOTHING, KILN_FETCH_HEAD, KILN_FETCH_AT, KILN_FETCH_END } kind;
	uint64_t at, total; /* total 0: not known */
	int status;
	char etag[KILN_FETCH_TAG], modified[KILN_FETCH_TAG], type[64];
	enum kiln_fetch_how how;
	char text[200]; /* libcurl's own */
};

/* Read one line; unknown members are passed over, what is no such object is SAID_NOTHING. */
void kiln_fetch_said_read(const char *line, size_t n, struct kiln_fetch_said *ret_said);

/* Fit to be sent back in a header: printable ASCII, not too long. Else it becomes empty. */
void kiln_fetch_tag(char *dst, size_t size, const char *src);

#endif
