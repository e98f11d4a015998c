/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/wire.h"

#include <string.h>

#include "base/text.h"

static const char *const hows[] = {
#define HOW_NAME(name, text) text,
	KILN_FETCH_HOW_MAP(HOW_NAME)
#undef HOW_NAME
};

const char *kiln_fetch_how_name(enum kiln_fetch_how how)
{
	return hows[how];
}

static enum kiln_fetch_how how_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(hows) / sizeof(hows[0]); i++) {
		if (strcmp(hows[i], name) == 0)
			return (enum kiln_fetch_how)i;
	}
	return KILN_FETCH_HOW_OTHER;
}

void kiln_fetch_tag(char *dst, size_t size, const char *src)
{
	bool good = src && strlen(src) < size;

	for (const char *c = src; good && *c; c++)
		good = *c >= ' ' && *c <= '~';
	kiln_text_copy(dst, size, good ? src : "");
}

static uint64_t number(const json_t *object, const char *name)
{
	const json_int_t value = json_integer_value(json_object_get(object, name));

	return value > 0 ? (uint64_t)value : 0;
}

static int status_of(const json_t *object)
{
	const uint64_t status = number(object, "status");

	return status < 100000 ? (int)status : 0;
}

static void untrusted(char *dst, size_t size, const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	dst[0] = '\0';
	if (text)
		(void)kiln_text_copy_untrusted(dst, size, json_string_value(text),
					       json_string_length(text));
}

static void read_head(const json_t *head, struct kiln_fetch_said *said)
{
	said->kind = KILN_FETCH_HEAD;
	said->status = status_of(head);
	said->at = number(head, "offset");
	said->total = number(head, "total");
	kiln_fetch_tag(said->etag, sizeof(said->etag),
		       json_string_value(json_object_get(head, "etag")));
	kiln_fetch_tag(said->modified, sizeof(said->modified),
		       json_string_value(json_object_get(head, "modified")));
	untrusted(said->type, sizeof(said->type), head, "type");
}

static void read_end(const json_t *end, struct kiln_fetch_said *said)
{
	said->kind = KILN_FETCH_END;
	said->how = how_of(json_string_value(json_object_get(end, "how")));
	said->status = status_of(end);
	said->at = number(end, "size");
	untrusted(said->text, sizeof(said->text), end, "text");
}

void kiln_fetch_said_read(const char *line, size_t n, struct kiln_fetch_said *ret_said)
{
	json_t *object = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *head = json_object_get(object, "head"), *end = json_object_get(object, "end");

	*ret_said = (struct kiln_fetch_said){ .kind = KILN_FETCH_SAID_NOTHING };
	if (json_is_object(head)) {
		read_head(head, ret_said);
	} else if (json_is_object(end)) {
		read_end(end, ret_said);
	} else if (json_is_integer(json_object_get(object, "at"))) {
		ret_said->kind = KILN_FETCH_AT;
		ret_said->at = number(object, "at");
	}
	json_decref(object);
}
