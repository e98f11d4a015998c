/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_PARTITION_IMPL_H
#define KILN_IMAGE_PARTITION_IMPL_H

#include "image/partition.h"

/* What the partition_*.c share. */

struct kiln_partition_word {
	uint8_t type, value;
	const char *word;
};

/* Ended by a NULL word. In `types` the value is the type. */
extern const struct kiln_partition_word kiln_partition_types[];
extern const struct kiln_partition_word kiln_partition_subtypes[];

/* Subtypes that count up: ota_0 and so on. */
struct kiln_partition_series {
	uint8_t type, first, n;
	const char *prefix;
};
extern const struct kiln_partition_series kiln_partition_series[2];

enum {
	KILN_PARTITION_PRIMARY = 0,  /* of bootloader and table */
	KILN_PARTITION_RECOVERY = 2, /* of bootloader */
	KILN_PARTITION_OTADATA = 0,  /* of data */
	KILN_PARTITION_NVS = 2,
	KILN_PARTITION_COREDUMP = 3,
	KILN_PARTITION_UNDEFINED = 6,
	KILN_PARTITION_TEE_OTADATA = 0x90,
};

/* Primary bootloader and table stand before all others, outside of the order. */
static inline bool kiln_partition_is_fixed(const struct kiln_partition *p)
{
	return (p->type == KILN_PARTITION_BOOTLOADER || p->type == KILN_PARTITION_TABLE) &&
	       p->subtype == KILN_PARTITION_PRIMARY;
}

static inline uint32_t kiln_partition_align(uint8_t type)
{
	return type == KILN_PARTITION_APP ? 0x10000 : 0x1000;
}

/* "cannot use the partition table": the line, if there is one, then the text. Returns `code`. */
kiln_code kiln_partition_bad(struct kiln_err *err, kiln_code code, unsigned line, const char *fmt,
			     ...) KILN_PRINTF(4, 5);

#endif
