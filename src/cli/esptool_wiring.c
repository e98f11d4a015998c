/* SPDX-License-Identifier: Apache-2.0 */
/* --spi-connection: where the flash chip is wired; commands that look at the flash chip have it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cli/esptool.h"

static kiln_code bad(const char *text, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --spi-connection: '%s'", text);
	kiln_why(err, "Values are SPI, HSPI, or a sequence of 5 pin numbers - CLK,Q,D,HD,CS.");
	return KILN_E_INVALID;
}

static bool take_pins(const char *text, uint8_t pins[KILN_FLASH_PINS])
{
	char one[16];

	for (int i = 0; i < KILN_FLASH_PINS; i++) {
		const size_t n = strcspn(text, ",");
		uint64_t value;

		if (n >= sizeof(one) || (text[n] == ',') != (i < KILN_FLASH_PINS - 1))
			return false;
		memcpy(one, text, n);
		one[n] = '\0';
		if (!kiln_text_to_u64(one, &value) || value > UINT8_MAX)
			return false;
		pins[i] = (uint8_t)value;
		text += n + 1;
	}
	return true;
}

kiln_code esptool_settle_wiring(struct esptool *t, struct kiln_err *err)
{
	struct kiln_flash_wiring *w = &t->flasher.wiring;
	const char *text = t->wiring;

	if (!text)
		return KILN_OK;
	if (strcasecmp(text, "SPI") == 0)
		w->kind = KILN_WIRING_SPI;
	else if (strcasecmp(text, "HSPI") == 0)
		w->kind = KILN_WIRING_HSPI;
	else if (take_pins(text, w->pins))
		w->kind = KILN_WIRING_PINS;
	else
		return bad(text, err);
	return KILN_OK;
}
