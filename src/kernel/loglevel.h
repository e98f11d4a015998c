/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_LOGLEVEL_H
#define KILN_KERNEL_LOGLEVEL_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/log.h>

/* How much each layer logs: a level of its own, which %loglevel changes. Pure. */
enum { KILN_LOG_MODULES = 8 };

extern const char *const kiln_log_modules[KILN_LOG_MODULES];

struct kiln_loglevels {
	struct kiln_ui sink; /* where lines go */
	kiln_level levels[KILN_LOG_MODULES];
};

/* All modules at the sink's level. */
void kiln_loglevels_init(struct kiln_loglevels *l, const struct kiln_ui *sink);
/* What links and the registry log to; it is bound to `l`. Anew after each change. */
struct kiln_ui kiln_loglevels_ui(struct kiln_loglevels *l);
/* `module` NULL: all of them. False: there is no such module. */
bool kiln_loglevels_set(struct kiln_loglevels *l, const char *module, kiln_level level);

/* "DEBUG", in any case; also CRITICAL, which old notebooks have. False: there is none. */
bool kiln_level_parse(const char *text, kiln_level *ret_level);
const char *kiln_level_name(kiln_level level);

#endif
