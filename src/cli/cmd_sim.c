/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kiln/port.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/address.h"
#include "cli/commands.h"
#include "sim/serve.h"
#include "sim/sim.h"
#include "sim/state.h"

enum { ROM_BAUD = 115200, URL_MAX = 8192 };

static const char default_host[] = "127.0.0.1";

struct params {
	bool pty, list, yes, json;
	const char *rfc2217, *link, *remove;
	const char *chip, *flash, *size, *nand, *bad_blocks, *mac, *seed;
	struct opt_list faults;
};

static const struct opt options[] = {
	{ 0, "pty", NULL, OPT_FLAG, offsetof(struct params, pty),
	  "serve it on a pseudo terminal, which has no reset lines" },
	{ 0, "rfc2217", "[HOST:]PORT", OPT_STRING, offsetof(struct params, rfc2217),
	  "serve it over TCP with reset lines; port 0 is any that is free" },
	{ 0, "link", "PATH", OPT_STRING, offsetof(struct params, link),
	  "make PATH a symbolic link to the pseudo terminal" },
	{ 0, "chip", "CHIP", OPT_STRING, offsetof(struct params, chip),
	  "the chip of a new board (esp32)" },
	{ 0, "flash", "FILE", OPT_STRING, offsetof(struct params, flash),
	  "keep the flash in FILE, byte for byte" },
	{ 0, "size", "SIZE", OPT_STRING, offsetof(struct params, size),
	  "size of a new flash (4MB)" },
	{ 0, "nand", "PART", OPT_STRING, offsetof(struct params, nand),
	  "connect a NAND flash: w25n01gv (it stays), strange or none" },
	{ 0, "bad-blocks", "LIST", OPT_STRING, offsetof(struct params, bad_blocks),
	  "blocks of a new NAND flash that the factory found bad, like 3,17" },
	{ 0, "mac", "MAC", OPT_STRING, offsetof(struct params, mac),
	  "the board's address, like 24:0a:c4:00:00:01" },
	{ 0, "fault", "FAULT", OPT_LIST, offsetof(struct params, faults),
	  "a fault that it shall have (see above); may be given several times" },
	{ 0, "seed", "N", OPT_STRING, offsetof(struct params, seed),
	  "for faults by chance: the same number gives the same faults" },
	{ 0, "list", NULL, OPT_FLAG, offsetof(struct params, list),
	  "list the virtual boards that exist" },
	{ 0, "remove", "NAME", OPT_STRING, offsetof(struct params, remove),
	  "remove a virtual board with its flash and its files" },
	{ 0, "yes", NULL, OPT_FLAG, offsetof(struct params, yes), "with --remove: do not ask" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "one JSON object a line" },
	{ 0 },
};

/* --- the board's URL --- */

/* Any byte but those that can't be misread goes as %XX. */
static void append_escaped(struct kiln_buf *url, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-_.~/:,@", *text))
			(void)kiln_buf_putc(url, (uint8_t)*text);
		else
			(void)kiln_buf_printf(url, "%%%02X", (unsigned char)*text);
	}
}

static void append_option(struct kiln_buf *url, const char *name, const char *value)
{
	if (!value)
		return;
	(void)kiln_buf_printf(url, "%c%s=", strchr(kiln_buf_str(url), '?') ? '&' : '?', name);
	append_escaped(url, value);
}

static kiln_code make_url(const struct params *p, const char *name, struct kiln_buf *url,
			  struct kiln_err *err)
{
	struct kiln_buf faults = KILN_BUF_INIT(URL_MAX);

	for (size_t i = 0; i < p->faults.n; i++)
		(void)kiln_buf_printf(&faults, "%s%s", i ? "," : "", p->faults.items[i]);
	(void)kiln_buf_puts(url, "sim:");
	append_escaped(url, name);
	append_option(url, "chip", p->chip);
	append_option(url, "flash", p->flash);
	append_option(url, "size", p->size);
	append_option(url, "nand", p->nand);
	append_option(url, "bad-blocks", p->bad_blocks);
	append_option(url, "mac", p->mac);
	append_option(url, "fault", faults.len ? kiln_buf_str(&faults) : NULL);
	append_option(url, "seed", p->seed);
	kiln_buf_done(&faults);
	return url->failed ? kiln_fail(err, KILN_E_TOO_BIG, "cannot serve virtual board '%s'", name)
			   : KILN_OK;
}

/* --- serving --- */

static kiln_code add_endpoints(const struct params *p, const struct address *at,
			       struct sim_server *server, struct kiln_err *err)
{
	const bool both = !p->pty && !p->link && !p->rfc2217;

	if (p->pty || p->link || both)
		KILN_TRY(sim_server_add_pty(server, p->link, err));
	if (p->rfc2217 || both)
		KILN_TRY(sim_server_add_rfc2217(server, at->host, at->port, err));
	return KILN_OK;
}

/* What a user types: the path of a pty, else the URL. */
static const char *port_of(const char *url)
{
	static const char scheme[] = "serial://";

	return strncmp(url, scheme, strlen(scheme)) == 0 ? url + strlen(scheme) : url;
}

static void tell(const struct cli *cli, const struct sim_server *server, const char *name)
{
	const char *kind, *url;

	for (size_t i = 0; (url = sim_server_endpoint(server, i, &kind)); i++) {
		if (cli->json)
			cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "event", "serving", "name",
					   name, "kind", kind, "port", port_of(url), "url", url));
		else
			printf("serving %s on %s\n", name, port_of(url));
	}
	if (!cli->json && isatty(STDOUT_FILENO))
		printf("Ctrl-C ends it\n");
	fflush(stdout);
}

