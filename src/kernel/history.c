/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was run, in this session and earlier ones: $XDG_STATE_HOME/kiln/history, one JSON array a
 * line: [session, line, input, output or null]. Only its owner can read it; several kernels append
 * to it under a lock; when it is too long its older half goes. Without a place to keep it, it lasts
 * as long as the kernel.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"
#include "kernel/kernel_impl.h"
#include "link/logins.h"

enum {
	FILE_MAX = 512 * 1024,
	ENTRIES_MAX = 10000,   /* in memory */
	INPUT_MAX = 64 * 1024, /* a longer cell is not kept */
	OUTPUT_MAX = 4096,
};

static bool make_path(char *path, size_t size)
{
	return kiln_folder_user(path, size, "XDG_STATE_HOME", ".local/state", "kiln/history") &&
	       kiln_folder_make_for(path, 0700, NULL) == KILN_OK;
}

/* Open and lock; -1: there is no place to keep it. */
static int open_locked(void)
{
	char path[4000];

	return make_path(path, sizeof(path)) ? kiln_folder_open_locked(path) : -1;
}

static bool is_entry(const json_t *entry)
{
	return json_array_size(entry) == 4 && json_is_integer(json_array_get(entry, 0)) &&
	       json_is_integer(json_array_get(entry, 1)) &&
	       json_is_string(json_array_get(entry, 2));
}

static json_int_t number(const json_t *entry, size_t i)
{
	return json_integer_value(json_array_get(entry, i));
}

static const char *input_of(const json_t *entry)
{
	return json_string_value(json_array_get(entry, 2));
}

/* What is damaged is left out. */
static void take_lines(struct kiln_history *h, const char *text)
{
	while (*text) {
		const size_t n = strcspn(text, "\n");
		json_t *entry = json_loadb(text, n, JSON_ALLOW_NUL, NULL);

		if (is_entry(entry)) {
			if (number(entry, 0) >= h->session)
				h->session = number(entry, 0) + 1;
			if (number(entry, 1) > 0)
				(void)json_array_append(h->entries, entry);
		}
		json_decref(entry);
		text += n + (text[n] != '\0');
	}
}

/* The last `most` bytes of the file. */
static bool read_tail(int fd, size_t most, struct kiln_buf *text)
{
	const off_t size = lseek(fd, 0, SEEK_END);
	const size_t want = size < 0 ? 0 : (size_t)size < most ? (size_t)size : most;

	if (size < 0 || kiln_buf_reserve(text, want) != KILN_OK)
		return false;
	while (text->len < want) {
		const ssize_t n = pread(fd, text->data + text->len, want - text->len,
					size - (off_t)(want - text->len));

		if (n <= 0)
			return false;
		kiln_buf_grew(text, (size_t)n);
	}
	return true;
}

static void append(int fd, const json_t *entry)
{
	char *line = json_dumps(entry, JSON_COMPACT);
	struct kiln_buf text = KILN_BUF_INIT(1 << 20);

	if (line && kiln_buf_printf(&text, "%s\n", line) == KILN_OK &&
	    write(fd, text.data, text.len) < 0)
		errno = 0; /* a full disk: it lasts as long as the kernel then */
	kiln_buf_done(&text);
	free(line);
}

/* Keep the newer half: in place, for the lock is the file's. */
static void shorten(int fd)
{
	struct kiln_buf text = KILN_BUF_INIT(FILE_MAX);
	const uint8_t *cut;

	if (lseek(fd, 0, SEEK_END) > FILE_MAX && read_tail(fd, FILE_MAX / 2, &text)) {
		cut = memchr(text.data, '\n', text.len);
		kiln_buf_consume(&text, cut ? (size_t)(cut - text.data) + 1 : text.len);
		if (ftruncate(fd, 0) == 0 && write(fd, text.data, text.len) < 0)
			errno = 0; /* as above */
	}
	kiln_buf_done(&text);
}

/* At first use: earlier sessions, and a number for this one, taken at once. */
static void load(struct kiln_history *h)
{
	struct kiln_buf text = KILN_BUF_INIT(FILE_MAX);
	const int fd = open_locked();
	json_t *mine;

	h->entries = json_array();
	h->session = 1;
	if (fd < 0)
		return;
	shorten(fd);
	if (read_tail(fd, FILE_MAX, &text))
		take_lines(h, kiln_buf_str(&text));
	mine = json_pack("[I, i, s, n]", h->session, 0, "");
	append(fd, mine);
	json_decref(mine);
	kiln_buf_done(&text);
	close(fd);
}

