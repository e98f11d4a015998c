/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flash back. A stub sends blocks on end and only wants to know how many bytes have
 * arrived; a ROM gives 64 bytes a request.
 */
#include <stdlib.h>

#include "flash/comeback.h"
#include "flash/write.h"

enum {
	BLOCK = 0x1000,
	IN_FLIGHT = 64,
	/* What is read by one request, and again if it breaks. A stub may send all of it without
	 * an answer from here, so it can always be drained. */
	PIECE = BLOCK * IN_FLIGHT,
	PIECE_TRIES = 5,
	BLOCK_TIMEOUT = 3000,
	QUIET = 150,
};

/* One reading, in pieces. */
struct reading {
	struct kiln_flasher *f;
	uint32_t first; /* address */
	uint64_t total;
	kiln_code (*piece)(struct reading *r, uint32_t address, uint8_t *data, size_t size,
			   struct kiln_err *err);
	uint32_t next_address; /* what comes after the piece at hand; */
	size_t next_size;      /* 0: nothing, or it is not known yet */
	bool quiet;            /* nobody is told */
	size_t asked;          /* that many bytes were asked for already; or 0 */
};

static void tell(const struct reading *r, uint32_t address, size_t n)
{
	if (r->quiet)
		return;
	kiln_flasher_emit(r->f, (struct kiln_flash_event){ .stage = KILN_FLASH_READING,
							   .address = address,
							   .done = (uint64_t)address + n - r->first,
							   .before = address - r->first,
							   .total = r->total });
}

static kiln_code broken(struct kiln_err *err, uint32_t address, const char *why)
{
	(void)kiln_fail(err, KILN_E_VERIFY, "cannot read flash at 0x%08x", address);
	kiln_why(err, "%s", why);
	kiln_hint(err, "run the same command again, with a lower baud if it fails often");
	return KILN_E_VERIFY;
}

/* Not every loader can read, nor reach all of a large chip. */
static kiln_code check_loader(const struct kiln_flasher *f, uint32_t address, size_t size,
			      struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_check_reach(f, (uint64_t)address + size, err));
	if (kiln_flasher_has_md5(f)) /* those without digests can't read either */
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot read flash at 0x%08x", address);
	kiln_why(err, f->loader.secure_download ? "the chip is in secure download mode"
						: "the ESP8266's ROM can't; only the stub can");
	return KILN_E_UNSUPPORTED;
}

static kiln_code read_rom(struct reading *r, uint32_t address, uint8_t *data, size_t size,
			  struct kiln_err *err)
{
	struct kiln_loader *l = &r->f->loader;

