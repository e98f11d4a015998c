/* SPDX-License-Identifier: Apache-2.0 */
/* RAM, registers, and the SPI controller in front of the flash. */
#include "sim/bus.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* SPI_USER and SPI_CMD bits (ESP32 TRM, "SPI registers"); the same on all chips. */
enum {
	USER_ADDR = 1u << 30,
	USER_MISO = 1u << 28,
	USER_MOSI = 1u << 27,
	CMD_USR = 1u << 18,
	SPI_WORDS = 16
};

void sim_bus_init(struct sim_bus *bus, const struct sim_model *model, struct sim_flash *flash)
{
	*bus = (struct sim_bus){ .model = model, .flash = flash };
	bus->spi = &sim_model_chip(model)->spi;
}

void sim_bus_done(struct sim_bus *bus)
{
	for (int i = 0; i < SIM_BUS_RAMS; i++) {
		free(bus->ram[i]);
		bus->ram[i] = NULL;
	}
}

static struct sim_register *find(struct sim_bus *bus, uint32_t address)
{
	for (unsigned i = 0; i < bus->n_registers; i++) {
		if (bus->registers[i].address == address)
			return &bus->registers[i];
	}
	return NULL;
}

static uint32_t peek(const struct sim_bus *bus, uint32_t address)
{
	for (unsigned i = 0; i < bus->n_registers; i++) {
		if (bus->registers[i].address == address)
			return bus->registers[i].value;
	}
	return 0;
}

/* Registers that nobody wrote to read as 0; a host that writes to very many loses the last ones. */
static void poke(struct sim_bus *bus, uint32_t address, uint32_t value)
{
	struct sim_register *r = find(bus, address);

	if (!r && bus->n_registers < SIM_BUS_REGISTERS) {
		r = &bus->registers[bus->n_registers++];
		r->address = address;
	}
	if (r)
		r->value = value;
}

void sim_bus_reset(struct sim_bus *bus, const uint8_t mac[6])
{
	struct sim_register words[SIM_MAC_WORDS];

	bus->n_registers = 0;
	for (const struct sim_register *r = bus->model->registers; r->address; r++)
		poke(bus, r->address, r->value);
	const unsigned n = sim_model_mac_words(bus->model, mac, words);

	for (unsigned i = 0; i < n; i++)
		poke(bus, words[i].address, peek(bus, words[i].address) | words[i].value);
	for (const struct sim_register *r = bus->burnt; r && r->address; r++)
		poke(bus, r->address, r->value);
	bus->write_enabled = false;
	bus->flash_powered = false;
	bus->watchdog_written = 0;
}

static int ram_at(const struct sim_bus *bus, uint32_t address, size_t n)
{
	for (int i = 0; i < SIM_BUS_RAMS && bus->model->ram[i].size; i++) {
		const struct sim_ram *ram = &bus->model->ram[i];

		if (address >= ram->base && address - ram->base < ram->size &&
		    n <= ram->size - (address - ram->base))
			return i;
	}
	return -1;
}

bool sim_bus_is_ram(const struct sim_bus *bus, uint32_t address, size_t n)
{
	return ram_at(bus, address, n) >= 0;
}

bool sim_bus_load(struct sim_bus *bus, uint32_t address, const uint8_t *p, size_t n)
{
	const int i = ram_at(bus, address, n);

	if (i < 0)
		return false;
	if (!bus->ram[i])
		bus->ram[i] = calloc(1, bus->model->ram[i].size);
	if (!bus->ram[i])
		return false;
	memcpy(bus->ram[i] + (address - bus->model->ram[i].base), p, n);
	return true;
}

uint32_t sim_bus_read(const struct sim_bus *bus, uint32_t address)
{
	const int i = ram_at(bus, address, 4);

	if (i < 0)
		return peek(bus, address);
	return bus->ram[i] ? kiln_get_le32(bus->ram[i] + (address - bus->model->ram[i].base)) : 0;
}

/* --- the flash's own commands, as the controller shifts them out --- */

struct spi_io {
	uint32_t address;
	uint8_t out[SPI_WORDS * 4], in[SPI_WORDS * 4];
	size_t n_out, n_in;
};

static void fill_in(struct spi_io *io, const void *bytes, size_t n)
{
	memcpy(io->in, bytes, n < io->n_in ? n : io->n_in);
}

/* Down, down further, up, up: codes of an XMC part's start-up (ESP-IDF, bootloader support). */
static const uint8_t xmc_wake[] = { 0xB9, 0x79, 0xFF, 0xAB };
enum { XMC_AWAKE = sizeof(xmc_wake) };

