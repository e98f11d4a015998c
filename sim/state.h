/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_STATE_H
#define KILN_SIM_STATE_H

#include "sim/options.h"

/*
 * A virtual board's things on disk, in $XDG_STATE_HOME/kiln/sim (~/.local/state):
 *
 *	NAME.json        chip, MAC, and the flash's file if it is not the next one
 *	NAME.flash       the flash, byte for byte
 *	NAME.nand        the NAND flash, if one was ever connected: inverted, as it is sparse then
 *	NAME.files       run mode's file tree, a folder
 *	NAME.lock        locked by the process that holds the board, with its process id
 *	NAME.away        its cable is pulled until that time (CLOCK_MONOTONIC, milliseconds)
 */
struct sim_state {
	char name[64];
	const struct sim_model *model;
	uint8_t mac[6];
	char flash[1200], files[1200], nand[1200];
	int lock; /* descriptor; -1: not locked */
};

/*
 * Lock the board, read what is known of it, lay the options over it, and write it down. A board
 * that does not exist is made, with a MAC of Espressif's that no real board is likely to have.
 * Fails with: E_PORT_BUSY (why: which process holds it), E_PORT_MISSING (its cable is pulled),
 * E_CONFIG (its file is damaged), E_IO.
 */
kiln_code sim_state_open(struct sim_state *state, const struct sim_options *options,
			 struct kiln_err *err);
void sim_state_close(struct sim_state *state);

/* Its cable is pulled, and put back after `ms`: until then it can't be opened, and is not listed.
 */
void sim_state_pull(const struct sim_state *state, uint64_t ms);

/* Call `found` for each board that exists. */
kiln_code sim_state_list(void (*found)(void *user, const struct sim_state *state), void *user,
			 struct kiln_err *err);

/*
 * Remove a board for good: its flash (unless that is a file of the user's) and its files.
 * Fails with: E_NO_BOARD, E_PORT_BUSY, E_IO.
 */
kiln_code sim_state_remove(const char *name, struct kiln_err *err);

#endif
