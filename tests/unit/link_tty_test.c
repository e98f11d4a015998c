/* SPDX-License-Identifier: Apache-2.0 */
/* Links against ptys of this process; other programs: link_peers_session.c */
#include "link_help.h"

#include <grp.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "link/tty.h"

/* A pty: the test holds the master and plays the board. */
struct board {
	int master, slave;
	char path[64];
};

static void board_begin(struct board *b)
{
	assert_int_equal(openpty(&b->master, &b->slave, b->path, NULL, NULL), 0);
}

static void board_end(struct board *b)
{
	if (b->master >= 0)
		close(b->master);
	close(b->slave);
}

static void every_byte_passes_both_ways(void **state)
{
	uint8_t all[256], back[256];
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;
	char url[100];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	board_begin(&b);
	kiln_text_format(url, sizeof(url), "serial://%s", b.path);
	link = open_link(url);
	assert_int_equal(write(b.master, all, sizeof(all)), sizeof(all));
	read_exactly(link, back, sizeof(back));
	assert_memory_equal(all, back, sizeof(all));
	assert_int_equal(kiln_link_write(link, all, sizeof(all), kiln_link_after(link, 5000), &err),
			 KILN_OK);
	assert_int_equal(kiln_link_drain(link, kiln_link_after(link, 5000), &err), KILN_OK);
	memset(back, 0, sizeof(back));
	assert_int_equal(read(b.master, back, sizeof(back)), sizeof(back));
	assert_memory_equal(all, back, sizeof(all));
	kiln_link_close(link);
	board_end(&b);
}

static void a_silent_board_times_out_and_a_past_deadline_takes_what_is_there(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;
	char buf[8];
	size_t n;

	(void)state;
	board_begin(&b);
	link = open_link(b.path);
	assert_int_equal(kiln_link_read(link, buf, 8, kiln_link_after(link, 10), &n, &err),
			 KILN_E_TIMEOUT);
	assert_int_equal(write(b.master, "hey", 3), 3);
	assert_int_equal(kiln_link_read(link, buf, 8, 0, &n, &err), KILN_OK);
	assert_int_equal(n, 3);
	assert_int_equal(write(b.master, "old", 3), 3);
	assert_int_equal(kiln_link_flush_input(link, &err), KILN_OK);
	assert_int_equal(kiln_link_read(link, buf, 8, 0, &n, &err), KILN_E_TIMEOUT);
	kiln_link_close(link);
	board_end(&b);
}

static void a_port_that_vanishes_is_gone_at_once(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;
	char buf[8], what[100];
	size_t n;

	(void)state;
	board_begin(&b);
	link = open_link(b.path);
	close(b.master);
	b.master = -1;
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_E_PORT_GONE);
	kiln_text_format(what, sizeof(what), "cannot read '%s'", b.path);
	assert_string_equal(err.what, what);
	assert_string_equal(err.why, "port disappeared");
	assert_int_equal(kiln_link_write(link, "x", 1, KILN_FOREVER, &err), KILN_E_PORT_GONE);
	kiln_link_close(link);
	board_end(&b);
}

static void no_lines_is_not_an_input_output_error(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct board b;
	struct kiln_link *link;

	(void)state;
	board_begin(&b);
	link = open_link(b.path);
	assert_int_equal(kiln_link_set_lines(link, true, false, &err), KILN_E_UNSUPPORTED);
	assert_string_equal(err.why, "the port has no modem lines");
	kiln_link_close(link);
	board_end(&b);
}

static void any_baud_is_set_and_restored_on_close(void **state)
{
	struct kiln_tty_saved before, during, after;
	struct kiln_err err = KILN_ERR_INIT;
	struct termios t;
	struct board b;
	struct kiln_link *link;

	(void)state;
	board_begin(&b);
	assert_int_equal(kiln_tty_save(b.slave, &before), 0);
	link = open_link(b.path);
	assert_int_equal(kiln_link_set_baud(link, 1234567, &err), KILN_OK);
	assert_int_equal(kiln_link_baud(link), 1234567);
	assert_int_equal(kiln_tty_save(b.slave, &during), 0);
	/* struct termios2: c_ispeed and c_ospeed are its last two words */
	assert_int_equal(kiln_get_le32(during.bytes + 36), 1234567);
	assert_int_equal(kiln_get_le32(during.bytes + 40), 1234567);
	assert_int_equal(tcgetattr(b.slave, &t), 0);
	assert_int_equal(t.c_cflag & HUPCL, 0);
	assert_int_equal(t.c_lflag & (tcflag_t)(ECHO | ICANON | ISIG), 0);
	assert_int_equal(kiln_link_set_baud(link, 0, &err), KILN_E_INVALID);
	kiln_link_close(link);
	assert_int_equal(kiln_tty_save(b.slave, &after), 0);
	assert_memory_equal(before.bytes, after.bytes, 44);
	board_end(&b);
}

