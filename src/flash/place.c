/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/place.h"

#include <kiln/image.h>

#include "base/bytes.h"
#include "chip/chip.h"
#include "flash/image_check.h"
#include "flash/stranger.h"
#include "image/partition.h"

/* First word of an application's first segment (ESP-IDF, esp_app_desc_t.magic_word). */
#define APP_DESCRIPTOR 0xABCD5432u

/* An application without its bootloader looks like firmware, but does not boot where that goes. */
static bool is_bare_application(const struct kiln_flash_file *file, const struct kiln_image *image)
{
	const struct kiln_image_segment *first = &image->segments[0];

	return image->n_segments > 0 && first->length >= 4 && first->offset + 4 <= file->size &&
	       kiln_get_le32(file->data + first->offset) == APP_DESCRIPTOR;
}

static kiln_code refuse(const struct kiln_flash_file *file, struct kiln_err *err, const char *why,
			const char *hint)
{
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot flash '%s'", file->name);
	kiln_why(err, "%s", why);
	kiln_hint(err, "%s", hint);
	return KILN_E_IMAGE;
}

static kiln_code refuse_part(const struct kiln_flash_file *file, const char *part,
			     const struct kiln_err *reason, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot flash '%s'", file->name);
	kiln_why(err, "its %s is not whole: %s", part, reason->why);
	kiln_hint(err,
		  "download it again, and compare its size (%zu bytes) with that of the "
		  "original",
		  file->size);
	return KILN_E_IMAGE;
}

static kiln_code verify_boot(const struct kiln_flash_file *file, struct kiln_image *ret_image,
			     struct kiln_err *err)
{
	struct kiln_err reason = KILN_ERR_INIT;
	const kiln_code code = kiln_image_verify(file->data, file->size, ret_image, &reason);

	if (code != KILN_E_IMAGE) {
		if (code != KILN_OK && err)
			*err = reason;
		return code;
	}
	/* the header of the oldest chip's images is shorter, and names no chip */
	if (kiln_image_is_esp8266(kiln_span(file->data, file->size)))
		return refuse(file, err, "it looks like firmware for an ESP8266",
			      "say where it goes: kiln flash --at 0 FILE");
	return refuse_part(file, "bootloader", &reason, err);
}

/*
 * Firmware is a bootloader, a partition table and an application in one file. A download that was
 * cut has its begin, and would be written and verified; but it would never start.
 */
static bool read_table(const struct kiln_flash_file *file, struct kiln_partitions *ret_table)
{
	const struct kiln_partition_options options = KILN_PARTITION_OPTIONS;
	const uint64_t at = options.table_offset - (uint64_t)file->address;
	struct kiln_span bytes;

	if (file->address > options.table_offset || at >= file->size)
		return false;
	bytes = kiln_span(file->data + at, file->size - (size_t)at);
	bytes.n = bytes.n < KILN_PARTITION_BYTES ? bytes.n : KILN_PARTITION_BYTES;
	return kiln_partition_is_binary(bytes) &&
	       kiln_partition_from_binary(bytes, &options, ret_table, NULL) == KILN_OK;
}

static kiln_code check_applications(const struct kiln_flash_file *file, struct kiln_err *err)
{
	struct kiln_partitions table = { .n = 0 };
	struct kiln_err reason = KILN_ERR_INIT;
	struct kiln_image image;
	unsigned found = 0, missing = 0;

	if (!read_table(file, &table))
		return KILN_OK;
	for (size_t i = 0; i < table.n; i++) {
		const struct kiln_partition *p = &table.items[i];
		const uint64_t at = (uint64_t)p->offset - file->address;

		if (p->type != KILN_PARTITION_APP || p->offset < file->address)
			continue;
		missing += at >= file->size;
		if (at >= file->size || !kiln_image_is(file->data + at, file->size - (size_t)at))
			continue;
		found++;
		if (kiln_image_verify(file->data + at, file->size - (size_t)at, &image, &reason) !=
		    KILN_OK)
			return refuse_part(file, "application", &reason, err);
	}
	if (found > 0 || missing == 0)
		return KILN_OK;
	kiln_why(&reason, "it ends where no application has begun yet");
	return refuse_part(file, "application", &reason, err);
}

kiln_code kiln_flash_place(struct kiln_flash_file *file, struct kiln_err *err)
{
	struct kiln_image image;

	if (!kiln_image_is(file->data, file->size)) {
		const struct kiln_stranger is = kiln_stranger_of(kiln_span(file->data, file->size));

		return refuse(file, err, is.why, is.hint);
	}
	KILN_TRY(verify_boot(file, &image, err));
	const struct kiln_chip *chip = kiln_chip_by_image_id(image.chip_id);

	if (!chip) {
		(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot flash '%s'", file->name);
		kiln_why(err, "it is for a chip that kiln does not know (id %u)", image.chip_id);
		return KILN_E_WRONG_CHIP;
	}
	if (is_bare_application(file, &image)) {
		return refuse(file, err, "it is an application without a bootloader",
			      "get the file that has both, or use --at with the address of an "
			      "application partition (often 0x10000)");
	}
	file->address = chip->bootloader_offset;
	return check_applications(file, err);
}
