/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/plan.h"

#include <kiln/image.h>

#include "base/text.h"
#include "chip/chip.h"
#include "chip/security.h"
#include "flash/flasher.h"
#include "flash/image_check.h"

enum {
	WORD = KILN_FLASH_WORD,
	FILL = 0xFF,
	SMALL = 64 * 1024, /* a copy costs nothing, and packs a few bytes better */
};

uint32_t kiln_plan_first_sector(const struct kiln_plan_file *f)
{
	return f->address / KILN_FLASH_SECTOR * KILN_FLASH_SECTOR;
}

uint64_t kiln_plan_end_sector(const struct kiln_plan_file *f)
{
	const uint64_t end = (uint64_t)f->address + f->size;

	return (end + KILN_FLASH_SECTOR - 1) / KILN_FLASH_SECTOR * KILN_FLASH_SECTOR;
}

static kiln_code check_file(const struct kiln_flash_file *file, struct kiln_err *err)
{
	const char *why = NULL;

	if (file->size == 0)
		why = "it is empty";
	else if (file->address % WORD)
		why = "its address is not a multiple of 4";
	else if ((uint64_t)file->address + file->size > (uint64_t)UINT32_MAX + 1)
		why = "it ends beyond the last possible address";
	if (!why)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot write '%s' at 0x%08x", file->name,
			file->address);
	kiln_why(err, "%s", why);
	return KILN_E_INVALID;
}

