/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/bringup.h"

enum { SWITCH_PAUSE = 25, PROBE_TIMEOUT = 300, CHANGE_TRIES = 2 };

struct wanted {
	const struct kiln_chip *chip;
	unsigned baud;
};

static kiln_code correct(const struct kiln_chip_reader *reader, void *user)
{
	const struct wanted *wanted = user;
	unsigned ignored;

	return wanted->chip->correct_rom_baud(wanted->chip, reader, wanted->baud, &ignored, NULL);
}

/* What the ROM must be asked for, so that it comes to the speed that is wanted. */
static kiln_code correct_baud(struct kiln_loader *l, unsigned baud, unsigned *ret_baud,
			      struct kiln_err *err)
{
	const struct kiln_chip_reader reader = kiln_loader_reader(l);
	struct wanted wanted = { l->chip, baud };

	KILN_TRY(kiln_loader_read_ahead(l, correct, &wanted, err));
	return l->chip->correct_rom_baud(l->chip, &reader, baud, ret_baud, err);
}

/* The answer comes before the switch, and may be lost in it: the next command tells. */
static kiln_code ask_for(struct kiln_loader *l, unsigned baud, struct kiln_err *err)
{
	const unsigned old = kiln_link_baud(l->link);
	struct kiln_request request;
	struct kiln_reply reply;
	unsigned wanted = baud;

	if (!l->is_stub && l->chip->correct_rom_baud && !l->secure_download)
		KILN_TRY(correct_baud(l, baud, &wanted, err));
	request = kiln_request_change_baud(wanted, l->is_stub ? old : 0);
	return kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err);
}

/* No answer, or one that makes no sense. */
static bool is_misunderstanding(kiln_code code)
{
	return code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL || code == KILN_E_REFUSED ||
	       code == KILN_E_UNSUPPORTED;
}

/* Any register will do; the first tries may meet what the switch left on the wire. */
static kiln_code probe(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_read_reg(KILN_CHIP_MAGIC_REG);
	const kiln_ms limit = kiln_limit(l->limits.answer, PROBE_TIMEOUT);
	struct kiln_reply reply;
	kiln_code code = KILN_OK;

	for (int i = 0; i < KILN_LOADER_TRIES; i++) {
		code = kiln_loader_command(
			l, &request, limit < PROBE_TIMEOUT ? limit : PROBE_TIMEOUT, &reply, err);
		if (code == KILN_OK || code == KILN_E_CANCELLED || code == KILN_E_PORT_GONE)
			break;
	}
	return code;
}

static kiln_code switch_to(struct kiln_loader *l, unsigned baud, struct kiln_err *err)
{
	KILN_TRY(kiln_link_set_baud(l->link, baud, err));
	KILN_TRY(kiln_link_sleep(l->link, SWITCH_PAUSE, err));
	KILN_TRY(kiln_link_flush_input(l->link, err));
	kiln_loader_forget(l);
	return probe(l, err);
}

kiln_code kiln_loader_set_baud(struct kiln_loader *l, unsigned baud, struct kiln_err *err)
{
	const unsigned old = kiln_link_baud(l->link);
	kiln_code code = KILN_OK;

	for (int i = 0; i < CHANGE_TRIES; i++) {
		code = ask_for(l, baud, err);
		if (code != KILN_OK && !is_misunderstanding(code))
			return code;
		code = switch_to(l, baud, err);
		if (!is_misunderstanding(code))
			return code;
		/* did it hear the question at all? then it is still where it was */
		code = switch_to(l, old, err);
		if (code != KILN_OK)
			break;
	}
	if (code != KILN_OK && !is_misunderstanding(code))
		return code;
	(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot talk to the chip at %u baud", baud);
	kiln_why(err, code == KILN_OK ? "it stays at the old speed"
				      : "it does not answer since the change");
	kiln_hint(err, "run the command again with a lower baud: 460800, 230400 or 115200");
	return KILN_E_PROTOCOL;
}
