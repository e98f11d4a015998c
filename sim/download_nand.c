/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NAND plugin of the 2026 stub: commands that it has once a host has loaded the plugin's code
 * beside it and bent the stub's function table there (docs/plugin-system.md and src/nand_plugin.c
 * of esp-flasher-stub v1.1; src/target/esp32s3/src/nand.c of esp-stub-lib).
 */
#include "sim/download.h"

#include <openssl/evp.h>

enum {
	FIRST_OP = 0xD5,
	TABLE_ENTRIES = 27,
	XTENSA_ENTRY = 0x36, /* what every function of that processor begins with */

	BLOCK_SIZE = SIM_NAND_BLOCK_PAGES * SIM_NAND_PAGE,
	PACKET_MAX = 2 * SIM_NAND_PAGE,
	SPI_CHUNK = 64, /* bytes that go through the controller at once */
	DATA_HEADER = 16,
	PREVIEW = 16,
	PIN_BITS = 6,
	MOST_PIN = 48,
};

/* Where the chip is: the second controller's own pins, CLK, Q, D, CS and HD. */
static const uint8_t pins[] = { 12, 13, 11, 10, 9 };

#define POLL_TIME (10 * SIM_US)
#define START_TIME (15 * SIM_MS) /* what attaching waits for the controller and the chip */
#define READY_TIMEOUT (1 * SIM_S)

/* --- the table --- */

static bool is_in(const uint32_t region[2], uint32_t address)
{
	return address >= region[0] && address < region[1];
}

/* The stub's data is what was loaded where the chip keeps data. */
static bool find_table(const struct sim_download *d, const struct sim_stub *stub,
		       uint32_t *ret_table)
{
	const struct sim_ram *ram = &d->bus->model->ram[0];

	for (unsigned i = 0; stub->plugin_table && i < d->loading.n_regions; i++) {
		const uint32_t *region = d->loading.regions[i];

		if (region[0] - ram->base < ram->size &&
		    region[1] - region[0] >= stub->plugin_table + 4u * TABLE_ENTRIES) {
			*ret_table = region[0] + stub->plugin_table;
			return true;
		}
	}
	return false;
}

/* What was loaded around that address; NULL: nothing. */
static const uint32_t *region_of(const struct sim_download *d, uint32_t address)
{
	for (unsigned i = 0; i < d->loading.n_regions; i++) {
		if (is_in(d->loading.regions[i], address))
			return d->loading.regions[i];
	}
	return NULL;
}

void sim_plugin_look(struct sim_download *d, const struct sim_stub *stub)
{
	uint32_t table = 0;

	d->plugin = (struct sim_plugin){ .has_table = find_table(d, stub, &table) };
	for (unsigned i = 0; d->plugin.has_table && i < TABLE_ENTRIES; i++) {
		const uint32_t handler = sim_bus_read(d->bus, table + 4 * i);
		const uint32_t *code = region_of(d, handler);

		if (code && code[0] == stub->text_start)
			continue; /* the stub's own, which refuses */
		if (code && (sim_bus_read(d->bus, handler) & 0xFF) == XTENSA_ENTRY)
			d->plugin.there |= 1u << i;
		else
			d->plugin.wild |= 1u << i;
	}
}

/* --- what the plugin does with the chip --- */

static sim_ns run(struct sim_download *d, uint8_t code, uint32_t address)
{
	const struct sim_nand_transfer t = { .code = code, .address = address };

	return sim_nand_run(d->bus->nand, &t);
}

static uint8_t read_register(struct sim_download *d, uint8_t address)
{
	uint8_t value = 0;
	const struct sim_nand_transfer t = {
		.code = SIM_NAND_READ_REGISTER, .address = address, .in = &value, .n_in = 1
	};

	d->cost += sim_nand_run(d->bus->nand, &t);
	return value;
}

static void write_register(struct sim_download *d, uint8_t address, uint8_t value)
{
	const struct sim_nand_transfer t = {
		.code = SIM_NAND_WRITE_REGISTER, .address = address, .out = &value, .n_out = 1
	};

	d->cost += sim_nand_run(d->bus->nand, &t);
}

/* False if the chip does not get ready: it is not there. */
static bool wait_ready(struct sim_download *d, uint8_t *ret_status)
{
	d->cost += POLL_TIME;
	*ret_status = read_register(d, SIM_NAND_STATUS);
	if (!(*ret_status & SIM_NAND_BUSY))
		return true;
	d->cost += READY_TIMEOUT;
	return false;
}

