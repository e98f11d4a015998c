/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_BOARD_IMPL_H
#define KILN_SIM_BOARD_IMPL_H

#include "sim/board.h"

/* Between the files of the board; all act at b->now. */

enum {
	SIM_RUN_BAUD = 115200,
	SIM_BRIDGE_PACKET = 62, /* a full USB packet goes at once */
};

/* --- board_cpu.c --- */

void sim_board_power_off(struct sim_board *b);
void sim_board_reset_cpu(struct sim_board *b, sim_reset reason);
/* What b->cpu_at was set for. */
void sim_board_cpu_event(struct sim_board *b);
bool sim_board_in_download(const struct sim_board *b);
void sim_board_run_download(struct sim_board *b);
/* All that the loader had to say before is on the wire. */
void sim_board_grant_wish(struct sim_board *b);
/* Run mode keeps its files beside the flash: they go when their part of the flash went. */
kiln_code sim_board_erase_files(struct sim_board *b, struct kiln_err *err);

/* --- board_wire.c --- */

/* When the next byte is there; SIM_NEVER: there is none, or the wire stalls for ever. */
sim_ns sim_board_to_host_at(const struct sim_board *b);
sim_ns sim_board_to_chip_at(const struct sim_board *b);
void sim_board_byte_to_host(struct sim_board *b);
void sim_board_bytes_to_chip(struct sim_board *b);
/* The bridge lets go what it held back. */
void sim_board_release_held(struct sim_board *b);

#endif
