/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each command of the loader protocol does on the chip: one row, one function. Names and
 * payloads are those of Espressif's serial protocol documentation; what that leaves open
 * (leftovers in a ROM's replies, what is checked and what not) is as recorded.
 */
#include "sim/download.h"

#include <openssl/evp.h>

enum {
	DATA_HEADER = 16,
	STUB_BLOCK_MAX = 0x4000,
	BAUD_MAX = 5000000,
	FLASH_SIZE_MAX =
		128 << 20, /* the largest part there is: what a host says bounds our work */
};

static uint32_t word(const struct sim_download *d, unsigned i)
{
	return sim_request_word(d, i);
}

static void succeed(struct sim_download *d)
{
	d->reply.status = 0;
	d->reply.error = 0;
}

static void fail(struct sim_download *d, uint8_t rom_error, uint8_t stub_error)
{
	sim_reply_fail(d, 1, sim_is_rom(d) ? rom_error : stub_error);
}

static bool in_flash(const struct sim_download *d, uint32_t address, uint32_t n)
{
	return address <= d->flash_size && n <= d->flash_size - address;
}

/* --- the link itself --- */

static void cmd_sync(struct sim_download *d)
{
	succeed(d);
	d->reply.repeat = 8;
	if (sim_is_rom(d))
		d->reply.value = word(d, 0);
}

static void cmd_change_baud(struct sim_download *d)
{
	const uint32_t baud = word(d, 0);

	if (baud == 0 || baud > BAUD_MAX) {
		fail(d, SIM_ROM_INVALID, SIM_STUB_BAD_LENGTH);
		return;
	}
	succeed(d);
	d->wish = SIM_WISH_BAUD;
	d->wished_baud = baud;
}

/* --- registers --- */

static void cmd_read_reg(struct sim_download *d)
{
	succeed(d);
	d->reply.value = sim_bus_read(d->bus, word(d, 0));
}

/* Any number of records: address, value, mask, microseconds to wait after it. */
static void cmd_write_reg(struct sim_download *d)
{
	for (unsigned i = 0; (i + 1) * 16 <= d->n_body; i++) {
		const uint32_t address = word(d, 4 * i), mask = word(d, 4 * i + 2);
		const uint32_t old = mask == UINT32_MAX ? 0 : sim_bus_read(d->bus, address);

		d->cost += sim_bus_write(d->bus, address,
					 (old & ~mask) | (word(d, 4 * i + 1) & mask));
		d->cost += word(d, 4 * i + 3) * SIM_US;
	}
	succeed(d);
}

/* --- RAM --- */

static void cmd_mem_begin(struct sim_download *d)
{
	d->loading.open = true;
	d->loading.left = word(d, 0);
	d->loading.address = d->loading.start = word(d, 3);
	d->loading.seq = 0;
}

static uint8_t xor_sum(const struct sim_download *d)
{
	uint8_t sum = 0xEF;

	for (size_t i = DATA_HEADER; i < d->n_body; i++)
		sum ^= d->request[i];
	return sum;
}

/* What is wrong with a data block, 0 if nothing. A ROM counts blocks before it looks into them. */
static uint8_t rom_block_error(struct sim_download *d, bool open, uint32_t *seq)
{
	if (!open || word(d, 1) != *seq || d->n_body != DATA_HEADER + (size_t)word(d, 0))
		return SIM_ROM_INVALID;
	++*seq;
	return d->checksum == xor_sum(d) ? 0 : SIM_ROM_BAD_CHECKSUM;
}

static void note_region(struct sim_loading *l)
{
	if (l->left || l->n_regions == sizeof(l->regions) / sizeof(l->regions[0]))
		return;
	l->regions[l->n_regions][0] = l->start;
	l->regions[l->n_regions++][1] = l->address;
}

/* The ROM writes to where there is no memory: its exception handler says so, and hangs. */
static void crash(struct sim_download *d)
{
	static const char text[] = "Guru Meditation Error: Core 0 panic'ed (Store/AMO access "
				   "fault)\r\nCore 0 register dump:\r\n";

	(void)kiln_buf_append(&d->out, text, sizeof(text) - 1);
	d->quiet = true;
	d->program = SIM_PROGRAM_SILENT;
}

static void cmd_mem_data(struct sim_download *d)
{
	struct sim_loading *l = &d->loading;
	uint32_t n = (uint32_t)(d->n_body - (d->n_body < DATA_HEADER ? d->n_body : DATA_HEADER));
	uint8_t error = 0;

	if (sim_is_rom(d))
		error = rom_block_error(d, l->open, &l->seq);
	else if (!l->open)
		error = SIM_STUB_NOT_BEGUN;
	else if (word(d, 0) != n)
		error = l->left ? SIM_STUB_BAD_LENGTH : SIM_STUB_TOO_MUCH;
	else if (n > l->left)
		error = SIM_STUB_TOO_MUCH;
	if (!error && !sim_bus_load(d->bus, l->address, d->request + DATA_HEADER, n)) {
		if (sim_is_rom(d) && d->bus->model->habits->is_strict) {
			crash(d);
			return;
		}
		error = sim_is_rom(d) ? SIM_ROM_FAILED : SIM_STUB_BAD_LENGTH;
	}
	if (error) {
		sim_reply_fail(d, 1, error);
		return;
	}
	l->address += n;
	l->left -= n < l->left ? n : l->left;
	note_region(l);
}

/* A stub is known by its place in RAM; other code is no concern of a host and says nothing. */
static const struct sim_stub *loaded_stub(const struct sim_download *d, uint32_t entry)
{
	for (const struct sim_stub *s = d->bus->model->stubs; s->name; s++) {
		for (unsigned i = 0; i < d->loading.n_regions; i++) {
			const uint32_t *region = d->loading.regions[i];

			if (region[0] == s->text_start && entry >= region[0] && entry < region[1])
				return s;
		}
	}
	return NULL;
}

enum { S3_SECURE_BOOT_REG = 0x60007038, S3_SECURE_BOOT = 1 << 20 };

static bool has_boot_hook(const struct sim_download *d)
{
	return sim_is_rom(d) && d->bus->model->boot_hook &&
	       sim_bus_read(d->bus, S3_SECURE_BOOT_REG) & S3_SECURE_BOOT;
}

static void cmd_mem_end(struct sim_download *d)
{
	succeed(d);
	d->loading.open = false;
	if (word(d, 0) != 0) /* stay in the loader */
		return;
	if (has_boot_hook(d)) /* it says that it did, and does not */
		return;
	d->next_stub = loaded_stub(d, word(d, 1));
	d->run_ram = true;
}

/* --- flash: set-up --- */

static void cmd_spi_attach(struct sim_download *d)
{
	succeed(d);
	d->attached = true;
}

static void cmd_spi_set_params(struct sim_download *d)
{
	const uint32_t size = word(d, 1);

	succeed(d);
	d->flash_size = size < FLASH_SIZE_MAX ? size : FLASH_SIZE_MAX;
}

/* --- flash: writing --- */

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
	const uint32_t size = word(d, 0), blocks = word(d, 1), block = word(d, 2), at = word(d, 3);
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
	if (!in_flash(d, at, size)) {
		fail(d, SIM_ROM_FAILED, SIM_STUB_FLASH);
		return;
	}
	if (sim_is_rom(d) && !compressed) /* blocks as they come, padding and all */
		n = blocks < d->flash_size / (block ? block : 1) ? blocks * block : d->flash_size;
	sim_writer_begin(&d->writer, d->now, at, n, compressed, writer_kind(d));
	d->writer.encrypt = takes_encrypt(d) && word(d, 4);
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
	if (d->n_body - DATA_HEADER != word(d, 0))
		return SIM_STUB_BAD_LENGTH;
	if (d->checksum != xor_sum(d))
		return SIM_STUB_BAD_CHECKSUM;
	return d->writer.left == 0 && !compressed ? SIM_STUB_TOO_MUCH : 0;
}

