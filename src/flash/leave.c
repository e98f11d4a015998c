/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to leave a board: the reset, or none, after which the port is closed. */
#include "flash/flasher.h"

#include "loader/bringup.h"
#include "loader/reset.h"

/* An empty write that ends: a stub then goes back to the ROM, a ROM on to the firmware. */
static kiln_code end_session(struct kiln_flasher *f, bool reboot, struct kiln_err *err)
{
	struct kiln_loader *l = &f->loader;
	const struct kiln_begin begin = {
		.block_size = kiln_loader_block_size(l),
		.has_encrypted_word = l->is_stub || l->chip->rom_has_encrypted_word,
	};
	struct kiln_request request = kiln_request_begin(KILN_OP_FLASH_BEGIN, &begin);
	struct kiln_reply reply;

	KILN_TRY(kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, NULL, err));
	request = kiln_request_flash_end(KILN_OP_FLASH_END, reboot);
	return kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err);
}

static kiln_code play_hard_reset(struct kiln_flasher *f, struct kiln_err *err)
{
	if (f->has_hard_reset)
		return kiln_reset_play_sequence(f->loader.link, &f->hard_reset, err);
	return kiln_reset_play(f->loader.link, KILN_RESET_HARD, /* delay_ms= */ 0, err);
}

static kiln_code hard_reset(struct kiln_flasher *f, struct kiln_err *err)
{
	bool needs_watchdog = false;
	kiln_code code;

	/* a chip that failed may not answer any more: then the lines are all that is left */
	if (f->has_info && kiln_loader_leave_download(&f->loader, &needs_watchdog, NULL) != KILN_OK)
		needs_watchdog = false;
	if (needs_watchdog)
		return kiln_loader_watchdog_reset(&f->loader, err);
	code = f->no_lines ? KILN_E_UNSUPPORTED : play_hard_reset(f, err);
	if (code != KILN_E_UNSUPPORTED)
		return code;
	if (f->loader.is_stub) /* it can reset the chip by itself */
		return end_session(f, true, err);
	kiln_flasher_warn(f, "the port has no RTS line: press the board's EN (RESET) button");
	return KILN_OK;
}

/* What can't end well is refused before the chip is touched. An ESP8266 may: its boards know it. */
kiln_code kiln_flasher_check_leaving(const struct kiln_flasher *f, struct kiln_err *err)
{
	if (f->options.after != KILN_AFTER_SOFT_RESET || f->options.no_stub ||
	    f->loader.chip->rom_is_old)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot end with a soft reset");
	kiln_why(err, "the stub has no way back to the firmware without a reset");
	kiln_hint(err, "use a hard reset, or work without the stub (--no-stub)");
	return KILN_E_UNSUPPORTED;
}

/* A ROM takes no write, not even an empty one, before it knows the flash chip. */
static kiln_code soft_reset(struct kiln_flasher *f, struct kiln_err *err)
{
	if (f->loader.is_stub) { /* ESP8266 boards whose RTS is not wired to its reset */
		kiln_flasher_warn(f, "the stub can't start the firmware: press the board's reset "
				     "button");
		return KILN_OK;
	}
	KILN_TRY(kiln_flasher_attach(f, KILN_FLASH_KEEP, err));
	return end_session(f, false, err);
}

static kiln_code leave_stub(struct kiln_flasher *f, struct kiln_err *err)
{
	return f->loader.is_stub ? end_session(f, true, err) : KILN_OK;
}

static kiln_code leave_as_is(struct kiln_flasher *f, struct kiln_err *err)
{
	(void)f;
	(void)err;
	return KILN_OK;
}

static bool has_watchdog(const struct kiln_flasher *f)
{
	return f->loader.chip->watchdogs.can_reset && !f->loader.secure_download;
}

static kiln_code watchdog_reset(struct kiln_flasher *f, struct kiln_err *err)
{
	if (has_watchdog(f))
		return kiln_loader_watchdog_reset(&f->loader, err);
	return hard_reset(f, err);
}

static kiln_code (*const afters[])(struct kiln_flasher *f, struct kiln_err *err) = {
	[KILN_AFTER_HARD_RESET] = hard_reset,         [KILN_AFTER_SOFT_RESET] = soft_reset,
	[KILN_AFTER_NO_RESET] = leave_stub,           [KILN_AFTER_NO_RESET_STUB] = leave_as_is,
	[KILN_AFTER_WATCHDOG_RESET] = watchdog_reset,
};

static void tell_reset(const struct kiln_flasher *f)
{
	kiln_after after = f->options.after;

	if (after == KILN_AFTER_WATCHDOG_RESET && f->loader.chip && !has_watchdog(f)) {
		kiln_flasher_warn(f,
				  "Watchdog hard reset is not supported on %s, attempting classic "
				  "hard reset instead.",
				  f->loader.chip->name);
		after = KILN_AFTER_HARD_RESET;
	}
	kiln_flasher_emit(f,
			  (struct kiln_flash_event){ .stage = KILN_FLASH_RESET, .total = after });
}

kiln_code kiln_flasher_close(struct kiln_flasher *flasher, struct kiln_err *err)
{
	kiln_code code;

	if (!flasher || !flasher->loader.link) { /* the port went away and did not come back */
		kiln_flasher_abandon(flasher);
		return KILN_OK;
	}
	tell_reset(flasher);
	code = afters[flasher->options.after](flasher, err);
	kiln_flasher_abandon(flasher);
	return code;
}
