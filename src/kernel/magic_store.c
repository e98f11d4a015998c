/* SPDX-License-Identifier: Apache-2.0 */
/*
 * %store: copies of the board's variables, kept on the host as JSON. What the board calls JSON is
 * parsed here before it is kept: MicroPython writes reprs into it where JSON has nothing.
 */
#include "kernel/magic.h"

#include <ctype.h>

#include "base/text.h"
#include "kernel/state.h"

enum { STORE_DELETE, STORE_RESTORE, STORE_ALL };
enum { ANSWER_MAX = 1 << 20, REPR_MAX = 70, DEPTH_MAX = 32 };

static const char file[] = "store.json";
static const char mark[] = "\nkiln-store ", bad_mark[] = "\nkiln-bad ";

static bool is_name(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n > 0 && text[n] == '\0' && !isdigit((unsigned char)text[0]);
}

/* ---- Python's words for what JSON holds ---- */

static void add_repr(struct kiln_buf *out, json_t *value, int depth);

static void add_string(struct kiln_buf *out, const char *text)
{
	const char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';

	(void)kiln_buf_putc(out, (uint8_t)quote);
	for (; *text; text++) {
		if (*text == quote || *text == '\\')
			(void)kiln_buf_printf(out, "\\%c", *text);
		else if (*text == '\n')
			(void)kiln_buf_puts(out, "\\n");
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			(void)kiln_buf_printf(out, "\\x%02x", (unsigned)*text);
		else
			(void)kiln_buf_putc(out, (uint8_t)*text);
	}
	(void)kiln_buf_putc(out, (uint8_t)quote);
}

static void add_items(struct kiln_buf *out, json_t *value, int depth)
{
	const char *key;
	json_t *item;
	size_t i;

	(void)kiln_buf_putc(out, json_is_object(value) ? '{' : '[');
	json_array_foreach(value, i, item)
	{
		(void)kiln_buf_puts(out, i ? ", " : "");
		add_repr(out, item, depth + 1);
	}
	i = 0;
	json_object_foreach(value, key, item)
	{
		(void)kiln_buf_puts(out, i++ ? ", " : "");
		add_string(out, key);
		(void)kiln_buf_puts(out, ": ");
		add_repr(out, item, depth + 1);
	}
	(void)kiln_buf_putc(out, json_is_object(value) ? '}' : ']');
}

static void add_repr(struct kiln_buf *out, json_t *value, int depth)
{
	char *number;

	if (depth > DEPTH_MAX) {
		(void)kiln_buf_puts(out, "...");
	} else if (json_is_string(value)) {
		add_string(out, json_string_value(value));
	} else if (json_is_number(value)) {
		number = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		(void)kiln_buf_puts(out, number ? number : "?");
		free(number);
	} else if (json_is_array(value) || json_is_object(value)) {
		add_items(out, value, depth);
	} else {
		(void)kiln_buf_puts(out, json_is_true(value)    ? "True"
					 : json_is_false(value) ? "False"
								: "None");
	}
}

/* ---- the board ---- */

/*
 * MicroPython's json writes bytes as a text, keys as texts and whatever it does not know as a
 * repr: so the value is looked through first. A list that holds itself ends in a RuntimeError.
 */
static const char ask[] = "def _kiln(v):\n"
			  " def bad(v):\n"
			  "  if v is None or isinstance(v,(bool,int,float,str)):\n"
			  "   return ''\n"
			  "  if isinstance(v,dict):\n"
			  "   for k in v:\n"
			  "    if not isinstance(k,str):\n"
			  "     return 'dict with keys that are no str'\n"
			  "   v=v.values()\n"
			  "  elif not isinstance(v,(list,tuple)):\n"
			  "   return type(v).__name__\n"
			  "  for x in v:\n"
			  "   b=bad(x)\n"
			  "   if b:\n"
			  "    return b\n"
			  "  return ''\n"
			  " import json\n"
			  " try:\n"
			  "  b=bad(v)\n"
			  " except RuntimeError:\n"
			  "  b='value that is nested too deeply'\n"
			  " if b:\n"
			  "  print('\\nkiln-bad',b)\n"
			  " else:\n"
			  "  print('\\nkiln-store',json.dumps(v))\n"
			  "try:\n"
			  " _kiln(%s)\n"
			  "finally:\n"
			  " del _kiln\n";

static bool fail_json(struct kiln_kernel *k, const char *name, const char *type)
{
	char clean[64] = "value like this";

	if (type)
		kiln_text_copy_untrusted(clean, sizeof(clean), type, strcspn(type, "\r\n"));
	return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_UNSUPPORTED),
				     "cannot store '%s': JSON can't hold a %s", name, clean);
}

static bool fetch(struct kiln_kernel *k, const char *name, json_t *all)
{
	struct kiln_buf answer = KILN_BUF_INIT(ANSWER_MAX), code = KILN_BUF_INIT(4096);
	const char *at, *bad = NULL;
	json_t *value = NULL;
	bool good;

	(void)kiln_buf_printf(&code, ask, name);
	good = kiln_kernel_board_ask(k, kiln_buf_str(&code), &answer);
	at = strstr(kiln_buf_str(&answer), mark);
	if (!at)
		bad = strstr(kiln_buf_str(&answer), bad_mark);
	if (at)
		value = json_loads(at + strlen(mark), JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK,
				   NULL);
	if (good && (!value || json_object_set_new(all, name, value) != 0))
		good = fail_json(k, name, bad ? bad + strlen(bad_mark) : NULL);
	kiln_buf_done(&code);
	kiln_buf_done(&answer);
	return good;
}

