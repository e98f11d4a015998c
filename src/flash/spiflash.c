/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash chip behind the chip: commands by hand through the SPI controller's "user" mode
 * (ESP32 Technical Reference Manual, "SPI Controller"), its JEDEC id, its size.
 */
#include "flash/flasher.h"

enum {
	SPI_CMD_USR = 1 << 18,
	SPI_USR_MISO = 1 << 28,
	CMD_RDID = 0x9F,
	RDID_BITS = 24,
	POLLS = 10,
	USR1_MISO_BITLEN = 8, /* ESP8266: SPI_USER1 */
};
#define SPI_USR_COMMAND (1u << 31)
#define SPI_USR2_BITLEN (7u << 28) /* commands have 8 bits */

/* Secure download mode: all that a ROM can reach, since the real size is not to be had. */
enum { SECURE_SIZE = 16 << 20 };

/* All registers in one request, for each would be a round trip of its own; or one by one. */
static kiln_code write_regs(struct kiln_loader *l, const struct kiln_reg_write *writes, unsigned n,
			    bool at_once, struct kiln_err *err)
{
	if (at_once)
		return kiln_loader_write_regs(l, writes, n, err);
	for (unsigned i = 0; i < n; i++)
		KILN_TRY(kiln_loader_write_regs(l, &writes[i], 1, err));
	return KILN_OK;
}

static kiln_code run_command(struct kiln_loader *l, uint8_t command, unsigned bits_in, bool at_once,
			     struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &l->chip->spi;
	/* the oldest chip keeps lengths in the middle of another register */
	const uint32_t dlen = spi->miso_dlen ? spi->miso_dlen : spi->usr1;
	const struct kiln_reg_write writes[] = {
		{ spi->base + dlen, (bits_in - 1) << (spi->miso_dlen ? 0 : USR1_MISO_BITLEN),
		  UINT32_MAX, 0 },
		{ spi->base + spi->usr, SPI_USR_COMMAND | SPI_USR_MISO, UINT32_MAX, 0 },
		{ spi->base + spi->usr2, SPI_USR2_BITLEN | command, UINT32_MAX, 0 },
		{ spi->base + spi->w0, 0, UINT32_MAX, 0 },
		{ spi->base + spi->cmd, SPI_CMD_USR, UINT32_MAX, 0 },
	};
	uint32_t busy;

	KILN_TRY(write_regs(l, writes, sizeof(writes) / sizeof(writes[0]), at_once, err));
	for (int i = 0; i < POLLS; i++) {
		KILN_TRY(kiln_loader_read_reg(l, spi->base + spi->cmd, &busy, err));
		if (!(busy & SPI_CMD_USR))
			return KILN_OK;
	}
	(void)kiln_fail(err, KILN_E_TIMEOUT, "cannot ask the flash chip for its id");
	kiln_why(err, "the chip's SPI controller does not finish");
	return KILN_E_TIMEOUT;
}

static kiln_code read_id(struct kiln_loader *l, bool at_once, uint32_t *ret_id,
			 struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &l->chip->spi;
	uint32_t usr, usr2, id;

	KILN_TRY(kiln_loader_read_reg(l, spi->base + spi->usr, &usr, err));
	KILN_TRY(kiln_loader_read_reg(l, spi->base + spi->usr2, &usr2, err));
	KILN_TRY(run_command(l, CMD_RDID, RDID_BITS, at_once, err));
	KILN_TRY(kiln_loader_read_reg(l, spi->base + spi->w0, &id, err));
	const struct kiln_reg_write restore[] = {
		{ spi->base + spi->usr, usr, UINT32_MAX, 0 },
		{ spi->base + spi->usr2, usr2, UINT32_MAX, 0 },
	};
	KILN_TRY(write_regs(l, restore, 2, at_once, err));
	*ret_id = id & 0xFFFFFF;
	return KILN_OK;
}

bool kiln_jedec_is_valid(uint32_t id)
{
	return id != 0 && id != 0xFFFFFF && id != 0xFFFF3F;
}

