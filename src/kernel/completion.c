/* SPDX-License-Identifier: Apache-2.0 */
/* complete_request: names of the board, of magics, of files. */
#include <dirent.h>
#include <stdlib.h>

#include "base/text.h"
#include "kernel/kernel_impl.h"
#include "kernel/magic.h"
#include "kernel/names.h"
#include "kernel/namedoc.h"

enum { ANSWER_MAX = 256 * 1024, MATCHES_MAX = 1000, CACHE_MAX = 64 };

static const char *const keywords[] = {
	"False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
	"class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
	"from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
	"or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield",    NULL,
};

struct matches {
	struct kiln_span prefix, owner; /* what stands before the dot */
	json_t *names;                  /* {name: type}, in the order in which they came */
};

static void add(struct matches *m, const char *name, const char *type)
{
	if (strncmp(name, (const char *)m->prefix.p, m->prefix.n) == 0 && name[0] &&
	    json_object_size(m->names) < MATCHES_MAX && !json_object_get(m->names, name))
		(void)json_object_set_new(m->names, name, json_string(type));
}

static void add_all(struct matches *m, const char *const *names, const char *type)
{
	for (; *names; names++)
		add(m, *names, type);
}

/* ---- the board's ---- */

/*
 * One line each: name, space, type. The function leaves no names behind. A type's text is "<class
 * 'int'>" everywhere; small firmware gives it no __name__.
 */
static const char ask_names[] = "def _kiln_q():\n"
				" try:\n"
				"  o=%.*s\n"
				"  for n in dir(o):\n"
				"   t=''\n"
				"   try:\n"
				"    t=str(type(getattr(o,n)))[8:-2]\n"
				"   except Exception:\n"
				"    pass\n"
				"   print(n,t)\n"
				" except Exception:\n"
				"  pass\n"
				"_kiln_q()\n"
				"del _kiln_q\n";
static const char ask_globals[] = "def _kiln_q():\n"
				  " for n,v in list(globals().items()):\n"
				  "  print(n,str(type(v))[8:-2])\n"
				  " try:\n"
				  "  import builtins as b\n"
				  "  for n in dir(b):\n"
				  "   print(n,str(type(getattr(b,n)))[8:-2])\n"
				  " except Exception:\n"
				  "  pass\n"
				  "_kiln_q()\n"
				  "del _kiln_q\n";

static const char *kind_of(const char *type)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = {
		{ "module", "module" },          { "type", "class" },
		{ "function", "function" },      { "closure", "function" },
		{ "generator", "function" },     { "bound_method", "function" },
		{ "fun_bc", "function" },        { "fun_builtin_0", "function" },
		{ "fun_builtin_1", "function" }, { "fun_builtin_2", "function" },
		{ "fun_builtin_3", "function" }, { "fun_builtin_var", "function" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].type, type) == 0)
			return kinds[i].kind;
	}
	return "instance";
}

static json_t *parse_names(char *text)
{
	json_t *names = json_object();

	for (char *line = text, *next; *line; line = next) {
		char *type;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		type = strchr(line, ' ');
		if (type)
			*type++ = '\0';
		if (strncmp(line, "_kiln_", 6) != 0) /* set_new refuses what is no UTF-8 */
			(void)json_object_set_new(names, line,
						  json_string(kind_of(type ? type : "")));
	}
	return names;
}

static json_t *ask_board(struct kiln_kernel *k, struct kiln_span owner)
{
	struct kiln_buf code = KILN_BUF_INIT(4096), answer = KILN_BUF_INIT(ANSWER_MAX);
	json_t *names = NULL;

	if (owner.n == 0)
		(void)kiln_buf_puts(&code, ask_globals);
	else
		(void)kiln_buf_printf(&code, ask_names, (int)owner.n, (const char *)owner.p);
	if (!code.failed && kiln_kernel_ask(k, kiln_buf_str(&code), code.len, &answer, NULL))
		names = parse_names((char *)answer.data);
	kiln_buf_done(&code);
	kiln_buf_done(&answer);
	return names;
}

/* Names are asked once, and again when a program has run. Borrowed; NULL: not known. */
static json_t *board_names(struct kiln_kernel *k, struct kiln_span owner)
{
	json_t *known, *names;
	char key[256];

	if (owner.n >= sizeof(key))
		return NULL;
	memcpy(key, owner.p, owner.n);
	key[owner.n] = '\0';
	if (!k->names || (k->names_old && kiln_kernel_can_ask(k)) ||
	    json_object_size(k->names) > CACHE_MAX) {
		json_decref(k->names);
		k->names = json_object();
		k->names_old = false;
	}
	known = json_object_get(k->names, key);
	if (known || k->running)
		return known;
	names = ask_board(k, owner);
	if (names)
		(void)json_object_set_new(k->names, key, names);
	return names;
}

static void add_board(struct kiln_kernel *k, struct matches *m, struct kiln_span owner)
{
	json_t *names = board_names(k, owner), *type;
	const char *name;

	json_object_foreach(names, name, type)
	{
		/* private ones only for those who begin so */
		if (name[0] != '_' || m->prefix.n > 0)
			add(m, name, json_string_value(type));
	}
}

