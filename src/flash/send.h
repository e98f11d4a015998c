/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_SEND_H
#define KILN_FLASH_SEND_H

#include "flash/flasher.h"
#include "flash/plan.h"

/* One stream to the flash: BEGIN, its blocks, END. A file, or one run of its sectors. */
struct kiln_stream {
	const struct kiln_plan_file *file; /* name, address and size of what the stream becomes */
	struct kiln_span wire;             /* all that will be sent */
	bool compressed;
	bool dirty; /* the flash may hold something there: it will be erased */
	unsigned n_blocks;
	/* of the whole telling, of which this may be one part of several */
	uint64_t wire_before, wire_total;
	unsigned blocks_before, blocks_total;
};

struct kiln_sent {
	bool begun;      /* BEGIN was answered: the chip is there, and its flash is touched */
	unsigned blocks; /* that were told of: n_blocks, or more if some were made smaller */
};

/*
 * Send it once. What the wire did is told by kiln_loader_is_wire_fault; then it is not known how
 * much of the stream is in the flash.
 * Fails with: E_REFUSED, E_TIMEOUT, E_PROTOCOL, E_PORT_GONE, E_CANCELLED, E_IMAGE, E_NOMEM.
 */
kiln_code kiln_send_stream(struct kiln_flasher *f, const struct kiln_stream *stream,
			   struct kiln_sent *ret_sent, struct kiln_err *err);

#endif
