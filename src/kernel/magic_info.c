/* SPDX-License-Identifier: Apache-2.0 */
/* Magics that ask the connected board who it is and what its clock says. */
#include "kernel/magic.h"

#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "hostfs/path.h"
#include "hostfs/resources.h"

enum { SYNC_SECONDS = 5, ANSWER_MAX = 4096 };
enum { INFO_VERBOSE };

static bool print_line(struct kiln_kernel *k, const char *text, const char *otherwise)
{
	if (!text[0])
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_UNSUPPORTED), "%s",
					     otherwise);
	kiln_kernel_print(k, KILN_STDOUT, "%s\n", text);
	return true;
}

static bool run_uid(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	(void)args;
	return kiln_kernel_board_need(k) &&
	       print_line(k, k->board.board.info.uid, "this board has no uid");
}

const struct kiln_magic kiln_magic_uid = {
	.name = "uid",
	.summary = "Print the connected board's uid",
	.more = "On an ESP32 it is the MAC address.",
	.run = run_uid,
};

static bool run_name(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	(void)args;
	kiln_kernel_configure(k);
	return kiln_kernel_board_need(k) &&
	       print_line(k, k->board.board.name, "this board has no name");
}

const struct kiln_magic kiln_magic_name = {
	.name = "name",
	.summary = "Print the connected board's name",
	.more = "The name comes from the device configuration; a board that is not in it goes by "
		"its uid.",
	.run = run_name,
};

static void print_fact(struct kiln_kernel *k, const char *key, const char *value)
{
	kiln_kernel_print(k, KILN_STDOUT, "%-15s %s\n", key, value);
}

/* What the configuration wants on the board, whether it is there or not. */
static bool print_resources(struct kiln_kernel *k, const struct kiln_device *device)
{
	struct kiln_resource_files files;
	struct kiln_err err = KILN_ERR_INIT;
	char path[1024], source[4096];

	if (kiln_resources_list(device, &files, &err) != KILN_OK)
		return kiln_kernel_fail_err(k, &err);
	for (size_t i = 0; i < files.n; i++)
		kiln_kernel_print(k, KILN_STDOUT, "%6zu  %-30s  %s\n", files.items[i].size,
				  kiln_path_clean(files.items[i].path, path, sizeof(path)),
				  kiln_path_clean(files.items[i].source, source, sizeof(source)));
	kiln_resource_files_done(&files);
	return true;
}

static bool run_info(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const struct kiln_board *board = &k->board.board;
	const struct kiln_device *device;

	if (!kiln_kernel_board_need(k))
		return false;
	kiln_kernel_configure(k);
	print_fact(k, "name", board->name);
	print_fact(k, "platform", board->info.platform);
	print_fact(k, "implementation", board->info.implementation);
	print_fact(k, "uid", board->info.uid);
	print_fact(k, "url", board->url);
	device = kiln_kernel_device(k);
	if (device)
		print_fact(k, "configuration", device->file);
	return !device || !args->flags[INFO_VERBOSE] || print_resources(k, device);
}

static const struct kiln_magic_option info_options[] = {
	[INFO_VERBOSE] = { 'v', "verbose", NULL, "list also the files that belong on the board" },
	{ 0 },
};

const struct kiln_magic kiln_magic_info = {
	.name = "info",
	.summary = "Print a summary of the connected board",
	.more = "With -v a line for each file that the device configuration names as a resource:\n"
		"its size, its path on the board, its path on the host.\n\nExample:\n  %info -v",
	.options = info_options,
	.run = run_info,
};

/* ---- clocks ---- */

/* The board's local time. False: it was said why there is none. */
static bool ask_time(struct kiln_kernel *k, struct tm *ret_time)
{
	static const char program[] = "def _kiln():\n"
				      " import time\n"
				      " print('kiln-time',*time.localtime()[:6])\n"
				      "_kiln()\n"
				      "del _kiln\n";
	struct kiln_buf answer = KILN_BUF_INIT(ANSWER_MAX);
	struct tm t = { .tm_isdst = -1 };
	const char *at;
	bool good = kiln_kernel_board_ask(k, program, &answer);

	if (good) {
		at = strstr(kiln_buf_str(&answer), "kiln-time ");
		/* the widths bound what it converts */
		/* NOLINTNEXTLINE(cert-err34-c) */
		good = at && sscanf(at, "kiln-time %4d %2d %2d %2d %2d %2d", &t.tm_year, &t.tm_mon,
				    &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec) == 6;
		good = good && t.tm_mon >= 1 && t.tm_mon <= 12;
		if (!good)
			(void)kiln_kernel_fail_text(k, kiln_code_name(KILN_E_PROTOCOL),
						    "the board's time makes no sense");
	}
	kiln_buf_done(&answer);
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	if (good)
		*ret_time = t;
	return good;
}

static void print_time(struct kiln_kernel *k, const struct tm *t)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	kiln_kernel_print(k, KILN_STDOUT, "%04d-%s-%02d %02d:%02d:%02d\n", t->tm_year + 1900,
			  months[t->tm_mon], t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec);
}

static bool run_gettime(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct tm t;

	(void)args;
	if (!ask_time(k, &t))
		return false;
	print_time(k, &t);
	return true;
}

const struct kiln_magic kiln_magic_gettime = {
	.name = "gettime",
	.summary = "Print the board's time",
	.run = run_gettime,
};

static bool set_time(struct kiln_kernel *k, const struct tm *t)
{
	struct kiln_buf answer = KILN_BUF_INIT(ANSWER_MAX);
	char program[600];
	bool good;

	/* machine.RTC counts Monday as 0; CircuitPython has a module rtc instead */
	kiln_text_format(program, sizeof(program),
			 "def _kiln(y,m,d,w,h,i,s):\n"
			 " try:\n"
			 "  import machine\n"
			 "  machine.RTC().datetime((y,m,d,w,h,i,s,0))\n"
			 " except ImportError:\n"
			 "  import rtc,time\n"
			 "  rtc.RTC().datetime=time.struct_time((y,m,d,h,i,s,w,-1,-1))\n"
			 "_kiln(%d,%d,%d,%d,%d,%d,%d)\n"
			 "del _kiln\n",
			 t->tm_year + 1900, t->tm_mon + 1, t->tm_mday, (t->tm_wday + 6) % 7,
			 t->tm_hour, t->tm_min, t->tm_sec);
	good = kiln_kernel_board_ask(k, program, &answer);
	kiln_buf_done(&answer);
	return good;
}

static bool run_synctime(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct tm board, host;
	time_t now;

	(void)args;
	if (!ask_time(k, &board))
		return false;
	now = time(NULL);
	localtime_r(&now, &host);
	if (llabs((long long)(mktime(&board) - now)) > SYNC_SECONDS &&
	    (!set_time(k, &host) || !ask_time(k, &board)))
		return false;
	print_time(k, &board);
	return true;
}

const struct kiln_magic kiln_magic_synctime = {
	.name = "synctime",
	.summary = "Set the board's clock to the host's local time",
	.more = "Done only if they differ by more than 5 seconds. Prints the board's time then.",
	.run = run_synctime,
};
