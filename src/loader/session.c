/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/session.h"

#include "base/text.h"
#include "loader/wire.h"

enum {
	HEARD_MAX = 2048,
	MAX_OTHER_FRAMES = 100, /* late replies to earlier requests, before ours */
	TRACE_BYTES = 40,
};

void kiln_loader_init(struct kiln_loader *l, struct kiln_link *link)
{
	*l = (struct kiln_loader){ .link = link, .turn_ms = -1 };
	kiln_slip_init(&l->slip, KILN_LOADER_MAX_REPLY);
	kiln_buf_init(&l->request, 64 * 1024);
	kiln_buf_init(&l->wire, 128 * 1024);
	kiln_buf_init(&l->heard, HEARD_MAX);
}

void kiln_loader_done(struct kiln_loader *l)
{
	kiln_link_close(l->link);
	l->link = NULL;
	kiln_slip_done(&l->slip);
	kiln_buf_done(&l->request);
	kiln_buf_done(&l->wire);
	kiln_buf_done(&l->heard);
}

unsigned kiln_loader_status_size(const struct kiln_loader *l)
{
	if (l->is_stub)
		return 2;
	return l->chip ? l->chip->rom_status_size : 4;
}

static unsigned at_most(unsigned size, const struct kiln_loader *l)
{
	const unsigned limit = l->chip && kiln_loader_usb_mode(l) == KILN_USB_OTG
				       ? l->chip->usb_block
				       : 0;

	return limit && size > limit ? limit : size;
}

unsigned kiln_loader_block_size(const struct kiln_loader *l)
{
	return at_most(l->is_stub ? KILN_LOADER_BLOCK_STUB : KILN_LOADER_BLOCK_ROM, l);
}

unsigned kiln_loader_ram_block_size(const struct kiln_loader *l)
{
	return at_most(KILN_LOADER_BLOCK_RAM, l);
}

/* Espressif's USB vendor; the chip's USB-OTG names itself by the chip's id. */
enum { VID_ESPRESSIF = 0x303A, PID_USB_JTAG = 0x1001 };

kiln_usb_mode kiln_loader_usb_mode(const struct kiln_loader *l)
{
	uint16_t vid, pid;

	kiln_link_usb_ids(l->link, &vid, &pid);
	if (vid != VID_ESPRESSIF)
		return KILN_USB_NONE;
	if (pid == PID_USB_JTAG)
		return KILN_USB_JTAG;
	return l->chip && l->chip->usb_block && pid == l->chip->image_id ? KILN_USB_OTG
									 : KILN_USB_NONE;
}

static void trace(const struct kiln_loader *l, char direction, struct kiln_span payload)
{
	const struct kiln_ui *ui = &kiln_link_host(l->link)->ui;
	const size_t n = payload.n < TRACE_BYTES ? payload.n : TRACE_BYTES;
	char hex[2 * TRACE_BYTES + 1] = "";
	struct kiln_op_room room;

	if (!ui->log || ui->level < KILN_LOG_TRACE)
		return;
	for (size_t i = 0; i < n; i++)
		kiln_text_format(hex + 2 * i, 3, "%02x", payload.p[i]);
	kiln_log(ui, KILN_LOG_TRACE, "loader", "%c %s %zu bytes: %s%s", direction,
		 payload.n >= KILN_REPLY_HEADER ? kiln_op_name(payload.p[1], &room) : "raw",
		 payload.n, hex, payload.n > n ? "..." : "");
}

/* The newest text is what explains: make room at the front. */
static void keep_heard(struct kiln_loader *l, const struct kiln_buf *noise)
{
	struct kiln_span s = kiln_buf_span(noise);

	if (s.n > HEARD_MAX / 2)
		s = kiln_span(s.p + s.n - HEARD_MAX / 2, HEARD_MAX / 2);
	if (l->heard.len + s.n > HEARD_MAX)
		kiln_buf_consume(&l->heard, l->heard.len + s.n - HEARD_MAX);
	(void)kiln_buf_append(&l->heard, s.p, s.n);
}

