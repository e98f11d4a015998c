/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "board/secrets.h"

static void secrets_in_python(void **state)
{
	static const char text[] =
		"# webrepl_pwd = 'no'\nwebrepl_pwd_old = 'old'\nwebrepl_pwd == 'x'\n"
		"webrepl_pwd = other\nwebrepl_pwd=  \"it's \\\"me\\\"\" # yes\n"
		"mp_pwd = ''\nlong = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n"
		"open = 'never ends\nwebrepl_pwd = 'late'";
	char secret[20];

	(void)state;
	assert_true(kiln_secret_in_python(text, "webrepl_pwd", secret, sizeof(secret)));
	assert_string_equal(secret, "it's \"me\"");
	assert_false(kiln_secret_in_python(text, "mp_pwd", secret, sizeof(secret)));
	assert_false(kiln_secret_in_python(text, "long", secret, sizeof(secret)));
	assert_false(kiln_secret_in_python(text, "open", secret, sizeof(secret)));
	assert_false(kiln_secret_in_python("", "x", secret, sizeof(secret)));
}

/* ---- config.yaml ---- */

static const char config_text[] =
	"ports:\n  - /dev/x\n  - ws://:port-s@h:1\nwebrepl_password: all-s\n";

/* An environment of its own, in a folder that is the current one too. */
static struct place {
	char folder[64];
	const char *config, *home; /* NULL: not set */
} place;

static const char *variable(void *user, const char *name)
{
	const struct place *p = user;

	if (strcmp(name, "XDG_CONFIG_HOME") == 0)
		return p->config;
	return strcmp(name, "HOME") == 0 ? p->home : NULL;
}

static void write_config(const char *folder, const char *text)
{
	FILE *f;

	assert_int_equal(chdir(place.folder), 0);
	(void)mkdir(folder, 0700);
	assert_int_equal(chdir(folder), 0);
	(void)mkdir("kiln", 0700);
	f = fopen("kiln/config.yaml", "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chdir(place.folder), 0);
}

static int enter(void **state)
{
	(void)state;
	place = (struct place){ .folder = "/tmp/kiln-secrets-XXXXXX" };
	return mkdtemp(place.folder) ? 0 : -1;
}

static int leave(void **state)
{
	static const char *const files[] = { "one", "rel", ".config" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		kiln_text_format(path, sizeof(path), "%s/%s/kiln/config.yaml", place.folder,
				 files[i]);
		(void)unlink(path);
		for (int level = 0; level < 2; level++) {
			*strrchr(path, '/') = '\0';
			(void)rmdir(path);
		}
	}
	return chdir("/") == 0 && rmdir(place.folder) == 0 ? 0 : -1;
}

/* "" : there is none */
static const char *found(const char *url, char secret[32])
{
	struct kiln_devices_env env = { .get = variable, .user = &place };

	return kiln_secret_lookup(&env, url, "WebREPL password", secret, 32) ? secret : "";
}

static void a_port_has_its_own_before_all(void **state)
{
	char secret[32], config[96];

	(void)state;
	kiln_text_format(config, sizeof(config), "%s/one", place.folder);
	write_config("one", config_text);
	place.config = config;
	assert_string_equal(found("ws://h:1", secret), "port-s");
	assert_string_equal(found("ws://h:2", secret), "all-s");
	/* what is no such file has none */
	write_config("one", "- a\n- list\n");
	assert_string_equal(found("ws://h:1", secret), "");
	write_config("one", "ports: {a: b}\nwebrepl_password: [x]\n");
	assert_string_equal(found("ws://h:1", secret), "");
	write_config("one", "\tno: yaml: at all");
	assert_string_equal(found("ws://h:1", secret), "");
}

/* By the XDG specification a path that is not absolute is to be ignored. */
static void a_relative_folder_is_ignored(void **state)
{
	char secret[32];

	(void)state;
	write_config("rel", "webrepl_password: wrong\n");
	write_config(".config", config_text);
	place.config = "rel";
	place.home = place.folder;
	assert_string_equal(found("ws://h:2", secret), "all-s");
	place.home = NULL;
	assert_string_equal(found("ws://h:2", secret), "");
	place.home = "";
	assert_string_equal(found("ws://h:2", secret), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_in_python),
		cmocka_unit_test_setup_teardown(a_port_has_its_own_before_all, enter, leave),
		cmocka_unit_test_setup_teardown(a_relative_folder_is_ignored, enter, leave),
	};
	return RUN(tests);
}
