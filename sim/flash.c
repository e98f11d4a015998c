/* SPDX-License-Identifier: Apache-2.0 */
/* A serial NOR flash in a mapped file. */
#include "sim/flash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/random.h"

/* Typical times by the GD25Q32C's datasheet, and the slowest that is met with. */
#define TIMES                                                                                   \
	.page_program = 600 * SIM_US, .sector_erase = 50 * SIM_MS, .block_erase = 200 * SIM_MS, \
	.chip_erase_per_mb = 3750 * SIM_MS /* 15 s for 4 MB */

/* Typical times by the W25Q32JV's datasheet. */
#define TIMES_W25Q                                                                              \
	.page_program = 400 * SIM_US, .sector_erase = 45 * SIM_MS, .block_erase = 150 * SIM_MS, \
	.chip_erase_per_mb = 2500 * SIM_MS /* 10 s for 4 MB */

/* A chip that has been erased some 50,000 times; datasheets allow more than that. */
#define TIMES_WORN                                                                                \
	.page_program = 1100 * SIM_US, .sector_erase = 150 * SIM_MS, .block_erase = 600 * SIM_MS, \
	.chip_erase_per_mb = 10000 * SIM_MS

const struct sim_flash_part sim_flash_parts[] = {
	{ .name = "gd25q", .manufacturer = 0xC8, .type = 0x40, TIMES },
	{ .name = "w25q", .manufacturer = 0xEF, .type = 0x40, .has_sfdp = true, TIMES_W25Q },
	{ .name = "worn", .manufacturer = 0xC8, .type = 0x40, TIMES_WORN },
	{ .name = "xmc",
	  .manufacturer = 0x20,
	  .type = 0x40,
	  .has_sfdp = true,
	  .habit = SIM_FLASH_WAKES_BADLY,
	  TIMES },
	{ .name = "strange",
	  .manufacturer = 0x7F,
	  .type = 0x99,
	  .habit = SIM_FLASH_STRANGE_ID,
	  TIMES },
	{ .name = "none", .habit = SIM_FLASH_ABSENT, TIMES },
	{ .name = NULL },
};

