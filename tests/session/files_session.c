/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a virtual board: what the engine does with each call, and what it says. */
#include "session_help.h"

#include <kiln/files.h>

struct board {
	struct session t;
	struct kiln_files *files;
	struct kiln_buf seen; /* what a listing or a get brought */
};

static void power_on(struct board *b, const char *options)
{
	*b = (struct board){ 0 };
	if (session_open(&b->t, options, 115200) != KILN_OK ||
	    kiln_files_open(b->t.repl, &b->files, &b->t.err) != KILN_OK)
		fail_msg("%s: %s", b->t.err.what, b->t.err.why);
	kiln_buf_init(&b->seen, 4 << 20);
}

static void power_off(struct board *b)
{
	kiln_files_close(b->files);
	kiln_buf_done(&b->seen);
	session_end(&b->t);
}

static void good(struct board *b, kiln_code code)
{
	if (code != KILN_OK)
		fail_msg("%s: %s", b->t.err.what, b->t.err.why);
}

static void put(struct board *b, const char *path, const char *text)
{
	const struct kiln_files_item item = { .path = path, .data = text, .n = strlen(text) };

	good(b, kiln_files_put(b->files, &item, 1, NULL, &b->t.err));
}

static kiln_code keep(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	struct board *b = user;

	(void)i;
	(void)err;
	return kiln_buf_append(&b->seen, data, size);
}

static const char *get(struct board *b, const char *path)
{
	kiln_buf_reset(&b->seen);
	good(b, kiln_files_get(b->files, &path, 1, keep, NULL, b, &b->t.err));
	return kiln_buf_str(&b->seen);
}

static void note(void *user, const struct kiln_file_info *info)
{
	struct board *b = user;

	(void)kiln_buf_printf(&b->seen, "%s%s ", info->path,
			      info->kind == KILN_FILE_FOLDER ? "/" : "");
}

/* In the board's order. */
static const char *list(struct board *b, const char *path)
{
	kiln_buf_reset(&b->seen);
	good(b, kiln_files_list(b->files, path, true, note, b, &b->t.err));
	return kiln_buf_str(&b->seen);
}

static void absolute_paths(void **state)
{
	struct board b;

	(void)state;
	power_on(&b, "");
	good(&b, kiln_files_mkdir(b.files, "/new/lib", KILN_FILES_PARENTS, &b.t.err));
	put(&b, "/new/lib/a.py", "first");
	put(&b, "/new/lib/a.py", "second");
	assert_string_equal(get(&b, "/new/lib/a.py"), "second");
	assert_string_equal(get(&b, "new/lib/a.py"), "second");
	good(&b, kiln_files_rename(b.files, "/new/lib/a.py", "/b.py", &b.t.err));
	good(&b, kiln_files_rename(b.files, "b.py", "/new/b.py", &b.t.err));
	good(&b, kiln_files_copy(b.files, "/new", "/copy", KILN_FILES_DEEP, &b.t.err));
	assert_string_equal(list(&b, "/copy"), "lib/ b.py ");
	assert_non_null(strstr(list(&b, "/"), "new/b.py "));
	session_run(&b.t, "import os\nos.chdir('/new')");
	put(&b, "here.py", "below");
	put(&b, "/top.py", "above");
	good(&b, kiln_files_rename(b.files, "b.py", "lib/b.py", &b.t.err));
	session_expect(&b.t, "print(os.getcwd(), sorted(os.listdir()), sorted(os.listdir('/')))",
		       "/new ['here.py', 'lib'] ['boot.py', 'copy', 'new', 'top.py']\n");
	power_off(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absolute_paths),
	};
	return cmocka_run_group_tests(tests, session_firmware, help_state_home_gone);
}
