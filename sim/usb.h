/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_USB_H
#define KILN_SIM_USB_H

#include "sim/bus.h"

/*
 * A chip's own USB port in place of a bridge. No wire with a speed is in between, and no
 * transistor: what the lines do the chip does by itself, and its watchdogs live on through such a
 * reset. Sources: technical reference manuals, "USB Serial/JTAG Controller", "Watchdog Timers".
 */
typedef enum sim_usb_kind {
	SIM_USB_BRIDGE = 0, /* none: a UART behind a bridge */
	SIM_USB_JTAG,       /* USB-Serial/JTAG */
	SIM_USB_OTG,        /* USB-OTG, run by the ROM: one gets there by the BOOT button */
} sim_usb_kind;

enum {
	SIM_USB_BAUD = 3000000, /* about what full speed moves */
	SIM_USB_OTG_BLOCK = 0x800,
	SIM_USB_VENDOR = 0x303A,
	SIM_USB_JTAG_PRODUCT = 0x1001,
};

struct sim_usb {
	sim_usb_kind kind;
	bool dtr, rts, to_loader; /* the controller's flag: the next reset goes to the loader */
	sim_ns rtc_at, swd_at;    /* when the watchdogs bite; SIM_NEVER: they are calmed */
};

void sim_usb_init(struct sim_usb *u, sim_usb_kind kind);

/* The host sets its lines. True: the chip is reset now; into the loader? */
bool sim_usb_set_lines(struct sim_usb *u, bool dtr, bool rts, bool *ret_loader);
/* The chip was reset over USB: nobody has stopped its watchdogs yet. */
void sim_usb_start_watchdogs(struct sim_usb *u, const struct sim_bus *bus, sim_ns now);
void sim_usb_stop_watchdogs(struct sim_usb *u);
/* A register of theirs was written. */
void sim_usb_look(struct sim_usb *u, struct sim_bus *bus, sim_ns now);

#endif
