/* SPDX-License-Identifier: Apache-2.0 */
#include "board/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { PLACE_MAX = 4096 }; /* PATH_MAX: the system takes no longer one */

#define DEFAULT_PROJECTS "~/projects"

const char *kiln_place_variable(const struct kiln_devices_env *env, const char *name)
{
	const char *value = env ? env->get(env->user, name) : getenv(name);

	return value ? value : "";
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The name after a '$' at `text`, and how many characters it takes with its braces; 0: none. */
static size_t take_name(const char *text, char name[64])
{
	const size_t brace = text[1] == '{' ? 1 : 0;
	size_t n = 0;

	while (is_name(text[1 + brace + n]) && n < 63) {
		name[n] = text[1 + brace + n];
		n++;
	}
	name[n] = '\0';
	if (n == 0 || (brace && text[1 + brace + n] != '}'))
		return 0;
	return 1 + brace + n + brace;
}

/* One variable's value. IOT_PROJECTS may itself begin with a ~, and has a value of its own. */
static bool append_variable(struct kiln_buf *out, const struct kiln_devices_env *env,
			    const char *name)
{
	const char *value = kiln_place_variable(env, name);

	if (!value[0] && strcmp(name, "IOT_PROJECTS") == 0)
		value = DEFAULT_PROJECTS;
	if (!value[0])
		return false;
	if (out->len == 0 && value[0] == '~' && (value[1] == '/' || !value[1])) {
		const char *home = kiln_place_variable(env, "HOME");

		if (!home[0])
			return false;
		(void)kiln_buf_puts(out, home);
		value++;
	}
	(void)kiln_buf_puts(out, value);
	return true;
}

char *kiln_place_expand(const struct kiln_devices_env *env, const char *text, char ret_unknown[64])
{
	struct kiln_buf out = KILN_BUF_INIT(PLACE_MAX);
	char *path = NULL;

	ret_unknown[0] = '\0';
	if (text[0] == '~' && (text[1] == '/' || !text[1])) {
		kiln_text_copy(ret_unknown, 64, "HOME");
		if (!append_variable(&out, env, "HOME"))
			goto out;
		text++;
	}
	while (*text) {
		char name[64];
		const size_t used = *text == '$' ? take_name(text, name) : 0;

		if (used == 0) {
			(void)kiln_buf_putc(&out, (uint8_t)*text++);
			continue;
		}
		kiln_text_copy(ret_unknown, 64, name);
		if (!append_variable(&out, env, name))
			goto out;
		text += used;
	}
	ret_unknown[0] = '\0';
	if (!out.failed)
		path = kiln_buf_detach(&out, NULL);
out:
	kiln_buf_done(&out);
	return path;
}

bool kiln_place_tidy(char *path)
{
	char *from = path, *to = path;
	bool good = true;

	if (*from == '/')
		to++;
	while (*from) {
		const size_t n = strcspn(from, "/");

		good = good && !(n == 2 && memcmp(from, "..", 2) == 0);
		if (n > 0 && !(n == 1 && from[0] == '.')) {
			if (to > path && to[-1] != '/')
				*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
		from += strspn(from, "/");
	}
	*to = '\0';
	return good;
}

kiln_code kiln_place_find(const struct kiln_devices_env *env, const char *name, const char *below,
			  char **ret_path, struct kiln_err *err)
{
	const char *value = kiln_place_variable(env, name);
	char text[PLACE_MAX], unknown[64];
	char *path;

	if (value[0])
		kiln_text_copy(text, sizeof(text), value);
	else
		kiln_text_format(text, sizeof(text), "$IOT_PROJECTS%s%s", below[0] ? "/" : "",
				 below);
	path = kiln_place_expand(env, text, unknown);
	if (path) {
		*ret_path = path;
		return KILN_OK;
	}
	if (!unknown[0])
		return kiln_fail(err, KILN_E_NOMEM, "cannot find '%s'", text);
	(void)kiln_fail(err, KILN_E_CONFIG, "cannot find '%s'", text);
	kiln_why(err, "the variable %s is not set", unknown);
	return KILN_E_CONFIG;
}
