/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hints.h"

#include <stddef.h>

static const struct {
	kiln_code code;
	const char *hint;
} hints[] = {
	{ KILN_E_NOMEM, "close other programs, then try again" },
	{ KILN_E_PORT_MISSING, "'kiln discover' lists the ports that there are" },
	{ KILN_E_PORT_BUSY, "close the program that holds it (a notebook, Thonny, a terminal), "
			    "then try again" },
	{ KILN_E_PORT_DENIED, "'kiln doctor' says which right is missing and how to get it" },
	{ KILN_E_PORT_GONE, "check the cable, plug the board in again, then try again" },
	{ KILN_E_NO_SYNC, "hold BOOT while the board is reset, try another cable (some carry no "
			  "data), and see what 'kiln doctor' says" },
	{ KILN_E_WRONG_MODE, "hold BOOT while you press and release EN, then try again" },
	{ KILN_E_PROTOCOL, "try again with a lower speed (--baud 115200) and a shorter cable" },
	{ KILN_E_TIMEOUT, "check the cable, and try again with a lower speed (--baud 115200)" },
	{ KILN_E_VERIFY, "write again, erasing first; if it fails at the same address, the flash "
			 "chip is worn out" },
	{ KILN_E_IMAGE, "check that the download is whole, and that it is the .bin for this chip" },
	{ KILN_E_WRONG_CHIP, "get the firmware that is made for this chip" },
	{ KILN_E_TOO_BIG,
	  "check the address and the size of the flash; take firmware that is smaller" },
	{ KILN_E_NO_BOARD, "plug a board in; 'kiln discover --all' lists all ports" },
	{ KILN_E_NO_PROMPT, "'kiln flash FIRMWARE' puts MicroPython on the board" },
	{ KILN_E_NETWORK, "check the address and the network, then try again" },
	{ KILN_E_CONFIG, "mend or remove ~/.config/kiln/config.yaml" },
};

const char *hint_for(kiln_code code)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].code == code)
			return hints[i].hint;
	}
	return NULL;
}
