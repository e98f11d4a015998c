/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out a plan, step by step. What a step needs it takes from the plan; what went wrong
 * says in which state it leaves the flash.
 */
#include "flash/flasher.h"

#include "flash/plan.h"
#include "flash/write.h"

static kiln_code step_erase(struct kiln_flasher *f, const struct kiln_plan *plan,
			    const struct kiln_step *step, struct kiln_err *err)
{
	(void)plan;
	(void)step;
	return kiln_flasher_erase_chip(f, err);
}

static void emit_erase(const struct kiln_flasher *f, kiln_flash_stage stage,
		       const struct kiln_plan_file *file)
{
	const uint32_t first = kiln_plan_first_sector(file);

	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = stage,
							.address = first,
							.total = kiln_plan_end_sector(file) - first,
							.item = file->file->name });
}

/* Is what a file lies in erased as a whole, just before it is written? */
static bool erases_files(const struct kiln_plan *plan)
{
	return !plan->job->erase_all && !plan->job->diff;
}

static void announce_file(const struct kiln_flasher *f, const struct kiln_plan *plan,
			  const struct kiln_plan_file *file)
{
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_FILE,
							.address = file->file->address,
							.total = file->file->size,
							.block = (unsigned)(file - plan->files) + 1,
							.blocks = (unsigned)plan->n_files,
							.item = file->file->name });
	if (file->patched)
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_PARAMS,
								.total = (uint64_t)file->mode << 8 |
									 file->size_freq,
								.item = file->file->name });
	if (file->redigested)
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_REDIGESTED,
								.item = file->file->name });
	if (erases_files(plan))
		emit_erase(f, KILN_FLASH_FILE_ERASE, file);
}

static kiln_code step_write(struct kiln_flasher *f, const struct kiln_plan *plan,
			    const struct kiln_step *step, struct kiln_err *err)
{
	const struct kiln_plan_file *file = step->file;

	announce_file(f, plan, file);
	f->same = f->by_parts = NULL;
	/* a ROM erases and answers too slowly for it; what was just erased holds nothing to keep */
	if (plan->job->diff && !plan->job->erase_all && f->loader.is_stub)
		return kiln_flasher_write_difference(f, file, !plan->job->no_compress, err);
	return kiln_flasher_write_file(f, file, !plan->job->no_compress, err);
}

static kiln_code step_verify(struct kiln_flasher *f, const struct kiln_plan *plan,
			     const struct kiln_step *step, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code;

	if (f->same == step->file) /* digests of all its blocks were right just now */
		return kiln_flasher_tell_verified(f, step->file);
	code = kiln_flasher_verify_file(f, step->file, &fault);
	/* what looked alike was not, or changed: nothing is taken for granted the second time */
	if (code == KILN_E_VERIFY && f->by_parts == step->file) {
		f->by_parts = NULL;
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
								.address = step->file->address,
								.item = fault.why });
		KILN_TRY(kiln_flasher_write_file(f, step->file, !plan->job->no_compress, err));
		return kiln_flasher_verify_file(f, step->file, err);
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

static kiln_code (*const steps[])(struct kiln_flasher *f, const struct kiln_plan *plan,
				  const struct kiln_step *step, struct kiln_err *err) = {
	[KILN_STEP_ERASE_CHIP] = step_erase,
	[KILN_STEP_WRITE] = step_write,
	[KILN_STEP_VERIFY] = step_verify,
};

static void announce(const struct kiln_flasher *f, const struct kiln_plan *plan)
{
	for (size_t i = 0; erases_files(plan) && i < plan->n_files; i++)
		emit_erase(f, KILN_FLASH_WILL_ERASE, &plan->files[i]);
}

static kiln_code run(struct kiln_flasher *f, const struct kiln_plan *plan, struct kiln_err *err)
{
	size_t i = 0;

	if (plan->warning[0])
		kiln_flasher_warn(f, "%s", plan->warning);
	/* the chip's erase comes first in the plan, and before the list of what else is erased */
	for (; i < plan->n_steps && plan->steps[i].kind == KILN_STEP_ERASE_CHIP; i++)
		KILN_TRY(step_erase(f, plan, &plan->steps[i], err));
	announce(f, plan);
	for (; i < plan->n_steps; i++)
		KILN_TRY(steps[plan->steps[i].kind](f, plan, &plan->steps[i], err));
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_LEAVING });
	return KILN_OK;
}

/* The size that goes into the header of an image, and that bounds the files. */
static uint64_t size_of_job(const struct kiln_flasher *f, const struct kiln_flash_job *job)
{
	if (job->size > 0)
		return (uint64_t)job->size;
	if (f->info.flash_size)
		return f->info.flash_size;
	return job->size == KILN_FLASH_DETECT ? KILN_FLASH_DEFAULT_SIZE : 0;
}

static kiln_code make_plan(struct kiln_flasher *f, const struct kiln_flash_job *job,
			   struct kiln_plan *ret_plan, struct kiln_err *err)
{
	const uint64_t size = size_of_job(f, job);
	kiln_code code;

	KILN_TRY(kiln_plan_make(ret_plan, job, &f->info, size, !f->loader.is_stub, err));
	code = kiln_plan_fit(ret_plan, size, err);
	if (code == KILN_OK)
		code = kiln_flasher_check_reach(f, kiln_plan_end(ret_plan), err);
	if (code != KILN_OK)
		kiln_plan_done(ret_plan);
	return code;
}

kiln_code kiln_flasher_write(struct kiln_flasher *flasher, const struct kiln_flash_job *job,
			     struct kiln_err *err)
{
	struct kiln_flash_job able = *job;
	struct kiln_plan plan;
	kiln_code code;

	KILN_TRY(kiln_flasher_find_flash(flasher, err));
	kiln_flasher_emit(flasher, (struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_ASKED });
	KILN_TRY(kiln_flasher_attach(flasher, job->size, err));
	if (job->size == KILN_FLASH_DETECT)
		kiln_flasher_emit(flasher,
				  (struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_DETECTED,
							     .total = size_of_job(flasher, job) });
	if (!flasher->loader.is_stub && flasher->loader.chip->rom_is_old)
		able.no_compress = true; /* that ROM can't unpack */
	KILN_TRY(make_plan(flasher, &able, &plan, err));
	code = run(flasher, &plan, err);
	kiln_plan_done(&plan);
	return code;
}
