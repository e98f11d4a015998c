/* SPDX-License-Identifier: Apache-2.0 */
/* A NAND flash behind the stub's plugin: the chip, its blocks' marks, erasing. */
#include "flash/nand.h"

#include <assert.h>

#include "flash/comeback.h"
#include "loader/bringup.h"

enum {
	ATTACH_MS = 5000, /* it waits a second for a chip that is not there */
	ERASE_MS = 5000,
	BATCH = 32, /* marks that are asked for together */
	MOST_IN_A_ROW = 4,
	GOOD_MARK = 0xFF,
	MARK_READS = 3,
};

/* nand.blocks */
enum nand_block { NAND_UNKNOWN = 0, NAND_GOOD, NAND_BAD };
static_assert(sizeof(((struct kiln_flasher *)0)->nand.blocks) == KILN_NAND_BLOCKS, "one for each");

const char kiln_nand_name[] = "Winbond W25N01GV (1Gbit)";
enum { WINBOND = 0xEF, W25N01GV = 0xAA21 };

/* --- the plugin --- */

kiln_code kiln_nand_needs_stub(const char *why_none, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot work with NAND flash");
	kiln_why(err, "a plugin of the stub does that, and no stub runs: %s", why_none);
	return KILN_E_UNSUPPORTED;
}

kiln_code kiln_nand_choose_plugin(struct kiln_flasher *f, struct kiln_err *err)
{
	static const char name[] = "nand";
	struct kiln_loader *l = &f->loader;
	const struct kiln_stub *stub = kiln_stub_for(l->chip, l->revision);

	if (!f->options.nand)
		return KILN_OK;
	l->plugin = stub ? kiln_stub_plugin_find(stub, name) : NULL;
	if (l->plugin)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot work with NAND flash on this chip");
	kiln_why(err, "the %s stub has no plugin '%s'", l->chip->name, name);
	kiln_hint(err, "so far only the ESP32-S3's has one");
	return KILN_E_UNSUPPORTED;
}

void kiln_nand_tell_plugin(const struct kiln_flasher *f)
{
	const struct kiln_loader *l = &f->loader;

	if (l->plugin)
		kiln_flasher_emit(f, (struct kiln_flash_event){
					     .stage = KILN_FLASH_PLUGIN,
					     .done = kiln_stub_for(l->chip, l->revision)->text_size,
					     .total = l->plugin->text_size,
					     .item = l->plugin->name });
}

/* --- the chip --- */

static kiln_code no_plugin(struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot work with NAND flash");
	kiln_why(err, "the stub that runs was started without its NAND plugin");
	kiln_hint(err, "reset the board first: leave out --before no-reset");
	return KILN_E_UNSUPPORTED;
}

static kiln_code not_there(struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot find a NAND flash");
	kiln_why(err, "nothing answers at the pins that were given");
	kiln_hint(err, "check the wiring, and the order of --spi-connection: CLK,Q,D,HD,CS");
	return KILN_E_NOT_FOUND;
}

/* The plugin takes no names of pins: SPI are its own ones, HSPI would be GPIO 0 and 1. */
static kiln_code check_wiring(const struct kiln_flasher *f, struct kiln_err *err)
{
	const kiln_wiring kind = f->options.wiring.kind;

	if (kind == KILN_WIRING_SPI || kind == KILN_WIRING_PINS)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot work with NAND flash");
	kiln_why(err, kind == KILN_WIRING_HSPI ? "there is none at HSPI"
					       : "it is not said where it is connected");
	kiln_hint(err, "--spi-connection takes its pins, CLK,Q,D,HD,CS (SPI: 12,13,11,9,10)");
	return KILN_E_INVALID;
}

/* status << 24 | maker << 16 | device; the protection register behind it */
static kiln_code take_id(const struct kiln_flasher *f, const struct kiln_reply *reply,
			 struct kiln_err *err)
{
	const unsigned maker = reply->value >> 16 & 0xFF, device = reply->value & 0xFFFF;

