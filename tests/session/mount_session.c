/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of this computer as a file system of a virtual board. */
#include "session_help.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hostfs/mount.h"

static char outer[64], folder[96];

static void make(const char *name, const void *data, size_t n)
{
	char path[256];
	FILE *f;

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	fclose(f);
}

static void make_text(const char *name, const char *text)
{
	make(name, text, strlen(text));
}

static const char *read_back(const char *name)
{
	static char text[256];
	char path[256];
	FILE *f;
	size_t n;

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f)
		return "(none)";
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static int set_up(void **state)
{
	char path[256];

	if (session_firmware(state) != 0)
		return -1;
	kiln_text_copy(outer, sizeof(outer), "/tmp/kiln-mount-XXXXXX");
	if (!mkdtemp(outer))
		return -1;
	kiln_text_format(folder, sizeof(folder), "%s/in", outer);
	kiln_text_format(path, sizeof(path), "%s/pkg", folder);
	if (mkdir(folder, 0700) != 0 || mkdir(path, 0700) != 0)
		return -1;
	make_text("../secret", "secret");
	make_text("pkg/__init__.py", "from .inner import X\n");
	make_text("pkg/inner.py", "X = 42\nprint('imported')\n");
	make_text("text", "één\ntwo\r\nlast");
	kiln_text_format(path, sizeof(path), "%s/out", folder);
	return symlink("../secret", path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)nftw(outer, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return help_state_home_gone(state);
}

static void begin(struct session *t, bool unsafe_links)
{
	session_begin(t);
	if (kiln_mount_begin(t->repl, folder, unsafe_links, &t->err) != KILN_OK)
		fail_msg("%s: %s", t->err.what, t->err.why);
}

static void programs_import_and_see_the_folder(void **state)
{
	struct session t;

	(void)state;
	begin(&t, false);
	session_expect(&t, "import os, pkg\nprint(os.getcwd(), pkg.X)", "imported\n/remote 42\n");
	session_expect(&t, "print(sorted(os.listdir()), sorted(os.listdir('/remote/pkg')))",
		       "['pkg', 'text'] ['__init__.py', 'inner.py']\n");
	session_expect(&t,
		       "s = os.stat('text')\nprint(s[0], s[6], os.stat('pkg')[0], "
		       "s[7] > 1700000000)\n"
		       "print([e for e in os.ilistdir('pkg')][0], os.statvfs('/remote')[0] > 0)",
		       "32768 15 16384 True\n('__init__.py', 32768, 0) True\n");
	session_expect(&t,
		       "os.chdir('pkg')\nprint(os.getcwd(), open('inner.py').readline())\n"
		       "os.chdir('..')\nprint(os.getcwd())",
		       "/remote/pkg X = 42\n\n/remote\n");
	/* nothing is left among the names of the program */
	session_expect(&t, "print([n for n in globals() if 'kiln' in n])", "[]\n");
	assert_int_equal(kiln_mount_end(t.repl, &t.err), KILN_OK);
	session_expect(&t, "print(os.getcwd(), os.listdir())", "/ ['boot.py']\n");
	session_end(&t);
}

static void files_are_read_and_written(void **state)
{
	struct session t;

	(void)state;
	begin(&t, false);
	session_expect(&t,
		       "f = open('text')\nprint(f.read(2), f.read(2), f.tell())\n"
		       "print(f.readlines())\nf.close()\n",
		       "éé n\n 6\n['two\\r\\n', 'last']\n");
	session_expect(&t,
		       "with open('text', 'rb') as f:\n"
		       " print(f.read(3), f.seek(-4, 2), f.read(), f.read(), f.readline())",
		       "b'\\xc3\\xa9\\xc3' 11 b'last' b'' b''\n");
	session_expect(&t,
		       "with open('new', 'w') as f:\n print(f.write('één\\n'))\n"
		       " print('by print', file=f)\n",
		       "4\n");
	assert_string_equal(read_back("new"), "één\nby print\n");
	session_run(&t, "with open('new', 'a') as f: f.write('more')");
	assert_string_equal(read_back("new"), "één\nby print\nmore");
	session_run(&t, "with open('new', 'r+b') as f:\n f.seek(1)\n f.write(b'\\x00')\n"
			" f.truncate(2)\n");
	session_expect(&t, "print(open('new', 'rb').read())", "b'\\xc3\\x00'\n");
	session_run(&t, "import os\nos.mkdir('d')\nos.rename('new', 'd/moved')\n");
	assert_string_equal(read_back("d/moved"), "\xc3");
	session_run(&t, "os.remove('d/moved')\nos.rmdir('d')\n");
	session_expect(&t, "print(sorted(os.listdir()))", "['pkg', 'text']\n");
	session_end(&t);
}

static void all_bytes_and_big_files(void **state)
{
	static uint8_t big[20000];
	struct session t;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + (i >> 8));
	make("big", big, sizeof(big));
	begin(&t, false);
	session_expect(&t,
		       "d = open('big', 'rb').read()\n"
		       "print(len(d), all(d[i] == (i * 7 + (i >> 8)) & 255 "
		       "for i in range(len(d))))\n"
		       "with open('copy', 'wb') as f: print(f.write(d))\n"
		       "b = bytearray(300)\nf = open('copy', 'rb')\nn = k = 0\n"
		       "while 1:\n k = f.readinto(b)\n if not k: break\n"
		       " assert b[:k] == d[n:n + k]\n n += k\n"
		       "print(n)\nimport os\nos.remove('copy')\nos.remove('big')\n",
		       "20000 True\n20000\n20000\n");
	session_end(&t);
}

