/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the chip's memory and registers, and its flash: for tools that look into a chip. */
#include "flash/flasher.h"

static kiln_code check_aligned(uint32_t address, struct kiln_err *err)
{
	if (address % 4 == 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use memory at 0x%08x", address);
	kiln_why(err, "words lie at multiples of 4");
	return KILN_E_INVALID;
}

kiln_code kiln_flasher_peek(struct kiln_flasher *flasher, uint32_t address, uint32_t *ret_value,
			    struct kiln_err *err)
{
	KILN_TRY(check_aligned(address, err));
	return kiln_loader_read_reg(&flasher->loader, address, ret_value, err);
}

kiln_code kiln_flasher_poke(struct kiln_flasher *flasher, uint32_t address, uint32_t value,
			    uint32_t mask, struct kiln_err *err)
{
	const struct kiln_reg_write write = { address, value, mask, 0 };

	KILN_TRY(check_aligned(address, err));
	return kiln_loader_write_regs(&flasher->loader, &write, 1, err);
}

kiln_code kiln_flasher_identify(struct kiln_flasher *flasher, struct kiln_err *err)
{
	return kiln_flasher_attach(flasher, KILN_FLASH_KEEP, err);
}
