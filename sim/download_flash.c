/* SPDX-License-Identifier: Apache-2.0 */
/* Flash that a host sets up, writes, erases and has the digest of. */
#include "sim/download_commands.h"

#include <openssl/evp.h>

enum {
	STUB_BLOCK_MAX = 0x4000,
	FLASH_SIZE_MAX =
		128 << 20, /* the largest part there is: what a host says bounds our work */
};

/* --- set-up --- */

static void cmd_spi_attach(struct sim_download *d)
{
	sim_succeed(d);
	d->attached = true;
}

static void cmd_spi_set_params(struct sim_download *d)
{
	const uint32_t size = sim_request_word(d, 1);

	sim_succeed(d);
	d->flash_size = size < FLASH_SIZE_MAX ? size : FLASH_SIZE_MAX;
}

/* --- writing --- */

/*
 * The ESP8266's ROM erases single sectors up to the next block border, and does not take them from
 * the number that is left for the blocks: it erases the head twice as far.
 */
static uint32_t erased_by_rom(const struct sim_download *d, uint32_t at, uint32_t size)
{
	const uint32_t n = (size + SIM_FLASH_SECTOR - 1) / SIM_FLASH_SECTOR;
	const uint32_t head = 16 - at / SIM_FLASH_SECTOR % 16;

	if (!d->bus->model->habits->counts_head_twice)
		return size;
	return (n < head ? 2 * n : n + head) * SIM_FLASH_SECTOR;
}

static sim_writer_kind writer_kind(const struct sim_download *d)
{
	if (sim_is_rom(d))
		return SIM_WRITER_ROM;
	return d->program == SIM_PROGRAM_LEGACY_STUB ? SIM_WRITER_LEGACY : SIM_WRITER_STUB;
}

/* A fifth word: stubs know it, and ROMs that know of security at all. */
static bool takes_encrypt(const struct sim_download *d)
{
	return d->n_body >= 20 && (!sim_is_rom(d) || d->bus->model->habits->security_info);
}

static void begin(struct sim_download *d, bool compressed)
{
	const uint32_t size = sim_request_word(d, 0), blocks = sim_request_word(d, 1),
		       block = sim_request_word(d, 2), at = sim_request_word(d, 3);
	uint32_t n = size;

	if (sim_is_rom(d) && d->bus->model->habits->is_old)
		d->attached = true; /* this command does it there */
	if (sim_is_rom(d) && !d->attached) {
		sim_reply_fail(d, 1, SIM_ROM_FAILED);
		return;
	}
	if (!sim_is_rom(d) && block > STUB_BLOCK_MAX) {
		sim_reply_fail(d, 1, SIM_STUB_BAD_BLOCK);
		return;
	}
	if (!sim_in_flash(d, at, size)) {
		sim_fail(d, SIM_ROM_FAILED, SIM_STUB_FLASH);
		return;
	}
	if (sim_is_rom(d) && !compressed) /* blocks as they come, padding and all */
		n = blocks < d->flash_size / (block ? block : 1) ? blocks * block : d->flash_size;
	sim_writer_begin(&d->writer, d->now, at, n, compressed, writer_kind(d));
	d->writer.encrypt = takes_encrypt(d) && sim_request_word(d, 4);
	if (sim_is_rom(d))
		sim_writer_erase(&d->writer, at, erased_by_rom(d, at, size));
	d->seq = 0;
}

static void cmd_flash_begin(struct sim_download *d)
{
	begin(d, false);
}

static void cmd_defl_begin(struct sim_download *d)
{
	begin(d, true);
}

static uint8_t stub_block_error(const struct sim_download *d, bool compressed)
{
	if (!d->writer.open || d->writer.compressed != compressed)
		return SIM_STUB_NOT_BEGUN;
	if (d->n_body - SIM_DATA_HEADER != sim_request_word(d, 0))
		return SIM_STUB_BAD_LENGTH;
	if (d->checksum != sim_xor_sum(d))
		return SIM_STUB_BAD_CHECKSUM;
	return d->writer.left == 0 && !compressed ? SIM_STUB_TOO_MUCH : 0;
}

/* A stub acknowledges a block before it writes it, a ROM after. */
static void data(struct sim_download *d, bool compressed)
{
	const bool open = d->writer.open && d->writer.compressed == compressed;
	const uint8_t error = sim_is_rom(d) ? sim_rom_block_error(d, open, &d->seq)
					    : stub_block_error(d, compressed);
	const struct kiln_span block = { d->body.p + SIM_DATA_HEADER, d->n_body - SIM_DATA_HEADER };

	if (!d->writer.open && sim_is_rom(d) && d->bus->model->habits->is_strict) {
		d->reply.status = 0; /* these ROMs do not mind, and write nothing */
		return;
	}
	if (error)
		sim_reply_fail(d, 1, error);
	else
		sim_writer_data(&d->writer, block);
}

