/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "board/devices.h"
#include "board/places.h"

/* An environment of this test's own: NAME, value, ... */
static const char *lent(void *user, const char *name)
{
	for (const char *const *pair = user; *pair; pair += 2) {
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	}
	return NULL;
}

static const char *home_only[] = { "HOME", "/home/ann", "EMPTY", "", NULL };
static const struct kiln_devices_env env = { lent, home_only };

static kiln_code parse(struct kiln_devices *d, const char *text, struct kiln_err *err)
{
	*d = (struct kiln_devices){ .n = 0 };
	return kiln_devices_parse(d, &env, "x.yaml", text, strlen(text), err);
}

static void parsed(struct kiln_devices *d, const char *text)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (parse(d, text, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
}

static void a_device_is_its_name_and_uid(void **state)
{
	struct kiln_devices d;

	(void)state;
	parsed(&d, "# the bench\n"
		   "plotter:\n"
		   "    uid: 24:0A:C4:12:87:7C\n"
		   "lamp: {uid: '30-11-22-33-44-55'}\n");
	assert_int_equal(d.n, 2);
	assert_string_equal(d.items[0].name, "plotter");
	assert_string_equal(d.items[0].uid, "24:0a:c4:12:87:7c");
	assert_string_equal(d.items[0].file, "x.yaml");
	assert_int_equal(d.items[0].line, 2);
	assert_int_equal(d.items[0].n_resources, 0);
	assert_ptr_equal(kiln_devices_find(&d, "lamp"), &d.items[1]);
	assert_ptr_equal(kiln_devices_find(&d, "301122334455"), &d.items[1]);
	assert_null(kiln_devices_find(&d, "nobody"));
	assert_string_equal(kiln_devices_name_of(&d, "24:0a:c4:12:87:7c"), "plotter");
	assert_null(kiln_devices_name_of(&d, "24:0a:c4:12:87:7d"));
	kiln_devices_done(&d);
}

static void texts_are(const struct kiln_texts *t, const char *const *expected)
{
	size_t n = 0;

	for (; expected[n]; n++) {
		assert_true(n < t->n);
		assert_string_equal(t->items[n], expected[n]);
	}
	assert_int_equal(t->n, n);
}

#define TEXTS(...)                              \
	(const char *const[])                   \
	{                                       \
		__VA_ARGS__ __VA_OPT__(, ) NULL \
	}

static void resources_take_what_they_do_not_say_from_the_device(void **state)
{
	struct kiln_devices d;
	const struct kiln_resource *r;

	(void)state;
	parsed(&d, "a:\n"
		   "    uid: '2d:00:49:00:09:50:52:42:4e:30:39:20:'\n"
		   "    install-dir: lib//x/\n"
		   "    include-patterns: '*.py'\n"
		   "    exclude-patterns: []\n"
		   "    path: plotter\n"
		   "    resources:\n"
		   "        - main.py\n"
		   "        - abc.py:\n"
		   "        - drivers/x/: /flash\n"
		   "        - boot:\n"
		   "            path: ~/common\n"
		   "            unpack: No\n"
		   "            install-dir: /\n"
		   "            include-patterns: [a, 'b c']\n"
		   "            exclude-patterns: boot_out.txt\n");
	assert_string_equal(d.items[0].uid, "2d:00:49:00:09:50:52:42:4e:30:39:20");
	assert_int_equal(d.items[0].n_resources, 4);
	r = d.items[0].resources;
	assert_string_equal(r[0].name, "main.py");
	assert_string_equal(r[0].path, "/home/ann/projects/plotter");
	assert_string_equal(r[0].install_dir, "/lib/x");
	assert_int_equal(r[0].unpack, KILN_UNPACK_AUTO);
	texts_are(&r[0].include, TEXTS("*.py"));
	texts_are(&r[0].exclude, TEXTS());
	assert_string_equal(r[1].name, "abc.py");
	assert_string_equal(r[1].install_dir, "/lib/x");
	assert_string_equal(r[2].name, "drivers/x");
	assert_string_equal(r[2].install_dir, "/flash");
	assert_string_equal(r[3].name, "boot");
	assert_string_equal(r[3].path, "/home/ann/common");
	assert_string_equal(r[3].install_dir, "/");
	assert_int_equal(r[3].unpack, KILN_UNPACK_NO);
	assert_int_equal(r[3].line, 11);
	texts_are(&r[3].include, TEXTS("a", "b c"));
	texts_are(&r[3].exclude, TEXTS("boot_out.txt"));
	kiln_devices_done(&d);
}

static void what_is_not_said_at_all_has_a_meaning(void **state)
{
	struct kiln_devices d;

	(void)state;
	parsed(&d, "a: {uid: 24, resources: [main.py]}\n");
	assert_string_equal(d.items[0].resources[0].path, "/home/ann/projects");
	assert_string_equal(d.items[0].resources[0].install_dir, "/");
	texts_are(&d.items[0].resources[0].include, TEXTS("./**/*.py", "./**/*.mpy", "./**/"));
	texts_are(&d.items[0].resources[0].exclude, TEXTS("boot_out.txt"));
	kiln_devices_done(&d);
	parsed(&d, "");
	assert_int_equal(d.n, 0);
	parsed(&d, "# nothing yet\n---\n");
	assert_int_equal(d.n, 0);
}

static void what_boards_share_is_written_once(void **state)
{
	struct kiln_devices d;

	(void)state;
	parsed(&d, "a: &a\n"
		   "    uid: 01\n"
		   "    install-dir: /lib\n"
		   "    resources: &files [one.py, two.py]\n"
		   "b:\n"
		   "    <<: *a\n"
		   "    uid: 02\n"
		   "c: {uid: 03, resources: *files}\n");
	assert_int_equal(d.n, 3);
	assert_string_equal(d.items[1].uid, "02");
	assert_string_equal(d.items[1].resources[1].name, "two.py");
	assert_string_equal(d.items[1].resources[1].install_dir, "/lib");
	assert_string_equal(d.items[2].resources[1].install_dir, "/");
	kiln_devices_done(&d);
}

/* What is wrong with a file, and what is said of it. */
static const struct {
	const char *text, *why, *hint;
} bad[] = {
	{ "a:\n    path: x\n", "line 1: the device 'a' has no uid",
	  "'kiln discover -v' shows the uid of each board" },
	{ "a: {uid: }\n", "line 1: the device 'a' has no uid",
	  "'kiln discover -v' shows the uid of each board" },
	{ "a: {uid: 24:0g}\n", "line 1: '24:0g' is no uid",
	  "'kiln discover -v' shows the uid of each board" },
	{ "a:\n  uid: 00112233445566778899aabbccddeeff001122334455\n",
	  "line 2: '00112233445566778899aabbccddeeff001122334455' is no uid",
	  "'kiln discover -v' shows the uid of each board" },
	{ "a: {uid: [1]}\n", "line 1: 'uid' is no text", "" },
	{ "a: {uid: 01, uid: 02}\n", "line 1: 'uid' stands here twice", "" },
	{ "a: {uid: 01}\nb: {uid: 02}\na: {uid: 03}\n",
	  "line 3: 'a' is a device already (x.yaml, line 1)", "" },
	{ "a: {uid: '0a'}\nb: {uid: 0A}\n", "line 2: the uid 0a is that of 'a' (x.yaml, line 1)",
	  "" },
	{ "a:\n    uid: 01\n\tpath: x\n", "line 3: a tab: YAML allows none here",
	  "indent with spaces" },
	{ "a:\n\tuid: 01\n", "line 2: a tab: YAML allows none here", "indent with spaces" },
	{ "a: {uid: 01\n", "line 2: did not find expected ',' or '}'", "" },
	{ "a:\n", "line 1: nothing is said of the device 'a'",
	  "at least its uid has to be given: \"NAME: {uid: ...}\"" },
	{ "- a\n", "line 1: the file is no mapping of names to devices",
	  "a device is described as \"NAME: {uid: ...}\"" },
	{ "a: {uid: 01}\n---\nb: {uid: 02}\n", "line 2: a second document begins", "" },
	{ "a/b: {uid: 01}\n", "line 1: 'a/b' is no name for a device",
	  "a name has up to 63 characters, no spaces, and none of / : ? * ' \"" },
	{ "\"a\\e[2J\": {uid: 01}\n", "line 1: 'a?[2J' is no name for a device",
	  "a name has up to 63 characters, no spaces, and none of / : ? * ' \"" },
	{ "a: {uid: 01, install_dir: /lib}\n", "line 1: no such key: 'install_dir'",
	  "the keys here are: uid path install-dir include-patterns exclude-patterns resources" },
	{ "a:\n  uid: 01\n  resources:\n  - x: {lib: y}\n", "line 4: no such key: 'lib'",
	  "the keys here are: path install-dir unpack include-patterns exclude-patterns" },
	{ "a: {uid: 01, resources: x}\n", "line 1: 'resources' is no list",
	  "each resource stands behind a '-'" },
	{ "a:\n  uid: 01\n  resources:\n  - x:\n      unpack: maybe\n",
	  "line 5: 'unpack' is neither true nor false", "" },
	{ "a:\n  uid: 01\n  resources:\n  - x:\n    install-dir: /\n",
	  "line 4: an item of 'resources' names more than one, or none",
	  "what belongs to a resource is indented deeper than its name" },
	{ "a: {uid: 01, resources: [x: [y]]}\n",
	  "line 1: behind a resource stands where it goes, or a mapping", "" },
	{ "a: {uid: 01, resources: [[y]]}\n", "line 1: a resource is the name of a file or folder",
	  "" },
	{ "a: {uid: 01, resources: [../x]}\n", "line 1: the resource '../x' is not below 'path'",
	  "its folder is named by 'path:', as in \"- boot: {path: ~/common}\"" },
	{ "a: {uid: 01, resources: [/etc/passwd]}\n",
	  "line 1: the resource '/etc/passwd' is not below 'path'",
	  "its folder is named by 'path:', as in \"- boot: {path: ~/common}\"" },
	{ "a: {uid: 01, resources: [x: /lib/../..]}\n", "line 1: 'install-dir' has a '..' in it",
	  "" },
	{ "a:\n  uid: 01\n  path: $NOWHERE/x\n", "line 3: the variable NOWHERE is not set", "" },
	{ "a: {uid: 01, include-patterns: {x: y}}\n",
	  "line 1: 'include-patterns' is no text and no list of texts", "" },
	{ "a:\n  uid: 01\n  exclude-patterns:\n  - x\n  - [y]\n",
	  "line 5: an item of 'exclude-patterns' is no text", "" },
	{ "a: &a\n  uid: 01\n  <<: *a\n", "line 1: '<<' wants one mapping, as in \"<<: *name\"",
	  "" },
	{ "a: {uid: 01, resources: *files}\n", "line 1: found undefined alias", "" },
	{ "a: \xff\n", "line 1: invalid leading UTF-8 octet", "" },
};

static void what_is_wrong_is_said_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_devices d;

		if (parse(&d, bad[i].text, &err) != KILN_E_CONFIG)
			fail_msg("taken: %s", bad[i].text);
		assert_string_equal(err.what, "cannot use 'x.yaml'");
		assert_string_equal(err.why, bad[i].why);
		assert_string_equal(err.hint, bad[i].hint);
		assert_int_equal(d.n, 0);
		kiln_devices_done(&d);
	}
}

