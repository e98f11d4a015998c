/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_DISCOVER_VENDORS_H
#define KILN_DISCOVER_VENDORS_H

#include <stddef.h>
#include <stdint.h>

/* Who has a USB vendor id, if he makes boards or the bridges on them; NULL: none that we know. */
const char *kiln_board_vendor(uint16_t vid);

#endif
