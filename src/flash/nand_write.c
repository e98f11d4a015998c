/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing NAND flash, block by block. The plugin erases a block before it programs its first page,
 * programs pages as they fill up, and says at once if the chip's status tells of a failure. It does
 * not count what it gets, so a packet whose reply was lost can't be sent again: the block begins
 * anew.
 */
#include "flash/nand.h"

#include <stdlib.h>

#include "flash/comeback.h"

enum {
	PACKET = KILN_LOADER_BLOCK_STUB,
	DATA_MS = 5000, /* eight pages, and the erase of a block before */
};

/* A file on its way. */
struct nand_file {
	struct kiln_flasher *f;
	const struct kiln_flash_file *file;
	uint8_t *block; /* the part at hand, filled up with FF */
	size_t used;    /* of it, in whole pages: behind it all is FF, as the erase left it */
	uint32_t at;    /* block that it goes to */
	uint32_t end;
};

static uint32_t blocks_of(const struct kiln_flash_file *file)
{
	return kiln_nand_blocks(file->size);
}

/* --- before anything is written --- */

static kiln_code check_file(const struct kiln_flash_file *file, uint32_t end, struct kiln_err *err)
{
	if (file->address % KILN_NAND_BLOCK) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot write '%s' at 0x%x", file->name,
				file->address);
		kiln_why(err, "NAND flash is written in blocks: the address must be a multiple of "
			      "128KB (0x20000)");
		return KILN_E_INVALID;
	}
	if (file->encrypt) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot write '%s' encrypted", file->name);
		kiln_why(err, "the chip encrypts only the flash that it boots from");
		return KILN_E_INVALID;
	}
	if (file->address + (uint64_t)blocks_of(file) * KILN_NAND_BLOCK <=
	    (uint64_t)kiln_nand_blocks(end) * KILN_NAND_BLOCK)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot write '%s' at 0x%x", file->name,
			file->address);
	kiln_why(err, "it would end beyond 0x%08x", end);
	return KILN_E_TOO_BIG;
}

kiln_code kiln_nand_check_files(const struct kiln_flash_file *files, size_t n, uint32_t end,
				struct kiln_err *err)
{
	if (end > KILN_NAND_SIZE) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot write up to 0x%x", end);
		kiln_why(err, "the NAND flash ends at 0x%08x", KILN_NAND_SIZE);
		return KILN_E_TOO_BIG;
	}
	for (size_t i = 0; i < n; i++)
		KILN_TRY(check_file(&files[i], end, err));
	return KILN_OK;
}

/* The file with the lowest address above `from`; NULL: there is none. */
static const struct kiln_flash_file *next_file(const struct kiln_flash_file *files, size_t n,
					       int64_t from)
{
	const struct kiln_flash_file *next = NULL;

	for (size_t i = 0; i < n; i++) {
		if (files[i].address > from && (!next || files[i].address < next->address))
			next = &files[i];
	}
	return next;
}

static kiln_code too_few(struct kiln_flasher *f, uint32_t first, uint32_t end, uint32_t needed,
			 struct kiln_err *err)
{
	uint32_t good;

	KILN_TRY(kiln_nand_count_good(f, first, end, needed, &good, err));
	if (good >= needed)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_TOO_BIG, "Not enough good blocks between 0x%x and 0x%x",
			first * KILN_NAND_BLOCK, end * KILN_NAND_BLOCK);
	kiln_why(err, "need %u, found %u", needed, good);
	return KILN_E_TOO_BIG;
}

static kiln_code overlap(const struct kiln_flash_file *file, uint32_t at, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_OVERLAP, "Failed to write image due to image overlap");
	kiln_why(err,
		 "bad blocks push what comes before '%s' up to 0x%08x, and it begins at 0x%08x",
		 file->name, at * KILN_NAND_BLOCK, file->address);
	kiln_hint(err, "write '%s' to a higher address", file->name);
	return KILN_E_OVERLAP;
}

/* Where each file would go: the same walk as that of writing, with the marks that are there now. */
static kiln_code plan(struct kiln_flasher *f, const struct kiln_flash_file *files, size_t n,
		      uint32_t end, struct kiln_err *err)
{
	uint32_t at = 0;
	int64_t from = -1;

	for (const struct kiln_flash_file *file; (file = next_file(files, n, from));
	     from = file->address) {
		const uint32_t first = file->address / KILN_NAND_BLOCK;

		if (at > first)
			return overlap(file, at, err);
		KILN_TRY(too_few(f, first, kiln_nand_blocks(end), blocks_of(file), err));
		at = first;
		for (uint32_t i = 0; i < blocks_of(file); i++, at++)
			KILN_TRY(kiln_nand_next_good(f, &at, kiln_nand_blocks(end),
						     KILN_NAND_WRITES,
						     /* quiet= */ true, err));
	}
	return KILN_OK;
}

