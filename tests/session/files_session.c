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

/* Each call that fails, its code and its words. */
static kiln_code get_one(struct kiln_files *files, const char *path, const char *to,
			 struct kiln_err *err)
{
	(void)to;
	return kiln_files_get(files, &path, 1, keep, NULL, NULL, err);
}

static kiln_code list_one(struct kiln_files *files, const char *path, const char *to,
			  struct kiln_err *err)
{
	(void)to;
	return kiln_files_list(files, path, false, note, NULL, err);
}

static kiln_code stat_one(struct kiln_files *files, const char *path, const char *to,
			  struct kiln_err *err)
{
	struct kiln_file_info info;

	(void)to;
	return kiln_files_stat(files, path, &info, err);
}

static kiln_code remove_one(struct kiln_files *files, const char *path, const char *to,
			    struct kiln_err *err)
{
	(void)to;
	return kiln_files_remove(files, path, 0, err);
}

static kiln_code rmdir_one(struct kiln_files *files, const char *path, const char *to,
			   struct kiln_err *err)
{
	(void)to;
	return kiln_files_rmdir(files, path, err);
}

static kiln_code mkdir_one(struct kiln_files *files, const char *path, const char *to,
			   struct kiln_err *err)
{
	(void)to;
	return kiln_files_mkdir(files, path, 0, err);
}

static kiln_code copy_one(struct kiln_files *files, const char *path, const char *to,
			  struct kiln_err *err)
{
	return kiln_files_copy(files, path, to, 0, err);
}

static kiln_code put_one(struct kiln_files *files, const char *path, const char *to,
			 struct kiln_err *err)
{
	const struct kiln_files_item item = { .path = path, .data = "x", .n = 1 };

	(void)to;
	return kiln_files_put(files, &item, 1, NULL, err);
}

static void errors(void **state)
{
	static const struct {
		kiln_code (*call)(struct kiln_files *files, const char *path, const char *to,
				  struct kiln_err *err);
		const char *path, *to;
		kiln_code code;
		const char *what, *why;
	} cases[] = {
#define NO_FILE "no such file or directory"
		{ list_one, "no", "", KILN_E_NOT_FOUND, "cannot list ':no'", NO_FILE },
		{ get_one, "no", "", KILN_E_NOT_FOUND, "cannot get ':no'", NO_FILE },
		{ stat_one, "no", "", KILN_E_NOT_FOUND, "cannot look at ':no'", NO_FILE },
		{ stat_one, "d/x/y", "", KILN_E_IO, "cannot look at ':d/x/y'", "not a directory" },
		{ get_one, "d", "", KILN_E_IO, "cannot get ':d'", "is a directory" },
		{ remove_one, "no", "", KILN_E_NOT_FOUND, "cannot remove ':no'", NO_FILE },
		{ remove_one, "d", "", KILN_E_IO, "cannot remove ':d'", "is a directory" },
		{ remove_one, "/", "", KILN_E_INVALID, "cannot remove ':/'",
		  "that is all there is on the board" },
		{ rmdir_one, "d", "", KILN_E_IO, "cannot remove folder ':d'",
		  "directory not empty" },
		{ mkdir_one, "d", "", KILN_E_EXISTS, "cannot make folder ':d'", "file exists" },
		{ mkdir_one, "no/d", "", KILN_E_NOT_FOUND, "cannot make folder ':no/d'", NO_FILE },
		{ kiln_files_rename, "no", "x", KILN_E_NOT_FOUND, "cannot rename ':no'", NO_FILE },
		{ copy_one, "d", "e", KILN_E_IO, "cannot copy ':d'", "is a directory" },
		{ put_one, "no/x", "", KILN_E_NOT_FOUND, "cannot put ':no/x'", NO_FILE },
		{ put_one, "d", "", KILN_E_IO, "cannot put ':d'", "is a directory" },
		{ put_one, "\xff", "", KILN_E_INVALID, "cannot use ':?'", "the name is no UTF-8" },
	};
	struct board b;

	(void)state;
	power_on(&b, "");
	good(&b, kiln_files_mkdir(b.files, "d", 0, &b.t.err));
	put(&b, "d/x", "x");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		const kiln_code code = cases[i].call(b.files, cases[i].path, cases[i].to, &err);

		if (code != cases[i].code || strcmp(err.what, cases[i].what) != 0 ||
		    strcmp(err.why, cases[i].why) != 0)
			fail_msg("case %zu: %s: %s: %s", i, kiln_code_name(code), err.what,
				 err.why);
	}
	/* and nothing was left behind */
	assert_string_equal(list(&b, "d"), "x ");
	session_expect(&b.t, "import os\nprint([n for n in os.listdir() if 'part' in n])", "[]\n");
	power_off(&b);
}

