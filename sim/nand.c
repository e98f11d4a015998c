/* SPDX-License-Identifier: Apache-2.0 */
/* A serial NAND flash in a mapped file. */
#include "sim/nand.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

/* "AC electrical characteristics": typical times; of a read with ECC only the longest is told. */
#define READ_TIME (60 * SIM_US)
#define PROGRAM_TIME (250 * SIM_US)
#define ERASE_TIME (2 * SIM_MS)
#define RESET_TIME (500 * SIM_US)
/* A byte at 40 MHz, as the stub's plugin sets the bus; around each command its own work. */
#define BYTE_TIME ((sim_ns)200)
#define TRANSFER_TIME (10 * SIM_US)

#define CHIP_SIZE ((size_t)SIM_NAND_PAGES * SIM_NAND_RAW)

/* All blocks are protected at power-on; ECC is on, and so is the buffer mode of parts "IG". */
enum { PROTECT_AT_RESET = 0x7C, CONFIG_AT_RESET = SIM_NAND_ECC | SIM_NAND_BUFFERED };

enum { SECTOR = 512, SECTOR_SPARE = 16, PARITY_AT = 8, PARITY_SIZE = 6 };

static const struct sim_nand_part parts[] = {
	{ "w25n01gv", true, { 0xEF, 0xAA, 0x21 } },
	{ "strange", true, { 0x7F, 0x99, 0x99 } },
	{ .name = "none" },
};

const struct sim_nand_part *sim_nand_part_find(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	return NULL;
}

bool sim_nand_blocks_parse(const char *text, struct sim_nand_blocks *ret_blocks)
{
	struct sim_nand_blocks blocks = { { 0 } };
	char copy[512], *save = NULL;
	uint64_t n;

	if (!*text || !kiln_text_copy(copy, sizeof(copy), text))
		return false;
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (!kiln_text_to_u64(p, &n) || n >= SIM_NAND_BLOCKS)
			return false;
		blocks.bits[n / 32] |= 1u << n % 32;
	}
	*ret_blocks = blocks;
	return true;
}

/* --- cells --- */

static uint8_t *cells_of(const struct sim_nand *nand, uint32_t page)
{
	return nand->cells + (size_t)(page % SIM_NAND_PAGES) * SIM_NAND_RAW;
}

/* A program that makes nothing of a byte that is FF leaves the file as sparse as it is. */
static void program_bytes(uint8_t *cells, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != 0xFF)
			cells[i] |= (uint8_t)~bytes[i];
	}
}

static void mark_factory(const struct sim_nand *nand, const struct sim_nand_blocks *bad)
{
	for (uint32_t i = 0; bad && i < SIM_NAND_BLOCKS; i++) {
		if (bad->bits[i / 32] & 1u << i % 32)
			cells_of(nand, i * SIM_NAND_BLOCK_PAGES)[SIM_NAND_PAGE] = 0xFF;
	}
}

/* --- the file --- */

static kiln_code open_file(struct sim_nand *nand, const char *path, bool *ret_new,
			   struct kiln_err *err)
{
	struct stat st;

	nand->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (nand->fd < 0 || fstat(nand->fd, &st) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", path);
	*ret_new = st.st_size == 0;
	if (*ret_new && ftruncate(nand->fd, (off_t)CHIP_SIZE) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	if (*ret_new || (size_t)st.st_size == CHIP_SIZE)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use '%s' as a NAND flash", path);
	kiln_why(err, "it has %lld bytes, the chip has %zu", (long long)st.st_size, CHIP_SIZE);
	kiln_hint(err, "remove the file: it will be made anew, blank");
	return KILN_E_INVALID;
}

static kiln_code map(struct sim_nand *nand, const char *path, bool *ret_new, struct kiln_err *err)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	*ret_new = true;
	if (path) {
		KILN_TRY(open_file(nand, path, ret_new, err));
		flags = MAP_SHARED;
	}
	nand->cells = mmap(NULL, CHIP_SIZE, PROT_READ | PROT_WRITE, flags, nand->fd, 0);
	if (nand->cells != MAP_FAILED)
		return KILN_OK;
	nand->cells = NULL;
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot map the NAND flash's file");
}

kiln_code sim_nand_open(struct sim_nand *nand, const struct sim_nand_part *part, const char *path,
			const struct sim_nand_blocks *bad, const struct sim_faults *faults,
			struct kiln_err *err)
{
	kiln_code code;
	bool is_new;

