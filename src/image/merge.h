/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_MERGE_H
#define KILN_IMAGE_MERGE_H

#include "image/build.h"

/*
 * Several files for one flash as one file, as esptool's merge-bin makes it: raw with FF between,
 * UF2, or Intel HEX. The image at the chip's boot offset gets the flash parameters that are asked
 * for, and its digest anew. Pure.
 */
typedef enum kiln_merge_format {
	KILN_MERGE_RAW = 0,
	KILN_MERGE_UF2,
	KILN_MERGE_HEX
} kiln_merge_format;

struct kiln_merge_file {
	uint32_t address;
	const char *name; /* for messages */
	struct kiln_span data;
};

struct kiln_merge_options {
	const struct kiln_chip *chip;
	kiln_merge_format format;
	const char *mode, *freq, *size; /* "dio", "80m", "4MB"; NULL or "keep": as it is */
	uint32_t target_offset;         /* raw: where the file will be flashed to */
	uint64_t pad_to_size;           /* raw: FF up to this flash address; 0: none */
	size_t chunk;                   /* UF2: bytes in a block; 0: as many as fit */
	bool no_md5;                    /* UF2 */
	const char *output;             /* the file's name, for the last line of the text */
	kiln_dialect dialect;
};

/*
 * Append the merged file to `out`, and the lines that esptool prints to `text`. The order of files
 * does not matter. Fails with: E_INVALID, E_OVERLAP (two files need one sector), E_TOO_BIG,
 * E_NOMEM.
 */
KILN_CHECK kiln_code kiln_merge(const struct kiln_merge_file *files, size_t n,
				const struct kiln_merge_options *options, struct kiln_buf *out,
				struct kiln_buf *text, struct kiln_err *err);

/*
 * Set the parameters in the image that goes to `address`, if that is the boot offset and it is an
 * image; else it stays. The bytes in `data` are changed. Lines go to `text`. Fails with: E_INVALID
 * (the chip has no such size or frequency), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_merge_set_flash(uint32_t address, struct kiln_buf *data,
					  const struct kiln_merge_options *options,
					  struct kiln_buf *text, struct kiln_err *err);

#endif
