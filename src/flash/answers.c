/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of the frames of send.c: answers in time, late ones, none.
 *
 * A frame that came before the stub had taken the one in front of it in is lost whole. It is told
 * from one that waits by a question: its answer overtakes only a frame that is not there. Then it
 * is sent again, if nothing was taken in its place.
 */
#include "flash/sending.h"

enum {
	BLOCK_TRIES = 3,
	NUDGE_TIMEOUT = 500,
	SUSPECT_AFTER = 250, /* ms: a frame that was sent ahead should have been answered */
	IN_DOUBT_AFTER = 30, /* the same if the one before was taken in late */
	PROBE_TIMEOUT = 300,
	AN_ERASE = 25000,     /* us: nothing else takes so long by surprise */
	CALM_AFTER_LOSS = 16, /* answers in time, and frames are sent ahead again */
};

static kiln_ms until(const struct kiln_sending *s, int64_t us)
{
	const kiln_ms ms = us / 1000 - kiln_link_now(s->f->loader.link);

	return ms > 0 ? ms : 0;
}

static struct kiln_request bare_request(const struct kiln_flight *flight)
{
	return kiln_request_data(flight->op, flight->seq, kiln_span(NULL, 0));
}

static bool is_block(const struct kiln_flight *flight)
{
	return flight->op == KILN_OP_FLASH_DATA || flight->op == KILN_OP_FLASH_DEFL_DATA;
}

static void tell_retry(const struct kiln_sending *s, const struct kiln_flight *flight,
		       const struct kiln_err *fault)
{
	kiln_flasher_emit(s->f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
							   .address = flight->address,
							   .item = fault->why });
	kiln_log(&kiln_link_host(s->f->loader.link)->ui, KILN_LOG_INFO, "flash",
		 "sent again at 0x%08x: %s: %s", flight->address, fault->what, fault->why);
}

/* A ROM writes, then answers; a stub answers, then writes while the next comes in. */
static kiln_ms time_limit(const struct kiln_sending *s, const struct kiln_flight *flight)
{
	return s->f->loader.is_stub ? s->work_ms : flight->work_ms;
}

static kiln_code too_soon(struct kiln_sending *s, struct kiln_err *err)
{
	s->f->loader.ahead_failed++;
	(void)kiln_fail(err, KILN_E_PROTOCOL, "a block was sent ahead");
	kiln_why(err, "the chip was not ready for it");
	return KILN_E_PROTOCOL;
}

/*
 * The answer to a frame. Is it overtaken by that to another kind of frame behind it (BEGIN by
 * a block, a block by BEGIN), then it was lost.
 */
static kiln_code receive(struct kiln_sending *s, unsigned n, kiln_ms timeout, struct kiln_err *err)
{
	const struct kiln_flight *flight = kiln_flight(s, n);
	struct kiln_request either[2] = { bare_request(flight) };
	struct kiln_reply reply;
	size_t which, n_either = 1;

	for (unsigned i = n + 1; i < s->sent && n_either == 1; i++) {
		if (kiln_flight(s, i)->op != flight->op)
			either[n_either++] = bare_request(kiln_flight(s, i));
	}
	KILN_TRY(kiln_loader_receive_any(&s->f->loader, either, n_either, timeout, &which, &reply,
					 err));
	return which == 0 ? KILN_OK : too_soon(s, err);
}

/*
 * The block is there after all: then the question behind it may fill the other buffer, and what is
 * sent now would be lost. No answer: it was lost itself.
 */