	KILN_TRY(check_loader(r->f, address, size, err));
	for (size_t at = 0, n; at < size; at += n) {
		struct kiln_request request;
		struct kiln_reply reply;

		n = size - at < KILN_READ_FLASH_SLOW_MAX ? size - at : KILN_READ_FLASH_SLOW_MAX;
		request = kiln_request_read_flash_slow((uint32_t)(address + at), (uint32_t)n);
		KILN_TRY(kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
		if (reply.body.n < n) /* it always sends 64 bytes */
			return broken(err, (uint32_t)(address + at), "the answer is too short");
		memcpy(data + at, reply.body.p, n);
		tell(r, (uint32_t)(address + at), n);
	}
	return KILN_OK;
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

static struct kiln_request read_request(uint32_t address, size_t size)
{
	return kiln_request_read_flash(address, (uint32_t)size, BLOCK, IN_FLIGHT);
}

/*
 * When the last block of a piece has come the stub has seen its acknowledgement, and opened its
 * receiver again: the next piece is asked for, while the digest of this one is on its way. Not
 * sooner: while it sends it takes in one frame, not two.
 */
static kiln_code ask_next(struct reading *r, struct kiln_err *err)
{
	const struct kiln_request request = read_request(r->next_address, r->next_size);

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
static kiln_code read_blocks(struct reading *r, uint32_t address, uint8_t *data, size_t size,
			     struct kiln_err *err)
{
	struct kiln_loader *l = &r->f->loader;

	for (size_t at = 0; at < size;) {
		const size_t want = size - at < BLOCK ? size - at : BLOCK;
		const kiln_ms ms = block_timeout(l) + 2 * kiln_loader_wire_ms(l, 2 * BLOCK);
		const kiln_ms deadline = kiln_link_after(l->link, ms);
		struct kiln_span frame;

		KILN_TRY(kiln_loader_await_begin(l, deadline, err));
		KILN_TRY(send_have(l, at + want, err));
		KILN_TRY(kiln_loader_frame(l, deadline, &frame, err));
		if (frame.n != want)
			return broken(err, (uint32_t)(address + at),
				      "a block lost bytes on its way");
		memcpy(data + at, frame.p, frame.n);
		at += frame.n;
		if (at == size)
			KILN_TRY(ask_next(r, err));
		tell(r, (uint32_t)(address + at - want), want);
	}
	return KILN_OK;
}

static kiln_code read_stub(struct reading *r, uint32_t address, uint8_t *data, size_t size,
			   struct kiln_err *err)
{
	const struct kiln_request request = read_request(address, size);
	struct kiln_loader *l = &r->f->loader;
	struct kiln_reply reply;
	struct kiln_span frame;
	uint8_t md5[16];

	KILN_TRY(check_loader(r->f, address, size, err));
	if (r->asked != size)
		KILN_TRY(kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	else
		KILN_TRY(kiln_loader_receive(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	r->asked = 0;
	KILN_TRY(read_blocks(r, address, data, size, err));
	KILN_TRY(kiln_loader_frame(l, kiln_link_after(l->link, block_timeout(l)), &frame, err));
	KILN_TRY(kiln_md5(data, size, md5, err));
	if (!kiln_span_equal(frame, kiln_span(md5, sizeof(md5))))
		return broken(err, address, "what arrived has another digest than what was sent");
	return KILN_OK;
}

static kiln_code verify_rom(struct kiln_flasher *f, uint32_t address, const uint8_t *data,
			    size_t size, struct kiln_err *err)
{
	uint8_t theirs[16], ours[16];

	KILN_TRY(kiln_flasher_md5(f, address, (uint32_t)size, theirs, err));
	KILN_TRY(kiln_md5(data, size, ours, err));
	if (memcmp(theirs, ours, sizeof(ours)) != 0)
		return broken(err, address, "what arrived has another digest than the flash");
	return KILN_OK;
}

/* Let all that is on its way pass, until nothing has come for a while. */
static kiln_code drain(struct kiln_loader *l, struct kiln_err *err)
{
	struct kiln_err quiet = KILN_ERR_INIT;
	struct kiln_span frame;
	kiln_code code = KILN_OK;

	for (int i = 0; i < 4 * IN_FLIGHT && code == KILN_OK; i++)
		code = kiln_loader_frame(
			l, kiln_link_after(l->link, QUIET + kiln_loader_wire_ms(l, 2 * BLOCK)),
			&frame, &quiet);
	if (code != KILN_OK && code != KILN_E_TIMEOUT && err)
		*err = quiet;
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

/*
 * The 2026 stub ends a reading when it gets something else than an acknowledgement; what it says
 * then is passed over, until it answers a question. One that is not known sends the rest of the
 * piece, and is told that all of it came.
 */
static kiln_code give_up_piece(struct reading *r, size_t size, struct kiln_err *err)
{
	static const uint8_t stop[] = { 0 };
	struct kiln_loader *l = &r->f->loader;
	uint32_t value;

	r->asked = 0;
	if (!l->is_stub)
		return drain(l, err);
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

static kiln_code read_verified_rom(struct reading *r, uint32_t address, uint8_t *data, size_t size,
				   struct kiln_err *err)
{
	KILN_TRY(read_rom(r, address, data, size, err));
	return verify_rom(r->f, address, data, size, err);
}

/* The link is another one: nothing that was asked for will come. */
static kiln_code read_on(struct reading *r, struct kiln_err *err)
{
	r->asked = 0;
	KILN_TRY(kiln_flasher_come_back(r->f, err));
	r->piece = r->f->loader.is_stub ? read_stub : read_verified_rom;
	return KILN_OK;
}

static kiln_code read_piece_here(struct reading *r, uint32_t address, uint8_t *data, size_t size,
				 struct kiln_err *err)
{
	for (int i = 1;; i++) {
		struct kiln_err fault = KILN_ERR_INIT;
		const kiln_code code = r->piece(r, address, data, size, &fault);
		const bool again = code == KILN_E_VERIFY || kiln_loader_is_wire_fault(code, &fault);

		if (code == KILN_OK)
			return KILN_OK;
		if (!again || i == PIECE_TRIES) {
			if (err)
				*err = fault;
			return code;
		}
		kiln_flasher_emit(r->f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
								   .address = address,
								   .item = fault.why });
		KILN_TRY(give_up_piece(r, size, err));
	}
}

/* Pieces that were right stay so, whatever happens to the port in between. */
static kiln_code read_piece(struct reading *r, uint32_t address, uint8_t *data, size_t size,
			    struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = read_piece_here(r, address, data, size, &fault);

	while (kiln_flasher_may_come_back(r->f, code)) {
		code = read_on(r, &fault);
		if (code == KILN_OK)
			code = read_piece_here(r, address, data, size, &fault);
	}
	if (code == KILN_OK)
		kiln_flasher_progressed(r->f);
	else if (err)
		*err = fault;
	return code;
}

static kiln_code attach(struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = kiln_flasher_attach(f, KILN_FLASH_KEEP, &fault);

	while (kiln_flasher_may_come_back(f, code)) {
		code = kiln_flasher_come_back(f, &fault);
		if (code == KILN_OK)
			code = kiln_flasher_attach(f, KILN_FLASH_KEEP, &fault);
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

static kiln_code begin(struct kiln_flasher *flasher, uint32_t address, uint64_t size,
		       struct reading *ret_r, struct kiln_err *err)
{
	KILN_TRY(attach(flasher, err));
	const uint64_t end = (uint64_t)address + size, known = kiln_flasher_flash_end(flasher),
		       limit = known ? known : UINT32_MAX;

	*ret_r = (struct reading){ .f = flasher, .first = address, .total = size };
	if (end > limit) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot read flash at 0x%08x", address);
		kiln_why(err, "the flash ends at 0x%08llx", (unsigned long long)limit);
		return KILN_E_TOO_BIG;
	}
	ret_r->piece = flasher->loader.is_stub ? read_stub : read_verified_rom;
	return KILN_OK;
}

/* Flash behind a blank sector is most often blank: its digest tells, in a fraction of the time. */
static bool ends_blank(const uint8_t *data, size_t n)
{
	if (n < KILN_FLASH_SECTOR)
		return false;
	for (size_t i = n - KILN_FLASH_SECTOR; i < n; i++) {
		if (data[i] != 0xFF)
			return false;
	}
	return true;
}

static kiln_code skip_blank(struct reading *r, uint32_t address, uint8_t *data, size_t n,
			    bool *ret_blank, struct kiln_err *err)
{
	uint8_t theirs[16], ours[16];

	KILN_TRY(kiln_flasher_md5(r->f, address, (uint32_t)n, theirs, err));
	memset(data, 0xFF, n);
	KILN_TRY(kiln_md5(data, n, ours, err));
	*ret_blank = memcmp(theirs, ours, sizeof(ours)) == 0;
	if (*ret_blank)
		tell(r, address, n);
	return KILN_OK;
}

/* One piece into `data`. `blank`: so was the end of the one before. */
static kiln_code next_piece(struct reading *r, uint32_t at, uint8_t *data, size_t n, bool blank,
			    struct kiln_err *err)
{
	const uint64_t behind = r->total - at - n;
	const uint32_t address = r->first + at;

	if (blank && !r->asked && kiln_flasher_has_md5(r->f)) {
		const kiln_code code = skip_blank(r, address, data, n, &blank, err);

		if (code == KILN_OK && blank)
			return KILN_OK;
		if (code != KILN_OK && !kiln_flasher_may_come_back(r->f, code))
			return code;
	}
	r->next_address = address + (uint32_t)n;
	r->next_size = behind < PIECE ? (size_t)behind : PIECE;
	return read_piece(r, address, data, n, err);
}

kiln_code kiln_flasher_read_once(struct kiln_flasher *f, uint32_t address, void *ret_data,
				 size_t size, struct kiln_err *err)
{
	struct reading r;

	KILN_TRY(begin(f, address, size, &r, err));
	if (size == 0)
		return KILN_OK;
	r.quiet = true;
	const kiln_code code = r.piece(&r, address, ret_data, size, err);

	if (code == KILN_E_VERIFY || code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL)
		(void)give_up_piece(&r, size, NULL); /* who asked knows what to do with silence */
	return code;
}

kiln_code kiln_flasher_read(struct kiln_flasher *flasher, uint32_t address, void *ret_data,
			    size_t size, struct kiln_err *err)
{
	struct reading r;

	KILN_TRY(begin(flasher, address, size, &r, err));
	for (size_t at = 0, n; at < size; at += n) {
		uint8_t *piece = (uint8_t *)ret_data + at;

		n = size - at < PIECE ? size - at : PIECE;
		KILN_TRY(next_piece(&r, (uint32_t)at, piece, n,
				    at && ends_blank(piece - PIECE, PIECE), err));
	}
	return KILN_OK;
}

kiln_code kiln_flasher_read_to(struct kiln_flasher *flasher, uint32_t address, uint32_t size,
			       kiln_flash_taker take, void *user, struct kiln_err *err)
{
	kiln_code code = KILN_OK;
	struct reading r;
	uint8_t *piece;
	bool blank = false;

	KILN_TRY(begin(flasher, address, size, &r, err));
	piece = malloc(PIECE);
	if (!piece)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read flash at 0x%08x", address);
	for (uint32_t at = 0, n; at < size && code == KILN_OK; at += n) {
		n = size - at < PIECE ? size - at : PIECE;
		code = next_piece(&r, at, piece, n, blank, err);
		blank = code == KILN_OK && ends_blank(piece, n);
		if (code == KILN_OK)
			code = take(user, piece, n, err);
	}
	free(piece);
	return code;
}

static kiln_code has_digest(struct kiln_flasher *f, uint32_t address, size_t n,
			    const uint8_t ours[16], bool *ret_same, struct kiln_err *err)
{
	uint8_t theirs[16];
	struct reading r;

	KILN_TRY(begin(f, address, n, &r, err));
	KILN_TRY(kiln_flasher_md5(f, address, (uint32_t)n, theirs, err));
	*ret_same = memcmp(theirs, ours, sizeof(theirs)) == 0;
	return KILN_OK;
}

kiln_code kiln_flasher_holds(struct kiln_flasher *flasher, uint32_t address, const void *data,
			     size_t n, bool *ret_same, struct kiln_err *err)
{
	uint8_t ours[16];

	KILN_TRY(kiln_md5(data, n, ours, err));
	return has_digest(flasher, address, n, ours, ret_same, err);
}

kiln_code kiln_flasher_holds_file(struct kiln_flasher *f, const struct kiln_plan_file *file,
				  bool *ret_same, struct kiln_err *err)
{
	uint8_t ours[16];

	KILN_TRY(kiln_plan_md5(file, 0, file->size, ours, err));
	return has_digest(f, file->address, file->size, ours, ret_same, err);
}
