/* SPDX-License-Identifier: Apache-2.0 */
/* The board's events: reset circuit, processor, wire. */
#include "sim/board.h"

#include "base/text.h"
#include "sim/boot.h"

/*
 * EN has 10 kOhm to 3.3 V and 1 uF to ground (Espressif's hardware design guidelines); it counts
 * as high at 0.75 VDD, which is reached after RC * ln 4. Down it goes through a transistor, at
 * once.
 */
#define EN_RISE (13863 * SIM_US)
#define WAKE_TIME (2 * SIM_MS)  /* from EN to the ROM's first character */
#define LOOK_TIME (12 * SIM_MS) /* from there to the first look at the flash */
#define LOAD_TIME (80 * SIM_MS) /* loading the image and starting it */
#define RUN_BAUD 115200

static void set_chip_baud(struct sim_board *b, unsigned baud)
{
	b->chip_baud = baud;
	sim_download_set_baud(&b->download, baud);
}

static void power_off(struct sim_board *b)
{
	b->cpu = SIM_CPU_OFF;
	b->cpu_at = b->watchdog_at = b->en_rises_at = b->baud_at = b->reset_at = SIM_NEVER;
	sim_run_stop(b->run);
	b->run = NULL;
	sim_wire_cut(&b->to_host, b->now);
}

static void print(struct sim_board *b, const void *text, size_t n)
{
	(void)sim_wire_push(&b->to_host, b->now, b->chip_baud, text, n);
}

/* The ESP8266's ROM sets its UART up for a crystal of 40 MHz, of which boards have 26. */
static void print_rom(struct sim_board *b, const void *text, size_t n)
{
	(void)sim_wire_push(&b->to_host, b->now, b->model->rom->is_old ? 74880 : b->chip_baud, text,
			    n);
}

/* --- processor --- */

static void reset_cpu(struct sim_board *b, sim_reset reason)
{
	sim_run_stop(b->run);
	b->run = NULL;
	b->run_busy = false;
	sim_wire_cut(&b->to_host, b->now);
	set_chip_baud(b, b->usb.kind ? SIM_USB_BAUD : RUN_BAUD);
	b->chip_rx = (struct sim_uart_rx){ 0 };
	b->baud_at = b->watchdog_at = b->reset_at = SIM_NEVER;
	b->reason = reason;
	/* the pin is latched by power, EN and the RTC watchdog, not by software (ESP32 TRM) */
	if (reason == SIM_RESET_POWER_ON || reason == SIM_RESET_RTC_WATCHDOG)
		b->strap = b->io0_low ? b->config.strap_download : b->config.strap_flash;
	if (b->usb.kind == SIM_USB_OTG && reason == SIM_RESET_POWER_ON)
		b->io0_low = false; /* whoever held the button has let go */
	sim_usb_stop_watchdogs(&b->usb);
	sim_download_reset(&b->download);
	sim_bus_reset(&b->bus, b->config.mac);
	b->cpu = SIM_CPU_WAKING;
	b->cpu_at = b->now + WAKE_TIME;
}

static const struct sim_strap *boot_mode(const struct sim_board *b)
{
	for (const struct sim_strap *s = b->model->rom->straps; s->text; s++) {
		if (s->pins == b->strap)
			return s;
	}
	return b->model->rom->straps;
}

static void wake(struct sim_board *b)
{
	const struct sim_rom_text *rom = b->model->rom;
	const struct sim_strap *mode = boot_mode(b);
	struct kiln_buf text = KILN_BUF_INIT(1024);

	(void)kiln_buf_printf(&text, "%s%s", rom->banner, rom->reset[b->reason]);
	if (!rom->is_old)
		(void)kiln_buf_printf(&text, ",boot:0x%x", b->strap);
	(void)kiln_buf_puts(&text, mode->text);
	(void)sim_bus_write(&b->bus, b->model->strap_register, b->strap);
	b->cpu = mode->download ? SIM_CPU_DOWNLOAD : SIM_CPU_LOOKING;
	b->cpu_at = SIM_NEVER;
	if (!mode->download) {
		b->cpu_at = b->now + LOOK_TIME;
		b->watchdog_at = b->now + rom->watchdog;
	}
	print_rom(b, text.data, text.len);
	kiln_buf_done(&text);
}

static void look(struct sim_board *b)
{
	struct kiln_buf text = KILN_BUF_INIT(8192);

	switch (sim_boot_load(&b->flash, b->model, &text)) {
	case SIM_BOOT_OK:
		b->cpu = SIM_CPU_STARTING;
		b->cpu_at = b->now + LOAD_TIME;
		b->watchdog_at = SIM_NEVER;
		break;
	case SIM_BOOT_NO_IMAGE:
		b->cpu_at = b->now + b->model->rom->retry;
		break;
	case SIM_BOOT_BAD:
		b->cpu = SIM_CPU_HALTED;
		b->cpu_at = SIM_NEVER;
		break;
	}
	print_rom(b, text.data, text.len);
	kiln_buf_done(&text);
}

