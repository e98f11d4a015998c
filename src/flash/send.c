/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams to the flash: each is BEGIN and its blocks; END stands behind the last, as a barrier.
 *
 * A stub has two buffers for frames and answers a block as it begins to work on it. So the next
 * block may always be on its way while one is worked on; the answer to a block is the permission
 * for the next. To wait for it costs up to 16 ms in the bridge, in which the wire stands still. So
 * what the stub does is followed here (pace.h), and a frame leaves when it will be taken in; only
 * where an erase comes between, whose time varies most, the answer is waited for.
 *
 * That this is right hangs on the stub having begun with a frame by the time the one behind it
 * begins to arrive (sim/receiver.h has the details of the 2026 stub). It has if answers come when
 * they were foreseen. If one comes late the frame behind may be lost: then nothing more is sent
 * before that is known (answers.c).
 *
 * Between streams there is no END: the next BEGIN does what it does, and its answer tells what
 * became of the last block (s_init_flash_operation and handle_command of esp-flasher-stub v1.1,
 * src/command_handler.c). Blocks may follow a BEGIN that is not answered yet. If that was lost they
 * are nothing to the stub: its stream is at its end, and tinfl_decompress gives no more than that.
 * If the end of that stream was lost, too, garbage goes to where that stream goes, and no further:
 * s_ensure_flash_erased_to does not pass the end of the region that BEGIN named.
 */
#include "flash/send.h"

#include "flash/deflate.h"
#include "flash/sending.h"

enum {
	OVERDUE = 10, /* ms */
	STEADY = 3,   /* erases that took as long as they should */
};

/* How compressed and plain files differ: opcodes. */
struct form {
	kiln_op begin, data, end;
};

static const struct form forms[] = {
	{ KILN_OP_FLASH_BEGIN, KILN_OP_FLASH_DATA, KILN_OP_FLASH_END },
	{ KILN_OP_FLASH_DEFL_BEGIN, KILN_OP_FLASH_DEFL_DATA, KILN_OP_FLASH_DEFL_END },
};

/* --- what is on the wire, and when --- */

static int64_t now_us(const struct kiln_sending *s)
{
	return kiln_link_now(s->f->loader.link) * 1000;
}

/* Is it so certain that frames may be sent by it? */
static bool goes_ahead(const struct kiln_sending *s)
{
	return kiln_sending_is_foreseen(s) && s->f->loader.restless == 0 && !s->in_doubt;
}

/* An answer that should be there by now: what is sent may be lost before it comes. */
static bool is_overdue(struct kiln_sending *s)
{
	const struct kiln_loader *l = &s->f->loader;
	const int64_t due = kiln_flight(s, s->acked)->begins_us / 1000 + l->turn_ms;

	return kiln_link_now(l->link) > due + OVERDUE;
}

/* When the next frame may leave; INT64_MAX: not before an answer. */
static int64_t may_leave(struct kiln_sending *s)
{
	const struct kiln_flight *last = kiln_flight(s, s->sent - 1);
	const int64_t free = last->free_us + KILN_FORESEE_LATE * 1000;

	if (s->sent == s->acked)
		return 0;
	if (!goes_ahead(s) || is_overdue(s) || s->sent - s->acked == KILN_SEND_WINDOW)
		return INT64_MAX;
	if (last->unsure_before && s->steady < STEADY &&
	    free > last->end_us - (free - last->start_us) / 4)
		return INT64_MAX;
	return free;
}

/* A ROM that unpacks wants whole blocks of its own size, and erases before it answers. */
static uint32_t begin_size(const struct kiln_sending *s, const struct kiln_stream *stream)
{
	const struct kiln_loader *l = &s->f->loader;
	uint32_t size = (uint32_t)stream->file->size;

	if (!l->is_stub && stream->compressed)
		size = (size + s->block_size - 1) / s->block_size * s->block_size;
	if (!l->is_stub && l->chip->rom_erase_size)
		size = l->chip->rom_erase_size(stream->file->address, size);
	return size;
}

