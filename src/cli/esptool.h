/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_ESPTOOL_H
#define KILN_CLI_ESPTOOL_H

#include <stdbool.h>

#include <kiln/flash.h>

#include "cli/cli.h"
#include "cli/dialect.h"
#include "cli/files.h"

/*
 * The drop-in for esptool.py v3 and v4: its command line (global options, a command, the
 * command's options), its texts on stdout, its exit codes. Facts about it: its documentation
 * ("Basic Options", "Basic Commands").
 */

/* What stands before the command, or in ESPTOOL_*. */
struct esptool_options {
	const char *chip, *port, *before, *after, *attempts;
	uint64_t baud;
	bool no_stub, trace, help;
};

struct esptool_write {
	bool erase_all, no_progress, verify, force, compress, no_compress;
	const char *freq, *mode, *size;
	struct files files;
};

struct esptool_region {
	uint32_t address, size;
};

struct esptool_command;

/* One run of the tool. */
struct esptool {
	struct cli *cli;
	const char *program; /* the name it was called by */
	struct esptool_options options;
	const struct esptool_command *command;
	union {
		struct esptool_write write;
		struct esptool_region region;
	} params;
	bool help; /* of the command */
	struct kiln_flasher_options flasher;
	struct dialect_run run;
	bool muted; /* it failed: what is done to leave the board in order is not said */
	const struct kiln_port_list *ports;
};

struct esptool_command {
	/* its name with '_', '-' is the same; its options are offsets into struct esptool */
	struct subcommand is;
	bool offline; /* needs no board */
	/* Look at the words; everything that can be wrong without a board is found here. */
	kiln_code (*check)(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
	kiln_code (*act)(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err);
	void (*done)(struct esptool *t); /* frees what check took; may be NULL */
};

extern const struct opt esptool_options[];
extern const struct esptool_command esptool_commands[]; /* ended by one without a name */

extern const struct opt esptool_write_options[];
kiln_code esptool_write_check(struct esptool *t, const struct opt_list *words,
			      struct kiln_err *err);
kiln_code esptool_write_act(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err);
void esptool_write_done(struct esptool *t);

/* Turn the options' words into what the engine takes. Fails with: E_INVALID. */
kiln_code esptool_settle(struct esptool *t, struct kiln_err *err);

/* Do the command on the port that was named, or on the first that answers. */
kiln_code esptool_session(struct esptool *t, struct kiln_err *err);

#endif
