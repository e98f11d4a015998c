/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_FLASH_BOARD_H
#define KILN_CLI_FLASH_BOARD_H

#include "cli/files.h"
#include "cli/flash_memory.h"

/* What `kiln flash` is to do with a board, or with each of several. */
struct flash_order {
	struct files files;
	const struct kiln_flash_pack *pack; /* of the files; NULL: made as needed */
	unsigned baud;
	bool erase;   /* the whole flash first */
	bool no_diff; /* write also what stands there already */
};

/* Who wants to see the events of a job. */
struct flash_watcher {
	void (*event)(void *user, const struct kiln_flash_event *event);
	void *user;
};

/*
 * Connect, write, verify, reset. `ret_ms`: how long that took on the link's clock, from the open
 * port to the end. Untouched if the board did not answer.
 * Fails with: what the kiln_flasher functions fail with.
 */
KILN_CHECK kiln_code flash_board(const struct kiln_host *host, const char *url,
				 const struct flash_order *order,
				 const struct flash_watcher *watcher, kiln_ms *ret_ms,
				 struct kiln_err *err);

#endif
