/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/bringup.h"

enum { SWITCH_PAUSE = 50, PROBE_TIMEOUT = 300 };

/* The ROM answers before it switches, a stub too; the reply may be cut by the switch. */
static kiln_code ask_for(struct kiln_loader *l, unsigned baud, struct kiln_err *err)
{
	const unsigned old = kiln_link_baud(l->link);
	const struct kiln_chip_reader reader = kiln_loader_reader(l);
	struct kiln_request request;
	struct kiln_reply reply;
	unsigned wanted = baud;

	if (!l->is_stub && l->chip->correct_rom_baud)
		KILN_TRY(l->chip->correct_rom_baud(l->chip, &reader, baud, &wanted, err));
	request = kiln_request_change_baud(wanted, l->is_stub ? old : 0);
	const kiln_code code = kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err);

	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

/* Any register will do; the first tries may meet what the switch left on the wire. */
static kiln_code probe(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_read_reg(KILN_CHIP_MAGIC_REG);
	struct kiln_reply reply;
	kiln_code code = KILN_OK;

	for (int i = 0; i < KILN_LOADER_TRIES; i++) {
		code = kiln_loader_command(l, &request, PROBE_TIMEOUT, &reply, err);
		if (code == KILN_OK || code == KILN_E_CANCELLED || code == KILN_E_PORT_GONE)
			break;
	}
	return code;
}

kiln_code kiln_loader_set_baud(struct kiln_loader *l, unsigned baud, struct kiln_err *err)
{
	kiln_code code;

	KILN_TRY(ask_for(l, baud, err));
	KILN_TRY(kiln_link_set_baud(l->link, baud, err));
	KILN_TRY(kiln_link_sleep(l->link, SWITCH_PAUSE, err));
	KILN_TRY(kiln_link_flush_input(l->link, err));
	kiln_loader_forget(l);
	code = probe(l, err);
	if (code != KILN_E_TIMEOUT && code != KILN_E_PROTOCOL && code != KILN_E_UNSUPPORTED)
		return code;
	(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot talk to the chip at %u baud", baud);
	kiln_why(err, "it does not answer since the change");
	kiln_hint(err, "run the command again with a lower baud: 460800, 230400 or 115200");
	return KILN_E_PROTOCOL;
}
