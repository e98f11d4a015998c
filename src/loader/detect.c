/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/bringup.h"

enum { SECURE_DOWNLOAD = 1 << 2 }; /* a flag of GET_SECURITY_INFO */

static kiln_code unknown_chip(struct kiln_err *err, const char *what, uint32_t value)
{
	(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot use this chip");
	kiln_why(err, "its %s is 0x%x, which is not known", what, value);
	kiln_hint(err, "if you know that it behaves like a supported chip, name that one");
	return KILN_E_WRONG_CHIP;
}

static kiln_code take_id(struct kiln_loader *l, uint32_t id, struct kiln_err *err)
{
	const char *name;

	l->chip = id <= UINT16_MAX ? kiln_chip_by_image_id((uint16_t)id) : NULL;
	if (l->chip)
		return KILN_OK;
	name = id <= UINT16_MAX ? kiln_chip_name_of_image_id((uint16_t)id) : NULL;
	if (!name)
		return unknown_chip(err, "chip id", id);
	(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot use this chip");
	kiln_why(err, "it is an %s, which is not supported yet", name);
	return KILN_E_WRONG_CHIP;
}

kiln_code kiln_loader_detect_by_id(struct kiln_loader *l, bool *ret_known, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_bare(KILN_OP_GET_SECURITY_INFO);
	struct kiln_security_info info;
	struct kiln_reply reply;
	const kiln_code code = kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err);

	*ret_known = false;
	if (code == KILN_E_UNSUPPORTED || code == KILN_E_REFUSED)
		return kiln_loader_settle(l, 100, err); /* a ROM may say so eight times */
	if (code != KILN_OK)
		return code;
	if (!kiln_security_info_decode(reply.body, &info))
		return KILN_OK;
	l->secure_download = info.flags & SECURE_DOWNLOAD;
	if (!info.has_chip_id)
		return KILN_OK;
	*ret_known = true;
	return take_id(l, info.chip_id, err);
}

/* Chips in secure download mode refuse it. */
kiln_code kiln_loader_detect_quickly(struct kiln_loader *l, bool *ret_known, struct kiln_err *err)
{
	uint32_t magic = 0;
	const kiln_code code = kiln_loader_read_reg(l, KILN_CHIP_MAGIC_REG, &magic, err);

	*ret_known = false;
	if (code == KILN_E_UNSUPPORTED || code == KILN_E_REFUSED)
		return kiln_loader_settle(l, 100, err); /* a ROM may say so eight times */
	if (code != KILN_OK)
		return code;
	l->chip = kiln_chip_by_magic(magic);
	*ret_known = l->chip != NULL;
	return KILN_OK;
}

/*
 * Of the chips without an id only the ESP32-S2 has a secure download mode, in which it refuses to
 * read registers.
 */
static kiln_code read_magic(struct kiln_loader *l, uint32_t *ret_magic, struct kiln_err *err)
{
	const kiln_code code = kiln_loader_read_reg(l, KILN_CHIP_MAGIC_REG, ret_magic, err);

	if (code != KILN_E_REFUSED && code != KILN_E_UNSUPPORTED)
		return code;
	l->secure_download = true;
	l->chip = kiln_chip_by_option("esp32s2");
	*ret_magic = l->chip->magic;
	return kiln_loader_settle(l, 100, err);
}

kiln_code kiln_loader_detect_by_magic(struct kiln_loader *l, struct kiln_err *err)
{
	uint32_t magic = 0;

	l->chip = NULL;
	/* a ROM does not notice that a request lost a byte, and reads somewhere else */
	for (int i = 0; i < KILN_LOADER_TRIES && !l->chip; i++) {
		KILN_TRY(read_magic(l, &magic, err));
		l->chip = kiln_chip_by_magic(magic);
	}
	if (!l->chip)
		return unknown_chip(err, "magic value", magic);
	return KILN_OK;
}

static kiln_code compare(struct kiln_loader *l, const struct kiln_chip *chip, struct kiln_err *err)
{
	const struct kiln_chip *other = l->chip;

	l->chip = chip;
	if (!other || other == chip)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot use this chip as an %s", chip->name);
	kiln_why(err, "it is an %s", other->name);
	kiln_hint(err, "leave the chip's name out, or name the %s", other->option);
	return KILN_E_WRONG_CHIP;
}

/* A chip that nobody knows may be a new kind of the one that was named: the user's word counts. */
kiln_code kiln_loader_expect_chip(struct kiln_loader *l, const struct kiln_chip *chip,
				  struct kiln_err *err)
{
	bool known = false;
	uint32_t magic;

	if (chip->magic) {
		/* the length of its status is that of the chip that was named, or it is another */
		l->chip = NULL;
		KILN_TRY(read_magic(l, &magic, err));
		l->chip = kiln_chip_by_magic(magic);
		if (l->chip)
			return compare(l, chip, err);
	}
	const kiln_code code = kiln_loader_detect_by_id(l, &known, err);

	if (code != KILN_OK && code != KILN_E_WRONG_CHIP)
		return code;
	if (!known && !chip->magic) {
		l->chip = NULL;
		KILN_TRY(read_magic(l, &magic, err));
		l->chip = kiln_chip_by_magic(magic);
	}
	return compare(l, chip, err);
}
