/* SPDX-License-Identifier: Apache-2.0 */
/* Which sectors are written, and in which runs. Pure. */
#include "flash/delta.h"

#include "flash/flasher.h"
#include "flash/foresee.h"

enum {
	BLOCK = 64 * 1024,
	PER_BLOCK = BLOCK / KILN_FLASH_SECTOR,
	AROUND = 4 * PER_BLOCK, /* how far a block is looked at together with its neighbours */
	SWITCH_US = 5000,       /* from one stream to the next */
};

size_t kiln_delta_sectors(const struct kiln_plan_file *file)
{
	return (size_t)(kiln_plan_end_sector(file) - kiln_plan_first_sector(file)) /
	       KILN_FLASH_SECTOR;
}

void kiln_delta_part(const struct kiln_plan_file *file, size_t first, size_t end, size_t *ret_from,
		     size_t *ret_size)
{
	const size_t head = file->address % KILN_FLASH_SECTOR;
	const size_t from = first ? first * KILN_FLASH_SECTOR - head : 0;
	size_t to = end * KILN_FLASH_SECTOR - head;

	if (to > file->size)
		to = file->size;
	*ret_from = from;
	*ret_size = to - from;
}

bool kiln_delta_is_blank(const struct kiln_plan_file *file, size_t sector)
{
	size_t from, n;

	kiln_delta_part(file, sector, sector + 1, &from, &n);
	if (n != KILN_FLASH_SECTOR)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (kiln_plan_byte(file, from + i) != 0xFF)
			return false;
	}
	return true;
}

/* What it takes to send the runs that reach into the sectors [first, end). */
static int64_t cost(const struct kiln_delta *delta, const struct kiln_plan_file *file, size_t first,
		    size_t end, const struct kiln_delta_wire *wire)
{
	const size_t from = first > AROUND ? first - AROUND : 0,
		     to = delta->n - end > AROUND ? end + AROUND : delta->n;
	int64_t us = 0;

	while (first > from && delta->states[first - 1] == KILN_SECTOR_SEND)
		first--;
	while (end < to && delta->states[end] == KILN_SECTOR_SEND)
		end++;
	for (size_t at = first, run; at < end; at = run) {
		size_t begin, n;

		for (run = at + 1; run < end && delta->states[run] == delta->states[at];)
			run++;
		if (delta->states[at] != KILN_SECTOR_SEND)
			continue;
		kiln_delta_part(file, at, run, &begin, &n);
		us += SWITCH_US + kiln_foresee_stream((uint32_t)(file->address + begin),
						      (uint32_t)n,
						      n * wire->bytes_of_64k / BLOCK + 1,
						      wire->baud, wire->block_size);
	}
	return us;
}

void kiln_delta_round(struct kiln_delta *delta, const struct kiln_plan_file *file,
		      const struct kiln_delta_wire *wire)
{
	const size_t skew = file->address / KILN_FLASH_SECTOR % PER_BLOCK;

	for (size_t at = (PER_BLOCK - skew) % PER_BLOCK; at + PER_BLOCK <= delta->n;
	     at += PER_BLOCK) {
		const size_t end = at + PER_BLOCK;
		uint8_t sectors[PER_BLOCK];
		int64_t us;

		memcpy(sectors, delta->states + at, PER_BLOCK);
		if (!memchr(sectors, KILN_SECTOR_SEND, PER_BLOCK))
			continue;
		us = cost(delta, file, at, end, wire);
		memset(delta->states + at, KILN_SECTOR_SEND, PER_BLOCK);
		if (cost(delta, file, at, end, wire) >= us)
			memcpy(delta->states + at, sectors, PER_BLOCK);
	}
}

bool kiln_delta_next(struct kiln_delta *delta, const struct kiln_plan_file *file,
		     struct kiln_delta_run *ret_run)
{
	size_t end;

	while (delta->at < delta->n && delta->states[delta->at] == KILN_SECTOR_SAME)
		delta->at++;
	if (delta->at == delta->n)
		return false;
	ret_run->state = delta->states[delta->at];
	for (end = delta->at + 1; end < delta->n && delta->states[end] == ret_run->state;)
		end++;
	kiln_delta_part(file, delta->at, end, &ret_run->from, &ret_run->size);
	delta->at = end;
	return true;
}

size_t kiln_delta_same(const struct kiln_delta *delta, const struct kiln_plan_file *file)
{
	size_t same = 0, from, n;

	for (size_t i = 0; i < delta->n; i++) {
		kiln_delta_part(file, i, i + 1, &from, &n);
		same += delta->states[i] == KILN_SECTOR_SAME ? n : 0;
	}
	return same;
}
