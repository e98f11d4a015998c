/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream to the flash: BEGIN, blocks, END as a barrier.
 *
 * A stub has two buffers for frames and answers a block as it begins to work on it. So the next
 * block may always be on its way while one is worked on; the answer to a block is the permission
 * for the next. Where the stub is quicker than the wire, the wire would stand still for the time
 * that each answer takes, up to 16 ms in the bridge. There one block more is sent ahead.
 *
 * That this is right hangs on the stub having begun with a block by the time the one behind it
 * begins to arrive (sim/receiver.h has the details of the 2026 stub). It has if the answer comes as
 * promptly as answers do. If it comes late the block behind may be lost: then nothing more is sent
 * before that is known. A lost one is lost whole, and told from one that waits by a question: its
 * answer comes before that of the block only if the block is not there. Then it is sent again.
 */
#include "flash/send.h"

#include "flash/deflate.h"

enum {
	BLOCK_TRIES = 3,
	NUDGE_TIMEOUT = 500,
	LATE = 4,            /* ms beyond the shortest turn: the stub was at work */
	CALM = 3,            /* answers in time before one more is sent ahead again */
	SUSPECT_AFTER = 250, /* ms: a block that was sent ahead should have been answered */
	PROBE_TIMEOUT = 300,
};

/* How compressed and plain files differ: opcodes. */
struct form {
	kiln_op begin, data, end;
};

static const struct form forms[] = {
	{ KILN_OP_FLASH_BEGIN, KILN_OP_FLASH_DATA, KILN_OP_FLASH_END },
	{ KILN_OP_FLASH_DEFL_BEGIN, KILN_OP_FLASH_DEFL_DATA, KILN_OP_FLASH_DEFL_END },
};

/* A block that was sent. */
struct flight {
	struct kiln_span block;
	uint32_t address;
	kiln_ms end_at;   /* when its last byte arrives */
	kiln_ms work_ms;  /* how long the chip may be at work on it */
	kiln_ms usual_ms; /* how long it most likely is */
	kiln_ms wire_ms;
	bool ahead; /* sent before the one in front of it was answered */
};

struct sending {
	struct kiln_flasher *f;
	const struct kiln_stream *stream;
	const struct form *form;
	unsigned block_size;
	struct kiln_inflater *inflater;
	struct kiln_span rest; /* what was not sent yet */
	uint64_t done;         /* bytes of the file that the chip was given so far */
	unsigned sent, acked;
	struct flight flights[2]; /* block n in n % 2 */
	kiln_ms work_ms;          /* on what was answered last, at most */
	kiln_ms usual_ms;         /* likewise, most likely */
	bool in_doubt;            /* the block that was sent ahead may be lost */
};

static kiln_code ask_begin(struct sending *s, const struct kiln_begin *begin, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_begin(s->form->begin, begin);
	const struct kiln_loader *l = &s->f->loader;
	const kiln_ms asked = kiln_link_now(l->link);

	if (l->is_stub)
		return kiln_loader_ask(&s->f->loader, &request, KILN_LOADER_TIMEOUT, NULL, err);
	KILN_TRY(kiln_loader_ask(&s->f->loader, &request,
				 kiln_flasher_timeout(s->f, KILN_WORK_ERASE, begin->size), NULL,
				 err));
	kiln_flasher_emit(
		s->f, (struct kiln_flash_event){ .stage = KILN_FLASH_ROM_ERASED,
						 .elapsed_ms = kiln_link_now(l->link) - asked });
	return KILN_OK;
}

static kiln_code send_begin(struct sending *s, struct kiln_err *err)
{
	const struct kiln_plan_file *file = s->stream->file;
	const struct kiln_loader *l = &s->f->loader;
	uint32_t size = (uint32_t)file->size;

	/* a ROM that unpacks wants whole blocks of its own size, and erases before it answers */
	if (!l->is_stub && s->stream->compressed)
		size = (size + s->block_size - 1) / s->block_size * s->block_size;
	if (!l->is_stub && l->chip->rom_erase_size)
		size = l->chip->rom_erase_size(file->address, size);
	const struct kiln_begin begin = {
		.size = size,
		.n_blocks = s->stream->n_blocks,
		.block_size = s->block_size,
		.offset = file->address,
		.encrypt = file->file->encrypt,
		.has_encrypted_word = l->is_stub || l->chip->rom_has_encrypted_word,
	};

	return ask_begin(s, &begin, err);
}