static int by_address(const void *a, const void *b)
{
	const struct kiln_plan_file *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Sectors are erased whole: two files must not share one. */
static kiln_code check_overlap(const struct kiln_plan *plan, struct kiln_err *err)
{
	for (size_t i = 1; i < plan->n_files; i++) {
		const struct kiln_plan_file *a = &plan->files[i - 1], *b = &plan->files[i];

		if (kiln_plan_end_sector(a) <= kiln_plan_first_sector(b))
			continue;
		(void)kiln_fail(err, KILN_E_OVERLAP, "cannot write '%s' at 0x%08x", b->file->name,
				b->file->address);
		kiln_why(err, "it overlaps '%s', which ends at 0x%08llx", a->file->name,
			 (unsigned long long)a->file->address + a->file->size);
		kiln_hint(err,
			  "flash is erased by sectors of 0x1000 bytes: files must not share one");
		return KILN_E_OVERLAP;
	}
	return KILN_OK;
}

/* A copy with room for what goes before and behind; the bytes are in the middle. */
static kiln_code own(struct kiln_plan_file *f, size_t head, size_t tail, struct kiln_err *err)
{
	const size_t size = head + f->size + tail;
	uint8_t *copy = malloc(size);

	if (!copy) {
		(void)kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", f->file->name);
		return KILN_E_NOMEM;
	}
	memset(copy, FILL, head);
	memcpy(copy + head, f->data, f->size);
	memset(copy + head + f->size, FILL, tail);
	free(f->owned);
	f->owned = copy;
	f->packed = NULL;
	f->data = copy;
	f->size = size;
	f->address -= (uint32_t)head;
	return KILN_OK;
}

kiln_code kiln_plan_fill_up(struct kiln_plan_file *f, size_t tail, struct kiln_err *err)
{
	uint8_t fill[32];

	if (tail == 0)
		return KILN_OK;
	if (f->size < SMALL)
		return own(f, 0, tail, err);
	memset(fill, FILL, sizeof(fill));
	kiln_plan_put(f, f->size, fill, tail);
	f->size += tail;
	f->packed = NULL;
	return KILN_OK;
}

/* `align`: of data that the chip encrypts. */
static kiln_code pad(struct kiln_plan_file *f, bool rom_only, size_t align, struct kiln_err *err)
{
	const size_t head = rom_only ? f->address % KILN_FLASH_SECTOR : 0;
	const size_t unit = f->file->encrypt ? align : WORD;
	const size_t tail = (unit - f->size % unit) % unit;

	const struct kiln_packed *packed = f->packed; /* filled up to words, too */

	if (head)
		return own(f, head, tail, err);
	KILN_TRY(kiln_plan_fill_up(f, tail, err));
	if (!f->file->encrypt)
		f->packed = packed;
	return KILN_OK;
}

static bool wants_patch(const struct kiln_flash_job *job)
{
	return !job->keep_header &&
	       (job->mode >= 0 || job->freq >= 0 || job->size != KILN_FLASH_KEEP);
}

/* All there is to do to an ESP8266's image, which has no digest over the header. */
static void patch_header(uint8_t *p, const struct kiln_image_params *params, bool *ret_changed)
{
	const uint8_t mode = params->mode < 0 ? p[2] : (uint8_t)params->mode;
	const int size = params->size < 0 ? p[3] >> 4 : params->size;
	const int freq = params->freq < 0 ? p[3] & 15 : params->freq;
	const uint8_t size_freq = (uint8_t)(size << 4 | freq);

	*ret_changed = mode != p[2] || size_freq != p[3];
	p[2] = mode;
	p[3] = size_freq;
}

/* The same of a file that is not copied: its new header lies over it, and its new digest. */
static kiln_code patch_over(struct kiln_plan_file *f, const struct kiln_chip *chip,
			    const struct kiln_image_params *params, struct kiln_err *err)
{
	struct kiln_image image = { .has_digest = false };
	uint8_t header[4], digest[KILN_IMAGE_DIGEST_SIZE];

	if (chip->image_id != KILN_CHIP_NO_ID)
		KILN_TRY(kiln_image_parse(f->file->data, f->file->size, &image, err));
	memcpy(header, f->data, sizeof(header));
	patch_header(header, params, &f->patched);
	f->mode = header[2];
	f->size_freq = header[3];
	if (!f->patched)
		return KILN_OK;
	kiln_plan_put(f, 0, header, sizeof(header));
	f->packed = NULL;
	f->redigested = image.has_digest;
	if (!f->redigested)
		return KILN_OK;
	KILN_TRY(kiln_plan_sha256(f, image.data_length, digest, err));
	kiln_plan_put(f, image.data_length, digest, sizeof(digest));
	return KILN_OK;
}

/* Flash parameters stand in the header of the image that the ROM loads, and only there. */
static kiln_code patch(struct kiln_plan_file *f, const struct kiln_flash_job *job,
		       const struct kiln_chip *chip, uint64_t header_size, struct kiln_err *err)
{
	struct kiln_image_params params = { job->mode, job->freq, KILN_FLASH_KEEP };
	uint8_t nibble;

	if (f->file->address != chip->bootloader_offset || !wants_patch(job) ||
	    !kiln_image_is(f->file->data, f->file->size))
		return KILN_OK;
	if (job->size != KILN_FLASH_KEEP && kiln_chip_size_nibble(chip, header_size, &nibble))
		params.size = nibble;
	if (!f->owned && f->size >= SMALL)
		return patch_over(f, chip, &params, err);
	if (!f->owned)
		KILN_TRY(own(f, 0, 0, err));
	const size_t head = f->file->address - f->address;

	if (chip->image_id == KILN_CHIP_NO_ID)
		patch_header(f->owned + head, &params, &f->patched);
	else
		KILN_TRY(kiln_image_patch(f->owned + head, f->file->size, &params, &f->patched,
					  &f->redigested, err));
	f->mode = f->owned[head + 2];
	f->size_freq = f->owned[head + 3];
	return KILN_OK;
}

static kiln_code take_files(struct kiln_plan *plan, struct kiln_err *err)
{
	const struct kiln_flash_job *job = plan->job;

	plan->files = calloc(job->n_files, sizeof(*plan->files));
	plan->steps = calloc(2 * job->n_files + 1, sizeof(*plan->steps));
	if (!plan->files || !plan->steps)
		return kiln_fail(err, KILN_E_NOMEM, "cannot plan the job");
	for (size_t i = 0; i < job->n_files; i++) {
		const struct kiln_flash_file *file = &job->files[i];

		KILN_TRY(check_file(file, err));
		plan->files[plan->n_files++] = (struct kiln_plan_file){
			.file = file,
			.address = file->address,
			.data = file->data,
			.size = file->size,
			.packed = kiln_pack_find(job->pack, file),
		};
	}
	qsort(plan->files, plan->n_files, sizeof(*plan->files), by_address);
	return check_overlap(plan, err);
}

kiln_code kiln_flash_check_files(const struct kiln_flash_file *files, size_t n_files,
				 struct kiln_err *err)
{
	const struct kiln_flash_job job = { .files = files, .n_files = n_files };
	struct kiln_plan plan = { .job = &job };
	kiln_code code;

	if (n_files == 0)
		return KILN_OK;
	code = take_files(&plan, err);
	kiln_plan_done(&plan);
	return code;
}

/* What could be used and is only suspicious. */
static void look_for_warning(struct kiln_plan *plan)
{
	for (size_t i = 0; i < plan->n_files && !plan->warning[0]; i++) {
		const struct kiln_plan_file *f = &plan->files[i];
		const uint32_t over = f->file->address % KILN_FLASH_SECTOR;

		if (over && !plan->job->erase_all)
			kiln_text_format(
				plan->warning, sizeof(plan->warning),
				"Flash address 0x%08x is not aligned to a 0x1000 byte flash "
				"sector. 0x%x bytes before this address will be erased.",
				f->file->address, over);
	}
}

static void lay_steps(struct kiln_plan *plan)
{
	if (plan->job->erase_all)
		plan->steps[plan->n_steps++] = (struct kiln_step){ .kind = KILN_STEP_ERASE_CHIP };
	for (size_t i = 0; i < plan->n_files; i++) {
		plan->steps[plan->n_steps++] = (struct kiln_step){ KILN_STEP_WRITE,
								   &plan->files[i] };
		plan->steps[plan->n_steps++] = (struct kiln_step){ KILN_STEP_VERIFY,
								   &plan->files[i] };
	}
}

static kiln_code make(struct kiln_plan *plan, const struct kiln_chip_info *info,
		      uint64_t header_size, bool rom_only, struct kiln_err *err)
{
	KILN_TRY(take_files(plan, err));
	for (size_t i = 0; i < plan->n_files; i++) {
		struct kiln_plan_file *f = &plan->files[i];

		if (!plan->job->force)
			KILN_TRY(kiln_image_check(f->file, plan->job->is_cipher, info, err));
		KILN_TRY(pad(f, rom_only, kiln_chip_encrypted_align(info->chip), err));
		KILN_TRY(patch(f, plan->job, info->chip, header_size, err));
	}
	look_for_warning(plan);
	lay_steps(plan);
	return KILN_OK;
}

kiln_code kiln_plan_make(struct kiln_plan *ret_plan, const struct kiln_flash_job *job,
			 const struct kiln_chip_info *info, uint64_t header_size, bool rom_only,
			 struct kiln_err *err)
{
	struct kiln_plan plan = { .job = job };
	kiln_code code;

	if (job->n_files == 0) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot write");
		kiln_why(err, "there is no file");
		return KILN_E_INVALID;
	}
	code = make(&plan, info, header_size, rom_only, err);
	if (code != KILN_OK) {
		kiln_plan_done(&plan);
		return code;
	}
	*ret_plan = plan;
	return KILN_OK;
}

kiln_code kiln_plan_fit(const struct kiln_plan *plan, uint64_t flash_size, struct kiln_err *err)
{
	for (size_t i = 0; i < plan->n_files && flash_size; i++) {
		const struct kiln_flash_file *file = plan->files[i].file;
		const uint64_t end = (uint64_t)file->address + file->size;

		if (end <= flash_size)
			continue;
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot write '%s' at 0x%08x", file->name,
				file->address);
		kiln_why(err, "it ends at 0x%08llx, but the flash does at 0x%08llx",
			 (unsigned long long)end, (unsigned long long)flash_size);
		return KILN_E_TOO_BIG;
	}
	return KILN_OK;
}

uint64_t kiln_plan_end(const struct kiln_plan *plan)
{
	/* they are in order of address */
	const struct kiln_plan_file *last = plan->n_files ? &plan->files[plan->n_files - 1] : NULL;

	return last ? (uint64_t)last->address + last->size : 0;
}

void kiln_plan_done(struct kiln_plan *plan)
{
	for (size_t i = 0; i < plan->n_files; i++)
		free(plan->files[i].owned);
	free(plan->files);
	free(plan->steps);
	*plan = (struct kiln_plan){ 0 };
}
