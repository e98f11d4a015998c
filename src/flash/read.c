/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flash back. A stub sends blocks on end and only wants to know how many bytes have
 * arrived; a ROM gives 64 bytes a request.
 */
#include "flash/flasher.h"

enum { BLOCK = 0x1000, IN_FLIGHT = 64, BLOCK_TIMEOUT = 3000 };

static void tell(struct kiln_flasher *f, uint32_t address, size_t done, size_t total)
{
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_READING,
							.address = address,
							.done = done,
							.total = total });
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

static kiln_code read_rom(struct kiln_flasher *f, uint32_t address, uint8_t *data, size_t size,
			  struct kiln_err *err)
{
	KILN_TRY(check_loader(f, address, size, err));
	for (size_t at = 0, n; at < size; at += n) {
		struct kiln_request request;
		struct kiln_reply reply;

		n = size - at < KILN_READ_FLASH_SLOW_MAX ? size - at : KILN_READ_FLASH_SLOW_MAX;
		request = kiln_request_read_flash_slow((uint32_t)(address + at), (uint32_t)n);
		KILN_TRY(kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT, &reply, err));
		if (reply.body.n < n) /* it always sends 64 bytes */
			return broken(err, (uint32_t)(address + at), "the answer is too short");
		memcpy(data + at, reply.body.p, n);
		tell(f, (uint32_t)(address + at), at + n, size);
	}
	return KILN_OK;
}

static kiln_code read_blocks(struct kiln_flasher *f, uint32_t address, uint8_t *data, size_t size,
			     struct kiln_err *err)
{
	struct kiln_loader *l = &f->loader;

	for (size_t at = 0; at < size;) {
		const size_t want = size - at < BLOCK ? size - at : BLOCK;
		struct kiln_span frame;
		uint8_t have[4];
		const kiln_ms ms = BLOCK_TIMEOUT + 2 * kiln_loader_wire_ms(l, 2 * BLOCK);

		KILN_TRY(kiln_loader_frame(l, kiln_link_after(l->link, ms), &frame, err));
		if (frame.n != want)
			return broken(err, (uint32_t)(address + at),
				      "a block lost bytes on its way");
		memcpy(data + at, frame.p, frame.n);
		at += frame.n;
		kiln_put_le32(have, (uint32_t)at);
		KILN_TRY(kiln_loader_send_raw(l, kiln_span(have, sizeof(have)), err));
		tell(f, (uint32_t)(address + at - frame.n), at, size);
	}
	return KILN_OK;
}

static kiln_code read_stub(struct kiln_flasher *f, uint32_t address, uint8_t *data, size_t size,
			   struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_read_flash(address, (uint32_t)size, BLOCK,
								    IN_FLIGHT);
	struct kiln_loader *l = &f->loader;
	struct kiln_reply reply;
	struct kiln_span frame;
	uint8_t md5[16];

	KILN_TRY(check_loader(f, address, size, err));
	KILN_TRY(kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	KILN_TRY(read_blocks(f, address, data, size, err));
	KILN_TRY(kiln_loader_frame(l, kiln_link_after(l->link, BLOCK_TIMEOUT), &frame, err));
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

kiln_code kiln_flasher_read(struct kiln_flasher *flasher, uint32_t address, void *ret_data,
			    size_t size, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_attach(flasher, KILN_FLASH_KEEP, err));
	const uint64_t end = (uint64_t)address + size,
		       limit = flasher->info.flash_size ? flasher->info.flash_size : UINT32_MAX;

	if (end > limit) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot read flash at 0x%08x", address);
		kiln_why(err, "the flash ends at 0x%08llx", (unsigned long long)limit);
		return KILN_E_TOO_BIG;
	}
	if (size == 0)
		return KILN_OK;
	if (flasher->loader.is_stub)
		return read_stub(flasher, address, ret_data, size, err);
	KILN_TRY(read_rom(flasher, address, ret_data, size, err));
	return verify_rom(flasher, address, ret_data, size, err);
}
