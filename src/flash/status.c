/* SPDX-License-Identifier: Apache-2.0 */
/* The flash chip's status registers, and its own description of itself. */
#include "flash/flasher.h"

#include "flash/spi.h"

enum { STATUS_MAX = 3, SFDP_MAX = 4 };

static const uint8_t read_codes[STATUS_MAX] = { 0x05, 0x35, 0x15 };
static const uint8_t write_codes[STATUS_MAX] = { KILN_SPI_WRSR, 0x31, 0x11 };

static kiln_code can_ask(struct kiln_flasher *f, struct kiln_err *err)
{
	if (!f->loader.secure_download)
		return kiln_flasher_attach(f, KILN_FLASH_KEEP, err);
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot talk to the flash chip");
	kiln_why(err, "the chip is in secure download mode");
	return KILN_E_UNSUPPORTED;
}

static kiln_code check(struct kiln_flasher *f, unsigned bytes, struct kiln_err *err)
{
	if (bytes == 0 || bytes > STATUS_MAX)
		return kiln_fail(err, KILN_E_INVALID, "a flash chip has 1 to %d status bytes",
				 STATUS_MAX);
	return can_ask(f, err);
}

/* One register a request: not every loader takes several. */
static kiln_code run(struct kiln_flasher *f, const struct kiln_spi_command *c, uint32_t *ret_in,
		     struct kiln_err *err)
{
	return kiln_spi_run(&f->loader, c, /* at_once= */ false, ret_in, err);
}

kiln_code kiln_flasher_read_status(struct kiln_flasher *flasher, unsigned bytes,
				   uint32_t *ret_status, struct kiln_err *err)
{
	uint32_t status = 0, in;

	KILN_TRY(check(flasher, bytes, err));
	for (unsigned i = 0; i < bytes; i++) {
		const struct kiln_spi_command c = { .code = read_codes[i], .bits_in = 8 };

		KILN_TRY(run(flasher, &c, &in, err));
		status |= (in & 0xFF) << 8 * i;
	}
	*ret_status = status;
	return KILN_OK;
}

static kiln_code write_one(struct kiln_flasher *f, uint8_t enable, const struct kiln_spi_command *c,
			   struct kiln_err *err)
{
	KILN_TRY(run(f, &(struct kiln_spi_command){ .code = enable }, NULL, err));
	return run(f, c, NULL, err);
}

/* Some chips take two bytes by one command, some each byte by a command of its own: both are
 * sent, and each chip passes over what it does not know. */
kiln_code kiln_flasher_write_status(struct kiln_flasher *flasher, unsigned bytes, uint32_t status,
				    bool non_volatile, struct kiln_err *err)
{
	const uint8_t enable = non_volatile ? KILN_SPI_WREN : KILN_SPI_WREN_VOLATILE;

	KILN_TRY(check(flasher, bytes, err));
	if (bytes == 2) {
		const struct kiln_spi_command c = { .code = KILN_SPI_WRSR,
						    .bits_out = 16,
						    .out = status };

		KILN_TRY(write_one(flasher, enable, &c, err));
	}
	for (unsigned i = 0; i < bytes; i++) {
		const struct kiln_spi_command c = { .code = write_codes[i],
						    .bits_out = 8,
						    .out = status >> 8 * i & 0xFF };

		KILN_TRY(write_one(flasher, enable, &c, err));
	}
	return run(flasher, &(struct kiln_spi_command){ .code = KILN_SPI_WRDI }, NULL, err);
}

kiln_code kiln_flasher_read_sfdp(struct kiln_flasher *flasher, uint32_t address, unsigned bytes,
				 uint8_t *ret_bytes, struct kiln_err *err)
{
	uint32_t value;

	if (bytes == 0 || bytes > SFDP_MAX)
		return kiln_fail(err, KILN_E_INVALID,
				 "Invalid number of bytes to read from SFDP (1-%d).", SFDP_MAX);
	KILN_TRY(can_ask(flasher, err));
	KILN_TRY(kiln_spi_read_sfdp(&flasher->loader, address, bytes, /* at_once= */ false, &value,
				    err));
	for (unsigned i = 0; i < bytes; i++)
		ret_bytes[i] = (uint8_t)(value >> 8 * i);
	return KILN_OK;
}
