/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpremote's commands that run Python on the board, and the terminal.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "cli/mpremote.h"
#include "cli/whole.h"
#include "hostfs/mount.h"

/* More than any board has memory for. */
enum { PROGRAM_MAX = 4 * 1024 * 1024 };

static void print_text(void *user, const char *text, size_t n)
{
	(void)user;
	(void)fwrite(text, 1, n, stdout);
	fflush(stdout); /* a loop shows each line as it is printed */
}

/*
 * A program that ends by SystemExit makes the board start afresh and say so. That comes behind the
 * program's end: the original does not read that far.
 */
static const char rebooted[] = "MPY: soft reboot\n";

struct followed {
	size_t held; /* bytes of `rebooted` that came and may be it */
};

static void print_held(struct followed *f)
{
	(void)fwrite(rebooted, 1, f->held, stdout);
	f->held = 0;
}

static void print_followed(void *user, const char *text, size_t n)
{
	struct followed *f = user;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != rebooted[f->held])
			print_held(f);
		if (text[i] == rebooted[f->held])
			f->held++;
		else
			putchar(text[i]);
	}
	fflush(stdout);
}

static int fail_run(const struct kiln_err *err)
{
	return err->code == KILN_E_CANCELLED ? 1 : mpremote_fail(err);
}

/* The traceback goes to standard output and there is no other word, as with the original. */
static int follow(struct mpremote *m, const struct kiln_buf *program)
{
	struct followed followed = { .held = 0 };
	const struct kiln_repl_output output = { .text = print_followed, .user = &followed };
	struct kiln_repl_result result = { .exception = false };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (kiln_repl_exec(m->repl, kiln_buf_str(program), program->len, &output, &result, &err))
		return fail_run(&err);
	if (!result.restarted)
		print_held(&followed);
	if (result.traceback)
		print_text(NULL, result.traceback, strlen(result.traceback));
	exit_code = result.exception || result.interrupted ? 1 : -1;
	kiln_repl_result_done(&result);
	return exit_code;
}

static int execute(struct mpremote *m, const struct kiln_buf *program, bool and_follow)
{
	struct kiln_err err = KILN_ERR_INIT;
	const int exit_code = mpremote_need_raw(m, false);

	if (exit_code >= 0)
		return exit_code;
	m->acted = true;
	if (program->failed)
		return mpremote_say("the program is too long");
	if (and_follow)
		return follow(m, program);
	if (kiln_repl_start(m->repl, kiln_buf_str(program), program->len, NULL, &err) != KILN_OK)
		return fail_run(&err);
	return -1;
}

int mpremote_exec(struct mpremote *m)
{
	struct kiln_buf program = KILN_BUF_INIT(PROGRAM_MAX);
	int exit_code;

	(void)kiln_buf_puts(&program, m->words[0]);
	exit_code = execute(m, &program, !m->params.no_follow);
	kiln_buf_done(&program);
	return exit_code;
}

int mpremote_eval(struct mpremote *m)
{
	struct kiln_buf program = KILN_BUF_INIT(PROGRAM_MAX);
	int exit_code;

	(void)kiln_buf_printf(&program, "print(%s)", m->words[0]);
	exit_code = execute(m, &program, true);
	kiln_buf_done(&program);
	return exit_code;
}

int mpremote_run(struct mpremote *m)
{
	struct kiln_buf program = KILN_BUF_INIT(PROGRAM_MAX);
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (whole_read(m->words[0], &program, &err) != KILN_OK)
		exit_code = mpremote_say("could not read file '%s'", m->words[0]);
	else
		exit_code = execute(m, &program, !m->params.no_follow);
	kiln_buf_done(&program);
	return exit_code;
}

int mpremote_mount(struct mpremote *m)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_mount_begin(m->repl, m->words[0], m->params.unsafe_links, &err) != KILN_OK)
		return fail_run(&err);
	printf("Local directory %s is mounted at " KILN_MOUNT_POINT "\n", m->words[0]);
	fflush(stdout);
	return -1;
}

int mpremote_umount(struct mpremote *m)
{
	struct kiln_err err = KILN_ERR_INIT;

	return kiln_mount_end(m->repl, &err) == KILN_OK ? -1 : fail_run(&err);
}

/* machine.RTC().datetime() counts the days of the week from Monday as 0. */
int mpremote_rtc(struct mpremote *m)
{
	struct kiln_buf program = KILN_BUF_INIT(256);
	struct timespec now;
	struct tm t;
	int exit_code;

	(void)kiln_buf_puts(&program, "import machine\n");
	if (m->params.set) {
		clock_gettime(CLOCK_REALTIME, &now);
		localtime_r(&now.tv_sec, &t);
		(void)kiln_buf_printf(
			&program, "machine.RTC().datetime((%d, %d, %d, %d, %d, %d, %d, %ld))",
			t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, (t.tm_wday + 6) % 7, t.tm_hour,
			t.tm_min, t.tm_sec, now.tv_nsec / 1000);
	} else {
		(void)kiln_buf_puts(&program, "print(machine.RTC().datetime())");
	}
	exit_code = execute(m, &program, true);
	kiln_buf_done(&program);
	return exit_code;
}

/* What Ctrl-J types, as Python shows bytes: scripts and people know that. */
static void print_bytes(const char *text)
{
	const char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';

	printf("b%c", quote);
	for (const char *c = text; *c; c++) {
		const unsigned char byte = (unsigned char)*c;

		if (c[0] == '\\' && c[1] == 'n') {
			fputs("\\r\\n", stdout);
			c++;
		} else if (byte == '\\' || byte == (unsigned char)quote) {
			printf("\\%c", byte);
		} else if (byte == '\n' || byte == '\r' || byte == '\t') {
			printf("\\%c", byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't');
		} else if (byte < 32 || byte > 126) {
			printf("\\x%02x", byte);
		} else {
			putchar(byte);
		}
	}
	printf("%c\n", quote);
}

int mpremote_repl(struct mpremote *m)
{
	const struct mpremote_params *params = &m->params;
	int exit_code = mpremote_need_link(m);
	bool gone;

	if (exit_code >= 0)
		return exit_code;
	m->acted = true;
	printf("Connected to MicroPython at %s\n"
	       "Use Ctrl-] or Ctrl-x to exit this shell\n",
	       m->device);
	if (params->escape)
		puts("Escaping non-printable bytes/characters by printing their hex code");
	if (params->capture)
		printf("Capturing session to file \"%s\"\n", params->capture);
	if (params->inject_code) {
		fputs("Use Ctrl-J to inject ", stdout);
		print_bytes(params->inject_code);
	}
	if (params->inject_file)
		printf("Use Ctrl-K to inject file \"%s\"\n", params->inject_file);
	fflush(stdout);
	exit_code = mpremote_terminal(m, &gone);
	if (gone) {
		mpremote_disconnect(m);
		puts("\ndevice disconnected");
	}
	return exit_code;
}
