/* SPDX-License-Identifier: Apache-2.0 */
/* Why a board can't be reached, and what to do. The checks are in doctor.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/port_json.h"
#include "cli/probe.h"
#include "cli/term.h"
#include "discover/sources.h"

struct params {
	bool json;
};

static const struct opt options[] = {
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json),
	  "one JSON object a line: a finding each" },
	{ 0 },
};

static const struct {
	const char *name, *color;
} levels[] = {
	[DOCTOR_OK] = { "ok", "\033[32m" },
	[DOCTOR_NOTE] = { "note", "\033[33m" },
	[DOCTOR_PROBLEM] = { "problem", "\033[1;31m" },
};

static void show_text(const struct finding *f, const char *last_subject)
{
	const bool color = term_has_color(STDOUT_FILENO);

	if (strcmp(f->subject, last_subject) != 0)
		printf("%s%s\n", last_subject[0] ? "\n" : "", f->subject);
	printf("  %s%-8s%s %s\n", color ? levels[f->level].color : "", levels[f->level].name,
	       color ? "\033[m" : "", f->what);
	if (f->hint[0])
		printf("           %s\n", f->hint);
}

static void show_json(const struct finding *f)
{
	cli_json(json_pack("{s:s, s:s, s:s, s:s, s:o}", "subject", f->subject, "check", f->check,
			   "level", levels[f->level].name, "what", f->what, "hint",
			   json_text(f->hint)));
}

static int show(struct cli *cli, const struct findings *list)
{
	const size_t problems = findings_problems(list);
	const char *subject = "";

	for (size_t i = 0; i < list->n; i++) {
		if (cli->json)
			show_json(&list->items[i]);
		else
			show_text(&list->items[i], subject);
		subject = list->items[i].subject;
	}
	if (!cli->json && problems == 0)
		puts("\nno problems found");
	else if (!cli->json)
		printf("\n%zu problem%s found\n", problems, problems == 1 ? "" : "s");
	return problems > 0 || list->failed ? 1 : 0;
}

static void add_probe(struct findings *list, const struct probe *p)
{
	if (p->code != KILN_OK)
		doctor_add(list, DOCTOR_PROBLEM, p->port.device, "board", p->err.hint, "%s: %s",
			   p->err.what, p->err.why);
	else
		doctor_add(list, DOCTOR_OK, p->port.device, "board", "", "%s %s on %s answers%s%s",
			   p->info.implementation, p->info.version, p->info.platform,
			   p->info.uid[0] ? ", unique id " : "", p->info.uid);
}

/* What is known of one port before boards are asked. */
struct visit {
	struct findings way;
	size_t probe; /* 1 + its index; 0: the board is not asked */
};

/* Returns how many boards are to be asked. */
static size_t visit_ports(const struct kiln_port_list *ports, bool named, struct visit *visits,
			  struct probe *probes)
{
	size_t n = 0;

	for (size_t i = 0; i < ports->n; i++) {
		const struct kiln_port *port = &ports->ports[i];
		const bool matters = named || port->likely_board;
		const bool local = port->device[0] == '/';

		if ((local && !doctor_way(&visits[i].way, port, matters)) || !matters)
			continue;
		probes[n++].port = *port;
		visits[i].probe = n;
	}
	return n;
}

static void write_down(struct findings *list, const struct visit *visit, const struct probe *probes)
{
	for (size_t i = 0; i < visit->way.n; i++) {
		const struct finding *f = &visit->way.items[i];

		doctor_add(list, f->level, f->subject, f->check, f->hint, "%s", f->what);
	}
	if (visit->probe)
		add_probe(list, &probes[visit->probe - 1]);
}

/* Boards are asked at the same time, but what was found of a port stands together. */
static kiln_code examine(struct cli *cli, const struct kiln_port_list *ports, bool named,
			 struct findings *list, struct kiln_err *err)
{
	struct probe *probes = calloc(ports->n + 1, sizeof(*probes));
	struct visit *visits = calloc(ports->n + 1, sizeof(*visits));
	kiln_code code;

