/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_FLASH_BOARD_H
#define KILN_CLI_FLASH_BOARD_H

#include <kiln/port.h>

#include "board/adapters.h"
#include "cli/files.h"
#include "cli/flash_memory.h"

/* What `kiln flash` is to do with a board, or with each of several. */
struct flash_order {
	struct files files;
	const struct kiln_flash_pack *pack; /* of the files; NULL: made as needed */
	unsigned baud;                      /* 0: as fast as it goes */
	bool erase;                         /* the whole flash first */
	bool no_diff;                       /* write also what stands there already */
	kiln_ms return_ms;                  /* how long to wait for a port that goes away */
};

/* Who wants to see the events of a job. */
struct flash_watcher {
	void (*event)(void *user, const struct kiln_flash_event *event);
	void *user;
};

struct flash_result {
	kiln_ms ms; /* from the open port to the end on the link's clock; -1: no board answered */
	bool verified;  /* all that was asked for stands there */
	char url[256];  /* where the board is now; "": nowhere */
	bool auto_baud; /* `adapter` is worth to be kept */
	struct kiln_adapter_job adapter;
};

/*
 * Connect, write, verify, reset. `ret_result` is set after a failure, too.
 * Fails with: what the kiln_flasher functions fail with.
 */
KILN_CHECK kiln_code flash_board(const struct kiln_host *host, const struct kiln_port *port,
				 const struct flash_order *order,
				 const struct flash_watcher *watcher,
				 struct flash_result *ret_result, struct kiln_err *err);

/* Keep what a job found out of the port. Not from several threads at once. */
void flash_remember(const struct kiln_port *port, const struct flash_result *result);

#endif
