/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_BUILD_H
#define KILN_IMAGE_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/chip.h>
#include <kiln/err.h>

#include "base/buf.h"
#include "image/elf.h"

/*
 * Firmware images from ELF files, byte for byte as esptool's elf2image makes them. Pure: bytes in,
 * bytes out.
 *
 *	struct kiln_build_options o = KILN_BUILD_OPTIONS(chip);
 *	struct kiln_built built;
 *	KILN_TRY(kiln_build_image(file, &o, &built, err));
 *	... write built.image to the file that kiln_build_output_name() names ...
 *	kiln_built_done(&built);
 */

/* Which esptool's words are wanted where text is made: those of 3 and 4, or those of 5. */
typedef enum kiln_dialect { KILN_DIALECT_4 = 4, KILN_DIALECT_5 = 5 } kiln_dialect;

struct kiln_build_options {
	const struct kiln_chip *chip;
	unsigned esp8266_version; /* 1, 2 or 3; other chips have one format */
	const char *mode;         /* "qio", "qout", "dio", "dout" */
	const char *freq;         /* "40m"; NULL: the chip's default */
	const char *size;         /* "1MB" */
	uint8_t min_rev;          /* old form: major revision */
	uint16_t min_rev_full, max_rev_full;
	bool use_segments; /* the ELF's segments instead of its sections */
	bool secure_pad;   /* Secure Boot V1; of the ESP32 only, others ignore it */
	bool secure_pad_v2;
	bool no_digest;
	bool ram_only_header;       /* the ROM sees RAM segments only; no digest */
	uint32_t elf_digest_offset; /* where the ELF's SHA-256 goes; 0: where the app wants it */
	uint32_t page_size;         /* of the MMU; 0: as the app says, or the chip's default */
	uint64_t pad_to_size;       /* FF up to a multiple of this; 0: none */
	kiln_dialect dialect;       /* of the lines in built.text */
};

#define KILN_BUILD_OPTIONS(for_chip)                         \
	((struct kiln_build_options){ .chip = (for_chip),    \
				      .esp8266_version = 1,  \
				      .mode = "qio",         \
				      .size = "1MB",         \
				      .max_rev_full = 65535, \
				      .dialect = KILN_DIALECT_5 })

struct kiln_built {
	struct kiln_buf image;
	struct kiln_buf irom;  /* ESP8266 version 1: the code in flash, a file of its own */
	uint32_t irom_address; /* of the code in flash on an ESP8266; 0: none */
	struct kiln_buf text;  /* the lines that esptool prints meanwhile */
};

/*
 * Build the image. Fails with: E_IMAGE (no ELF file, or one of which no image can be made),
 * E_INVALID (an option does not suit the chip), E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_build_image(struct kiln_span elf_file,
				      const struct kiln_build_options *options,
				      struct kiln_built *ret_built, struct kiln_err *err);
void kiln_built_done(struct kiln_built *built);

/*
 * The names of the files that are written if the user names none: `elf` is the path of the ELF
 * file. For an ESP8266's version 1 they also hold for a prefix that the user gave. NULL `ret_irom`
 * or an image without such a part: only the first is set. Paths that are too long end in "...".
 */
void kiln_build_output_name(const char *elf, const struct kiln_build_options *options,
			    const struct kiln_built *built, char *ret_name, size_t size);
/* ESP8266 version 1: PREFIX0x00000.bin, and for the code in flash PREFIX0x10000.bin. */
void kiln_build_part_name(const char *prefix, uint32_t flash_offset, char *ret_name, size_t size);

/*
 * An ESP8266 version 1 image of raw files, as esptool's make_image makes it: segments in the
 * order given. Fails with: E_INVALID, E_IMAGE, E_NOMEM.
 */
struct kiln_raw_segment {
	uint32_t address;
	struct kiln_span data;
};
KILN_CHECK kiln_code kiln_build_raw(const struct kiln_raw_segment *segments, size_t n,
				    uint32_t entry, struct kiln_built *ret_built,
				    struct kiln_err *err);

#endif
