/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_RUN_H
#define KILN_SIM_RUN_H

#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

/*
 * Run mode: what the virtual board's CPU does after the ROM has booted a valid image. A real
 * MicroPython (its WebAssembly build under node, sim/micropython/) in a child process, behind a
 * UART: friendly and raw REPL, raw-paste with its flow control, Ctrl-C, soft reset, boot.py,
 * main.py, a file tree.
 *
 *	KILN_TRY(sim_run_start(&config, &run, err));
 *	for (;;) {
 *		switch (sim_run_poll(run, buf, sizeof(buf), &n)) {
 *		case SIM_RUN_OUTPUT: ... take n bytes; poll again
 *		case SIM_RUN_BUSY:   ... wait for sim_run_fd(run) or for input
 *		case SIM_RUN_IDLE:   ... wait for input
 */
struct sim_run;

struct sim_run_config {
	const char *files;  /* the folder of the board's file tree, made if missing, written as it
			       changes; NULL: not kept */
	uint8_t uid[6];     /* machine.unique_id() */
	const char *banner; /* extra boot line: that this is the virtual board's interpreter */
};

typedef enum sim_run_event {
	SIM_RUN_IDLE,   /* it waits for input; nothing will come until it gets some */
	SIM_RUN_BUSY,   /* it computes (or sleeps): wait for sim_run_fd */
	SIM_RUN_OUTPUT, /* bytes were put into buf */
	SIM_RUN_RESET,  /* machine.reset(): the board must reset */
	SIM_RUN_DEAD,   /* the child died; the board is as after a crash. sim_run_why tells more */
} sim_run_event;

/*
 * Power on. It boots by itself: the child is not waited for.
 * Fails with: E_UNSUPPORTED (no node, or its package is missing; the hint says what to install),
 * E_IO, E_NOMEM.
 */
KILN_CHECK kiln_code sim_run_start(const struct sim_run_config *config, struct sim_run **ret_run,
				   struct kiln_err *err);
/* Power off, at once: files that the program has not closed are lost. NULL is fine. */
void sim_run_stop(struct sim_run *run);
/* Readable when sim_run_poll has something new to tell. */
int sim_run_fd(const struct sim_run *run);
/*
 * How long, since it started, its threads could have run and had no processor, all together, in
 * ns: a busy machine makes a slow board. 0 where the system does not tell.
 */
int64_t sim_run_starved(const struct sim_run *run);
/*
 * Bytes arrive on the board's UART. Never blocks. As on a board, what does not fit into its
 * buffer (256 KiB here) is lost.
 */
void sim_run_input(struct sim_run *run, const void *bytes, size_t n);
/*
 * Next thing that happened, without waiting. SIM_RUN_OUTPUT puts 1..n bytes into buf. Output that
 * is not taken stops the program after some 512 bytes, as a UART would.
 */
sim_run_event sim_run_poll(struct sim_run *run, void *buf, size_t n, size_t *ret_n);
/* After SIM_RUN_DEAD: why. Returns E_IO. */
kiln_code sim_run_why(const struct sim_run *run, struct kiln_err *err);

/* The board's flash was erased: so are its files. Missing ones are fine. Fails with: E_IO. */
KILN_CHECK kiln_code sim_run_wipe_files(const char *files, struct kiln_err *err);

#endif
