/* SPDX-License-Identifier: Apache-2.0 */
/* The board's clock, its reset circuit, and what the host does to it. */
#include "sim/board_impl.h"

/*
 * EN has 10 kOhm to 3.3 V and 1 uF to ground (Espressif's hardware design guidelines); it counts
 * as high at 0.75 VDD, which is reached after RC * ln 4. Down it goes through a transistor, at
 * once.
 */
#define EN_RISE (13863 * SIM_US)

/* --- time --- */

/* When the fault that counts programmed bytes takes the power away: within a page. */
static sim_ns cut_at(const struct sim_board *b)
{
	const struct sim_fault *cut = sim_faults_find(&b->faults, SIM_FAULT_CUT);
	const struct sim_writer *w = &b->download.writer;
	const uint64_t done = b->flash.programmed;

	if (!cut || !w->running || w->op.kind != SIM_FLASH_PROGRAM || done + w->op.n < cut->n)
		return SIM_NEVER;
	/* rounded up, so that tearing rounds back to that byte */
	return w->op_start + ((w->op_end - w->op_start) * (sim_ns)(cut->n - done) + w->op.n - 1) /
				     (sim_ns)w->op.n;
}

sim_ns sim_board_next(const struct sim_board *b)
{
	sim_ns at = sim_earlier(b->cpu_at, b->watchdog_at);

	at = sim_earlier(at, sim_earlier(b->en_rises_at, b->reset_at));
	at = sim_earlier(at, sim_earlier(b->usb.rtc_at, b->usb.swd_at));
	at = sim_earlier(at, b->held_until);
	if (b->to_host.n == 0)
		at = sim_earlier(at, b->baud_at);
	at = sim_earlier(at, sim_board_to_chip_at(b));
	at = sim_earlier(at, sim_board_to_host_at(b));
	if (sim_board_in_download(b)) {
		at = sim_earlier(at, sim_download_next(&b->download));
		if (b->faults.n)
			at = sim_earlier(at, cut_at(b));
	}
	return at;
}

/* Work off what happens at b->now, the causes before the effects. */
static void happen(struct sim_board *b)
{
	if (b->faults.n && sim_board_in_download(b) && cut_at(b) <= b->now) {
		sim_writer_tear(&b->download.writer, b->now, &b->faults.random);
		sim_board_power_off(b);
		return;
	}
	if (b->en_rises_at <= b->now) {
		b->en_rises_at = SIM_NEVER;
		b->en_high = true;
		sim_board_reset_cpu(b, SIM_RESET_POWER_ON);
	}
	if (b->watchdog_at <= b->now || b->usb.rtc_at <= b->now || b->usb.swd_at <= b->now)
		sim_board_reset_cpu(b, SIM_RESET_RTC_WATCHDOG);
	if (b->reset_at <= b->now)
		sim_board_reset_cpu(b, b->reset_reason);
	if (b->cpu_at <= b->now)
		sim_board_cpu_event(b);
	if (sim_board_in_download(b))
		sim_board_run_download(b);
	if (sim_board_to_host_at(b) <= b->now)
		sim_board_byte_to_host(b);
	if (b->baud_at <= b->now && b->to_host.n == 0)
		sim_board_grant_wish(b);
	if (sim_board_to_chip_at(b) <= b->now)
		sim_board_bytes_to_chip(b);
	if (b->held_until <= b->now)
		sim_board_release_held(b);
}

void sim_board_advance(struct sim_board *b, sim_ns to)
{
	sim_ns at;

	while ((at = sim_board_next(b)) <= to) {
		if (at > b->now)
			b->now = at;
		happen(b);
	}
	if (to > b->now)
		b->now = to;
}

/* --- host --- */

kiln_code sim_board_init(struct sim_board *b, const struct sim_board_config *config, sim_ns now,
			 struct kiln_err *err)
{
	const struct sim_fault *bad = sim_faults_find(&config->faults, SIM_FAULT_BAD_SECTOR);
	kiln_code code;