/* One list, named by very many: what it stands for is bounded, not only what is written. */
static void aliases_can_not_fill_the_memory(void **state)
{
	static char text[1024 * 1024];
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_devices d;
	size_t n = 0;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text), "a: {uid: 01, resources: &r [x");
	while (n < 200000)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",y");
	n += (size_t)snprintf(text + n, sizeof(text) - n, "]}\n");
	for (int i = 2; n < 300000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "d%d: {uid: '%08x', resources: *r}\n", i, (unsigned)i);
	assert_int_equal(parse(&d, text, &err), KILN_E_CONFIG);
	assert_int_equal(d.n, 0);
	assert_int_equal(d.used, 0);
	kiln_devices_done(&d);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_file(const char *folder, const char *name)
{
	char path[300];

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static void a_folder_is_read_and_a_bad_file_spoils_only_itself(void **state)
{
	char folder[] = "/tmp/kiln-devices-XXXXXX";
	const char *vars[] = { "HOME", "/nowhere", "IOT_DEVICES", NULL, NULL };
	const struct kiln_devices_env here = { lent, vars };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_devices d;
	char expected[300];

	(void)state;
	assert_non_null(mkdtemp(folder));
	vars[3] = folder;
	write_file(folder, "a.yaml", "one: {uid: 01}\n");
	write_file(folder, "b.yml", "good: {uid: 07}\none: {uid: 02}\n");
	write_file(folder, "c.yml", "three: {uid: 03}\n");
	write_file(folder, "notes.txt", "one: {uid: 04}\n");
	write_file(folder, ".hidden.yaml", "one: {uid: 05}\n");
	assert_int_equal(kiln_devices_load(&here, &d, &err), KILN_OK);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.items[0].name, "one");
	assert_string_equal(d.items[1].name, "three");
	assert_int_equal(d.n_problems, 1);
	kiln_text_format(expected, sizeof(expected), "cannot use '%s/b.yml'", folder);
	assert_string_equal(d.problems[0].what, expected);
	kiln_text_format(expected, sizeof(expected),
			 "line 2: 'one' is a device already (%s/a.yaml, line 1)", folder);
	assert_string_equal(d.problems[0].why, expected);
	kiln_devices_done(&d);
	remove_file(folder, "a.yaml");
	remove_file(folder, "b.yml");
	remove_file(folder, "c.yml");
	remove_file(folder, "notes.txt");
	remove_file(folder, ".hidden.yaml");
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(kiln_devices_load(&here, &d, &err), KILN_OK); /* not there: none */
	assert_int_equal(d.n, 0);
	kiln_devices_done(&d);
}

