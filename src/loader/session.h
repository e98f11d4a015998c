/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_SESSION_H
#define KILN_LOADER_SESSION_H

#include <kiln/flash.h>
#include <kiln/link.h>

#include "chip/chip.h"
#include "loader/command.h"
#include "slip/slip.h"

/*
 * A conversation with a chip's ROM loader, or with the stub that was put in its place: one request,
 * one reply. Everything that the board says outside of frames is kept as `heard`, for messages
 * that explain why it does not answer.
 *
 *	kiln_loader_init(&l, link);            takes the link
 *	kiln_loader_connect(&l, &how, &err);   connect.h: reset, sync
 *	kiln_loader_ask(&l, &request, KILN_LOADER_TIMEOUT, &reply, &err);
 *	kiln_loader_done(&l);
 */
enum {
	KILN_LOADER_TIMEOUT = 3000, /* ms, for what takes no time on the chip */
	KILN_LOADER_TRIES = 3,
	KILN_LOADER_MAX_REPLY = 20 * 1024,
	KILN_LOADER_BLOCK_STUB = 0x4000,
	KILN_LOADER_BLOCK_ROM = 0x400,
	KILN_LOADER_BLOCK_RAM = 0x1800,
};

enum {
	KILN_LOADER_REGS_MAX = 32,
	KILN_LOADER_READS = 32,
	KILN_LOADER_AHEAD_TRIES = 3,
	KILN_LOADER_CALM_AFTER = 3, /* answers in time */
};

struct kiln_stub_plugin;

struct kiln_loader {
	struct kiln_link *link;
	const struct kiln_chip *chip; /* NULL before it is known */
	unsigned revision;            /* of the chip, once it was read: major * 100 + minor */
	bool is_stub;
	const struct kiln_stub_plugin *plugin; /* goes up with the stub; NULL: none */
	/*
	 * Frames that may follow the one that is not answered yet (kiln_loader_gap); of a stub that
	 * was found running it is not known, and 0.
	 */
	unsigned ahead;
	bool quick;            /* requests follow each other without waiting, where that is safe */
	unsigned restless;     /* answers that must come in time before frames go ahead of them */
	unsigned ahead_failed; /* how often that went wrong; after a few times it is left */
	bool gap;              /* the next frame stands apart from what was sent before */
	int64_t wire_free_us;  /* when what was sent will have left for the chip */
	kiln_ms came_at;       /* when the last byte of the newest frame was read */
	kiln_ms turn_ms;       /* the shortest time from there to a reply; negative: none yet */
	bool secure_download;  /* the ROM takes only what writes flash; no register, no RAM */
	struct kiln_flash_limits limits;
	struct kiln_slip_decoder slip;
	uint8_t rx[4096];
	size_t rx_at, rx_len;
	struct kiln_loader_read { /* what was read at once, and when */
		size_t end;
		kiln_ms at;
	} reads[KILN_LOADER_READS];
	size_t n_reads;
	bool frame_ready; /* a whole frame was found by the way, and not asked for yet */
	struct kiln_buf request, wire;
	struct kiln_buf heard;
	struct kiln_reg_value {
		uint32_t address, value;
		unsigned baud; /* that it was read at */
	} known[KILN_LOADER_REGS_MAX];
	size_t n_known;
	bool has_spi_user; /* the SPI controller's registers USER and USER2, as they are put back */
	uint32_t spi_user[2];
};

void kiln_loader_init(struct kiln_loader *l, struct kiln_link *link);
void kiln_loader_done(struct kiln_loader *l);

/* A limit that was set, or the usual one. */
static inline kiln_ms kiln_limit(kiln_ms set, kiln_ms usual)
{
	return set ? set : usual;
}

/*
 * Send a request once and wait for its reply. reply->body is valid until the next call.
 * `timeout_ms` is what the chip needs; the wire's time is added here.
 * Fails with: E_TIMEOUT, E_REFUSED (err->sys: the error byte), E_UNSUPPORTED (the loader does
 * not know the command, or got it garbled), E_PROTOCOL, and what the link fails with.
 */
kiln_code kiln_loader_command(struct kiln_loader *l, const struct kiln_request *request,
			      kiln_ms timeout_ms, struct kiln_reply *ret_reply,
			      struct kiln_err *err);

/*
 * The same for commands that may be done twice: a lost or garbled request or reply is sent again,
 * KILN_LOADER_TRIES times in all. `ret_reply` may be NULL.
 */
kiln_code kiln_loader_ask(struct kiln_loader *l, const struct kiln_request *request,
			  kiln_ms timeout_ms, struct kiln_reply *ret_reply, struct kiln_err *err);

/*
 * After a timeout of a command that must not be done twice: end the frame that may have lost its
 * end on the wire, and wait for the reply once more. Fails as kiln_loader_command does.
 */
kiln_code kiln_loader_nudge(struct kiln_loader *l, const struct kiln_request *request,
			    kiln_ms timeout_ms, struct kiln_reply *ret_reply, struct kiln_err *err);

/*
 * The reply to a request that kiln_loader_send sent, for requests of which the next one leaves
 * before this one is answered. Fails as kiln_loader_command does.
 */