static struct kiln_request begin_request(const struct kiln_sending *s,
					 const struct kiln_stream *stream)
{
	const struct kiln_loader *l = &s->f->loader;
	const struct kiln_begin begin = {
		.size = begin_size(s, stream),
		.n_blocks = stream->n_blocks,
		.block_size = s->block_size,
		.offset = stream->file->address,
		.encrypt = stream->file->file->encrypt,
		.has_encrypted_word = l->is_stub || l->chip->rom_has_encrypted_word,
	};

	return kiln_request_begin(forms[stream->compressed].begin, &begin);
}

/* The last plain block is filled up: a ROM takes whole blocks only. */
static struct kiln_span fill_up(const struct kiln_sending *s, const struct kiln_flight *flight,
				uint8_t *room)
{
	const struct kiln_span block = flight->block;

	if (flight->stream->compressed || block.n == s->block_size)
		return block;
	memcpy(room, block.p, block.n);
	memset(room + block.n, 0xFF, s->block_size - block.n);
	return kiln_span(room, s->block_size);
}

struct kiln_request kiln_sending_request(const struct kiln_sending *s,
					 const struct kiln_flight *flight, uint8_t *room)
{
	const struct form *form = &forms[flight->stream->compressed];

	if (flight->op == form->begin)
		return begin_request(s, flight->stream);
	if (flight->op == form->end)
		return kiln_request_flash_end(form->end, false);
	return kiln_request_data(flight->op, flight->seq, fill_up(s, flight, room));
}

static kiln_code put_on_wire(struct kiln_sending *s, unsigned n, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	struct kiln_flight *flight = kiln_flight(s, n);
	uint8_t room[KILN_LOADER_BLOCK_STUB];
	const struct kiln_request request = kiln_sending_request(s, flight, room);
	const int64_t now = now_us(s);

	flight->start_us = l->wire_free_us > now ? l->wire_free_us : now;
	KILN_TRY(kiln_loader_send(l, &request, err));
	flight->end_us = l->wire_free_us;
	return KILN_OK;
}

/* One that was lost, with nothing else on its way. */
static kiln_code send_again(struct kiln_sending *s, struct kiln_err *err)
{
	struct kiln_flight *flight = kiln_flight(s, s->sent);

	KILN_TRY(kiln_loader_absorb(&s->f->loader, err));
	flight->ahead = false;
	KILN_TRY(put_on_wire(s, s->sent, err));
	flight->begins_us = flight->free_us = flight->end_us;
	flight->unsure_before = s->pace.unsure = true;
	flight->pages = 0;
	s->sent++;
	if (s->pace.cpu_us < flight->end_us)
		s->pace.cpu_us = flight->end_us;
	return KILN_OK;
}

/* A frame that is about to be sent. */
static kiln_code take_off(struct kiln_sending *s, struct kiln_flight flight, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;

	flight.stream = s->stream;
	flight.told = s->told;
	flight.ahead = s->sent > s->acked;
	flight.free_us = s->pace.cpu_us;
	flight.unsure_before = s->pace.unsure || (s->pace.pages > 0 && !s->pace.is_measured);
	*kiln_flight(s, s->sent) = flight;
	if (!flight.ahead) /* a late reply must not answer this one */
		return kiln_loader_absorb(l, err);
	kiln_loader_gap(l);
	return KILN_OK;
}

/* --- blocks --- */

static void tell_writing(const struct kiln_sending *s, const struct kiln_flight *flight)
{
	const struct kiln_stream *stream = s->stream;
	const uint64_t done = stream->wire_before + stream->wire.n - s->rest.n;
	const unsigned block = s->told + s->n_blocks + 1;

	kiln_flasher_emit(s->f,
			  (struct kiln_flash_event){ .stage = KILN_FLASH_WRITING,
						     .address = flight->address,
						     .done = done,
						     .total = stream->wire_total,
						     .before = done - flight->block.n,
						     .block = block,
						     .blocks = block > s->total ? block : s->total,
						     .item = stream->file->file->name });
}

static kiln_code block_length(struct kiln_sending *s, struct kiln_span block, size_t *ret_n,
			      struct kiln_err *err)
{
	if (s->stream->compressed)
		return kiln_inflater_feed(s->inflater, block, ret_n, err);
	*ret_n = block.n;
	return KILN_OK;
}