	if (!probes || !visits) {
		free(probes);
		free(visits);
		return kiln_fail(err, KILN_E_NOMEM, "cannot look at the ports");
	}
	code = probe_ports(cli, true, probes, visit_ports(ports, named, visits, probes), err);
	for (size_t i = 0; i < ports->n; i++) {
		if (code == KILN_OK)
			write_down(list, &visits[i], probes);
		findings_done(&visits[i].way);
	}
	free(probes);
	free(visits);
	return code;
}

static bool any_likely(const struct kiln_port_list *ports)
{
	for (size_t i = 0; i < ports->n; i++) {
		if (ports->ports[i].likely_board)
			return true;
	}
	return false;
}

static void check_ports(struct findings *list, const struct kiln_port_list *ports)
{
	if (ports->n == 0)
		doctor_add(list, DOCTOR_PROBLEM, DOCTOR_COMPUTER, "ports",
			   "plug a board in; if it is, try another cable (some carry no data) and "
			   "another USB socket",
			   "there are no serial ports");
	else if (!any_likely(ports))
		doctor_add(list, DOCTOR_PROBLEM, DOCTOR_COMPUTER, "ports",
			   "plug a board in, or name its port: kiln doctor PORT",
			   "no port looks like a board's");
}

/* The ports to look at: the named one with what the system knows of it, or all. */
static kiln_code choose_ports(struct cli *cli, const char *named, struct kiln_port_list *ports,
			      struct kiln_err *err)
{
	struct kiln_port port;
	size_t kept = 0;

	KILN_TRY(kiln_ports_scan(&cli->host, ports, err));
	if (!named)
		return KILN_OK;
	if (!kiln_port_from_url(named, &port)) {
		kiln_ports_done(ports);
		return kiln_fail(err, KILN_E_INVALID, "no port: '%s'", named);
	}
	for (size_t i = 0; i < ports->n; i++) {
		if (strcmp(ports->ports[i].url, port.url) == 0)
			ports->ports[kept++] = ports->ports[i];
	}
	if (kept == 0) {
		struct kiln_port *one = realloc(ports->ports, sizeof(*one));

		if (!one) {
			kiln_ports_done(ports);
			return kiln_fail(err, KILN_E_NOMEM, "cannot look at the ports");
		}
		*one = port;
		ports->ports = one;
		kept = 1;
	}
	ports->n = kept;
	return KILN_OK;
}

static int doctor(struct cli *cli, const char *named)
{
	struct findings list = { 0 };
	struct kiln_port_list ports = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = choose_ports(cli, named, &ports, &err);
	int exit_code;

	if (code == KILN_E_CONFIG) {
		doctor_add(&list, DOCTOR_PROBLEM, DOCTOR_COMPUTER, "config", err.hint, "%s: %s",
			   err.what, err.why);
		code = KILN_OK;
	} else if (code == KILN_OK) {
		code = examine(cli, &ports, named != NULL, &list, &err);
		if (!named)
			check_ports(&list, &ports);
	}
	if (code == KILN_OK) {
		doctor_computer(cli, &list, &ports);
		exit_code = show(cli, &list);
	} else {
		exit_code = cli_fail(cli, &err);
	}
	kiln_ports_done(&ports);
	findings_done(&list);
	return exit_code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { 0 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	if (exit_code < 0 && words.n > 1)
		exit_code = cli_usage(cli, self, "it takes one port, not %zu", words.n);
	if (exit_code < 0)
		exit_code = doctor(cli, words.n ? words.items[0] : NULL);
	opt_list_done(&words);
	return exit_code;
}

static const char *const examples[] = {
	"kiln doctor",
	"Look at all ports and at this computer.",
	"kiln doctor /dev/ttyUSB0",
	"Why can't this port be reached?",
	NULL,
};

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "say why a board can't be reached, and what to do",
	.usage = "[--json] [PORT]",
	.description =
		"Look at each port the way a board is reached: is its driver loaded, may you open "
		"it, does another program hold it, and what does the board say? A board that shows "
		"no prompt is asked whether it waits for a flash tool. Then look at this computer: "
		"USB devices without a driver, programs that take ports away, what virtual boards "
		"need. Each problem comes with what to do.\n\n"
		"Boards are talked to at ports of vendors who make boards, and at a port that is "
		"named. A program that runs on the board is stopped for that; it is not reset.\n\n"
		"The exit code is 1 if there is a problem.",
	.options = options,
	.run = run,
	.examples = examples,
};
