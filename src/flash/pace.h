/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_PACE_H
#define KILN_FLASH_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the 2026 stub is busy with, as far as it can be foreseen: when it begins to work on a frame
 * that is being sent, and so takes the one behind it in. By its sources (src/command_handler.c of
 * esp-flasher-stub v1.1: s_conditional_erase_next, s_flash_defl_data_post_process) and by typical
 * times of flash chips (docs/performance.md). Pure: the caller has the clock.
 *
 *	kiln_pace_begin(&p, arrives_us, address, size, dirty);
 *	begins_us = kiln_pace_data(&p, arrives_us, n_unpacked, ends);   for each block
 *	kiln_pace_shift(&p, us);                                        if it was foreseen wrongly
 */
enum {
	KILN_PACE_PAGE_US = 600, /* to program 256 bytes */
	KILN_PACE_SECTOR_US = 50000,
	KILN_PACE_BLOCK_US = 200000,
	KILN_PACE_LOOK_US = 1600, /* is a sector blank? */
	KILN_PACE_THINK_US = 50,
	KILN_PACE_BUFFER = 32 * 1024, /* is programmed when it is full */
};

struct kiln_pace {
	int64_t cpu_us, flash_us;        /* from when on they have nothing to do */
	uint32_t address;                /* where the buffer goes */
	uint32_t n;                      /* bytes in it */
	uint32_t next_erase, region_end; /* sectors that are not looked at yet, or erased */
	bool compressed;
	bool dirty;       /* one that is not blank was met: no more looking */
	bool unsure;      /* the last frame's work hangs on an erase, whose time varies most */
	unsigned pages;   /* that the last frame filled */
	int page_us;      /* how long one takes; 0: as usual */
	bool is_measured; /* page_us is */
};

/* All return when the stub begins with the frame. */
int64_t kiln_pace_begin(struct kiln_pace *p, int64_t arrives_us, uint32_t address, uint32_t size,
			bool compressed, bool dirty);
int64_t kiln_pace_data(struct kiln_pace *p, int64_t arrives_us, size_t n, bool ends);
int64_t kiln_pace_end(struct kiln_pace *p, int64_t arrives_us);
/* It is later with everything than was foreseen. */
void kiln_pace_shift(struct kiln_pace *p, int64_t us);
/* To program so many pages took so much longer (or less long) than was foreseen. */
void kiln_pace_learn(struct kiln_pace *p, unsigned pages, int64_t us);
int kiln_pace_page_us(const struct kiln_pace *p);

/* When it would have done with all, and with what is still to be erased, one after the other. */
int64_t kiln_pace_erased(const struct kiln_pace *p);

/* Sectors that are still to be erased, or looked at, before the buffer can be programmed. */
unsigned kiln_pace_sectors_before(const struct kiln_pace *p);

#endif