	if (reply->body.n < 1) {
		(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot find a NAND flash");
		kiln_why(err, "the stub's answer is too short");
		return KILN_E_PROTOCOL;
	}
	if (maker != WINBOND || device != W25N01GV) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED,
				"Unrecognized NAND JEDEC ID (mfr=0x%02x, dev=0x%04x)", maker,
				device);
		kiln_why(err, "Only Winbond W25N01GV is supported");
		kiln_hint(err, "if it is one, check the wiring: an id may be misread");
		return KILN_E_UNSUPPORTED;
	}
	if (reply->body.p[0] != 0)
		kiln_flasher_warn(f,
				  "NAND protection register is 0x%02x (expected 0x00); "
				  "program/erase may not persist.",
				  reply->body.p[0]);
	return KILN_OK;
}

kiln_code kiln_nand_attach(struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_request request;
	struct kiln_reply reply;
	uint32_t word = 0;
	kiln_code code;

	if (f->nand.attached)
		return KILN_OK;
	KILN_TRY(check_wiring(f, err));
	KILN_TRY(kiln_flasher_wired_word(f, &word, err));
	kiln_flasher_tell_wiring(f, word, /* asked_for= */ true);
	request = kiln_request_nand_attach(word);
	code = kiln_loader_ask(&f->loader, &request, ATTACH_MS, &reply, err);
	if (code == KILN_E_UNSUPPORTED)
		return no_plugin(err);
	if (code == KILN_E_REFUSED)
		return not_there(err);
	if (code != KILN_OK)
		return code;
	KILN_TRY(take_id(f, &reply, err));
	f->nand.attached = true;
	return KILN_OK;
}

kiln_code kiln_nand_come_back(struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_come_back(f, err));
	f->nand.attached = false;
	return kiln_nand_attach(f, err);
}

/* --- marks --- */

kiln_code kiln_nand_read_spare(struct kiln_flasher *f, uint32_t page, uint32_t *ret_word,
			       struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_nand_page(KILN_OP_NAND_READ_SPARE, page);
	struct kiln_reply reply;

	KILN_TRY(kiln_nand_attach(f, err));
	KILN_TRY(kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT, &reply, err));
	*ret_word = reply.value;
	return KILN_OK;
}

kiln_code kiln_nand_write_spare(struct kiln_flasher *f, uint32_t page, bool bad, uint32_t *ret_echo,
				struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_nand_mark(page, bad);
	struct kiln_reply reply;

	KILN_TRY(kiln_nand_attach(f, err));
	f->nand.blocks[page / KILN_NAND_BLOCK_PAGES % KILN_NAND_BLOCKS] = NAND_UNKNOWN;
	/* to program the same bits twice changes nothing */
	KILN_TRY(kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT, &reply, err));
	if (ret_echo)
		*ret_echo = reply.value;
	return KILN_OK;
}

/* Replies have no checksum: a mark that looks bad must look so twice. */
static kiln_code confirm(struct kiln_flasher *f, uint32_t block, uint32_t word,
			 struct kiln_err *err)
{
	uint32_t again = word;

	for (int i = 1; (word & 0xFF) != GOOD_MARK && i < MARK_READS; i++) {
		KILN_TRY(kiln_nand_read_spare(f, block * KILN_NAND_BLOCK_PAGES, &again, err));
		if (again == word)
			break;
		word = again;
	}
	f->nand.blocks[block] = (word & 0xFF) == GOOD_MARK ? NAND_GOOD : NAND_BAD;
	return KILN_OK;
}

/* Learn what is not known of up to BATCH blocks. */
static kiln_code learn(struct kiln_flasher *f, uint32_t first, uint32_t n, struct kiln_err *err)
{
	struct kiln_request requests[BATCH];
	uint32_t blocks[BATCH], words[BATCH];
	size_t asked = 0;

	KILN_TRY(kiln_nand_attach(f, err));
	for (uint32_t i = first; i < first + n && asked < BATCH; i++) {
		if (f->nand.blocks[i] != NAND_UNKNOWN)
			continue;
		blocks[asked] = i;
		requests[asked++] = kiln_request_nand_page(KILN_OP_NAND_READ_SPARE,
							   i * KILN_NAND_BLOCK_PAGES);
	}
	if (asked == 0)
		return KILN_OK;
	KILN_TRY(kiln_loader_ask_all(&f->loader, requests, asked, words, err));
	for (size_t i = 0; i < asked; i++)
		KILN_TRY(confirm(f, blocks[i], words[i], err));
	return KILN_OK;
}

