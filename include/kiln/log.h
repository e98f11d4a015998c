/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOG_H
#define KILN_LOG_H

#include <kiln/api.h>

/*
 * What the library tells the program while it works. The library never prints: it hands a
 * finished line to the callback that the program lent it. Lines are for people who look for a
 * fault; results and errors come as return values, progress as data (kiln/flash.h).
 *
 * Rule for library code: nothing above KILN_LOG_INFO unless the job goes on in a way that the
 * user must know of (then KILN_LOG_WARNING). Wire traces are KILN_LOG_TRACE.
 */
typedef enum kiln_level {
	KILN_LOG_ERROR = 1,
	KILN_LOG_WARNING,
	KILN_LOG_INFO,
	KILN_LOG_DEBUG,
	KILN_LOG_TRACE,
} kiln_level;

struct kiln_ui {
	/* `line` has no newline and is valid for the call only. NULL: no log wanted. */
	void (*log)(void *user, kiln_level level, const char *module, const char *line);
	kiln_level level; /* lines above this are not even made; 0 means none */
	void *user;
};

/* Log one line; `ui` may be NULL. `module` is the layer: "link", "loader", ... */
KILN_API void kiln_log(const struct kiln_ui *ui, kiln_level level, const char *module,
		       const char *fmt, ...) KILN_PRINTF(4, 5);

#endif
