/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/download.h"
#include "cli/mip.h"
#include "cli/ports.h"
#include "cli/whole.h"

enum { LOCK_MAX = 8 * 1024 * 1024 };

#define AT(member) offsetof(struct mip_params, member)

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_LIST, AT(ports),
	  "port or URL of the board, once for each; may be left out if there is just one" },
	{ 0, "all", NULL, OPT_FLAG, AT(all), "of install: every port that looks like a board" },
	{ 0, "target", "FOLDER", OPT_STRING, AT(target),
	  "folder on the board (the first of its sys.path that is called lib)" },
	{ 0, "index", "URL", OPT_STRING, AT(index), "package index (" KILN_MIP_INDEX_URL ")" },
	{ 0, "no-mpy", NULL, OPT_FLAG, AT(no_mpy), "sources, not compiled .mpy files" },
	{ 0, "mpy", "N", OPT_UINT, AT(mpy),
	  "of lock: for boards with this version of .mpy files; no board is asked then" },
	{ 0, "locked", "FILE", OPT_STRING, AT(locked), "of install: exactly what this file names" },
	{ 'o', "output", "FILE", OPT_STRING, AT(output),
	  "of lock: where to write it (mip.lock); - is standard output" },
	{ 'f', "force", NULL, OPT_FLAG, AT(force),
	  "of install: send what is there too; of uninstall: remove what was changed" },
	{ 0, "offline", NULL, OPT_FLAG, AT(offline),
	  "take only what is kept from earlier downloads" },
	{ 'b', "baud", "BAUD", OPT_UINT, AT(baud), "speed of the board's console (115200)" },
	{ 0, "json", NULL, OPT_FLAG, AT(json), "one JSON object a line" },
	{ 0 },
};

static const char *const examples[] = {
	"kiln mip install aioble",
	"Install a package of micropython-lib, and what it needs.",
	"kiln mip install --all github:org/repo@v1.2 umqtt.simple@1.4",
	"A repository and a package, on every board that is plugged in.",
	"kiln mip lock -o mip.lock",
	"Write down exactly what is installed, ...",
	"kiln mip install --locked mip.lock",
	"... and install that again, here or elsewhere.",
	NULL,
};

static const struct {
	const char *name;
	int (*run)(struct mip *mip);
	bool wants_words;
} verbs[] = {
	{ "install", mip_install, false },
	{ "list", mip_list, false },
	{ "uninstall", mip_uninstall, true },
	{ "lock", mip_lock, false },
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int check(struct mip *mip, const struct command *self, size_t verb)
{
	const struct mip_params *p = &mip->params;
	const bool installs = verbs[verb].run == mip_install;

	if (verbs[verb].wants_words && mip->n_words == 0)
		return cli_usage(mip->cli, self, "%s what?", verbs[verb].name);
	if (installs && mip->n_words == 0 && !p->locked)
		return cli_usage(mip->cli, self, "install what?");
	if (installs && mip->n_words > 0 && p->locked)
		return cli_usage(mip->cli, self, "--locked names the packages itself");
	if (verbs[verb].run == mip_list && mip->n_words > 0)
		return cli_usage(mip->cli, self, "list takes no package");
	if (!installs && (p->all || p->ports.n > 1))
		return cli_usage(mip->cli, self, "%s works on one board", verbs[verb].name);
	if (p->all && p->ports.n > 0)
		return cli_usage(mip->cli, self, "--all and --port exclude each other");
	if (p->baud < 300 || p->baud > 10000000)
		return cli_usage(mip->cli, self, "no port does %llu baud",
				 (unsigned long long)p->baud);
	if (p->mpy > 255)
		return cli_usage(mip->cli, self, "there is no version %llu of .mpy files",
				 (unsigned long long)p->mpy);
	return -1;
}

static int run_verb(struct mip *mip, const struct command *self, const struct opt_list *words)
{
	struct kiln_err err = KILN_ERR_INIT;
	size_t verb = 0;
	int exit_code;

	while (verb < VERBS && (words->n == 0 || strcmp(words->items[0], verbs[verb].name) != 0))
		verb++;
	if (verb == VERBS)
		return cli_usage(mip->cli, self, "it takes install, list, uninstall or lock");
	mip->words = words->items + 1;
	mip->n_words = words->n - 1;
	exit_code = check(mip, self, verb);
	if (exit_code < 0 && mip->params.locked &&
	    whole_read(mip->params.locked, &mip->lock, &err) != KILN_OK)
		exit_code = cli_fail(mip->cli, &err);
	return exit_code < 0 ? verbs[verb].run(mip) : exit_code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct mip mip = { .cli = cli,
			   .params = { .baud = 115200 },
			   .lock = KILN_BUF_INIT(LOCK_MAX) };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &mip.params, &words);

	cli->json = cli->json || mip.params.json;
	if (exit_code < 0)
		exit_code = run_verb(&mip, self, &words);
	kiln_buf_done(&mip.lock);
	opt_list_done(&mip.params.ports);
	opt_list_done(&words);
	return exit_code;
}

