/* SPDX-License-Identifier: Apache-2.0 */
/* The board's processor: the ROM's states, its loader, the interpreter of run mode. */
#include "base/text.h"
#include "sim/board_impl.h"
#include "sim/boot.h"

#define WAKE_TIME (2 * SIM_MS)  /* from EN to the ROM's first character */
#define LOOK_TIME (12 * SIM_MS) /* from there to the first look at the flash */
#define LOAD_TIME (80 * SIM_MS) /* loading the image and starting it */

static void set_chip_baud(struct sim_board *b, unsigned baud)
{
	b->chip_baud = baud;
	sim_download_set_baud(&b->download, baud);
}

void sim_board_power_off(struct sim_board *b)
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

void sim_board_reset_cpu(struct sim_board *b, sim_reset reason)
{
	sim_run_stop(b->run);
	b->run = NULL;
	b->run_busy = false;
	sim_wire_cut(&b->to_host, b->now);
	set_chip_baud(b, b->usb.kind ? SIM_USB_BAUD : SIM_RUN_BAUD);
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

kiln_code sim_board_erase_files(struct sim_board *b, struct kiln_err *err)
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
	if (sim_board_erase_files(b, &err) != KILN_OK ||
	    sim_run_start(&config, &b->run, &err) != KILN_OK)
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

void sim_board_cpu_event(struct sim_board *b)
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

void sim_board_grant_wish(struct sim_board *b)
{
	const sim_wish wish = b->download.wish;

	b->baud_at = SIM_NEVER;
	b->download.wish = SIM_WISH_NONE;
	if (wish == SIM_WISH_BAUD && !b->usb.kind) {
		set_chip_baud(b, real_baud(b));
		b->chip_rx = (struct sim_uart_rx){ 0 };
	}
	if (wish == SIM_WISH_REBOOT)
		sim_board_reset_cpu(b, SIM_RESET_SOFTWARE);
}

bool sim_board_in_download(const struct sim_board *b)
{
	return b->cpu == SIM_CPU_DOWNLOAD;
}

void sim_board_run_download(struct sim_board *b)
{
	sim_download_run(&b->download, b->now);
	if (b->to_host.n <= SIM_UART_FIFO)
		sim_download_room(&b->download, b->now);
	obey_download(b);
}

/* --- run mode --- */

int sim_board_run_fd(const struct sim_board *b)
{
	return b->run ? sim_run_fd(b->run) : -1;
}

sim_ns sim_board_run_starved(const struct sim_board *b)
{
	return b->run ? sim_run_starved(b->run) : 0;
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
