/* SPDX-License-Identifier: Apache-2.0 */
/* Which sectors are written, and in which runs. Pure. */
#include "flash/delta.h"

#include "flash/flasher.h"

enum {
	BLOCK = 64 * 1024,
	PER_BLOCK = BLOCK / KILN_FLASH_SECTOR,
	/*
	 * Microseconds, typical of 32 Mbit parts (datasheets of the GD25Q32C and the W25Q32JV, "AC
	 * characteristics"): to erase a sector and a block, to program a sector's 16 pages.
	 */
	ERASE_SECTOR = 50000,
	ERASE_BLOCK = 200000,
	PROGRAM_SECTOR = 16 * 600,
	/* what a sector is on the wire, compressed as firmware does */
	WIRE_BYTES = KILN_FLASH_SECTOR * 2 / 3,
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

static uint64_t slower(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void kiln_delta_round(struct kiln_delta *delta, const struct kiln_plan_file *file, unsigned baud)
{
	const size_t skew = file->address / KILN_FLASH_SECTOR % PER_BLOCK;
	const uint64_t wire = baud ? WIRE_BYTES * 10ull * 1000000 / baud : 0;
	const uint64_t whole = slower(ERASE_BLOCK + PER_BLOCK * PROGRAM_SECTOR, PER_BLOCK * wire);
	size_t at = (PER_BLOCK - skew) % PER_BLOCK;

	for (; at + PER_BLOCK <= delta->n; at += PER_BLOCK) {
		size_t differ = 0;

		for (size_t i = 0; i < PER_BLOCK; i++)
			differ += delta->states[at + i] == KILN_SECTOR_SEND;
		if (differ * slower(ERASE_SECTOR + PROGRAM_SECTOR, wire) > whole)
			memset(delta->states + at, KILN_SECTOR_SEND, PER_BLOCK);
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
