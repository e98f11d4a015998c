/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/download.h"
#include "cli/fleet.h"
#include "cli/now_runs.h"
#include "cli/plan.h"
#include "cli/ports.h"
#include "cli/render.h"

enum { WAIT_MAX = 3600 };

struct params {
	struct opt_list ports, at;
	uint64_t retries, wait;
	const char *baud, *log;
	unsigned speed; /* what `baud` says; 0: auto */
	bool all, watch, erase, no_diff, offline, json;
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_LIST, offsetof(struct params, ports),
	  "serial port or URL, once for each board; needed only if there are several boards" },
	{ 0, "all", NULL, OPT_FLAG, offsetof(struct params, all),
	  "every port that looks like a board, all at the same time" },
	{ 0, "watch", NULL, OPT_FLAG, offsetof(struct params, watch),
	  "flash each board that is plugged in from now on, until Ctrl-C" },
	{ 0, "at", "ADDR", OPT_LIST, offsetof(struct params, at),
	  "where the file goes (once for each file); without it firmware goes where its chip wants "
	  "it" },
	{ 0, "erase", NULL, OPT_FLAG, offsetof(struct params, erase),
	  "erase the whole flash first, files on the board too" },
	{ 0, "no-diff", NULL, OPT_FLAG, offsetof(struct params, no_diff),
	  "write all, also what stands in the flash already" },
	{ 0, "baud", "BAUD", OPT_STRING, offsetof(struct params, baud),
	  "speed of the transfer, or auto: as fast as chip, adapter and cable carry (auto)" },
	{ 0, "retries", "N", OPT_UINT, offsetof(struct params, retries),
	  "of several boards: try one again so often when its port or wire fails (2)" },
	{ 0, "wait", "SECONDS", OPT_UINT, offsetof(struct params, wait),
	  "when a port goes away in mid-job: wait so long for it to come back, and go on (30)" },
	{ 0, "log", "FILE", OPT_STRING, offsetof(struct params, log),
	  "append a line for each board, CSV if FILE ends in .csv, else JSON" },
	{ 0, "offline", NULL, OPT_FLAG, offsetof(struct params, offline),
	  "of a URL: take only what is kept from an earlier download" },
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
	("kiln flash https://micropython.org/resources/firmware/"
	 "ESP32_GENERIC-20260406-v1.28.0.bin"),
	"Firmware right from where it is published.",
	"kiln flash --all firmware.bin",
	"All boards that are plugged in, at the same time.",
	"kiln flash --watch --log bench.csv firmware.bin",
	"A bench: each board that is plugged in is flashed, verified and recorded, until Ctrl-C.",
	NULL,
};

/* --- one board --- */

static kiln_code find_port(struct cli *cli, const struct params *params, struct kiln_port *ret_port,
			   struct kiln_err *err)
{
	if (params->ports.n == 0)
		return ports_only_board(&cli->host, ret_port, err);
	return ports_named(&cli->host, params->ports.items[0], ret_port, err);
}

static kiln_code flash_one(struct cli *cli, const struct params *params,
			   const struct flash_order *order, struct render *render,
			   struct kiln_err *err)
{
	const struct flash_watcher watcher = { render_event, render };
	struct flash_result result;
	struct kiln_port port;
	kiln_code code;

	KILN_TRY(find_port(cli, params, &port, err));
	render_say(render, "port     %s", port.url);
	code = flash_board(&cli->host, &port, order, &watcher, &result, err);
	flash_remember(&port, &result);
	if (code == KILN_OK)
		code = now_runs(render, result.url, &port, err);
	if (code == KILN_E_CANCELLED && result.verified)
		return kiln_fail(err, code,
				 "'%s' was written and verified, but what runs on it is not known",
				 port.url);
	return code;
}