	*nand = (struct sim_nand){ .part = part,
				   .fd = -1,
				   .faults = faults,
				   .protect = PROTECT_AT_RESET,
				   .config = CONFIG_AT_RESET };
	if (!part || !part->there)
		return KILN_OK;
	code = map(nand, path, &is_new, err);
	if (code != KILN_OK) {
		sim_nand_close(nand);
		return code;
	}
	if (is_new)
		mark_factory(nand, bad);
	return KILN_OK;
}

void sim_nand_close(struct sim_nand *nand)
{
	if (nand->cells)
		munmap(nand->cells, CHIP_SIZE);
	if (nand->fd >= 0)
		close(nand->fd);
	nand->cells = NULL;
	nand->fd = -1;
}

/* --- ECC --- */

/* Not the chip's own code, which no host ever sees; FF for data that is all FF. */
static void parity_of(const uint8_t *data, uint8_t parity[PARITY_SIZE])
{
	uint64_t sum = 0, blank = 0;

	for (size_t i = 0; i < SECTOR; i++) {
		sum = (sum ^ data[i]) * 0x100000001B3u; /* as FNV-1a */
		blank = (blank ^ 0xFF) * 0x100000001B3u;
	}
	sum ^= blank;
	for (size_t i = 0; i < PARITY_SIZE; i++)
		parity[i] = (uint8_t) ~(sum >> 8 * i);
}

static uint8_t *parity_in(uint8_t *raw, unsigned sector)
{
	return raw + SIM_NAND_PAGE + (size_t)sector * SECTOR_SPARE + PARITY_AT;
}

static void put_parity(uint8_t *raw)
{
	for (unsigned i = 0; i < SIM_NAND_PAGE / SECTOR; i++)
		parity_of(raw + (size_t)i * SECTOR, parity_in(raw, i));
}

static bool parity_holds(uint8_t *raw)
{
	uint8_t parity[PARITY_SIZE];

	for (unsigned i = 0; i < SIM_NAND_PAGE / SECTOR; i++) {
		parity_of(raw + (size_t)i * SECTOR, parity);
		if (memcmp(parity, parity_in(raw, i), PARITY_SIZE) != 0)
			return false;
	}
	return true;
}

/* --- commands --- */

static bool has_fault(const struct sim_nand *nand, sim_fault_kind kind, uint32_t page)
{
	const uint32_t block = page % SIM_NAND_PAGES / SIM_NAND_BLOCK_PAGES;

	for (size_t i = 0; nand->faults && i < nand->faults->n; i++) {
		if (nand->faults->items[i].kind == kind && nand->faults->items[i].n == block)
			return true;
	}
	return false;
}

static sim_ns do_reset(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	(void)t;
	nand->status = 0;
	return RESET_TIME;
}

static sim_ns do_read_id(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	for (size_t i = 0; i < t->n_in; i++)
		t->in[i] = i < sizeof(nand->part->id) ? nand->part->id[i] : 0;
	return 0;
}

static uint8_t *register_at(struct sim_nand *nand, uint32_t address)
{
	if (address == SIM_NAND_PROTECT)
		return &nand->protect;
	if (address == SIM_NAND_CONFIG)
		return &nand->config;
	return address == SIM_NAND_STATUS ? &nand->status : NULL;
}

static sim_ns do_read_register(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	const uint8_t *r = register_at(nand, t->address);

	memset(t->in, r ? *r : 0, t->n_in);
	return 0;
}

static sim_ns do_write_register(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	uint8_t *r = register_at(nand, t->address);

	if (r && r != &nand->status && t->n_out > 0)
		*r = t->out[0];
	return 0;
}

static sim_ns do_write_enable(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	(void)t;
	nand->status |= SIM_NAND_ENABLED;
	return 0;
}

static sim_ns do_page_read(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	const uint8_t *cells = cells_of(nand, t->address);
	const bool broken = has_fault(nand, SIM_FAULT_NAND_ECC, t->address);

	for (size_t i = 0; i < SIM_NAND_RAW; i++)
		nand->buffer[i] = (uint8_t)~cells[i];
	nand->status &= (uint8_t)~SIM_NAND_BEYOND_REPAIR;
	if (nand->config & SIM_NAND_ECC && (broken || !parity_holds(nand->buffer)))
		nand->status |= SIM_NAND_BEYOND_REPAIR;
	return READ_TIME;
}

static sim_ns do_read_buffer(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	for (size_t i = 0; i < t->n_in; i++)
		t->in[i] = t->address + i < SIM_NAND_RAW ? nand->buffer[t->address + i] : 0xFF;
	return 0;
}

static sim_ns do_load(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	if (t->code == SIM_NAND_LOAD)
		memset(nand->buffer, 0xFF, SIM_NAND_RAW);
	for (size_t i = 0; i < t->n_out && t->address + i < SIM_NAND_RAW; i++)
		nand->buffer[t->address + i] = t->out[i];
	return 0;
}

/* Both clear the latch, and what the operation before left in the status. */
static bool may_change(struct sim_nand *nand, uint8_t failed)
{
	const bool enabled = nand->status & SIM_NAND_ENABLED;

	if (enabled)
		nand->status &= (uint8_t) ~(SIM_NAND_ENABLED | SIM_NAND_ERASE_FAILED |
					    SIM_NAND_PROGRAM_FAILED);
	if (enabled && nand->protect)
		nand->status |= failed;
	return enabled && !nand->protect;
}

static sim_ns do_program(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	uint8_t *cells = cells_of(nand, t->address);

	if (!may_change(nand, SIM_NAND_PROGRAM_FAILED))
		return 0;
	if (nand->config & SIM_NAND_ECC)
		put_parity(nand->buffer);
	if (has_fault(nand, SIM_FAULT_NAND_PROGRAM, t->address)) {
		nand->status |= SIM_NAND_PROGRAM_FAILED;
		/* a mark is a few bits of many, and most worn blocks still take it */
		program_bytes(cells + SIM_NAND_PAGE, nand->buffer + SIM_NAND_PAGE, 4);
	} else if (has_fault(nand, SIM_FAULT_NAND_SILENT, t->address)) {
		program_bytes(cells + SIM_NAND_PAGE, nand->buffer + SIM_NAND_PAGE, 4);
	} else {
		program_bytes(cells, nand->buffer, SIM_NAND_RAW);
	}
	return PROGRAM_TIME;
}

/* A block is a whole number of memory pages: given back, it reads as zeros, and so as FF. */
static void blank(const struct sim_nand *nand, uint32_t first)
{
	const size_t size = (size_t)SIM_NAND_BLOCK_PAGES * SIM_NAND_RAW;
	uint8_t *cells = cells_of(nand, first);
	const int failed = nand->fd < 0
				   ? madvise(cells, size, MADV_DONTNEED)
				   : fallocate(nand->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					       cells - nand->cells, (off_t)size);

	if (failed)
		memset(cells, 0, size);
}

static sim_ns do_erase(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	const uint32_t first = t->address - t->address % SIM_NAND_BLOCK_PAGES;

	if (!may_change(nand, SIM_NAND_ERASE_FAILED))
		return 0;
	if (has_fault(nand, SIM_FAULT_NAND_ERASE, t->address))
		nand->status |= SIM_NAND_ERASE_FAILED;
	else
		blank(nand, first);
	return ERASE_TIME;
}

/* What is not here is ignored. */
static const struct {
	uint8_t code;
	uint8_t address; /* bytes of it and of dummies */
	sim_ns (*run)(struct sim_nand *nand, const struct sim_nand_transfer *t);
} commands[] = {
	{ SIM_NAND_RESET, 0, do_reset },
	{ SIM_NAND_READ_ID, 1, do_read_id },
	{ SIM_NAND_READ_REGISTER, 1, do_read_register },
	{ SIM_NAND_WRITE_REGISTER, 1, do_write_register },
	{ SIM_NAND_WRITE_ENABLE, 0, do_write_enable },
	{ SIM_NAND_PAGE_READ, 3, do_page_read },
	{ SIM_NAND_READ_BUFFER, 3, do_read_buffer },
	{ SIM_NAND_LOAD, 2, do_load },
	{ SIM_NAND_LOAD_MORE, 2, do_load },
	{ SIM_NAND_PROGRAM, 3, do_program },
	{ SIM_NAND_ERASE, 3, do_erase },
};

sim_ns sim_nand_run(struct sim_nand *nand, const struct sim_nand_transfer *t)
{
	sim_ns took = TRANSFER_TIME + (sim_ns)(1 + t->n_out + t->n_in) * BYTE_TIME;

	if (!nand->cells) { /* nobody drives the line */
		memset(t->in, 0xFF, t->n_in);
		return took;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].code == t->code)
			took += commands[i].address * BYTE_TIME + commands[i].run(nand, t);
	}
	return took;
}
