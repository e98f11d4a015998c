/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file to the flash: BEGIN, blocks that each wait for their answer, END as a barrier.
 *
 * What the wire does to a block is told by how the chip answers. Refused as garbled: it is sent
 * again. No answer: the end of the frame may be lost, so the chip is nudged with another end;
 * still none, and it is not known whether the block was taken. Twice would be wrong for a
 * compressed stream, so the file begins anew.
 */
#include "flash/write.h"

#include "flash/deflate.h"
#include "flash/delta.h"

enum { BLOCK_TRIES = 3, FILE_TRIES = 3, NUDGE_TIMEOUT = 500, SETTLE = 50 };

/* How compressed and plain files differ: opcodes, and what a block is for the flash. */
struct form {
	kiln_op begin, data, end;
	bool compressed;
};

static const struct form forms[] = {
	{ KILN_OP_FLASH_BEGIN, KILN_OP_FLASH_DATA, KILN_OP_FLASH_END, false },
	{ KILN_OP_FLASH_DEFL_BEGIN, KILN_OP_FLASH_DEFL_DATA, KILN_OP_FLASH_DEFL_END, true },
};

struct sending {
	struct kiln_flasher *f;
	const struct kiln_plan_file *file;
	const struct form *form;
	struct kiln_span wire; /* all that will be sent */
	unsigned n_blocks, block_size;
	/* of the whole telling, of which this may be one part of several */
	uint64_t wire_before, wire_total;
	unsigned blocks_before, blocks_total;
	struct kiln_inflater *inflater;
	kiln_ms busy_ms; /* how long the chip may be at work on what it acknowledged already */
	bool answered;   /* BEGIN was: the chip is there */
};

static kiln_code send_begin(struct sending *s, struct kiln_err *err)
{
	const struct kiln_loader *l = &s->f->loader;
	uint32_t size = (uint32_t)s->file->size;

	/* a ROM that unpacks wants whole blocks of its own size, and erases before it answers */
	if (!l->is_stub && s->form->compressed)
		size = (size + s->block_size - 1) / s->block_size * s->block_size;
	if (!l->is_stub && l->chip->rom_erase_size)
		size = l->chip->rom_erase_size(s->file->address, size);
	const struct kiln_begin begin = {
		.size = size,
		.n_blocks = s->n_blocks,
		.block_size = s->block_size,
		.offset = s->file->address,
		.has_encrypted_word = l->is_stub || l->chip->rom_has_encrypted_word,
	};
	const struct kiln_request request = kiln_request_begin(s->form->begin, &begin);
	const kiln_ms ms = l->is_stub ? KILN_LOADER_TIMEOUT
				      : kiln_flasher_timeout(KILN_FLASH_ERASE_MS_PER_MB, size);

	KILN_TRY(kiln_loader_ask(&s->f->loader, &request, ms, NULL, err));
	s->answered = true;
	return KILN_OK;
}

static void tell_retry(const struct sending *s, uint32_t address, const struct kiln_err *fault)
{
	kiln_flasher_emit(s->f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
							   .address = address,
							   .item = fault->why });
	kiln_log(&kiln_link_host(s->f->loader.link)->ui, KILN_LOG_INFO, "flash",
		 "sent again at 0x%08x: %s: %s", address, fault->what, fault->why);
}

/*
 * A block that a stub says it did not take may be sent again. A ROM counts blocks before it looks
 * into them, and refuses the same number a second time.
 */
