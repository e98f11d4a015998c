/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stub begins something whenever a block comes (pace.h): an erase ahead, a look at a sector, to
 * program what it has; and while it is at that it takes in but one more. So it matters when blocks
 * come, and how long they are. There are rules for it; and since they look but one block ahead,
 * each other length is tried on the model of the stub, with the rules for all that follows.
 */
#include "flash/foresee.h"

enum {
	LEAST = 1024, /* bytes of the shortest block that is worth a frame */
	BITS = 10,
	AROUND = 24 + 2,       /* what a frame has around its block */
	BEGIN = 8 + 20 + 2,    /* a whole frame */
	HORIZON = 12 * 0x4000, /* what is looked at, on the wire */
	MARGIN_US = 1500,
	GAIN_US = 3000, /* less is not worth to leave the rules */
};

static int64_t wire_us(const struct kiln_foresight *o, size_t n)
{
	return o->baud ? (int64_t)n * BITS * 1000000 / o->baud : 0;
}

/* --- rules --- */

/* What is left of the 32 KB on the wire, and a little more, as nobody knows exactly. */
static size_t wire_to_fill(const struct kiln_foresight *o)
{
	const uint64_t left = KILN_PACE_BUFFER - o->pace.n;
	const uint64_t wire = o->plain ? left * o->rest / o->plain : o->rest;

	return (size_t)(wire + wire / 32);
}

/*
 * A blank chip: the stub looks at a sector whenever a block comes. If a whole block is not as long
 * on the wire as it takes to program 32 KB and to look at all their sectors, the stub is given
 * small blocks while it has nothing else to do, up to the one that fills the 32 KB; so the next
 * can be a whole one. Returns the size of the next one, SIZE_MAX if any is right.
 */
static size_t size_to_look(const struct kiln_foresight *o, bool is_busy)
{
	enum { SECTORS = 8, WITH_THE_PROGRAM = 1 };
	const int64_t all = (int64_t)KILN_PACE_BUFFER / 256 * kiln_pace_page_us(&o->pace) +
			    (int64_t)SECTORS * KILN_PACE_LOOK_US + KILN_FORESEE_LATE * 1000;
	const unsigned sectors = kiln_pace_sectors_before(&o->pace);
	if (o->pace.dirty || wire_us(o, o->block_size) > all)
		return SIZE_MAX;
	if (o->pace.pages > 0 && !o->pace.is_measured) /* it should have to wait, and so tell */
		return o->block_size * 15 / 16;
	if (is_busy)
		return SIZE_MAX;
	if (sectors <= WITH_THE_PROGRAM)
		return wire_to_fill(o);
	return wire_to_fill(o) / (sectors - WITH_THE_PROGRAM + 1);
}

/*
 * Near the end of a stream a block that would fill the 32 KB ends there: they are programmed while
 * the rest comes, and behind the last block, where the wire stands still until the stub has done
 * with it, there is less to do.
 */
static size_t size_at_end(const struct kiln_foresight *o, size_t size, bool erases)
{
	const size_t first = wire_to_fill(o) + LEAST / 4;

	if (size < o->rest && (erases || o->plain > 2 * KILN_PACE_BUFFER ||
			       o->pace.flash_us > o->wire_us + wire_us(o, first)))
		return size; /* or the flash is not free for it, anyway */
	if (size > o->rest)
		size = o->rest;
	if (o->pace.n + o->plain <= KILN_PACE_BUFFER)
		return size;
	return first + LEAST / 2 < size ? first : size;
}

/*
 * As long as they may be, but where the stub begins something whenever a block comes: it should
 * come when the stub, and the flash, have done with what they are at.
 */
static size_t usual_size(const struct kiln_foresight *o)
{
	const struct kiln_pace *p = &o->pace;
	const bool erases = p->dirty && p->next_erase < p->region_end;
	const int64_t free = erases && p->flash_us > p->cpu_us ? p->flash_us : p->cpu_us;
	const bool is_busy = free > o->wire_us + wire_us(o, LEAST);
	size_t size = SIZE_MAX;

	if (is_busy)
		size = (size_t)((free - o->wire_us) * o->baud / (BITS * 1000000));
	if (!erases)
		size = size_to_look(o, is_busy);
	else if (size == SIZE_MAX)
		size = LEAST;
	if (size < LEAST)
		size = LEAST;
	if (size > o->block_size)
		size = o->block_size;
	return size_at_end(o, size, erases);
}

