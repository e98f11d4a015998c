/* SPDX-License-Identifier: Apache-2.0 */
/* A stub's way to send flash: blocks, acknowledgements, a digest; and the way out if it breaks. */
#include "flash/reading.h"

enum {
	PIECE_TRIES = 5,
	PART = KILN_READ_BLOCK, /* of a piece that broke: what loses a byte now and then gets
				   through */
	BLOCK_TIMEOUT = 3000,
	QUIET = 150,
};

void kiln_reading_tell(const struct kiln_reading *r, uint32_t address, size_t n)
{
	if (r->quiet)
		return;
	kiln_flasher_emit(r->f, (struct kiln_flash_event){ .stage = KILN_FLASH_READING,
							   .address = address,
							   .done = (uint64_t)address + n - r->first,
							   .before = address - r->first,
							   .total = r->total });
}

kiln_code kiln_reading_broken(struct kiln_err *err, uint32_t address, const char *why)
{
	(void)kiln_fail(err, KILN_E_VERIFY, "cannot read flash at 0x%08x", address);
	kiln_why(err, "%s", why);
	kiln_hint(err, "run the same command again, with a lower baud if it fails often");
	return KILN_E_VERIFY;
}

static kiln_ms block_timeout(const struct kiln_loader *l)
{
	return kiln_limit(l->limits.answer, BLOCK_TIMEOUT);
}

static kiln_code send_have(struct kiln_loader *l, size_t n, struct kiln_err *err)
{
	uint8_t have[4];

	kiln_put_le32(have, (uint32_t)n);
	return kiln_loader_send_raw(l, kiln_span(have, sizeof(have)), err);
}

static struct kiln_request read_request(const struct kiln_reading *r, uint32_t address, size_t size)
{
	return kiln_request_read_flash(r->op, address, (uint32_t)size, KILN_READ_BLOCK,
				       KILN_READ_IN_FLIGHT);
}

/*
 * When the last block of a piece has come the stub has seen its acknowledgement, and opened its
 * receiver again: the next piece is asked for, while the digest of this one is on its way. Not
 * sooner: while it sends it takes in one frame, not two.
 */
static kiln_code ask_next(struct kiln_reading *r, struct kiln_err *err)
{
	const struct kiln_request request = read_request(r, r->next_address, r->next_size);

	if (!r->next_size || r->f->loader.ahead == 0)
		return KILN_OK;
	kiln_loader_gap(&r->f->loader);
	KILN_TRY(kiln_loader_send(&r->f->loader, &request, err));
	r->asked = r->next_size;
	return KILN_OK;
}

/*
 * The 2026 stub sends no block before the one in front of it is acknowledged, whatever it is told.
 * But it only looks for that when a block is sent; so each is acknowledged as soon as it begins to
 * come, and the wire is never idle. What was broken on the way shows in the digest.
 */
static kiln_code read_blocks(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			     struct kiln_err *err)
{
	struct kiln_loader *l = &r->f->loader;

	for (size_t at = 0; at < size;) {
		const size_t want = size - at < KILN_READ_BLOCK ? size - at : KILN_READ_BLOCK;
		const kiln_ms ms = block_timeout(l) +
				   2 * kiln_loader_wire_ms(l, 2 * KILN_READ_BLOCK);
		const kiln_ms deadline = kiln_link_after(l->link, ms);
		struct kiln_span frame;

		KILN_TRY(kiln_loader_await_begin(l, deadline, err));
		KILN_TRY(send_have(l, at + want, err));
		KILN_TRY(kiln_loader_frame(l, deadline, &frame, err));
		if (frame.n != want)
			return kiln_reading_broken(err, (uint32_t)(address + at),
						   "a block lost bytes on its way");
		memcpy(data + at, frame.p, frame.n);
		at += frame.n;
		if (at == size)
			KILN_TRY(ask_next(r, err));
		kiln_reading_tell(r, (uint32_t)(address + at - want), want);
	}
	return KILN_OK;
}

/* How a stub says that it could not read, once it has promised a number of bytes. */
static bool is_inverse(struct kiln_span frame, const uint8_t md5[16])
{
	for (size_t i = 0; i < 16; i++) {
		if (frame.n != 16 || (frame.p[i] ^ md5[i]) != 0xFF)
			return false;
	}
	return true;
}

