/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_LAYOUT_H
#define KILN_CHIP_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/* What the makers of firmware images must know of a chip's address space: one const for each. */

struct kiln_chip_range {
	uint32_t start, end; /* the end is the first address beyond */
};

struct kiln_chip_memory {
	uint32_t start, end;
	const char *name; /* "IROM" */
};

struct kiln_chip_layout {
	struct kiln_chip_range irom, drom; /* windows on the flash: code, and data if apart */
	uint32_t page_size;                /* of the windows; 0: the chip maps no pages (ESP8266) */
	const uint32_t *page_sizes;        /* to choose from, ended by 0; NULL: fixed */
	const struct kiln_chip_memory *memory; /* ended by a NULL name; ranges may overlap */
};

/* Does `address` lie in a window on the flash? */
static inline bool kiln_chip_in_range(const struct kiln_chip_range *range, uint32_t address)
{
	return range->start <= address && address < range->end;
}

static inline bool kiln_chip_maps_flash(const struct kiln_chip_layout *layout, uint32_t address)
{
	return kiln_chip_in_range(&layout->irom, address) ||
	       kiln_chip_in_range(&layout->drom, address);
}

extern const struct kiln_chip_layout kiln_layout_esp8266, kiln_layout_esp32, kiln_layout_esp32s2,
	kiln_layout_esp32s3, kiln_layout_esp32c2, kiln_layout_esp32c3, kiln_layout_esp32c5,
	kiln_layout_esp32c6, kiln_layout_esp32c61, kiln_layout_esp32e22, kiln_layout_esp32h2,
	kiln_layout_esp32h21, kiln_layout_esp32h4, kiln_layout_esp32p4, kiln_layout_esp32s31;

#endif
