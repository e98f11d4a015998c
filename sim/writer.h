/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_WRITER_H
#define KILN_SIM_WRITER_H

#include <zlib.h>

#include "base/bytes.h"
#include "sim/flash.h"

/*
 * The part of a loader that changes the flash: erases, and a stream of bytes that is programmed
 * as it comes, inflated first if it is compressed. The caller asks for the next thing that the CPU
 * waits for, lets that time pass, and asks again.
 *
 * How the loaders differ, by the sources of both stubs (src/command_handler.c of esp-flasher-stub
 * v1.1, flasher_stub/stub_write_flash.c of esptool-legacy-flasher-stub v1.11) and by the
 * recordings:
 *
 *	ROM      erases all at BEGIN, then programs what comes
 *	stubs    inflate into 32 KB, and program when these are full or the stream ends; each time
 *	         before they inflate, and as far as a write reaches before it, they start the next
 *	         erase, of 64 KB where one fits, and don't wait for it: the flash erases while the
 *	         CPU inflates or the next block comes in
 *	2026     from BEGIN on looks at each sector first and leaves out what is blank, until the
 *	         first that is not
 */
typedef enum sim_writer_kind {
	SIM_WRITER_ROM = 0,
	SIM_WRITER_LEGACY,
	SIM_WRITER_STUB
} sim_writer_kind;

/* What the CPU does next of a block that it has. */
typedef enum sim_writer_step {
	SIM_WRITER_DONE = 0,
	SIM_WRITER_AHEAD, /* start an erase if the flash is free */
	SIM_WRITER_INFLATE,
	SIM_WRITER_ENSURE, /* that all is erased that is about to be programmed */
	SIM_WRITER_PROGRAM,
	SIM_WRITER_STEPS
} sim_writer_step;

typedef enum sim_write_error {
	SIM_WRITE_OK = 0,
	SIM_WRITE_BAD_STREAM, /* not a zlib stream */
	SIM_WRITE_TOO_MUCH,   /* more bytes than were announced */
} sim_write_error;

enum { SIM_WRITER_PLAIN = 32 * 1024 }; /* a stub's dictionary */

/* Reading at the SPI clock of the loaders, 20 MHz by one line; with MD5, as recorded. */
#define SIM_READ_TIME_PER_BYTE ((sim_ns)385)

struct sim_writer {
	struct sim_flash *flash;
	bool erase_chip;
	uint32_t erase_at, erase_end; /* what is still to be erased before anything else */

	bool open; /* between BEGIN and END */
	bool compressed;
	bool encrypt; /* what is programmed: see sim_cipher */
	sim_writer_kind kind;
	sim_writer_step step;
	uint32_t address, left;          /* next byte to program, bytes that are still announced */
	uint32_t next_erase, region_end; /* sectors of the stream, erased up to here */
	bool seen_dirty;                 /* no more looking: all is erased from here on */
	z_stream z;
	bool z_open, z_ended;
	struct kiln_span input; /* a block that is being worked on: in the buffer it came in */
	size_t used;
	uint8_t plain[SIM_WRITER_PLAIN];
	size_t n_plain, plain_used;
	sim_write_error error;

	struct sim_flash_op op; /* under way from op_start to op_end, maybe in the background */
	bool running;
	sim_ns op_start, op_end;
};

/*
 * What the chip makes of a byte that it encrypts as it writes it. A real one has AES-XTS, which no
 * host ever sees the key of; this only has to be something else at each address.
 */
uint8_t sim_cipher(uint32_t address, uint8_t byte);

void sim_writer_init(struct sim_writer *w, struct sim_flash *flash);
void sim_writer_done(struct sim_writer *w);
/* Forget all: the CPU was reset. An operation that the flash has begun ends by itself. */
void sim_writer_reset(struct sim_writer *w);

void sim_writer_erase(struct sim_writer *w, uint32_t address, uint32_t n);
void sim_writer_erase_chip(struct sim_writer *w);
void sim_writer_begin(struct sim_writer *w, sim_ns now, uint32_t address, uint32_t n,
		      bool compressed, sim_writer_kind kind);
/*
 * Take one block; the one before must have been worked off. Its bytes stay where they are: if they
 * are overwritten before they are worked off, so is what goes to the flash.
 */
void sim_writer_data(struct sim_writer *w, struct kiln_span block);
void sim_writer_end(struct sim_writer *w);

/* Go on. How long the CPU is busy with it; 0: all is done, or it failed (w->error). */
sim_ns sim_writer_run(struct sim_writer *w, sim_ns now);
/* Let the flash end what it does in the background. Returns how long that takes. */
sim_ns sim_writer_settle(struct sim_writer *w, sim_ns now);
/* Power goes now. */
void sim_writer_tear(struct sim_writer *w, sim_ns now, uint64_t *random);

#endif