/* A stub acknowledges a block before it writes it, a ROM after. */
static void data(struct sim_download *d, bool compressed)
{
	const bool open = d->writer.open && d->writer.compressed == compressed;
	const uint8_t error = sim_is_rom(d) ? rom_block_error(d, open, &d->seq)
					    : stub_block_error(d, compressed);
	const struct kiln_span block = { d->body.p + DATA_HEADER, d->n_body - DATA_HEADER };

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
	succeed(d);
	if (!sim_is_rom(d) && !d->writer.open)
		sim_reply_fail(d, 1, SIM_STUB_NOT_BEGUN);
	else if (!sim_is_rom(d) && d->writer.left)
		sim_reply_fail(d, 1, SIM_STUB_NOT_ENOUGH);
	sim_writer_end(&d->writer);
	if (d->reply.status == 0 && word(d, 0) == 0)
		d->wish = SIM_WISH_REBOOT;
}

/* --- flash: erasing --- */

static void cmd_erase_flash(struct sim_download *d)
{
	succeed(d);
	d->work_first = true;
	sim_writer_erase_chip(&d->writer);
}

static void cmd_erase_region(struct sim_download *d)
{
	const uint32_t at = word(d, 0), n = word(d, 1);

	if ((at | n) % SIM_FLASH_SECTOR) {
		sim_reply_fail(d, 1, SIM_STUB_BAD_LENGTH);
		return;
	}
	if (!in_flash(d, at, n)) {
		sim_reply_fail(d, 1, SIM_STUB_FLASH);
		return;
	}
	d->work_first = true;
	sim_writer_erase(&d->writer, at, n);
}

