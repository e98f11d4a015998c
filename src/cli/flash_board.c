/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flash_board.h"

static kiln_code write_files(struct kiln_flasher *flasher, const struct flash_order *order,
			     struct kiln_err *err)
{
	const struct kiln_flash_job job = {
		.files = order->files.items,
		.n_files = order->files.n,
		.pack = order->pack,
		.erase_all = order->erase,
		.diff = !order->no_diff,
		.mode = KILN_FLASH_KEEP,
		.freq = KILN_FLASH_KEEP,
		.size = KILN_FLASH_KEEP,
	};

	KILN_TRY(kiln_flasher_prepare(flasher, err));
	return flash_memory_write(flasher, &job, err);
}

kiln_code flash_board(const struct kiln_host *host, const char *url,
		      const struct flash_order *order, const struct flash_watcher *watcher,
		      kiln_ms *ret_ms, struct kiln_err *err)
{
	const struct kiln_flasher_options options = {
		.baud = order->baud,
		.quick = true,
		.event = watcher->event,
		.user = watcher->user,
	};
	struct kiln_flasher *flasher;
	kiln_code code;

	KILN_TRY(kiln_flasher_open(host, url, &options, &flasher, err));
	code = write_files(flasher, order, err);
	*ret_ms = kiln_flasher_elapsed(flasher);
	/* the chip is reset in any case; what went wrong first is what is told */
	const kiln_code closed = kiln_flasher_close(flasher, code == KILN_OK ? err : NULL);

	return code == KILN_OK ? closed : code;
}