kiln_code kiln_loader_receive(struct kiln_loader *l, const struct kiln_request *request,
			      kiln_ms timeout_ms, struct kiln_reply *ret_reply,
			      struct kiln_err *err);

/* The same for a reply to one of several requests; *ret_which says to which. */
kiln_code kiln_loader_receive_any(struct kiln_loader *l, const struct kiln_request *requests,
				  size_t n, kiln_ms timeout_ms, size_t *ret_which,
				  struct kiln_reply *ret_reply, struct kiln_err *err);

/*
 * Set the next frame apart from those before it. The 2026 stub closes its receiver after each
 * frame, until its main loop opens it again: what comes in the same interrupt (32 bytes) is lost,
 * and a frame that lost its begin leaves begins and ends mixed up. The gap is longer than that,
 * outside of a frame it means nothing, and inside of one it is an error that ends it: after it
 * the next C0 begins a frame, whatever was before.
 */
void kiln_loader_gap(struct kiln_loader *l);

/* True if such a failure may be the wire's fault, so that sending again can help. */
bool kiln_loader_is_wire_fault(kiln_code code, const struct kiln_err *err);
/* The same, or what the loader says of a stream that lost a frame: all of it can go again. */
bool kiln_loader_is_stream_fault(kiln_code code, const struct kiln_err *err);

kiln_code kiln_loader_read_reg(struct kiln_loader *l, uint32_t address, uint32_t *ret_value,
			       struct kiln_err *err);
kiln_code kiln_loader_write_regs(struct kiln_loader *l, const struct kiln_reg_write *writes,
				 unsigned n, struct kiln_err *err);

/*
 * Several requests, sent as far ahead of their replies as the loader can take (a ROM: what its
 * UART's FIFO holds; the 2026 stub: its two buffers; else one by one), and the values of their
 * replies. For requests that may be done twice: if that fails they are asked one by one.
 */
kiln_code kiln_loader_ask_all(struct kiln_loader *l, const struct kiln_request *requests, size_t n,
			      uint32_t *ret_values, struct kiln_err *err);
/* Fails with: as kiln_loader_read_reg. `n` is KILN_LOADER_REGS_MAX at most. */
kiln_code kiln_loader_read_regs(struct kiln_loader *l, const uint32_t *addresses, size_t n,
				uint32_t *ret_values, struct kiln_err *err);

/*
 * What kiln_loader_reader reads is what a chip is: eFuses, strapping pins, what its ROM measured as
 * it came up. So it is the same for as long as the chip is, and asked for once (until n_known is
 * set to 0). Which registers are needed only who reads them knows. He is let through once, with
 * zeros for values, and all that he asks for is fetched together. What depends on a value is asked
 * for later. Only if `quick`.
 */
typedef kiln_code (*kiln_loader_reads)(const struct kiln_chip_reader *reader, void *user);
kiln_code kiln_loader_read_ahead(struct kiln_loader *l, kiln_loader_reads reads, void *user,
				 struct kiln_err *err);
/* False: it was not fetched; or it is the UART's divider, and the baud is another one now. */
bool kiln_loader_knows_reg(const struct kiln_loader *l, uint32_t address, uint32_t *ret_value);

/* How the port reaches the chip: through a bridge, or by the chip's own USB of either kind. */
typedef enum kiln_usb_mode { KILN_USB_NONE, KILN_USB_JTAG, KILN_USB_OTG } kiln_usb_mode;
kiln_usb_mode kiln_loader_usb_mode(const struct kiln_loader *l);

/* A reader for the chip layer that asks through this session. */
struct kiln_chip_reader kiln_loader_reader(struct kiln_loader *l);

/* Lower half, for replies that come without a request (SYNC's, OHAI, flash data). */
kiln_code kiln_loader_send(struct kiln_loader *l, const struct kiln_request *request,
			   struct kiln_err *err);
kiln_code kiln_loader_send_raw(struct kiln_loader *l, struct kiln_span payload,
			       struct kiln_err *err);
/* Next frame of any kind; valid until the next call. Fails with: E_TIMEOUT, the link's. */
kiln_code kiln_loader_frame(struct kiln_loader *l, kiln_ms deadline, struct kiln_span *ret_frame,
			    struct kiln_err *err);
/* Wait until a frame has begun, by more than its first C0; kiln_loader_frame gives it whole. */
kiln_code kiln_loader_await_begin(struct kiln_loader *l, kiln_ms deadline, struct kiln_err *err);
/* Read what is there, keep its text as heard, drop its frames. */
kiln_code kiln_loader_absorb(struct kiln_loader *l, struct kiln_err *err);
/* The same until nothing has come for `quiet_ms`, at most 20 times as long. */
kiln_code kiln_loader_settle(struct kiln_loader *l, kiln_ms quiet_ms, struct kiln_err *err);
/* Forget what was heard and what is half read. */
void kiln_loader_forget(struct kiln_loader *l);
unsigned kiln_loader_status_size(const struct kiln_loader *l);
unsigned kiln_loader_ram_block_size(const struct kiln_loader *l);
unsigned kiln_loader_block_size(const struct kiln_loader *l);
kiln_ms kiln_loader_wire_ms(const struct kiln_loader *l, size_t n);
kiln_ms kiln_loader_wire_free(const struct kiln_loader *l); /* wire_free_us, rounded up */

#endif