static void tell_retry(const struct sending *s, uint32_t address, const struct kiln_err *fault)
{
	kiln_flasher_emit(s->f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
							   .address = address,
							   .item = fault->why });
	kiln_log(&kiln_link_host(s->f->loader.link)->ui, KILN_LOG_INFO, "flash",
		 "sent again at 0x%08x: %s: %s", address, fault->what, fault->why);
}

static kiln_code block_length(struct sending *s, struct kiln_span block, size_t *ret_n,
			      struct kiln_err *err)
{
	if (s->stream->compressed)
		return kiln_inflater_feed(s->inflater, block, ret_n, err);
	*ret_n = block.n;
	return KILN_OK;
}

/* The last plain block is filled up: a ROM takes whole blocks only. */
static struct kiln_span fill_up(const struct sending *s, struct kiln_span block, uint8_t *room)
{
	if (s->stream->compressed || block.n == s->block_size)
		return block;
	memcpy(room, block.p, block.n);
	memset(room + block.n, 0xFF, s->block_size - block.n);
	return kiln_span(room, s->block_size);
}

static void tell_writing(const struct sending *s, const struct flight *flight)
{
	const struct kiln_stream *stream = s->stream;
	const unsigned block = stream->blocks_before + s->sent + 1;

	kiln_flasher_emit(
		s->f, (struct kiln_flash_event){
			      .stage = KILN_FLASH_WRITING,
			      .address = flight->address,
			      .done = stream->wire_before + stream->wire.n - s->rest.n,
			      .total = stream->wire_total,
			      .before = stream->wire_before + stream->wire.n - s->rest.n -
					flight->block.n,
			      .block = block,
			      .blocks = block > stream->blocks_total ? block : stream->blocks_total,
			      .item = stream->file->file->name });
}

static struct kiln_request request_for(const struct sending *s, unsigned n, uint8_t *room)
{
	return kiln_request_data(s->form->data, n, fill_up(s, s->flights[n % 2].block, room));
}

static kiln_code put_on_wire(struct sending *s, unsigned n, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	struct flight *flight = &s->flights[n % 2];
	uint8_t room[KILN_LOADER_BLOCK_STUB];
	const struct kiln_request request = request_for(s, n, room);

	KILN_TRY(kiln_loader_send(l, &request, err));
	flight->end_at = kiln_loader_wire_free(l);
	return KILN_OK;
}

/* Are whole blocks of 64 KB erased here, and not sectors? */
static bool in_whole_block(const struct kiln_plan_file *file, uint64_t address)
{
	enum { BLOCK = 64 * 1024 };
	const uint64_t first = ((uint64_t)file->address + BLOCK - 1) / BLOCK * BLOCK,
		       end = ((uint64_t)file->address + file->size) / BLOCK * BLOCK;

	return address >= first && address < end;
}

/*
 * What a stub unpacks it keeps until it has 32 KB, and then programs them: 128 pages of 0.6 ms.
 * Before, it erases: 8 sectors of 50 ms, or a block of 200 ms; or it looks whether they are blank,
 * 1.6 ms each. (docs/performance.md)
 */
static kiln_ms usual_work(const struct sending *s, uint64_t done)
{
	enum {
		BUFFER = 32 * 1024,
		PROGRAM = 128 * 6 / 10,
		LOOK = 8 * 16 / 10,
		SECTORS = 8 * 50,
		BLOCK = 200,
		PLAIN_MS_PER_KB = 4
	};
	const struct kiln_plan_file *file = s->stream->file;
	kiln_ms erase = LOOK;

	if (!s->stream->compressed)
		return (kiln_ms)((done - s->done) / 1024 * PLAIN_MS_PER_KB);
	if (s->stream->dirty)
		erase = in_whole_block(file, file->address + s->done) ? BLOCK : SECTORS;
	return (kiln_ms)(done / BUFFER - s->done / BUFFER) * (PROGRAM + erase);
}

/*
 * Where sectors are erased one by one, a stub begins with the next one whenever a block comes. So
 * blocks are made as long as an erase takes, and the flash is at work while the wire is; elsewhere
 * they are as long as they may be.
 */
static size_t block_size_at(const struct sending *s, uint64_t address)
{
	enum { SECTOR_ERASE_MS = 50, LEAST = 1024, BITS = 10 };
	const size_t size = (size_t)kiln_link_baud(s->f->loader.link) * SECTOR_ERASE_MS /
			    (1000 * BITS);

	if (!s->stream->compressed || !s->stream->dirty || !s->f->options.quick ||
	    s->f->loader.ahead == 0 || in_whole_block(s->stream->file, address) ||
	    size >= s->block_size)
		return s->block_size;
	return size > LEAST ? size : LEAST;
}

