/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/spi.h"

enum {
	SPI_CMD_USR = 1 << 18,
	SPI_USR_MISO = 1 << 28,
	SPI_USR_MOSI = 1 << 27,
	SPI_USR_DUMMY = 1 << 29,
	SPI_USR_ADDR = 1 << 30,
	USR1_ADDR_BITLEN = 26,
	/* ESP8266: lengths stand in the middle of SPI_USER1 */
	USR1_MOSI_BITLEN = 17,
	USR1_MISO_BITLEN = 8,
	POLLS = 10,
	MOST_WRITES = 8,
	SETTLE_US = 100,
};
#define SPI_USR_COMMAND (1u << 31)
#define SPI_USR2_BITLEN (7u << 28) /* commands have 8 bits */

struct writes {
	const struct kiln_chip_spi *spi;
	struct kiln_reg_write items[MOST_WRITES];
	unsigned n;
};

static void add(struct writes *w, uint16_t offset, uint32_t value)
{
	w->items[w->n++] = (struct kiln_reg_write){ w->spi->base + offset, value, UINT32_MAX, 0 };
}

static uint32_t length_field(unsigned bits, unsigned shift)
{
	return bits ? (uint32_t)(bits - 1) << shift : 0;
}

static void add_lengths(struct writes *w, const struct kiln_spi_command *c)
{
	uint32_t usr1 = length_field(c->dummy_bits, 0) |
			length_field(c->address_bits, USR1_ADDR_BITLEN);

	if (!w->spi->mosi_dlen) {
		usr1 |= length_field(c->bits_out, USR1_MOSI_BITLEN) |
			length_field(c->bits_in, USR1_MISO_BITLEN);
		add(w, w->spi->usr1, usr1);
		return;
	}
	if (c->bits_out)
		add(w, w->spi->mosi_dlen, c->bits_out - 1u);
	if (c->bits_in)
		add(w, w->spi->miso_dlen, c->bits_in - 1u);
	if (usr1)
		add(w, w->spi->usr1, usr1);
}

static void add_command(struct writes *w, const struct kiln_spi_command *c)
{
	const unsigned shift = w->spi->addr_msb ? 32u - c->address_bits : 0;

	add_lengths(w, c);
	add(w, w->spi->usr,
	    SPI_USR_COMMAND | (c->bits_in ? (uint32_t)SPI_USR_MISO : 0) |
		    (c->bits_out ? (uint32_t)SPI_USR_MOSI : 0) |
		    (c->address_bits ? (uint32_t)SPI_USR_ADDR : 0) |
		    (c->dummy_bits ? (uint32_t)SPI_USR_DUMMY : 0));
	add(w, w->spi->usr2, SPI_USR2_BITLEN | c->code);
	if (c->address_bits)
		add(w, w->spi->addr, c->address << shift);
	add(w, w->spi->w0, c->out); /* or 0, before it is read */
	add(w, w->spi->cmd, SPI_CMD_USR);
}

static kiln_code send(struct kiln_loader *l, const struct writes *w, bool at_once,
		      struct kiln_err *err)
{
	if (at_once)
		return kiln_loader_write_regs(l, w->items, w->n, err);
	for (unsigned i = 0; i < w->n; i++)
		KILN_TRY(kiln_loader_write_regs(l, &w->items[i], 1, err));
	return KILN_OK;
}

static kiln_code finish(struct kiln_loader *l, struct kiln_err *err)
{
	uint32_t busy;

	for (int i = 0; i < POLLS; i++) {
		KILN_TRY(kiln_loader_read_reg(l, l->chip->spi.base + l->chip->spi.cmd, &busy, err));
		if (!(busy & SPI_CMD_USR))
			return KILN_OK;
	}
	(void)kiln_fail(err, KILN_E_TIMEOUT, "cannot talk to the flash chip");
	kiln_why(err, "the chip's SPI controller does not finish");
	return KILN_E_TIMEOUT;
}

/* What the controller is set to is asked for once: it is put back after each command. */
static kiln_code learn_user(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &l->chip->spi;
	const uint32_t addresses[] = { spi->base + spi->usr, spi->base + spi->usr2 };

	if (l->has_spi_user)
		return KILN_OK;
	KILN_TRY(kiln_loader_read_regs(l, addresses, 2, l->spi_user, err));
	l->has_spi_user = true;
	return KILN_OK;
}

