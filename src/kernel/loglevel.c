/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loglevel.h"

#include <string.h>
#include <strings.h>

/* What layers call themselves in kiln_log(). */
const char *const kiln_log_modules[KILN_LOG_MODULES] = { "board",  "discover", "fetch",  "flash",
							 "kernel", "link",     "loader", "repl" };

static const struct {
	const char *name;
	kiln_level level;
} levels[] = {
	{ "ERROR", KILN_LOG_ERROR },     { "CRITICAL", KILN_LOG_ERROR }, /* the old kernel's */
	{ "WARNING", KILN_LOG_WARNING }, { "INFO", KILN_LOG_INFO },
	{ "DEBUG", KILN_LOG_DEBUG },     { "TRACE", KILN_LOG_TRACE },
};

bool kiln_level_parse(const char *text, kiln_level *ret_level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcasecmp(levels[i].name, text) == 0) {
			*ret_level = levels[i].level;
			return true;
		}
	}
	return false;
}

const char *kiln_level_name(kiln_level level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (levels[i].level == level)
			return levels[i].name;
	}
	return "";
}

void kiln_loglevels_init(struct kiln_loglevels *l, const struct kiln_ui *sink)
{
	l->sink = *sink;
	for (size_t i = 0; i < KILN_LOG_MODULES; i++)
		l->levels[i] = sink->level;
}

bool kiln_loglevels_set(struct kiln_loglevels *l, const char *module, kiln_level level)
{
	bool any = false;

	for (size_t i = 0; i < KILN_LOG_MODULES; i++) {
		if (module && strcmp(kiln_log_modules[i], module) != 0)
			continue;
		l->levels[i] = level;
		any = true;
	}
	return any;
}

static void pass_on(void *user, kiln_level level, const char *module, const char *line)
{
	const struct kiln_loglevels *l = user;
	kiln_level wanted = l->sink.level;

	for (size_t i = 0; i < KILN_LOG_MODULES; i++) {
		if (strcmp(kiln_log_modules[i], module) == 0)
			wanted = l->levels[i];
	}
	if (level <= wanted && l->sink.log)
		l->sink.log(l->sink.user, level, module, line);
}

struct kiln_ui kiln_loglevels_ui(struct kiln_loglevels *l)
{
	struct kiln_ui ui = { .log = pass_on, .level = l->sink.level, .user = l };

	for (size_t i = 0; i < KILN_LOG_MODULES; i++)
		ui.level = l->levels[i] > ui.level ? l->levels[i] : ui.level;
	return ui;
}
