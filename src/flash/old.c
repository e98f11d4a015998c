/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/old.h"

#include <stdlib.h>

#include <kiln/image.h>

#include "chip/chip.h"

enum { SECTOR = KILN_FLASH_SECTOR };

/* Bytes of the file up to the end of the sector that `at` lies in. */
static size_t to_border(const struct kiln_plan_file *file, size_t at)
{
	const size_t n = SECTOR - (file->address + at) % SECTOR;

	return n < file->size - at ? n : file->size - at;
}

/* What is beyond the old file counts as erased; what of it lies in the last sector counts too. */
static bool differs(const struct kiln_plan_file *file, struct kiln_span old, size_t at, size_t n)
{
	const bool last = at + n == file->size;
	const size_t border = last ? SECTOR - (file->address + at) % SECTOR : n;

	for (size_t i = at; i < at + border; i++) {
		const uint8_t theirs = i < old.n ? old.p[i] : 0xFF;
		const uint8_t ours = i < file->size ? kiln_plan_byte(file, i) : 0xFF;

		if (ours != theirs)
			return true;
	}
	return false;
}

bool kiln_old_next(const struct kiln_plan_file *file, struct kiln_span old, size_t *at,
		   size_t *ret_size)
{
	size_t n = 0, end;

	while (*at < file->size && !differs(file, old, *at, n = to_border(file, *at)))
		*at += n;
	if (*at >= file->size)
		return false;
	for (end = *at + n; end < file->size; end += n) {
		n = to_border(file, end);
		if (!differs(file, old, end, n))
			break;
	}
	*ret_size = end - *at;
	return true;
}

/* The old file as it was written: with FF before it, and its header patched as the new one's. */
static kiln_code as_written(const struct kiln_plan_file *file, uint8_t **ret_old, size_t *ret_n,
			    struct kiln_err *err)
{
	const struct kiln_flash_file *f = file->file;
	const size_t head = f->address - file->address;
	const struct kiln_image_params params = { file->mode, file->size_freq & 15,
						  file->size_freq >> 4 };
	bool changed, redigested;
	uint8_t *old = malloc(head + f->old_size);

	if (!old)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compare '%s'", f->name);
	memset(old, 0xFF, head);
	memcpy(old + head, f->old, f->old_size);
	/* an old file that is no image is only not the same, which is no error */
	if (file->patched && kiln_image_is(f->old, f->old_size))
		(void)!kiln_image_patch(old + head, f->old_size, &params, &changed, &redigested,
					NULL);
	*ret_old = old;
	*ret_n = head + f->old_size;
	return KILN_OK;
}

static struct kiln_flash_event event_of(const struct kiln_plan_file *file, kiln_flash_stage stage)
{
	return (struct kiln_flash_event){ .stage = stage,
					  .address = file->file->address,
					  .total = file->size,
					  .item = file->file->name };
}

static kiln_code write_run(struct kiln_flasher *f, const struct kiln_plan *plan,
			   const struct kiln_plan_file *file, size_t at, size_t n,
			   struct kiln_err *err)
{
	const struct kiln_plan_file run = kiln_plan_slice(file, at, n);
	struct kiln_flash_event event = event_of(file, KILN_FLASH_REFLASHING);

	event.address = kiln_plan_first_sector(&run);
	event.total = kiln_plan_end_sector(&run) - event.address;
	kiln_flasher_emit(f, event);
	event.stage = KILN_FLASH_FILE_ERASE;
	kiln_flasher_emit(f, event);
	return kiln_flasher_write_file(f, &run, !plan->job->no_compress, err);
}

/* All sectors are as they were, if the flash is. */
static kiln_code unchanged(struct kiln_flasher *f, const struct kiln_plan *plan,
			   const struct kiln_plan_file *file, struct kiln_err *err)
{
	struct kiln_flash_event event = event_of(file, KILN_FLASH_UNCHANGED);
	bool same;

	event.done = plan->job->trust;
	kiln_flasher_emit(f, event);
	f->skipped = file;
	if (plan->job->trust)
		return KILN_OK;
	KILN_TRY(kiln_flasher_holds_file(f, file, &same, err));
	if (same) {
		kiln_flasher_emit(f, event_of(file, KILN_FLASH_STANDS));
		return KILN_OK;
	}
	f->skipped = NULL;
	kiln_flasher_note(f, "Data not found in flash, flashing the whole image...");
	return kiln_flasher_write_whole(f, plan, file, err);
}

static kiln_code write_changed(struct kiln_flasher *f, const struct kiln_plan *plan,
			       const struct kiln_plan_file *file, struct kiln_span old,
			       struct kiln_err *err)
{
	size_t at = 0, n;

	if (!kiln_old_next(file, old, &at, &n))
		return unchanged(f, plan, file, err);
	kiln_flasher_emit(f, event_of(file, KILN_FLASH_CHANGED));
	f->by_parts = file;
	do {
		KILN_TRY(write_run(f, plan, file, at, n, err));
		at += n;
	} while (kiln_old_next(file, old, &at, &n));
	return KILN_OK;
}

kiln_code kiln_flasher_write_over(struct kiln_flasher *f, const struct kiln_plan *plan,
				  const struct kiln_plan_file *file, struct kiln_err *err)
{
	uint8_t *old = NULL;
	size_t n = 0;

	KILN_TRY(as_written(file, &old, &n, err));
	const kiln_code code = write_changed(f, plan, file, kiln_span(old, n), err);

	free(old);
	return code;
}