/* The interpreter is of this machine, not of the board: what ails it is said where one looks. */
static void say_run_failed(struct sim_board *b, const struct kiln_err *err)
{
	char text[1024];

	kiln_text_format(text, sizeof(text), "virtual board: %s: %s%s%s\r\n", err->what, err->why,
			 err->hint[0] ? "; " : "", err->hint);
	print(b, text, strlen(text));
	b->cpu = SIM_CPU_HALTED;
}

/* Run mode keeps its files beside the flash: they go when their part of the flash went. */
static kiln_code erase_files(struct sim_board *b, struct kiln_err *err)
{
	if (b->flash.files_erased && b->config.files)
		KILN_TRY(sim_run_wipe_files(b->config.files, err));
	b->flash.files_erased = false;
	return KILN_OK;
}

static void start_run(struct sim_board *b)
{
	struct sim_run_config config = {
		.files = b->config.files,
		.banner = "This is the interpreter of Kiln's virtual board, whatever image is in "
			  "flash.",
	};
	struct kiln_err err = KILN_ERR_INIT;

	memcpy(config.uid, b->config.mac, sizeof(config.uid));
	b->run_starts++;
	b->cpu = SIM_CPU_RUNNING;
	if (erase_files(b, &err) != KILN_OK || sim_run_start(&config, &b->run, &err) != KILN_OK)
		say_run_failed(b, &err);
}

static void start_program(struct sim_board *b)
{
	struct kiln_buf text = KILN_BUF_INIT(8192);
	const bool good = sim_boot_app(&b->flash, &text);

	b->cpu_at = SIM_NEVER;
	print(b, text.data, text.len);
	kiln_buf_done(&text);
	if (!good) {
		/* the bootloader resets the chip, once it has said why */
		b->cpu = SIM_CPU_HALTED;
		b->reset_at = b->to_host.free_at;
		b->reset_reason = SIM_RESET_SOFTWARE;
	} else if (b->config.no_run) {
		b->cpu = SIM_CPU_HALTED;
	} else {
		start_run(b);
	}
}

static void cpu_event(struct sim_board *b)
{
	switch (b->cpu) {
	case SIM_CPU_WAKING:
		wake(b);
		break;
	case SIM_CPU_LOOKING:
		look(b);
		break;
	case SIM_CPU_STARTING:
		start_program(b);
		break;
	case SIM_CPU_OFF:
	case SIM_CPU_HELD:
	case SIM_CPU_DOWNLOAD:
	case SIM_CPU_RUNNING:
	case SIM_CPU_HALTED:
		b->cpu_at = SIM_NEVER;
		break;
	}
}

/* --- loader --- */

static void obey_download(struct sim_board *b)
{
	struct sim_download *d = &b->download;

	if (b->bus.watchdog_written)
		sim_usb_look(&b->usb, &b->bus, b->now);
	if (d->out.len) {
		print(b, d->out.data, d->out.len);
		kiln_buf_reset(&d->out);
	}
	if (d->wish == SIM_WISH_NONE || d->phase != SIM_IDLE)
		return;
	b->baud_at = b->to_host.n ? b->to_host.free_at : b->now;
}

/* A ROM that takes the crystal for another one gets another baud than it was asked for. */
static unsigned real_baud(const struct sim_board *b)
{
	const uint64_t wished = b->download.wished_baud;

	if (!b->model->rom_xtal_mhz || !sim_is_rom(&b->download))
		return (unsigned)wished;
	return (unsigned)(wished * b->model->xtal_mhz / b->model->rom_xtal_mhz);
}

/* All that the loader had to say before is on the wire. */
static void grant_wish(struct sim_board *b)
{
	const sim_wish wish = b->download.wish;

	b->baud_at = SIM_NEVER;
	b->download.wish = SIM_WISH_NONE;
	if (wish == SIM_WISH_BAUD && !b->usb.kind) {
		set_chip_baud(b, real_baud(b));
		b->chip_rx = (struct sim_uart_rx){ 0 };
	}
	if (wish == SIM_WISH_REBOOT)
		reset_cpu(b, SIM_RESET_SOFTWARE);
}

static bool in_download(const struct sim_board *b)
{
	return b->cpu == SIM_CPU_DOWNLOAD;
}

static void run_download(struct sim_board *b)
{
	sim_download_run(&b->download, b->now);
	if (b->to_host.n <= SIM_UART_FIFO)
		sim_download_room(&b->download, b->now);
	obey_download(b);
}