static int run_one(struct cli *cli, const struct params *params, const struct flash_order *order)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct render render;
	int exit_code = 0;

	render_init(&render, cli);
	if (flash_one(cli, params, order, &render, &err) != KILN_OK)
		exit_code = cli_fail(cli, &err);
	render_done(&render);
	return exit_code;
}

/* --- several --- */

static kiln_code add_all(struct fleet *fleet, struct kiln_err *err)
{
	struct kiln_port_list list;
	kiln_code code;

	KILN_TRY(ports_boards(&fleet->cli->host, &list, err));
	code = KILN_OK;
	for (size_t i = 0; i < list.n && code == KILN_OK; i++) {
		if (list.ports[i].likely_board)
			code = fleet_add(fleet, &list.ports[i], err);
	}
	kiln_ports_done(&list);
	return code;
}

static kiln_code add_named(struct fleet *fleet, const struct opt_list *names, struct kiln_err *err)
{
	struct kiln_port port;

	for (size_t i = 0; i < names->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(names->items[i], names->items[k]) == 0)
				return kiln_fail(err, KILN_E_INVALID, "'%s' is named twice",
						 names->items[i]);
		}
		KILN_TRY(ports_named(&fleet->cli->host, names->items[i], &port, err));
		KILN_TRY(fleet_add(fleet, &port, err));
	}
	return KILN_OK;
}

/* One that is recorded as several are. */
static kiln_code add_only(struct fleet *fleet, struct kiln_err *err)
{
	struct kiln_port port;

	KILN_TRY(ports_only_board(&fleet->cli->host, &port, err));
	return fleet_add(fleet, &port, err);
}

static kiln_code flash_many(struct fleet *fleet, const struct params *params, struct kiln_err *err)
{
	if (params->all)
		KILN_TRY(add_all(fleet, err));
	else if (params->ports.n > 0 || params->watch)
		KILN_TRY(add_named(fleet, &params->ports, err));
	else
		KILN_TRY(add_only(fleet, err));
	if (params->log)
		KILN_TRY(fleet_log_open(fleet, params->log, err));
	return params->watch ? fleet_watch(fleet, err) : fleet_run(fleet, err);
}

static int run_many(struct cli *cli, const struct params *params, struct flash_order *order)
{
	struct fleet fleet = { .cli = cli, .order = order, .retries = (unsigned)params->retries };
	struct kiln_flash_pack *pack = NULL;
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = kiln_flash_pack_new(order->files.items, order->files.n, &pack, &err);

	order->pack = pack;
	if (code == KILN_OK)
		code = flash_many(&fleet, params, &err);
	kiln_flash_pack_free(pack);
	/* a watch has no other end than Ctrl-C */
	const bool stopped = code == KILN_E_CANCELLED && params->watch;
	int exit_code = fleet_exit(&fleet);

	if (code != KILN_OK)
		exit_code = stopped ? kiln_code_exit(code) : cli_fail(cli, &err);
	fleet_done(&fleet);
	return exit_code;
}

/* --- files that are URLs --- */

struct web {
	struct cli *cli;
	bool offline;
};

static kiln_code get_url(void *user, const char *url, void **ret_data, size_t *ret_size,
			 struct kiln_err *err)
{
	const struct kiln_fetch_request request = { .url = url, .no_page = true };
	const struct web *web = user;
	struct kiln_fetched file;

	KILN_TRY(download_one(web->cli, web->offline, &request, &file, err));
	if (web->cli->json)
		cli_json(json_pack("{s:s, s:s, s:I, s:s, s:b}", "event", "fetched", "url", url,
				   "size", (json_int_t)file.size, "sha256", file.sha256, "kept",
				   (int)file.kept));
	else
		printf("fetched  %s (%zu bytes%s)\n", url, file.size, file.kept ? ", kept" : "");
	*ret_data = file.data;
	*ret_size = file.size;
	return KILN_OK;
}

/* --- all of it --- */