kiln_code kiln_nand_is_bad(struct kiln_flasher *f, uint32_t block, bool *ret_bad,
			   struct kiln_err *err)
{
	KILN_TRY(learn(f, block, 1, err));
	*ret_bad = f->nand.blocks[block] == NAND_BAD;
	return KILN_OK;
}

kiln_code kiln_nand_scan(struct kiln_flasher *f, uint32_t n, uint8_t *ret_bad, struct kiln_err *err)
{
	for (uint32_t at = 0, m; at < n; at += m) {
		m = n - at < BATCH ? n - at : BATCH;
		KILN_TRY(learn(f, at, m, err));
		for (uint32_t i = at; i < at + m; i++)
			ret_bad[i] = f->nand.blocks[i] == NAND_BAD;
	}
	return KILN_OK;
}

kiln_code kiln_nand_count_good(struct kiln_flasher *f, uint32_t first, uint32_t end,
			       uint32_t enough, uint32_t *ret_n, struct kiln_err *err)
{
	uint32_t good = 0;

	for (uint32_t at = first, m; at < end && good < enough; at += m) {
		m = enough - good < BATCH ? enough - good : BATCH;
		if (m > end - at)
			m = end - at;
		KILN_TRY(learn(f, at, m, err));
		for (uint32_t i = at; i < at + m; i++)
			good += f->nand.blocks[i] == NAND_GOOD;
	}
	*ret_n = good;
	return KILN_OK;
}

static kiln_code none_good(uint32_t block, uint32_t end, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot find a good block of NAND flash");
	if (block < end)
		kiln_why(err, "the %d up to 0x%08x are bad", MOST_IN_A_ROW,
			 block * KILN_NAND_BLOCK);
	else
		kiln_why(err, "there is none left before 0x%08x", end * KILN_NAND_BLOCK);
	return KILN_E_TOO_BIG;
}

kiln_code kiln_nand_next_good(struct kiln_flasher *f, uint32_t *block, uint32_t end,
			      kiln_nand_work work, bool quiet, struct kiln_err *err)
{
	for (int i = 0; i < MOST_IN_A_ROW && *block < end; i++, ++*block) {
		bool bad;

		KILN_TRY(kiln_nand_is_bad(f, *block, &bad, err));
		if (!bad)
			return KILN_OK;
		if (!quiet)
			kiln_flasher_emit(
				f, (struct kiln_flash_event){ .stage = KILN_FLASH_BAD_BLOCK,
							      .address = *block * KILN_NAND_BLOCK,
							      .total = work });
	}
	return none_good(*block, end, err);
}

/* A flash that takes no mark is no reason to end what can be done without that block. */
kiln_code kiln_nand_condemn(struct kiln_flasher *f, uint32_t block, const char *what,
			    struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	bool marked = true;
	kiln_code code;

	kiln_flasher_warn(f, "%s at 0x%08x, marking as bad block", what, block * KILN_NAND_BLOCK);
	code = kiln_nand_write_spare(f, block * KILN_NAND_BLOCK_PAGES, true, NULL, &fault);
	/* most take the mark, though their status says that they failed once more */
	if (code == KILN_E_REFUSED)
		code = kiln_nand_is_bad(f, block, &marked, &fault);
	f->nand.blocks[block] = NAND_BAD;
	if (code != KILN_OK && err)
		*err = fault;
	if (code == KILN_OK && !marked)
		kiln_flasher_warn(f, "Failed to mark block as bad, continuing anyway");
	return code;
}

/* --- erasing --- */

