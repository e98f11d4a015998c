/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/now_runs.h"
#include "cli/plan.h"
#include "cli/ports.h"
#include "cli/render.h"

struct params {
	const char *port;
	struct opt_list at;
	uint64_t baud;
	bool erase, no_diff, json;
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_STRING, offsetof(struct params, port),
	  "serial port or URL; needed only if there are several boards" },
	{ 0, "at", "ADDR", OPT_LIST, offsetof(struct params, at),
	  "where the file goes (once for each file); without it firmware goes where its chip wants "
	  "it" },
	{ 0, "erase", NULL, OPT_FLAG, offsetof(struct params, erase),
	  "erase the whole flash first, files on the board too" },
	{ 0, "no-diff", NULL, OPT_FLAG, offsetof(struct params, no_diff),
	  "write all, also what stands in the flash already" },
	{ 0, "baud", "BAUD", OPT_UINT, offsetof(struct params, baud),
	  "speed of the transfer (460800)" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "one JSON object a line" },
	{ 0 },
};

static const char *const examples[] = {
	"kiln flash -p sim:demo firmware.bin",
	"Put MicroPython on the virtual board 'demo'.",
	"kiln flash -p sim:demo --erase --json firmware.bin",
	"The same on an empty flash, with an object for each step.",
	"kiln flash -p sim:demo firmware.bin 0x200000 data.bin",
	"Firmware, and a file at an address of its own.",
	NULL,
};

/* One job. */
struct job {
	struct cli *cli;
	const struct params *params;
	struct files files;
	struct kiln_port port;
	const char *url;
	struct render render;
};

static kiln_code find_port(struct job *job, struct kiln_err *err)
{
	job->url = job->params->port;
	if (job->url)
		return KILN_OK;
	KILN_TRY(ports_only_board(&job->cli->host, &job->port, err));
	job->url = job->port.url;
	return KILN_OK;
}

static kiln_code write_files(struct job *job, struct kiln_flasher *flasher, struct kiln_err *err)
{
	const struct kiln_flash_job write = {
		.files = job->files.items,
		.n_files = job->files.n,
		.erase_all = job->params->erase,
		.diff = !job->params->no_diff,
		.mode = KILN_FLASH_KEEP,
		.freq = KILN_FLASH_KEEP,
		.size = KILN_FLASH_KEEP,
	};

	KILN_TRY(kiln_flasher_prepare(flasher, err));
	return kiln_flasher_write(flasher, &write, err);
}

static kiln_code flash(struct job *job, struct kiln_err *err)
{
	const struct kiln_flasher_options flasher_options = {
		.baud = (unsigned)job->params->baud,
		.quick = true,
		.event = render_event,
		.user = &job->render,
	};
	struct kiln_flasher *flasher;
	kiln_code code;

	render_say(&job->render, "port     %s", job->url);
	KILN_TRY(kiln_flasher_open(&job->cli->host, job->url, &flasher_options, &flasher, err));
	code = write_files(job, flasher, err);
	/* the chip is reset in any case; what went wrong first is what is told */
	const kiln_code closed = kiln_flasher_close(flasher, code == KILN_OK ? err : NULL);

	return code == KILN_OK ? closed : code;
}

static kiln_code run_job(struct job *job, const struct opt_list *words, struct kiln_err *err)
{
	KILN_TRY(plan_files(words, &job->params->at, &job->files, err));
	KILN_TRY(find_port(job, err));
	/* whoever reads our output may leave; the board must not be left half written for that */
	(void)signal(SIGPIPE, SIG_IGN);
	KILN_TRY(flash(job, err));
	return now_runs(&job->render, job->url, err);
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .baud = 460800 };
	struct job job = { .cli = cli, .params = &params };
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = cli->json || params.json;
	if (exit_code < 0 && words.n == 0)
		exit_code = cli_usage(cli, self, "no file given");
	else if (exit_code < 0 && (params.baud < 300 || params.baud > 10000000))
		exit_code = cli_usage(cli, self, "no port has a speed of %llu",
				      (unsigned long long)params.baud);
	if (exit_code < 0) {
		render_init(&job.render, cli);
		exit_code = run_job(&job, &words, &err) == KILN_OK ? 0 : cli_fail(cli, &err);
		render_done(&job.render);
	}
	files_done(&job.files);
	opt_list_done(&params.at);
	opt_list_done(&words);
	return exit_code;
}

const struct command cmd_flash = {
	.name = "flash",
	.summary = "put firmware on a board",
	.usage = "[-p PORT] [--erase] [--no-diff] [--at ADDR] [--baud BAUD] [--json] FILE ...",
	.description =
		"Put firmware on a board: find the port, detect the chip, erase, write, verify, "
		"reset, "
		"and say what runs on the board then.\n\n"
		"FILE is a firmware image for the chip, as from micropython.org/download. Other "
		"files "
		"need an address: --at ADDR FILE, or pairs of ADDR and FILE. All files are read "
		"and "
		"checked before the board is touched. Only what differs from the flash is written "
		"(--no-diff writes all). What was written is always verified.\n\n"
		"PORT may be a device (/dev/ttyUSB0), rfc2217://host:port, socket://host:port, or "
		"sim:NAME, a virtual board. Without it the board is the only one that there is.",
	.options = options,
	.run = run,
	.examples = examples,
};