/* --- wire --- */

static void strike(struct sim_board *b)
{
	const struct sim_fault *stall = sim_faults_find(&b->faults, SIM_FAULT_STALL);
	const struct sim_fault *unplug = sim_faults_find(&b->faults, SIM_FAULT_UNPLUG);
	const struct sim_fault *reset = sim_faults_find(&b->faults, SIM_FAULT_RESET);
	const uint64_t seen = b->faults.seen[SIM_TO_CHIP];

	if (reset && seen == reset->n) {
		sim_writer_tear(&b->download.writer, b->now, &b->faults.random);
		reset_cpu(b, SIM_RESET_POWER_ON);
	}
	if (stall && seen == stall->n)
		b->stalled_until = stall->for_ms ? b->now + (sim_ns)stall->for_ms * SIM_MS
						 : SIM_NEVER;
	if (unplug && seen >= unplug->n) {
		sim_writer_tear(&b->download.writer, b->now, &b->faults.random);
		power_off(b);
		b->unplugged = true;
	}
}

static void chip_receives(struct sim_board *b, const uint8_t *bytes, size_t n)
{
	if (in_download(b)) {
		for (size_t i = 0; i < n; i++) {
			sim_download_receive(&b->download, b->now, bytes[i]);
			run_download(b);
		}
	} else if (b->cpu == SIM_CPU_RUNNING && b->run) {
		sim_run_input(b->run, bytes, n);
		sim_board_poll_run(b);
	}
}

static void byte_to_chip(struct sim_board *b)
{
	struct sim_wire_byte sent;
	uint8_t seen[SIM_UART_RX_MAX], faulty[2];
	size_t n, m;

	if (!sim_wire_pop(&b->to_chip, &sent))
		return;
	b->faults.baud = b->chip_baud;
	m = sim_faults_byte(&b->faults, SIM_TO_CHIP, sent.value, faulty);
	for (size_t i = 0; i < m; i++) {
		sent.value = faulty[i];
		n = sim_uart_receive(&b->chip_rx, b->chip_baud, &sent, seen);
		for (size_t k = 0; k < n; k++)
			chip_receives(b, &seen[k], 1);
	}
	strike(b);
}

/*
 * A UART's driver does not look at each byte: the FIFO tells it when 120 of them are there, or the
 * line has been silent for some time (ESP32 TRM, RXFIFO_FULL and RXFIFO_TOUT, as MicroPython and
 * ESP-IDF set them). So does the interpreter here get what comes without a pause at once; but an
 * interrupt comes alone, and after all that stood before it.
 */
static size_t burst_to_chip(const struct sim_board *b)
{
	enum { FIFO_FULL = 120, INTERRUPT = 3 };
	const struct sim_wire *wire = &b->to_chip;
	struct sim_wire_byte byte, before = { 0 };
	size_t n = 0;

	if (b->cpu != SIM_CPU_RUNNING || b->faults.n || wire->n == 0)
		return wire->n > 0;
	for (; n < wire->n && n < FIFO_FULL; n++, before = byte) {
		byte = *sim_wire_at(wire, n);
		if (n > 0 && (byte.value == INTERRUPT || byte.bit_ns != before.bit_ns ||
			      byte.start > before.start + 10 * (sim_ns)before.bit_ns + SIM_US))
			break;
		if (byte.value == INTERRUPT)
			return 1;
	}
	return n;
}

static void bytes_to_chip(struct sim_board *b)
{
	uint8_t seen[128 * SIM_UART_RX_MAX];
	const size_t burst = burst_to_chip(b);
	struct sim_wire_byte sent;
	size_t n = 0;

	if (burst <= 1) {
		byte_to_chip(b);
		return;
	}
	for (size_t i = 0; i < burst && sim_wire_pop(&b->to_chip, &sent); i++)
		n += sim_uart_receive(&b->chip_rx, b->chip_baud, &sent, seen + n);
	chip_receives(b, seen, n);
}

enum { BRIDGE_PACKET = 62 }; /* a full USB packet goes at once */

static void release_held(struct sim_board *b)
{
	(void)kiln_buf_append(&b->inbox, b->held.data, b->held.len);
	kiln_buf_reset(&b->held);
	b->held_until = SIM_NEVER;
}

static void host_receives(struct sim_board *b, uint8_t byte)
{
	if (b->config.bridge_latency == 0) {
		(void)kiln_buf_putc(&b->inbox, byte);
		return;
	}
	if (b->held.len == 0)
		b->held_until = b->now + b->config.bridge_latency;
	(void)kiln_buf_putc(&b->held, byte);
	if (b->held.len >= BRIDGE_PACKET)
		release_held(b);
}

