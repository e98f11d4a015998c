/* SPDX-License-Identifier: Apache-2.0 */
/* Source: ESP-IDF, the start-up flow of XMC25QHxxC in its bootloader support. */
#include "flash/xmc.h"

#include "flash/spi.h"

enum { XMC = 0x20, SFDP_MAKER = 0x10, EXIT_MS = 2, RELEASE_MS = 1 };

bool kiln_jedec_is_xmc(uint32_t id)
{
	static const struct {
		uint8_t type, first, last; /* of the size byte */
	} series[] = { { 0x40, 0x13, 0x20 }, { 0x41, 0x17, 0x20 }, { 0x50, 0x15, 0x16 } };
	const uint8_t type = id >> 8 & 0xFF, size = id >> 16 & 0xFF;

	for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		if (type == series[i].type && size >= series[i].first && size <= series[i].last)
			return (id & 0xFF) == XMC;
	}
	return false;
}

static kiln_code send(struct kiln_flasher *f, uint8_t code, struct kiln_err *err)
{
	const struct kiln_spi_command c = { .code = code };

	return kiln_spi_run(&f->loader, &c, !f->one_by_one, NULL, err);
}

static kiln_code start_up(struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(send(f, 0xB9, err)); /* deep power-down */
	KILN_TRY(send(f, 0x79, err)); /* ultra deep power-down */
	KILN_TRY(send(f, 0xFF, err)); /* out of it */
	KILN_TRY(kiln_link_sleep(f->loader.link, EXIT_MS, err));
	KILN_TRY(send(f, 0xAB, err)); /* out of deep power-down */
	return kiln_link_sleep(f->loader.link, RELEASE_MS, err);
}

kiln_code kiln_flasher_wake_xmc(struct kiln_flasher *f, struct kiln_err *err)
{
	const uint32_t id = f->info.flash_id;
	uint32_t maker;

	/* who is in a hurry trusts an id that makes sense, if it is not the maker's in question */
	if (kiln_jedec_is_xmc(id) ||
	    (f->options.quick && (id & 0xFF) != XMC && kiln_jedec_size(id)))
		return KILN_OK;
	KILN_TRY(kiln_spi_read_sfdp(&f->loader, SFDP_MAKER, 1, !f->one_by_one, &maker, err));
	if (maker != XMC)
		return KILN_OK;
	kiln_flasher_warn(
		f, "XMC flash chip boot-up failure detected! Running XMC25QHxxC startup flow");
	KILN_TRY(start_up(f, err));
	KILN_TRY(kiln_flasher_read_id(f, &f->info.flash_id, err));
	kiln_flasher_warn(f, kiln_jedec_is_xmc(f->info.flash_id)
				     ? "XMC flash chip boot-up fix successful!"
				     : "XMC flash boot-up fix failed.");
	return KILN_OK;
}
