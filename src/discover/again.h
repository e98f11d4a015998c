/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_DISCOVER_AGAIN_H
#define KILN_DISCOVER_AGAIN_H

#include <kiln/port.h>

/*
 * What is plugged in where `known` was: a board with its own USB is another device, with other ids,
 * when its firmware runs. NULL: nothing. Pure.
 */
const struct kiln_port *kiln_port_in_place(const struct kiln_port_list *list,
					   const struct kiln_port *known);

/*
 * A USB port that went away and came back may have another name: ttyUSB0 is ttyUSB1 then, and
 * ttyUSB0 perhaps another board. It is known by its ids and serial number, without a serial number
 * of its own by the place that it is plugged into. NULL: it is not there. Pure.
 */
const struct kiln_port *kiln_port_again(const struct kiln_port_list *list,
					const struct kiln_port *known);

#endif