static void the_folder_is_not_left(void **state)
{
	static const char *const attempts[] = {
		"open('out')",
		"open('../secret')",
		"open('/remote/../secret')",
		"open('pkg/../../secret')",
		"open('../new', 'w')",
		"os.stat('../secret')",
		"os.listdir('..')",
		"os.mkdir('../d')",
		"os.remove('../secret')",
		"os.rename('../secret', 'got')",
		"os.rename('text', '../got')",
		"os.rmdir('')",
	};
	struct session t;
	char code[256];

	(void)state;
	begin(&t, false);
	session_run(&t, "import os");
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		kiln_text_format(code, sizeof(code), "try: %s\nexcept OSError as e: print(e.errno)",
				 attempts[i]);
		session_run(&t, code);
		if (strcmp(kiln_buf_str(&t.out), "1\n") != 0)
			fail_msg("%s: %s", attempts[i], kiln_buf_str(&t.out));
	}
	assert_string_equal(read_back("../secret"), "secret");
	session_expect(&t, "try: open('none')\nexcept OSError as e: print(e.errno)", "2\n");
	session_expect(&t, "try: open('pkg', 'w')\nexcept OSError as e: print(e.errno)", "21\n");
	session_expect(&t, "try: open('x', 'q')\nexcept OSError as e: print(e.errno)", "22\n");
	session_end(&t);
	begin(&t, true);
	session_expect(&t, "print(open('out').read())", "secret\n");
	session_expect(&t, "try: open('../secret')\nexcept OSError as e: print(e.errno)", "1\n");
	session_end(&t);
}

static void output_comes_in_between(void **state)
{
	struct session t;

	(void)state;
	begin(&t, false);
	session_expect(&t,
		       "import sys\nfor i in range(3):\n"
		       " print('a', end='')\n open('text').close()\n print('b')\n"
		       " sys.stdout.buffer.write(b'\\x1d')\n"
		       "print('x\\x1d<y')",
		       "ab\n\x1d"
		       "ab\n\x1d"
		       "ab\n\x1dx\x1d<y\n");
	session_end(&t);
}

static void an_interrupt_in_the_middle(void **state)
{
	struct session t;

	(void)state;
	begin(&t, false);
	for (size_t i = 0; i < 5; i++) {
		t.cancel_at = "go";
		session_run(&t, "n = 0\nwhile 1:\n f = open('text'); f.read(); f.close(); n += 1\n"
				" if n == 3: print('go')");
		assert_true(t.result.interrupted);
		session_expect(&t, "print(n >= 3, open('pkg/inner.py').read(6))", "True X = 42\n");
	}
	session_end(&t);
}

static void a_soft_reset(void **state)
{
	enum { UNANSWERED_MS = 12000 }; /* a request that nobody answers */
	struct session t;
	kiln_ms start;

	(void)state;
	begin(&t, false);
	session_run(&t, "f = open('text')");
	assert_int_equal(kiln_repl_soft_reset(t.repl, false, NULL, &t.err), KILN_OK);
	session_expect(&t, "import os\nprint(os.getcwd())", "/\n");
	assert_int_equal(kiln_mount_again(t.repl, &t.err), KILN_OK);
	session_expect(&t, "import os\nprint(os.getcwd(), open('text').readline())",
		       "/remote één\n\n");
	/* and another folder in its place: what takes the old one away asks nothing of it */
	start = kiln_link_now(kiln_repl_link(t.repl));
	assert_int_equal(kiln_mount_begin(t.repl, outer, false, &t.err), KILN_OK);
	assert_true(kiln_link_now(kiln_repl_link(t.repl)) - start < UNANSWERED_MS);
	session_expect(&t, "print(sorted(os.listdir()))", "['in', 'secret']\n");
	session_end(&t);
}

static void what_can_not_be_mounted(void **state)
{
	struct session t;

	(void)state;
	session_begin(&t);
	assert_int_equal(kiln_mount_begin(t.repl, "/no/such", false, &t.err), KILN_E_NOT_FOUND);
	assert_string_equal(t.err.what, "cannot mount '/no/such'");
	assert_null(kiln_mount_folder(kiln_repl_link(t.repl)));
	assert_int_equal(kiln_mount_end(t.repl, &t.err), KILN_OK);
	session_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_import_and_see_the_folder),
		cmocka_unit_test(files_are_read_and_written),
		cmocka_unit_test(all_bytes_and_big_files),
		cmocka_unit_test(the_folder_is_not_left),
		cmocka_unit_test(output_comes_in_between),
		cmocka_unit_test(an_interrupt_in_the_middle),
		cmocka_unit_test(a_soft_reset),
		cmocka_unit_test(what_can_not_be_mounted),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