static void a_second_process_is_told_who_holds_the_port(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;
	struct board b;
	int ready[2], status;
	char c, why[100];
	pid_t child;

	(void)state;
	board_begin(&b);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		/* cmocka is the parent's affair; this one only holds the port until it is killed */
		close(b.master);
		close(b.slave);
		if (kiln_link_open(&plain_host, b.path, 115200, &link, NULL) == KILN_OK &&
		    write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(kiln_link_open(&plain_host, b.path, 115200, &link, &err),
			 KILN_E_PORT_BUSY);
	kiln_text_format(why, sizeof(why), "port is busy: 'link_tty_test' (process %d) holds it",
			 (int)child);
	assert_string_equal(err.why, why);
	assert_string_equal(err.hint, "close 'link_tty_test', then try again");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	kiln_link_close(open_link(b.path)); /* free again, also after a kill */
	close(ready[0]);
	close(ready[1]);
	board_end(&b);
}

/* Root may open everything, so a child that is not root tries. */
static void without_rights_the_group_is_named(void **state)
{
	struct board b;
	int result[2], status;
	char text[400] = "", want[400];
	struct stat st;
	pid_t child;
	ssize_t n;

	(void)state;
	board_begin(&b);
	assert_int_equal(pipe(result), 0);
	assert_int_equal(chmod(b.path, 0060), 0);
	child = fork();
	if (child == 0) {
		struct kiln_err err = KILN_ERR_INIT;
		struct kiln_link *link;

		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		if (kiln_link_open(&plain_host, b.path, 115200, &link, &err) != KILN_E_PORT_DENIED)
			_exit(3);
		kiln_text_format(text, sizeof(text), "%s|%s", err.why, err.hint);
		_exit(write(result[1], text, strlen(text)) > 0 ? 0 : 4);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	n = read(result[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	if (geteuid() == 0) {
		assert_int_equal(stat(b.path, &st), 0);
		kiln_text_format(want, sizeof(want),
				 "permission denied|join its group: sudo usermod -aG %s nobody, "
				 "then log out and in again",
				 getgrgid(st.st_gid)->gr_name);
		assert_string_equal(text, want);
	}
	assert_memory_equal(text, "permission denied|", 18);
	close(result[0]);
	close(result[1]);
	board_end(&b);
}

static kiln_code cancel(void *user, int fd, short events, kiln_ms deadline)
{
	(void)fd;
	(void)events;
	(void)deadline;
	++*(int *)user;
	return KILN_E_CANCELLED;
}

static void the_programs_waiter_cancels_and_nothing_is_lost(void **state)
{
	int calls = 0;
	const struct kiln_host host = { .waiter = { .wait = cancel, .user = &calls } };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct board b;
	char buf[8];
	size_t n;

	(void)state;
	board_begin(&b);
	assert_int_equal(kiln_link_open(&host, b.path, 115200, &link, &err), KILN_OK);
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_E_CANCELLED);
	assert_int_equal(calls, 1);
	assert_int_equal(kiln_link_sleep(link, 10000, &err), KILN_E_CANCELLED);
	assert_int_equal(write(b.master, "still", 5), 5);
	assert_int_equal(kiln_link_read(link, buf, 8, KILN_FOREVER, &n, &err), KILN_OK);
	assert_int_equal(n, 5);
	kiln_link_close(link);
	board_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_passes_both_ways),
		cmocka_unit_test(a_silent_board_times_out_and_a_past_deadline_takes_what_is_there),
		cmocka_unit_test(a_port_that_vanishes_is_gone_at_once),
		cmocka_unit_test(no_lines_is_not_an_input_output_error),
		cmocka_unit_test(any_baud_is_set_and_restored_on_close),
		cmocka_unit_test(a_second_process_is_told_who_holds_the_port),
		cmocka_unit_test(without_rights_the_group_is_named),
		cmocka_unit_test(the_programs_waiter_cancels_and_nothing_is_lost),
	};

	return RUN(tests);
}
