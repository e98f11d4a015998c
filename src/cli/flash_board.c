/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flash_board.h"

#include <string.h>

#include "base/text.h"

enum { FIRST_BAUD = 460800 }; /* all bridges of the last twenty years, all but the worst cables */

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

/* What the job says of its adapter; false: nothing. A pulled cable is no matter of speed. */
static bool note_speed(const struct flash_order *order, const struct kiln_flash_speed *speed,
		       kiln_code code, struct kiln_adapter_job *ret_job)
{
	*ret_job = (struct kiln_adapter_job){ .failed = code != KILN_OK };
	if (order->baud)
		return false;
	if (code != KILN_OK)
		return code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL;
	ret_job->baud = speed->proven ? speed->used : 0;
	return true;
}

/* The engine's hints name options of esptool that `kiln flash` does not have, on purpose. */
static void own_hint(const struct flash_order *order, struct kiln_err *err)
{
	if (!err || !strstr(err->hint, "--force"))
		return;
	if (err->code == KILN_E_DENIED)
		kiln_hint(err, "this board is locked (its eFuses say so) for firmware of whoever "
			       "locked it; 'kiln esptool write-flash --force' writes all the same, "
			       "and may leave it unusable");
	else if (err->code == KILN_E_WRONG_CHIP)
		kiln_hint(err, "get the firmware that is made for this chip%s; nothing was written",
			  order->files.n > 1 ? ", and check the addresses" : "");
	else
		kiln_hint(err, "check the file and its address; nothing was written");
}

kiln_code flash_board(const struct kiln_host *host, const struct kiln_port *port,
		      const struct flash_order *order, const struct flash_watcher *watcher,
		      struct flash_result *ret_result, struct kiln_err *err)
{
	const struct kiln_adapter_speed known = kiln_adapter_speed(port);
	struct kiln_flash_speed speed = { .known = known.baud, .try_next = known.try_next };
	const struct kiln_flasher_options options = {
		.baud = order->baud   ? order->baud
			: speed.known ? speed.known
				      : FIRST_BAUD,
		.speed = order->baud ? NULL : &speed,
		.quick = true,
		.return_ms = order->return_ms,
		.port = port,
		.event = watcher->event,
		.user = watcher->user,
	};
	struct kiln_err fault = KILN_ERR_INIT;
	struct kiln_flasher *flasher;
	kiln_code code;

	*ret_result = (struct flash_result){ .ms = -1 };
	KILN_TRY(kiln_flasher_open(host, port->url, &options, &flasher, err));
	code = write_files(flasher, order, err);
	*ret_result = (struct flash_result){ .ms = kiln_flasher_elapsed(flasher),
					     .verified = code == KILN_OK };
	kiln_text_copy(ret_result->url, sizeof(ret_result->url), kiln_flasher_url(flasher));
	ret_result->auto_baud = note_speed(order, &speed, code, &ret_result->adapter);
	/* the chip is reset in any case; what went wrong first is what is told */
	if (code != KILN_OK)
		own_hint(order, err);
	const kiln_code closed = kiln_flasher_close(flasher, &fault);

	/* what was verified is no failure when a chip's own USB goes with the reset */
	if (code != KILN_OK || closed == KILN_OK || closed == KILN_E_PORT_GONE)
		return code;
	if (err)
		*err = fault;
	return closed;
}

void flash_remember(const struct kiln_port *port, const struct flash_result *result)
{
	kiln_code code = KILN_OK;

	if (result->auto_baud)
		code = kiln_adapter_remember(port, &result->adapter, NULL);
	(void)code; /* without it the next job finds out once more */
}