static kiln_code send_block(struct sending *s, uint32_t seq, struct kiln_span block,
			    uint32_t address, kiln_ms timeout_ms, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	const struct kiln_request request = kiln_request_data(s->form->data, seq, block);
	struct kiln_err fault = KILN_ERR_INIT;
	const int tries = l->is_stub ? BLOCK_TRIES : 1;
	struct kiln_reply reply;
	kiln_code code = KILN_OK;

	for (int i = 0; i < tries; i++) {
		if (i > 0)
			tell_retry(s, address, &fault);
		code = kiln_loader_command(l, &request, timeout_ms, &reply, &fault);
		if (code == KILN_E_TIMEOUT)
			code = kiln_loader_nudge(l, &request, NUDGE_TIMEOUT, &reply, &fault);
		if (code == KILN_OK || code == KILN_E_TIMEOUT ||
		    !kiln_loader_is_wire_fault(code, &fault))
			break;
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

static kiln_code block_length(struct sending *s, struct kiln_span block, size_t *ret_n,
			      struct kiln_err *err)
{
	if (s->form->compressed)
		return kiln_inflater_feed(s->inflater, block, ret_n, err);
	*ret_n = block.n;
	return KILN_OK;
}

/* The last plain block is filled up: the chip takes whole blocks only. */
static struct kiln_span fill_up(const struct sending *s, struct kiln_span block, uint8_t *room)
{
	if (s->form->compressed || block.n == s->block_size)
		return block;
	memcpy(room, block.p, block.n);
	memset(room + block.n, 0xFF, s->block_size - block.n);
	return kiln_span(room, s->block_size);
}

static kiln_code send_blocks(struct sending *s, struct kiln_err *err)
{
	uint8_t room[KILN_LOADER_BLOCK_STUB];
	struct kiln_span rest = s->wire, block;
	uint64_t done = 0; /* bytes of the file that the chip has been given so far */
	size_t n;

	for (unsigned seq = 0; seq < s->n_blocks; seq++) {
		const uint32_t address = (uint32_t)(s->file->address + done);
		kiln_ms work, limit;

		(void)kiln_span_take(&rest, rest.n < s->block_size ? rest.n : s->block_size,
				     &block);
		kiln_flasher_emit(s->f,
				  (struct kiln_flash_event){
					  .stage = KILN_FLASH_WRITING,
					  .address = address,
					  .done = s->wire_before + s->wire.n - rest.n,
					  .total = s->wire_total,
					  .before = s->wire_before + s->wire.n - rest.n - block.n,
					  .block = s->blocks_before + seq + 1,
					  .blocks = s->blocks_total,
					  .item = s->file->file->name });
		KILN_TRY(block_length(s, block, &n, err));
		work = kiln_flasher_timeout(KILN_FLASH_WRITE_MS_PER_MB, n);
		/* a ROM writes, then answers; a stub answers, then writes while the next comes in
		 */
		limit = s->f->loader.is_stub ? s->busy_ms : work;
		KILN_TRY(send_block(s, seq, fill_up(s, block, room), address, limit, err));
		s->busy_ms = work;
		done += n;
	}
	return KILN_OK;
}

/*
 * A stub answers END when all is in the flash. To a ROM it would mean to leave the loader.
 */
static kiln_code send_end(struct sending *s, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_flash_end(s->form->end, false);
	struct kiln_reply reply;

	if (!s->f->loader.is_stub)
		return KILN_OK;
	return kiln_loader_command(&s->f->loader, &request, s->busy_ms, &reply, err);
}

static kiln_code send_once(struct sending *s, struct kiln_err *err)
{
	kiln_code code;

	s->busy_ms = KILN_LOADER_TIMEOUT;
	s->answered = false;
	if (s->form->compressed)
		KILN_TRY(kiln_inflater_new(&s->inflater, err));
	code = send_begin(s, err);
	if (code == KILN_OK)
		code = send_blocks(s, err);
	if (code == KILN_OK)
		code = send_end(s, err);
	kiln_inflater_free(s->inflater);
	s->inflater = NULL;
	return code;
}

/* All but what the flash chip itself refused; another try would wear it out for nothing. */
static bool can_begin_anew(kiln_code code, const struct kiln_err *fault)
{
	static const uint8_t flash_failed[] = { 0x08, 0x09, 0xC4, 0xC5 };

	if (code != KILN_E_REFUSED)
		return kiln_loader_is_wire_fault(code, fault);
	for (size_t i = 0; i < sizeof(flash_failed); i++) {
		if (fault->sys == flash_failed[i])
			return false;
	}
	return true;
}

static void say_state(const struct sending *s, struct kiln_err *err)
{
	kiln_because(err, "cannot write '%s' at 0x%08x", s->file->file->name,
		     s->file->file->address);
	kiln_hint(err,
		  "flash from 0x%08x to 0x%08llx is incomplete, and the board may not start; "
		  "check the cable, then run the same command again",
		  kiln_plan_first_sector(s->file),
		  (unsigned long long)kiln_plan_end_sector(s->file) - 1);
}

static kiln_code send_file(struct sending *s, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	for (int i = 0; i < FILE_TRIES; i++) {
		if (i > 0) {
			tell_retry(s, s->file->address, &fault);
			code = kiln_loader_settle(&s->f->loader, SETTLE, &fault);
			if (code != KILN_OK)
				break;
		}
		code = send_once(s, &fault);
		/* a chip that is silent from the start won't be there the next time either */
		if (code == KILN_OK || !s->answered || !can_begin_anew(code, &fault))
			break;
	}
	if (code != KILN_OK) {
		say_state(s, &fault);
		if (err)
			*err = fault;
	}
	return code;
}

/* A file, or one run of its sectors, packed. */
struct part {
	struct kiln_plan_file file;
	struct kiln_span wire;
	uint8_t *packed; /* NULL: the bytes are another's */
	unsigned n_blocks;
};

struct parts {
	struct part *items;
	size_t n;
	uint64_t plain, wire;
	unsigned blocks;
};

static void parts_done(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		free(parts->items[i].packed);
	free(parts->items);
}

static kiln_code add_part(struct parts *parts, const struct kiln_plan_file *file, size_t from,
			  size_t size, bool compress, unsigned block_size, struct kiln_err *err)
{
	struct part *p = &parts->items[parts->n];
	size_t n = 0;

	*p = (struct part){ .file = *file, .wire = kiln_span(file->data + from, size) };
	p->file.packed = NULL;
	p->file.address += (uint32_t)from;
	p->file.data += from;
	p->file.size = size;
	if (compress && file->packed && size == file->size) {
		p->wire = kiln_span(file->packed->wire, file->packed->wire_size);
	} else if (compress) {
		KILN_TRY(kiln_deflate(p->wire, &p->packed, &n, err));
		p->wire = kiln_span(p->packed, n);
	}
	p->n_blocks = (unsigned)((p->wire.n + block_size - 1) / block_size);
	parts->n++;
	parts->plain += size;
	parts->wire += p->wire.n;
	parts->blocks += p->n_blocks;
	return KILN_OK;
}

static kiln_code send_parts(struct kiln_flasher *f, const struct parts *parts, bool compress,
			    struct kiln_err *err)
{
	uint64_t wire = 0;
	unsigned blocks = 0;

	for (size_t i = 0; i < parts->n; i++) {
		const struct part *p = &parts->items[i];
		struct sending s = {
			.f = f,
			.file = &p->file,
			.form = &forms[compress],
			.wire = p->wire,
			.block_size = kiln_loader_block_size(&f->loader),
			.n_blocks = p->n_blocks,
			.wire_before = wire,
			.wire_total = parts->wire,
			.blocks_before = blocks,
			.blocks_total = parts->blocks,
		};

		KILN_TRY(send_file(&s, err));
		wire += p->wire.n;
		blocks += p->n_blocks;
	}
	return KILN_OK;
}

static kiln_code write_parts(struct kiln_flasher *f, const struct parts *parts, bool compress,
			     struct kiln_err *err)
{
	const kiln_ms begun = kiln_link_now(f->loader.link);
	const struct kiln_plan_file *first = &parts->items[0].file;

	if (compress)
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_COMPRESSED,
								.done = parts->wire,
								.total = parts->plain,
								.item = first->file->name });
	KILN_TRY(send_parts(f, parts, compress, err));
	kiln_flasher_emit(
		f, (struct kiln_flash_event){ .stage = KILN_FLASH_WROTE,
					      .address = first->address,
					      .done = compress ? parts->wire : 0,
					      .total = parts->plain,
					      .elapsed_ms = kiln_link_now(f->loader.link) - begun,
					      .item = first->file->name });
	return KILN_OK;
}

