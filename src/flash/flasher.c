/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a flasher up to its work: open (reset, sync, detect), prepare (stub, baud). How it is
 * left again: leave.c.
 */
#include "flash/flasher.h"

#include "base/text.h"
#include "chip/security.h"
#include "flash/comeback.h"
#include "flash/nand.h"
#include "flash/speed.h"
#include "flash/supply.h"
#include "loader/bringup.h"
#include "loader/connect.h"
#include "loader/reset.h"

enum { FIRST_BAUD = 115200 };

void kiln_flasher_emit(const struct kiln_flasher *f, struct kiln_flash_event event)
{
	event.chip = f->has_info ? &f->info : NULL;
	if (f->options.event)
		f->options.event(f->options.user, &event);
}

void kiln_flasher_warn(const struct kiln_flasher *f, const char *fmt, ...)
{
	char text[320];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	kiln_flasher_emit(f,
			  (struct kiln_flash_event){ .stage = KILN_FLASH_WARNING, .item = text });
}

void kiln_flasher_note(const struct kiln_flasher *f, const char *text)
{
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_NOTE, .item = text });
}

kiln_ms kiln_flasher_timeout(const struct kiln_flasher *f, kiln_flash_work work, uint64_t bytes)
{
	const struct kiln_flash_limits *l = &f->loader.limits;
	const kiln_ms ms_per_mb[] = {
		[KILN_WORK_ERASE] = kiln_limit(l->erase_per_mb, KILN_FLASH_ERASE_MS_PER_MB),
		[KILN_WORK_WRITE] = kiln_limit(l->write_per_mb, KILN_FLASH_WRITE_MS_PER_MB),
		[KILN_WORK_MD5] = kiln_limit(l->md5_per_mb, KILN_FLASH_MD5_MS_PER_MB),
	};
	const kiln_ms least = kiln_limit(l->answer, KILN_LOADER_TIMEOUT);
	const kiln_ms most = kiln_limit(l->longest, KILN_FLASH_MAX_MS);
	const kiln_ms ms = ms_per_mb[work] * (kiln_ms)(bytes >> 10) / 1024;

	if (ms < least)
		return least;
	return ms > most ? most : ms;
}

static void emit_stage(const struct kiln_flasher *f, kiln_flash_stage stage)
{
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = stage });
}

struct connect_user {
	struct kiln_flasher *f;
	unsigned tries;
};

static void on_connect(void *user, kiln_connect_event event)
{
	struct connect_user *u = user;
	struct kiln_flasher *f = u->f;

	switch (event) {
	case KILN_CONNECT_TRY:
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_TRY,
								.done = ++u->tries });
		break;
	case KILN_CONNECT_NO_LINES:
		if (!f->no_lines)
			kiln_flasher_warn(
				f, "the port has no DTR and RTS lines: the board is not reset; "
				   "bring it to download mode by hand (hold BOOT, press EN)");
		f->no_lines = true;
		break;
	case KILN_CONNECT_GONE:
		kiln_log(&kiln_link_host(f->loader.link)->ui, KILN_LOG_INFO, "flash",
			 "the port disappeared with the reset; waiting for it");
		break;
	}
}

static kiln_code connect(struct kiln_flasher *f, struct kiln_err *err)
{
	const kiln_before before = f->options.before;
	struct connect_user user = { .f = f };
	const struct kiln_connect how = {
		.no_reset = before == KILN_BEFORE_NO_RESET,
		.no_sync = before == KILN_BEFORE_NO_RESET_NO_SYNC,
		.usb_reset = before == KILN_BEFORE_USB_RESET,
		.attempts = f->options.connect_attempts,
		.custom = f->has_reset ? &f->reset : NULL,
		.event = on_connect,
		.user = &user,
	};

	f->loader.n_known = 0; /* another chip may be there by now */
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_CONNECTING,
							.item = kiln_link_url(f->loader.link) });
	KILN_TRY(kiln_loader_connect(&f->loader, &how, err));
	emit_stage(f, KILN_FLASH_CONNECTED);
	return KILN_OK;
}

/* A chip that does not answer is one that has to be reset first: no failure yet. */
static kiln_code detect_at_once(struct kiln_flasher *f, bool *ret_known, struct kiln_err *err)
{
	const kiln_code code = kiln_loader_detect_quickly(&f->loader, ret_known, err);

	return code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL ? KILN_OK : code;
}