/* Feed what was read to the decoder. True if a frame is complete. */
static bool decode_rx(struct kiln_loader *l)
{
	while (l->rx_at < l->rx_len) {
		size_t used = 0;
		const kiln_slip_event event = kiln_slip_decode(&l->slip, l->rx + l->rx_at,
							       l->rx_len - l->rx_at, &used);

		l->rx_at += used;
		if (event == KILN_SLIP_FRAME) {
			l->came_at = kiln_loader_read_time(l);
			return true;
		}
		if (event == KILN_SLIP_NOISE)
			keep_heard(l, &l->slip.noise);
	}
	return false;
}

static kiln_code read_rx(struct kiln_loader *l, kiln_ms deadline, struct kiln_err *err)
{
	size_t n;

	KILN_TRY(kiln_link_read(l->link, l->rx, sizeof(l->rx), deadline, &n, err));
	l->rx_at = l->rx_len = 0;
	kiln_loader_note_read(l, n);
	return KILN_OK;
}

kiln_code kiln_loader_await_begin(struct kiln_loader *l, kiln_ms deadline, struct kiln_err *err)
{
	while (!l->frame_ready && !(l->slip.in_frame && l->slip.frame.len > 0)) {
		l->frame_ready = decode_rx(l);
		if (!l->frame_ready && !(l->slip.in_frame && l->slip.frame.len > 0))
			KILN_TRY(read_rx(l, deadline, err));
	}
	return KILN_OK;
}

kiln_code kiln_loader_frame(struct kiln_loader *l, kiln_ms deadline, struct kiln_span *ret_frame,
			    struct kiln_err *err)
{
	while (!l->frame_ready && !decode_rx(l))
		KILN_TRY(read_rx(l, deadline, err));
	l->frame_ready = false;
	*ret_frame = kiln_buf_span(&l->slip.frame);
	trace(l, '<', *ret_frame);
	return KILN_OK;
}

kiln_code kiln_loader_absorb(struct kiln_loader *l, struct kiln_err *err)
{
	return kiln_loader_settle(l, 0, err);
}

kiln_code kiln_loader_settle(struct kiln_loader *l, kiln_ms quiet_ms, struct kiln_err *err)
{
	const kiln_ms end = kiln_link_after(l->link, 20 * quiet_ms);
	struct kiln_span frame;
	kiln_code code;

	/* bounded in frames too: a board that floods would keep this loop for ever */
	for (int i = 0; i < 4 * MAX_OTHER_FRAMES; i++) {
		const kiln_ms next = quiet_ms ? kiln_link_after(l->link, quiet_ms) : 0;

		code = kiln_loader_frame(l, next < end ? next : end, &frame, err);
		if (code != KILN_OK)
			return code == KILN_E_TIMEOUT ? KILN_OK : code;
		if (quiet_ms && kiln_link_now(l->link) >= end)
			break;
	}
	return KILN_OK;
}

void kiln_loader_forget(struct kiln_loader *l)
{
	kiln_slip_reset(&l->slip);
	l->rx_at = l->rx_len = 0;
	l->frame_ready = false;
	kiln_buf_reset(&l->heard);
}

