/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/place.h"

#include <kiln/image.h>

#include "base/bytes.h"
#include "chip/chip.h"

/* First word of an application's first segment (ESP-IDF, esp_app_desc_t.magic_word). */
#define APP_DESCRIPTOR 0xABCD5432u

/* An application without its bootloader looks like firmware, but does not boot where that goes. */
static bool is_bare_application(const struct kiln_flash_file *file, const struct kiln_image *image)
{
	const struct kiln_image_segment *first = &image->segments[0];

	return image->n_segments > 0 && first->length >= 4 && first->offset + 4 <= file->size &&
	       kiln_get_le32(file->data + first->offset) == APP_DESCRIPTOR;
}

kiln_code kiln_flash_place(struct kiln_flash_file *file, struct kiln_err *err)
{
	struct kiln_image image;

	if (!kiln_image_is(file->data, file->size)) {
		(void)kiln_fail(err, KILN_E_IMAGE, "cannot flash '%s'", file->name);
		kiln_why(err, "it does not begin as a firmware image does");
		kiln_hint(err, "get the .bin for your board from micropython.org/download, or say "
			       "with --at ADDR where else this file belongs");
		return KILN_E_IMAGE;
	}
	KILN_TRY(kiln_image_verify(file->data, file->size, &image, err));
	const struct kiln_chip *chip = kiln_chip_by_image_id(image.chip_id);

	if (!chip) {
		(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot flash '%s'", file->name);
		kiln_why(err, "it is for a chip that kiln does not know (id %u)", image.chip_id);
		return KILN_E_WRONG_CHIP;
	}
	if (is_bare_application(file, &image)) {
		(void)kiln_fail(err, KILN_E_IMAGE, "cannot flash '%s'", file->name);
		kiln_why(err, "it is an application without a bootloader");
		kiln_hint(err, "get the file that has both, or use --at with the address of an "
			       "application partition (often 0x10000)");
		return KILN_E_IMAGE;
	}
	file->address = chip->bootloader_offset;
	return KILN_OK;
}