kiln_code kiln_nand_check_room(struct kiln_flasher *f, const struct kiln_flash_file *files,
			       size_t n, uint32_t end, struct kiln_err *err)
{
	KILN_TRY(kiln_nand_check_files(files, n, end, err));
	return plan(f, files, n, end, err);
}

/* --- one block --- */

static void take_part(struct nand_file *w, uint32_t part)
{
	const size_t from = (size_t)part * KILN_NAND_BLOCK, left = w->file->size - from,
		     n = left < KILN_NAND_BLOCK ? left : KILN_NAND_BLOCK;

	memcpy(w->block, w->file->data + from, n);
	memset(w->block + n, 0xFF, KILN_NAND_BLOCK - n);
	w->used = n;
	while (w->used > 1 && w->block[w->used - 1] == 0xFF)
		w->used--;
	/* at least one page: the erase comes with it */
	w->used = (w->used + KILN_NAND_PAGE - 1) / KILN_NAND_PAGE * KILN_NAND_PAGE;
}

static bool was_not_taken(kiln_code code, const struct kiln_err *err)
{
	const int error = err->sys;

	return (code == KILN_E_REFUSED || code == KILN_E_UNSUPPORTED) &&
	       (error == KILN_STUB_E_CHECKSUM || error == KILN_STUB_E_LENGTH ||
		error == KILN_STUB_E_COMMAND);
}

static bool has_failed(kiln_code code, const struct kiln_err *err)
{
	return code == KILN_E_REFUSED &&
	       (err->sys == KILN_STUB_E_NAND_PROGRAM || err->sys == KILN_STUB_E_NAND_ERASE);
}

static void tell_writing(const struct nand_file *w, size_t at)
{
	kiln_flasher_emit(w->f, (struct kiln_flash_event){
					.stage = KILN_FLASH_WRITING,
					.address = (uint32_t)(w->at * KILN_NAND_BLOCK + at),
					.done = at + PACKET < w->used ? at + PACKET : w->used,
					.before = at,
					.total = KILN_NAND_BLOCK,
					.block = (unsigned)(at / PACKET) + 1,
					.blocks = (unsigned)((w->used + PACKET - 1) / PACKET),
					.item = w->file->name,
				});
}

/* What the stub refused for its checksum it has not taken; anything else is unclear. */
static kiln_code send_packet(struct nand_file *w, size_t at, struct kiln_err *err)
{
	struct kiln_loader *l = &w->f->loader;
	const size_t left = w->used - at;
	const struct kiln_request request =
		kiln_request_data(KILN_OP_NAND_DATA, (uint32_t)(at / PACKET),
				  kiln_span(w->block + at, left < PACKET ? left : PACKET));
	struct kiln_reply reply;
	kiln_code code = KILN_OK;

	for (int i = 0; i < KILN_LOADER_TRIES; i++) {
		code = kiln_loader_command(l, &request, DATA_MS, &reply, err);
		if (!was_not_taken(code, err))
			break;
	}
	return code;
}

/* The plugin has programmed all by then: END only closes what BEGIN opened. */
static kiln_code end_block_write(struct nand_file *w, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_flash_end(KILN_OP_NAND_END, false);
	const kiln_code code = kiln_loader_ask(&w->f->loader, &request, KILN_LOADER_TIMEOUT, NULL,
					       err);

	/* its reply was lost, and it was sent again */
	return code == KILN_E_REFUSED && err->sys == KILN_STUB_E_NOT_BEGUN ? KILN_OK : code;
}

static kiln_code send_block(struct nand_file *w, struct kiln_err *err)
{
	const struct kiln_request begin = kiln_request_nand_begin(
		w->at * KILN_NAND_BLOCK, (uint32_t)w->used, KILN_NAND_BLOCK, PACKET);

	KILN_TRY(kiln_loader_ask(&w->f->loader, &begin, KILN_LOADER_TIMEOUT, NULL, err));
	for (size_t at = 0; at < w->used; at += PACKET) {
		tell_writing(w, at);
		KILN_TRY(send_packet(w, at, err));
	}
	return end_block_write(w, err);
}

/* What the wire broke begins anew, erase included. */
static kiln_code send_block_again(struct nand_file *w, struct kiln_err *err)
{
	const unsigned set = w->f->loader.limits.block_tries, tries = set ? set : KILN_LOADER_TRIES;
	kiln_code code = KILN_OK;

	for (unsigned i = 0; i < tries; i++) {
		code = send_block(w, err);
		if (!kiln_loader_is_wire_fault(code, err) &&
		    !(code == KILN_E_REFUSED && err->sys == KILN_STUB_E_TOO_MUCH))
			return code;
		if (i + 1 < tries)
			kiln_flasher_emit(w->f,
					  (struct kiln_flash_event){
						  .stage = KILN_FLASH_RETRY,
						  .address = w->at * KILN_NAND_BLOCK,
						  .item = err->why[0] ? err->why : err->what });
	}
	return code;
}

