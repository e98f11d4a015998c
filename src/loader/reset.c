/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/reset.h"

enum { MOST_STEPS = 8, DELAY = 50 };

/* From any state of the lines; a step that changes one line only works on any port. */
static const struct kiln_reset_step tight[] = {
	{ 0, 0, 0 }, { 1, 1, 0 }, { 0, 1, 100 }, { 1, 0, DELAY }, { 0, 0, 0 },
};
static const struct kiln_reset_step tight_slow[] = {
	{ 0, 0, 0 }, { 1, 1, 0 }, { 0, 1, 100 }, { 1, 0, 550 }, { 0, 0, 0 },
};
static const struct kiln_reset_step classic[] = {
	{ 0, 0, 0 }, { 0, 1, 100 }, { 1, 1, 0 }, { 1, 0, DELAY }, { 0, 0, 0 },
};
static const struct kiln_reset_step classic_slow[] = {
	{ 0, 0, 0 }, { 0, 1, 100 }, { 1, 1, 0 }, { 1, 0, 550 }, { 0, 0, 0 },
};
static const struct kiln_reset_step usb_jtag[] = {
	{ 0, 0, 100 }, { 1, 0, 100 }, { 1, 1, 0 }, { 0, 1, 100 }, { 0, 0, 0 },
};
static const struct kiln_reset_step hard[] = {
	{ 0, 0, 0 },
	{ 0, 1, 100 },
	{ 0, 0, 0 },
};

#define STEPS(a) a, sizeof(a) / sizeof((a)[0])
static const struct sequence {
	const char *name;
	const struct kiln_reset_step *steps;
	unsigned n;
} sequences[] = {
	[KILN_RESET_TIGHT] = { "tight", STEPS(tight) },
	[KILN_RESET_TIGHT_SLOW] = { "tight, slow", STEPS(tight_slow) },
	[KILN_RESET_CLASSIC] = { "classic", STEPS(classic) },
	[KILN_RESET_CLASSIC_SLOW] = { "classic, slow", STEPS(classic_slow) },
	[KILN_RESET_USB_JTAG] = { "USB-JTAG", STEPS(usb_jtag) },
	[KILN_RESET_HARD] = { "hard", STEPS(hard) },
};

const char *kiln_reset_name(kiln_reset reset)
{
	return sequences[reset].name;
}

static kiln_code play(struct kiln_link *link, const struct kiln_reset_step *steps, unsigned n,
		      struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	for (unsigned i = 0; i < n && code == KILN_OK; i++) {
		code = kiln_link_set_lines(link, steps[i].dtr, steps[i].rts, err);
		if (code == KILN_OK && steps[i].wait_ms)
			code = kiln_link_sleep(link, steps[i].wait_ms, err);
	}
	/* interrupted: a board must not be left with its reset held down */
	if (code == KILN_E_CANCELLED && kiln_link_set_lines(link, false, false, NULL) != KILN_OK)
		kiln_log(&kiln_link_host(link)->ui, KILN_LOG_WARNING, "loader",
			 "the board may be held in reset: unplug it");
	return code;
}

kiln_code kiln_reset_play(struct kiln_link *link, kiln_reset reset, kiln_ms delay_ms,
			  struct kiln_err *err)
{
	const struct sequence *s = &sequences[reset];
	struct kiln_reset_step steps[MOST_STEPS];

	kiln_log(&kiln_link_host(link)->ui, KILN_LOG_DEBUG, "loader", "reset: %s", s->name);
	for (unsigned i = 0; i < s->n; i++) {
		steps[i] = s->steps[i];
		if (delay_ms && steps[i].wait_ms == DELAY)
			steps[i].wait_ms = delay_ms;
	}
	return play(link, steps, s->n, err);
}

kiln_code kiln_reset_play_sequence(struct kiln_link *link,
				   const struct kiln_reset_sequence *sequence, struct kiln_err *err)
{
	kiln_log(&kiln_link_host(link)->ui, KILN_LOG_DEBUG, "loader", "reset: as configured");
	return play(link, sequence->steps, sequence->n, err);
}

/* Espressif's USB vendor; product 1001 is the USB-Serial/JTAG block of the chip itself. */
enum { VID_ESPRESSIF = 0x303A, PID_USB_JTAG = 0x1001 };

struct kiln_reset_plan kiln_reset_plan_for(const struct kiln_link *link, bool usb_asked_for)
{
	static const kiln_reset usb[] = { KILN_RESET_USB_JTAG };
	static const kiln_reset atomic[] = { KILN_RESET_TIGHT, KILN_RESET_TIGHT_SLOW,
					     KILN_RESET_CLASSIC, KILN_RESET_CLASSIC_SLOW };
	static const kiln_reset one_by_one[] = { KILN_RESET_CLASSIC, KILN_RESET_CLASSIC_SLOW };
	uint16_t vid, pid;

	kiln_link_usb_ids(link, &vid, &pid);
	if (usb_asked_for || (vid == VID_ESPRESSIF && pid == PID_USB_JTAG))
		return (struct kiln_reset_plan){ STEPS(usb) };
	if (kiln_link_has_atomic_lines(link))
		return (struct kiln_reset_plan){ STEPS(atomic) };
	return (struct kiln_reset_plan){ STEPS(one_by_one) };
}