/*
 * A chip that does not know GET_SECURITY_INFO is reset once more: what its ROM makes of a command
 * that it does not know is not said anywhere.
 */
static kiln_code detect(struct kiln_flasher *f, struct kiln_err *err)
{
	bool known = false;

	if (f->options.chip)
		return kiln_loader_expect_chip(&f->loader, f->options.chip, err);
	if (f->options.quick)
		KILN_TRY(kiln_loader_detect_quickly(&f->loader, &known, err));
	if (!known)
		KILN_TRY(kiln_loader_detect_by_id(&f->loader, &known, err));
	if (!known && f->options.one_reset)
		KILN_TRY(detect_at_once(f, &known, err));
	if (!known) {
		emit_stage(f, KILN_FLASH_DETECT_SWITCH);
		KILN_TRY(connect(f, err));
		KILN_TRY(kiln_loader_detect_by_magic(&f->loader, err));
	}
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_DETECTED,
							.item = f->loader.chip->name });
	return KILN_OK;
}

static const char *const usb_names[] = {
	[KILN_USB_NONE] = NULL,
	[KILN_USB_JTAG] = "USB-Serial/JTAG",
	[KILN_USB_OTG] = "USB-OTG",
};

/* All that will be asked of what does not change, together: a question costs a round trip. */
static kiln_code describe(const struct kiln_chip_reader *reader, void *user)
{
	const struct kiln_chip *chip = user;
	struct kiln_chip_guards guards;
	struct kiln_chip_info info;
	unsigned baud;

	KILN_TRY(chip->read_info(chip, reader, &info, NULL));
	if (chip->correct_rom_baud)
		KILN_TRY(chip->correct_rom_baud(chip, reader, reader->baud, &baud, NULL));
	return kiln_chip_read_guards(chip, info.revision, /* with_key= */ false, reader, &guards,
				     NULL);
}

/* In secure download mode no register can be read: the family is all that is known. */
static kiln_code read_info(struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_chip *chip = f->loader.chip;
	const struct kiln_chip_reader reader = kiln_loader_reader(&f->loader);

	if (f->loader.secure_download) {
		f->info = (struct kiln_chip_info){ .chip = chip, .secure_download = true };
		kiln_text_format(f->info.description, sizeof(f->info.description),
				 "%s in Secure Download Mode", chip->name);
	} else {
		KILN_TRY(
			kiln_loader_read_ahead(&f->loader, describe, (void *)(uintptr_t)chip, err));
		KILN_TRY(chip->read_info(chip, &reader, &f->info, err));
	}
	f->loader.revision = f->info.revision;
	f->info.usb = usb_names[kiln_loader_usb_mode(&f->loader)];
	f->has_info = true;
	return KILN_OK;
}

static kiln_code bring_up(struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(connect(f, err));
	KILN_TRY(detect(f, err));
	KILN_TRY(read_info(f, err));
	KILN_TRY(kiln_loader_settle_chip(&f->loader, err));
	emit_stage(f, KILN_FLASH_CHIP);
	return KILN_OK;
}

/* What can't end well is refused before the board is touched. */
static kiln_code check_options(const struct kiln_flasher_options *options, struct kiln_err *err)
{
	if (options->chip && !kiln_chip_can_flash(options->chip)) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot talk to an %s",
				kiln_chip_name(options->chip));
		kiln_why(err, "this chip is not supported yet");
		return KILN_E_UNSUPPORTED;
	}
	if (options->nand && options->no_stub)
		return kiln_nand_needs_stub("there is to be none", err);
	return KILN_OK;
}

static kiln_code take_reset(const char *text, struct kiln_reset_sequence *ret, bool *ret_has,
			    struct kiln_err *err)
{
	if (!text)
		return KILN_OK;
	*ret_has = true;
	return kiln_reset_parse(kiln_span((const uint8_t *)text, strlen(text)), ret, err);
}

static kiln_code take_resets(struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_flasher_options *o = &f->options;

	KILN_TRY(take_reset(o->reset_sequence, &f->reset, &f->has_reset, err));
	return take_reset(o->hard_reset_sequence, &f->hard_reset, &f->has_hard_reset, err);
}

kiln_code kiln_flasher_open(const struct kiln_host *host, const char *url,
			    const struct kiln_flasher_options *options,
			    struct kiln_flasher **ret_flasher, struct kiln_err *err)
{
	const unsigned baud = options->baud ? options->baud : FIRST_BAUD;
	struct kiln_flasher *f;
	struct kiln_link *link;
	kiln_code code;