/* The third byte is the size's exponent, in one of three countings that makers use. */
uint64_t kiln_jedec_size(uint32_t id)
{
	static const struct range {
		uint8_t first, last, exponent; /* of `first` */
	} ranges[] = {
		{ 0x12, 0x1C, 18 }, /* 256 KB to 256 MB */
		{ 0x20, 0x22, 26 }, /* 64 MB to 256 MB */
		{ 0x32, 0x3A, 18 }, /* 256 KB to 64 MB */
	};
	enum { ADESTO = 0x1F };
	const unsigned code = id >> 16 & 0xFF, adesto = id >> 8 & 0x1F;

	if ((id & 0xFF) == ADESTO) /* its second byte says it: 512 KB is 4 */
		return adesto >= 4 && adesto <= 9 ? 1ull << (15 + adesto) : 0;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return 1ull << (ranges[i].exponent + code - ranges[i].first);
	}
	return 0;
}

kiln_code kiln_flasher_check_reach(const struct kiln_flasher *f, uint64_t end, struct kiln_err *err)
{
	const bool can = f->loader.is_stub && f->loader.chip->over_16mb;

	if (end <= KILN_FLASH_24BIT || can)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot reach flash beyond 16 MB");
	if (f->loader.chip->over_16mb) {
		kiln_why(err, "only the stub can, and it does not run");
		kiln_hint(err, "leave out --no-stub");
	} else {
		kiln_why(err, "the loader of the %s has no commands for it", f->loader.chip->name);
	}
	return KILN_E_UNSUPPORTED;
}

/* A stub does this by itself as it starts. */
static kiln_code attach_rom(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_chip_reader reader = kiln_loader_reader(l);
	struct kiln_request request;
	uint32_t pins = 0;

	if (l->chip->rom_is_old) {
		const struct kiln_begin begin = { .block_size = KILN_LOADER_BLOCK_ROM };

		request = kiln_request_begin(KILN_OP_FLASH_BEGIN, &begin); /* connects the flash */
		return kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, NULL, err);
	}
	if (l->chip->read_spi_pins)
		KILN_TRY(l->chip->read_spi_pins(l->chip, &reader, &pins, err));
	request = kiln_request_spi_attach(pins, true);
	return kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, NULL, err);
}

static kiln_code find_size(struct kiln_flasher *f, struct kiln_err *err)
{
	if (f->attached)
		return KILN_OK;
	if (!f->loader.is_stub)
		KILN_TRY(attach_rom(&f->loader, err));
	f->attached = true;
	if (f->loader.secure_download) /* no register: nobody can ask the flash chip */
		return KILN_OK;
	KILN_TRY(read_id(&f->loader, /* at_once= */ true, &f->info.flash_id, err));
	/* a loader that takes one record only, or a garbled reply */
	if (!kiln_jedec_is_valid(f->info.flash_id))
		KILN_TRY(read_id(&f->loader, /* at_once= */ false, &f->info.flash_id, err));
	if (!kiln_jedec_is_valid(f->info.flash_id))
		kiln_flasher_warn(f,
				  "the flash chip does not answer (id 0x%06x): check its wiring "
				  "and what else is connected to its pins",
				  f->info.flash_id);
	else
		f->info.flash_size = kiln_jedec_size(f->info.flash_id);
	return KILN_OK;
}

kiln_code kiln_flasher_attach(struct kiln_flasher *f, int64_t size, struct kiln_err *err)
{
	struct kiln_request request;
	uint64_t told;

	KILN_TRY(find_size(f, err));
	told = f->info.flash_size ? f->info.flash_size : KILN_FLASH_DEFAULT_SIZE;
	if (size <= 0 && f->loader.secure_download)
		told = SECURE_SIZE;
	else if (size == KILN_FLASH_DETECT && !f->info.flash_size)
		kiln_flasher_warn(f,
				  "the flash size could not be detected (id 0x%06x): 4 MB is taken",
				  f->info.flash_id);
	if (size > 0 && f->info.flash_size && (uint64_t)size > f->info.flash_size)
		kiln_flasher_warn(f,
				  "the flash is smaller (%llu bytes) than the size that was given",
				  (unsigned long long)f->info.flash_size);
	if (size > 0)
		told = (uint64_t)size;
	if (!f->loader.is_stub && f->loader.chip->rom_is_old)
		return KILN_OK; /* this ROM takes the size from nobody */
	request = kiln_request_spi_set_params((uint32_t)told);
	return kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT, NULL, err);
}