static struct kiln_history *history(struct kiln_kernel *k)
{
	if (!k->history.entries)
		load(&k->history);
	return &k->history;
}

json_t *kiln_code_shown(json_t *code)
{
	const char *text = json_string_value(code);
	const bool may_have_one = text && strstr(text, "://") && strchr(text, '@');
	char *shown = may_have_one ? strdup(text) : NULL;
	json_t *ret;

	if (!may_have_one)
		return text ? json_incref(code) : json_string("");
	if (!shown)
		return json_string("");
	kiln_logins_hide_in(shown);
	ret = json_string(shown);
	free(shown);
	return ret;
}

void kiln_history_add(struct kiln_kernel *k, json_t *code)
{
	struct kiln_history *h = history(k);
	const bool output = k->result && json_string_length(k->result) <= OUTPUT_MAX;
	json_t *entry;
	int fd;

	if (json_string_length(code) == 0 || json_string_length(code) > INPUT_MAX)
		return;
	entry = json_pack("[I, I, o, O?]", h->session, k->number, kiln_code_shown(code),
			  output ? k->result : NULL);
	if (json_array_size(entry) == 3)
		(void)json_array_append_new(entry, json_null());
	(void)json_array_append(h->entries, entry);
	if (json_array_size(h->entries) > ENTRIES_MAX)
		(void)json_array_remove(h->entries, 0);
	fd = open_locked();
	if (fd >= 0) {
		append(fd, entry);
		shorten(fd);
		close(fd);
	}
	json_decref(entry);
}

void kiln_history_done(struct kiln_history *h)
{
	json_decref(h->entries);
	h->entries = NULL;
}

/* ---- history_request ---- */

struct query {
	const char *kind, *pattern;
	json_int_t session, start, stop;
	bool unique, output;
};

static bool wanted(const struct query *q, const json_t *entry)
{
	if (strcmp(q->kind, "search") == 0)
		return fnmatch(q->pattern, input_of(entry), 0) == 0;
	if (strcmp(q->kind, "range") == 0)
		return number(entry, 0) == q->session && number(entry, 1) >= q->start &&
		       (q->stop < 0 || number(entry, 1) < q->stop);
	return strcmp(q->kind, "tail") == 0;
}

/* The last of equal inputs stays. */
static bool seen(json_t *inputs, const json_t *entry)
{
	if (json_object_get(inputs, input_of(entry)))
		return true;
	(void)json_object_set_new(inputs, input_of(entry), json_true());
	return false;
}

static json_t *shown(const json_t *entry, bool output)
{
	json_t *input = json_incref(json_array_get(entry, 2));

	if (output)
		input = json_pack("[o, O]", input, json_array_get(entry, 3));
	return json_pack("[I, I, o]", number(entry, 0), number(entry, 1), input);
}

static json_t *collect(const struct kiln_history *h, const struct query *q, size_t most)
{
	json_t *found = json_array(), *inputs = json_object();

	for (size_t i = json_array_size(h->entries); i-- > 0 && json_array_size(found) < most;) {
		const json_t *entry = json_array_get(h->entries, i);

		if (wanted(q, entry) && !(q->unique && seen(inputs, entry)))
			(void)json_array_insert_new(found, 0, shown(entry, q->output));
	}
	json_decref(inputs);
	return found;
}

static json_int_t integer(const json_t *content, const char *key, json_int_t preset)
{
	const json_t *value = json_object_get(content, key);

	return json_is_integer(value) ? json_integer_value(value) : preset;
}

json_t *kiln_kernel_history(struct kiln_kernel *k, const json_t *content)
{
	const struct kiln_history *h = history(k);
	const char *kind = json_string_value(json_object_get(content, "hist_access_type"));
	const char *pattern = json_string_value(json_object_get(content, "pattern"));
	struct query q = {
		.kind = kind ? kind : "",
		.pattern = pattern ? pattern : "*",
		.session = integer(content, "session", 0),
		.start = integer(content, "start", 0),
		.stop = integer(content, "stop", -1),
		.unique = json_is_true(json_object_get(content, "unique")),
		.output = json_is_true(json_object_get(content, "output")),
	};
	const json_int_t n = integer(content, "n", -1);
	const bool bounded = strcmp(q.kind, "range") != 0 && n >= 0;

	if (q.session <= 0) /* this one, or one before it */
		q.session += h->session;
	return json_pack("{s:s, s:o}", "status", "ok", "history",
			 collect(h, &q, bounded ? (size_t)n : ENTRIES_MAX));
}