/* --- flash: reading --- */

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

	if (!in_flash(d, word(d, 0), word(d, 1)) || !d->attached) {
		fail(d, SIM_ROM_READ_ERROR, SIM_STUB_FLASH);
		return;
	}
	succeed(d);
	md5_of_flash(d, word(d, 0), word(d, 1), md5);
	d->cost += word(d, 1) * SIM_READ_TIME_PER_BYTE + sim_writer_settle(&d->writer, d->now);
	if (!sim_is_rom(d)) {
		memcpy(d->reply.data, md5, sizeof(md5));
		return;
	}
	for (unsigned i = 0; i < sizeof(md5); i++) {
		d->reply.data[2 * i] = (uint8_t)digits[md5[i] >> 4];
		d->reply.data[2 * i + 1] = (uint8_t)digits[md5[i] & 15];
	}
}

static void cmd_read_flash_slow(struct sim_download *d)
{
	const uint32_t at = word(d, 0), n = word(d, 1);

	if (has_boot_hook(d) && sim_bus_read(d->bus, d->bus->model->boot_hook)) {
		d->next_stub = loaded_stub(d, sim_bus_read(d->bus, d->bus->model->boot_hook));
		d->run_ram = d->quiet = true;
		return;
	}
	if (n > SIM_REPLY_DATA) {
		sim_reply_fail(d, 1, SIM_ROM_READ_LENGTH);
		return;
	}
	if (!in_flash(d, at, n) || !d->attached) {
		sim_reply_fail(d, 1, SIM_ROM_READ_ERROR);
		return;
	}
	succeed(d);
	sim_flash_read(d->bus->flash, at, d->reply.data, n);
}

static void cmd_read_flash(struct sim_download *d)
{
	if (!in_flash(d, word(d, 0), word(d, 1))) {
		sim_reply_fail(d, 1, SIM_STUB_FLASH);
		return;
	}
	if (word(d, 2) == 0 || word(d, 2) > SIM_FLASH_SECTOR || word(d, 3) == 0) {
		sim_reply_fail(d, 1, SIM_STUB_BAD_BLOCK);
		return;
	}
	sim_reading_start(d, word(d, 0), word(d, 1), word(d, 2), word(d, 3));
}

