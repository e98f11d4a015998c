/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

/* Each test works in an empty folder of its own, which is where the process is, too. */
static int enter(void **state)
{
	char *root = strdup("/tmp/kiln-folder-XXXXXX");

	*state = root;
	return root && mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	static const char *const made[] = { "a/b/c", "a/b", "a" };

	(void)unlink("file");
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		(void)rmdir(made[i]);
	assert_int_equal(chdir("/"), 0);
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	return st.st_mode & 0777;
}

static void those_above_are_made_too(void **state)
{
	char path[256];

	(void)umask(022);
	kiln_text_format(path, sizeof(path), "%s//a/b/c/", (const char *)*state);
	assert_int_equal(kiln_folder_make(path, 0700, NULL), KILN_OK);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b/c"), 0700);
	/* those that are there stay as they are */
	assert_int_equal(kiln_folder_make("a/b/c", 0755, NULL), KILN_OK);
	assert_int_equal(mode_of("a/b/c"), 0700);
}

static void a_file_needs_the_folder_that_it_is_in(void **state)
{
	(void)state;
	assert_int_equal(kiln_folder_make_for("a/b/file", 0700, NULL), KILN_OK);
	assert_int_equal(mode_of("a/b"), 0700);
	assert_int_not_equal(access("a/b/file", F_OK), 0);
	assert_int_equal(kiln_folder_make_for("file", 0700, NULL), KILN_OK);
	assert_int_equal(kiln_folder_make_for("/file", 0700, NULL), KILN_OK);
}

static void a_file_in_the_way_is_said(void **state)
{
	static const struct {
		const char *path, *what, *why;
	} cases[] = {
		{ "file", "cannot make the folder 'file'", "not a directory" },
		{ "file/b/c", "cannot make the folder 'file/b'", "not a directory" },
	};
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	close(open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(kiln_folder_make(cases[i].path, 0700, &err), KILN_E_IO);
		assert_string_equal(err.what, cases[i].what);
		assert_string_equal(err.why, cases[i].why);
	}
}

static void a_path_without_end_is_refused(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	char path[8192];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(kiln_folder_make(path, 0700, &err), KILN_E_IO);
	assert_string_equal(err.why, "file name too long");
	path[sizeof(path) / 2 + 100] = '/';
	assert_int_equal(kiln_folder_make_for(path, 0700, &err), KILN_E_IO);
	assert_string_equal(err.why, "file name too long");
}

static void only_a_regular_file_is_locked(void **state)
{
	int fd;

	(void)state;
	fd = kiln_folder_open_locked("file");
	assert_true(fd >= 0);
	/* another open file of it does not get the lock: flock(2) knows no processes */
	const int other = open("file", O_RDONLY | O_CLOEXEC);

	assert_int_not_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	assert_int_equal(symlink("file", "a"), 0);
	assert_int_equal(kiln_folder_open_locked("a"), -1);
	assert_int_equal(unlink("a"), 0);
	assert_int_equal(mkfifo("a", 0600), 0);
	assert_int_equal(kiln_folder_open_locked("a"), -1);
	assert_int_equal(unlink("a"), 0);
	assert_int_equal(kiln_folder_open_locked("."), -1);
	assert_int_equal(kiln_folder_open_locked("no/file"), -1);
}

static void a_variable_comes_before_the_home(void **state)
{
	static const struct {
		const char *variable, *home, *usual, *want; /* want NULL: no place */
	} cases[] = {
		{ "/state", "/home/u", ".local/state", "/state/kiln/x" },
		{ "/state", NULL, NULL, "/state/kiln/x" },
		{ NULL, "/home/u", ".local/state", "/home/u/.local/state/kiln/x" },
		{ "", "/home/u", ".local/state", "/home/u/.local/state/kiln/x" },
		{ "relative", "/home/u", ".local/state", "/home/u/.local/state/kiln/x" },
		{ "relative", "relative", ".local/state", NULL },
		{ NULL, "/home/u", NULL, NULL },
		{ NULL, NULL, ".local/state", NULL },
		{ "/state-that-makes-it-too-long", "/home/u", NULL, NULL },
	};
	char path[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)unsetenv("XDG_STATE_HOME");
		(void)unsetenv("HOME");
		if (cases[i].variable)
			assert_int_equal(setenv("XDG_STATE_HOME", cases[i].variable, 1), 0);
		if (cases[i].home)
			assert_int_equal(setenv("HOME", cases[i].home, 1), 0);
		assert_int_equal(kiln_folder_user(path, sizeof(path), "XDG_STATE_HOME",
						  cases[i].usual, "kiln/x"),
				 cases[i].want != NULL);
		if (cases[i].want)
			assert_string_equal(path, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(those_above_are_made_too, enter, leave),
		cmocka_unit_test_setup_teardown(a_file_needs_the_folder_that_it_is_in, enter,
						leave),
		cmocka_unit_test_setup_teardown(a_file_in_the_way_is_said, enter, leave),
		cmocka_unit_test_setup_teardown(only_a_regular_file_is_locked, enter, leave),
		cmocka_unit_test(a_path_without_end_is_refused),
		cmocka_unit_test(a_variable_comes_before_the_home),
	};

	return RUN(tests);
}