/* What MicroPython's documents know, where no board can be asked. */
static void add_docs(struct matches *m, struct kiln_span owner)
{
	const struct kiln_namedoc *doc;
	size_t at = 0;

	while ((doc = kiln_namedoc_below(owner, &at)))
		add(m, doc->name + owner.n + 1, doc->signature[0] ? "function" : "instance");
}

/* Builtins; and modules, which may not be imported yet, or this is where they are. */
static void add_known(struct matches *m)
{
	for (size_t i = 0; i < kiln_namedocs_n; i++) {
		const struct kiln_namedoc *doc = &kiln_namedocs[i];

		if (strchr(doc->name, '.'))
			continue;
		if (doc->signature[0])
			add(m, doc->name, "function");
		else if (m->prefix.n > 0)
			add(m, doc->name, "module");
	}
}

/* ---- magics ---- */

static void add_magics(struct matches *m)
{
	char name[80];

	for (size_t i = 0; kiln_magics[i]; i++) {
		kiln_text_format(name, sizeof(name), "%s%s", kiln_magics[i]->cell ? "%%" : "%",
				 kiln_magics[i]->name);
		add(m, name, "magic");
	}
}

static void add_options(struct matches *m, struct kiln_span owner)
{
	char name[80];

	for (size_t i = 0; kiln_magics[i]; i++) {
		const struct kiln_magic *magic = kiln_magics[i];

		if (strlen(magic->name) != owner.n || memcmp(magic->name, owner.p, owner.n) != 0)
			continue;
		for (const struct kiln_magic_option *o = magic->options; o && o->name; o++) {
			kiln_text_format(name, sizeof(name), "--%s", o->name);
			add(m, name, "option");
		}
		add(m, "--help", "option");
	}
}

/* ---- files ---- */

/* Split "a/b" into the folder, with its slash, and the rest. */
static size_t folder_of(struct kiln_span path)
{
	size_t n = path.n;

	while (n > 0 && path.p[n - 1] != '/')
		n--;
	return n;
}

static void add_file(struct matches *m, struct kiln_span folder, const char *name, bool is_folder)
{
	char path[1024];

	if (kiln_text_format(path, sizeof(path), "%.*s%s%s", (int)folder.n, (const char *)folder.p,
			     name, is_folder ? "/" : ""))
		add(m, path, "path");
}

static void add_host_files(struct matches *m)
{
	const struct kiln_span folder = kiln_span(m->prefix.p, folder_of(m->prefix));
	const bool hidden = m->prefix.n > folder.n && m->prefix.p[folder.n] == '.';
	const bool home = folder.n > 1 && folder.p[0] == '~' && folder.p[1] == '/';
	const char *base = home ? getenv("HOME") : "";
	char path[1024];
	struct dirent *entry;
	DIR *dir;

	if (!kiln_text_format(path, sizeof(path), "%s%.*s", base ? base : "",
			      (int)(folder.n - home), (const char *)folder.p + home))
		return;
	dir = opendir(path[0] ? path : ".");
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' ||
		    (hidden && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0))
			add_file(m, folder, entry->d_name, entry->d_type == DT_DIR);
	}
	if (dir)
		closedir(dir);
}

static const char ask_files[] = "def _kiln_q():\n"
				" try:\n"
				"  import os\n"
				"  for f in os.ilistdir('%.*s'):\n"
				"   print(f[0]+('/' if f[1]==0x4000 else ''))\n"
				" except Exception:\n"
				"  pass\n"
				"_kiln_q()\n"
				"del _kiln_q\n";

/* Only what stands in a string as it is: no quotes, no backslashes. */
static bool is_plain(struct kiln_span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < ' ' || strchr("'\"\\", text.p[i]))
			return false;
	}
	return true;
}

static void add_board_files(struct kiln_kernel *k, struct matches *m)
{
	const struct kiln_span folder = kiln_span(m->prefix.p, folder_of(m->prefix));
	const size_t colon = m->prefix.n > 0 && m->prefix.p[0] == ':'; /* as %cp has it */
	struct kiln_buf code = KILN_BUF_INIT(4096), answer = KILN_BUF_INIT(ANSWER_MAX);

	if (k->running || !is_plain(m->prefix))
		return;
	(void)kiln_buf_printf(&code, ask_files, (int)(folder.n > colon ? folder.n - colon : 0),
			      (const char *)folder.p + (folder.n > 0 ? colon : 0));
	if (!code.failed && kiln_kernel_ask(k, kiln_buf_str(&code), code.len, &answer, NULL)) {
		for (char *line = (char *)answer.data, *next; *line; line = next) {
			next = line + strcspn(line, "\n");
			if (*next)
				*next++ = '\0';
			add_file(m, folder.n > colon ? folder : kiln_span(m->prefix.p, colon), line,
				 false);
		}
	}
	kiln_buf_done(&code);
	kiln_buf_done(&answer);
}

