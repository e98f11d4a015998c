/* SPDX-License-Identifier: Apache-2.0 */
/* Names below a folder, and those that would lead out of it. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "hostfs/beneath.h"

static char folder[64];
static int root;

static void make(const char *path, const char *text)
{
	const int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	int outer;

	(void)state;
	kiln_text_copy(folder, sizeof(folder), "/tmp/kiln-beneath-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	outer = open(folder, O_RDONLY | O_DIRECTORY);
	if (mkdirat(outer, "in", 0700) != 0 || mkdirat(outer, "in/sub", 0700) != 0)
		return -1;
	root = openat(outer, "in", O_RDONLY | O_DIRECTORY);
	make("../secret", "secret");
	make("file", "file");
	make("sub/deep", "deep");
	(void)!symlinkat("sub/deep", root, "good");
	(void)!symlinkat("../file", root, "sub/up");
	(void)!symlinkat("../secret", root, "out");
	(void)!symlinkat("../..", root, "sub/above");
	(void)!symlinkat("/etc", root, "absolute");
	(void)!symlinkat("loop", root, "loop");
	(void)!symlinkat("nowhere", root, "dangling");
	close(outer);
	return 0;
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
	(void)state;
	close(root);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What the file says that the name leads to; or the errno as "E2". */
static const char *read_at(const char *path, unsigned rules)
{
	static char text[64];
	struct kiln_beneath at;
	ssize_t n = -1;
	int fd;

	memset(text, 0, sizeof(text));
	if (kiln_beneath_find(root, path, rules, &at) == 0) {
		fd = openat(at.folder, at.name, at.flags | O_RDONLY);
		kiln_beneath_done(&at);
		if (fd >= 0) {
			n = read(fd, text, sizeof(text) - 1);
			close(fd);
		}
	}
	if (n < 0)
		snprintf(text, sizeof(text), "E%d", errno);
	return text;
}

static void names(void **state)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{ "file", "file" },
		{ "/file", "file" },
		{ "sub/../file", "file" },
		{ "./sub//deep", "deep" },
		{ "good", "deep" },
		{ "sub/up", "file" },
		{ "../secret", "E18" },
		{ "sub/../../secret", "E18" },
		{ "out", "E18" },
		{ "sub/above/secret", "E18" },
		{ "absolute/passwd", "E18" },
		{ "loop", "E40" },
		{ "dangling", "E2" },
		{ "file/x", "E20" },
		{ "no/x", "E2" },
		{ "..", "E18" },
		{ "", "E21" },
		{ "sub", "E21" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = read_at(cases[i].path, KILN_BENEATH_FOLLOW);

		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: %s, not %s", cases[i].path, text, cases[i].text);
	}
}

static void unsafe_links(void **state)
{
	const unsigned rules = KILN_BENEATH_FOLLOW | KILN_BENEATH_UNSAFE;

	(void)state;
	assert_string_equal(read_at("out", rules), "secret");
	assert_string_equal(read_at("sub/above/secret", rules), "secret");
	assert_string_equal(read_at("good", rules), "deep");
	assert_string_equal(read_at("../secret", rules), "E18");
	assert_string_equal(read_at("absolute/../../secret", rules), "E18");
}

static void the_link_itself(void **state)
{
	(void)state;
	assert_string_equal(read_at("good", 0), "E40"); /* O_NOFOLLOW */
}

static void long_names(void **state)
{
	char name[9000], deep[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(read_at(name, KILN_BENEATH_FOLLOW), "E36");
	name[300] = '\0';
	assert_string_equal(read_at(name, KILN_BENEATH_FOLLOW), "E36");
	for (size_t i = 0; i < sizeof(deep) - 1; i++)
		deep[i] = i % 2 ? '/' : '.';
	deep[sizeof(deep) - 1] = '\0';
	assert_string_equal(read_at(deep, KILN_BENEATH_FOLLOW), "E21");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(unsafe_links),
		cmocka_unit_test(the_link_itself),
		cmocka_unit_test(long_names),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
