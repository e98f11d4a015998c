/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/write.h"

static kiln_code same_part(struct kiln_flasher *f, const struct kiln_plan_file *file, size_t at,
			   size_t n, bool *ret_same, struct kiln_err *err)
{
	uint8_t theirs[16], ours[16];

	KILN_TRY(kiln_flasher_md5(f, (uint32_t)(file->address + at), (uint32_t)n, theirs, err));
	KILN_TRY(kiln_plan_md5(file, at, n, ours, err));
	*ret_same = memcmp(theirs, ours, sizeof(ours)) == 0;
	return KILN_OK;
}

/* First part of `step` bytes in [from, to) that differs; `to` if none does. */
static kiln_code first_difference(struct kiln_flasher *f, const struct kiln_plan_file *file,
				  size_t from, size_t to, size_t step, size_t *ret_at,
				  struct kiln_err *err)
{
	for (size_t at = from, n; at < to; at += n) {
		bool same;

		/* parts end where sectors do */
		n = step - (file->address + at) % step;
		if (n > to - at)
			n = to - at;
		KILN_TRY(same_part(f, file, at, n, &same, err));
		if (!same) {
			*ret_at = at;
			return KILN_OK;
		}
	}
	*ret_at = to;
	return KILN_OK;
}

/*
 * The sector, by way of 64 KB blocks: a handful of digests instead of hundreds. *ret_found is
 * false if all parts are right: then the digest of the whole was garbled on its way.
 */
static kiln_code find_sector(struct kiln_flasher *f, const struct kiln_plan_file *file,
			     bool *ret_found, uint32_t *ret_address, struct kiln_err *err)
{
	enum { BLOCK = 64 * 1024 };
	size_t at = 0, end;

	KILN_TRY(first_difference(f, file, 0, file->size, BLOCK, &at, err));
	end = at + BLOCK < file->size ? at + BLOCK : file->size;
	KILN_TRY(first_difference(f, file, at, end, KILN_FLASH_SECTOR, &at, err));
	*ret_found = at < end;
	*ret_address = (uint32_t)(file->address + at) / KILN_FLASH_SECTOR * KILN_FLASH_SECTOR;
	return KILN_OK;
}

static kiln_code differs(const struct kiln_flasher *f, const struct kiln_plan_file *file,
			 uint32_t sector, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_VERIFY, "cannot verify '%s' at 0x%08x", file->file->name,
			file->file->address);
	kiln_why(err, "flash holds other data than was %s, first in the sector at 0x%08x",
		 f->guessed ? "remembered or written" : "written", sector);
	kiln_hint(err,
		  "run the same command again; if it fails at the same address, that sector of "
		  "the flash chip is worn or protected");
	return KILN_E_VERIFY;
}

static void warn_unverified(const struct kiln_flasher *f, const struct kiln_plan_file *file)
{
	kiln_flasher_warn(f, "'%s' is written, but not verified: %s", file->file->name,
			  f->loader.secure_download ? "secure download mode has no digests"
						    : "the ESP8266's ROM has no digests");
}

static kiln_code compare(struct kiln_flasher *f, const struct kiln_plan_file *file, bool *ret_same,
			 uint32_t *ret_sector, struct kiln_err *err)
{
	bool found;

	KILN_TRY(same_part(f, file, 0, file->size, ret_same, err));
	if (*ret_same)
		return KILN_OK;
	KILN_TRY(find_sector(f, file, &found, ret_sector, err));
	*ret_same = !found;
	return KILN_OK;
}

kiln_code kiln_flasher_tell_verified(struct kiln_flasher *f, const struct kiln_plan_file *file)
{
	struct kiln_flash_event event = { .stage = KILN_FLASH_VERIFYING,
					  .address = file->address,
					  .total = file->size,
					  .item = file->file->name };

	kiln_flasher_emit(f, event);
	event.stage = KILN_FLASH_VERIFIED;
	kiln_flasher_emit(f, event);
	return KILN_OK;
}

kiln_code kiln_flasher_verify_file(struct kiln_flasher *f, const struct kiln_plan_file *file,
				   struct kiln_err *err)
{
	struct kiln_flash_event event = { .stage = KILN_FLASH_VERIFYING,
					  .address = file->address,
					  .total = file->size,
					  .item = file->file->name };
	uint32_t sector = 0;
	kiln_code code;
	bool same;

	if (!kiln_flasher_has_md5(f)) {
		warn_unverified(f, file);
		return KILN_OK;
	}
	kiln_flasher_emit(f, event);
	code = compare(f, file, &same, &sector, err);
	if (code != KILN_OK) {
		kiln_because(err, "cannot verify '%s' at 0x%08x", file->file->name,
			     file->file->address);
		kiln_hint(err, "it was written, but not checked: run the same command again");
		return code;
	}
	if (!same)
		return differs(f, file, sector, err);
	event.stage = KILN_FLASH_VERIFIED;
	kiln_flasher_emit(f, event);
	return KILN_OK;
}