/* 0, or the stub's error: what the chip says of a program or an erase. */
static uint8_t change(struct sim_download *d, uint8_t code, uint32_t page)
{
	uint8_t status;

	d->cost += run(d, code, page);
	if (!wait_ready(d, &status))
		return SIM_STUB_FLASH;
	if (status & SIM_NAND_ERASE_FAILED)
		return SIM_STUB_NAND_ERASE;
	return status & SIM_NAND_PROGRAM_FAILED ? SIM_STUB_NAND_PROGRAM : 0;
}

static uint8_t erase_block(struct sim_download *d, uint32_t page)
{
	if (!d->nand.attached)
		return SIM_STUB_FLASH;
	d->cost += run(d, SIM_NAND_WRITE_ENABLE, 0);
	return change(d, SIM_NAND_ERASE, page);
}

static uint8_t write_page(struct sim_download *d, uint32_t page, const uint8_t *data)
{
	if (!d->nand.attached)
		return SIM_STUB_FLASH;
	d->cost += run(d, SIM_NAND_WRITE_ENABLE, 0);
	for (uint32_t at = 0; at < SIM_NAND_PAGE; at += SPI_CHUNK) {
		const struct sim_nand_transfer t = {
			.code = at ? SIM_NAND_LOAD_MORE : SIM_NAND_LOAD,
			.address = at,
			.out = data + at,
			.n_out = SPI_CHUNK,
		};

		d->cost += sim_nand_run(d->bus->nand, &t);
	}
	return change(d, SIM_NAND_PROGRAM, page);
}

static bool load_page(struct sim_download *d, uint32_t page, uint8_t *ret_status)
{
	if (!d->nand.attached)
		return false;
	d->cost += run(d, SIM_NAND_PAGE_READ, page);
	return wait_ready(d, ret_status);
}

static void read_buffer(struct sim_download *d, uint32_t column, uint8_t *data, size_t n)
{
	const struct sim_nand_transfer t = {
		.code = SIM_NAND_READ_BUFFER, .address = column, .in = data, .n_in = n
	};

	d->cost += sim_nand_run(d->bus->nand, &t);
}

static bool read_page(struct sim_download *d, uint32_t page, uint8_t data[SIM_NAND_PAGE])
{
	uint8_t status;

	if (!load_page(d, page, &status) || status & SIM_NAND_BEYOND_REPAIR)
		return false;
	for (uint32_t at = 0; at < SIM_NAND_PAGE; at += SPI_CHUNK)
		read_buffer(d, at, data + at, SPI_CHUNK);
	return true;
}

/* --- its commands --- */

static uint32_t word(const struct sim_download *d, unsigned i)
{
	return sim_request_word(d, i);
}

static void end(struct sim_download *d, uint8_t error)
{
	if (error) {
		d->reply.value = 0;
		sim_reply_fail(d, 1, error);
	}
}

/* Lengths must be right, not only long enough. */
static bool has_length(struct sim_download *d, size_t n)
{
	if (d->n_body != n)
		end(d, SIM_STUB_BAD_LENGTH);
	return d->n_body == n;
}

/* Are the pins those that the chip is connected to? 0 stands for them. */
static bool is_connected(uint32_t arg)
{
	for (unsigned i = 0; arg && i < sizeof(pins); i++) {
		if ((arg >> PIN_BITS * i & ((1u << PIN_BITS) - 1)) != pins[i])
			return false;
	}
	return true;
}

static void cmd_attach(struct sim_download *d)
{
	uint8_t id[3] = { 0 }, status;
	const struct sim_nand_transfer read_id = { .code = SIM_NAND_READ_ID, .in = id, .n_in = 3 };

	if (!has_length(d, 4))
		return;
	d->nand = (struct sim_nand_session){ 0 };
	d->cost += START_TIME;
	if (!is_connected(word(d, 0)) || !d->bus->nand->cells) {
		d->cost += READY_TIMEOUT;
		end(d, SIM_STUB_FLASH);
		return;
	}
	d->cost += run(d, SIM_NAND_RESET, 0);
	if (!wait_ready(d, &status)) {
		end(d, SIM_STUB_FLASH);
		return;
	}
	d->nand.attached = true;
	write_register(d, SIM_NAND_PROTECT, 0);
	write_register(d, SIM_NAND_CONFIG,
		       read_register(d, SIM_NAND_CONFIG) | SIM_NAND_ECC | SIM_NAND_BUFFERED);
	d->cost += sim_nand_run(d->bus->nand, &read_id);
	d->reply.value = (uint32_t)read_register(d, SIM_NAND_STATUS) << 24 | (uint32_t)id[0] << 16 |
			 (uint32_t)id[1] << 8 | id[2];
	d->reply.data[0] = read_register(d, SIM_NAND_PROTECT);
}