void sim_reading_start(struct sim_download *d, uint32_t address, uint32_t size, uint32_t block,
		       uint32_t in_flight)
{
	sim_reading_stop(d);
	d->reading = (struct sim_reading){
		.on = true,
		.address = address,
		.size = size,
		.block = block,
		.in_flight = in_flight,
		.md5 = EVP_MD_CTX_new(),
	};
	EVP_DigestInit_ex(d->reading.md5, EVP_md5(), NULL);
}

void sim_reading_stop(struct sim_download *d)
{
	EVP_MD_CTX_free(d->reading.md5);
	d->reading = (struct sim_reading){ 0 };
}

void sim_reading_send(struct sim_download *d)
{
	struct sim_reading *r = &d->reading;

	EVP_DigestUpdate(r->md5, r->packet, r->n_packet);
	sim_send_frame(d, r->packet, r->n_packet);
	r->sent += r->n_packet;
	r->sent_blocks++;
}

static void send_block(struct sim_download *d, sim_ns now)
{
	struct sim_reading *r = &d->reading;
	const uint32_t left = r->size - r->sent;

	if (r->nand) {
		d->cpu_at = now + sim_nand_fetch(d);
		d->phase = SIM_FETCHING;
		return;
	}
	r->n_packet = left < r->block ? left : r->block;
	sim_flash_read(d->bus->flash, r->address + r->sent, r->packet, r->n_packet);
	sim_reading_send(d);
}

static void end_reading(struct sim_download *d)
{
	uint8_t md5[16];

	EVP_DigestFinal_ex(d->reading.md5, md5, NULL);
	for (size_t i = 0; d->reading.failed && i < sizeof(md5); i++)
		md5[i] ^= 0xFF;
	sim_send_frame(d, md5, sizeof(md5));
	sim_reading_stop(d);
}

/*
 * How many blocks may go ahead: the 2026 stub waits for an acknowledgement of each one, whatever
 * it was asked for, and only counts them; in unsigned numbers, so that one too many holds it for
 * ever (s_read_flash_post_process).
 */
static bool may_send(const struct sim_download *d)
{
	const struct sim_reading *r = &d->reading;

	if (d->program == SIM_PROGRAM_STUB)
		return r->sent_blocks - r->acks < 1;
	return (r->sent - r->acked) / r->block < r->in_flight;
}

void sim_download_room(struct sim_download *d, sim_ns now)
{
	struct sim_reading *r = &d->reading;

	struct kiln_span frame;

	if (!r->on || d->phase != SIM_IDLE)
		return;
	if (d->program == SIM_PROGRAM_STUB && sim_receiver_next(&d->receiver, &frame))
		sim_reading_ack(d, frame);
	if (!r->on)
		return;
	if (r->sent == r->size && r->acked >= r->size)
		end_reading(d);
	else if (r->sent < r->size && may_send(d))
		send_block(d, now);
}

/*
 * The host says how many bytes it has. A frame of another length ends the reading early, with the
 * digest of what was sent.
 */
void sim_reading_ack(struct sim_download *d, struct kiln_span frame)
{
	struct sim_reading *r = &d->reading;

	if (frame.n != 4) {
		if (!r->nand) /* the plugin passes over it */
			end_reading(d);
		return;
	}
	r->acked = kiln_get_le32(frame.p);
	if (!r->nand || r->acks < r->sent_blocks)
		r->acks++;
}