	KILN_TRY(check_options(options, err));
	f = calloc(1, sizeof(*f));
	if (!f)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", url);
	f->options = *options;
	f->options.baud = baud;
	code = take_resets(f, err);
	if (code == KILN_OK)
		code = kiln_link_open(host, url, baud < FIRST_BAUD ? baud : FIRST_BAUD, &link, err);
	if (code != KILN_OK) {
		free(f);
		return code;
	}
	kiln_loader_init(&f->loader, link);
	f->loader.limits = options->limits;
	f->loader.quick = options->quick;
	f->opened = kiln_link_now(link);
	code = bring_up(f, err);
	if (code != KILN_OK) {
		kiln_flasher_abandon(f);
		return code;
	}
	*ret_flasher = f;
	return KILN_OK;
}

const struct kiln_chip_info *kiln_flasher_chip(const struct kiln_flasher *flasher)
{
	return &flasher->info;
}

kiln_ms kiln_flasher_now(const struct kiln_flasher *flasher)
{
	return flasher->loader.link ? kiln_link_now(flasher->loader.link) : 0;
}

kiln_ms kiln_flasher_elapsed(const struct kiln_flasher *flasher)
{
	if (!flasher->loader.link)
		return flasher->spent;
	return flasher->spent + kiln_flasher_now(flasher) - flasher->opened;
}

const char *kiln_flasher_url(const struct kiln_flasher *flasher)
{
	return flasher->loader.link ? kiln_link_url(flasher->loader.link) : "";
}

void kiln_flasher_stats(const struct kiln_flasher *flasher, struct kiln_link_stats *ret_stats)
{
	*ret_stats = (struct kiln_link_stats){ 0 };
	if (flasher->loader.link)
		kiln_link_stats(flasher->loader.link, ret_stats);
}

static kiln_code upload_and_start(struct kiln_flasher *f, struct kiln_err *err)
{
	kiln_nand_tell_plugin(f);
	emit_stage(f, KILN_FLASH_STUB_UPLOAD);
	KILN_TRY(kiln_loader_upload_stub(&f->loader, err));
	emit_stage(f, KILN_FLASH_STUB_START);
	return kiln_loader_start_stub(&f->loader, err);
}

unsigned kiln_flasher_first_baud(const struct kiln_flasher *f)
{
	return f->options.baud < FIRST_BAUD ? f->options.baud : FIRST_BAUD;
}

/* A chip that is reset is back at the first speed. */
kiln_code kiln_flasher_reconnect(struct kiln_flasher *f, struct kiln_err *err)
{
	const unsigned baud = kiln_flasher_first_baud(f);

	if (kiln_link_baud(f->loader.link) != baud)
		KILN_TRY(kiln_link_set_baud(f->loader.link, baud, err));
	return connect(f, err);
}

/* Its watchdogs run again, too. */
kiln_code kiln_flasher_start_over(struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_reconnect(f, err));
	return f->has_info ? kiln_loader_settle_chip(&f->loader, err) : KILN_OK;
}

static kiln_code run_stub(struct kiln_flasher *f, struct kiln_err *err)
{
	kiln_code code;

	if (f->loader.is_stub) {
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_STUB_RUNNING,
								.done = 1 });
		return KILN_OK;
	}
	code = upload_and_start(f, err);
	/* addresses have no checksum: one that was garbled shows as a stub that never speaks */
	if (code == KILN_E_TIMEOUT && f->options.before != KILN_BEFORE_NO_RESET &&
	    f->options.before != KILN_BEFORE_NO_RESET_NO_SYNC) {
		KILN_TRY(kiln_flasher_start_over(f, err));
		code = upload_and_start(f, err);
	}
	if (code == KILN_OK)
		emit_stage(f, KILN_FLASH_STUB_RUNNING);
	return code;
}

/* A chip that can't run a stub is served by its ROM. */
static kiln_code choose_stub(struct kiln_flasher *f, struct kiln_err *err)
{
	const char *why;

	if (f->options.no_stub || f->loader.is_stub) {
		if (f->options.no_stub && f->loader.is_stub)
			kiln_flasher_warn(f, "a stub runs already, and is used");
		return f->options.no_stub ? KILN_OK : run_stub(f, err);
	}
	KILN_TRY(kiln_loader_why_no_stub(&f->loader, &why, err));
	if (!why)
		return run_stub(f, err);
	if (f->options.nand)
		return kiln_nand_needs_stub(why, err);
	kiln_flasher_warn(f, "no stub is used: %s", why);
	return KILN_OK;
}

