/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_SEND_H
#define KILN_FLASH_SEND_H

#include "flash/flasher.h"
#include "flash/plan.h"

/* One stream to the flash: BEGIN and its blocks. A file, or one run of its sectors. */
struct kiln_stream {
	const struct kiln_plan_file *file; /* name, address and size of what the stream becomes */
	struct kiln_span wire;             /* all that will be sent */
	bool compressed;
	bool dirty; /* the flash may hold something there: it will be erased */
	unsigned n_blocks;
	/* of the whole telling, of which this may be one part of several */
	uint64_t wire_before, wire_total;
};

struct kiln_sent {
	size_t done;     /* streams that are in the flash, all of them */
	size_t begun;    /* streams whose BEGIN was answered: the flash is touched there */
	unsigned blocks; /* that were told of, of all streams */
};

/*
 * Send streams, one behind the other, and END as a barrier. What the wire did is told by
 * kiln_loader_is_wire_fault; then it is not known how much of what is not done is in the flash.
 * `sent` goes on: streams that it says are done are not sent, blocks are counted from there.
 * Fails with: E_REFUSED, E_TIMEOUT, E_PROTOCOL, E_PORT_GONE, E_CANCELLED, E_IMAGE, E_NOMEM.
 */
kiln_code kiln_send_streams(struct kiln_flasher *f, const struct kiln_stream *streams, size_t n,
			    struct kiln_sent *sent, struct kiln_err *err);

#endif