const struct sim_flash_part *sim_flash_part_find(const char *name)
{
	for (const struct sim_flash_part *p = sim_flash_parts; p->name; p++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

bool sim_flash_is_size(uint64_t size)
{
	return size >= 256u << 10 && size <= 128u << 20 && (size & (size - 1)) == 0;
}

/* A file that has just been made is all FF, as a flash from the factory. */
static kiln_code fill(int fd, uint32_t size, const char *path, struct kiln_err *err)
{
	uint8_t blank[SIM_FLASH_BLOCK];

	memset(blank, 0xFF, sizeof(blank));
	for (uint32_t at = 0; at < size; at += sizeof(blank)) {
		const ssize_t n = pwrite(fd, blank, sizeof(blank), at);

		if (n != (ssize_t)sizeof(blank))
			return kiln_fail_errno(err, KILN_E_IO, n < 0 ? errno : ENOSPC,
					       "cannot write '%s'", path);
	}
	return KILN_OK;
}

static kiln_code open_file(struct sim_flash *flash, const char *path, uint32_t size,
			   struct kiln_err *err)
{
	struct stat st;

	flash->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (flash->fd < 0 || fstat(flash->fd, &st) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", path);
	flash->size = size ? size : 4u << 20;
	if (st.st_size == 0)
		return fill(flash->fd, flash->size, path, err);
	if (size == 0 && sim_flash_is_size((uint64_t)st.st_size))
		flash->size = (uint32_t)st.st_size;
	if ((uint64_t)st.st_size == flash->size)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use '%s' as a flash", path);
	kiln_why(err, "it has %lld bytes, the flash has %u", (long long)st.st_size, flash->size);
	kiln_hint(err, "give its size, or remove the file: it will be made anew, blank");
	return KILN_E_INVALID;
}

static kiln_code map(struct sim_flash *flash, const char *path, uint32_t size, struct kiln_err *err)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	flash->size = size ? size : 4u << 20;
	if (path) {
		KILN_TRY(open_file(flash, path, size, err));
		flags = MAP_SHARED;
	}
	flash->data = mmap(NULL, flash->size, PROT_READ | PROT_WRITE, flags, flash->fd, 0);
	if (flash->data == MAP_FAILED) {
		flash->data = NULL;
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot map the flash's file");
	}
	if (!path)
		memset(flash->data, 0xFF, flash->size);
	return KILN_OK;
}

kiln_code sim_flash_open(struct sim_flash *flash, const char *path, uint32_t size,
			 struct kiln_err *err)
{
	kiln_code code;

	*flash = (struct sim_flash){ .part = &sim_flash_parts[0],
				     .fd = -1,
				     .bad_sector = UINT32_MAX };
	if (size && !sim_flash_is_size(size)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot make a flash of %u bytes", size);
		kiln_why(err, "sizes are powers of two from 256 KB to 128 MB");
		return KILN_E_INVALID;
	}
	code = map(flash, path, size, err);
	if (code != KILN_OK)
		sim_flash_close(flash);
	return code;
}

void sim_flash_close(struct sim_flash *flash)
{
	if (flash->data)
		munmap(flash->data, flash->size);
	if (flash->fd >= 0)
		close(flash->fd);
	flash->data = NULL;
	flash->fd = -1;
}

uint32_t sim_flash_jedec(const struct sim_flash *flash)
{
	const uint32_t log2 = 31u - (uint32_t)__builtin_clz(flash->size);

	return flash->part->manufacturer | (uint32_t)flash->part->type << 8 | log2 << 16;
}

/*
 * JESD216: header "SFDP", revision 1.6, one parameter header more (the maker's, at 10h); the basic
 * table at 80h tells the size in bits in its second word.
 */
void sim_flash_sfdp(const struct sim_flash *flash, uint32_t address, uint8_t *buf, size_t n)
{
	static const uint8_t header[] = { 'S',  'F',  'D',  'P',  0x06, 0x01, 0x01, 0xFF,
					  0x00, 0x06, 0x01, 0x10, 0x80, 0x00, 0x00, 0xFF },
			     basic[] = { 0xE5, 0x20, 0xF9, 0xFF };
	const uint32_t last_bit = flash->size * 8 - 1;
	uint8_t table[0x88];

	memset(table, 0xFF, sizeof(table));
	memcpy(table, header, sizeof(header));
	memcpy(table + 0x10, (uint8_t[]){ flash->part->manufacturer, 0, 1, 4, 0x80, 0, 0, 0xFF },
	       8);
	memcpy(table + 0x80, basic, sizeof(basic));
	for (unsigned i = 0; i < 4; i++)
		table[0x84 + i] = (uint8_t)(last_bit >> 8 * i);
	for (size_t i = 0; i < n; i++)
		buf[i] = !flash->part->has_sfdp        ? 0
			 : address + i < sizeof(table) ? table[address + i]
						       : 0xFF;
}

void sim_flash_read(const struct sim_flash *flash, uint32_t address, void *buf, size_t n)
{
	uint8_t *out = buf;

	if (flash->part->habit == SIM_FLASH_ABSENT) {
		memset(buf, 0xFF, n);
		return;
	}
	for (size_t done = 0; done < n;) {
		const uint32_t at = (uint32_t)(address + done) & (flash->size - 1);
		const size_t piece = n - done < flash->size - at ? n - done : flash->size - at;

		memcpy(out + done, flash->data + at, piece);
		done += piece;
	}
}

sim_ns sim_flash_time(const struct sim_flash *flash, const struct sim_flash_op *op)
{
	switch (op->kind) {
	case SIM_FLASH_PROGRAM:
		return flash->part->page_program;
	case SIM_FLASH_ERASE_SECTOR:
		return flash->part->sector_erase;
	case SIM_FLASH_ERASE_BLOCK:
		return flash->part->block_erase;
	case SIM_FLASH_ERASE_CHIP:
		return flash->part->chip_erase_per_mb * (flash->size >> 18) / 4;
	}
	return 0;
}

/* The bytes that an erase covers. */
static void erase_range(const struct sim_flash *flash, const struct sim_flash_op *op,
			uint32_t *ret_from, uint32_t *ret_n)
{
	uint32_t n = SIM_FLASH_SECTOR;

	if (op->kind == SIM_FLASH_ERASE_CHIP)
		n = flash->size;
	if (op->kind == SIM_FLASH_ERASE_BLOCK)
		n = SIM_FLASH_BLOCK;
	*ret_from = op->address & (flash->size - 1) & ~(n - 1);
	*ret_n = n;
}

static bool is_bad(const struct sim_flash *flash, uint32_t at)
{
	return at / SIM_FLASH_SECTOR == flash->bad_sector;
}

static void erase(struct sim_flash *flash, const struct sim_flash_op *op)
{
	uint32_t from, n;

	erase_range(flash, op, &from, &n);
	if (n == flash->size || (from <= SIM_FLASH_FILES && SIM_FLASH_FILES < from + n))
		flash->files_erased = true;
	for (uint32_t at = from; at < from + n; at += SIM_FLASH_SECTOR) {
		if (!is_bad(flash, at))
			memset(flash->data + at, 0xFF, SIM_FLASH_SECTOR);
	}
}

/* Within the page the address wraps, as the datasheet says of Page Program. */
static void program(struct sim_flash *flash, const struct sim_flash_op *op, uint32_t n)
{
	const uint32_t page = op->address & (flash->size - 1) & ~(uint32_t)(SIM_FLASH_PAGE - 1);

	if (is_bad(flash, page))
		return;
	for (uint32_t i = 0; i < n; i++)
		flash->data[page + (op->address + i) % SIM_FLASH_PAGE] &= op->data[i];
}

void sim_flash_apply(struct sim_flash *flash, const struct sim_flash_op *op)
{
	if (flash->part->habit == SIM_FLASH_ABSENT)
		return;
	if (op->kind == SIM_FLASH_PROGRAM) {
		program(flash, op, op->n);
		flash->programmed += op->n;
		return;
	}
	erase(flash, op);
}

void sim_flash_tear(struct sim_flash *flash, const struct sim_flash_op *op, sim_ns part,
		    sim_ns whole, uint64_t *random)
{
	uint32_t from, n;

	if (op->kind == SIM_FLASH_PROGRAM) {
		program(flash, op, (uint32_t)(op->n * part / (whole ? whole : 1)));
		return;
	}
	erase_range(flash, op, &from, &n);
	for (uint32_t at = from; at < from + n; at++) {
		if (!is_bad(flash, at) && (sim_ns)(sim_random(random) % 1024) * whole < part * 1024)
			flash->data[at] |= (uint8_t)sim_random(random);
	}
}
