/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash chip's status registers, by hand through the SPI controller's "user" mode (ESP32
 * Technical Reference Manual, "SPI Controller"). Commands: JEDEC-style NOR datasheets, such as
 * Winbond W25Q32JV, "Instruction Set".
 */
#include "flash/flasher.h"

enum {
	SPI_CMD_USR = 1 << 18,
	SPI_USR_MISO = 1 << 28,
	SPI_USR_MOSI = 1 << 27,
	CMD_WRSR = 0x01,
	CMD_WRDI = 0x04,
	CMD_WREN = 0x06,
	CMD_WREN_VOLATILE = 0x50,
	POLLS = 10,
	STATUS_MAX = 3,
};
#define SPI_USR_COMMAND (1u << 31)
#define SPI_USR2_BITLEN (7u << 28) /* commands have 8 bits */

struct command {
	uint8_t code;
	unsigned bits_out, bits_in; /* at most 32 */
	uint32_t out;
};

static const uint8_t read_codes[STATUS_MAX] = { 0x05, 0x35, 0x15 };
static const uint8_t write_codes[STATUS_MAX] = { CMD_WRSR, 0x31, 0x11 };

static kiln_code start(struct kiln_loader *l, const struct command *c, struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &l->chip->spi;
	const uint32_t usr = SPI_USR_COMMAND | (c->bits_in ? (uint32_t)SPI_USR_MISO : 0) |
			     (c->bits_out ? (uint32_t)SPI_USR_MOSI : 0);
	struct kiln_reg_write writes[6];
	unsigned n = 0;

	if (c->bits_out)
		writes[n++] = (struct kiln_reg_write){ spi->base + spi->mosi_dlen, c->bits_out - 1,
						       UINT32_MAX, 0 };
	if (c->bits_in)
		writes[n++] = (struct kiln_reg_write){ spi->base + spi->miso_dlen, c->bits_in - 1,
						       UINT32_MAX, 0 };
	writes[n++] = (struct kiln_reg_write){ spi->base + spi->usr, usr, UINT32_MAX, 0 };
	writes[n++] = (struct kiln_reg_write){ spi->base + spi->usr2, SPI_USR2_BITLEN | c->code,
					       UINT32_MAX, 0 };
	writes[n++] = (struct kiln_reg_write){ spi->base + spi->w0, c->out, UINT32_MAX, 0 };
	writes[n++] = (struct kiln_reg_write){ spi->base + spi->cmd, SPI_CMD_USR, UINT32_MAX, 0 };
	/* one by one: not every loader takes several records */
	for (unsigned i = 0; i < n; i++)
		KILN_TRY(kiln_loader_write_regs(l, &writes[i], 1, err));
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

/* The controller's own settings are as before when it ends. */
static kiln_code run(struct kiln_flasher *f, const struct command *c, uint32_t *ret_in,
		     struct kiln_err *err)
{
	struct kiln_loader *l = &f->loader;
	const uint32_t base = l->chip->spi.base;
	uint32_t usr, usr2, in;

	KILN_TRY(kiln_loader_read_reg(l, base + l->chip->spi.usr, &usr, err));
	KILN_TRY(kiln_loader_read_reg(l, base + l->chip->spi.usr2, &usr2, err));
	KILN_TRY(start(l, c, err));
	KILN_TRY(finish(l, err));
	KILN_TRY(kiln_loader_read_reg(l, base + l->chip->spi.w0, &in, err));
	const struct kiln_reg_write restore[] = {
		{ base + l->chip->spi.usr, usr, UINT32_MAX, 0 },
		{ base + l->chip->spi.usr2, usr2, UINT32_MAX, 0 },
	};
	KILN_TRY(kiln_loader_write_regs(l, &restore[0], 1, err));
	KILN_TRY(kiln_loader_write_regs(l, &restore[1], 1, err));
	if (ret_in)
		*ret_in = in;
	return KILN_OK;
}

static kiln_code check(struct kiln_flasher *f, unsigned bytes, struct kiln_err *err)
{
	if (bytes == 0 || bytes > STATUS_MAX)
		return kiln_fail(err, KILN_E_INVALID, "a flash chip has 1 to %d status bytes",
				 STATUS_MAX);
	if (!f->loader.chip->spi.mosi_dlen) { /* its lengths lie in another register */
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot use the flash status registers");
		kiln_why(err, "this is not supported on the %s yet", f->loader.chip->name);
		return KILN_E_UNSUPPORTED;
	}
	return kiln_flasher_attach(f, KILN_FLASH_KEEP, err);
}

kiln_code kiln_flasher_read_status(struct kiln_flasher *flasher, unsigned bytes,
				   uint32_t *ret_status, struct kiln_err *err)
{
	uint32_t status = 0, in;

	KILN_TRY(check(flasher, bytes, err));
	for (unsigned i = 0; i < bytes; i++) {
		const struct command c = { .code = read_codes[i], .bits_in = 8 };

		KILN_TRY(run(flasher, &c, &in, err));
		status |= (in & 0xFF) << 8 * i;
	}
	*ret_status = status;
	return KILN_OK;
}

static kiln_code write_one(struct kiln_flasher *f, uint8_t enable, const struct command *c,
			   struct kiln_err *err)
{
	KILN_TRY(run(f, &(struct command){ .code = enable }, NULL, err));
	return run(f, c, NULL, err);
}

/* Some chips take two bytes by one command, some each byte by a command of its own: both are
 * sent, and each chip passes over what it does not know. */
kiln_code kiln_flasher_write_status(struct kiln_flasher *flasher, unsigned bytes, uint32_t status,
				    bool non_volatile, struct kiln_err *err)
{
	const uint8_t enable = non_volatile ? CMD_WREN : CMD_WREN_VOLATILE;

	KILN_TRY(check(flasher, bytes, err));
	if (bytes == 2) {
		const struct command c = { .code = CMD_WRSR, .bits_out = 16, .out = status };

		KILN_TRY(write_one(flasher, enable, &c, err));
	}
	for (unsigned i = 0; i < bytes; i++) {
		const struct command c = { .code = write_codes[i],
					   .bits_out = 8,
					   .out = status >> 8 * i & 0xFF };

		KILN_TRY(write_one(flasher, enable, &c, err));
	}
	return run(flasher, &(struct command){ .code = CMD_WRDI }, NULL, err);
}