kiln_code kiln_nand_check_region(uint32_t address, uint32_t size, struct kiln_err *err)
{
	const bool aligned = address % KILN_NAND_BLOCK == 0 && size % KILN_NAND_BLOCK == 0;
	const kiln_code code = aligned && size > 0 ? KILN_E_TOO_BIG : KILN_E_INVALID;

	if (code == KILN_E_TOO_BIG && (uint64_t)address + size <= KILN_NAND_SIZE)
		return KILN_OK;
	(void)kiln_fail(err, code, "cannot erase 0x%x bytes at 0x%x", size, address);
	if (code == KILN_E_INVALID)
		kiln_why(err, "NAND flash is erased in blocks: both must be multiples of %d",
			 KILN_NAND_BLOCK);
	else
		kiln_why(err, "the NAND flash ends at 0x%08x", KILN_NAND_SIZE);
	return code;
}

static kiln_code erase_block(struct kiln_flasher *f, uint32_t block, bool *ret_failed,
			     struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_erase_region(
		KILN_OP_NAND_ERASE_REGION, block * KILN_NAND_BLOCK, KILN_NAND_BLOCK);
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code;

	/* the mark goes too */
	f->nand.blocks[block] = NAND_UNKNOWN;
	code = kiln_loader_ask(&f->loader, &request, ERASE_MS, NULL, &fault);
	*ret_failed = code == KILN_E_REFUSED && fault.sys == KILN_STUB_E_NAND_ERASE;
	if (*ret_failed)
		return kiln_nand_condemn(f, block, KILN_NAND_ERASE_FAILED, err);
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

/* A block that was erased already is erased once more. */
static kiln_code erase_surely(struct kiln_flasher *f, uint32_t block, bool *ret_failed,
			      struct kiln_err *err)
{
	kiln_code code = erase_block(f, block, ret_failed, err);

	while (kiln_flasher_may_come_back(f, code)) {
		code = kiln_nand_come_back(f, err);
		if (code == KILN_OK)
			code = erase_block(f, block, ret_failed, err);
	}
	if (code == KILN_OK)
		kiln_flasher_progressed(f);
	return code;
}

static kiln_code erase_or_skip(struct kiln_flasher *f, uint32_t block, bool all,
			       struct kiln_nand_erased *done, struct kiln_err *err)
{
	bool bad = false, failed = false;

	if (!all)
		KILN_TRY(kiln_nand_is_bad(f, block, &bad, err));
	if (bad) {
		done->skipped++;
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_BAD_BLOCK,
								.address = block * KILN_NAND_BLOCK,
								.total = KILN_NAND_ERASES });
		return KILN_OK;
	}
	KILN_TRY(erase_surely(f, block, &failed, err));
	done->failed += failed;
	done->erased += !failed;
	return KILN_OK;
}

kiln_code kiln_nand_erase(struct kiln_flasher *f, uint32_t address, uint32_t size, bool all,
			  struct kiln_nand_erased *ret_erased, struct kiln_err *err)
{
	const uint32_t first = address / KILN_NAND_BLOCK, n = size / KILN_NAND_BLOCK;
	struct kiln_nand_erased done = { 0 };
	kiln_code code = KILN_OK;

	KILN_TRY(kiln_nand_check_region(address, size, err));
	KILN_TRY(kiln_nand_attach(f, err));
	const kiln_ms begun = kiln_flasher_now(f);

	for (uint32_t i = 0; code == KILN_OK && i < n; i++) {
		if (!all && i % BATCH == 0)
			code = learn(f, first + i, n - i < BATCH ? n - i : BATCH, err);
		if (code == KILN_OK)
			code = erase_or_skip(f, first + i, all, &done, err);
		if (code != KILN_OK) {
			kiln_because(err, "cannot erase the NAND flash");
			kiln_hint(err,
				  "it is erased from 0x%08x up to 0x%08x: run the same "
				  "command again",
				  address, (first + i) * KILN_NAND_BLOCK);
		}
	}
	if (code != KILN_OK)
		return code;
	done.elapsed_ms = kiln_flasher_now(f) - begun;
	*ret_erased = done;
	return KILN_OK;
}