static void folder_is(const char *const *vars, const char *expected)
{
	const struct kiln_devices_env e = { lent, (void *)(uintptr_t)vars };
	struct kiln_err err = KILN_ERR_INIT;
	char *folder;

	if (kiln_devices_folder(&e, &folder, &err) != KILN_OK) {
		assert_string_equal(err.why, expected);
		return;
	}
	assert_string_equal(folder, expected);
	free(folder);
}

static void the_folder_is_named_by_the_environment(void **state)
{
	(void)state;
	folder_is(TEXTS("HOME", "/home/ann"), "/home/ann/projects/devices");
	folder_is(TEXTS("HOME", "/home/ann", "IOT_PROJECTS", "~/iot"), "/home/ann/iot/devices");
	folder_is(TEXTS("HOME", "/h", "IOT_PROJECTS", "/p", "IOT_DEVICES", "$IOT_PROJECTS/d"),
		  "/p/d");
	folder_is(TEXTS("IOT_DEVICES", "/d"), "/d");
	folder_is(TEXTS("IOT_DEVICES", "${X}/d", "X", "/x"), "/x/d");
	folder_is(TEXTS("X", "y"), "the variable IOT_PROJECTS is not set");
	folder_is(TEXTS("IOT_DEVICES", "~"), "the variable HOME is not set");
}

