/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual board's folder made like a tree: what is planned, and what is then on the board. */
#include "session_help.h"

#include <kiln/files.h>

#include "hostfs/sync.h"

struct board {
	struct session t;
	struct kiln_files *files;
	struct kiln_host_tree tree;
	struct kiln_sync sync;
	struct kiln_buf said; /* the plan, a word and a path each */
};

static void power_on(struct board *b, const char *options)
{
	*b = (struct board){ 0 };
	if (session_open(&b->t, options, 115200) != KILN_OK ||
	    kiln_files_open(b->t.repl, &b->files, &b->t.err) != KILN_OK)
		fail_msg("%s: %s", b->t.err.what, b->t.err.why);
	kiln_buf_init(&b->said, 1 << 20);
	b->sync = (struct kiln_sync){ .board = b->files, .tree = &b->tree, .target = "" };
}

static void power_off(struct board *b)
{
	kiln_files_close(b->files);
	kiln_host_tree_done(&b->tree);
	kiln_buf_done(&b->said);
	session_end(&b->t);
}

/* An item of the tree: a path that ends in '/' is a folder. */
static void have(struct board *b, const char *path, const char *text)
{
	char name[256];
	const size_t n = strlen(path);
	const bool folder = path[n - 1] == '/';
	const struct kiln_files_item item = { .data = text, .n = strlen(text), .folder = folder };

	kiln_text_format(name, sizeof(name), "%.*s", (int)(n - folder), path);
	assert_int_equal(kiln_host_tree_keep(&b->tree, name, &item, &b->t.err), KILN_OK);
}

static void start_over(struct board *b)
{
	kiln_host_tree_done(&b->tree);
	session_run(&b->t, "import os\n"
			   "def rm(p):\n"
			   " for e in list(os.ilistdir(p)):\n"
			   "  q = p + '/' + e[0]\n"
			   "  if e[1] & 0x4000: rm(q); os.rmdir(q)\n"
			   "  elif e[0] != 'boot.py': os.remove(q)\n"
			   "rm('')\n");
}

static kiln_code plan(struct board *b, bool apply)
{
	struct kiln_sync_plan p;

	kiln_buf_reset(&b->said);
	b->t.err = (struct kiln_err){ .code = KILN_OK };
	KILN_TRY(kiln_sync_plan(&b->sync, &p, &b->t.err));
	for (size_t i = 0; i < p.n; i++)
		(void)kiln_buf_printf(&b->said, "%s %s\n", kiln_sync_word(p.changes[i].kind),
				      p.changes[i].path);
	(void)kiln_buf_printf(&b->said, "%zu same, %llu bytes\n", p.same,
			      (unsigned long long)p.bytes);
	if (apply && kiln_sync_apply(&b->sync, &p, NULL, &b->t.err) != KILN_OK)
		fail_msg("%s: %s", b->t.err.what, b->t.err.why);
	kiln_sync_plan_done(&p);
	return KILN_OK;
}

static void expect_plan(struct board *b, bool apply, const char *text)
{
	if (plan(b, apply) != KILN_OK)
		fail_msg("%s: %s", b->t.err.what, b->t.err.why);
	assert_string_equal(kiln_buf_str(&b->said), text);
}

static void only_what_differs_travels(void **state)
{
	struct board b;

	(void)state;
	power_on(&b, "");
	have(&b, "lib/", "");
	have(&b, "lib/a.py", "a = 1\n");
	have(&b, "lib/b.py", "b = 1\n");
	have(&b, "main.py", "main\n");
	expect_plan(&b, true,
		    "MKDIR lib\nADD lib/a.py\nADD lib/b.py\nADD main.py\n0 same, 17 bytes\n");
	expect_plan(&b, false, "3 same, 0 bytes\n");
	session_run(&b.t, "f = open('lib/a.py', 'w')\nf.write('a = 2\\n')\nf.close()\n"
			  "f = open('lib/b.py', 'w')\nf.write('longer\\n')\nf.close()\n");
	expect_plan(&b, true, "UPDATE lib/a.py\nUPDATE lib/b.py\n1 same, 12 bytes\n");
	session_expect(&b.t, "print(open('lib/a.py').read())", "a = 1\n\n");
	expect_plan(&b, false, "3 same, 0 bytes\n");
	power_off(&b);
}

static void one_round_trip_tells(void **state)
{
	struct kiln_link_stats before, after;
	struct board b;
	char name[32];

	(void)state;
	power_on(&b, "");
	start_over(&b);
	for (size_t i = 0; i < 60; i++) {
		kiln_text_format(name, sizeof(name), "file%zu", i);
		have(&b, name, name);
	}
	assert_int_equal(plan(&b, true), KILN_OK);
	kiln_link_stats(kiln_repl_link(b.t.repl), &before);
	expect_plan(&b, true, "60 same, 0 bytes\n");
	kiln_link_stats(kiln_repl_link(b.t.repl), &after);
	/* the program goes over in windows, each a turn; the answer is one */
	assert_in_range(after.turns - before.turns, 1, 25);
	power_off(&b);
}

static bool keeps_data(void *user, const char *path, bool folder)
{
	(void)user;
	(void)folder;
	return strcmp(path, "d/data.csv") == 0 || strcmp(path, "boot.py") == 0;
}

