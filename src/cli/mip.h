/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_MIP_H
#define KILN_CLI_MIP_H

#include "base/buf.h"
#include "cli/cli.h"
#include "mip/install.h"

/* What the subcommands of `kiln mip` share. */
struct mip_params {
	struct opt_list ports;
	const char *target, *index, *locked, *output;
	uint64_t baud, mpy;
	bool all, no_mpy, force, offline, json;
};

struct mip {
	struct cli *cli;
	struct mip_params params;
	const char *const *words; /* packages */
	size_t n_words;
	struct kiln_buf lock; /* the text of --locked; empty: none */
};

/* One board that is open. */
struct mip_board {
	struct kiln_repl *repl;
	struct kiln_files *files;
	struct kiln_mip_board is;
	struct kiln_mip_place place;
};

/* Open the board at `url` and ask it. Fails as kiln_repl_open, kiln_mip_ask and kiln_mip_target.
 * Whatever comes of it, mip_board_close. */
KILN_CHECK kiln_code mip_board_open(const struct mip *mip, const struct kiln_host *host,
				    const char *url, struct mip_board *board, struct kiln_err *err);
void mip_board_close(struct mip_board *board);

/* The packages for boards that run this version of .mpy files. Fails as kiln_mip_resolve. */
KILN_CHECK kiln_code mip_resolve(const struct mip *mip, const struct kiln_host *host, unsigned mpy,
				 struct kiln_mip_set **ret_set, struct kiln_err *err);

/* The exit codes. */
int mip_install(struct mip *mip);
int mip_list(struct mip *mip);
int mip_uninstall(struct mip *mip);
int mip_lock(struct mip *mip);

/* The one board that is meant: its URL. Fails as ports_only_board. */
KILN_CHECK kiln_code mip_one_url(const struct mip *mip, char *ret_url, size_t size,
				 struct kiln_err *err);

#endif
