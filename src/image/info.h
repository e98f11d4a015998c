/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_INFO_H
#define KILN_IMAGE_INFO_H

#include "image/load.h"

/* What an image says of itself, as text in the layouts of esptool's image-info. Pure. */
typedef enum kiln_info_layout {
	KILN_INFO_4_SHORT = 1, /* of 3 and 4, `image_info` and `--version 1` */
	KILN_INFO_4_LONG = 2,  /* of 4, `--version 2` */
	KILN_INFO_5 = 5,
} kiln_info_layout;

/*
 * Append the whole text for a file, beginning with its size. `chip` NULL: whichever the image is
 * for, and say so. Fails with: E_IMAGE, E_TOO_BIG, E_NOMEM; what was appended before stays.
 */
KILN_CHECK kiln_code kiln_image_info(struct kiln_span file, const struct kiln_chip *chip,
				     kiln_info_layout layout, struct kiln_buf *out,
				     struct kiln_err *err);

/*
 * The same for the parts of an Intel HEX file (5 only): each with a heading; one that is no image
 * is said to be none.
 */
struct kiln_piece;
KILN_CHECK kiln_code kiln_image_info_parts(const struct kiln_piece *parts, size_t n,
					   const struct kiln_chip *chip, struct kiln_buf *out,
					   struct kiln_err *err);

#endif
