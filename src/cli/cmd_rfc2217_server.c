/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include <kiln/link.h>

#include "cli/address.h"
#include "cli/commands.h"
#include "sim/serve.h"

enum { ROM_BAUD = 115200, HOLD_MS = 50, HOLD_R0_MS = 550 };

struct params {
	const char *port;
	bool r0, json;
};

static const struct opt options[] = {
	{ 'p', "localport", "[HOST:]PORT", OPT_STRING, offsetof(struct params, port),
	  "where to listen (2217, on all of this machine's addresses); 0: any free port" },
	{ 0, "r0", NULL, OPT_FLAG, offsetof(struct params, r0),
	  "hold IO0 longer in a reset, as revision 0 of the ESP32 needs it" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "one JSON object a line" },
	{ 0 },
};

static void tell(const struct cli *cli, const struct sim_server *server, const char *port)
{
	const char *kind;
	const char *url = sim_server_endpoint(server, 0, &kind);

	if (cli->json)
		cli_json(
			json_pack("{s:s, s:s, s:s}", "event", "serving", "port", port, "url", url));
	else
		printf("serving %s on %s\n", port, url);
	if (!cli->json && isatty(STDOUT_FILENO))
		printf("anyone who reaches this port may use the board; Ctrl-C ends it\n");
	fflush(stdout);
}

static kiln_code serve(struct cli *cli, const struct params *p, const char *url,
		       struct kiln_err *err)
{
	struct sim_server *server = NULL;
	struct kiln_link *link;
	struct address at;
	kiln_code code;

	KILN_TRY(address_parse(p->port ? p->port : "2217", "0.0.0.0", &at, err));
	KILN_TRY(kiln_link_open(&cli->host, url, ROM_BAUD, &link, err));
	code = sim_server_open(link, url, &server, err);
	if (code != KILN_OK) {
		kiln_link_close(link);
		return code;
	}
	sim_server_play_resets(server, p->r0 ? HOLD_R0_MS : HOLD_MS);
	code = sim_server_add_rfc2217(server, at.host, at.port, err);
	if (code == KILN_OK) {
		tell(cli, server, url);
		code = sim_server_run(server, err);
	}
	sim_server_close(server);
	/* a signal is how it is meant to end */
	return code == KILN_E_CANCELLED ? KILN_OK : code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct params params = { 0 };
	struct opt_list words = { 0 };
	int done = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	if (done < 0 && words.n != 1)
		done = cli_usage(cli, self, words.n ? "one port is enough" : "no port was given");
	else if (done < 0)
		done = serve(cli, &params, words.items[0], &err) == KILN_OK ? 0
									    : cli_fail(cli, &err);
	opt_list_done(&words);
	return done;
}

static const char *const examples[] = {
	"kiln rfc2217-server /dev/ttyUSB0",
	"let programs on other machines use the board, as rfc2217://THIS-MACHINE:2217",
	"kiln rfc2217-server -p 127.0.0.1:4000 /dev/ttyUSB0",
	"on this machine only, and on another port",
	"kiln rfc2217-server -v --r0 /dev/ttyUSB0",
	"a board with an ESP32 of revision 0; -v tells who comes and goes",
	NULL,
};

static const char *const personas[] = { "esp_rfc2217_server.py", "esp_rfc2217_server", NULL };

const struct command cmd_rfc2217_server = {
	.name = "rfc2217-server",
	.summary = "serve a port of this machine over the network",
	.usage = "[-p [HOST:]PORT] [-v] [--r0] [--json] PORT",
	.description =
		"Serve PORT, a device or any other port that kiln knows, over TCP with RFC 2217 "
		"(telnet's com\nport option), which carries the baud and the reset lines too: "
		"'rfc2217://HOST:2217' is the port for\nkiln, for esptool (with "
		"'?ign_set_control' behind it) and for pyserial. It does what Espressif's\n"
		"esp_rfc2217_server does, and is called by that name too.\n\n"
		"Over a network the two lines change one after the other, and late. So a reset to "
		"the loader is\nrecognised where it passes from reset to IO0, and its rest is "
		"played here, in one step and with\nthe right timing.\n\n"
		"One client at a time: another one is told that the port is in use. When a client "
		"leaves, lines\nand baud are as before. There is no password. It ends with Ctrl-C, "
		"or when the port goes.",
	.options = options,
	.run = run,
	.examples = examples,
	.personas = personas,
};
