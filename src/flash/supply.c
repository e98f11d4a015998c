/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/supply.h"

/* RTC_CNTL_SDIO_CONF_REG */
#define XPD (1u << 31) /* the regulator is on */
#define BOOST (3u << 29 | 3u << 27 | 3u << 25)
#define BOOST_HIGH (3u << 29)
#define FORCE (1u << 22) /* it, and not the eFuse, decides */
#define POWER_DOWN (1u << 21)

/* eFuse block 0, word 4; GPIO_STRAP_REG */
enum { EFUSE_WORD = 4 * 4, EFUSE_XPD = 1 << 14, EFUSE_TIEH = 1 << 15, EFUSE_FORCE = 1 << 16 };
enum { STRAP_1V8 = 1 << 5 };

static const struct {
	const char *name;
	uint32_t bits;
} supplies[] = {
	[KILN_SUPPLY_1V8] = { "1.8V", FORCE | POWER_DOWN | XPD },
	[KILN_SUPPLY_1V9] = { "1.9V", FORCE | POWER_DOWN | XPD | BOOST },
	[KILN_SUPPLY_OFF] = { "OFF", FORCE | POWER_DOWN },
};

kiln_code kiln_flasher_override_supply(struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_chip *chip = f->loader.chip;
	const kiln_supply wanted = f->options.supply;

	if (wanted == KILN_SUPPLY_KEEP)
		return KILN_OK;
	if (!chip->sdio_conf_reg)
		return kiln_fail(err, KILN_E_UNSUPPORTED,
				 "Overriding VDDSDIO is not supported by %s.", chip->name);
	const struct kiln_reg_write write = { chip->sdio_conf_reg, supplies[wanted].bits,
					      UINT32_MAX, 0 };

	KILN_TRY(kiln_loader_write_regs(&f->loader, &write, 1, err));
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_SUPPLY,
							.item = supplies[wanted].name });
	return KILN_OK;
}

static const char *set_by_register(uint32_t conf)
{
	if (!(conf & FORCE))
		return NULL;
	if (conf & BOOST_HIGH)
		return "1.9V";
	return conf & XPD ? "1.8V" : "OFF";
}

static const char *set_by_efuse(uint32_t efuse)
{
	if (!(efuse & EFUSE_FORCE))
		return NULL;
	if (!(efuse & EFUSE_XPD))
		return "OFF";
	return efuse & EFUSE_TIEH ? "3.3V" : "1.8V";
}

kiln_code kiln_flasher_read_supply(struct kiln_flasher *f, const char **ret_volts,
				   const char **ret_source, struct kiln_err *err)
{
	const struct kiln_chip *chip = f->loader.chip;
	uint32_t conf, efuse, strap;

	*ret_volts = NULL;
	if (!chip->sdio_conf_reg || f->loader.secure_download)
		return KILN_OK;
	KILN_TRY(kiln_loader_read_reg(&f->loader, chip->sdio_conf_reg, &conf, err));
	*ret_source = "RTC_CNTL";
	*ret_volts = set_by_register(conf);
	if (*ret_volts)
		return KILN_OK;
	KILN_TRY(kiln_loader_read_reg(&f->loader, chip->efuse_read_base + EFUSE_WORD, &efuse, err));
	*ret_source = "eFuse";
	*ret_volts = set_by_efuse(efuse);
	if (*ret_volts)
		return KILN_OK;
	KILN_TRY(kiln_loader_read_reg(&f->loader, chip->strap_reg, &strap, err));
	*ret_source = "a strapping pin";
	*ret_volts = strap & STRAP_1V8 ? "1.8V" : "3.3V";
	return KILN_OK;
}

kiln_code kiln_flasher_read_flash_type(struct kiln_flasher *f, const char **ret_type,
				       struct kiln_err *err)
{
	const struct kiln_chip *chip = f->loader.chip;
	uint32_t value;

	*ret_type = NULL;
	if (!chip->flash_type_reg || f->loader.secure_download)
		return KILN_OK;
	KILN_TRY(kiln_loader_read_reg(&f->loader, chip->flash_type_reg, &value, err));
	*ret_type = value & chip->flash_type_mask ? "octal (8 data lines)" : "quad (4 data lines)";
	return KILN_OK;
}
