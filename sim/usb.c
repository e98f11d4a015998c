/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/usb.h"

#define RTC_BITES (1000 * SIM_MS)
#define SWD_BITES (1600 * SIM_MS)
#define RTC_ON (1u << 31)
#define SLOW_CLOCK 136000 /* Hz */

void sim_usb_init(struct sim_usb *u, sim_usb_kind kind)
{
	*u = (struct sim_usb){ .kind = kind, .rtc_at = SIM_NEVER, .swd_at = SIM_NEVER };
}

/* RTS without DTR resets; DTR without RTS before it sets the flag, neither clears it. */
bool sim_usb_set_lines(struct sim_usb *u, bool dtr, bool rts, bool *ret_loader)
{
	const bool resets = rts && !dtr && !(u->rts && !u->dtr);

	u->dtr = dtr;
	u->rts = rts;
	*ret_loader = u->to_loader;
	if (resets || (!dtr && !rts))
		u->to_loader = false;
	else if (dtr && !rts)
		u->to_loader = true;
	return resets;
}

void sim_usb_start_watchdogs(struct sim_usb *u, const struct sim_bus *bus, sim_ns now)
{
	const struct kiln_chip_watchdogs *w = &sim_model_chip(bus->model)->watchdogs;

	u->rtc_at = w->config0 ? now + RTC_BITES : SIM_NEVER;
	u->swd_at = w->swd_config ? now + SWD_BITES : SIM_NEVER;
}

void sim_usb_stop_watchdogs(struct sim_usb *u)
{
	u->rtc_at = u->swd_at = SIM_NEVER;
}

void sim_usb_look(struct sim_usb *u, struct sim_bus *bus, sim_ns now)
{
	const struct kiln_chip_watchdogs *w = &sim_model_chip(bus->model)->watchdogs;
	const uint32_t written = bus->watchdog_written;

	bus->watchdog_written = 0;
	if (written == w->swd_config && sim_bus_read(bus, w->swd_config) & w->swd_auto_feed)
		u->swd_at = SIM_NEVER;
	if (written != w->config0)
		return;
	u->rtc_at = SIM_NEVER;
	if (sim_bus_read(bus, w->config0) & RTC_ON)
		u->rtc_at = now + (sim_ns)sim_bus_read(bus, w->config1) * SIM_S / SLOW_CLOCK;
}