	*b = (struct sim_board){ .model = config->model, .config = *config, .now = now };
	KILN_TRY(sim_flash_open(&b->flash, config->flash_file, config->flash_size, err));
	if (config->flash_part)
		b->flash.part = config->flash_part;
	if (bad)
		b->flash.bad_sector = (uint32_t)(bad->n / SIM_FLASH_SECTOR);
	if (b->config.en_rise == 0)
		b->config.en_rise = EN_RISE;
	if (b->config.strap_flash == 0)
		b->config.strap_flash = b->model->strap_flash;
	if (b->config.strap_download == 0)
		b->config.strap_download = b->model->strap_download;
	b->faults = config->faults;
	b->cpu_at = b->watchdog_at = b->baud_at = b->reset_at = b->held_until = SIM_NEVER;
	b->chip_baud = b->host_baud = SIM_RUN_BAUD;
	kiln_buf_init(&b->held, SIM_BRIDGE_PACKET);
	kiln_buf_init(&b->inbox, SIM_INBOX_MAX);
	code = sim_nand_open(&b->nand, config->nand, config->nand_file, &config->bad_blocks,
			     &b->faults, err);
	if (code != KILN_OK) {
		sim_flash_close(&b->flash);
		return code;
	}
	sim_bus_init(&b->bus, config->model, &b->flash);
	b->bus.nand = &b->nand;
	sim_usb_init(&b->usb, config->usb);
	b->io0_low = config->usb == SIM_USB_OTG; /* the button is held while it is plugged in */
	if (config->usb)
		b->chip_baud = b->host_baud = SIM_USB_BAUD;
	b->bus.burnt = b->config.registers;
	sim_download_init(&b->download, &b->bus);
	sim_download_set_baud(&b->download, SIM_RUN_BAUD);
	b->download.security_flags = config->secure_download ? SIM_SECURE_DOWNLOAD : 0;
	b->download.security_flags |= config->security_flags;
	b->download.longest = config->usb == SIM_USB_OTG ? SIM_USB_OTG_BLOCK + 24 : SIM_REQUEST_MAX;
	b->download.crypt_count = config->crypt_count;
	b->download.deaf = sim_faults_find(&b->faults, SIM_FAULT_NO_SYNC) != NULL;
	b->cpu = SIM_CPU_HELD;
	b->en_rises_at = now + b->config.en_rise;
	return KILN_OK;
}

void sim_board_done(struct sim_board *b)
{
	sim_ns wait = 0;

	/* the CPU ends what it has begun */
	while (sim_board_in_download(b) && (wait = sim_writer_run(&b->download.writer, b->now)) > 0)
		b->now += wait;
	(void)sim_writer_settle(&b->download.writer, b->now);
	(void)sim_board_erase_files(b, NULL);
	sim_board_power_off(b);
	sim_download_done(&b->download);
	sim_bus_done(&b->bus);
	sim_flash_close(&b->flash);
	sim_nand_close(&b->nand);
	sim_wire_done(&b->to_chip);
	sim_wire_done(&b->to_host);
	kiln_buf_done(&b->held);
	kiln_buf_done(&b->inbox);
}

static void set_usb_lines(struct sim_board *b, bool dtr, bool rts)
{
	bool loader;

	if (!sim_usb_set_lines(&b->usb, dtr, rts, &loader) || b->cpu == SIM_CPU_OFF ||
	    b->cpu == SIM_CPU_HELD)
		return;
	sim_board_reset_cpu(b, SIM_RESET_SOFTWARE);
	if (b->usb.kind == SIM_USB_JTAG)
		b->strap = loader ? b->config.strap_download : b->config.strap_flash;
	if (b->usb.kind == SIM_USB_JTAG && loader)
		sim_usb_start_watchdogs(&b->usb, &b->bus, b->now);
}

/* Two transistors: each line pulls its pin down only while the other is not asserted. */
void sim_board_set_lines(struct sim_board *b, bool dtr, bool rts)
{
	const bool en_low = rts && !dtr;

	b->dtr = dtr;
	b->rts = rts;
	if (b->usb.kind) {
		set_usb_lines(b, dtr, rts);
		return;
	}
	b->io0_low = dtr && !rts;
	if (b->cpu == SIM_CPU_OFF)
		return;
	if (en_low) {
		b->en_high = false;
		b->en_rises_at = SIM_NEVER;
		sim_board_power_off(b);
		sim_download_reset(&b->download);
		b->cpu = SIM_CPU_HELD;
	} else if (!b->en_high && b->en_rises_at == SIM_NEVER) {
		b->en_rises_at = b->now + b->config.en_rise;
	}
}

void sim_board_set_baud(struct sim_board *b, unsigned baud)
{
	b->host_baud = b->usb.kind ? (unsigned)SIM_USB_BAUD : baud;
	b->host_rx = (struct sim_uart_rx){ 0 };
}

size_t sim_board_room(const struct sim_board *b)
{
	return b->to_chip.n < SIM_PENDING_MAX ? SIM_PENDING_MAX - b->to_chip.n : 0;
}

void sim_board_send(struct sim_board *b, const void *bytes, size_t n)
{
	(void)sim_wire_push(&b->to_chip, b->now, b->host_baud, bytes, n);
}

/* A line held low is a zero byte so slow that all its nine low bits fill the time. */
void sim_board_send_break(struct sim_board *b, sim_ns length)
{
	const sim_ns nine = length / 9;
	const unsigned baud = nine > 0 && nine < SIM_S ? (unsigned)(SIM_S / nine) : 1;

	(void)sim_wire_push(&b->to_chip, b->now, baud, "", 1);
}

size_t sim_board_take(struct sim_board *b, void *buf, size_t n)
{
	if (n > b->inbox.len)
		n = b->inbox.len;
	memcpy(buf, b->inbox.data, n);
	kiln_buf_consume(&b->inbox, n);
	return n;
}

void sim_board_flush(struct sim_board *b)
{
	kiln_buf_reset(&b->inbox);
	kiln_buf_reset(&b->held);
	b->held_until = SIM_NEVER;
}