/* flags, FLASH_CRYPT_CNT, seven key purposes; on most chips also chip id and version */
static void cmd_security_info(struct sim_download *d)
{
	const struct sim_model *m = d->bus->model;

	if (m->habits->security_info == 0) {
		sim_reply_fail(d, 1, SIM_STUB_UNSUPPORTED);
		return;
	}
	succeed(d);
	memset(d->reply.data, 0, 20);
	kiln_put_le32(d->reply.data, d->security_flags);
	d->reply.data[4] = d->crypt_count;
	d->reply.data[11] = 0x0C;
	kiln_put_le32(d->reply.data + 12, m->chip_id);
	kiln_put_le32(d->reply.data + 16, m->api_version);
	d->reply.data_len = m->habits->security_info;
}

/* --- the table --- */

enum {
	ROM = 1 << SIM_PROGRAM_ROM,
	STUB = 1 << SIM_PROGRAM_STUB | 1 << SIM_PROGRAM_LEGACY_STUB,
};

static const struct sim_command commands[] = {
	/* op, who, shortest body, data in the reply */
	{ 0x02, ROM | STUB, 16, { 0, 0 }, cmd_flash_begin },
	{ 0x03, ROM | STUB, 16, { 0, 0 }, cmd_flash_data },
	{ 0x04, ROM | STUB, 4, { 0, 0 }, cmd_flash_end },
	{ 0x05, ROM | STUB, 16, { 0, 0 }, cmd_mem_begin },
	{ 0x06, ROM | STUB, 8, { 0, 0 }, cmd_mem_end },
	{ 0x07, ROM | STUB, 16, { 0, 0 }, cmd_mem_data },
	{ 0x08, ROM | STUB, 36, { 0, 0 }, cmd_sync },
	{ 0x09, ROM | STUB, 16, { 0, 0 }, cmd_write_reg },
	{ 0x0A, ROM | STUB, 4, { 0, 0 }, cmd_read_reg },
	{ 0x0B, ROM | STUB, 24, { 0, 0 }, cmd_spi_set_params },
	{ 0x0D, ROM | STUB, 4, { 0, 0 }, cmd_spi_attach },
	{ 0x0E, ROM, 8, { SIM_REPLY_DATA, 0 }, cmd_read_flash_slow },
	{ 0x0F, ROM | STUB, 8, { 0, 0 }, cmd_change_baud },
	{ 0x10, ROM | STUB, 16, { 0, 0 }, cmd_defl_begin },
	{ 0x11, ROM | STUB, 16, { 0, 0 }, cmd_defl_data },
	{ 0x12, ROM | STUB, 4, { 0, 0 }, cmd_flash_end },
	{ 0x13, ROM | STUB, 16, { 32, 16 }, cmd_md5 },
	{ 0x14, ROM | STUB, 0, { 0, 0 }, cmd_security_info },
	{ 0xD0, STUB, 0, { 0, 0 }, cmd_erase_flash },
	{ 0xD1, STUB, 8, { 0, 0 }, cmd_erase_region },
	{ 0xD2, STUB, 16, { 0, 0 }, cmd_read_flash },
};

/* What writes flash, and what says who one is. */
static bool is_secure(uint8_t op)
{
	static const uint8_t ops[] = { 0x02, 0x03, 0x04, 0x08, 0x0B, 0x0D,
				       0x0F, 0x10, 0x11, 0x12, 0x14 };

	return memchr(ops, op, sizeof(ops)) != NULL;
}

static bool is_known(const struct sim_download *d, uint8_t op)
{
	const struct sim_rom_habits *habits = d->bus->model->habits;

	if (op == 0x14 && d->program == SIM_PROGRAM_LEGACY_STUB)
		return habits->security_info;
	if (!sim_is_rom(d))
		return true;
	if ((op == 0x14 && !habits->security_info) || (op > 0x0A && habits->is_old))
		return false;
	return !(d->security_flags & SIM_SECURE_DOWNLOAD) || is_secure(op);
}

const struct sim_command *sim_command_find(const struct sim_download *d, uint8_t op)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].op == op && commands[i].who & 1 << d->program && is_known(d, op))
			return &commands[i];
	}
	return sim_plugin_command(d, op);
}