static kiln_code send_next(struct sending *s, struct kiln_err *err)
{
	struct flight *flight = &s->flights[s->sent % 2];
	const size_t usual = block_size_at(s, s->stream->file->address + s->done);
	const size_t size = s->rest.n < usual ? s->rest.n : usual;
	size_t n;

	*flight = (struct flight){ .address = (uint32_t)(s->stream->file->address + s->done),
				   .ahead = s->sent > s->acked };
	(void)kiln_span_take(&s->rest, size, &flight->block);
	tell_writing(s, flight);
	KILN_TRY(block_length(s, flight->block, &n, err));
	flight->work_ms = kiln_flasher_timeout(s->f, KILN_WORK_WRITE, n);
	flight->usual_ms = usual_work(s, s->done + n);
	flight->wire_ms = kiln_loader_wire_ms(&s->f->loader, flight->block.n);
	if (flight->ahead)
		kiln_loader_gap(&s->f->loader);
	else /* a late reply must not answer this one */
		KILN_TRY(kiln_loader_absorb(&s->f->loader, err));
	KILN_TRY(put_on_wire(s, s->sent, err));
	s->done += n;
	s->sent++;
	return KILN_OK;
}

/* The stub will have done with the block before the one on the wire when that has arrived. */
static bool will_be_free(const struct sending *s)
{
	const struct kiln_loader *l = &s->f->loader;

	return !l->ahead_failed && l->calm >= CALM &&
	       s->usual_ms + LATE < s->flights[s->acked % 2].wire_ms;
}

static bool may_send(const struct sending *s)
{
	if (s->rest.n == 0 || s->in_doubt)
		return false;
	if (s->sent == s->acked)
		return true;
	return s->sent - s->acked <= s->f->loader.ahead && will_be_free(s);
}

/* A ROM writes, then answers; a stub answers, then writes while the next comes in. */
static kiln_ms time_limit(const struct sending *s, const struct flight *flight)
{
	return s->f->loader.is_stub ? s->work_ms : flight->work_ms;
}

/*
 * The block is there after all: then the question behind it may fill the other buffer, and what is
 * sent now would be lost. No answer: it was lost itself.
 */
static kiln_code await_probe(struct sending *s, const struct kiln_request *probe,
			     struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	struct kiln_reply reply;
	const kiln_code code = kiln_loader_receive(&s->f->loader, probe, 2 * PROBE_TIMEOUT, &reply,
						   &fault);

	if (code == KILN_OK || code == KILN_E_TIMEOUT)
		return KILN_OK;
	if (err)
		*err = fault;
	return code;
}

/*
 * Is the block there, or was it lost? The answer to a register is one to the question after it.
 * Questions get lost too, while both buffers are full.
 */
static kiln_code find_out(struct sending *s, unsigned n, kiln_ms deadline, bool *ret_lost,
			  struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	const struct kiln_request data = kiln_request_data(s->form->data, n, kiln_span(NULL, 0));
	const struct kiln_request probe = kiln_request_read_reg(KILN_CHIP_MAGIC_REG);
	const struct kiln_request either[] = { data, probe };
	struct kiln_reply reply;
	kiln_code code;
	size_t which;

	do {
		kiln_loader_gap(l);
		KILN_TRY(kiln_loader_send(l, &probe, err));
		code = kiln_loader_receive_any(l, either, 2, PROBE_TIMEOUT, &which, &reply, err);
		*ret_lost = code == KILN_OK && which == 1;
	} while (code == KILN_E_TIMEOUT && kiln_link_now(l->link) < deadline);
	if (code == KILN_OK && which == 0)
		code = await_probe(s, &probe, err);
	kiln_loader_gap(l); /* one of the questions may have lost its begin */
	return code;
}

/* The wire was too fast for the stub. It is told, and not tried again with this board. */
static kiln_code send_lost(struct sending *s, unsigned n, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;

	s->f->loader.ahead_failed++;
	(void)kiln_fail(&fault, KILN_E_TIMEOUT, "a block was sent ahead");
	kiln_why(&fault, "the chip was not ready for it");
	if (s->sent != n + 1) { /* one more is on its way, and was taken in its place */
		if (err)
			*err = fault;
		return KILN_E_TIMEOUT;
	}
	tell_retry(s, s->flights[n % 2].address, &fault);
	s->flights[n % 2].ahead = false;
	s->f->loader.calm = 0;
	kiln_loader_gap(&s->f->loader);
	return put_on_wire(s, n, err);
}

