/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_FLASH_MEMORY_H
#define KILN_CLI_FLASH_MEMORY_H

#include <kiln/flash.h>

/*
 * What each board was last written with (kiln_flash_recall), in $XDG_CACHE_HOME/kiln/boards/MAC
 * (~/.cache). A cache: where it can't be read nothing is known, where it can't be written nothing
 * is kept, and neither is an error.
 */

/* kiln_flasher_write by what is remembered of the board, if the job compares at all. */
KILN_CHECK kiln_code flash_memory_write(struct kiln_flasher *flasher,
					const struct kiln_flash_job *job, struct kiln_err *err);

#endif
