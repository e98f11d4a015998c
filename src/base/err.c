/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/err.h>

#include <errno.h>
#include <string.h>

#include "base/text.h"

struct code_entry {
	const char *name;
	const char *text;
};

static const struct code_entry codes[] = {
#define CODE_ENTRY(name, text) [KILN_##name] = { "KILN_" #name, text },
	KILN_ERR_MAP(CODE_ENTRY)
#undef CODE_ENTRY
};

static const struct code_entry *code_entry(kiln_code code)
{
	static const struct code_entry unknown = { "KILN_E_UNKNOWN", "unknown error" };

	if ((unsigned)code >= sizeof(codes) / sizeof(codes[0]))
		return &unknown;
	return &codes[code];
}

const char *kiln_code_name(kiln_code code)
{
	return code_entry(code)->name;
}

const char *kiln_code_text(kiln_code code)
{
	return code_entry(code)->text;
}

int kiln_code_exit(kiln_code code)
{
	switch (code) {
	case KILN_OK:
		return 0;
	case KILN_E_INVALID:
	case KILN_E_CONFIG:
		return 2;
	case KILN_E_NO_BOARD:
	case KILN_E_PORT_MISSING:
		return 3;
	case KILN_E_CANCELLED:
		return 130;
	default:
		return 1;
	}
}

static void fill(struct kiln_err *err, kiln_code code, int sys, const char *fmt, va_list args)
	KILN_PRINTF(4, 0);

static void fill(struct kiln_err *err, kiln_code code, int sys, const char *fmt, va_list args)
{
	err->code = code;
	err->sys = sys;
	err->hint[0] = '\0';
	kiln_text_vformat(err->what, sizeof(err->what), fmt, args);
}

kiln_code kiln_fail(struct kiln_err *err, kiln_code code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	va_start(args, fmt);
	fill(err, code, 0, fmt, args);
	va_end(args);
	kiln_text_copy(err->why, sizeof(err->why), kiln_code_text(code));
	return code;
}

/* Only a code that says no more than "input/output error" is made more precise. */
static kiln_code code_for_errno(kiln_code code, int sys)
{
	if (code != KILN_E_IO)
		return code;
	switch (sys) {
	case ENOMEM:
		return KILN_E_NOMEM;
	case EACCES:
	case EPERM:
		return KILN_E_DENIED;
	case ENOENT:
		return KILN_E_NOT_FOUND;
	case EEXIST:
		return KILN_E_EXISTS;
	default:
		return code;
	}
}

kiln_code kiln_fail_errno(struct kiln_err *err, kiln_code code, int sys, const char *fmt, ...)
{
	char text[128];
	const char *message;
	va_list args;

	code = code_for_errno(code, sys);
	if (!err)
		return code;
	va_start(args, fmt);
	fill(err, code, sys, fmt, args);
	va_end(args);
	message = strerror_r(sys, text, sizeof(text)); /* the GNU one: returns the text */
	kiln_text_copy(err->why, sizeof(err->why), message);
	/* errno texts begin with a capital, our sentences don't */
	if (err->why[0] >= 'A' && err->why[0] <= 'Z')
		err->why[0] = (char)(err->why[0] - 'A' + 'a');
	return code;
}

void kiln_why(struct kiln_err *err, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, fmt);
	kiln_text_vformat(err->why, sizeof(err->why), fmt, args);
	va_end(args);
}

void kiln_hint(struct kiln_err *err, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, fmt);
	kiln_text_vformat(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
}

void kiln_because(struct kiln_err *err, const char *fmt, ...)
{
	char what[sizeof(err->what)], why[sizeof(err->why)];
	va_list args;

	if (!err)
		return;
	va_start(args, fmt);
	kiln_text_vformat(what, sizeof(what), fmt, args);
	va_end(args);
	kiln_text_format(why, sizeof(why), "%s: %s", err->what, err->why);
	kiln_text_copy(err->what, sizeof(err->what), what);
	kiln_text_copy(err->why, sizeof(err->why), why);
}