static void cmd_read_spare(struct sim_download *d)
{
	uint8_t spare[4], status;

	if (!has_length(d, 4))
		return;
	if (!load_page(d, word(d, 0), &status)) {
		end(d, SIM_STUB_FLASH);
		return;
	}
	read_buffer(d, SIM_NAND_PAGE, spare, sizeof(spare));
	d->reply.value = kiln_get_le32(spare);
}

/* The mark is the only thing that is programmed twice: the rest of the page stays as it is. */
static void cmd_write_spare(struct sim_download *d)
{
	uint8_t mark[4], status;
	const struct sim_nand_transfer load = {
		.code = SIM_NAND_LOAD_MORE, .address = SIM_NAND_PAGE, .out = mark, .n_out = 4
	};

	if (!has_length(d, 5))
		return;
	memset(mark, d->request[4] ? 0 : 0xFF, sizeof(mark));
	if (!load_page(d, word(d, 0), &status)) {
		end(d, SIM_STUB_FLASH);
		return;
	}
	d->cost += run(d, SIM_NAND_WRITE_ENABLE, 0);
	d->cost += sim_nand_run(d->bus->nand, &load);
	if (change(d, SIM_NAND_PROGRAM, word(d, 0)))
		end(d, SIM_STUB_FLASH); /* whatever the reason */
}

static void cmd_write_begin(struct sim_download *d)
{
	if (!has_length(d, 16))
		return;
	if (word(d, 0) % SIM_NAND_PAGE) {
		end(d, SIM_STUB_BAD_LENGTH);
		return;
	}
	d->nand.writing = true;
	d->nand.offset = word(d, 0);
	d->nand.left = word(d, 1);
	d->nand.filled = 0;
}

static uint8_t flush_page(struct sim_download *d)
{
	struct sim_nand_session *s = &d->nand;
	const uint32_t page = s->offset / SIM_NAND_PAGE;
	uint8_t error = 0;

	s->filled = 0; /* whatever comes of it */
	if (page % SIM_NAND_BLOCK_PAGES == 0)
		error = erase_block(d, page);
	if (!error)
		error = write_page(d, page, s->page);
	if (!error)
		s->offset += SIM_NAND_PAGE;
	return error;
}

static uint8_t data_error(const struct sim_download *d, uint32_t n)
{
	uint8_t sum = 0xEF;

	if (!d->nand.writing)
		return SIM_STUB_NOT_BEGUN;
	if (word(d, 0) != n || n > d->nand.left)
		return SIM_STUB_TOO_MUCH;
	for (size_t i = DATA_HEADER; i < d->n_body; i++)
		sum ^= d->request[i];
	return d->checksum == sum ? 0 : SIM_STUB_BAD_CHECKSUM;
}

/* Blocks are not counted: one that comes twice is written twice. */
static void cmd_write_data(struct sim_download *d)
{
	struct sim_nand_session *s = &d->nand;
	const uint32_t n = (uint32_t)d->n_body - DATA_HEADER;
	uint8_t error = data_error(d, n);

	for (uint32_t at = 0, m; !error && at < n; at += m) {
		m = n - at < SIM_NAND_PAGE - s->filled ? n - at : SIM_NAND_PAGE - s->filled;
		memcpy(s->page + s->filled, d->request + DATA_HEADER + at, m);
		s->filled += m;
		s->left -= m;
		if (s->filled == SIM_NAND_PAGE)
			error = flush_page(d);
	}
	end(d, error);
}

static void cmd_write_end(struct sim_download *d)
{
	struct sim_nand_session *s = &d->nand;
	uint8_t error = 0;

	if (!has_length(d, 4))
		return;
	if (!s->writing) {
		end(d, SIM_STUB_NOT_BEGUN);
		return;
	}
	if (s->left) {
		end(d, SIM_STUB_BAD_LENGTH);
		return;
	}
	if (s->filled) {
		memset(s->page + s->filled, 0xFF, SIM_NAND_PAGE - s->filled);
		error = flush_page(d);
	}
	s->writing = error != 0;
	end(d, error);
}

