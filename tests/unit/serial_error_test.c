/* SPDX-License-Identifier: Apache-2.0 */
/* What is said when a serial port can't be opened; the errors themselves: link_tty_test.c. */
#include "unit.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "link/serial_error.h"

#define LISTS "'kiln discover -a' lists the ports there are"

static void each_error_says_what_to_do(void **state)
{
	static const struct {
		const char *path;
		int sys;
		kiln_code code;
		const char *why, *hint;
	} cases[] = {
		{ "/no/ttyUSB0", ENOENT, KILN_E_PORT_MISSING, "no such port",
		  LISTS "; is the board plugged in with a cable that carries data?" },
		{ "/no/ttyUSB0", ENOTDIR, KILN_E_PORT_MISSING, "no such port",
		  LISTS "; is the board plugged in with a cable that carries data?" },
		{ "null", ENOENT, KILN_E_PORT_MISSING, "no such port",
		  "did you mean '/dev/null'?" },
		{ "/dev/ttyS9", EIO, KILN_E_PORT_MISSING, "there is no hardware behind it", LISTS },
		{ "/dev/ttyS9", ENXIO, KILN_E_PORT_MISSING, "there is no hardware behind it",
		  LISTS },
		{ "/dev/ttyUSB0", ENODEV, KILN_E_PORT_MISSING, "there is no hardware behind it",
		  LISTS },
		{ "/dev/null", ENOTTY, KILN_E_INVALID, "not a serial port", LISTS },
		{ "/dev/null", EINVAL, KILN_E_INVALID, "not a serial port", LISTS },
		{ "/dev", EISDIR, KILN_E_INVALID, "not a serial port", LISTS },
		{ "/no/ttyUSB0", EBUSY, KILN_E_PORT_BUSY, "port is busy: another program holds it",
		  "close what uses it (Thonny, mpremote, screen...), then try again" },
		{ "/no/ttyUSB0", EACCES, KILN_E_PORT_DENIED, "permission denied", "" },
		{ "/dev/ttyUSB0", EMFILE, KILN_E_IO, "too many open files", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;
		char what[64];

		kiln_text_format(what, sizeof(what), "cannot open '%s'", cases[i].path);
		assert_int_equal(kiln_serial_open_failed(cases[i].path, cases[i].sys, &err),
				 cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.what, what);
		assert_string_equal(err.why, cases[i].why);
		assert_string_equal(err.hint, cases[i].hint);
	}
}

/* A device of our group: the hint is what makes this user one who may use it. */
static void rights_are_those_of_the_group(void **state)
{
	const struct group *group = getgrgid(getegid());
	const struct passwd *user = getpwuid(geteuid());
	struct kiln_err err = KILN_ERR_INIT;
	char path[] = "/tmp/kiln-rights-XXXXXX", hint[320], number[16], name[64];
	bool member = false;

	(void)state;
	kiln_text_format(number, sizeof(number), "%u", (unsigned)getegid());
	kiln_text_copy(name, sizeof(name), group ? group->gr_name : number);
	for (char **m = group ? group->gr_mem : NULL; m && *m; m++)
		member |= user && strcmp(*m, user->pw_name) == 0;
	close(mkstemp(path));
	assert_int_equal(chown(path, (uid_t)-1, getegid()), 0);

	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(kiln_serial_open_failed(path, EACCES, &err), KILN_E_PORT_DENIED);
	kiln_text_format(hint, sizeof(hint),
			 "only root may use it: see who made it so with ls -l %s", path);
	assert_string_equal(err.hint, hint);

	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(kiln_serial_open_failed(path, EPERM, &err), KILN_E_PORT_DENIED);
	if (member)
		kiln_text_format(hint, sizeof(hint),
				 "you are in group '%s', but not in this session yet: log out and "
				 "in again",
				 name);
	else
		kiln_text_format(
			hint, sizeof(hint),
			"join its group: sudo usermod -aG %s %s, then log out and in again", name,
			user ? user->pw_name : "$USER");
	assert_string_equal(err.hint, hint);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_says_what_to_do),
		cmocka_unit_test(rights_are_those_of_the_group),
	};

	return RUN(tests);
}
