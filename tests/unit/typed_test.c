/* SPDX-License-Identifier: Apache-2.0 */
/* What was typed at a prompt: read off the board's echo, kept, and found again. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/terminal_history.h"

static const char *typed_of(struct lineview *v, const char *said)
{
	static char text[LINEVIEW_MAX + 1];
	size_t n;
	const char *typed;

	lineview_init(v);
	for (const char *c = said; *c; c++)
		lineview_byte(v, (uint8_t)*c);
	typed = lineview_typed(v, &n);
	if (!typed)
		return "(none)";
	memcpy(text, typed, n);
	text[n] = '\0';
	return text;
}

static void the_line_is_read_off_the_echo(void **state)
{
	/* as MicroPython 1.27's readline answers keys */
	static const char *const lines[][2] = {
		{ ">>> ", "" },
		{ "\r\n>>> print(1)", "print(1)" },
		{ ">>> prinx\b\x1b[Kt(1)", "print(1)" },
		/* Left twice, 'X' in the middle: the rest is drawn anew */
		{ ">>> abcd\b\bXcd\x1b[2D", "abXcd" },
		{ ">>> abcd\b\bXcd\b\b\b\x1b[Kcd\x1b[2D", "abcd" },
		/* Up: the line is wiped, another one stands there */
		{ ">>> abc\b\b\b\x1b[Kimport os", "import os" },
		{ ">>> abc\x1b[3D\x1b[Kxy", "xy" },
		{ ">>> \xc3\xa9\xe2\x82\xac"
		  "a\b\b\x1b[K",
		  "\xc3\xa9" },
		{ ">>> \xc3\xa9z\b\b\xc3\xa8", "\xc3\xa8z" },
		{ ">>> abc\x1b[3D\x1b[1Cx", "axc" },
		{ ">>> \x1b[31mred\x1b[0m", "red" },
		{ "... abc", "(none)" },
		{ "abc", "(none)" },
		{ ">>> abc\r\n", "(none)" },
		{ ">>> abc\x1b[2J", "(none)" }, /* not a line editor's */
		{ ">>> \x1b[999999999999D\b\b\b\b\b", "" },
		{ ">>> a\x1b[11111111111111111111111111", "(none)" },
	};
	struct lineview v;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(typed_of(&v, lines[i][0]), lines[i][1]);
}

static void long_lines_are_given_up(void **state)
{
	char said[3000] = ">>> ";
	struct lineview v;

	(void)state;
	memset(said + 4, 'x', sizeof(said) - 5);
	said[sizeof(said) - 1] = '\0';
	assert_string_equal(typed_of(&v, said), "(none)");
	lineview_byte(&v, '\n');
	assert_false(v.lost);
}

/* ---- the file ---- */

static char home[] = "/tmp/kiln-typed-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	memcpy(home + strlen(home) - 6, "XXXXXX", 6);
	if (!mkdtemp(home))
		return -1;
	return setenv("XDG_STATE_HOME", home, 1);
}

static int tear_down(void **state)
{
	char path[200];

	(void)state;
	kiln_text_format(path, sizeof(path), "%s/kiln/typed", home);
	(void)unlink(path);
	kiln_text_format(path, sizeof(path), "%s/kiln", home);
	(void)rmdir(path);
	return rmdir(home);
}

static void add(struct typed *t, const char *line)
{
	typed_add(t, line, strlen(line));
}

static void lines_are_kept_for_the_next_session(void **state)
{
	struct typed t;
	struct stat st;

	(void)state;
	typed_load(&t);
	assert_int_equal(t.n, 0);
	add(&t, "import os");
	add(&t, "import os"); /* the same again */
	add(&t, "");
	add(&t, "os.listdir()");
	assert_int_equal(t.n, 2);
	assert_int_equal(stat(t.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	typed_done(&t);
	typed_load(&t);
	assert_int_equal(t.n, 2);
	assert_string_equal(t.lines[1], "os.listdir()");
	assert_int_equal(typed_find(&t, t.n, "os"), 1);
	assert_int_equal(typed_find(&t, 1, "os"), 0);
	assert_int_equal(typed_find(&t, 0, "os"), -1);
	assert_int_equal(typed_find(&t, t.n, "nothing"), -1);
	typed_done(&t);
}

static void the_file_stays_small(void **state)
{
	struct typed t;
	char line[32];

	(void)state;
	typed_load(&t);
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "line(%d)", i);
		add(&t, line);
	}
	assert_true(t.n <= 4000);
	typed_done(&t);
	typed_load(&t);
	assert_true(t.n <= 2000);
	assert_string_equal(t.lines[t.n - 1], "line(4999)");
	typed_done(&t);
}

static void a_file_that_is_none_is_left_alone(void **state)
{
	struct typed t;
	char path[200];

	(void)state;
	kiln_text_format(path, sizeof(path), "%s/kiln", home);
	assert_int_equal(mkdir(path, 0700), 0);
	kiln_text_format(path, sizeof(path), "%s/kiln/typed", home);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	typed_load(&t);
	assert_int_equal(t.n, 0);
	add(&t, "x");
	assert_int_equal(t.n, 1); /* for this session */
	typed_done(&t);
}