kiln_code kiln_loader_send_raw(struct kiln_loader *l, struct kiln_span payload,
			       struct kiln_err *err)
{
	kiln_buf_reset(&l->wire);
	if (kiln_loader_put_gap(l) != KILN_OK ||
	    kiln_slip_encode(&l->wire, payload.p, payload.n) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot send a request");
	trace(l, '>', payload);
	return kiln_loader_write_wire(l, err);
}

kiln_code kiln_loader_send(struct kiln_loader *l, const struct kiln_request *request,
			   struct kiln_err *err)
{
	kiln_buf_reset(&l->request);
	if (kiln_request_encode(request, &l->request) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot send a request");
	return kiln_loader_send_raw(l, kiln_buf_span(&l->request), err);
}

static kiln_code refused(const struct kiln_request *request, const struct kiln_reply *reply,
			 kiln_code code, struct kiln_err *err)
{
	struct kiln_op_room room;

	(void)kiln_fail(err, code, "the chip refused %s",
			kiln_op_name((uint8_t)request->op, &room));
	kiln_why(err, "%s", kiln_reply_error_text(reply->error));
	if (err)
		err->sys = reply->error;
	return code;
}

/*
 * A loader that does not know a command says so under another opcode (a ROM: that of the command
 * before; a stub: what it took for the opcode). Without an error it is a late reply.
 */
static kiln_code judge(const struct kiln_request *request, const struct kiln_reply *reply,
		       bool *ret_ours, struct kiln_err *err)
{
	const bool same = reply->op == request->op;

	*ret_ours = same || (reply->status && reply->body.n == 0);
	if (!*ret_ours || !reply->status)
		return KILN_OK;
	if (!same || reply->error == KILN_STUB_E_COMMAND ||
	    reply->error == KILN_STUB_E_NOT_IMPLEMENTED)
		return refused(request, reply, KILN_E_UNSUPPORTED, err);
	return refused(request, reply, KILN_E_REFUSED, err);
}

/* Before the chip is known, a reply of two bytes is an ESP8266's: its status has no more. */
static bool decode(const struct kiln_loader *l, struct kiln_span frame, struct kiln_reply *ret)
{
	if (kiln_reply_decode(frame, kiln_loader_status_size(l), ret))
		return true;
	return !l->chip && kiln_reply_decode(frame, 2, ret) && ret->body.n == 0;
}

/* Whether a frame answers one of the requests. A refusal under another opcode is the first one's.
 */
static kiln_code judge_any(const struct kiln_request *requests, size_t n,
			   const struct kiln_reply *reply, size_t *ret_which, bool *ret_ours,
			   struct kiln_err *err)
{
	*ret_which = 0;
	for (size_t i = 1; i < n; i++) {
		if (reply->op == requests[i].op)
			*ret_which = i;
	}
	return judge(&requests[*ret_which], reply, ret_ours, err);
}

static kiln_code wait_any(struct kiln_loader *l, const struct kiln_request *requests, size_t n,
			  kiln_ms deadline, size_t *ret_which, struct kiln_reply *ret_reply,
			  struct kiln_err *err)
{
	struct kiln_op_room room;
	const char *name = kiln_op_name((uint8_t)requests[0].op, &room);
	struct kiln_span frame;
	struct kiln_reply reply;
	bool ours;

	for (int i = 0; i < MAX_OTHER_FRAMES; i++) {
		const kiln_code code = kiln_loader_frame(l, deadline, &frame, err);

		if (code == KILN_E_TIMEOUT) {
			kiln_loader_gap(l); /* it may have lost the end of a frame, or the begin */
			(void)kiln_fail(err, code, "the chip does not answer %s", name);
			return code;
		}
		if (code != KILN_OK)
			return code;
		if (!decode(l, frame, &reply))
			continue;
		KILN_TRY(judge_any(requests, n, &reply, ret_which, &ours, err));
		if (ours) {
			*ret_reply = reply;
			return KILN_OK;
		}
	}
	(void)kiln_fail(err, KILN_E_PROTOCOL, "the chip does not answer %s", name);
	kiln_why(err, "it sends replies to something else");
	return KILN_E_PROTOCOL;
}

static kiln_code wait_reply(struct kiln_loader *l, const struct kiln_request *request,
			    kiln_ms deadline, struct kiln_reply *ret_reply, struct kiln_err *err)
{
	size_t which;

	return wait_any(l, request, 1, deadline, &which, ret_reply, err);
}

static void note_turn(struct kiln_loader *l)
{
	const kiln_ms turn = l->came_at - kiln_loader_wire_free(l);

	if (l->turn_ms < 0 || turn < l->turn_ms)
		l->turn_ms = turn > 0 ? turn : 0;
}

static kiln_ms limited(const struct kiln_loader *l, kiln_ms ms)
{
	const struct kiln_flash_limits *limits = &l->limits;

	if (ms == KILN_LOADER_TIMEOUT)
		ms = kiln_limit(limits->answer, ms);
	return limits->longest && ms > limits->longest ? limits->longest : ms;
}

kiln_code kiln_loader_command(struct kiln_loader *l, const struct kiln_request *request,
			      kiln_ms timeout_ms, struct kiln_reply *ret_reply,
			      struct kiln_err *err)
{
	kiln_ms deadline;

