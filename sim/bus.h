/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_BUS_H
#define KILN_SIM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/flash.h"
#include "sim/model.h"
#include "sim/nand.h"

/*
 * What the CPU reaches by address: RAM, the registers that a loader is asked for, and the SPI
 * controller with the flash behind it, which runs one command of any kind in its "user" mode.
 */
enum { SIM_BUS_REGISTERS = 128, SIM_BUS_RAMS = 2 };

struct sim_bus {
	const struct sim_model *model;
	const struct kiln_chip_spi *spi;
	struct sim_flash *flash; /* borrowed */
	struct sim_nand *nand;   /* at the second SPI controller; borrowed */
	struct sim_register registers[SIM_BUS_REGISTERS];
	unsigned n_registers;
	uint8_t *ram[SIM_BUS_RAMS]; /* one a row of the model; made when first written to */
	uint16_t flash_status;
	bool write_enabled;
	const struct sim_register *burnt; /* on top of the model's; ended by address 0; or NULL */
	uint32_t watchdog_written; /* a watchdog's register that was, for who looks after them */
	bool flash_powered;        /* of a chip that must switch it on */
	unsigned waking; /* of an XMC part: how far its start-up has come; XMC_AWAKE: it is up */
};

void sim_bus_init(struct sim_bus *bus, const struct sim_model *model, struct sim_flash *flash);
void sim_bus_done(struct sim_bus *bus);
/* Registers as after a reset; RAM keeps what it holds. */
void sim_bus_reset(struct sim_bus *bus, const uint8_t mac[6]);

uint32_t sim_bus_read(const struct sim_bus *bus, uint32_t address);
/* Returns how long it takes: nothing, but for a command to the flash. */
sim_ns sim_bus_write(struct sim_bus *bus, uint32_t address, uint32_t value);
/* Copy into RAM; false if a byte lies outside. */
bool sim_bus_load(struct sim_bus *bus, uint32_t address, const uint8_t *p, size_t n);
bool sim_bus_is_ram(const struct sim_bus *bus, uint32_t address, size_t n);

#endif
