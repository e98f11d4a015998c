/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_H
#define KILN_SIM_H

#include <kiln/link.h>

/*
 * The virtual board, as a scheme that a program puts into its kiln_host:
 *
 *	sim:NAME[?chip=esp32&flash=FILE&size=4MB&mac=24:0a:c4:00:00:01&clock=virtual&fault=...]
 *
 * A name without options opens a board as it was left; flash, MAC, boot state and files are kept
 * in $XDG_STATE_HOME/kiln/sim/NAME.*, locked by one process at a time (E_PORT_BUSY). It has power
 * as long as a process holds it. With clock=virtual no wait takes real time.
 */
extern const struct kiln_scheme kiln_sim_scheme;

#endif
