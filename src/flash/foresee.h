/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_FORESEE_H
#define KILN_FLASH_FORESEE_H

#include "flash/pace.h"

/*
 * A stream that is being sent, or would be, seen from a moment on: what the wire and the stub do if
 * blocks leave as soon as there is room for them. Pure: by pace.h.
 */
struct kiln_foresight {
	unsigned baud;
	size_t block_size;     /* the longest */
	struct kiln_pace pace; /* the stub */
	int64_t wire_us;       /* when the wire is free, and the stub has room */
	size_t rest;           /* of the stream: bytes on the wire, compressed */
	uint64_t plain;        /* the same, unpacked */
};

enum { KILN_FORESEE_LATE = 2 /* ms beyond what was foreseen */ };

/* How long the next block is best made. */
size_t kiln_foresee_size(const struct kiln_foresight *now);

/*
 * What the stub has to do for `size` bytes that are `wire` on the wire, BEGIN included, from when
 * it and the flash are idle, in microseconds. What stands there is to be erased.
 */
int64_t kiln_foresee_stream(uint32_t address, uint32_t size, size_t wire, unsigned baud,
			    size_t block_size);

#endif
