/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_H
#define KILN_SIM_H

#include <kiln/link.h>

/*
 * The virtual board, as a scheme that a program puts into its kiln_host:
 *
 *	sim:NAME[?option=value&...]
 *
 * A name without options opens a board as it was left; flash, chip, MAC and files are kept in
 * $XDG_STATE_HOME/kiln/sim/NAME.*, locked by one process at a time (E_PORT_BUSY). It has power as
 * long as a process holds it: opening is plugging in.
 *
 *	chip=MODEL    a chip like esp32c3, or a model like esp32-d0wd-v3        kept
 *	mac=ADDRESS   a made-up 24:0a:c4:.. if the board is new                 kept
 *	flash=FILE    the flash's contents; NAME.flash if not given             kept
 *	size=SIZE     of the flash when its file is made: 256KB .. 128MB (4MB)
 *	part=PART     which flash chip: gd25q (without an SFDP table), w25q, worn (slow), xmc
 *	              (which must be woken up first), strange (its id tells no size), none
 *	nand=PART     a NAND flash at pins of an ESP32-S3: w25n01gv, strange, none    kept
 *	bad-blocks=N,...  which blocks of a new one the factory found bad
 *	clock=virtual no wait takes real time; real is the default
 *	fault=LIST    what goes wrong: sim/fault.h has the list
 *	reg=A:V,...   what registers (eFuses above all) hold after a reset
 *	usb=jtag|otg  the chip's own USB port instead of a bridge
 *	flags=N       security flags, as GET_SECURITY_INFO tells them
 *	crypt=N       FLASH_CRYPT_CNT as GET_SECURITY_INFO tells it; odd: the flash is encrypted
 *	secure=download  secure download mode, as an eFuse burns it in
 *	seed=N        of faults that are random (1)
 *	latency=MS    how long the USB bridge keeps bytes to the host back (0)
 *	en=MS         how long EN takes to rise after a reset (14)
 *
 * %XX in a value is a byte. An option that is not known, or given twice, is E_INVALID.
 */
extern const struct kiln_scheme kiln_sim_scheme;

#endif
