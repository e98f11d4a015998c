/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that cross between a board's variables and the host's: both sides have %store, and what
 * is stored is one file of this kernel's, whose values %%host cells find as variables.
 */
#include "kernel/host_impl.h"

#include <stdlib.h>
#include <unistd.h>

#include "kernel/state.h"

const char kiln_python_store_type[] = "application/x-kiln-store+json";

static const char file[] = "store.json";

/* ---- to Python ---- */

static kiln_code load_changes(struct kiln_kernel *k, json_t *arguments, struct kiln_err *err)
{
	struct kiln_python *python = k->python;
	json_t *stored = NULL;
	char *text;

	KILN_TRY(kiln_state_load(file, &stored, err));
	if (python->stored ? json_equal(stored, python->stored) : json_object_size(stored) == 0) {
		json_decref(stored);
		return KILN_OK;
	}
	text = json_dumps(stored, JSON_ENSURE_ASCII | JSON_COMPACT);
	if (text)
		(void)json_object_set_new(arguments, "stored", json_string(text));
	free(text);
	json_decref(python->stored);
	python->stored = stored;
	return KILN_OK;
}

static void add_folder(struct kiln_python *python, json_t *arguments)
{
	char folder[sizeof(python->folder)];

	if (!getcwd(folder, sizeof(folder)) || strcmp(folder, python->folder) == 0)
		return;
	memcpy(python->folder, folder, sizeof(folder));
	(void)json_object_set_new(arguments, "folder", json_string(folder));
}

static void add_count(struct kiln_kernel *k, json_t *arguments)
{
	if (k->number > 0 && k->number != k->python->count)
		(void)json_object_set_new(arguments, "count", json_integer(k->number));
	k->python->count = k->number;
}

static kiln_code call_prepare(struct kiln_kernel *k, json_t *arguments, struct kiln_err *err)
{
	struct kiln_buf code = KILN_BUF_INIT(2 * KILN_STATE_MAX);
	char *text = json_dumps(arguments, JSON_ENSURE_ASCII | JSON_COMPACT);
	kiln_code status = KILN_E_NOMEM;

	/* texts and numbers only: as JSON they are Python's literals too */
	if (text && kiln_buf_printf(&code, "get_ipython().kiln.prepare(**%s)", text) == KILN_OK)
		status = kiln_python_tell(k, kiln_buf_str(&code), err);
	else
		(void)kiln_fail(err, status, "cannot tell the host's Python what is stored");
	free(text);
	kiln_buf_done(&code);
	return status;
}

kiln_code kiln_python_prepare(struct kiln_kernel *k, struct kiln_err *err)
{
	json_t *arguments = json_object();
	kiln_code code = load_changes(k, arguments, err);

	if (code == KILN_OK) {
		add_folder(k->python, arguments);
		add_count(k, arguments);
	}
	if (code == KILN_OK && json_object_size(arguments) > 0)
		code = call_prepare(k, arguments, err);
	json_decref(arguments);
	return code;
}

/* ---- from Python ---- */

/* Each value comes as a text, so that a number beyond 64 bits is refused here, by its name. */
static bool set_values(struct kiln_kernel *k, json_t *all, json_t *texts)
{
	const char *name;
	json_t *text;

	json_object_foreach(texts, name, text)
	{
		json_t *value = json_is_string(text)
					? json_loads(json_string_value(text), JSON_DECODE_ANY, NULL)
					: NULL;

		if (!value || json_object_set_new(all, name, value) != 0) {
			kiln_kernel_print(k, KILN_STDERR,
					  "cannot store '%s': this JSON can't be kept\n", name);
			return false;
		}
	}
	return true;
}

static bool apply(struct kiln_kernel *k, json_t *all, const json_t *what)
{
	json_t *name;
	size_t i;

	if (json_is_true(json_object_get(what, "clear")))
		(void)json_object_clear(all);
	json_array_foreach(json_object_get(what, "delete"), i, name)(void)
		json_object_del(all, json_string_value(name));
	return set_values(k, all, json_object_get(what, "set"));
}

bool kiln_python_take_store(struct kiln_kernel *k, const json_t *content)
{
	const json_t *what = json_object_get(json_object_get(content, "data"),
					     kiln_python_store_type);
	struct kiln_python *python = k->python;
	struct kiln_err err = KILN_ERR_INIT;
	json_t *all = NULL;
	kiln_code code;
	bool good;

	if (!what)
		return false;
	code = kiln_state_load(file, &all, &err);
	good = code == KILN_OK && apply(k, all, what);
	if (good)
		code = kiln_state_save(file, all, &err);
	if (code != KILN_OK)
		kiln_kernel_print(k, KILN_STDERR, "%s: %s\n", err.what, err.why);
	json_decref(python->stored);
	python->stored = good && code == KILN_OK ? json_incref(all) : NULL;
	json_decref(all);
	return true;
}
