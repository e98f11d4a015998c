/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/download.h"
#include "cli/whole.h"

struct params {
	const char *output, *sha256;
	uint64_t max;
	bool offline, json;
};

static const struct opt options[] = {
	{ 'o', "output", "FILE", OPT_STRING, offsetof(struct params, output),
	  "where to write it; '-' is standard output" },
	{ 0, "sha256", "HEX", OPT_STRING, offsetof(struct params, sha256),
	  "hash that the file must have; its first 8 digits are enough" },
	{ 0, "max", "BYTES", OPT_UINT, offsetof(struct params, max),
	  "refuse what is longer (268435456)" },
	{ 0, "offline", NULL, OPT_FLAG, offsetof(struct params, offline),
	  "take only what is kept from an earlier download" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "one JSON object a line" },
	{ 0 },
};

static const char *const examples[] = {
	"kiln fetch https://micropython.org/resources/firmware/"
	"ESP32_GENERIC-20260406-v1.28.0.bin",
	"Firmware, into the folder in which you are.",
	NULL,
};

/* The last part of the URL's path: what a file is called if nobody says. */
static kiln_code file_name(const char *url, char *dst, size_t size, struct kiln_err *err)
{
	const size_t n = strcspn(url, "?#");
	size_t from = n;

	while (from > 0 && url[from - 1] != '/')
		from--;
	kiln_text_format(dst, size, "%.*s", (int)(n - from), url + from);
	if (dst[0] && strcmp(dst, ".") != 0 && strcmp(dst, "..") != 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot name the file of '%.100s'", url);
	kiln_hint(err, "name it: -o FILE");
	return KILN_E_INVALID;
}

static kiln_code fetch(struct cli *cli, const struct params *params, const char *url,
		       struct kiln_err *err)
{
	const struct kiln_fetch_request request = { .url = url,
						    .sha256 = params->sha256,
						    .max = params->max };
	struct kiln_fetched file;
	char name[256];
	kiln_code code;

	if (params->output)
		kiln_text_copy(name, sizeof(name), params->output);
	else
		KILN_TRY(file_name(url, name, sizeof(name), err));
	KILN_TRY(download_one(cli, params->offline, &request, &file, err));
	code = whole_write(params->output ? params->output : name, kiln_span(file.data, file.size),
			   err);
	if (code == KILN_OK && cli->json)
		cli_json(json_pack("{s:s, s:s, s:s, s:I, s:s, s:b}", "event", "fetched", "url", url,
				   "file", params->output ? params->output : name, "size",
				   (json_int_t)file.size, "sha256", file.sha256, "kept",
				   (int)file.kept));
	kiln_fetched_done(&file);
	return code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .max = 0 };
	struct opt_list words = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = cli->json || params.json;
	if (exit_code < 0 && words.n != 1)
		exit_code = cli_usage(cli, self, words.n ? "one address at a time" : "fetch what?");
	if (exit_code < 0)
		exit_code = fetch(cli, &params, words.items[0], &err) == KILN_OK
				    ? 0
				    : cli_fail(cli, &err);
	opt_list_done(&words);
	return exit_code;
}

const struct command cmd_fetch = {
	.name = "fetch",
	.summary = "download a file, and keep it for days without a network",
	.usage = "[-o FILE] [--sha256 HEX] [--max BYTES] [--offline] [--json] URL",
	.description =
		"Download a file as 'kiln flash' and 'kiln mip' do. A download that broke off goes "
		"on where it stopped, also in the next run. What was downloaded is kept in "
		"$XDG_CACHE_HOME/kiln (~/.cache/kiln): it is asked for again only if it has "
		"changed, and is used, with a warning, when the network is away. The least used "
		"files go when there are more than 512 MiB.\n\n"
		"With --sha256 a file with another hash is refused, and one that is kept and has "
		"that hash is used without asking the server.\n\n"
		"Environment: https_proxy, http_proxy and no_proxy name a proxy; SSL_CERT_FILE the "
		"authorities of a network that has its own.",
	.options = options,
	.run = run,
	.examples = examples,
};