/* Why the speed stays as it is, in words; NULL: it can change. */
const char *kiln_flasher_why_no_baud(const struct kiln_flasher *f)
{
	const struct kiln_loader *l = &f->loader;

	/* the chip would change alone, and nobody would understand it then */
	if (!kiln_link_has_baud(l->link))
		return "this kind of port has a fixed baud, which stays";
	if (!l->is_stub && l->chip->rom_is_old)
		return "the ESP8266's ROM can't change its baud, which stays";
	/* whether a change went well is seen by reading a register */
	if (l->secure_download)
		return "in secure download mode the baud stays";
	return NULL;
}

kiln_code kiln_flasher_raise_baud(struct kiln_flasher *f, unsigned baud, struct kiln_err *err)
{
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_BAUD, .total = baud });
	KILN_TRY(kiln_loader_set_baud(&f->loader, baud, err));
	kiln_flasher_emit(
		f, (struct kiln_flash_event){ .stage = KILN_FLASH_BAUD_CHANGED, .total = baud });
	return KILN_OK;
}

/* There a baud is taken and means nothing. */
static bool has_own_usb(const struct kiln_flasher *f)
{
	return kiln_loader_usb_mode(&f->loader) != KILN_USB_NONE;
}

/*
 * At 115200 the stub takes most of a second. All ROMs but the ESP8266's can change their speed;
 * one that does not after all is reset, and the stub is asked later.
 */
static kiln_code raise_baud_early(struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code;

	if (!f->options.quick || f->options.no_stub || f->loader.is_stub || has_own_usb(f) ||
	    f->options.baud <= kiln_link_baud(f->loader.link) || kiln_flasher_why_no_baud(f))
		return KILN_OK;
	code = kiln_flasher_raise_baud(f, f->options.baud, &fault);
	if (code == KILN_E_PROTOCOL)
		return kiln_flasher_start_over(f, err);
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

static kiln_code prepare(struct kiln_flasher *flasher, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_check_leaving(flasher, err));
	KILN_TRY(kiln_nand_choose_plugin(flasher, err));
	KILN_TRY(raise_baud_early(flasher, err));
	KILN_TRY(choose_stub(flasher, err));
	KILN_TRY(kiln_flasher_override_supply(flasher, err));
	if (flasher->options.baud == kiln_link_baud(flasher->loader.link) ||
	    (flasher->options.quick && has_own_usb(flasher)))
		return KILN_OK;
	if (kiln_flasher_why_no_baud(flasher)) {
		kiln_flasher_warn(flasher, "%s", kiln_flasher_why_no_baud(flasher));
		return KILN_OK;
	}
	return kiln_flasher_raise_baud(flasher, flasher->options.baud, err);
}

kiln_code kiln_flasher_get_ready(struct kiln_flasher *flasher, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = prepare(flasher, &fault);

	while (kiln_flasher_may_begin_slower(flasher, code, &fault)) {
		KILN_TRY(kiln_flasher_begin_slower(flasher, &fault, err));
		code = prepare(flasher, &fault);
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

kiln_code kiln_flasher_prepare(struct kiln_flasher *flasher, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = kiln_flasher_get_ready(flasher, &fault);

	if (kiln_flasher_may_come_back(flasher, code))
		return kiln_flasher_come_back(flasher, err);
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

/*
 * Requests have no checksum: one that was garbled may keep the chip busy for hours (a delay behind
 * a register), or point anywhere. Before anything was written there is no harm in a reset.
 */
bool kiln_flasher_can_bring_back(const struct kiln_flasher *f, kiln_code code)
{
	return code == KILN_E_TIMEOUT && !f->no_lines &&
	       f->options.before != KILN_BEFORE_NO_RESET &&
	       f->options.before != KILN_BEFORE_NO_RESET_NO_SYNC;
}

kiln_code kiln_flasher_bring_back(struct kiln_flasher *f, struct kiln_err *err)
{
	f->attached = f->nand.attached = false;
	KILN_TRY(kiln_flasher_start_over(f, err));
	return kiln_flasher_get_ready(f, err);
}

void kiln_flasher_abandon(struct kiln_flasher *flasher)
{
	if (!flasher)
		return;
	kiln_loader_done(&flasher->loader);
	free(flasher);
}