static void paths_are_put_in_order(void **state)
{
	static const char *const paths[][2] = {
		{ "/", "/" },     { "//a//b/", "/a/b" }, { "./a/./b", "a/b" }, { "a/", "a" },
		{ "", "" },       { ".", "" },           { "/.", "/" },        { "a..b", "a..b" },
		{ "...", "..." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char path[32];

		kiln_text_copy(path, sizeof(path), paths[i][0]);
		assert_true(kiln_place_tidy(path));
		assert_string_equal(path, paths[i][1]);
	}
	assert_false(kiln_place_tidy((char[]){ "a/../b" }));
	assert_false(kiln_place_tidy((char[]){ "/.." }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_its_name_and_uid),
		cmocka_unit_test(resources_take_what_they_do_not_say_from_the_device),
		cmocka_unit_test(what_is_not_said_at_all_has_a_meaning),
		cmocka_unit_test(what_boards_share_is_written_once),
		cmocka_unit_test(what_is_wrong_is_said_with_its_line),
		cmocka_unit_test(aliases_can_not_fill_the_memory),
		cmocka_unit_test(a_folder_is_read_and_a_bad_file_spoils_only_itself),
		cmocka_unit_test(the_folder_is_named_by_the_environment),
		cmocka_unit_test(paths_are_put_in_order),
	};
	return RUN(tests);
}
