/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/image_check.h"

#include <kiln/image.h>

#include "base/bytes.h"
#include "base/text.h"
#include "chip/chip.h"

#define HINT_FORCE "check the file and its address; --force writes it all the same"

static kiln_code not_for_chip(const struct kiln_flash_file *file, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot write '%s' at 0x%08x", file->name,
			file->address);
	kiln_hint(err, HINT_FORCE);
	return KILN_E_WRONG_CHIP;
}

static kiln_code check_chip_id(const struct kiln_flash_file *file, const struct kiln_image *image,
			       const struct kiln_chip *chip, struct kiln_err *err)
{
	const char *name = kiln_chip_name_of_image_id(image->chip_id);

	if (image->chip_id == chip->image_id)
		return KILN_OK;
	(void)not_for_chip(file, err);
	if (name)
		kiln_why(err, "it is firmware for the %s, but the chip is an %s", name, chip->name);
	else
		kiln_why(err, "it is firmware for a chip with id %u, but the chip is an %s",
			 image->chip_id, chip->name);
	return KILN_E_WRONG_CHIP;
}

/* Newer images give both ends in full; in older ones one byte has the least major revision. */
static kiln_code check_revision(const struct kiln_flash_file *file, const struct kiln_image *image,
				const struct kiln_chip_info *info, struct kiln_err *err)
{
	const bool limited = image->max_rev_full != 0 && image->max_rev_full != UINT16_MAX;
	const bool full = image->min_rev_full != 0 || limited;
	const unsigned least = full ? image->min_rev_full : image->min_rev * 100u;

	if (info->revision < least) {
		(void)not_for_chip(file, err);
		kiln_why(err, "it needs revision v%u.%u or newer, but the chip has v%u.%u",
			 least / 100, least % 100, info->revision / 100, info->revision % 100);
		return KILN_E_WRONG_CHIP;
	}
	if (limited && info->revision > image->max_rev_full) {
		(void)not_for_chip(file, err);
		kiln_why(err, "it is for revisions up to v%u.%u, but the chip has v%u.%u",
			 image->max_rev_full / 100u, image->max_rev_full % 100u,
			 info->revision / 100, info->revision % 100);
		return KILN_E_WRONG_CHIP;
	}
	return KILN_OK;
}

/*
 * The oldest chip's header has 8 bytes and no chip id, so what tells other chips' images is that
 * their segments, read as its own, lead nowhere. Images for its second-stage bootloader (EA) are
 * that bootloader's to judge.
 */
bool kiln_image_is_esp8266(struct kiln_span rest)
{
	enum { HEADER = 8, SECOND_STAGE = 0xEA, SEED = 0xEF, ROW = 16 };
	const struct kiln_span whole = rest;
	uint8_t sum = SEED;
	struct kiln_span part;
	uint32_t address, length;

	if (!kiln_span_take(&rest, HEADER, &part) || whole.p[1] > KILN_IMAGE_MAX_SEGMENTS)
		return false;
	if (whole.p[0] == SECOND_STAGE)
		return true;
	for (unsigned i = 0; i < whole.p[1]; i++) {
		if (!kiln_span_le32(&rest, &address) || !kiln_span_le32(&rest, &length) ||
		    !kiln_span_take(&rest, length, &part))
			return false;
		for (size_t k = 0; k < part.n; k++)
			sum ^= part.p[k];
	}
	const size_t at = (whole.n - rest.n) | (ROW - 1);

	return whole.p[0] == KILN_IMAGE_MAGIC && whole.p[1] && at < whole.n && whole.p[at] == sum;
}

static kiln_code check_esp8266(const struct kiln_flash_file *file, struct kiln_err *err)
{
	if (file->address != 0 || kiln_image_is_esp8266(kiln_span(file->data, file->size)))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot write '%s' at 0x%08x", file->name,
			file->address);
	kiln_why(err, "the ESP8266 boots from there, and this is no firmware for it");
	kiln_hint(err, HINT_FORCE);
	return KILN_E_IMAGE;
}

kiln_code kiln_image_check(const struct kiln_flash_file *file, bool is_cipher,
			   const struct kiln_chip_info *info, struct kiln_err *err)
{
	const bool is_boot = file->address == info->chip->bootloader_offset;
	struct kiln_err reason = KILN_ERR_INIT;
	struct kiln_image image;

	if (info->chip->image_id == KILN_CHIP_NO_ID)
		return check_esp8266(file, err);
	/* the ROM boots it: it must be whole; before that, say if it is for another chip */
	if (kiln_image_parse(file->data, file->size, &image, &reason) == KILN_OK) {
		KILN_TRY(check_chip_id(file, &image, info->chip, err));
		if (!info->secure_download) /* then it is not known */
			KILN_TRY(check_revision(file, &image, info, err));
	}
	if (!is_boot || (is_cipher && !file->encrypt) ||
	    kiln_image_verify(file->data, file->size, &image, &reason) == KILN_OK)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot write '%s' at 0x%08x", file->name,
			file->address);
	kiln_why(err, "the %s boots from there, and this is no firmware: %s", info->chip->name,
		 reason.why);
	kiln_hint(err, HINT_FORCE);
	return KILN_E_IMAGE;
}
