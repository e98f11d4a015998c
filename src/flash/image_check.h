/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_IMAGE_CHECK_H
#define KILN_FLASH_IMAGE_CHECK_H

#include <kiln/flash.h>

#include "base/buf.h"

/*
 * Could this file run on this chip? At the bootloader's address it must be a whole image, unless
 * the chip decrypts what it reads (`is_cipher`); elsewhere it may be anything, but an image must be
 * one for this chip and its revision. Pure. Fails with: E_IMAGE, E_WRONG_CHIP; the hint names
 * --force.
 */
kiln_code kiln_image_check(const struct kiln_flash_file *file, bool is_cipher,
			   const struct kiln_chip_info *info, struct kiln_err *err);

/* A whole image with the ESP8266's short header, or one for its second-stage bootloader. Pure. */
bool kiln_image_is_esp8266(struct kiln_span file);

#endif
