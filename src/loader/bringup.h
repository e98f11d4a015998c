/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_BRINGUP_H
#define KILN_LOADER_BRINGUP_H

#include "loader/session.h"

/*
 * From "it answers" to "it is ready to work": which chip it is, the stub, the speed.
 */

/*
 * Ask the chip for its id (all after the ESP32-S2 know GET_SECURITY_INFO). *ret_known is false if
 * it does not know the question; then only its magic register can tell.
 * Fails with: E_WRONG_CHIP (a chip that is not supported), and what commands fail with.
 */
kiln_code kiln_loader_detect_by_id(struct kiln_loader *l, bool *ret_known, struct kiln_err *err);
/* The same by its magic register; *ret_known is false if that is nobody's or can't be read. */
kiln_code kiln_loader_detect_quickly(struct kiln_loader *l, bool *ret_known, struct kiln_err *err);
kiln_code kiln_loader_detect_by_magic(struct kiln_loader *l, struct kiln_err *err);

/* Take the chip to be `chip`. Fails with: E_WRONG_CHIP if it says that it is another. */
kiln_code kiln_loader_expect_chip(struct kiln_loader *l, const struct kiln_chip *chip,
				  struct kiln_err *err);

/*
 * Code that goes up beside a stub and gives it commands more: functions that its table is bent to
 * (docs/plugin-system.md of esp-flasher-stub).
 */
enum { KILN_PLUGIN_FIRST_OP = 0xD5, KILN_PLUGIN_OPS = 27 };
struct kiln_stub_plugin {
	const char *name;
	uint32_t text_start, text_size;
	const uint8_t *text;
	uint32_t bss_size;                  /* zeros behind the stub's data */
	uint32_t handlers[KILN_PLUGIN_OPS]; /* address of the function for each opcode; or 0 */
};

/* The program that replaces the ROM's loader; generated from the npm package esptool-js. */
struct kiln_stub {
	const char *chip; /* option name */
	uint32_t entry, text_start, data_start;
	const uint8_t *text, *data;
	uint32_t text_size, data_size;
	unsigned ahead; /* frames that it takes in while it works on one: kiln_loader.ahead */
	uint32_t plugin_table; /* where in its data the plugins' functions stand */
	const struct kiln_stub_plugin *plugins;
	unsigned n_plugins;
};
/* NULL: there is none. */
const struct kiln_stub *kiln_stub_for(const struct kiln_chip *chip, unsigned revision);
/* NULL: this stub has no such plugin. */
const struct kiln_stub_plugin *kiln_stub_plugin_find(const struct kiln_stub *stub,
						     const char *name);
/* The stub's data with the plugin's functions in its table, and zeros behind it; `out` may hold it.
 */
kiln_code kiln_stub_put_data(const struct kiln_stub *stub, const struct kiln_stub_plugin *plugin,
			     struct kiln_buf *out);
/* Why this chip runs no stub, in words; NULL if it does. Fails with: what reading fails with. */
kiln_code kiln_loader_why_no_stub(struct kiln_loader *l, const char **ret_why,
				  struct kiln_err *err);

/*
 * What a chip on its own USB port needs before long work: the watchdogs that a reset over USB
 * leaves running are stopped. Also the power of the flash, where the ROM does not switch it on.
 */
kiln_code kiln_loader_settle_chip(struct kiln_loader *l, struct kiln_err *err);
/* Let go of a request for download mode that would outlive the reset. */
kiln_code kiln_loader_leave_download(struct kiln_loader *l, bool *ret_needs_watchdog,
				     struct kiln_err *err);
/* Reset by the chip's watchdog; only if chip->watchdogs.can_reset. */
kiln_code kiln_loader_watchdog_reset(struct kiln_loader *l, struct kiln_err *err);

/* Load bytes into the chip's memory. A block whose reply was lost can't be sent twice. */
kiln_code kiln_loader_load_ram(struct kiln_loader *l, uint32_t address, struct kiln_span part,
			       struct kiln_err *err);
/* Put the stub into the chip's memory; start it. Fails with: E_UNSUPPORTED (no stub), E_PROTOCOL.
 */
kiln_code kiln_loader_upload_stub(struct kiln_loader *l, struct kiln_err *err);
kiln_code kiln_loader_start_stub(struct kiln_loader *l, struct kiln_err *err);

/*
 * Change both sides to `baud`, and make sure that they understand each other.
 * Fails with: E_UNSUPPORTED (the port can't), E_PROTOCOL (the chip is not understood at it).
 */
kiln_code kiln_loader_set_baud(struct kiln_loader *l, unsigned baud, struct kiln_err *err);

#endif
