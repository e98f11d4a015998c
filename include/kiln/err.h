/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_ERR_H
#define KILN_ERR_H

#include <stdarg.h>
#include <stddef.h>

#include <kiln/api.h>

/*
 * Errors: one code that decides what a program does, and one text in three parts for people.
 *
 * A function that can fail returns a kiln_code and takes `struct kiln_err *err` last; err may be
 * NULL. The struct is the caller's, has a fixed size and needs no heap, so that it also works
 * when memory has run out. Look at it only after a failure: what succeeds in the end may have left
 * there what went wrong on the way.
 *
 *	struct kiln_err err = KILN_ERR_INIT;
 *	if (kiln_link_open(&host, "/dev/ttyUSB0", 115200, &link, &err))
 *		fprintf(stderr, "error: %s: %s\nhint: %s\n", err.what, err.why, err.hint);
 *
 * `what` is the action that failed ("cannot open '/dev/ttyUSB0'"), `why` the cause ("device or
 * resource busy"), `hint` what to do ("close Thonny, then try again"). None ends in a full stop
 * or begins with a capital; each but `what` may be empty. A text that is too long ends in "...".
 */

/* name, text: the text is what kiln_code_text() says. Values are ABI: append only. */
#define KILN_ERR_MAP(X)                               \
	X(OK, "ok")                                   \
	X(E_NOMEM, "out of memory")                   \
	X(E_INVALID, "invalid argument")              \
	X(E_CANCELLED, "interrupted")                 \
	X(E_TIMEOUT, "timed out")                     \
	X(E_IO, "input/output error")                 \
	X(E_NOT_FOUND, "not found")                   \
	X(E_EXISTS, "exists already")                 \
	X(E_DENIED, "permission denied")              \
	X(E_UNSUPPORTED, "not supported")             \
	X(E_PORT_MISSING, "no such port")             \
	X(E_PORT_BUSY, "port is busy")                \
	X(E_PORT_DENIED, "no right to open the port") \
	X(E_PORT_GONE, "port disappeared")            \
	X(E_PROTOCOL, "protocol error")               \
	X(E_NO_SYNC, "chip does not answer")          \
	X(E_WRONG_CHIP, "wrong chip")                 \
	X(E_WRONG_MODE, "wrong boot mode")            \
	X(E_REFUSED, "refused by the chip")           \
	X(E_VERIFY, "verification failed")            \
	X(E_IMAGE, "not a valid image")               \
	X(E_TOO_BIG, "too big")                       \
	X(E_OVERLAP, "overlap")                       \
	X(E_NO_BOARD, "no such board")                \
	X(E_NO_PROMPT, "no MicroPython prompt")       \
	X(E_EXCEPTION, "exception on the board")      \
	X(E_CONFIG, "bad configuration")              \
	X(E_NETWORK, "network error")

typedef enum kiln_code {
#define KILN_ERR_ENUM(name, text) KILN_##name,
	KILN_ERR_MAP(KILN_ERR_ENUM)
#undef KILN_ERR_ENUM
} kiln_code;

struct kiln_err {
	kiln_code code;
	int sys; /* errno, or the status that the chip gave; 0 if neither */
	char what[160];
	char why[240];
	char hint[320];
};

#define KILN_ERR_INIT ((struct kiln_err){ .code = KILN_OK })

/* The name of a code as in the enum ("KILN_E_TIMEOUT"), and its text ("timed out"). */
KILN_API const char *kiln_code_name(kiln_code code);
KILN_API const char *kiln_code_text(kiln_code code);

/* Process exit code that stands for `code`: 0, 1 failed, 2 usage, 3 no such board, 130 interrupted.
 */
KILN_API int kiln_code_exit(kiln_code code);

/*
 * Fill `err` (may be NULL) and return `code`. `what` is printf-style; `why` becomes the code's
 * text unless kiln_why() says more.
 */
KILN_API kiln_code kiln_fail(struct kiln_err *err, kiln_code code, const char *fmt, ...)
	KILN_PRINTF(3, 4);

/* The same with errno's text as `why`; ENOMEM, EACCES, ENOENT, EBUSY turn `code` E_IO into theirs.
 */
KILN_API kiln_code kiln_fail_errno(struct kiln_err *err, kiln_code code, int sys, const char *fmt,
				   ...) KILN_PRINTF(4, 5);

/* Replace `why`. This and those below do nothing to an err that is NULL. */
KILN_API void kiln_why(struct kiln_err *err, const char *fmt, ...) KILN_PRINTF(2, 3);

/* Replace `hint`. */
KILN_API void kiln_hint(struct kiln_err *err, const char *fmt, ...) KILN_PRINTF(2, 3);

/* Wrap: the text becomes `what`, the old "what: why" moves into `why`; code and hint stay. */
KILN_API void kiln_because(struct kiln_err *err, const char *fmt, ...) KILN_PRINTF(2, 3);

/* The only macro in Kiln that hides a return. */
#define KILN_TRY(expr)                                   \
	do {                                             \
		const kiln_code kiln_try_code_ = (expr); \
		if (kiln_try_code_ != KILN_OK)           \
			return kiln_try_code_;           \
	} while (0)

#endif