static void byte_to_host(struct sim_board *b)
{
	struct sim_wire_byte sent;
	uint8_t seen[SIM_UART_RX_MAX], faulty[2];
	size_t n, m;

	if (!sim_wire_pop(&b->to_host, &sent))
		return;
	b->faults.baud = b->chip_baud;
	m = sim_faults_byte(&b->faults, SIM_FROM_CHIP, sent.value, faulty);
	for (size_t i = 0; i < m; i++) {
		sent.value = faulty[i];
		n = sim_uart_receive(&b->host_rx, b->host_baud, &sent, seen);
		for (size_t k = 0; k < n; k++)
			host_receives(b, seen[k]);
	}
	if (in_download(b))
		run_download(b);
	else if (b->cpu == SIM_CPU_RUNNING && b->to_host.n <= SIM_PENDING_MAX / 2)
		sim_board_poll_run(b);
}

/* --- time --- */

static sim_ns not_stalled(const struct sim_board *b, sim_ns at)
{
	return at < b->stalled_until ? b->stalled_until : at;
}

static sim_ns to_host_at(const struct sim_board *b)
{
	return not_stalled(b, sim_wire_next(&b->to_host));
}

static sim_ns to_chip_at(const struct sim_board *b)
{
	const size_t n = burst_to_chip(b);

	return not_stalled(b, n > 0 ? sim_wire_end(&b->to_chip, n - 1) : SIM_NEVER);
}

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
	at = sim_earlier(at, to_chip_at(b));
	at = sim_earlier(at, to_host_at(b));
	if (in_download(b)) {
		at = sim_earlier(at, sim_download_next(&b->download));
		if (b->faults.n)
			at = sim_earlier(at, cut_at(b));
	}
	return at;
}

/* Work off what happens at b->now, the causes before the effects. */
static void happen(struct sim_board *b)
{
	if (b->faults.n && in_download(b) && cut_at(b) <= b->now) {
		sim_writer_tear(&b->download.writer, b->now, &b->faults.random);
		power_off(b);
		return;
	}
	if (b->en_rises_at <= b->now) {
		b->en_rises_at = SIM_NEVER;
		b->en_high = true;
		reset_cpu(b, SIM_RESET_POWER_ON);
	}
	if (b->watchdog_at <= b->now || b->usb.rtc_at <= b->now || b->usb.swd_at <= b->now)
		reset_cpu(b, SIM_RESET_RTC_WATCHDOG);
	if (b->reset_at <= b->now)
		reset_cpu(b, b->reset_reason);
	if (b->cpu_at <= b->now)
		cpu_event(b);
	if (in_download(b))
		run_download(b);
	if (to_host_at(b) <= b->now)
		byte_to_host(b);
	if (b->baud_at <= b->now && b->to_host.n == 0)
		grant_wish(b);
	if (to_chip_at(b) <= b->now)
		bytes_to_chip(b);
	if (b->held_until <= b->now)
		release_held(b);
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
	b->chip_baud = b->host_baud = RUN_BAUD;
	kiln_buf_init(&b->held, BRIDGE_PACKET);
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
	sim_download_set_baud(&b->download, RUN_BAUD);
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
	while (in_download(b) && (wait = sim_writer_run(&b->download.writer, b->now)) > 0)
		b->now += wait;
	(void)sim_writer_settle(&b->download.writer, b->now);
	(void)erase_files(b, NULL);
	power_off(b);
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
	reset_cpu(b, SIM_RESET_SOFTWARE);
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
		power_off(b);
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

/* --- run mode --- */

int sim_board_run_fd(const struct sim_board *b)
{
	return b->run ? sim_run_fd(b->run) : -1;
}

static void run_died(struct sim_board *b)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)sim_run_why(b->run, &err);
	sim_run_stop(b->run);
	b->run = NULL;
	b->run_busy = false;
	say_run_failed(b, &err);
}

void sim_board_poll_run(struct sim_board *b)
{
	char text[256];
	size_t n;

	while (b->run && b->to_host.n < SIM_PENDING_MAX / 2) {
		const sim_run_event event = sim_run_poll(b->run, text, sizeof(text), &n);

		b->run_busy = event == SIM_RUN_BUSY;
		if (event == SIM_RUN_OUTPUT) {
			print(b, text, n);
			continue;
		}
		if (event == SIM_RUN_RESET && b->reset_at == SIM_NEVER) {
			/* esp_restart() lets the UART send what it has */
			b->reset_at = b->to_host.n ? b->to_host.free_at : b->now;
			b->reset_reason = SIM_RESET_CPU;
		}
		if (event == SIM_RUN_DEAD)
			run_died(b);
		return;
	}
}
