/* SPDX-License-Identifier: Apache-2.0 */
/* How long a block is made: a stub begins something whenever one comes (pace.h). */
#include "flash/sending.h"

enum { LEAST = 1024, BITS = 10 };

bool kiln_sending_is_foreseen(const struct kiln_sending *s)
{
	const struct kiln_loader *l = &s->f->loader;

	return l->ahead > 0 && l->ahead_failed < KILN_LOADER_AHEAD_TRIES;
}

static int64_t wire_us(const struct kiln_sending *s, size_t n)
{
	return (int64_t)n * BITS * 1000000 / kiln_link_baud(s->f->loader.link);
}

/* What is left of the 32 KB on the wire, and a little more, as nobody knows exactly. */
static size_t wire_to_fill(const struct kiln_sending *s)
{
	const uint64_t left = KILN_PACE_BUFFER - s->pace.n;
	const uint64_t wire = left * s->stream->wire.n / s->stream->file->size;

	return (size_t)(wire + wire / 32);
}

/*
 * A blank chip: the stub looks at a sector whenever a block comes. If a whole block is not as long
 * on the wire as it takes to program 32 KB and to look at all their sectors, the stub is given
 * small blocks while it has nothing else to do, up to the one that fills the 32 KB; so the next
 * can be a whole one. Returns the size of the next one, SIZE_MAX if any is right.
 */
static size_t size_to_look(const struct kiln_sending *s, bool is_busy)
{
	enum { SECTORS = 8, WITH_THE_PROGRAM = 1 };
	const int64_t all = (int64_t)KILN_PACE_BUFFER / 256 * kiln_pace_page_us(&s->pace) +
			    (int64_t)SECTORS * KILN_PACE_LOOK_US + KILN_SEND_LATE * 1000;
	const unsigned sectors = kiln_pace_sectors_before(&s->pace);
	if (s->pace.dirty || wire_us(s, s->block_size) > all)
		return SIZE_MAX;
	if (s->pace.pages > 0 && !s->pace.is_measured) /* it should have to wait, and so tell */
		return s->block_size * 15 / 16;
	if (is_busy)
		return SIZE_MAX;
	if (sectors <= WITH_THE_PROGRAM)
		return wire_to_fill(s);
	return wire_to_fill(s) / (sectors - WITH_THE_PROGRAM + 1);
}

/*
 * Near the end of a stream a block that would fill the 32 KB ends there: they are programmed while
 * the rest comes, and behind the last block, where the wire stands still until the stub has done
 * with it, there is less to do.
 */
static size_t size_at_end(const struct kiln_sending *s, int64_t start_us, size_t size, bool erases)
{
	const size_t first = wire_to_fill(s) + LEAST / 4;
	const uint64_t plain = s->stream->file->size - s->done;

	if (size < s->rest.n && (erases || plain > 2 * KILN_PACE_BUFFER ||
				 s->pace.flash_us > start_us + wire_us(s, first)))
		return size; /* or the flash is not free for it, anyway */
	if (size > s->rest.n)
		size = s->rest.n;
	if (s->pace.n + plain <= KILN_PACE_BUFFER)
		return size;
	return first + LEAST / 2 < size ? first : size;
}

/*
 * As long as they may be, but where the stub begins something whenever a block comes: it should
 * come when the stub, and the flash, have done with what they are at.
 */
size_t kiln_sending_block_size(const struct kiln_sending *s, int64_t start_us)
{
	const struct kiln_pace *p = &s->pace;
	const bool erases = p->dirty && p->next_erase < p->region_end;
	const int64_t free = erases && p->flash_us > p->cpu_us ? p->flash_us : p->cpu_us;
	size_t size = SIZE_MAX;

	if (!s->stream->compressed || !s->f->options.quick || !kiln_sending_is_foreseen(s))
		return s->block_size;
	if (free > start_us + wire_us(s, LEAST))
		size = (size_t)((free - start_us) * kiln_link_baud(s->f->loader.link) /
				(BITS * 1000000));
	if (!erases)
		size = size_to_look(s, free > start_us + wire_us(s, LEAST));
	else if (size == SIZE_MAX)
		size = LEAST;
	if (size < LEAST)
		size = LEAST;
	if (size > s->block_size)
		size = s->block_size;
	return size_at_end(s, start_us, size, erases);
}