static void a_mirror_removes_what_is_not_there(void **state)
{
	struct board b;

	(void)state;
	power_on(&b, "");
	start_over(&b);
	session_run(&b.t, "for d in ('d', 'd/e', 'old', 'old/deep', 'outside'): os.mkdir(d)\n"
			  "for f in ('d/data.csv', 'd/e/x', 'old/deep/y', 'outside/z', 'kind'):\n"
			  "  open(f, 'w').close()\n");
	have(&b, "main.py", "main\n");
	have(&b, "kind/", "");
	assert_int_equal(plan(&b, false), KILN_E_IO);
	assert_string_equal(b.t.err.what, "cannot put ':kind'");
	assert_string_equal(b.t.err.why, "not a directory");
	b.sync.mirror = true;
	b.sync.keeps = keeps_data;
	expect_plan(&b, true,
		    "DELETE outside/z\nDELETE outside\nDELETE old/deep/y\nDELETE old/deep\n"
		    "DELETE old\nDELETE kind\nDELETE d/e/x\nDELETE d/e\n"
		    "ADD main.py\nMKDIR kind\n0 same, 5 bytes\n");
	session_expect(&b.t, "print(sorted(os.listdir('/')), os.listdir('d'))",
		       "['boot.py', 'd', 'kind', 'main.py'] ['data.csv']\n");
	power_off(&b);
}

static void never_outside_the_target(void **state)
{
	struct board b;

	(void)state;
	power_on(&b, "");
	start_over(&b);
	session_run(&b.t, "for d in ('lib', 'lib/old', 'other'): os.mkdir(d)\n"
			  "for f in ('lib/old/x', 'lib/y', 'other/z'): open(f, 'w').close()\n");
	b.sync.target = "/lib";
	b.sync.mirror = true;
	have(&b, "new.py", "new\n");
	expect_plan(&b, true, "DELETE y\nDELETE old/x\nDELETE old\nADD new.py\n0 same, 4 bytes\n");
	session_expect(&b.t, "print(os.listdir('lib'), sorted(os.listdir('/')))",
		       "['new.py'] ['boot.py', 'lib', 'other']\n");
	b.sync.target = "/deep/er";
	expect_plan(&b, true, "ADD new.py\n0 same, 4 bytes\n");
	session_expect(&b.t, "print(open('/deep/er/new.py').read())", "new\n\n");
	power_off(&b);
}

static bool keeps_inside(void *user, const char *path, bool folder)
{
	(void)user;
	(void)folder;
	return strncmp(path, "inside", 6) == 0 || strcmp(path, "boot.py") == 0;
}

/* What is mounted is seen as a folder, and its files could be removed by their names. */
static void never_through_a_mount(void **state)
{
	struct board b;

	(void)state;
	power_on(&b, "");
	start_over(&b);
	session_run(&b.t, "import vfs\nos.mkdir('inside')\nos.mkdir('card')\n"
			  "open('inside/keep', 'w').close()\nopen('old', 'w').close()\n"
			  "vfs.mount(vfs.VfsPosix('/flash/inside'), '/card')\n");
	session_expect(&b.t, "print(os.listdir('/card'))", "['keep']\n");
	b.sync.target = "/";
	b.sync.mirror = true;
	b.sync.keeps = keeps_inside;
	expect_plan(&b, true, "DELETE old\n0 same, 0 bytes\n");
	session_expect(&b.t, "print(os.listdir('/inside'))\nvfs.umount('/card')", "['keep']\n");
	power_off(&b);
}

static void no_room_is_known_before_anything_is_removed(void **state)
{
	static char big[2200000];
	struct board b;

	(void)state;
	power_on(&b, "");
	start_over(&b);
	memset(big, 'x', sizeof(big) - 1);
	session_run(&b.t, "open('old', 'w').close()");
	have(&b, "big", big);
	b.sync.mirror = true;
	assert_int_equal(plan(&b, false), KILN_E_TOO_BIG);
	assert_string_equal(b.t.err.what, "cannot sync to ':'");
	assert_non_null(strstr(b.t.err.why, "no space left on device: 2203648 bytes are needed, "));
	session_expect(&b.t, "print(sorted(os.listdir('/')))", "['boot.py', 'old']\n");
	power_off(&b);
}

static void a_board_that_lies_about_names(void **state)
{
	struct board b;

	(void)state;
	power_on(&b, "");
	start_over(&b);
	session_run(&b.t, "_i = os.ilistdir\n"
			  "os.ilistdir = lambda p: iter([('../../evil', 0x4000, 0)]) "
			  "if p == 'lib' else _i(p)\n"
			  "os.mkdir('lib')\n");
	b.sync.mirror = true;
	b.sync.keeps = keeps_data;
	b.sync.target = "lib";
	assert_int_equal(plan(&b, false), KILN_E_NOT_FOUND); /* no such folder to list */
	power_off(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_differs_travels),
		cmocka_unit_test(one_round_trip_tells),
		cmocka_unit_test(a_mirror_removes_what_is_not_there),
		cmocka_unit_test(never_outside_the_target),
		cmocka_unit_test(never_through_a_mount),
		cmocka_unit_test(no_room_is_known_before_anything_is_removed),
		cmocka_unit_test(a_board_that_lies_about_names),
	};
	return cmocka_run_group_tests(tests, session_firmware, help_state_home_gone);
}