kiln_code kiln_flasher_write_file(struct kiln_flasher *f, const struct kiln_plan_file *file,
				  bool compress, struct kiln_err *err)
{
	struct part one;
	struct parts parts = { .items = &one };

	KILN_TRY(add_part(&parts, file, 0, file->size, compress, kiln_loader_block_size(&f->loader),
			  err));
	const kiln_code code = write_parts(f, &parts, compress, err);

	free(one.packed);
	return code;
}

/* --- only what differs --- */

static kiln_code erase_run(struct kiln_flasher *f, const struct kiln_plan_file *file,
			   const struct kiln_delta_run *run, struct kiln_err *err)
{
	const uint32_t address = (uint32_t)(file->address + run->from);
	const kiln_code code = kiln_flasher_erase_sectors(f, address, (uint32_t)run->size, err);

	if (code != KILN_OK) {
		kiln_because(err, "cannot write '%s' at 0x%08x", file->file->name, address);
		kiln_hint(err, "the flash is incomplete there, and the board may not start; run "
			       "the same command again");
	}
	return code;
}

static kiln_code write_runs(struct kiln_flasher *f, const struct kiln_plan_file *file,
			    struct kiln_delta *delta, bool compress, struct kiln_err *err)
{
	const unsigned block_size = kiln_loader_block_size(&f->loader);
	struct parts parts = { .items = calloc(delta->n, sizeof(*parts.items)) };
	struct kiln_delta_run run;
	kiln_code code = KILN_OK;

	if (!parts.items)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", file->file->name);
	while (code == KILN_OK && kiln_delta_next(delta, file, &run)) {
		if (run.state == KILN_SECTOR_BLANK)
			code = erase_run(f, file, &run, err);
		else
			code = add_part(&parts, file, run.from, run.size, compress, block_size,
					err);
	}
	if (code == KILN_OK && parts.n > 0)
		code = write_parts(f, &parts, compress, err);
	parts_done(&parts);
	return code;
}

kiln_code kiln_flasher_write_difference(struct kiln_flasher *f, const struct kiln_plan_file *file,
					bool compress, struct kiln_err *err)
{
	struct kiln_flash_event event = { .stage = KILN_FLASH_COMPARING,
					  .address = file->address,
					  .total = file->size,
					  .item = file->file->name };
	struct kiln_delta delta;
	kiln_code code;

	kiln_flasher_emit(f, event);
	KILN_TRY(kiln_delta_find(f, file, &delta, err));
	if (delta.useless) {
		kiln_delta_done(&delta);
		return kiln_flasher_write_file(f, file, compress, err);
	}
	kiln_delta_round(&delta, file, kiln_link_baud(f->loader.link));
	event.stage = KILN_FLASH_COMPARED;
	event.done = kiln_delta_same(&delta, file);
	kiln_flasher_emit(f, event);
	if (event.done == file->size)
		f->same = file;
	else
		f->by_parts = file;
	code = write_runs(f, file, &delta, compress, err);
	kiln_delta_done(&delta);
	return code;
}
