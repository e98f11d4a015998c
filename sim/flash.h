/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_FLASH_H
#define KILN_SIM_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

#include "sim/clock.h"

/*
 * A serial NOR flash. Programming only clears bits; only an erase sets them, by sector, block or
 * chip. Addresses wrap at the flash's size, as its address counter does.
 *
 * The contents are a mapped file, so that a process that is killed leaves what a real flash would
 * hold. Operations are made of steps that take their time: the caller applies a step when its time
 * is over, or tears it if power goes in between.
 */
enum {
	SIM_FLASH_PAGE = 256,
	SIM_FLASH_SECTOR = 0x1000,
	SIM_FLASH_BLOCK = 0x10000,
	SIM_FLASH_FILES = 0x200000, /* in the partition table of MicroPython's ESP32 builds */
};

typedef enum sim_flash_habit {
	SIM_FLASH_PLAIN = 0,
	SIM_FLASH_ABSENT,      /* nothing is connected: all it reads is FF */
	SIM_FLASH_STRANGE_ID,  /* its id tells no size */
	SIM_FLASH_WAKES_BADLY, /* XMC: a wrong id until it has gone through its power-down modes */
} sim_flash_habit;

struct sim_flash_part {
	const char *name;           /* as in part= */
	uint8_t manufacturer, type; /* JEDEC; the third byte is log2(size) */
	bool has_sfdp;              /* it has a table that describes it (JEDEC JESD216) */
	sim_flash_habit habit;
	sim_ns page_program, sector_erase, block_erase;
	sim_ns chip_erase_per_mb;
};

/*
 * Typical times of 32 Mbit parts: datasheets of the GD25Q32C and the W25Q32JV ("AC
 * characteristics") give 0.4 to 0.6 ms a page, 45 to 50 ms a sector, 150 to 200 ms a 64 KB block,
 * 10 to 15 s the chip. The slower ends are taken.
 */
extern const struct sim_flash_part sim_flash_parts[]; /* the first is taken; ended by no name */
const struct sim_flash_part *sim_flash_part_find(const char *name); /* NULL: there is none */

struct sim_flash {
	const struct sim_flash_part *part;
	uint8_t *data;
	uint32_t size;
	int fd;              /* -1: memory only */
	uint32_t bad_sector; /* its erases and programs fail silently; UINT32_MAX: none */
	uint64_t programmed; /* bytes since power-on, for the fault that counts them */
	bool files_erased;   /* an erase hit the sector where MicroPython's file system begins */
};

typedef enum sim_flash_kind {
	SIM_FLASH_PROGRAM = 1,
	SIM_FLASH_ERASE_SECTOR,
	SIM_FLASH_ERASE_BLOCK,
	SIM_FLASH_ERASE_CHIP,
} sim_flash_kind;

struct sim_flash_op {
	sim_flash_kind kind;
	uint32_t address, n; /* n: bytes to program, up to the page's end */
	uint8_t data[SIM_FLASH_PAGE];
};

/*
 * Map `path` (NULL: plain memory), made and filled with FF if it is not there. An existing file
 * must have `size` bytes; size 0 takes the file's, or 4 MB.
 * Fails with: E_INVALID (no flash has that size), E_NOMEM, E_IO.
 */
kiln_code sim_flash_open(struct sim_flash *flash, const char *path, uint32_t size,
			 struct kiln_err *err);
void sim_flash_close(struct sim_flash *flash);
bool sim_flash_is_size(uint64_t size);                   /* a power of two from 256 KB to 128 MB */
uint32_t sim_flash_jedec(const struct sim_flash *flash); /* manufacturer in the low byte */
/* Bytes of its own table; FF beyond it, 0 if it has none. */
void sim_flash_sfdp(const struct sim_flash *flash, uint32_t address, uint8_t *buf, size_t n);

void sim_flash_read(const struct sim_flash *flash, uint32_t address, void *buf, size_t n);
sim_ns sim_flash_time(const struct sim_flash *flash, const struct sim_flash_op *op);
void sim_flash_apply(struct sim_flash *flash, const struct sim_flash_op *op);
/*
 * Power went while `op` had run for `part` of `whole`: a page is programmed up to a byte, a sector
 * holds anything between its old contents and FF.
 */
void sim_flash_tear(struct sim_flash *flash, const struct sim_flash_op *op, sim_ns part,
		    sim_ns whole, uint64_t *random);

#endif
