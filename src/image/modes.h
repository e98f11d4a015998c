/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_MODES_H
#define KILN_IMAGE_MODES_H

#include <stddef.h>
#include <strings.h>

/* How a flash chip is wired, by the value of an image header's third byte. */
static const char *const kiln_image_modes[] = { "qio", "qout", "dio", "dout" };

enum { KILN_IMAGE_N_MODES = sizeof(kiln_image_modes) / sizeof(kiln_image_modes[0]) };

/* The value of a mode's name, or -1. */
static inline int kiln_image_mode_by_name(const char *name)
{
	for (int i = 0; i < KILN_IMAGE_N_MODES; i++) {
		if (strcasecmp(kiln_image_modes[i], name) == 0)
			return i;
	}
	return -1;
}

/* Its name, or NULL. */
static inline const char *kiln_image_mode_name(unsigned mode)
{
	return mode < KILN_IMAGE_N_MODES ? kiln_image_modes[mode] : NULL;
}

#endif