/* And so does what was under way when the port went. */
static kiln_code send_block_surely(struct nand_file *w, struct kiln_err *err)
{
	kiln_code code = send_block_again(w, err);

	while (kiln_flasher_may_come_back(w->f, code)) {
		code = kiln_nand_come_back(w->f, err);
		if (code == KILN_OK)
			code = send_block_again(w, err);
	}
	if (code == KILN_OK)
		kiln_flasher_progressed(w->f);
	return code;
}

/* Twice, before a block is condemned. What can't be read back is as wrong as what differs. */
static kiln_code read_back(struct nand_file *w, bool *ret_same, struct kiln_err *err)
{
	size_t n = 0, first;
	kiln_code code;

	for (int i = 0; i < 2; i++) {
		code = kiln_nand_compare(w->f, w->at * KILN_NAND_BLOCK, w->block, w->used, &n,
					 &first, err);
		*ret_same = code == KILN_OK && n == 0;
		if (*ret_same || (code != KILN_OK && code != KILN_E_IO))
			return code;
	}
	return KILN_OK;
}

/* NULL, or why the block is bad. */
static kiln_code try_block(struct nand_file *w, const char **ret_bad, struct kiln_err *err)
{
	const kiln_ms begun = kiln_flasher_now(w->f);
	const kiln_code code = send_block_surely(w, err);
	bool same;

	*ret_bad = NULL;
	if (has_failed(code, err)) {
		*ret_bad = err->sys == KILN_STUB_E_NAND_ERASE ? KILN_NAND_ERASE_FAILED
							      : KILN_NAND_PROGRAM_FAILED;
		return KILN_OK;
	}
	if (code != KILN_OK)
		return code;
	kiln_flasher_emit(
		w->f, (struct kiln_flash_event){ .stage = KILN_FLASH_WROTE,
						 .address = w->at * KILN_NAND_BLOCK,
						 .total = KILN_NAND_BLOCK,
						 .block = 1,
						 .elapsed_ms = kiln_flasher_now(w->f) - begun });
	KILN_TRY(read_back(w, &same, err));
	if (!same)
		*ret_bad = "Write verify failed";
	return KILN_OK;
}

/* --- files --- */

/* Into the next block that takes it. */
static kiln_code write_part(struct nand_file *w, uint32_t part, struct kiln_err *err)
{
	const uint32_t left = blocks_of(w->file) - part;
	const char *bad;

	take_part(w, part);
	for (;;) {
		KILN_TRY(kiln_nand_next_good(w->f, &w->at, w->end, KILN_NAND_WRITES,
					     /* quiet= */ false, err));
		KILN_TRY(try_block(w, &bad, err));
		w->at++;
		if (!bad)
			return KILN_OK;
		KILN_TRY(kiln_nand_condemn(w->f, w->at - 1, bad, err));
		KILN_TRY(too_few(w->f, w->at, w->end, left, err));
	}
}

static void say_state(const struct nand_file *w, uint32_t part, kiln_code code,
		      struct kiln_err *err)
{
	kiln_because(err, "cannot write '%s' to NAND flash", w->file->name);
	if (code == KILN_E_TOO_BIG)
		kiln_hint(err,
			  "%u of its %u blocks are written, and not the rest: this flash has "
			  "too many bad blocks there",
			  part, blocks_of(w->file));
	else
		kiln_hint(err,
			  "%u of its %u blocks are written, up to 0x%08x: run the same "
			  "command again",
			  part, blocks_of(w->file), w->at * KILN_NAND_BLOCK);
}

static kiln_code write_file(struct nand_file *w, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	w->at = w->file->address / KILN_NAND_BLOCK;
	for (uint32_t i = 0; i < blocks_of(w->file); i++) {
		code = write_part(w, i, &fault);
		if (code != KILN_OK) {
			say_state(w, i, code, &fault);
			if (err)
				*err = fault;
			return code;
		}
	}
	return KILN_OK;
}

kiln_code kiln_nand_write(struct kiln_flasher *f, const struct kiln_flash_file *files, size_t n,
			  uint32_t end, struct kiln_err *err)
{
	struct nand_file w = { .f = f, .end = kiln_nand_blocks(end) };
	kiln_code code = KILN_OK;
	int64_t from = -1;

	KILN_TRY(kiln_nand_check_room(f, files, n, end, err));
	w.block = malloc(KILN_NAND_BLOCK);
	if (!w.block)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write NAND flash");
	while (code == KILN_OK && (w.file = next_file(files, n, from))) {
		/* a block that failed on the way may have pushed the file before into this one */
		if (w.at > w.file->address / KILN_NAND_BLOCK)
			code = overlap(w.file, w.at, err);
		else
			code = write_file(&w, err);
		from = w.file->address;
	}
	free(w.block);
	return code;
}
