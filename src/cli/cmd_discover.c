/* SPDX-License-Identifier: Apache-2.0 */
/* Boards and ports. The text forms are discover/format.c's, which the kernel prints too. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/port_json.h"
#include "cli/probe.h"
#include "discover/format.h"

struct params {
	bool all, json, watch;
};

static const struct opt options[] = {
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct params, all),
	  "every serial port, and what is known of it; no board is touched" },
	{ 'w', "watch", NULL, OPT_FLAG, offsetof(struct params, watch),
	  "go on, and tell of each port that comes or goes" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "one JSON object a line" },
	{ 0 },
};

static int print(struct cli *cli, struct kiln_buf *out, kiln_code code)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (code != KILN_OK) {
		(void)kiln_fail(&err, code, "cannot show the list");
		return cli_fail(cli, &err);
	}
	fputs(kiln_buf_str(out), stdout);
	return 0;
}

static int show_ports(struct cli *cli, const struct kiln_port_list *list)
{
	struct kiln_buf out = KILN_BUF_INIT(4 * 1024 * 1024);
	kiln_code code = KILN_OK;
	int exit_code;

	for (size_t i = 0; i < list->n && code == KILN_OK; i++) {
		if (cli->json)
			cli_json(port_json(&list->ports[i]));
		else
			code = kiln_port_format(&out, &list->ports[i]);
	}
	exit_code = print(cli, &out, code);
	kiln_buf_done(&out);
	return exit_code;
}

static const char *name_of(const struct probe *p)
{
	return p->info.uid[0] ? p->info.uid : p->port.url;
}

static void board_json(const struct probe *p)
{
	cli_json(json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "name", name_of(p), "url",
			   p->port.url, "device", p->port.device, "uid", json_text(p->info.uid),
			   "implementation", p->info.implementation, "platform", p->info.platform,
			   "version", json_text(p->info.version), "machine",
			   json_text(p->info.machine)));
}

/* A port without a board is passed over; -v says why. */
static void say_skipped(const struct cli *cli, const struct probe *p)
{
	if (cli->verbose == 0)
		return;
	if (cli->json)
		cli_json(json_pack("{s:s, s:s, s:o}", "url", p->port.url, "device", p->port.device,
				   "error", err_json(&p->err)));
	else
		fprintf(stderr, "%s: no board: %s: %s\n", p->port.device, p->err.what, p->err.why);
}

static int show_boards(struct cli *cli, const struct probe *probes, size_t n)
{
	struct kiln_buf out = KILN_BUF_INIT(1024 * 1024);
	struct kiln_board_line *lines = calloc(n + 1, sizeof(*lines));
	size_t found = 0;
	int exit_code;

	for (size_t i = 0; lines && i < n; i++) {
		const struct probe *p = &probes[i];

		if (p->code != KILN_OK) {
			say_skipped(cli, p);
			continue;
		}
		lines[found++] = (struct kiln_board_line){ name_of(p), p->port.url, p->info.uid };
		if (cli->json)
			board_json(p);
	}
	exit_code = 0;
	if (!cli->json && found == 0)
		puts("No devices available");
	else if (!cli->json)
		exit_code = print(cli, &out,
				  kiln_boards_format(&out, lines, found, cli->verbose > 0));
	free(lines);
	kiln_buf_done(&out);
	return exit_code;
}

static int look_for_boards(struct cli *cli, const struct kiln_port_list *list)
{
	struct probe *probes = calloc(list->n + 1, sizeof(*probes));
	struct kiln_err err = KILN_ERR_INIT;
	size_t n = 0;
	int exit_code;

	if (!probes) {
		(void)kiln_fail(&err, KILN_E_NOMEM, "cannot look at the ports");
		return cli_fail(cli, &err);
	}
	for (size_t i = 0; i < list->n; i++) {
		if (list->ports[i].likely_board)
			probes[n++].port = list->ports[i];
	}
	if (probe_ports(cli, false, probes, n, &err) == KILN_OK)
		exit_code = show_boards(cli, probes, n);
	else
		exit_code = cli_fail(cli, &err);
	free(probes);
	return exit_code;
}

static void show_event(const struct cli *cli, const struct kiln_port_event *event)
{
	const struct kiln_port *port = &event->port;

	if (cli->json) {
		json_t *object = json_pack("{s:s}", "event", event->added ? "added" : "removed");
		json_t *facts = port_json(port);

		(void)json_object_update(object, facts);
		json_decref(facts);
		cli_json(object);
		return;
	}
	printf("%c %s%s%s%s%s\n", event->added ? '+' : '-', port->device,
	       port->product[0] ? "  " : "", port->product, port->hwid[0] ? "  " : "", port->hwid);
	fflush(stdout);
}

/* Until Ctrl-C, which is no failure here: there is no other end. */
static int watch(struct cli *cli, const struct params *params)
{
	struct kiln_port_watch *w;
	struct kiln_port_event event;
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	if (kiln_port_watch_open(&cli->host, &w, &err) != KILN_OK)
		return cli_fail(cli, &err);
	while ((code = kiln_port_watch_next(w, KILN_FOREVER, &event, &err)) == KILN_OK) {
		if (params->all || event.port.likely_board)
			show_event(cli, &event);
	}
	kiln_port_watch_close(w);
	return code == KILN_E_CANCELLED ? kiln_code_exit(code) : cli_fail(cli, &err);
}

static int discover(struct cli *cli, const struct params *params)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port_list list;
	int exit_code;

	if (params->watch)
		return watch(cli, params);
	if (kiln_ports_scan(&cli->host, &list, &err) != KILN_OK)
		return cli_fail(cli, &err);
	exit_code = params->all ? show_ports(cli, &list) : look_for_boards(cli, &list);
	kiln_ports_done(&list);
	return exit_code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { 0 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	if (exit_code < 0 && words.n > 0)
		exit_code = cli_usage(cli, self, "it takes no arguments, not '%s'", words.items[0]);
	if (exit_code < 0)
		exit_code = discover(cli, &params);
	opt_list_done(&words);
	return exit_code;
}

static const char *const examples[] = {
	"kiln discover",
	"The boards that answer, with the port of each.",
	"kiln discover -a",
	"All serial ports of this machine.",
	"kiln discover --watch --json",
	"An object for each port that comes or goes, until Ctrl-C.",
	NULL,
};

const struct command cmd_discover = {
	.name = "discover",
	.summary = "find boards and serial ports",
	.usage = "[-a] [-v] [-w] [--json]",
	.description =
		"List the boards on which MicroPython answers: name, port, and with -v the unique "
		"id. A program that runs on a board is stopped to ask. Ports that are busy or do "
		"not answer are passed over; -v says why. All ports are asked at the same time.\n\n"
		"With --all list every serial port, the likeliest board first, and what its device "
		"says of itself. This opens no port.\n\n"
		"Ports come from the system, from $KILN_PORTS (devices or URLs with spaces between "
		"them), from the list 'ports:' in ~/.config/kiln/config.yaml, and from virtual "
		"boards that exist or are served by 'kiln sim'.",
	.options = options,
	.run = run,
	.examples = examples,
};
