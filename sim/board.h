/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_BOARD_H
#define KILN_SIM_BOARD_H

#include "base/buf.h"
#include "sim/bus.h"
#include "sim/download.h"
#include "sim/fault.h"
#include "sim/run.h"
#include "sim/usb.h"
#include "sim/wire.h"

/*
 * A dev board: a chip with its flash, the two-transistor reset circuit, and a USB bridge whose far
 * side is the host. It is moved by events on its own clock: sim_board_advance() works off all that
 * happens up to a time. It has no descriptor and never waits, but for the interpreter of run mode,
 * which is a process.
 */
typedef enum sim_cpu {
	SIM_CPU_OFF = 0,  /* no power */
	SIM_CPU_HELD,     /* EN is low */
	SIM_CPU_WAKING,   /* the ROM's first instructions */
	SIM_CPU_LOOKING,  /* it looks for an image */
	SIM_CPU_STARTING, /* the image's code begins: its second stage looks for an application */
	SIM_CPU_DOWNLOAD,
	SIM_CPU_RUNNING, /* MicroPython */
	SIM_CPU_HALTED,  /* it waits for a watchdog, or does nothing for ever */
} sim_cpu;

struct sim_board_config {
	const struct sim_model *model;
	const char *flash_file;                  /* NULL: memory only */
	uint32_t flash_size;                     /* 0: the file's, or 4 MB */
	const struct sim_flash_part *flash_part; /* NULL: the usual one */
	const struct sim_nand_part *nand;        /* NULL: none is connected */
	const char *nand_file;                   /* NULL: memory only */
	struct sim_nand_blocks bad_blocks;       /* of a new one */
	uint8_t mac[6];
	uint32_t strap_flash, strap_download; /* 0: as dev boards of this model are wired */
	sim_ns en_rise;                       /* 0: what 10 kOhm and 1 uF give */
	sim_ns bridge_latency; /* how long the bridge keeps bytes to the host back; 0: not */
	struct sim_faults faults;
	const char *files;                /* run mode's file tree; NULL: not kept */
	struct sim_register registers[9]; /* ended by address 0 */
	sim_usb_kind usb;
	bool secure_download;
	uint32_t security_flags;
	uint8_t crypt_count;
	bool no_run; /* run mode prints the boot log only (tests of the chip) */
};

struct sim_board {
	const struct sim_model *model;
	struct sim_flash flash;
	struct sim_nand nand;
	struct sim_bus bus;
	struct sim_download download;
	struct sim_board_config config;
	sim_ns now;

	/* reset circuit */
	bool dtr, rts; /* asserted: the pin at the chip is low, unless both are */
	bool en_high, io0_low;
	struct sim_usb usb;
	sim_ns en_rises_at;

	/* processor */
	sim_cpu cpu;
	sim_ns cpu_at, watchdog_at, reset_at;
	sim_reset reason, reset_reason; /* of the last reset; of the one at reset_at */
	uint32_t strap;                 /* the pins at the last reset that latches them */
	unsigned chip_baud;
	sim_ns baud_at; /* when the speed that the loader wished for begins */
	struct sim_run *run;
	unsigned run_starts;
	bool run_busy; /* it computes: only its descriptor tells when it goes on */

	/* wire and bridge */
	unsigned host_baud;
	struct sim_wire to_chip, to_host;
	struct sim_uart_rx chip_rx, host_rx;
	struct kiln_buf held; /* in the bridge */
	sim_ns held_until;
	struct kiln_buf inbox; /* for the host to read */

	struct sim_faults faults;
	sim_ns stalled_until;
	bool unplugged;
};

enum { SIM_INBOX_MAX = 1 << 20, SIM_PENDING_MAX = 4096 };

/* Power on at `now`. Fails with: what sim_flash_open fails with. */
kiln_code sim_board_init(struct sim_board *b, const struct sim_board_config *config, sim_ns now,
			 struct kiln_err *err);
/* The flash ends what it does; then power goes. */
void sim_board_done(struct sim_board *b);

/* When something happens next by itself; SIM_NEVER: when the host does something. */
sim_ns sim_board_next(const struct sim_board *b);
void sim_board_advance(struct sim_board *b, sim_ns to);

/* The host's side, at b->now. */
void sim_board_set_lines(struct sim_board *b, bool dtr, bool rts);
void sim_board_set_baud(struct sim_board *b, unsigned baud);
size_t sim_board_room(const struct sim_board *b); /* what the host's buffers still take */
void sim_board_send(struct sim_board *b, const void *bytes, size_t n);
void sim_board_send_break(struct sim_board *b, sim_ns length);
size_t sim_board_take(struct sim_board *b, void *buf, size_t n);
void sim_board_flush(struct sim_board *b); /* what is in the inbox and the bridge is dropped */

/* Run mode: its process's descriptor, -1 if none; look at what it did. */
int sim_board_run_fd(const struct sim_board *b);
void sim_board_poll_run(struct sim_board *b);
/* How long that process was kept from running, since it started; 0 if there is none. */
sim_ns sim_board_run_starved(const struct sim_board *b);

#endif
