/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_FLASH_MAP_H
#define KILN_KERNEL_FLASH_MAP_H

#include <stdint.h>

#include "base/buf.h"

/*
 * A picture of a flash after a job: what was written, where the rest is, and the partitions if the
 * firmware tells of them. Pure: SVG for a notebook, a table of text for all others.
 */
enum { KILN_FLASH_MAP_MAX = 128 };

typedef enum kiln_area_kind {
	KILN_AREA_WRITTEN = 0, /* by this job */
	KILN_AREA_SAME,        /* a file that stood there already, but for what is written of it */
	KILN_AREA_PARTITION,
} kiln_area_kind;

struct kiln_flash_area {
	uint64_t offset, size;
	char name[96]; /* untrusted */
	kiln_area_kind kind;
};

struct kiln_flash_map {
	uint64_t size; /* of the flash; 0: not known */
	bool erased;   /* all that was not written is erased; else it was left as it was */
	struct kiln_flash_area areas[KILN_FLASH_MAP_MAX];
	size_t n, left_out;
};

/* Areas past the maximum are left out, and counted. Later ones are drawn over earlier ones. */
void kiln_flash_map_add(struct kiln_flash_map *map, kiln_area_kind kind, uint64_t offset,
			uint64_t size, const char *name);
/* The partition table in a written file, if there is one at 0x8000. */
void kiln_flash_map_partitions(struct kiln_flash_map *map, uint64_t offset, struct kiln_span file);
void kiln_flash_map_svg(const struct kiln_flash_map *map, struct kiln_buf *out);
void kiln_flash_map_text(const struct kiln_flash_map *map, struct kiln_buf *out);

#endif