static kiln_code await_probe(struct kiln_sending *s, const struct kiln_request *probe,
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
 * Is the frame there, or was it lost? The answer to a register is one to the question after it.
 * Questions get lost too, while both buffers are full.
 */
static kiln_code find_out(struct kiln_sending *s, unsigned n, kiln_ms deadline, bool *ret_lost,
			  struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	const struct kiln_request probe = kiln_request_read_reg(KILN_CHIP_MAGIC_REG);
	const struct kiln_request either[] = { bare_request(kiln_flight(s, n)), probe };
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

/*
 * The wire was too fast for the stub: it has not taken this frame in, nor any behind it, or that
 * would have been answered before the question. They are sent again, one by one.
 */
static void take_back(struct kiln_sending *s, unsigned n)
{
	struct kiln_err fault = KILN_ERR_INIT;

	(void)too_soon(s, &fault);
	tell_retry(s, kiln_flight(s, n), &fault);
	s->f->loader.restless = CALM_AFTER_LOSS;
	kiln_loader_gap(&s->f->loader);
	s->steady = 0;
	s->lost_end = s->sent > s->lost_end ? s->sent : s->lost_end;
	s->sent = n;
	s->in_doubt = false;
}

static kiln_code await(struct kiln_sending *s, unsigned n, bool *ret_lost, struct kiln_err *err)
{
	struct kiln_loader *l = &s->f->loader;
	const struct kiln_flight *flight = kiln_flight(s, n);
	const kiln_ms limit = until(s, flight->end_us) + time_limit(s, flight);
	const kiln_ms soon = until(s, flight->begins_us) + l->turn_ms +
			     (s->in_doubt ? IN_DOUBT_AFTER : SUSPECT_AFTER);
	kiln_code code;

	*ret_lost = false;
	if (!flight->ahead || soon >= limit)
		return receive(s, n, limit + kiln_loader_wire_ms(l, 2048), err);
	code = receive(s, n, soon, err);
	if (code != KILN_E_TIMEOUT)
		return code;
	return find_out(s, n, kiln_link_now(l->link) + limit, ret_lost, err);
}

/*
 * A block that a stub says it did not take may be sent again, if no other is on its way. A ROM
 * counts blocks before it looks into them, and refuses the same number a second time.
 */
static kiln_code retry(struct kiln_sending *s, unsigned n, kiln_code code, struct kiln_err *fault)
{
	struct kiln_loader *l = &s->f->loader;
	const struct kiln_flight *flight = kiln_flight(s, n);
	const int most = l->limits.block_tries ? (int)l->limits.block_tries : BLOCK_TRIES;
	const int tries = l->is_stub ? most : 1;
	struct kiln_reply reply;
	uint8_t room[KILN_LOADER_BLOCK_STUB];

	for (int i = 1; code != KILN_OK && s->sent == n + 1 && is_block(flight); i++) {
		const struct kiln_request request = kiln_sending_request(s, flight, room);

		if (code == KILN_E_TIMEOUT) {
			/* its end may be lost: the chip is nudged with another end */
			code = kiln_loader_nudge(l, &request, NUDGE_TIMEOUT, &reply, fault);
			if (code == KILN_OK)
				break;
		}
		if (code == KILN_E_TIMEOUT || i == tries || !kiln_loader_is_wire_fault(code, fault))
			break;
		tell_retry(s, flight, fault);
		code = kiln_loader_command(l, &request, time_limit(s, flight), &reply, fault);
	}
	return code;
}

/* All is later than was foreseen. */
static void be_late(struct kiln_sending *s, unsigned n, int64_t us)
{
	s->f->loader.restless = KILN_LOADER_CALM_AFTER;
	s->steady = 0;
	s->pace.dirty |= us > AN_ERASE; /* it was not blank after all */
	kiln_pace_shift(&s->pace, us);
	for (unsigned i = n + 1; i < s->sent; i++) {
		kiln_flight(s, i)->begins_us += us;
		kiln_flight(s, i)->free_us += us;
	}
}

/*
 * A frame that should have to wait tells how long the stub was at work on the one before; if it
 * had not, how long at most. Unless its answer came together with that one's, because the bridge
 * held it.
 */
static void measure(struct kiln_sending *s, const struct kiln_flight *flight, int64_t began)
{
	const int64_t after = (began > flight->end_us ? began : flight->end_us) - flight->begins_us;
	const bool is_as_foreseen = llabs(after) <=
				    KILN_FORESEE_LATE * 1000; /* clocks tick in ms */

	if (s->unsure && flight->begins_us > flight->end_us)
		s->steady = is_as_foreseen ? s->steady + 1 : 0;
	if (s->pages > 0 && flight->begins_us > flight->end_us && s->f->loader.came_at > s->came_at)
		kiln_pace_learn(&s->pace, s->pages, is_as_foreseen ? 0 : after);
}

/* Did the stub begin with it when it should? Then the one behind it is taken in, too. */
static void judge(struct kiln_sending *s, unsigned n)
{
	struct kiln_loader *l = &s->f->loader;
	const struct kiln_flight *flight = kiln_flight(s, n);
	const int64_t began = (l->came_at - l->turn_ms) * 1000, late = began - flight->begins_us;

	measure(s, flight, began);
	if (late > KILN_FORESEE_LATE * 1000)
		be_late(s, n, late);
	else if (l->restless > 0)
		l->restless--;
	/* with nothing behind it: as early as it may have been, had its answer been held */
	if (s->sent == n + 1 && late + l->turn_ms * 1000 < 0)
		kiln_pace_shift(&s->pace, late + l->turn_ms * 1000);
	s->in_doubt = s->sent > n + 1 && (s->in_doubt || (late > KILN_FORESEE_LATE * 1000 &&
							  began > kiln_flight(s, n + 1)->start_us));
	s->work_ms = flight->work_ms;
	s->came_at = l->came_at;
	s->pages = flight->pages;
	s->unsure = flight->unsure;
}

static void take_note(struct kiln_sending *s)
{
	const struct kiln_flight *flight = kiln_flight(s, s->acked);
	const size_t index = (size_t)(flight->stream - s->streams);

	judge(s, s->acked++);
	if (is_block(flight))
		return;
	s->sent_so_far->begun = index + 1;
	s->sent_so_far->done = index;
	s->sent_so_far->blocks = flight->told;
}

static kiln_code settle(struct kiln_sending *s, kiln_code code, struct kiln_err *fault,
			struct kiln_err *err)
{
	code = retry(s, s->acked, code, fault);
	if (code == KILN_OK)
		take_note(s);
	else if (err)
		*err = *fault;
	return code;
}

kiln_code kiln_sending_await(struct kiln_sending *s, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	bool lost;
	const kiln_code code = await(s, s->acked, &lost, &fault);

	if (code == KILN_OK && lost) {
		take_back(s, s->acked);
		return KILN_OK;
	}
	return settle(s, code, &fault, err);
}

kiln_code kiln_sending_await_until(struct kiln_sending *s, kiln_ms deadline, struct kiln_err *err)
{
	const kiln_ms now = kiln_link_now(s->f->loader.link);
	struct kiln_err fault = KILN_ERR_INIT;
	const kiln_code code = receive(s, s->acked, deadline > now ? deadline - now : 0, &fault);

	return code == KILN_E_TIMEOUT ? code : settle(s, code, &fault, err);
}
