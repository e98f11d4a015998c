/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_RUN_H
#define KILN_SIM_RUN_H

#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

/*
 * Run mode: what the virtual board's CPU does after the ROM has booted a valid image. A real
 * MicroPython (its WebAssembly build under node) in a child process, behind a UART that this
 * module plays: raw-paste framing and flow control are done here, because that build can't take
 * input in mid-call.
 */
struct sim_run;

struct sim_run_config {
	const char *files;  /* a JSON file of the board's file tree, read at start, written as it
			       changes; NULL: not kept */
	uint8_t uid[6];     /* machine.unique_id() */
	const char *banner; /* extra boot line: that this is the virtual board's interpreter */
};

typedef enum sim_run_event {
	SIM_RUN_IDLE,   /* it waits for input; nothing will come until it gets some */
	SIM_RUN_BUSY,   /* it computes (or sleeps): wait for sim_run_fd */
	SIM_RUN_OUTPUT, /* bytes were put into buf */
	SIM_RUN_RESET,  /* machine.reset(): the board must reset */
	SIM_RUN_DEAD,   /* the child died; the board is as after a crash */
} sim_run_event;

kiln_code sim_run_start(const struct sim_run_config *config, struct sim_run **ret_run,
			struct kiln_err *err);
void sim_run_stop(struct sim_run *run);
/* Readable when sim_run_poll has something new to tell. */
int sim_run_fd(const struct sim_run *run);
/* Bytes arrive on the board's UART. Never blocks. */
void sim_run_input(struct sim_run *run, const void *bytes, size_t n);
/* Next thing that happened, without waiting. SIM_RUN_OUTPUT puts 1..n bytes into buf. */
sim_run_event sim_run_poll(struct sim_run *run, void *buf, size_t n, size_t *ret_n);

#endif
