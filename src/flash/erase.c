/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flasher.h"

/* A ROM erases what a write is about to need, so an empty write erases. */
static kiln_code erase_by_begin(struct kiln_flasher *f, uint32_t address, uint32_t size,
				struct kiln_err *err)
{
	const struct kiln_chip *chip = f->loader.chip;
	const struct kiln_begin begin = {
		.size = chip->rom_erase_size ? chip->rom_erase_size(address, size) : size,
		.n_blocks = size / KILN_LOADER_BLOCK_ROM,
		.block_size = KILN_LOADER_BLOCK_ROM,
		.offset = address,
		.has_encrypted_word = f->loader.chip->rom_has_encrypted_word,
	};
	const struct kiln_request request = kiln_request_begin(KILN_OP_FLASH_BEGIN, &begin);

	return kiln_loader_ask(&f->loader, &request, kiln_flasher_timeout(f, KILN_WORK_ERASE, size),
			       NULL, err);
}

static kiln_code say_state(struct kiln_err *err, kiln_code code, const char *what)
{
	kiln_because(err, "cannot erase %s", what);
	if (code == KILN_E_CANCELLED || code == KILN_E_TIMEOUT || code == KILN_E_PORT_GONE)
		kiln_hint(err, "a part of the flash may be erased already: run the same command "
			       "again before you use the board");
	return code;
}

kiln_code kiln_flasher_erase_chip(struct kiln_flasher *f, struct kiln_err *err)
{
	const kiln_ms begun = kiln_link_now(f->loader.link);
	const struct kiln_request request = kiln_request_bare(KILN_OP_ERASE_FLASH);
	kiln_code code;

	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_ERASING });
	if (f->loader.is_stub)
		code = kiln_loader_ask(
			&f->loader, &request,
			kiln_limit(f->loader.limits.erase_chip, KILN_FLASH_ERASE_CHIP_MS), NULL,
			err);
	else
		code = erase_by_begin(f, 0, (uint32_t)f->info.flash_size, err);
	if (code != KILN_OK)
		return say_state(err, code, "the flash");
	kiln_flasher_emit(f, (struct kiln_flash_event){
				     .stage = KILN_FLASH_ERASED,
				     .elapsed_ms = kiln_link_now(f->loader.link) - begun });
	return KILN_OK;
}

kiln_code kiln_flasher_erase_all(struct kiln_flasher *flasher, struct kiln_err *err)
{
	if (flasher->loader.is_stub) /* one command of the flash chip: no size is needed */
		return kiln_flasher_erase_chip(flasher, err);
	KILN_TRY(kiln_flasher_attach(flasher, KILN_FLASH_KEEP, err));
	if (flasher->info.flash_size == 0) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot erase the flash");
		kiln_why(err,
			 "without the stub its size must be known, and it could not be detected");
		kiln_hint(err, "use the stub, or erase a region");
		return KILN_E_UNSUPPORTED;
	}
	return kiln_flasher_erase_chip(flasher, err);
}

kiln_code kiln_flasher_erase_sectors(struct kiln_flasher *f, uint32_t address, uint32_t size,
				     struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_erase_region(KILN_OP_ERASE_REGION, address,
								      size);

	if (!f->loader.is_stub)
		return erase_by_begin(f, address, size, err);
	return kiln_loader_ask(&f->loader, &request, kiln_flasher_timeout(f, KILN_WORK_ERASE, size),
			       NULL, err);
}

static kiln_code check_region(const struct kiln_flasher *f, uint32_t address, uint32_t size,
			      struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	if (address % KILN_FLASH_SECTOR || size % KILN_FLASH_SECTOR || size == 0)
		code = KILN_E_INVALID;
	else if (f->info.flash_size && (uint64_t)address + size > f->info.flash_size)
		code = KILN_E_TOO_BIG;
	if (code == KILN_OK)
		return KILN_OK;
	(void)kiln_fail(err, code, "cannot erase 0x%x bytes at 0x%08x", size, address);
	if (code == KILN_E_INVALID)
		kiln_why(err, "address and size must be multiples of 0x1000, a flash sector");
	else
		kiln_why(err, "the flash ends at 0x%08llx", (unsigned long long)f->info.flash_size);
	return code;
}

kiln_code kiln_flasher_erase_region(struct kiln_flasher *flasher, uint32_t address, uint32_t size,
				    struct kiln_err *err)
{
	kiln_ms begun;
	kiln_code code;

	KILN_TRY(kiln_flasher_attach(flasher, KILN_FLASH_KEEP, err));
	KILN_TRY(check_region(flasher, address, size, err));
	KILN_TRY(kiln_flasher_check_reach(flasher, (uint64_t)address + size, err));
	begun = kiln_link_now(flasher->loader.link);
	kiln_flasher_emit(flasher, (struct kiln_flash_event){ .stage = KILN_FLASH_ERASING,
							      .address = address,
							      .total = size });
	code = kiln_flasher_erase_sectors(flasher, address, size, err);
	if (code != KILN_OK)
		return say_state(err, code, "the region");
	kiln_flasher_emit(flasher,
			  (struct kiln_flash_event){
				  .stage = KILN_FLASH_ERASED,
				  .address = address,
				  .total = size,
				  .elapsed_ms = kiln_link_now(flasher->loader.link) - begun });
	return KILN_OK;
}