/* ---- the search ---- */

struct talk {
	struct terminal_history h;
	struct kiln_buf keys, show;
};

static void hear(struct talk *t, const char *said)
{
	terminal_history_heard(&t->h, (const uint8_t *)said, strlen(said), &t->show);
}

/* Keys that are not the search's go to the board, as in a terminal. */
static void press(struct talk *t, const char *keys)
{
	for (const char *c = keys; *c; c++) {
		if (!terminal_history_key(&t->h, (uint8_t)*c, &t->keys, &t->show))
			(void)kiln_buf_putc(&t->keys, (uint8_t)*c);
	}
	terminal_history_rest(&t->h);
}

static void begin(struct talk *t)
{
	terminal_history_open(&t->h);
	kiln_buf_init(&t->keys, 4096);
	kiln_buf_init(&t->show, 65536);
	hear(t, ">>> ");
	press(t, "import os\r");
	hear(t, "import os\r\n>>> ");
	press(t, "wlan.connect('home')\r");
	hear(t, "wlan.connect('home')\r\n>>> ");
	press(t, "wlan.scan()\r");
	hear(t, "wlan.scan()\r\nfound\r\n>>> ");
	kiln_buf_reset(&t->keys);
	kiln_buf_reset(&t->show);
}

static void end(struct talk *t)
{
	terminal_history_close(&t->h);
	kiln_buf_done(&t->keys);
	kiln_buf_done(&t->show);
}

static void the_board_gets(struct talk *t, const char *keys)
{
	assert_string_equal(kiln_buf_str(&t->keys), keys);
	kiln_buf_reset(&t->keys);
}

static bool shows(struct talk *t, const char *text)
{
	const bool found = strstr(kiln_buf_str(&t->show), text) != NULL;

	kiln_buf_reset(&t->show);
	return found;
}

static void a_line_is_found_and_run(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	assert_int_equal(t.h.typed.n, 3);
	press(&t, "\x12wlan");
	assert_true(shows(&t, "\r\033[K(search) 'wlan': wlan.scan()"));
	press(&t, "\x12");
	assert_true(shows(&t, "'wlan': wlan.connect('home')"));
	press(&t, "\x12"); /* no older one: this stays */
	assert_true(shows(&t, "wlan.connect('home')"));
	the_board_gets(&t, "");
	press(&t, "\r");
	assert_true(shows(&t, "\r\033[K>>> "));
	the_board_gets(&t, "wlan.connect('home')\r");
	hear(&t, "wlan.connect('home')\r\n>>> ");
	assert_string_equal(t.h.typed.lines[t.h.typed.n - 1], "wlan.connect('home')");
	end(&t);
}

static void what_was_typed_already_makes_room(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	press(&t, "a\xc3\xa9");
	hear(&t, "a\xc3\xa9\b"); /* the cursor stands before the last character */
	the_board_gets(&t, "a\xc3\xa9");
	press(&t, "\x12os\x1b[C"); /* Right: all three bytes are for the search */
	the_board_gets(&t, "\033[F\x7f\x7fimport os");
	assert_true(shows(&t, "\r\033[K>>> a\xc3\xa9\033[1D"));
	end(&t);
}

static void it_can_be_left(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	press(&t, "\x12zzz");
	assert_true(shows(&t, "(search, none) 'zzz': "));
	press(&t, "\x7f\x7f\x7fos");
	assert_true(shows(&t, "(search) 'os': import os"));
	press(&t, "\x03x");
	the_board_gets(&t, "x"); /* Ctrl-C was for the search, and it is over */
	press(&t, "\x12os");
	hear(&t, "a thread prints\r\n"); /* the board speaks: its line comes back first */
	assert_true(shows(&t, "\r\033[K>>> "));
	press(&t, "\x12"); /* not at the prompt: a key like others */
	the_board_gets(&t, "\x12");
	end(&t);
}

static void answers_to_input_are_not_kept(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	press(&t, "ask()\r");
	hear(&t, "ask()\r\npassword? ");
	press(&t, "secret\r");
	hear(&t, "secret\r\n>>> ");
	press(&t, "x\r");
	hear(&t, "x\r\n>>> ");
	assert_int_equal(t.h.typed.n, 5);
	assert_string_equal(t.h.typed.lines[3], "ask()");
	assert_string_equal(t.h.typed.lines[4], "x");
	end(&t);
}

int main(void)
{
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_read_off_the_echo),
		cmocka_unit_test(long_lines_are_given_up),
		FILE_TEST(lines_are_kept_for_the_next_session),
		FILE_TEST(the_file_stays_small),
		FILE_TEST(a_file_that_is_none_is_left_alone),
		FILE_TEST(a_line_is_found_and_run),
		FILE_TEST(what_was_typed_already_makes_room),
		FILE_TEST(it_can_be_left),
		FILE_TEST(answers_to_input_are_not_kept),
	};
	return RUN(tests);
}
