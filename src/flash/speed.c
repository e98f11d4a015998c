/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/speed.h"

#include "loader/bringup.h"

/*
 * Where there are dividers for on both sides: the usual steps, and what CH340 (2 Mbaud), CP2102N
 * and FTDI (3) and the chips' own UARTs (5) can do beside them. A CP2102 ends at 921600.
 */
static const unsigned ladder[] = { 115200, 230400, 460800, 921600, 1500000, 2000000, 3000000 };

enum {
	STEPS = sizeof(ladder) / sizeof(ladder[0]),
	CEILING = 2000000,     /* beyond it the flash is what one waits for */
	WORTH_MS = 500,        /* a step takes about 0.1 s, and may fail */
	WORTH_AGAIN_MS = 1000, /* one that fails costs up to 1.8 s, and failed before */
	PROOF = 4096,          /* bytes read at a new speed, with their digest */
	PROOF_WORDS = 8,       /* written and read back before */
	SETTLE = 50,
	HURRY_MS = 150,
	HURRY_TURNS = 4,
};

unsigned kiln_speed_above(unsigned baud)
{
	for (size_t i = 0; i < STEPS; i++) {
		if (ladder[i] > baud)
			return ladder[i];
	}
	return 0;
}

unsigned kiln_speed_below(unsigned baud)
{
	for (size_t i = STEPS; i-- > 0;) {
		if (ladder[i] < baud)
			return ladder[i];
	}
	return 0;
}

static void say(const struct kiln_flasher *f, unsigned from, unsigned to, const char *why)
{
	kiln_log(&kiln_link_host(f->loader.link)->ui, KILN_LOG_INFO, "flash",
		 "from %u to %u baud: %s", from, to, why);
}

/* Reset, the stub, the flash, the speed: all that prepare and attach did. */
static kiln_code connect_anew(struct kiln_flasher *f, unsigned baud, struct kiln_err *err)
{
	f->options.baud = baud;
	KILN_TRY(kiln_flasher_bring_back(f, err));
	return kiln_flasher_attach(f, KILN_FLASH_KEEP, err);
}

static bool can_reset(const struct kiln_flasher *f)
{
	return f->options.before != KILN_BEFORE_NO_RESET &&
	       f->options.before != KILN_BEFORE_NO_RESET_NO_SYNC;
}

/* A block may still be on its way, and be refused when it has come. */
static kiln_code get_attention(struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_loader *l = &f->loader;

	return kiln_loader_settle(l, SETTLE + kiln_loader_wire_ms(l, kiln_loader_block_size(l)),
				  err);
}

/*
 * A request has no checksum: an address that is garbled on its way is obeyed as it came. So both
 * directions are tried before anything is asked for that matters: words that change in every bit
 * go to the data registers of the flash's SPI controller, which each of its commands sets anew
 * ("SPI_W0 ... W15", in all technical reference manuals), and come back; then a reading with its
 * digest.
 */
static kiln_code prove(struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_chip_spi *spi = &f->loader.chip->spi;
	struct kiln_reg_write words[PROOF_WORDS];
	uint8_t proof[PROOF];

	for (uint32_t i = 0; i < PROOF_WORDS; i++)
		words[i] = (struct kiln_reg_write){ spi->base + spi->w0 + 4 * i,
						    0x5AC3A50Fu * (2 * i + 1), UINT32_MAX, 0 };
	KILN_TRY(kiln_loader_write_regs(&f->loader, words, PROOF_WORDS, err));
	for (uint32_t i = 0; i < PROOF_WORDS; i++) {
		uint32_t value;

		KILN_TRY(kiln_loader_read_reg(&f->loader, words[i].address, &value, err));
		if (value != words[i].value)
			return kiln_fail(err, KILN_E_VERIFY, "the wire changed what was sent");
	}
	return kiln_flasher_read_once(f, 0, proof, sizeof(proof), err);
}

/* What is no matter of the wire: there is nothing to fall back to. */
static bool is_final(kiln_code code)
{
	return code == KILN_E_PORT_GONE || code == KILN_E_CANCELLED || code == KILN_E_IO ||
	       code == KILN_E_NOMEM;
}

/*
 * While a step is tried nothing takes the chip any time. At a speed that does not hold most answers
 * never come, and to wait for each as long as usual would cost seconds.
 */
static kiln_ms hurry(struct kiln_loader *l)
{
	const kiln_ms usual = l->limits.answer, ms = HURRY_MS + HURRY_TURNS * l->turn_ms;

	if (!usual || ms < usual)
		l->limits.answer = ms;
	return usual;
}

/* Change to a speed at which the chip is to be understood; if it is lost on the way, fetch it.
 * `idle`: it is at no work. */
static kiln_code go_to(struct kiln_flasher *f, unsigned baud, bool idle, struct kiln_err *err)
{
	const kiln_ms usual = idle ? hurry(&f->loader) : f->loader.limits.answer;
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = get_attention(f, &fault);

	if (code == KILN_OK)
		code = kiln_flasher_raise_baud(f, baud, &fault);
	f->loader.limits.answer = usual;
	if (code == KILN_E_PROTOCOL && can_reset(f))
		return connect_anew(f, baud, err);
	if (code != KILN_OK && err)
		*err = fault;
	if (code == KILN_OK)
		f->options.baud = baud;
	return code;
}

