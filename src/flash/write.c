/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to the flash, whole or in runs of sectors.
 *
 * If the wire did something to a stream, it is not known how much of it is in the flash; twice the
 * same block would be wrong for a compressed one. So it begins anew.
 */
#include "flash/write.h"

#include "flash/comeback.h"
#include "flash/deflate.h"
#include "flash/delta.h"
#include "flash/speed.h"
#include "flash/send.h"

enum { FILE_TRIES = 3, SETTLE = 50 };

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

/* From the first stream that may not be whole to the last that was begun. */
static void say_state(const struct kiln_stream *streams, const struct kiln_sent *sent,
		      struct kiln_err *err)
{
	const struct kiln_plan_file *file = streams[sent->done].file;
	const struct kiln_plan_file *last = sent->begun > sent->done ? streams[sent->begun - 1].file
								     : file;

	kiln_because(err, "cannot write '%s' at 0x%08x", file->file->name, file->file->address);
	kiln_hint(err,
		  "flash from 0x%08x to 0x%08llx is incomplete, and the board may not start; "
		  "check the cable, then run the same command again",
		  kiln_plan_first_sector(file), (unsigned long long)kiln_plan_end_sector(last) - 1);
}

static void tell_retry(const struct kiln_flasher *f, uint32_t address, const struct kiln_err *fault)
{
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
							.address = address,
							.item = fault->why });
	kiln_log(&kiln_link_host(f->loader.link)->ui, KILN_LOG_INFO, "flash",
		 "begun anew at 0x%08x: %s: %s", address, fault->what, fault->why);
}

/* What is whole by then is not sent again. */
static kiln_code send_streams(struct kiln_flasher *f, const struct kiln_stream *streams, size_t n,
			      struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	struct kiln_sent sent = { 0 };
	kiln_code code = KILN_OK;

	/* at a speed of our own choice it is not sent again, but what is missing, more slowly */
	const int tries = f->options.speed ? 1 : FILE_TRIES;
	size_t done;

	for (int i = 0; i < tries; i++) {
		if (i > 0) {
			tell_retry(f, streams[sent.done].file->address, &fault);
			/* whatever it was, this can't be it again */
			f->loader.ahead_failed = KILN_LOADER_AHEAD_TRIES;
			code = kiln_loader_settle(&f->loader, SETTLE, &fault);
			if (code != KILN_OK)
				break;
		}
		done = sent.done;
		code = kiln_send_streams(f, streams, n, &sent, &fault);
		/* a chip that is silent from the start won't be there the next time either */
		if (code == KILN_OK || sent.begun == done || !can_begin_anew(code, &fault))
			break;
		if (sent.done > done) /* it goes on */
			i = 0;
	}
	if (code != KILN_OK) {
		say_state(streams, &sent, &fault);
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

/* The bytes as they will stand in the flash; copied only if some are other than in the file. */
static kiln_code set_plain(struct part *p, struct kiln_err *err)
{
	free(p->packed);
	p->packed = NULL;
	p->wire = kiln_span(p->file.data, p->file.size);
	if (p->file.n_patches == 0)
		return KILN_OK;
	p->packed = kiln_plan_copy(&p->file, err);
	if (!p->packed)
		return KILN_E_NOMEM;
	p->wire.p = p->packed;
	return KILN_OK;
}

static kiln_code add_part(struct parts *parts, const struct kiln_plan_file *file, size_t from,
			  size_t size, bool compress, unsigned block_size, struct kiln_err *err)
{
	struct part *p = &parts->items[parts->n];
	size_t n = 0;

	*p = (struct part){ .file = kiln_plan_slice(file, from, size) };
	if (compress && p->file.packed) {
		p->wire = kiln_span(p->file.packed->wire, p->file.packed->wire_size);
	} else if (compress) {
		KILN_TRY(kiln_plan_deflate(&p->file, &p->packed, &n, err));
		p->wire = kiln_span(p->packed, n);
	} else {
		KILN_TRY(set_plain(p, err));
	}
	p->n_blocks = (unsigned)((p->wire.n + block_size - 1) / block_size);
	parts->n++;
	parts->plain += size;
	parts->wire += p->wire.n;
	parts->blocks += p->n_blocks;
	return KILN_OK;
}

/*
 * What does not become smaller esptool sends as it is since version 5. `quick` does not: a stub
 * that unpacks collects 32 KB, and erases by blocks and while the wire is at work; 1 MB over old
 * data takes 11.5 s then, and 12.5 s as it is (921600 baud).
 */
static bool is_better_plain(const struct kiln_flasher *f, const struct parts *parts)
{
	return parts->wire >= parts->plain && !f->options.quick && !f->options.pack_always;
}

/* All parts or none, so that one line can tell of them. */
static kiln_code send_plain(struct parts *parts, unsigned block_size, struct kiln_err *err)
{
	parts->wire = parts->plain;
	parts->blocks = 0;
	for (size_t i = 0; i < parts->n; i++) {
		struct part *p = &parts->items[i];

		KILN_TRY(set_plain(p, err));
		p->n_blocks = (unsigned)((p->wire.n + block_size - 1) / block_size);
		parts->blocks += p->n_blocks;
	}
	return KILN_OK;
}

static kiln_code send_parts(struct kiln_flasher *f, const struct parts *parts, bool compress,
			    struct kiln_err *err)
{
	struct kiln_stream *streams = calloc(parts->n, sizeof(*streams));
	uint64_t wire = 0;
	kiln_code code;

	if (!streams)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'",
				 parts->items[0].file.file->name);
	for (size_t i = 0; i < parts->n; i++) {
		const struct part *p = &parts->items[i];

		streams[i] = (struct kiln_stream){
			.file = &p->file,
			.wire = p->wire,
			.compressed = compress,
			.dirty = f->dirty,
			.n_blocks = p->n_blocks,
			.wire_before = wire,
			.wire_total = parts->wire,
		};
		wire += p->wire.n;
	}
	code = send_streams(f, streams, parts->n, err);
	free(streams);
	return code;
}

static void tell_form(const struct kiln_flasher *f, const struct parts *parts,
		      kiln_flash_stage stage)
{
	const struct kiln_plan_file *first = &parts->items[0].file;

	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = stage,
							.done = parts->wire,
							.total = parts->plain,
							.block = f->by_parts != NULL,
							.item = first->file->name });
}