static void note_wake(struct sim_bus *bus, uint8_t code)
{
	if (bus->waking < XMC_AWAKE && code == xmc_wake[bus->waking])
		bus->waking++;
}

static sim_ns op_read_id(struct sim_bus *bus, struct spi_io *io)
{
	const uint32_t id = sim_flash_jedec(bus->flash);
	uint8_t bytes[] = { (uint8_t)id, (uint8_t)(id >> 8), (uint8_t)(id >> 16) };

	if (bus->flash->part->habit == SIM_FLASH_STRANGE_ID)
		bytes[2] = 0x77;
	if (bus->flash->part->habit == SIM_FLASH_WAKES_BADLY && bus->waking < XMC_AWAKE)
		bytes[1] = bytes[2] = 0xFF;
	fill_in(io, bytes, sizeof(bytes));
	return 0;
}

static sim_ns op_read_sfdp(struct sim_bus *bus, struct spi_io *io)
{
	sim_flash_sfdp(bus->flash, io->address, io->in, io->n_in);
	return 0;
}

static sim_ns op_read_status(struct sim_bus *bus, struct spi_io *io)
{
	const uint8_t status = (uint8_t)(bus->flash_status | (bus->write_enabled ? 2 : 0));

	fill_in(io, &status, 1);
	return 0;
}

static sim_ns op_read_status2(struct sim_bus *bus, struct spi_io *io)
{
	const uint8_t status = (uint8_t)(bus->flash_status >> 8);

	fill_in(io, &status, 1);
	return 0;
}

static sim_ns op_write_enable(struct sim_bus *bus, struct spi_io *io)
{
	(void)io;
	bus->write_enabled = true;
	return 0;
}

static sim_ns op_write_disable(struct sim_bus *bus, struct spi_io *io)
{
	(void)io;
	bus->write_enabled = false;
	return 0;
}

static sim_ns op_write_status(struct sim_bus *bus, struct spi_io *io)
{
	if (!bus->write_enabled || io->n_out == 0)
		return 0;
	bus->write_enabled = false;
	bus->flash_status = (uint16_t)((bus->flash_status & 0xFF00) | (io->out[0] & 0xFC));
	if (io->n_out > 1)
		bus->flash_status = (uint16_t)((bus->flash_status & 0xFF) | io->out[1] << 8);
	return 5 * SIM_MS;
}

static sim_ns op_read(struct sim_bus *bus, struct spi_io *io)
{
	sim_flash_read(bus->flash, io->address, io->in, io->n_in);
	return 0;
}

static sim_ns change(struct sim_bus *bus, const struct sim_flash_op *op)
{
	if (!bus->write_enabled)
		return 0;
	bus->write_enabled = false;
	sim_flash_apply(bus->flash, op);
	return sim_flash_time(bus->flash, op);
}

static sim_ns op_program(struct sim_bus *bus, struct spi_io *io)
{
	struct sim_flash_op op = { SIM_FLASH_PROGRAM, io->address, (uint32_t)io->n_out, { 0 } };

	memcpy(op.data, io->out, io->n_out);
	return change(bus, &op);
}

static sim_ns op_erase_sector(struct sim_bus *bus, struct spi_io *io)
{
	return change(bus, &(struct sim_flash_op){ SIM_FLASH_ERASE_SECTOR, io->address, 0, { 0 } });
}

static sim_ns op_erase_block(struct sim_bus *bus, struct spi_io *io)
{
	return change(bus, &(struct sim_flash_op){ SIM_FLASH_ERASE_BLOCK, io->address, 0, { 0 } });
}

static sim_ns op_erase_chip(struct sim_bus *bus, struct spi_io *io)
{
	return change(bus, &(struct sim_flash_op){ SIM_FLASH_ERASE_CHIP, io->address, 0, { 0 } });
}

/* What is not here is ignored. */
static const struct {
	uint8_t code;
	sim_ns (*run)(struct sim_bus *bus, struct spi_io *io);
} spi_ops[] = {
	{ 0x9F, op_read_id },      { 0x05, op_read_status },  { 0x35, op_read_status2 },
	{ 0x06, op_write_enable }, { 0x50, op_write_enable }, { 0x04, op_write_disable },
	{ 0x01, op_write_status }, { 0x03, op_read },         { 0x02, op_program },
	{ 0x20, op_erase_sector }, { 0xD8, op_erase_block },  { 0xC7, op_erase_chip },
	{ 0x60, op_erase_chip },   { 0x5A, op_read_sfdp },
};