/* ---- what the subcommands share ---- */

kiln_code mip_one_url(const struct mip *mip, char *ret_url, size_t size, struct kiln_err *err)
{
	struct kiln_port port;

	if (mip->params.ports.n > 0) {
		kiln_text_copy(ret_url, size, mip->params.ports.items[0]);
		return KILN_OK;
	}
	KILN_TRY(ports_only_board(&mip->cli->host, &port, err));
	kiln_text_copy(ret_url, size, port.url);
	return KILN_OK;
}

kiln_code mip_board_open(const struct mip *mip, const struct kiln_host *host, const char *url,
			 struct mip_board *board, struct kiln_err *err)
{
	struct kiln_link *link;

	*board = (struct mip_board){ .repl = NULL };
	KILN_TRY(kiln_link_open(host, url, (unsigned)mip->params.baud, &link, err));
	KILN_TRY(kiln_repl_open(link, &board->repl, err));
	KILN_TRY(kiln_mip_ask(board->repl, &board->is, err));
	KILN_TRY(kiln_mip_target(&board->is, mip->params.target, &board->place.target, err));
	KILN_TRY(kiln_files_open(board->repl, &board->files, err));
	board->place.files = board->files;
	return KILN_OK;
}

void mip_board_close(struct mip_board *board)
{
	kiln_files_close(board->files);
	kiln_repl_close(board->repl);
}

static kiln_code check_mpy(const struct kiln_mip_set *set, unsigned mpy, struct kiln_err *err)
{
	if (set->mpy == 0 || set->mpy == mpy)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot install what is locked");
	kiln_why(err, "it is for boards with version %u of .mpy files; this one has %u", set->mpy,
		 mpy);
	kiln_hint(err, "lock anew for this board, or for sources: 'kiln mip lock --no-mpy'");
	return KILN_E_UNSUPPORTED;
}

static kiln_code resolve_locked(const struct mip *mip, struct kiln_fetcher *fetcher, unsigned mpy,
				struct kiln_mip_set **ret_set, struct kiln_err *err)
{
	struct kiln_mip_set *set;
	kiln_code code = kiln_mip_lock_read(fetcher, mip->lock.data, mip->lock.len, &set, err);

	if (code == KILN_E_CONFIG)
		kiln_because(err, "cannot use '%s'", mip->params.locked);
	KILN_TRY(code);
	code = check_mpy(set, mpy, err);
	if (code == KILN_OK)
		*ret_set = set;
	else
		kiln_mip_set_free(set);
	return code;
}

kiln_code mip_resolve(const struct mip *mip, const struct kiln_host *host, unsigned mpy,
		      struct kiln_mip_set **ret_set, struct kiln_err *err)
{
	const struct kiln_mip_options o = { .index = mip->params.index,
					    .mpy = mip->params.no_mpy ? 0 : mpy };
	struct download d;
	kiln_code code;

	KILN_TRY(download_open(&d, mip->cli, host, mip->params.offline, err));
	code = mip->params.locked
		       ? resolve_locked(mip, d.fetcher, mpy, ret_set, err)
		       : kiln_mip_resolve(d.fetcher, &o, mip->words, mip->n_words, ret_set, err);
	download_close(&d);
	return code;
}

const struct command cmd_mip = {
	.name = "mip",
	.summary = "install packages on boards, list and remove them",
	.usage = "install [-p PORT ... | --all] [--target FOLDER] PACKAGE ... | list | uninstall "
		 "PACKAGE ... | lock [-o FILE] [PACKAGE ...]",
	.description =
		"install puts packages on a board, with all that they need. PACKAGE is a NAME or "
		"NAME@VERSION of the index (micropython-lib's), github:ORG/REPO[/PATH][@BRANCH], "
		"gitlab: and codeberg: likewise, an http: or https: address, or a package.json, "
		".py "
		"or .mpy file of this computer. All is downloaded and compared with its hashes "
		"before the board is touched; only files that differ are sent. Several boards (-p "
		"more than once, --all) are served at the same time from one download; the exit "
		"code is that of the worst.\n\n"
		"What was installed is written down on the board, in .kiln-mip.json of the target. "
		"list shows it, and whether the files still are what they were; files that came by "
		"other ways, as by mpremote, stand below by their names. uninstall removes "
		"packages, and what only they needed; files that were changed since stay, unless "
		"-f is given.\n\n"
		"lock writes a file with the place and the whole SHA-256 of each file, of the "
		"PACKAGEs, or else of what is installed on the board. install --locked installs "
		"exactly these bytes or nothing.\n\n"
		"Downloads are kept for days without a network: see 'kiln help fetch'.",
	.options = options,
	.run = run,
	.examples = examples,
};