static kiln_code send_block(struct kiln_sending *s, struct kiln_err *err)
{
	const int64_t now = now_us(s), wire_free = s->f->loader.wire_free_us;
	const size_t usual = kiln_sending_block_size(s, wire_free > now ? wire_free : now);
	const size_t size = s->rest.n < usual ? s->rest.n : usual;
	struct kiln_flight flight = {
		.op = forms[s->stream->compressed].data,
		.address = (uint32_t)(s->stream->file->address + s->done),
		.seq = s->n_blocks,
	};
	size_t n;

	(void)kiln_span_take(&s->rest, size, &flight.block);
	tell_writing(s, &flight);
	KILN_TRY(block_length(s, flight.block, &n, err));
	flight.work_ms = kiln_flasher_timeout(s->f, KILN_WORK_WRITE, n);
	KILN_TRY(take_off(s, flight, err));
	KILN_TRY(put_on_wire(s, s->sent, err));
	kiln_flight(s, s->sent)->begins_us =
		kiln_pace_data(&s->pace, kiln_flight(s, s->sent)->end_us, n, s->rest.n == 0);
	kiln_flight(s, s->sent)->unsure = s->pace.unsure;
	kiln_flight(s, s->sent)->pages = s->pace.unsure ? 0 : s->pace.pages;
	s->done += n;
	s->n_blocks++;
	s->sent++;
	return KILN_OK;
}

/* --- BEGIN and END --- */

static void tell_erased(struct kiln_flasher *f, kiln_ms took)
{
	f->erased_ms += took;
	kiln_flasher_emit(
		f, (struct kiln_flash_event){ .stage = KILN_FLASH_ROM_ERASED, .elapsed_ms = took });
}

/* With nothing else on its way: it may be asked again. */
static kiln_code ask_begin(struct kiln_sending *s, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	const kiln_ms asked = kiln_link_now(l->link);
	struct kiln_reply reply;
	const struct kiln_request request = begin_request(s, s->stream);

	if (l->is_stub && s->sent_so_far->done < (size_t)(s->stream - s->streams)) {
		/* once: a refusal would be of the last block of the stream before */
		KILN_TRY(kiln_loader_command(l, &request, s->work_ms + KILN_LOADER_TIMEOUT, &reply,
					     err));
	} else if (l->is_stub) {
		KILN_TRY(kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, NULL, err));
	} else {
		KILN_TRY(kiln_loader_ask(
			l, &request,
			kiln_flasher_timeout(s->f, KILN_WORK_ERASE, begin_size(s, s->stream)), NULL,
			err));
		tell_erased(s->f, kiln_link_now(l->link) - asked);
	}
	s->sent_so_far->begun = (size_t)(s->stream - s->streams) + 1;
	return KILN_OK;
}

/* Behind the last block of the stream before, which is not answered yet. */
static kiln_code send_begin(struct kiln_sending *s, struct kiln_err *err)
{
	const struct kiln_flight flight = { .op = forms[s->stream->compressed].begin,
					    .work_ms = KILN_LOADER_TIMEOUT };

	KILN_TRY(take_off(s, flight, err));
	KILN_TRY(put_on_wire(s, s->sent, err));
	s->sent++;
	return KILN_OK;
}

static kiln_code begin_stream(struct kiln_sending *s, struct kiln_err *err)
{
	const struct kiln_stream *stream = s->stream;
	int64_t arrives_us;

	kiln_inflater_free(s->inflater);
	s->inflater = NULL;
	if (stream->compressed)
		KILN_TRY(kiln_inflater_new(&s->inflater, err));
	if (s->sent > s->acked) {
		KILN_TRY(send_begin(s, err));
		arrives_us = kiln_flight(s, s->sent - 1)->end_us;
	} else {
		KILN_TRY(ask_begin(s, err));
		s->sent_so_far->done = s->sent_so_far->begun - 1;
		s->sent_so_far->blocks = s->told;
		arrives_us = s->f->loader.wire_free_us;
	}
	arrives_us = kiln_pace_begin(&s->pace, arrives_us, stream->file->address,
				     (uint32_t)stream->file->size, stream->compressed,
				     stream->dirty);
	if (s->sent > s->acked)
		kiln_flight(s, s->sent - 1)->begins_us = arrives_us;
	s->rest = stream->wire;
	s->done = 0;
	s->n_blocks = 0;
	s->begun = true;
	return KILN_OK;
}

/*
 * A stub answers END when all is in the flash. To a ROM it would mean to leave the loader.
 */