static void add_restore(struct writes *w, const struct kiln_loader *l)
{
	add(w, w->spi->usr, l->spi_user[0]);
	add(w, w->spi->usr2, l->spi_user[1]);
}

/*
 * The command, whether it is done, what came in, and the settings put back: without waiting in
 * between. *ret_done is false if the controller was still busy, as it hardly can be.
 */
static kiln_code run_at_once(struct kiln_loader *l, const struct writes *command, bool *ret_done,
			     uint32_t *ret_in, struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &l->chip->spi;
	struct writes restore = { .spi = spi };

	add_restore(&restore, l);
	const struct kiln_request requests[] = {
		kiln_request_write_reg(command->items, command->n),
		kiln_request_read_reg(spi->base + spi->cmd),
		kiln_request_read_reg(spi->base + spi->w0),
		kiln_request_write_reg(restore.items, restore.n),
	};
	uint32_t values[sizeof(requests) / sizeof(requests[0])];

	KILN_TRY(kiln_loader_ask_all(l, requests, sizeof(requests) / sizeof(requests[0]), values,
				     err));
	*ret_done = !(values[1] & SPI_CMD_USR);
	*ret_in = values[2];
	return KILN_OK;
}

static kiln_code run_in_steps(struct kiln_loader *l, const struct writes *command, bool at_once,
			      uint32_t *ret_in, struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &l->chip->spi;
	struct writes restore = { .spi = spi };

	add_restore(&restore, l);
	KILN_TRY(send(l, command, at_once, err));
	KILN_TRY(finish(l, err));
	KILN_TRY(kiln_loader_read_reg(l, spi->base + spi->w0, ret_in, err));
	return send(l, &restore, at_once, err);
}

kiln_code kiln_spi_run(struct kiln_loader *l, const struct kiln_spi_command *c, bool at_once,
		       uint32_t *ret_in, struct kiln_err *err)
{
	struct writes command = { .spi = &l->chip->spi };
	uint32_t in = 0;
	bool done = false;

	KILN_TRY(learn_user(l, err));
	add_command(&command, c);
	/* a command that only reads may be done again, one by one, if that goes wrong */
	if (at_once && l->quick && c->bits_in && !c->bits_out)
		KILN_TRY(run_at_once(l, &command, &done, &in, err));
	if (!done)
		KILN_TRY(run_in_steps(l, &command, at_once, &in, err));
	if (ret_in)
		*ret_in = in;
	return KILN_OK;
}

/* The controller needs no time for eight bits, so that nobody has to ask whether it is done. */
kiln_code kiln_spi_run_two(struct kiln_loader *l, uint8_t first, uint8_t second, bool at_once,
			   struct kiln_err *err)
{
	struct writes all = { .spi = &l->chip->spi };

	KILN_TRY(learn_user(l, err));
	add(&all, all.spi->usr, SPI_USR_COMMAND);
	add(&all, all.spi->usr2, SPI_USR2_BITLEN | first);
	add(&all, all.spi->cmd, SPI_CMD_USR);
	all.items[all.n - 1].delay_us = SETTLE_US;
	add(&all, all.spi->usr2, SPI_USR2_BITLEN | second);
	add(&all, all.spi->cmd, SPI_CMD_USR);
	all.items[all.n - 1].delay_us = SETTLE_US;
	add_restore(&all, l);
	return send(l, &all, at_once, err);
}

kiln_code kiln_spi_read_sfdp(struct kiln_loader *l, uint32_t address, unsigned bytes, bool at_once,
			     uint32_t *ret_value, struct kiln_err *err)
{
	const struct kiln_spi_command c = {
		.code = KILN_SPI_RDSFDP,
		.address = address,
		.address_bits = 24,
		.dummy_bits = 8,
		.bits_in = (uint8_t)(8 * bytes),
	};
	uint32_t in;

	KILN_TRY(kiln_spi_run(l, &c, at_once, &in, err));
	*ret_value = bytes < 4 ? in & ((1u << 8 * bytes) - 1) : in;
	return KILN_OK;
}