kiln_code kiln_reading_by_stub(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			       struct kiln_err *err)
{
	const struct kiln_request request = read_request(r, address, size);
	struct kiln_loader *l = &r->f->loader;
	struct kiln_reply reply;
	struct kiln_span frame;
	uint8_t md5[16];

	if (r->asked != size)
		KILN_TRY(kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	else
		KILN_TRY(kiln_loader_receive(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	r->asked = 0;
	KILN_TRY(read_blocks(r, address, data, size, err));
	KILN_TRY(kiln_loader_frame(l, kiln_link_after(l->link, block_timeout(l)), &frame, err));
	KILN_TRY(kiln_md5(data, size, md5, err));
	if (kiln_span_equal(frame, kiln_span(md5, sizeof(md5))))
		return KILN_OK;
	r->poisoned = is_inverse(frame, md5);
	return kiln_reading_broken(err, address,
				   "what arrived has another digest than what was sent");
}

/* Let all that is on its way pass, until nothing has come for a while. */
static kiln_code drain(struct kiln_loader *l, struct kiln_err *err)
{
	struct kiln_err quiet = KILN_ERR_INIT;
	struct kiln_span frame;
	kiln_code code = KILN_OK;

	for (int i = 0; i < 4 * KILN_READ_IN_FLIGHT && code == KILN_OK; i++)
		code = kiln_loader_frame(
			l,
			kiln_link_after(l->link,
					QUIET + kiln_loader_wire_ms(l, 2 * KILN_READ_BLOCK)),
			&frame, &quiet);
	if (code != KILN_OK && code != KILN_E_TIMEOUT && err)
		*err = quiet;
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

/*
 * Each acknowledgement brings one block more, whatever it says, up to the digest; of the reading
 * that was asked for ahead too. A loader that has nothing to send takes it for a request.
 */
static kiln_code run_out(struct kiln_loader *l, struct kiln_err *err)
{
	enum { ENOUGH = 3 };
	const kiln_ms quiet = QUIET + kiln_loader_wire_ms(l, 2 * KILN_READ_BLOCK);
	struct kiln_reply reply;
	struct kiln_span frame;

	for (int i = 0, silent = 0; i < 4 * KILN_READ_IN_FLIGHT && silent < ENOUGH; i++) {
		kiln_loader_gap(l);
		KILN_TRY(send_have(l, KILN_READ_PIECE, err));
		const kiln_code code = kiln_loader_frame(l, kiln_link_after(l->link, quiet), &frame,
							 err);

		if (code != KILN_OK && code != KILN_E_TIMEOUT)
			return code;
		if (code == KILN_OK &&
		    kiln_reply_decode(frame, kiln_loader_status_size(l), &reply) && reply.status)
			break;
		silent = code == KILN_OK ? 0 : silent + 1;
	}
	return drain(l, err);
}

/* A wire that stood still lets go of all that was said into it at once: then once more. */
static kiln_code run_out_surely(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_read_reg(KILN_CHIP_MAGIC_REG);
	struct kiln_err fault = KILN_ERR_INIT;
	struct kiln_reply reply;
	kiln_code code = KILN_OK;

	for (int i = 0; i < PIECE_TRIES; i++) {
		KILN_TRY(run_out(l, err));
		kiln_loader_forget(l);
		code = kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, &fault);
		if (code == KILN_OK || !kiln_loader_is_wire_fault(code, &fault))
			break;
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

/*
 * The 2026 stub ends a reading when it gets something else than an acknowledgement; what it says
 * then is passed over, until it answers a question. One that is not known sends the rest of the
 * piece, and is told that all of it came.
 */
kiln_code kiln_reading_give_up(struct kiln_reading *r, size_t size, struct kiln_err *err)
{
	static const uint8_t stop[] = { 0 };
	struct kiln_loader *l = &r->f->loader;
	uint32_t value;

	r->asked = 0;
	if (!l->is_stub)
		return drain(l, err);
	if (r->stubborn)
		return run_out_surely(l, err);
	if (l->ahead == 0)
		KILN_TRY(drain(l, err));
	for (int i = 0; i < (l->ahead ? 2 : 1); i++) { /* of a reading that was asked for, too */
		kiln_loader_gap(l);
		if (l->ahead)
			KILN_TRY(kiln_loader_send_raw(l, kiln_span(stop, sizeof(stop)), err));
		else
			KILN_TRY(send_have(l, size, err));
		KILN_TRY(drain(l, err));
	}
	kiln_loader_forget(l);
	return kiln_loader_read_reg(l, KILN_CHIP_MAGIC_REG, &value, err);
}

/* Up to `tries` times. *ret_broken: the wire failed each of them, and is at rest again. */
static kiln_code try_piece(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			   int tries, bool *ret_broken, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	*ret_broken = false;
	for (int i = 0; i < tries; i++) {
		code = r->piece(r, address, data, size, &fault);
		*ret_broken = !r->poisoned &&
			      (code == KILN_E_VERIFY || kiln_loader_is_wire_fault(code, &fault));
		if (code == KILN_OK)
			return KILN_OK;
		if (!*ret_broken)
			break;
		kiln_flasher_emit(r->f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
								   .address = address,
								   .item = fault.why });
		*ret_broken = false;
		KILN_TRY(kiln_reading_give_up(r, size, err));
		*ret_broken = true;
	}
	if (err)
		*err = fault;
	return code;
}

/* A NAND's pages come as they were asked for. */
kiln_code kiln_reading_piece(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			     struct kiln_err *err)
{
	const bool in_parts = r->op == KILN_OP_READ_FLASH;
	bool broken;
	const kiln_code code = try_piece(r, address, data, size, in_parts ? 1 : PIECE_TRIES,
					 &broken, err);

	if (!broken || !in_parts || code == KILN_OK)
		return code;
	r->next_size = 0;
	for (size_t at = 0; at < size; at += PART) {
		const size_t n = size - at < PART ? size - at : PART;

		KILN_TRY(try_piece(r, (uint32_t)(address + at), data + at, n, PIECE_TRIES, &broken,
				   err));
	}
	return KILN_OK;
}