static kiln_code await(struct sending *s, unsigned n, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	struct flight *flight = &s->flights[n % 2];
	const struct kiln_request request = kiln_request_data(s->form->data, n, flight->block);
	const kiln_ms arrives = flight->end_at, now = kiln_link_now(l->link),
		      limit = (arrives > now ? arrives - now : 0) + time_limit(s, flight);
	const kiln_ms soon = (arrives > now ? arrives - now : 0) + l->turn_ms + SUSPECT_AFTER;
	struct kiln_reply reply;
	kiln_code code;
	bool lost;

	if (!flight->ahead || soon >= limit)
		return kiln_loader_receive(l, &request, limit + kiln_loader_wire_ms(l, 2048),
					   &reply, err);
	code = kiln_loader_receive(l, &request, soon, &reply, err);
	if (code != KILN_E_TIMEOUT)
		return code;
	KILN_TRY(find_out(s, n, now + limit, &lost, err));
	if (!lost)
		return KILN_OK;
	KILN_TRY(send_lost(s, n, err));
	return kiln_loader_receive(l, &request, limit + kiln_loader_wire_ms(l, 2 * s->block_size),
				   &reply, err);
}

/*
 * A block that a stub says it did not take may be sent again, if no other is on its way. A ROM
 * counts blocks before it looks into them, and refuses the same number a second time.
 */
static kiln_code await_with_retries(struct sending *s, unsigned n, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	const int most = l->limits.block_tries ? (int)l->limits.block_tries : BLOCK_TRIES;
	const int tries = l->is_stub ? most : 1;
	struct kiln_err fault = KILN_ERR_INIT;
	struct kiln_reply reply;
	uint8_t room[KILN_LOADER_BLOCK_STUB];
	kiln_code code = await(s, n, &fault);

	for (int i = 1; code != KILN_OK; i++) {
		const struct kiln_request request = request_for(s, n, room);

		if (code == KILN_E_TIMEOUT && s->sent == n + 1) {
			/* its end may be lost: the chip is nudged with another end */
			code = kiln_loader_nudge(l, &request, NUDGE_TIMEOUT, &reply, &fault);
			if (code == KILN_OK)
				break;
		}
		if (code == KILN_E_TIMEOUT || s->sent != n + 1 || i == tries ||
		    !kiln_loader_is_wire_fault(code, &fault))
			break;
		tell_retry(s, s->flights[n % 2].address, &fault);
		code = kiln_loader_command(l, &request, time_limit(s, &s->flights[n % 2]), &reply,
					   &fault);
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

/* Was the stub free when the block came? Then the one behind it is taken in, too. */
static void judge(struct sending *s, unsigned n)
{
	struct kiln_loader *l = &s->f->loader;
	const struct flight *flight = &s->flights[n % 2];
	const bool late = l->came_at > flight->end_at + l->turn_ms + LATE;

	l->calm = late ? 0 : l->calm + 1;
	s->in_doubt = late && s->sent > n + 1;
	s->work_ms = flight->work_ms;
	s->usual_ms = flight->usual_ms;
}

static kiln_code send_blocks(struct sending *s, struct kiln_err *err)
{
	while (s->rest.n > 0 || s->acked < s->sent) {
		if (may_send(s)) {
			KILN_TRY(send_next(s, err));
			continue;
		}
		KILN_TRY(await_with_retries(s, s->acked, err));
		judge(s, s->acked++);
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
	return kiln_loader_command(&s->f->loader, &request, s->work_ms, &reply, err);
}

kiln_code kiln_send_stream(struct kiln_flasher *f, const struct kiln_stream *stream,
			   struct kiln_sent *ret_sent, struct kiln_err *err)
{
	struct sending s = {
		.f = f,
		.stream = stream,
		.form = &forms[stream->compressed],
		.block_size = kiln_loader_block_size(&f->loader),
		.rest = stream->wire,
		.work_ms = KILN_LOADER_TIMEOUT,
	};
	kiln_code code;

	*ret_sent = (struct kiln_sent){ 0 };
	if (stream->compressed)
		KILN_TRY(kiln_inflater_new(&s.inflater, err));
	code = send_begin(&s, err);
	ret_sent->begun = code == KILN_OK;
	if (code == KILN_OK)
		code = send_blocks(&s, err);
	if (code == KILN_OK)
		code = send_end(&s, err);
	kiln_inflater_free(s.inflater);
	ret_sent->blocks = s.sent;
	return code;
}
