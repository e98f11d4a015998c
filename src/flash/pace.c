/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/pace.h"

enum {
	PAGE = 256,
	SECTOR = 4096,
	BLOCK = 64 * 1024,
	LEAST_PAGE_US = 100, /* no chip is quicker, or slower */
	MOST_PAGE_US = 5000,
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Does one erase of a whole block come next? */
static bool is_whole(const struct kiln_pace *p, uint32_t at)
{
	return at % BLOCK == 0 && p->region_end - at >= BLOCK;
}

/* One step of erasing ahead: a blank sector is left out, an erase is not waited for. */
static int64_t erase_next(struct kiln_pace *p, int64_t now)
{
	const uint32_t at = p->next_erase;

	if (at >= p->region_end)
		return now;
	if (!p->dirty) {
		p->next_erase += SECTOR;
		return later(now, p->flash_us) + KILN_PACE_LOOK_US;
	}
	if (p->flash_us > now)
		return now;
	const bool whole = is_whole(p, at);

	p->next_erase += whole ? BLOCK : SECTOR;
	p->flash_us = now + (whole ? KILN_PACE_BLOCK_US : KILN_PACE_SECTOR_US);
	return now;
}

static int64_t write(struct kiln_pace *p, int64_t now, uint32_t n)
{
	p->unsure |= p->dirty && (p->flash_us > now || p->next_erase < p->address + n);
	while (p->next_erase < p->address + n && p->next_erase < p->region_end) {
		if (p->dirty)
			now = later(now, p->flash_us);
		now = erase_next(p, now);
	}
	p->pages += (n + PAGE - 1) / PAGE;
	now = later(now, p->flash_us) + (int64_t)((n + PAGE - 1) / PAGE) * kiln_pace_page_us(p);
	p->flash_us = now;
	p->address += n;
	return now;
}

int64_t kiln_pace_begin(struct kiln_pace *p, int64_t arrives_us, uint32_t address, uint32_t size,
			bool compressed, bool dirty)
{
	const int64_t begins = later(arrives_us, p->cpu_us);

	p->unsure = false;
	p->pages = 0;
	p->address = address;
	p->n = 0;
	p->next_erase = address / SECTOR * SECTOR;
	p->region_end = (address + size + SECTOR - 1) / SECTOR * SECTOR;
	p->compressed = compressed;
	p->dirty = dirty;
	p->cpu_us = erase_next(p, begins + KILN_PACE_THINK_US);
	return begins;
}

int64_t kiln_pace_data(struct kiln_pace *p, int64_t arrives_us, size_t n, bool ends)
{
	const int64_t begins = later(arrives_us, p->cpu_us);
	int64_t now = begins + KILN_PACE_THINK_US;

	p->unsure = false;
	p->pages = 0;
	if (!p->compressed) {
		p->cpu_us = write(p, now, (uint32_t)n);
		return begins;
	}
	now = erase_next(p, now);
	for (; p->n + n >= KILN_PACE_BUFFER; p->n = 0) {
		n -= KILN_PACE_BUFFER - p->n;
		now = erase_next(p, write(p, now, KILN_PACE_BUFFER));
	}
	p->n += (uint32_t)n;
	if (ends && p->n > 0)
		now = write(p, now, p->n);
	p->cpu_us = now;
	return begins;
}

int64_t kiln_pace_end(struct kiln_pace *p, int64_t arrives_us)
{
	const int64_t begins = later(arrives_us, p->cpu_us);

	p->unsure = false;
	p->pages = 0;
	p->cpu_us = begins + KILN_PACE_THINK_US;
	return begins;
}

void kiln_pace_shift(struct kiln_pace *p, int64_t us)
{
	p->cpu_us += us;
	p->flash_us += us;
}

int kiln_pace_page_us(const struct kiln_pace *p)
{
	return p->page_us ? p->page_us : KILN_PACE_PAGE_US;
}

void kiln_pace_learn(struct kiln_pace *p, unsigned pages, int64_t us)
{
	const int64_t page_us = kiln_pace_page_us(p) + us / (int64_t)pages;

	if (page_us < LEAST_PAGE_US || page_us > MOST_PAGE_US)
		return;
	p->page_us = (int)page_us;
	p->is_measured = true;
}

unsigned kiln_pace_sectors_before(const struct kiln_pace *p)
{
	uint32_t to = p->address + KILN_PACE_BUFFER;

	if (to > p->region_end)
		to = p->region_end;
	return p->next_erase < to ? (to - p->next_erase + SECTOR - 1) / SECTOR : 0;
}

int64_t kiln_pace_erased(const struct kiln_pace *p)
{
	int64_t us = later(p->cpu_us, p->flash_us);

	for (uint32_t at = p->next_erase; at < p->region_end;) {
		const bool whole = is_whole(p, at);

		us += !p->dirty ? KILN_PACE_LOOK_US
		      : whole   ? KILN_PACE_BLOCK_US
				: KILN_PACE_SECTOR_US;
		at += p->dirty && whole ? BLOCK : SECTOR;
	}
	return us;
}