/* The adapter is asked first: a chip that had changed its speed alone would have to be reset. */
static bool adapter_can(struct kiln_link *link, unsigned baud)
{
	const unsigned old = kiln_link_baud(link);
	const bool can = kiln_link_set_baud(link, baud, NULL) == KILN_OK;

	/* what goes wrong now, goes wrong again where it is told */
	return kiln_link_set_baud(link, old, NULL) == KILN_OK && can;
}

/* One step up; *ret_up false: it did not hold, and the speed is what it was. */
static kiln_code step_up(struct kiln_flasher *f, unsigned baud, bool *ret_up, struct kiln_err *err)
{
	const unsigned old = kiln_link_baud(f->loader.link);
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code;

	*ret_up = false;
	if (!adapter_can(f->loader.link, baud)) {
		say(f, baud, old, "the adapter can't");
		return KILN_OK;
	}
	const kiln_ms usual = hurry(&f->loader);

	code = kiln_flasher_raise_baud(f, baud, &fault);

	if (code == KILN_OK)
		code = prove(f, &fault);
	f->loader.limits.answer = usual;
	*ret_up = code == KILN_OK;
	if (code == KILN_OK)
		return KILN_OK;
	if (is_final(code)) {
		if (err)
			*err = fault;
		return code;
	}
	say(f, baud, old, fault.why);
	return go_to(f, old, true, err);
}

static bool is_worth_it(uint64_t wire, unsigned from, unsigned to, kiln_ms worth)
{
	return wire * 10 * 1000 / from > wire * 10 * 1000 / to + (uint64_t)worth;
}

/* A chip's own USB takes each baud, and goes at its own. */
static bool has_speed(const struct kiln_flasher *f)
{
	return !kiln_flasher_why_no_baud(f) && kiln_loader_usb_mode(&f->loader) == KILN_USB_NONE;
}

kiln_code kiln_flasher_climb(struct kiln_flasher *f, uint64_t wire, struct kiln_err *err)
{
	struct kiln_flash_speed *speed = f->options.speed;
	const unsigned ceiling = speed && speed->ceiling ? speed->ceiling : CEILING;
	const kiln_ms worth = speed && speed->known ? WORTH_AGAIN_MS : WORTH_MS;
	bool up = true;

	if (!speed || (speed->known && !speed->try_next) || !f->loader.is_stub || !has_speed(f))
		return KILN_OK;
	while (up) {
		const unsigned now = kiln_link_baud(f->loader.link), next = kiln_speed_above(now);

		if (!next || next > ceiling || !is_worth_it(wire, now, next, worth))
			break;
		KILN_TRY(step_up(f, next, &up, err));
		speed->try_next = false;
		/* it ends here: a higher one does not hold, or is not wanted */
		speed->proven = speed->known || !up || kiln_speed_above(next) > ceiling;
		if (speed->proven)
			speed->known = kiln_link_baud(f->loader.link);
		up = up && !speed->proven;
	}
	speed->used = kiln_link_baud(f->loader.link);
	f->options.baud = speed->used;
	return KILN_OK;
}

static void note(struct kiln_flash_speed *speed, unsigned baud)
{
	speed->used = baud;
	speed->known = baud; /* no climbing again in this job */
	speed->try_next = false;
	speed->proven = true;
}

bool kiln_flasher_may_begin_slower(const struct kiln_flasher *f, kiln_code code,
				   const struct kiln_err *fault)
{
	return f->options.speed && can_reset(f) && has_speed(f) &&
	       kiln_speed_below(f->options.baud) > 0 && kiln_loader_is_wire_fault(code, fault);
}

kiln_code kiln_flasher_begin_slower(struct kiln_flasher *f, const struct kiln_err *fault,
				    struct kiln_err *err)
{
	const unsigned baud = kiln_speed_below(f->options.baud);

	say(f, f->options.baud, baud, fault->why);
	f->options.baud = baud;
	note(f->options.speed, baud);
	return kiln_flasher_start_over(f, err);
}

bool kiln_flasher_may_recover(const struct kiln_flasher *f, kiln_code code,
			      const struct kiln_err *fault)
{
	const unsigned baud = kiln_link_baud(f->loader.link);
	/* what has no other speed gets one more chance */
	const bool more = has_speed(f) ? kiln_speed_below(baud) > 0 : f->faults_at != baud;

	return f->options.speed && f->loader.is_stub && more &&
	       kiln_loader_is_stream_fault(code, fault);
}

kiln_code kiln_flasher_recover(struct kiln_flasher *f, const struct kiln_err *fault,
			       struct kiln_err *err)
{
	const unsigned old = kiln_link_baud(f->loader.link), baud = kiln_speed_below(old);

	if (f->faults_at != old) { /* once is by chance */
		f->faults_at = old;
		f->options.speed->known = old; /* and enough not to climb any more */
		f->options.speed->try_next = false;
		say(f, old, old, fault->why);
		return get_attention(f, err);
	}
	say(f, old, baud, fault->why);
	note(f->options.speed, baud);
	return go_to(f, baud, false, err);
}