static int flash(struct cli *cli, const struct params *params, const struct opt_list *words)
{
	struct web web = { .cli = cli, .offline = params->offline };
	const struct files_source source = { .get = get_url, .user = &web };
	struct flash_order order = { .files.source = &source,
				     .baud = params->speed,
				     .erase = params->erase,
				     .no_diff = params->no_diff,
				     .return_ms = (kiln_ms)params->wait * 1000 };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	/* whoever reads our output may leave; the board must not be left half written for that */
	(void)signal(SIGPIPE, SIG_IGN);
	if (plan_files(words, &params->at, &order.files, &err) != KILN_OK)
		exit_code = cli_fail(cli, &err);
	else if (params->all || params->watch || params->log || params->ports.n > 1)
		exit_code = run_many(cli, params, &order);
	else
		exit_code = run_one(cli, params, &order);
	files_done(&order.files);
	return exit_code;
}

static bool take_baud(struct params *params)
{
	uint64_t baud = 0;

	if (strcmp(params->baud, "auto") == 0)
		return true;
	if (!kiln_text_to_u64(params->baud, &baud) || baud < 300 || baud > 10000000)
		return false;
	params->speed = (unsigned)baud;
	return true;
}

static int check(struct cli *cli, const struct command *self, struct params *params,
		 const struct opt_list *words)
{
	if (words->n == 0)
		return cli_usage(cli, self, "no file given");
	if (!take_baud(params))
		return cli_usage(cli, self, "no port has a speed of '%s'", params->baud);
	if (params->all && params->ports.n > 0)
		return cli_usage(cli, self, "--all and --port exclude each other");
	if (params->retries > 100)
		return cli_usage(cli, self, "--retries may be 0 to 100");
	if (params->wait > WAIT_MAX)
		return cli_usage(cli, self, "--wait may be 0 to %d", WAIT_MAX);
	return -1;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .baud = "auto", .retries = 2, .wait = 30 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = cli->json || params.json;
	if (exit_code < 0)
		exit_code = check(cli, self, &params, &words);
	if (exit_code < 0)
		exit_code = flash(cli, &params, &words);
	opt_list_done(&params.ports);
	opt_list_done(&params.at);
	opt_list_done(&words);
	return exit_code;
}

const struct command cmd_flash = {
	.name = "flash",
	.summary = "put firmware on a board",
	.usage = "[-p PORT ... | --all] [--watch] [--erase] [--no-diff] [--at ADDR] [--baud BAUD] "
		 "[--retries N] [--wait SECONDS] [--log FILE] [--offline] [--json] FILE-or-URL ...",
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
		"A file may be an http: or https: address; what was downloaded is kept, and is "
		"used, with a warning, when the network is away (see 'kiln help fetch').\n\n"
		"PORT may be a device (/dev/ttyUSB0), rfc2217://host:port, socket://host:port, or "
		"sim:NAME, a virtual board. Without it the board is the only one that there is.\n\n"
		"The transfer begins at 460800 baud and climbs as far as it holds; when blocks are "
		"broken on their way it goes down, and on with what is missing. What was found is "
		"remembered for the adapter ($XDG_STATE_HOME/kiln/adapters.json). --baud BAUD sets "
		"a speed, and keeps it.\n\n"
		"A port that goes away in mid-job (a cable that slips, an adapter that resets "
		"itself) is waited for (--wait), known again by its USB serial number or its "
		"place, and the job goes on with what is missing. Another board in its place is "
		"left alone.\n\n"
		"Several boards (--all, or -p more than once) are flashed at the same time, each "
		"at "
		"its own pace. One whose port or wire fails is tried again (--retries); a failure "
		"of "
		"one holds up no other. A table tells at the end how each of them did, and the "
		"exit "
		"code is that of the worst. With --watch each board that is plugged in from then "
		"on "
		"is flashed, until Ctrl-C; with --all, those that are there already too. --log "
		"keeps "
		"a record with the time, the MAC and the result of each.",
	.options = options,
	.run = run,
	.examples = examples,
};
