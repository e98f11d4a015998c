/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_PACK_H
#define KILN_FLASH_PACK_H

#include <kiln/flash.h>

/* One file, as it goes over the wire. Read-only once it is made. */
struct kiln_packed {
	const struct kiln_flash_file *file;
	uint8_t *wire; /* a zlib stream of its bytes, filled up to whole words */
	size_t wire_size;
};

struct kiln_flash_pack {
	struct kiln_packed *files;
	size_t n_files;
};

/* That of this very file (address, bytes and size); NULL if it is not in the pack, or no pack. */
const struct kiln_packed *kiln_pack_find(const struct kiln_flash_pack *pack,
					 const struct kiln_flash_file *file);

#endif