static void cmd_flash_data(struct sim_download *d)
{
	data(d, false);
}

static void cmd_defl_data(struct sim_download *d)
{
	data(d, true);
}

static void cmd_flash_end(struct sim_download *d)
{
	sim_succeed(d);
	if (!sim_is_rom(d) && !d->writer.open)
		sim_reply_fail(d, 1, SIM_STUB_NOT_BEGUN);
	else if (!sim_is_rom(d) && d->writer.left)
		sim_reply_fail(d, 1, SIM_STUB_NOT_ENOUGH);
	sim_writer_end(&d->writer);
	if (d->reply.status == 0 && sim_request_word(d, 0) == 0)
		d->wish = SIM_WISH_REBOOT;
}

/* --- erasing --- */

static void cmd_erase_flash(struct sim_download *d)
{
	sim_succeed(d);
	d->work_first = true;
	sim_writer_erase_chip(&d->writer);
}

static void cmd_erase_region(struct sim_download *d)
{
	const uint32_t at = sim_request_word(d, 0), n = sim_request_word(d, 1);

	if ((at | n) % SIM_FLASH_SECTOR) {
		sim_reply_fail(d, 1, SIM_STUB_BAD_LENGTH);
		return;
	}
	if (!sim_in_flash(d, at, n)) {
		sim_reply_fail(d, 1, SIM_STUB_FLASH);
		return;
	}
	d->work_first = true;
	sim_writer_erase(&d->writer, at, n);
}

/* --- digest --- */

static void md5_of_flash(const struct sim_download *d, uint32_t at, uint32_t n, uint8_t out[16])
{
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	uint8_t piece[SIM_FLASH_SECTOR];

	EVP_DigestInit_ex(md5, EVP_md5(), NULL);
	for (uint32_t done = 0; done < n;) {
		const uint32_t m = n - done < sizeof(piece) ? n - done : sizeof(piece);

		sim_flash_read(d->bus->flash, at + done, piece, m);
		EVP_DigestUpdate(md5, piece, m);
		done += m;
	}
	EVP_DigestFinal_ex(md5, out, NULL);
	EVP_MD_CTX_free(md5);
}

static void cmd_md5(struct sim_download *d)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t md5[16];

	if (!sim_in_flash(d, sim_request_word(d, 0), sim_request_word(d, 1)) || !d->attached) {
		sim_fail(d, SIM_ROM_READ_ERROR, SIM_STUB_FLASH);
		return;
	}
	sim_succeed(d);
	md5_of_flash(d, sim_request_word(d, 0), sim_request_word(d, 1), md5);
	d->cost += sim_request_word(d, 1) * SIM_READ_TIME_PER_BYTE +
		   sim_writer_settle(&d->writer, d->now);
	if (!sim_is_rom(d)) {
		memcpy(d->reply.data, md5, sizeof(md5));
		return;
	}
	for (unsigned i = 0; i < sizeof(md5); i++) {
		d->reply.data[2 * i] = (uint8_t)digits[md5[i] >> 4];
		d->reply.data[2 * i + 1] = (uint8_t)digits[md5[i] & 15];
	}
}

const struct sim_command sim_flash_commands[] = {
	/* op, who, shortest body, data in the reply */
	{ 0x02, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_flash_begin },
	{ 0x03, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_flash_data },
	{ 0x04, SIM_BY_ROM | SIM_BY_STUB, 4, { 0, 0 }, cmd_flash_end },
	{ 0x0B, SIM_BY_ROM | SIM_BY_STUB, 24, { 0, 0 }, cmd_spi_set_params },
	{ 0x0D, SIM_BY_ROM | SIM_BY_STUB, 4, { 0, 0 }, cmd_spi_attach },
	{ 0x10, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_defl_begin },
	{ 0x11, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_defl_data },
	{ 0x12, SIM_BY_ROM | SIM_BY_STUB, 4, { 0, 0 }, cmd_flash_end },
	{ 0x13, SIM_BY_ROM | SIM_BY_STUB, 16, { 32, 16 }, cmd_md5 },
	{ 0xD0, SIM_BY_STUB, 0, { 0, 0 }, cmd_erase_flash },
	{ 0xD1, SIM_BY_STUB, 8, { 0, 0 }, cmd_erase_region },
	{ .run = NULL },
};