	KILN_TRY(kiln_loader_absorb(l, err)); /* a late reply must not answer this request */
	deadline = kiln_link_after(l->link, limited(l, timeout_ms));
	KILN_TRY(kiln_loader_send(l, request, err));
	/* what was written may still be on its way: escapes included, twice for slow bridges */
	deadline += 2 * kiln_loader_wire_ms(l, l->wire.len);
	KILN_TRY(wait_reply(l, request, deadline, ret_reply, err));
	note_turn(l);
	return KILN_OK;
}

kiln_code kiln_loader_nudge(struct kiln_loader *l, const struct kiln_request *request,
			    kiln_ms timeout_ms, struct kiln_reply *ret_reply, struct kiln_err *err)
{
	static const uint8_t end[] = { 0xC0 }; /* between frames it means nothing */

	KILN_TRY(kiln_link_write(l->link, end, sizeof(end),
				 kiln_link_after(l->link, KILN_LOADER_WRITE_MS), err));
	kiln_loader_gap(l);
	return wait_reply(l, request, kiln_link_after(l->link, timeout_ms), ret_reply, err);
}

kiln_code kiln_loader_receive(struct kiln_loader *l, const struct kiln_request *request,
			      kiln_ms timeout_ms, struct kiln_reply *ret_reply,
			      struct kiln_err *err)
{
	return wait_reply(l, request, kiln_link_after(l->link, timeout_ms), ret_reply, err);
}

kiln_code kiln_loader_receive_any(struct kiln_loader *l, const struct kiln_request *requests,
				  size_t n, kiln_ms timeout_ms, size_t *ret_which,
				  struct kiln_reply *ret_reply, struct kiln_err *err)
{
	return wait_any(l, requests, n, kiln_link_after(l->link, timeout_ms), ret_which, ret_reply,
			err);
}

static bool is_refused_with(kiln_code code, const struct kiln_err *err, const uint8_t *errors,
			    size_t n)
{
	if (code != KILN_E_REFUSED && code != KILN_E_UNSUPPORTED)
		return false;
	return memchr(errors, err->sys & 0xFF, n) != NULL;
}

bool kiln_loader_is_wire_fault(kiln_code code, const struct kiln_err *err)
{
	static const uint8_t garbled[] = { 0x05, 0x07, 0xC0, 0xC1, 0xC3 };

	return code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL ||
	       is_refused_with(code, err, garbled, sizeof(garbled));
}

bool kiln_loader_is_stream_fault(kiln_code code, const struct kiln_err *err)
{
	static const uint8_t broken[] = { 0x0B, 0x0C, 0x0D, 0xC6, 0xC7, 0xC8, 0xC9 };

	return kiln_loader_is_wire_fault(code, err) ||
	       is_refused_with(code, err, broken, sizeof(broken));
}

/* A refusal may be a reply that was garbled; to ask again costs one turn. */
static bool is_worth_a_try(kiln_code code)
{
	return code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL || code == KILN_E_REFUSED ||
	       code == KILN_E_UNSUPPORTED;
}

kiln_code kiln_loader_ask(struct kiln_loader *l, const struct kiln_request *request,
			  kiln_ms timeout_ms, struct kiln_reply *ret_reply, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	struct kiln_reply reply;
	kiln_code code = KILN_OK;

	for (int i = 0; i < KILN_LOADER_TRIES; i++) {
		code = kiln_loader_command(l, request, timeout_ms, &reply, &fault);
		if (code == KILN_OK) {
			if (ret_reply)
				*ret_reply = reply;
			return KILN_OK;
		}
		/* who has waited for a long work in vain should not wait for it three times */
		if (!is_worth_a_try(code) ||
		    (code == KILN_E_TIMEOUT && timeout_ms > 2 * KILN_LOADER_TIMEOUT))
			break;
	}
	if (err)
		*err = fault;
	return code;
}

kiln_code kiln_loader_read_reg(struct kiln_loader *l, uint32_t address, uint32_t *ret_value,
			       struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_read_reg(address);
	struct kiln_reply reply;

	KILN_TRY(kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	*ret_value = reply.value;
	return KILN_OK;
}

kiln_code kiln_loader_write_regs(struct kiln_loader *l, const struct kiln_reg_write *writes,
				 unsigned n, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_write_reg(writes, n);

	return kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, NULL, err);
}

static kiln_code reader_read_reg(void *user, uint32_t address, uint32_t *ret_value,
				 struct kiln_err *err)
{
	return kiln_loader_knows_reg(user, address, ret_value)
		       ? KILN_OK
		       : kiln_loader_read_reg(user, address, ret_value, err);
}

struct kiln_chip_reader kiln_loader_reader(struct kiln_loader *l)
{
	return (struct kiln_chip_reader){
		.read_reg = reader_read_reg,
		.user = l,
		.baud = kiln_link_baud(l->link),
	};
}