/* Lengths have a register each; on the ESP8266 both stand in USER1. */
static size_t phase_bytes(const struct sim_bus *bus, uint16_t length_reg, unsigned old_shift,
			  uint32_t on)
{
	const uint32_t value = length_reg ? peek(bus, bus->spi->base + length_reg)
					  : peek(bus, bus->spi->base + bus->spi->usr1) >> old_shift;
	const size_t n = ((value & 0x1FF) + 1) / 8;

	if (!on)
		return 0;
	return n < SPI_WORDS * 4 ? n : SPI_WORDS * 4;
}

static bool flash_answers(const struct sim_bus *bus)
{
	return bus->flash->part->habit != SIM_FLASH_ABSENT &&
	       (!bus->model->flash_off || bus->flash_powered);
}

static sim_ns run_spi(struct sim_bus *bus)
{
	const struct kiln_chip_spi *spi = bus->spi;
	const uint32_t user = peek(bus, spi->base + spi->usr);
	const uint8_t code = (uint8_t)peek(bus, spi->base + spi->usr2);
	struct spi_io io = { 0 };
	sim_ns took = 0;

	/* on older chips the address stands in the register's upper 24 bits */
	if (user & USER_ADDR)
		io.address = peek(bus, spi->base + spi->addr) >>
			     (bus->model->habits->shifts_address ? 8 : 0);
	io.n_out = phase_bytes(bus, spi->mosi_dlen, 17, user & USER_MOSI);
	io.n_in = phase_bytes(bus, spi->miso_dlen, 8, user & USER_MISO);
	for (unsigned i = 0; i < SPI_WORDS; i++)
		kiln_put_le32(io.out + 4 * i, peek(bus, spi->base + spi->w0 + 4 * i));
	note_wake(bus, code);
	if (!flash_answers(bus))
		memset(io.in, 0xFF, sizeof(io.in));
	for (size_t i = 0; i < sizeof(spi_ops) / sizeof(spi_ops[0]) && flash_answers(bus); i++) {
		if (spi_ops[i].code == code)
			took = spi_ops[i].run(bus, &io);
	}
	for (unsigned i = 0; 4 * i < io.n_in; i++)
		poke(bus, spi->base + spi->w0 + 4 * i, kiln_get_le32(io.in + 4 * i));
	return took;
}

/* Their values are read through some 300 bytes of registers. */
static bool is_efuse(const struct sim_bus *bus, uint32_t address)
{
	const uint32_t base = sim_model_chip(bus->model)->efuse_read_base;

	return base && address >= base && address - base < (bus->model->chip_id ? 0x14Cu : 0x20u);
}

/* Watchdogs have a lock each: without the key nothing is written. */
static bool watchdog_takes(struct sim_bus *bus, uint32_t address)
{
	enum { RTC_KEY = 0x50D83AA1 };
	const struct kiln_chip_watchdogs *w = &sim_model_chip(bus->model)->watchdogs;

	if (w->config0 && (address == w->config0 || address == w->config1)) {
		if (peek(bus, w->protect) != RTC_KEY)
			return false;
	} else if (w->swd_config && address == w->swd_config) {
		if (peek(bus, w->swd_protect) != w->swd_key)
			return false;
	} else {
		return true;
	}
	bus->watchdog_written = address;
	return true;
}

/*
 * ESP32-P4 v3.1: the flash has power once its regulator was switched from the ROM's setting to
 * the register's, with the pads powered (its PMU).
 */
static void note_flash_power(struct sim_bus *bus, uint32_t address, uint32_t value)
{
	enum { PADS = 0x5011010C, LDO = 0x501151B8, DATE = 0x501153FC, FORCE = 1 << 7 };

	if (address == LDO && peek(bus, LDO) & FORCE && !(value & FORCE) && peek(bus, PADS) == 1 &&
	    (peek(bus, DATE) & 3) == 3)
		bus->flash_powered = true;
}

sim_ns sim_bus_write(struct sim_bus *bus, uint32_t address, uint32_t value)
{
	const int i = ram_at(bus, address, 4);
	uint8_t bytes[4];

	if (i >= 0) {
		kiln_put_le32(bytes, value);
		(void)sim_bus_load(bus, address, bytes, 4);
		return 0;
	}
	/* mask ROM and eFuse read registers keep their values */
	if (address >> 28 == 4 || is_efuse(bus, address))
		return 0;
	if (address == bus->spi->base + bus->spi->cmd)
		return value & CMD_USR ? run_spi(bus) : 0; /* and the bit clears itself */
	if (!watchdog_takes(bus, address))
		return 0;
	note_flash_power(bus, address, value);
	poke(bus, address, value);
	return 0;
}
