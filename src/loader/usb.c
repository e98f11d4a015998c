/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to chips that are reached by their own USB port: a reset over USB does not
 * reset the watchdogs, and a request for download mode outlives it.
 * Registers: technical reference manuals, "Watchdog Timers" and "Low-power Management".
 */
#include "loader/bringup.h"

#define UNLOCK 0x50D83AA1u /* the RTC watchdog's key, the same on all chips */

enum {
	WATCHDOG_TICKS = 2000, /* of the slow clock: some 15 ms */
	WATCHDOG_PAUSE = 500,
};
/* enabled; its first stage resets the system; pulse lengths of the two resets */
#define WATCHDOG_ON (1u << 31 | 5u << 28 | 1u << 8 | 2u)

static kiln_code write_reg(struct kiln_loader *l, uint32_t address, uint32_t value,
			   struct kiln_err *err)
{
	const struct kiln_reg_write write = { address, value, UINT32_MAX, 0 };

	return kiln_loader_write_regs(l, &write, 1, err);
}

static kiln_code stop_watchdogs(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_chip_watchdogs *w = &l->chip->watchdogs;
	uint32_t config;

	if (!w->config0)
		return KILN_OK;
	KILN_TRY(write_reg(l, w->protect, UNLOCK, err));
	KILN_TRY(write_reg(l, w->config0, 0, err));
	KILN_TRY(write_reg(l, w->protect, 0, err));
	if (!w->swd_config)
		return KILN_OK;
	KILN_TRY(write_reg(l, w->swd_protect, w->swd_key, err));
	KILN_TRY(kiln_loader_read_reg(l, w->swd_config, &config, err));
	KILN_TRY(write_reg(l, w->swd_config, config | w->swd_auto_feed, err));
	return write_reg(l, w->swd_protect, 0, err);
}

#define PMU 0x50115000u
#define LDO (PMU + 0x1B8)
#define LDO_ANALOG (PMU + 0x1BC)
#define PMU_DATE (PMU + 0x3FC)
#define EFUSE_DATA1 0x5012D034u

/* ESP32-P4 v3.1 and v3.2 start with the flash's regulator off (its errata, and ESP-IDF's boot). */
static kiln_code power_on_flash(struct kiln_loader *l, struct kiln_err *err)
{
	static const struct kiln_reg_write on[] = {
		{ 0x5011010C, 1, UINT32_MAX, 10000 },  /* power of the pads */
		{ LDO_ANALOG, 1u << 27, 1u << 27, 0 }, /* limit the current while it starts */
		{ LDO, 1u << 7, 1u << 7, 0 },          { PMU_DATE, 3, 3, 50 },
		{ LDO_ANALOG, 0, 1u << 27, 0 },        { LDO, 0, 0xFFu << 23, 0 },
		{ LDO, 1u << 7, 1u << 7, 0 },          { LDO, 0, 1u << 7, 1800 },
	};
	uint32_t efuse = 0;

	if (l->revision != 301 && l->revision != 302)
		return KILN_OK;
	if (l->revision == 302)
		KILN_TRY(kiln_loader_read_reg(l, EFUSE_DATA1, &efuse, err));
	if (efuse & 1u << 16) /* the ROM did it */
		return write_reg(l, PMU_DATE, 0, err);
	return kiln_loader_write_regs(l, on, sizeof(on) / sizeof(on[0]), err);
}

kiln_code kiln_loader_settle_chip(struct kiln_loader *l, struct kiln_err *err)
{
	if (l->secure_download)
		return KILN_OK;
	if (kiln_loader_usb_mode(l) == KILN_USB_JTAG && !l->is_stub)
		KILN_TRY(stop_watchdogs(l, err));
	return l->chip->powers_flash ? power_on_flash(l, err) : KILN_OK;
}

kiln_code kiln_loader_leave_download(struct kiln_loader *l, bool *ret_needs_watchdog,
				     struct kiln_err *err)
{
	const struct kiln_chip_force_download *f = &l->chip->force_download;
	const bool otg = kiln_loader_usb_mode(l) == KILN_USB_OTG && !l->secure_download;
	const struct kiln_reg_write clear = { f->option_reg, 0, f->option_mask, 0 };
	uint32_t strap, option;

	/* without registers to look at, USB-OTG needs it always */
	*ret_needs_watchdog = otg && l->chip->watchdogs.can_reset;
	if (l->secure_download || !f->option_reg)
		return KILN_OK;
	if (f->clear_always)
		KILN_TRY(kiln_loader_write_regs(l, &clear, 1, err));
	if (!otg)
		return KILN_OK;
	KILN_TRY(kiln_loader_read_reg(l, f->strap_reg, &strap, err));
	KILN_TRY(kiln_loader_read_reg(l, f->option_reg, &option, err));
	*ret_needs_watchdog = !(strap & f->strap_mask) && !(option & f->option_mask);
	return KILN_OK;
}

kiln_code kiln_loader_watchdog_reset(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_chip_watchdogs *w = &l->chip->watchdogs;

	KILN_TRY(write_reg(l, w->protect, UNLOCK, err));
	KILN_TRY(write_reg(l, w->config1, WATCHDOG_TICKS, err));
	KILN_TRY(write_reg(l, w->config0, WATCHDOG_ON, err));
	/* locked again if there is time: the chip may be gone already */
	(void)write_reg(l, w->protect, 0, NULL);
	return kiln_link_sleep(l->link, WATCHDOG_PAUSE, err);
}