/* ---- words of magics ---- */

static void add_boards(const struct kiln_kernel *k, struct matches *m)
{
	const struct kiln_registry *registry = k->board.registry;

	for (size_t i = 0; i < kiln_registry_count(registry); i++) {
		add(m, kiln_registry_board(registry, i)->name, "board");
		add(m, kiln_registry_board(registry, i)->url, "board");
	}
	for (size_t i = 0; i < k->configured.devices.n; i++)
		add(m, k->configured.devices.items[i].name, "board");
}

static void add_levels(struct matches *m)
{
	for (kiln_level level = KILN_LOG_ERROR; level <= KILN_LOG_TRACE; level++)
		add(m, kiln_level_name(level), "level");
	for (size_t i = 0; i < KILN_LOG_MODULES; i++)
		add(m, kiln_log_modules[i], "module");
}

static void add_words(struct kiln_kernel *k, const struct kiln_place *place, struct matches *m)
{
	const struct kiln_magic *magic = kiln_magic_find(place->owner, false);
	const bool on_board = m->prefix.n > 0 && m->prefix.p[0] == ':';

	if (!magic)
		magic = kiln_magic_find(place->owner, true);
	switch (magic ? magic->takes : KILN_TAKES_HOST_PATHS) {
	case KILN_TAKES_HOST_PATHS:
		add_host_files(m);
		break;
	case KILN_TAKES_BOARD_PATHS:
		add_board_files(k, m);
		break;
	case KILN_TAKES_PATHS:
		if (on_board)
			add_board_files(k, m);
		else
			add_host_files(m);
		break;
	case KILN_TAKES_BOARDS:
		add_boards(k, m);
		break;
	case KILN_TAKES_VARIABLES:
		add_board(k, m, kiln_span("", 0));
		break;
	case KILN_TAKES_LEVELS:
		add_levels(m);
		break;
	}
}

/* ---- the reply ---- */

static void find(struct kiln_kernel *k, const struct kiln_place *place, struct matches *m)
{
	switch (place->kind) {
	case KILN_PLACE_NONE:
		break;
	case KILN_PLACE_NAME:
		add_board(k, m, kiln_span("", 0));
		add_all(m, keywords, "keyword");
		add_known(m);
		if (m->prefix.n == 0 || m->prefix.p[0] == '%')
			add_magics(m);
		break;
	case KILN_PLACE_ATTRIBUTE:
		m->owner = place->owner;
		add_board(k, m, place->owner);
		if (json_object_size(m->names) == 0)
			add_docs(m, place->owner);
		break;
	case KILN_PLACE_MAGIC:
		add_magics(m);
		break;
	case KILN_PLACE_OPTION:
		add_options(m, place->owner);
		break;
	case KILN_PLACE_HOST_PATH:
		add_words(k, place, m);
		break;
	case KILN_PLACE_BOARD_PATH:
		add_board_files(k, m);
		break;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *signature_of(const struct matches *m, const char *name)
{
	const struct kiln_namedoc *doc;
	char whole[256];

	kiln_text_format(whole, sizeof(whole), "%.*s%s%s", (int)m->owner.n,
			 m->owner.n ? (const char *)m->owner.p : "", m->owner.n ? "." : "", name);
	doc = kiln_namedoc_find(kiln_span(whole, strlen(whole)));
	return doc ? doc->signature : "";
}

static void fill(const struct matches *m, json_int_t start, json_int_t end, json_t *list,
		 json_t *types)
{
	const char **names = calloc(json_object_size(m->names) + 1, sizeof(*names));
	const char *name;
	json_t *type;
	size_t n = 0;

	if (!names)
		return;
	json_object_foreach(m->names, name, type) names[n++] = name;
	qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n; i++) {
		(void)json_array_append_new(list, json_string(names[i]));
		type = json_object_get(m->names, names[i]);
		(void)json_array_append_new(types,
					    json_pack("{s:I, s:I, s:s, s:O, s:s}", "start", start,
						      "end", end, "text", names[i], "type", type,
						      "signature", signature_of(m, names[i])));
	}
	free(names);
}

json_t *kiln_kernel_complete(struct kiln_kernel *k, struct kiln_span code, size_t points)
{
	const size_t cursor = kiln_bytes_of_points(code, points);
	const struct kiln_place place = kiln_place_at(code, cursor);
	struct matches m = { .prefix = place.word, .names = json_object() };
	json_t *list = json_array(), *types = json_array();
	const json_int_t end = (json_int_t)kiln_points_of_bytes(code, cursor);
	const json_int_t start = end - (json_int_t)kiln_points_of_bytes(place.word, place.word.n);

	find(k, &place, &m);
	fill(&m, start, end, list, types);
	json_decref(m.names);
	return json_pack("{s:s, s:o, s:I, s:I, s:{s:o}}", "status", "ok", "matches", list,
			 "cursor_start", start, "cursor_end", end, "metadata",
			 "_jupyter_types_experimental", types);
}
