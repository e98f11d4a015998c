/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_FLEET_H
#define KILN_CLI_FLEET_H

#include <stdio.h>

#include <jansson.h>
#include <kiln/port.h>

#include "cli/cli.h"
#include "cli/dialect.h"
#include "cli/flash_board.h"
#include "cli/term.h"
#include "link/crew.h"

/*
 * Many boards with one order: each at its own pace, in a thread of its own (link/crew.h), tried
 * again when the wire failed it; a failure of one is no concern of the others.
 *
 * A board is written to by its worker only while the crew's lock is held, and read by others the
 * same way.
 */
typedef enum fleet_state {
	FLEET_BUSY = 0,
	FLEET_OK,
	FLEET_FAILED,
} fleet_state;

struct fleet_board {
	struct fleet *fleet;
	struct kiln_port port;
	char name[64]; /* what people call it: the device, or the URL without its options */
	fleet_state state;
	unsigned tries;
	char mac[18]; /* "" until it is known */
	char chip[64];
	char runs[256];             /* what runs on it afterwards; "": nobody waited for it */
	uint64_t written, same;     /* bytes of the files */
	int64_t file_at;            /* address of the one at hand; -1: none yet */
	uint64_t file_same;         /* of it, before this job wrote any of it */
	uint64_t file_sent;         /* of it, by this job */
	bool file_compared;         /* from then on what this job writes stands there too */
	struct flash_result result; /* of the last try */
	kiln_ms elapsed;            /* of all tries */
	kiln_ms ended;              /* on this machine's clock */
	kiln_ms gone;               /* when its port went; 0: it did not */
	bool plugged;               /* while a watch looked on */
	bool touched;               /* the last try began to change the flash */
	bool lost;                  /* it went in mid-job, and this board was not found again */
	struct kiln_port *next;     /* what came to its place while it was at work; NULL: nothing */
	struct kiln_err err;        /* of FAILED */
	struct dialect_run done;    /* lines that stay */
	struct dialect_run going;
	char doing[160]; /* what stands beside its bar */
	uint64_t at, total;
};

struct fleet {
	struct cli *cli;
	const struct flash_order *order;
	unsigned retries;
	const char *log_path;
	int log_fd;    /* a line for each board that is done; 0: there is no log */
	bool log_csv;  /* else JSON */
	bool log_lost; /* a line could not be written */
	struct fleet_board **boards;
	size_t n;
	struct kiln_crew *crew;
	struct term_line line;
	kiln_ms drawn;
	int name_width;
};

/* Open the log: CSV if its name ends in .csv, else JSON lines. Fails with: E_DENIED, E_IO. */
KILN_CHECK kiln_code fleet_log_open(struct fleet *fleet, const char *path, struct kiln_err *err);
void fleet_log_close(struct fleet *fleet);
/* Append the board. Where that fails it is told, and in fleet_exit. */
void fleet_log(struct fleet *fleet, const struct fleet_board *board);

/* All that is known of a board's job; NULL without memory. */
json_t *fleet_json(const struct fleet_board *board);

/* fleet_view.c: what people see. With the lock held. */
void fleet_view_init(struct fleet *fleet);
void fleet_view_watching(const struct fleet *fleet);
void fleet_view_event(struct fleet_board *board, const struct kiln_flash_event *event);
void fleet_view_retry(struct fleet_board *board, const struct kiln_err *err);
void fleet_view_unplugged(const struct fleet_board *board);
void fleet_view_ended(struct fleet_board *board);
void fleet_view_summary(struct fleet *fleet);

/* Add a board to those to be flashed. Fails with: E_NOMEM. */
KILN_CHECK kiln_code fleet_add(struct fleet *fleet, const struct kiln_port *port,
			       struct kiln_err *err);

/* Flash all that were added. Fails with: E_NOMEM, E_IO; that boards failed is in fleet_exit. */
KILN_CHECK kiln_code fleet_run(struct fleet *fleet, struct kiln_err *err);

/*
 * The bench: flash the boards that were added, then each that is plugged in, until Ctrl-C. A board
 * that goes and comes back because it was reset is not flashed again.
 */
KILN_CHECK kiln_code fleet_watch(struct fleet *fleet, struct kiln_err *err);

/* The exit code of the worst: 130 interrupted, 1 failed (or the log did), 3 no such port, 0 done.
 */
int fleet_exit(const struct fleet *fleet);

void fleet_done(struct fleet *fleet);

#endif