static kiln_code write_parts(struct kiln_flasher *f, struct parts *parts, bool compress,
			     struct kiln_err *err)
{
	const kiln_ms begun = kiln_link_now(f->loader.link);
	const struct kiln_plan_file *first = &parts->items[0].file;

	f->erased_ms = 0; /* is told on its own, and no part of how fast it was written */
	if (compress && is_better_plain(f, parts)) {
		tell_form(f, parts, KILN_FLASH_PLAIN);
		KILN_TRY(send_plain(parts, kiln_loader_block_size(&f->loader), err));
		compress = false;
	}
	if (!f->loader.is_stub)
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_ROM_ERASING });
	if (compress)
		tell_form(f, parts, KILN_FLASH_COMPRESSED);
	KILN_TRY(kiln_flasher_climb(f, parts->wire, err));
	KILN_TRY(send_parts(f, parts, compress, err));
	kiln_flasher_emit(f,
			  (struct kiln_flash_event){ .stage = KILN_FLASH_WROTE,
						     .address = first->address,
						     .done = compress ? parts->wire : 0,
						     .total = parts->plain,
						     .elapsed_ms = kiln_link_now(f->loader.link) -
								   begun - f->erased_ms,
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
		kiln_flasher_emit(f, (struct kiln_flash_event){
					     .stage = KILN_FLASH_DIFFERS,
					     .address = (uint32_t)(file->address + run.from),
					     .done = run.state == KILN_SECTOR_BLANK,
					     .total = run.size,
					     .item = file->file->name });
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

/* As the first that differs packs; what can't be packed here will fail where it is sent. */
static size_t bytes_of_64k(const struct kiln_plan_file *file, const struct kiln_delta *delta,
			   bool compress)
{
	enum { SAMPLE = 64 * 1024 };
	struct kiln_plan_file part;
	size_t first = 0, from, size, n;
	uint8_t *packed;

	while (first < delta->n && delta->states[first] != KILN_SECTOR_SEND)
		first++;
	if (!compress || first == delta->n)
		return SAMPLE;
	kiln_delta_part(file, first, delta->n, &from, &size);
	part = kiln_plan_slice(file, from, size < SAMPLE ? size : SAMPLE);
	if (kiln_plan_deflate(&part, &packed, &n, NULL) != KILN_OK)
		return SAMPLE;
	free(packed);
	return n * SAMPLE / part.size;
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
	f->guessed = false;
	if (f->recall)
		KILN_TRY(kiln_delta_guess(f, file, f->recall, &delta, &f->guessed, err));
	if (!f->guessed)
		KILN_TRY(kiln_delta_find(f, file, &delta, err));
	f->dirty = !delta.blank;
	if (delta.useless) {
		kiln_delta_done(&delta);
		return kiln_flasher_write_file(f, file, compress, err);
	}
	/* where nothing gets done between two breaks each sector counts */
	if (f->times_gone < 2) {
		const struct kiln_delta_wire wire = {
			.baud = kiln_link_baud(f->loader.link),
			.block_size = kiln_loader_block_size(&f->loader),
			.bytes_of_64k = bytes_of_64k(file, &delta, compress),
		};

		kiln_delta_round(&delta, file, &wire);
	}
	event.stage = KILN_FLASH_COMPARED;
	event.done = kiln_delta_same(&delta, file);
	if (event.done > f->stood)
		kiln_flasher_progressed(f);
	f->stood = event.done;
	kiln_flasher_emit(f, event);
	if (event.done == file->size && !f->guessed)
		f->same = file;
	else
		f->by_parts = file;
	code = write_runs(f, file, &delta, compress, err);
	kiln_delta_done(&delta);
	return code;
}
