/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flash back. A stub sends blocks on end and only wants to know how many bytes have
 * arrived; a ROM gives 64 bytes a request.
 */
#include <stdlib.h>

#include "flash/comeback.h"
#include "flash/reading.h"
#include "flash/write.h"

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

static kiln_code read_rom(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
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
			return kiln_reading_broken(err, (uint32_t)(address + at),
						   "the answer is too short");
		memcpy(data + at, reply.body.p, n);
		kiln_reading_tell(r, (uint32_t)(address + at), n);
	}
	return KILN_OK;
}

static kiln_code read_stub(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			   struct kiln_err *err)
{
	KILN_TRY(check_loader(r->f, address, size, err));
	return kiln_reading_by_stub(r, address, data, size, err);
}

static kiln_code verify_rom(struct kiln_flasher *f, uint32_t address, const uint8_t *data,
			    size_t size, struct kiln_err *err)
{
	uint8_t theirs[16], ours[16];

	KILN_TRY(kiln_flasher_md5(f, address, (uint32_t)size, theirs, err));
	KILN_TRY(kiln_md5(data, size, ours, err));
	if (memcmp(theirs, ours, sizeof(ours)) != 0)
		return kiln_reading_broken(err, address,
					   "what arrived has another digest than the flash");
	return KILN_OK;
}

static kiln_code read_verified_rom(struct kiln_reading *r, uint32_t address, uint8_t *data,
				   size_t size, struct kiln_err *err)
{
	KILN_TRY(read_rom(r, address, data, size, err));
	return verify_rom(r->f, address, data, size, err);
}

/* The link is another one: nothing that was asked for will come. */
static kiln_code read_on(struct kiln_reading *r, struct kiln_err *err)
{
	r->asked = 0;
	KILN_TRY(kiln_flasher_come_back(r->f, err));
	r->piece = r->f->loader.is_stub ? read_stub : read_verified_rom;
	return KILN_OK;
}

/* Pieces that were right stay so, whatever happens to the port in between. */
static kiln_code read_piece(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			    struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = kiln_reading_piece(r, address, data, size, &fault);

	while (kiln_flasher_may_come_back(r->f, code)) {
		code = read_on(r, &fault);
		if (code == KILN_OK)
			code = kiln_reading_piece(r, address, data, size, &fault);
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
		       struct kiln_reading *ret_r, struct kiln_err *err)
{
	KILN_TRY(attach(flasher, err));
	const uint64_t end = (uint64_t)address + size, known = kiln_flasher_flash_end(flasher),
		       limit = known ? known : UINT32_MAX;

	*ret_r = (struct kiln_reading){
		.f = flasher, .op = KILN_OP_READ_FLASH, .first = address, .total = size
	};
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

static kiln_code skip_blank(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t n,
			    bool *ret_blank, struct kiln_err *err)
{
	uint8_t theirs[16], ours[16];

	KILN_TRY(kiln_flasher_md5(r->f, address, (uint32_t)n, theirs, err));
	memset(data, 0xFF, n);
	KILN_TRY(kiln_md5(data, n, ours, err));
	*ret_blank = memcmp(theirs, ours, sizeof(ours)) == 0;
	if (*ret_blank)
		kiln_reading_tell(r, address, n);
	return KILN_OK;
}

/* One piece into `data`. `blank`: so was the end of the one before. */
static kiln_code next_piece(struct kiln_reading *r, uint32_t at, uint8_t *data, size_t n,
			    bool blank, struct kiln_err *err)
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
	r->next_size = behind < KILN_READ_PIECE ? (size_t)behind : KILN_READ_PIECE;
	return read_piece(r, address, data, n, err);
}

kiln_code kiln_flasher_read_once(struct kiln_flasher *f, uint32_t address, void *ret_data,
				 size_t size, struct kiln_err *err)
{
	struct kiln_reading r;

	KILN_TRY(begin(f, address, size, &r, err));
	if (size == 0)
		return KILN_OK;
	r.quiet = true;
	const kiln_code code = r.piece(&r, address, ret_data, size, err);

	if (code == KILN_E_VERIFY || code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL)
		(void)kiln_reading_give_up(&r, size,
					   NULL); /* who asked knows what to do with silence */
	return code;
}

kiln_code kiln_flasher_read(struct kiln_flasher *flasher, uint32_t address, void *ret_data,
			    size_t size, struct kiln_err *err)
{
	struct kiln_reading r;

	KILN_TRY(begin(flasher, address, size, &r, err));
	for (size_t at = 0, n; at < size; at += n) {
		uint8_t *piece = (uint8_t *)ret_data + at;

		n = size - at < KILN_READ_PIECE ? size - at : KILN_READ_PIECE;
		KILN_TRY(next_piece(&r, (uint32_t)at, piece, n,
				    at && ends_blank(piece - KILN_READ_PIECE, KILN_READ_PIECE),
				    err));
	}
	return KILN_OK;
}

kiln_code kiln_flasher_read_to(struct kiln_flasher *flasher, uint32_t address, uint32_t size,
			       kiln_flash_taker take, void *user, struct kiln_err *err)
{
	kiln_code code = KILN_OK;
	struct kiln_reading r;
	uint8_t *piece;
	bool blank = false;

	KILN_TRY(begin(flasher, address, size, &r, err));
	piece = malloc(KILN_READ_PIECE);
	if (!piece)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read flash at 0x%08x", address);
	for (uint32_t at = 0, n; at < size && code == KILN_OK; at += n) {
		n = size - at < KILN_READ_PIECE ? size - at : KILN_READ_PIECE;
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
	struct kiln_reading r;

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
