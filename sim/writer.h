/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_WRITER_H
#define KILN_SIM_WRITER_H

#include <zlib.h>

#include "base/buf.h"
#include "sim/flash.h"

/*
 * The part of a loader that changes the flash: erases, and a stream of bytes that is programmed
 * as it comes, inflated first if it is compressed. Its work is a chain of flash operations, each
 * with its time; the caller asks for the next one, waits, and has it applied.
 */
typedef enum sim_write_error {
	SIM_WRITE_OK = 0,
	SIM_WRITE_BAD_STREAM, /* not a zlib stream */
	SIM_WRITE_TOO_MUCH,   /* more bytes than were announced */
} sim_write_error;

struct sim_writer {
	struct sim_flash *flash;
	bool erase_chip;
	uint32_t erase_at, erase_end; /* what is still to be erased before anything else */

	bool open; /* between BEGIN and END */
	bool compressed;
	bool erase_ahead;       /* erase what is about to be programmed (stubs), or not (ROM) */
	uint32_t address, left; /* next byte to program, bytes that are still announced */
	uint32_t erased_to;
	z_stream z;
	bool z_open, z_ended;
	struct kiln_buf input; /* a block that is being worked on */
	size_t used;
	uint8_t plain[SIM_FLASH_SECTOR];
	size_t n_plain, plain_used;
	sim_write_error error;

	struct sim_flash_op op; /* under way from op_start to op_end */
	bool running;
	sim_ns op_start, op_end;
};

void sim_writer_init(struct sim_writer *w, struct sim_flash *flash);
void sim_writer_done(struct sim_writer *w);
/* Forget all: the CPU was reset. An operation that the flash has begun ends by itself. */
void sim_writer_reset(struct sim_writer *w);

void sim_writer_erase(struct sim_writer *w, uint32_t address, uint32_t n);
void sim_writer_erase_chip(struct sim_writer *w);
void sim_writer_begin(struct sim_writer *w, uint32_t address, uint32_t n, bool compressed,
		      bool erase_ahead);
/* Take one block; the one before must have been worked off. */
kiln_code sim_writer_data(struct sim_writer *w, struct kiln_span block);
void sim_writer_end(struct sim_writer *w);

/* Start the next operation if there is one. False: all is done, or it failed (w->error). */
bool sim_writer_start(struct sim_writer *w, sim_ns now);
/* The operation's time is over. */
void sim_writer_finish(struct sim_writer *w);
/* Power goes now. */
void sim_writer_tear(struct sim_writer *w, sim_ns now, uint64_t *random);

#endif