static kiln_code serve_link(struct cli *cli, const struct params *p, const char *name,
			    const struct address *at, struct sim_server *server,
			    struct kiln_err *err)
{
	KILN_TRY(add_endpoints(p, at, server, err));
	KILN_TRY(sim_server_announce(server, err));
	tell(cli, server, name);
	return sim_server_run(server, err);
}

static kiln_code serve_url(struct cli *cli, const struct params *p, const char *name,
			   const char *url, struct kiln_err *err)
{
	struct sim_server *server = NULL;
	struct kiln_link *link;
	struct address at;
	kiln_code code;

	/* first, so that a wrong line makes no board */
	KILN_TRY(address_parse(p->rfc2217 ? p->rfc2217 : "0", default_host, &at, err));
	KILN_TRY(kiln_link_open(&cli->host, url, ROM_BAUD, &link, err));
	code = sim_server_open(link, name, &server, err);
	if (code != KILN_OK) {
		kiln_link_close(link);
		return code;
	}
	code = serve_link(cli, p, name, &at, server, err);
	sim_server_close(server);
	/* a signal is how it is meant to end */
	return code == KILN_E_CANCELLED ? KILN_OK : code;
}

static kiln_code serve(struct cli *cli, const struct params *p, const char *name,
		       struct kiln_err *err)
{
	struct kiln_buf url = KILN_BUF_INIT(URL_MAX);
	kiln_code code = make_url(p, name, &url, err);

	if (code == KILN_OK)
		code = serve_url(cli, p, name, kiln_buf_str(&url), err);
	kiln_buf_done(&url);
	return code;
}

/* --- other things to do --- */

static void list_one(void *user, const struct kiln_port *port)
{
	const struct cli *cli = user;

	if (cli->json)
		cli_json(json_pack("{s:s, s:s, s:s, s:s}", "event", "board", "url", port->url,
				   "product", port->product, "mac", port->serial));
	else
		printf("%-24s %-22s %s\n", port->url, port->product, port->serial);
}

/* What can't be undone wants the name typed once more, or --yes. */
static bool is_confirmed(const struct params *p)
{
	char answer[128];

	if (p->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr,
		"This removes '%s' with its flash and its files.\nType its name: ", p->remove);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, p->remove) == 0;
}

static kiln_code remove_board(const struct cli *cli, const struct params *p, struct kiln_err *err)
{
	if (!is_confirmed(p)) {
		(void)kiln_fail(err, KILN_E_DENIED, "virtual board '%s' stays", p->remove);
		kiln_why(err, "its removal was not confirmed");
		kiln_hint(err, "type its name when asked, or give --yes");
		return KILN_E_DENIED;
	}
	KILN_TRY(sim_state_remove(p->remove, err));
	if (cli->json)
		cli_json(json_pack("{s:s, s:s}", "event", "removed", "name", p->remove));
	else
		printf("removed %s\n", p->remove);
	return KILN_OK;
}

static int run_params(struct cli *cli, const struct command *self, const struct params *p,
		      const struct opt_list *words)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	if (words->n != (p->list || p->remove ? 0 : 1))
		return cli_usage(cli, self, words->n ? "one name is enough" : "no name was given");
	if (p->list)
		code = kiln_sim_scheme.list(&cli->host, list_one, cli, &err);
	else if (p->remove)
		code = remove_board(cli, p, &err);
	else
		code = serve(cli, p, words->items[0], &err);
	return code == KILN_OK ? 0 : cli_fail(cli, &err);
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { 0 };
	struct opt_list words = { 0 };
	int done = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	if (done < 0)
		done = run_params(cli, self, &params, &words);
	opt_list_done(&words);
	opt_list_done(&params.faults);
	return done;
}

static const char *const examples[] = {
	"kiln sim demo",
	"serve the board 'demo', new or not, on a pseudo terminal and over RFC 2217, until Ctrl-C",
	"kiln sim demo --pty --link /tmp/ttyBOARD",
	"let any program that knows serial ports use it by a name of its own",
	"kiln sim demo --rfc2217 0.0.0.0:4000",
	"serve it to other machines; there is no password",
	"kiln sim --list",
	"the virtual boards that exist",
	NULL,
};

const struct command cmd_sim = {
	.name = "sim",
	.summary = "serve a virtual board to other programs",
	.usage = "NAME [--pty] [--link PATH] [--rfc2217 [HOST:]PORT] [--json]",
	.description =
		"Serve the virtual board NAME: a chip with its ROM loader, a flash, and a "
		"MicroPython\nthat runs once the flash holds firmware. A board that does not exist "
		"is made, with a\nblank flash; flash, address and files are kept below "
		"$XDG_STATE_HOME/kiln/sim, for the\nnext time and for 'sim:NAME', under which "
		"every command of kiln can use the board\nwithout a server.\n\n"
		"A pseudo terminal is what most programs know, but it has no reset lines: a "
		"flasher\nneeds RFC 2217 (rfc2217://HOST:PORT), which esptool and pyserial know "
		"too. Without\n--pty and --rfc2217 both are served, over TCP on this machine only "
		"and on a free port.\nOne line for each says where. 'kiln discover' finds a board "
		"that is served.\n\n"
		"Faults, for those who test flashers: lose, add and flip with @BYTE or ~ONE_IN "
		"and "
		"too-fast@BAUD (above that baud bits are turned), all of them only one way with "
		"to- or from- before; stall@BYTE[:MS], unplug@BYTE[:MS], reset@BYTE, cut@BYTES "
		"(power "
		"fails when so many bytes were programmed), bad-sector@ADDRESS; of a NAND flash "
		"nand-erase, nand-program, nand-silent and nand-ecc with @BLOCK; no-sync.\n\n"
		"The board has power as long as this command runs; Ctrl-C ends it.",
	.options = options,
	.run = run,
	.examples = examples,
};