enum { BIG = 60000 };
static uint8_t noise[BIG], text[BIG];

static void fill(void)
{
	uint32_t seed = 7;

	for (size_t i = 0; i < BIG; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (uint8_t)(seed >> 24);
		text[i] = (uint8_t) "import machine\nprint(machine.freq())\n"[i % 37];
	}
}

static kiln_code put_bytes(struct board *b, const char *path, const void *data, size_t n)
{
	const struct kiln_files_item item = { .path = path, .data = data, .n = n };

	return kiln_files_put(b->files, &item, 1, NULL, &b->t.err);
}

static void expect_bytes(struct board *b, const char *path, const void *data, size_t n)
{
	(void)get(b, path);
	assert_int_equal(b->seen.len, n);
	assert_memory_equal(b->seen.data, data, n);
}

/* Blocks that deflate makes smaller, and such that it doesn't, in one file. */
static void packed_and_plain_blocks(void **state)
{
	static uint8_t mixed[BIG];
	struct kiln_link_stats before, after;
	struct board b;

	(void)state;
	fill();
	for (size_t i = 0; i < BIG; i++)
		mixed[i] = (i / 5000) % 2 ? noise[i] : text[i];
	power_on(&b, "");
	good(&b, put_bytes(&b, "text", text, BIG));
	good(&b, put_bytes(&b, "noise", noise, BIG));
	good(&b, put_bytes(&b, "mixed", mixed, BIG));
	expect_bytes(&b, "noise", noise, BIG);
	expect_bytes(&b, "mixed", mixed, BIG);
	kiln_link_stats(kiln_repl_link(b.t.repl), &before);
	expect_bytes(&b, "text", text, BIG);
	kiln_link_stats(kiln_repl_link(b.t.repl), &after);
	assert_true(after.bytes_in - before.bytes_in < BIG / 4);
	power_off(&b);
}

/* A board that goes or starts again in the middle: the old file is whole, the next put goes on. */
static void broken_off(const char *fault, bool gone)
{
	struct board b;
	kiln_code code;

	fill();
	power_on(&b, "");
	put(&b, "main.py", "old");
	power_off(&b);
	power_on(&b, fault);
	code = put_bytes(&b, "main.py", noise, BIG);
	assert_int_not_equal(code, KILN_OK);
	assert_int_equal(code == KILN_E_PORT_GONE, gone);
	assert_non_null(strstr(b.t.err.what, "cannot put ':main.py'"));
	power_off(&b);
	power_on(&b, "");
	assert_string_equal(get(&b, "main.py"), "old");
	good(&b, put_bytes(&b, "main.py", noise, BIG));
	expect_bytes(&b, "main.py", noise, BIG);
	session_expect(&b.t, "import os\nprint([n for n in os.listdir() if 'part' in n])", "[]\n");
	power_off(&b);
}

static void the_port_goes_in_mid_put(void **state)
{
	(void)state;
	broken_off("&fault=unplug@45000", true);
}

static void a_reset_in_mid_put(void **state)
{
	(void)state;
	broken_off("&fault=reset@45000", false);
}

static kiln_code count(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	struct board *b = user;

	(void)i;
	(void)data;
	(void)size;
	(void)err;
	return kiln_buf_putc(&b->seen, '.');
}

/* Nothing that is not whole is handed out. */
static void the_port_goes_in_mid_get(void **state)
{
	static const char *const path = "noise";
	struct board b;

	(void)state;
	fill();
	power_on(&b, "");
	good(&b, put_bytes(&b, path, noise, BIG));
	power_off(&b);
	power_on(&b, "&fault=from-lose@30000");
	assert_int_not_equal(kiln_files_get(b.files, &path, 1, count, NULL, &b, &b.t.err), KILN_OK);
	assert_string_equal(b.t.err.what, "cannot get ':noise'");
	assert_int_equal(b.seen.len, 0);
	power_off(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absolute_paths),
		cmocka_unit_test(errors),
		cmocka_unit_test(packed_and_plain_blocks),
		cmocka_unit_test(the_port_goes_in_mid_put),
		cmocka_unit_test(a_reset_in_mid_put),
		cmocka_unit_test(the_port_goes_in_mid_get),
	};
	return cmocka_run_group_tests(tests, session_firmware, help_state_home_gone);
}