static void erase_blocks(struct sim_download *d, uint32_t first, uint32_t n)
{
	uint8_t error = 0;

	for (uint32_t i = 0; !error && i < n; i++)
		error = erase_block(d, (first + i) * SIM_NAND_BLOCK_PAGES);
	end(d, error);
}

static void cmd_erase_all(struct sim_download *d)
{
	erase_blocks(d, 0, SIM_NAND_BLOCKS);
}

static void cmd_erase_region(struct sim_download *d)
{
	if (!has_length(d, 8))
		return;
	if ((word(d, 0) | word(d, 1)) % BLOCK_SIZE)
		end(d, SIM_STUB_BAD_LENGTH);
	else
		erase_blocks(d, word(d, 0) / BLOCK_SIZE, word(d, 1) / BLOCK_SIZE);
}

static void cmd_read_page(struct sim_download *d)
{
	uint8_t page[SIM_NAND_PAGE];

	if (!has_length(d, 4))
		return;
	if (!read_page(d, word(d, 0), page)) {
		end(d, SIM_STUB_FLASH);
		return;
	}
	d->reply.value = word(d, 0);
	memcpy(d->reply.data, page, PREVIEW);
}

static void cmd_read_flash(struct sim_download *d)
{
	if (!has_length(d, 16))
		return;
	if (!d->nand.attached) {
		end(d, SIM_STUB_FLASH);
		return;
	}
	if (word(d, 2) == 0 || word(d, 2) > PACKET_MAX) {
		end(d, SIM_STUB_BAD_LENGTH);
		return;
	}
	sim_reading_start(d, word(d, 0), word(d, 1), word(d, 2), /* in_flight= */ 1);
	d->reading.nand = true;
}

/*
 * A page that can't be read ends nothing: zeros go out instead of the rest, and at the end a digest
 * that is wrong in every bit.
 */
sim_ns sim_nand_fetch(struct sim_download *d)
{
	struct sim_reading *r = &d->reading;
	const uint32_t left = r->size - r->sent;
	uint8_t page[SIM_NAND_PAGE];

	d->cost = 0;
	r->n_packet = left < r->block ? left : r->block;
	memset(r->packet, 0, r->n_packet);
	for (uint32_t at = 0, n; !r->failed && at < r->n_packet; at += n) {
		const uint32_t from = r->address + r->sent + at, column = from % SIM_NAND_PAGE;

		n = SIM_NAND_PAGE - column;
		if (n > r->n_packet - at)
			n = r->n_packet - at;
		r->failed = !read_page(d, from / SIM_NAND_PAGE, page);
		if (!r->failed)
			memcpy(r->packet + at, page + column, n);
	}
	return d->cost;
}

/* --- */

static void cmd_missing(struct sim_download *d)
{
	end(d, SIM_STUB_UNSUPPORTED);
}

static void cmd_wild(struct sim_download *d)
{
	d->quiet = true; /* it runs something, and does not come back */
	d->program = SIM_PROGRAM_SILENT;
}

enum { STUB = 1 << SIM_PROGRAM_STUB };

static const struct sim_command commands[] = {
	{ 0xD5, STUB, 0, { 0, 1 }, cmd_attach },
	{ 0xD6, STUB, 0, { 0, 0 }, cmd_read_spare },
	{ 0xD7, STUB, 0, { 0, 0 }, cmd_write_spare },
	{ 0xD8, STUB, 0, { 0, 0 }, cmd_read_flash },
	{ 0xD9, STUB, 0, { 0, 0 }, cmd_write_begin },
	{ 0xDA, STUB, DATA_HEADER, { 0, 0 }, cmd_write_data },
	{ 0xDB, STUB, 0, { 0, 0 }, cmd_erase_all },
	{ 0xDC, STUB, 0, { 0, 0 }, cmd_erase_region },
	{ 0xDD, STUB, 0, { 0, PREVIEW }, cmd_read_page },
	{ 0xDE, STUB, 0, { 0, 0 }, cmd_write_end },
};

const struct sim_command *sim_plugin_command(const struct sim_download *d, uint8_t op)
{
	static const struct sim_command missing = { .run = cmd_missing },
					wild = { .run = cmd_wild };
	const unsigned i = op - (unsigned)FIRST_OP;

	if (d->program != SIM_PROGRAM_STUB || !d->plugin.has_table || i >= TABLE_ENTRIES)
		return NULL;
	if (d->plugin.wild & 1u << i)
		return &wild;
	return d->plugin.there & 1u << i && i < sizeof(commands) / sizeof(commands[0])
		       ? &commands[i]
		       : &missing;
}