/*
 * A block that fills the 32 KB while an erase is under way: the stub waits with it until that is
 * over, and then programs, and takes in but one more. If the wire would stand still meanwhile, one
 * goes first that nearly fills them, so that the stub has that much more when it goes on.
 */
static size_t size_before_stall(const struct kiln_foresight *o)
{
	const struct kiln_pace *p = &o->pace;
	const size_t size = usual_size(o), full = wire_to_fill(o), nearly = full - full / 12;
	const int64_t program = (int64_t)KILN_PACE_BUFFER / 256 * kiln_pace_page_us(p);

	if (p->flash_us <= p->cpu_us || size < full || nearly < LEAST ||
	    o->wire_us + wire_us(o, size) + wire_us(o, o->block_size) >= p->flash_us + program)
		return size;
	return nearly;
}

/* --- trying --- */

/* A block that leaves as soon as the wire, and then the stub, have room for it. */
static void foresee(struct kiln_foresight *o, size_t size)
{
	const bool ends = size >= o->rest;
	const uint64_t plain = ends ? o->plain : size * o->plain / o->rest;
	const int64_t free_us = o->pace.cpu_us + KILN_FORESEE_LATE * 1000;

	if (ends)
		size = o->rest;
	o->wire_us += wire_us(o, size + AROUND);
	(void)kiln_pace_data(&o->pace, o->wire_us, (size_t)plain, ends);
	if (o->wire_us < free_us) /* the stub has no room for one more before */
		o->wire_us = free_us;
	o->rest -= size;
	o->plain -= plain;
}

typedef size_t (*kiln_rule)(const struct kiln_foresight *o);

/*
 * When all that is looked at is in the flash, and what is left to erase would be erased too: if
 * `first` goes first, and blocks by the rule behind it.
 */
static int64_t end_by(kiln_rule rule, struct kiln_foresight o, size_t first)
{
	const size_t until = o.rest > HORIZON ? o.rest - HORIZON : 0;

	foresee(&o, first);
	while (o.rest > until) {
		const size_t size = rule(&o), left = o.rest - until;

		foresee(&o, size < left ? size : left);
	}
	return kiln_pace_erased(&o.pace);
}

static int64_t end_of(const struct kiln_foresight *o, size_t first)
{
	const int64_t usual = end_by(usual_size, *o, first),
		      other = end_by(size_before_stall, *o, first);

	return usual < other ? usual : other;
}

/* The size that ends first, if that is worth it. */
static size_t best_size(const struct kiln_foresight *now, size_t usual)
{
	int64_t best_us = end_of(now, usual) - GAIN_US;
	size_t best = usual;

	for (size_t size = now->block_size; size >= LEAST; size -= LEAST) {
		const int64_t us = end_of(now, size);

		if (us < best_us) {
			best = size;
			best_us = us;
		}
	}
	return best;
}

size_t kiln_foresee_size(const struct kiln_foresight *now)
{
	struct kiln_foresight o = *now;

	/* where nothing is to be erased the rules are as good */
	if (!o.pace.dirty)
		return usual_size(&o);
	/* a block that comes just before an erase is over starts no other, and the flash idles */
	if (o.pace.flash_us > o.pace.cpu_us)
		o.pace.flash_us += MARGIN_US;
	return best_size(&o, usual_size(&o));
}

int64_t kiln_foresee_stream(uint32_t address, uint32_t size, size_t wire, unsigned baud,
			    size_t block_size)
{
	struct kiln_foresight o = {
		.baud = baud, .block_size = block_size, .rest = wire, .plain = size
	};

	o.wire_us = wire_us(&o, BEGIN);
	(void)kiln_pace_begin(&o.pace, o.wire_us, address, size, /* compressed= */ true,
			      /* dirty= */ true);
	while (o.rest > 0)
		foresee(&o, usual_size(&o));
	return o.pace.cpu_us;
}
