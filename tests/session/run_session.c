/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run mode by itself: a real MicroPython in a child, spoken to as the board speaks to it. Nothing
 * here waits for a time: each step ends when the interpreter says that it waits for input, or
 * when the text that was waited for has come.
 */
#include "../unit/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kiln/time.h>

#include "base/buf.h"
#include "base/text.h"
#include "sim/run.h"

enum { PATIENCE_MS = 60000 };

#define PROMPT ">>> "
#define BANNER "kiln: virtual board"

struct board {
	struct sim_run *run;
	struct kiln_buf out;
	char folder[64], files[96];
};

static void power_on(struct board *b)
{
	const struct sim_run_config config = {
		.files = b->files,
		.uid = { 0x24, 0x0a, 0xc4, 0x01, 0x02, 0x03 },
		.banner = BANNER,
	};
	struct kiln_err err = KILN_ERR_INIT;

	if (sim_run_start(&config, &b->run, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
}

static void power_off(struct board *b)
{
	sim_run_stop(b->run);
	b->run = NULL;
}

static int set_up(void **state)
{
	struct board *b = calloc(1, sizeof(*b));

	if (!b)
		return -1;
	kiln_buf_init(&b->out, 1 << 20);
	kiln_text_copy(b->folder, sizeof(b->folder), "/tmp/kiln-run-XXXXXX");
	if (!mkdtemp(b->folder))
		return -1;
	kiln_text_format(b->files, sizeof(b->files), "%s/files", b->folder);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct board *b = *state;

	sim_run_stop(b->run);
	assert_int_equal(sim_run_wipe_files(b->files, NULL), KILN_OK);
	rmdir(b->folder);
	kiln_buf_done(&b->out);
	free(b);
	return 0;
}

/*
 * Collect output until the interpreter is idle, resets or dies, or until `text` was seen (may be
 * NULL). Returns what happened last.
 */
static sim_run_event settle(struct board *b, const char *text)
{
	const kiln_ms deadline = kiln_now() + PATIENCE_MS;
	uint8_t block[64];
	size_t n;

	while (kiln_now() < deadline) {
		const sim_run_event event = sim_run_poll(b->run, block, sizeof(block), &n);
		struct pollfd p = { .fd = sim_run_fd(b->run), .events = POLLIN };

		if (event == SIM_RUN_OUTPUT) {
			(void)kiln_buf_append(&b->out, block, n);
			if (text && strstr(kiln_buf_str(&b->out), text))
				return SIM_RUN_OUTPUT;
			continue;
		}
		if (event != SIM_RUN_BUSY)
			return event;
		poll(&p, 1, 100);
	}
	fail_msg("it neither waits nor ends; so far: '%s'", kiln_buf_str(&b->out));
	return SIM_RUN_DEAD;
}

static void type(struct board *b, const char *text)
{
	sim_run_input(b->run, text, strlen(text));
}

/* What comes for `text`, until it waits again. */
static const char *ask(struct board *b, const char *text)
{
	kiln_buf_reset(&b->out);
	type(b, text);
	assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
	return kiln_buf_str(&b->out);
}

static void boot(struct board *b)
{
	power_on(b);
	assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
}

static void put_file(struct board *b, const char *name, const char *text)
{
	char path[160];
	FILE *f;

	mkdir(b->files, 0700);
	kiln_text_format(path, sizeof(path), "%s/%s", b->files, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void it_boots_and_says_what_it_is(void **state)
{
	struct board *b = *state;

	boot(b);
	assert_ptr_equal(strstr(kiln_buf_str(&b->out), BANNER "\r\nMicroPython v"),
			 kiln_buf_str(&b->out));
	assert_non_null(strstr(kiln_buf_str(&b->out), "\r\n" PROMPT));
	assert_string_equal(ask(b, "1+1\r"), "1+1\r\n2\r\n" PROMPT);
	assert_string_equal(ask(b, "print('a\\nb')\r"), "print('a\\nb')\r\na\r\nb\r\n" PROMPT);
	assert_string_equal(ask(b, "dir()\r"), "dir()\r\n['__name__']\r\n" PROMPT);
}

static void it_is_a_board_with_an_id_and_files(void **state)
{
	struct board *b = *state;

	boot(b);
	assert_string_equal(ask(b, "import machine, os, binascii\r"),
			    "import machine, os, binascii\r\n" PROMPT);
	assert_non_null(strstr(ask(b, "binascii.hexlify(machine.unique_id(), ':')\r"),
			       "b'24:0a:c4:01:02:03'"));
	assert_non_null(strstr(ask(b, "os.listdir('/')\r"), "\r\n['boot.py']\r\n"));
	assert_non_null(strstr(ask(b, "os.stat('nothing')\r"), "OSError: [Errno 2] ENOENT"));
	assert_non_null(strstr(ask(b, "machine.freq(1)\r"), "ValueError: frequency must be"));
}

static void ctrl_c_stops_a_loop_and_keeps_variables(void **state)
{
	struct board *b = *state;

	boot(b);
	(void)ask(b, "x = 42\r");
	for (int i = 0; i < 3; i++) {
		kiln_buf_reset(&b->out);
		/* as on a board, before a program runs Ctrl-C is but a character */
		type(b, "\x01print('go')\nwhile True: pass\x04");
		assert_int_equal(settle(b, ">OKgo\r\n"), SIM_RUN_OUTPUT);
		kiln_buf_reset(&b->out);
		type(b, "\x03");
		assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
		/* the same each time: a traceback does not grow with each interrupt */
		assert_string_equal(kiln_buf_str(&b->out),
				    "\x04Traceback (most recent call last):\r\n"
				    "  File \"<stdin>\", line 2, in <module>\r\n"
				    "KeyboardInterrupt: \r\n\x04>");
	}
	assert_string_equal(ask(b, "print(x)\x04"), "OK42\r\n\x04\x04>");
}

static void ctrl_c_ends_a_sleep_at_once(void **state)
{
	struct board *b = *state;

	boot(b);
	(void)ask(b, "\x01");
	kiln_buf_reset(&b->out);
	type(b, "import time\nprint('zz')\ntime.sleep(1000000)\nprint('after')\x04");
	assert_int_equal(settle(b, "zz"), SIM_RUN_OUTPUT);
	type(b, "\x03");
	assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
	assert_string_equal(kiln_buf_str(&b->out),
			    "OKzz\r\n\x04Traceback (most recent call last):\r\n"
			    "  File \"<stdin>\", line 3, in <module>\r\n"
			    "KeyboardInterrupt: \r\n\x04>");
}

static void output_comes_while_the_program_runs(void **state)
{
	struct board *b = *state;

	boot(b);
	(void)ask(b, "\x01");
	type(b, "i = 0\nwhile True:\n  i += 1\n  print('line', i)\x04");
	assert_int_equal(settle(b, "line 1000\r\n"), SIM_RUN_OUTPUT);
	type(b, "\x03");
	assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
	assert_non_null(strstr(kiln_buf_str(&b->out), "KeyboardInterrupt"));
}

static void input_waits_for_a_line(void **state)
{
	struct board *b = *state;

	boot(b);
	assert_string_equal(ask(b, "input('name? ')\r"), "input('name? ')\r\nname? ");
	assert_string_equal(ask(b, "bop\x7f"
				   "b\r"),
			    "bop\b \bb\r\n'bob'\r\n" PROMPT);
	assert_string_equal(ask(b, "input()\r"), "input()\r\n");
	assert_non_null(strstr(ask(b, "\x03"), "KeyboardInterrupt: \r\n" PROMPT));
	(void)ask(b, "import sys\r");
	assert_string_equal(ask(b, "sys.stdin.read(2)\r"), "sys.stdin.read(2)\r\n");
	assert_string_equal(ask(b, "ab"), "'ab'\r\n" PROMPT);
}

static void raw_paste_grants_its_window_as_it_takes(void **state)
{
	struct board *b = *state;
	char code[301];

	boot(b);
	assert_non_null(strstr(ask(b, "\x01"), "raw REPL; CTRL-B to exit\r\n>"));
	assert_memory_equal(ask(b, "\x05"
				   "A\x01"),
			    "R\x01\x80\x00\x01", 5);
	assert_int_equal(b->out.len, 5);
	memset(code, ' ', 300);
	code[300] = '\0';
	memcpy(code, "print(7)\n#", 10);
	/* two windows of 128 were granted; with 300 bytes sent two more are */
	assert_string_equal(ask(b, code), "\x01\x01");
	assert_string_equal(ask(b, "\x04"), "\x04"
					    "7\r\n\x04\x04>");
}

static void raw_paste_can_be_given_up(void **state)
{
	struct board *b = *state;

	boot(b);
	(void)ask(b, "\x01");
	(void)ask(b, "\x05"
		     "A\x01print(");
	assert_string_equal(ask(b, "\x03"), "\x04\x04KeyboardInterrupt: \r\n\x04>");
	assert_string_equal(ask(b, "print(3)\x04"), "OK3\r\n\x04\x04>");
	/* a board answers what it does not know with R 00 */
	(void)ask(b, "\x05"
		     "A\x01");
	assert_non_null(strstr(ask(b, "print(2\n\x04"), "\x04\x04Traceback"));
	assert_non_null(strstr(kiln_buf_str(&b->out), "SyntaxError: invalid syntax\r\n\x04>"));
}

static void soft_reset_starts_afresh_and_runs_the_scripts(void **state)
{
	struct board *b = *state;
	const char *out;

	put_file(b, "boot.py", "print('booted')\nfrom_boot = 1\n");
	put_file(b, "main.py", "print('main', from_boot)\n");
	boot(b);
	assert_non_null(
		strstr(kiln_buf_str(&b->out), BANNER "\r\nbooted\r\nmain 1\r\nMicroPython"));
	(void)ask(b, "x = 1\r");
	out = ask(b, "\x04");
	assert_ptr_equal(strstr(out, "\r\nMPY: soft reboot\r\nbooted\r\nmain 1\r\nMicroPython v"),
			 out);
	assert_non_null(strstr(ask(b, "x\r"), "NameError: name 'x' isn't defined"));
	/* from the raw REPL: boot.py only, and back to the raw REPL */
	(void)ask(b, "\x01");
	assert_string_equal(ask(b, "\x04"), "OK\r\nMPY: soft reboot\r\nbooted\r\n"
					    "raw REPL; CTRL-B to exit\r\n>");
	assert_string_equal(ask(b, "print(from_boot)\x04"), "OK1\r\n\x04\x04>");
}

static void asyncio_runs_as_on_a_board(void **state)
{
	static const char code[] = "import asyncio\n"
				   "async def work(n):\n"
				   "  for i in range(2):\n"
				   "    print(n, i); await asyncio.sleep_ms(5)\n"
				   "  return n\n"
				   "async def spin():\n"
				   "  while True: await asyncio.sleep(0)\n"
				   "async def long(): await asyncio.sleep(1000)\n"
				   "async def main():\n"
				   "  asyncio.create_task(spin())\n"
				   "  try: await asyncio.wait_for_ms(long(), 10)\n"
				   "  except asyncio.TimeoutError: print('late')\n"
				   "  return await asyncio.gather(work(1), work(2))\n"
				   "print(asyncio.run(main()))\n";
	struct board *b = *state;

	boot(b);
	(void)ask(b, "\x01");
	(void)ask(b, code);
	assert_string_equal(ask(b, "\x04"), "OKlate\r\n1 0\r\n2 0\r\n1 1\r\n2 1\r\n[1, 2]\r\n"
					    "\x04\x04>");
	type(b, "print('go'); asyncio.new_event_loop(); asyncio.run(long())\x04");
	assert_int_equal(settle(b, "OKgo"), SIM_RUN_OUTPUT);
	kiln_buf_reset(&b->out);
	type(b, "\x03");
	assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
	assert_non_null(strstr(kiln_buf_str(&b->out), "KeyboardInterrupt: \r\n\x04>"));
	assert_null(strstr(kiln_buf_str(&b->out), "/tmp/"));
}

static void main_py_that_never_ends_can_be_stopped(void **state)
{
	struct board *b = *state;

	put_file(b, "main.py", "import time\nwhile True:\n  print('tick')\n  time.sleep_ms(10)\n");
	power_on(b);
	assert_int_equal(settle(b, "tick\r\ntick\r\n"), SIM_RUN_OUTPUT);
	kiln_buf_reset(&b->out);
	type(b, "\x03");
	assert_int_equal(settle(b, NULL), SIM_RUN_IDLE);
	assert_non_null(strstr(kiln_buf_str(&b->out), "Traceback (most recent call last):\r\n"
						      "  File \"main.py\", line 4, in <module>\r\n"
						      "KeyboardInterrupt: \r\nMicroPython v"));
}

static void files_survive_power_and_resets(void **state)
{
	struct board *b = *state;

	boot(b);
	(void)ask(b, "import os\r");
	(void)ask(b,
		  "os.mkdir('lib'); f = open('lib/a.py', 'w'); f.write('A = 5\\n'); f.close()\r");
	(void)ask(b, "f = open('gone', 'w'); f.close(); os.rename('gone', 'kept')\r");
	(void)ask(b, "f = open('flushed', 'wb'); f.write(b'\\x00\\xff'); f.flush()\r");
	(void)ask(b, "f = open('rm', 'w'); f.close(); os.remove('rm')\r");
	power_off(b);
	boot(b);
	assert_non_null(strstr(ask(b, "import a; a.A\r"), "\r\n5\r\n"));
	assert_non_null(strstr(ask(b, "import os; sorted(os.listdir())\r"),
			       "['boot.py', 'flushed', 'kept', 'lib']"));
	assert_non_null(strstr(ask(b, "open('flushed', 'rb').read()\r"), "b'\\x00\\xff'"));
}

static void the_file_tree_has_a_size(void **state)
{
	struct board *b = *state;

	boot(b);
	assert_non_null(strstr(ask(b, "open('big', 'wb').write(b'x' * 3000000)\r"), "OSError: 28"));
	(void)ask(b, "import os\r");
	assert_non_null(strstr(ask(b, "os.statvfs('/')[2]\r"), "\r\n512\r\n"));
}

static void nothing_outside_the_folder_is_reached(void **state)
{
	struct board *b = *state;
	char link[160];

	put_file(b, "boot.py", "");
	kiln_text_format(link, sizeof(link), "%s/out", b->files);
	assert_int_equal(symlink("/etc", link), 0);
	boot(b);
	assert_non_null(strstr(ask(b, "import os; os.listdir('/')\r"), "\r\n['boot.py']\r\n"));
	assert_non_null(strstr(ask(b, "f=open('../../escaped','w'); f.close()\r"), PROMPT));
	kiln_text_format(link, sizeof(link), "%s/escaped", b->folder);
	assert_int_not_equal(access(link, F_OK), 0);
}

static void machine_reset_is_the_boards_affair(void **state)
{
	struct board *b = *state;

	boot(b);
	type(b, "import machine; machine.reset()\r");
	assert_int_equal(settle(b, NULL), SIM_RUN_RESET);
}

static void many_bytes_at_once_are_not_lost(void **state)
{
	enum { N = 100000 };
	struct board *b = *state;
	char *code = malloc(N + 64);
	int n;

	assert_non_null(code);
	n = snprintf(code, 64, "\x01x='");
	memset(code + n, 'y', N);
	snprintf(code + n + N, 32, "'\nprint(len(x))\x04");
	boot(b);
	assert_non_null(strstr(ask(b, code), ">OK100000\r\n\x04\x04>"));
	free(code);
}

static void a_missing_node_is_said(void **state)
{
	const struct sim_run_config config = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	struct sim_run *run = NULL;

	(void)state;
	setenv("KILN_NODE", "/nowhere/node", 1);
	assert_int_equal(sim_run_start(&config, &run, &err), KILN_E_UNSUPPORTED);
	unsetenv("KILN_NODE");
	assert_null(run);
	assert_string_equal(err.what,
			    "cannot start '/nowhere/node' for the virtual board's MicroPython");
	assert_string_equal(err.why, "no such file or directory");
	assert_non_null(strstr(err.hint, "install Node.js 18"));
}

static void a_child_that_ends_is_dead_with_a_reason(void **state)
{
	const struct sim_run_config config = { 0 };
	struct board *b = *state;
	struct kiln_err err = KILN_ERR_INIT;

	setenv("KILN_NODE", "/bin/false", 1);
	assert_int_equal(sim_run_start(&config, &b->run, &err), KILN_OK);
	unsetenv("KILN_NODE");
	assert_int_equal(settle(b, NULL), SIM_RUN_DEAD);
	assert_int_equal(sim_run_why(b->run, &err), KILN_E_IO);
	assert_string_equal(err.why, "ended with status 1");
	sim_run_input(b->run, "x", 1); /* too late, and no signal */
	assert_int_equal(settle(b, NULL), SIM_RUN_DEAD);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_boots_and_says_what_it_is),
		T(it_is_a_board_with_an_id_and_files),
		T(ctrl_c_stops_a_loop_and_keeps_variables),
		T(ctrl_c_ends_a_sleep_at_once),
		T(output_comes_while_the_program_runs),
		T(input_waits_for_a_line),
		T(raw_paste_grants_its_window_as_it_takes),
		T(raw_paste_can_be_given_up),
		T(soft_reset_starts_afresh_and_runs_the_scripts),
		T(asyncio_runs_as_on_a_board),
		T(main_py_that_never_ends_can_be_stopped),
		T(files_survive_power_and_resets),
		T(the_file_tree_has_a_size),
		T(nothing_outside_the_folder_is_reached),
		T(machine_reset_is_the_boards_affair),
		T(many_bytes_at_once_are_not_lost),
		T(a_missing_node_is_said),
		T(a_child_that_ends_is_dead_with_a_reason),
	};
	return RUN(tests);
}