static bool send(struct kiln_kernel *k, const char *name, json_t *value)
{
	struct kiln_buf program = KILN_BUF_INIT(ANSWER_MAX), answer = KILN_BUF_INIT(4096);
	bool good;

	(void)kiln_buf_printf(&program, "%s=", name);
	add_repr(&program, value, 0);
	if (program.failed) {
		good = kiln_kernel_fail_text(k, kiln_code_name(KILN_E_TOO_BIG),
					     "cannot restore '%s': it is too big", name);
	} else {
		good = kiln_kernel_board_ask(k, kiln_buf_str(&program), &answer);
	}
	kiln_buf_done(&program);
	kiln_buf_done(&answer);
	return good;
}

/* ---- what it does ---- */

static void print_entry(struct kiln_kernel *k, const char *name, json_t *value, int width)
{
	struct kiln_buf repr = KILN_BUF_INIT(ANSWER_MAX);
	char cut[REPR_MAX + 1];

	add_repr(&repr, value, 0);
	kiln_text_copy(cut, sizeof(cut), kiln_buf_str(&repr));
	kiln_kernel_print(k, KILN_STDOUT, "%-*s -> %s\n", width, name, cut);
	kiln_buf_done(&repr);
}

static bool list_all(struct kiln_kernel *k, json_t *all)
{
	const char *name;
	json_t *value;
	int width = 0;

	json_object_foreach(all, name, value) width = (int)strlen(name) > width ? (int)strlen(name)
										: width;
	json_object_foreach(all, name, value) print_entry(k, name, value, width);
	return true;
}

static bool unknown(struct kiln_kernel *k, const char *name)
{
	return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NOT_FOUND),
				     "no variable '%s' is stored", name);
}

static bool remove_named(struct kiln_kernel *k, json_t *all, const struct kiln_magic_args *args)
{
	for (size_t i = 0; i < args->n_words; i++) {
		if (json_object_del(all, args->words[i]) != 0)
			return unknown(k, args->words[i]);
	}
	return true;
}

static bool restore(struct kiln_kernel *k, json_t *all, const struct kiln_magic_args *args)
{
	const char *name;
	json_t *value;

	for (size_t i = 0; i < args->n_words; i++) {
		value = json_object_get(all, args->words[i]);
		if (!value)
			return unknown(k, args->words[i]);
		if (!send(k, args->words[i], value))
			return false;
	}
	if (args->n_words > 0)
		return true;
	json_object_foreach(all, name, value)
	{
		if (is_name(name) && !send(k, name, value))
			return false;
	}
	return true;
}

static bool keep(struct kiln_kernel *k, json_t *all, const struct kiln_magic_args *args)
{
	for (size_t i = 0; i < args->n_words; i++) {
		if (!fetch(k, args->words[i], all))
			return false;
	}
	return true;
}

/* False: it failed, and that was said; what was stored stays as it is. */
static bool act(struct kiln_kernel *k, json_t *all, const struct kiln_magic_args *args)
{
	if (args->flags[STORE_ALL])
		return json_object_clear(all) == 0;
	if (args->flags[STORE_DELETE])
		return remove_named(k, all, args);
	if (args->flags[STORE_RESTORE])
		return restore(k, all, args);
	return args->n_words ? keep(k, all, args) : list_all(k, all);
}

static bool run_store(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const int modes = args->flags[STORE_DELETE] + args->flags[STORE_RESTORE] +
			  args->flags[STORE_ALL];
	const bool changes = !args->flags[STORE_RESTORE] && (args->n_words || modes);
	struct kiln_err err = KILN_ERR_INIT;
	json_t *all;
	kiln_code code = KILN_OK;
	bool good;

	if (modes > 1)
		return kiln_magic_usage_error(k, args, "-d, -r and -z exclude each other");
	if (args->flags[STORE_DELETE] && args->n_words == 0)
		return kiln_magic_usage_error(k, args, "-d needs the names of variables");
	for (size_t i = 0; i < args->n_words; i++) {
		if (!is_name(args->words[i]))
			return kiln_magic_usage_error(k, args, "'%s' is no variable's name",
						      args->words[i]);
	}
	if (kiln_state_load(file, &all, &err) != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	good = act(k, all, args);
	if (good && changes)
		code = kiln_state_save(file, all, &err);
	json_decref(all);
	return code == KILN_OK ? good : kiln_kernel_fail_err(k, &err);
}

const struct kiln_magic kiln_magic_store = {
	.name = "store",
	.words = "[VARIABLE ...]",
	.max_words = 64,
	.takes = KILN_TAKES_VARIABLES,
	.summary = "Keep copies of the board's variables on the host",
	.more = "Without names: list what is kept. What is kept lives on across sessions and "
		"boards.\nOnly what JSON can hold: numbers, texts, lists, dictionaries, True, "
		"False, None; a tuple comes back as a list.\n\n"
		"Example:\n  %store readings\n  %store -r readings",
	.options =
		(const struct kiln_magic_option[]){
			[STORE_DELETE] = { 'd', "delete", NULL, "delete the named copies" },
			[STORE_RESTORE] = { 'r', "restore", NULL,
					    "copy back to the board; without names: all" },
			[STORE_ALL] = { 'z', "clear", NULL, "delete all copies" },
			{ 0 },
		},
	.run = run_store,
};