static kiln_code ask_end(struct kiln_sending *s, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_flash_end(forms[s->stream->compressed].end,
								   false);
	struct kiln_reply reply;

	if (!s->f->loader.is_stub)
		return KILN_OK;
	return kiln_loader_command(&s->f->loader, &request, s->work_ms, &reply, err);
}

/* Behind the last block, which is not answered yet. */
static kiln_code send_end(struct kiln_sending *s, struct kiln_err *err)
{
	const struct kiln_flight flight = { .op = forms[s->stream->compressed].end,
					    .work_ms = KILN_LOADER_TIMEOUT };
	struct kiln_flight *sent = kiln_flight(s, s->sent);

	KILN_TRY(take_off(s, flight, err));
	KILN_TRY(put_on_wire(s, s->sent, err));
	sent->begins_us = kiln_pace_end(&s->pace, sent->end_us);
	s->sent++;
	s->ended = true;
	return KILN_OK;
}

/* --- one after the other --- */

static bool is_last(const struct kiln_sending *s)
{
	return s->stream + 1 == s->streams + s->n_streams;
}

/* Nothing more of it is to be sent. */
static kiln_code leave_stream(struct kiln_sending *s, struct kiln_err *err)
{
	/* with a stub that takes frames in while it works, streams follow each other without END */
	if (!kiln_sending_is_foreseen(s) || is_last(s)) {
		if (s->acked < s->sent) /* one may have been lost: it is not left yet */
			return kiln_sending_await(s, err);
		if (!s->ended)
			KILN_TRY(ask_end(s, err));
		s->sent_so_far->done = (size_t)(s->stream - s->streams) + 1;
	}
	s->told += s->n_blocks;
	s->stream++;
	s->begun = false;
	return KILN_OK;
}

/* Is END sent before the last block is answered? */
static bool goes_behind(const struct kiln_sending *s)
{
	return is_last(s) && kiln_sending_is_foreseen(s) && !s->ended && s->acked < s->sent;
}

static kiln_code send_next(struct kiln_sending *s, struct kiln_err *err)
{
	if (!s->begun)
		return begin_stream(s, err);
	if (s->rest.n > 0)
		return send_block(s, err);
	return goes_behind(s) ? send_end(s, err) : leave_stream(s, err);
}

/* Those that have come by now. */
static kiln_code take_answers(struct kiln_sending *s, struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	while (code == KILN_OK && goes_ahead(s) && s->acked < s->sent)
		code = kiln_sending_await_until(s, kiln_link_now(s->f->loader.link), err);
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static kiln_code send_all(struct kiln_sending *s, struct kiln_err *err)
{
	while (s->stream < s->streams + s->n_streams) {
		int64_t leaves;
		kiln_code code;

		KILN_TRY(take_answers(s, err));
		if (s->sent < s->lost_end) {
			KILN_TRY(s->sent > s->acked ? kiln_sending_await(s, err)
						    : send_again(s, err));
			continue;
		}
		leaves = s->begun && s->rest.n == 0 && !goes_behind(s) ? 0 : may_leave(s);
		if (leaves == INT64_MAX) {
			KILN_TRY(kiln_sending_await(s, err));
		} else if (leaves > now_us(s) && leaves > s->f->loader.wire_free_us) {
			code = kiln_sending_await_until(s, (leaves + 999) / 1000, err);
			if (code != KILN_OK && code != KILN_E_TIMEOUT)
				return code;
		} else {
			KILN_TRY(send_next(s, err));
		}
	}
	return KILN_OK;
}

kiln_code kiln_send_streams(struct kiln_flasher *f, const struct kiln_stream *streams, size_t n,
			    struct kiln_sent *sent, struct kiln_err *err)
{
	struct kiln_sending s = {
		.f = f,
		.streams = streams,
		.stream = streams + sent->done,
		.n_streams = n,
		.sent_so_far = sent,
		.block_size = kiln_loader_block_size(&f->loader),
		.told = sent->blocks,
		.total = sent->blocks,
		.work_ms = KILN_LOADER_TIMEOUT,
	};
	kiln_code code;

	for (size_t i = sent->done; i < n; i++)
		s.total += streams[i].n_blocks;
	sent->begun = sent->done;
	code = send_all(&s, err);
	kiln_inflater_free(s.inflater);
	return code;
}
