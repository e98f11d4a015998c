/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_FAULT_H
#define KILN_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

#include "sim/clock.h"

/*
 * Faults on demand. `fault=` takes a list, separated by commas:
 *
 *	lose@N  add@N  flip@N   the N-th byte on the wire (from 0) is lost, is followed by a byte
 *	                        that nobody sent, has a bit turned; each direction counts for itself
 *	lose~N  add~N  flip~N   the same to one byte in N, at random
 *	too-fast@BAUD           above that baud the wire turns a bit of one byte in 40
 *	to-...  from-...        one of these for bytes to the chip only, or from it only
 *	stall@N  stall@N:MS     after N bytes to the chip the wire stands still, for ever or for MS
 *	unplug@N  unplug@N:MS   after N bytes to the chip the cable is pulled: the port is gone, and
 *	                        the board has no power. With MS there is no such port for so long
 *	reset@N                 after N bytes to the chip it resets, as when its supply sags
 *	cut@N                   the chip loses power when it has programmed N bytes of flash
 *	bad-sector@ADDRESS      erasing and programming that sector of the flash does nothing
 *	nand-erase@BLOCK        that block of the NAND flash fails to erase, and its status says so
 *	nand-program@BLOCK      it fails to program, and its status says so
 *	nand-silent@BLOCK       what is programmed there is not, and nobody is told
 *	nand-ecc@BLOCK          it holds more wrong bits than its ECC can correct
 *	no-sync                 the loader in ROM never answers
 *
 * What is random comes from `seed=` (1), so that each run can be repeated.
 */
typedef enum sim_fault_kind {
	SIM_FAULT_LOSE = 1,
	SIM_FAULT_ADD,
	SIM_FAULT_FLIP,
	SIM_FAULT_TOO_FAST,
	SIM_FAULT_STALL,
	SIM_FAULT_UNPLUG,
	SIM_FAULT_RESET,
	SIM_FAULT_CUT,
	SIM_FAULT_BAD_SECTOR,
	SIM_FAULT_NAND_ERASE,
	SIM_FAULT_NAND_PROGRAM,
	SIM_FAULT_NAND_SILENT,
	SIM_FAULT_NAND_ECC,
	SIM_FAULT_NO_SYNC,
} sim_fault_kind;

typedef enum sim_direction { SIM_TO_CHIP = 0, SIM_FROM_CHIP = 1 } sim_direction;

struct sim_fault {
	sim_fault_kind kind;
	bool random;        /* `n` is a rate, not a place */
	bool in[2];         /* directions */
	uint64_t n, for_ms; /* for_ms 0: for ever */
};

enum { SIM_FAULTS_MAX = 16 };

struct sim_faults {
	struct sim_fault items[SIM_FAULTS_MAX];
	size_t n;
	uint64_t seen[2]; /* bytes */
	uint64_t random;
	unsigned baud; /* of the wire now */
};

/* Fails with: E_INVALID; `why` says which fault is not understood. */
kiln_code sim_faults_parse(struct sim_faults *faults, const char *text, struct kiln_err *err);
/* The first fault of a kind; NULL if there is none. */
const struct sim_fault *sim_faults_find(const struct sim_faults *faults, sim_fault_kind kind);
/* What comes out of the wire for one byte that goes in: none, one or two bytes. */
size_t sim_faults_byte(struct sim_faults *faults, sim_direction direction, uint8_t byte,
		       uint8_t out[2]);

#endif
