/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out a plan, step by step. What a step needs it takes from the plan; what went wrong
 * says in which state it leaves the flash.
 */
#include "flash/flasher.h"

#include "base/text.h"
#include "flash/comeback.h"
#include "flash/guard.h"
#include "flash/old.h"
#include "flash/plan.h"
#include "flash/speed.h"
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
							.done = file->file->address - first,
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
							.done = !f->loader.is_stub,
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
}

kiln_code kiln_flasher_write_whole(struct kiln_flasher *f, const struct kiln_plan *plan,
				   const struct kiln_plan_file *file, struct kiln_err *err)
{
	if (erases_files(plan))
		emit_erase(f, KILN_FLASH_FILE_ERASE, file);
	return kiln_flasher_write_file(f, file, !plan->job->no_compress, err);
}

/* By its digest: it costs one question, where a write costs a write. */
static kiln_code skip_same(struct kiln_flasher *f, const struct kiln_plan_file *file,
			   struct kiln_err *err)
{
	struct kiln_flash_event event = { .stage = KILN_FLASH_COMPARING,
					  .address = file->file->address,
					  .total = file->size,
					  .item = file->file->name };
	bool same;

	kiln_flasher_emit(f, event);
	KILN_TRY(kiln_flasher_holds_file(f, file, &same, err));
	if (!same)
		return KILN_OK;
	event.stage = KILN_FLASH_STANDS;
	event.done = 1;
	kiln_flasher_emit(f, event);
	f->skipped = file;
	return KILN_OK;
}

static kiln_code step_write(struct kiln_flasher *f, const struct kiln_plan *plan,
			    const struct kiln_step *step, struct kiln_err *err)
{
	const struct kiln_plan_file *file = step->file;

	announce_file(f, plan, file);
	f->same = f->by_parts = f->skipped = NULL;
	f->dirty = true;
	if (plan->job->skip_same && !file->file->encrypt)
		KILN_TRY(skip_same(f, file, err));
	if (f->skipped == file)
		return KILN_OK;
	if (file->file->old && !file->file->encrypt)
		return kiln_flasher_write_over(f, plan, file, err);
	/* a ROM erases and answers too slowly for it; what was just erased holds nothing to keep */
	const bool diff = (plan->job->diff && !plan->job->erase_all) || f->resumed;

	if (diff && f->loader.is_stub)
		return kiln_flasher_write_difference(f, file, !plan->job->no_compress, err);
	return kiln_flasher_write_whole(f, plan, file, err);
}

static void tell_again(const struct kiln_flasher *f, const struct kiln_plan_file *file,
		       const struct kiln_err *fault)
{
	if (file->file->old)
		kiln_flasher_note(f,
				  "Verification failed after fast reflash (flash content did not "
				  "match the expected data). Reflashing the whole image...");
	else
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
								.address = file->address,
								.item = fault->why });
}

static kiln_code step_verify(struct kiln_flasher *f, const struct kiln_plan *plan,
			     const struct kiln_step *step, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code;

	if (f->skipped == step->file)
		return KILN_OK;
	if (step->file->file->encrypt) { /* what would be read is not what was sent */
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_UNVERIFIED,
								.address = step->file->address,
								.item = step->file->file->name });
		return KILN_OK;
	}
	if (f->same == step->file) /* digests of all its blocks were right just now */
		return kiln_flasher_tell_verified(f, step->file);
	code = kiln_flasher_verify_file(f, step->file, &fault);
	/* what looked alike was not, or changed: nothing is taken for granted the second time */
	if (code == KILN_E_VERIFY && f->guessed && f->by_parts == step->file) {
		f->recall = NULL;
		tell_again(f, step->file, &fault);
		KILN_TRY(
			kiln_flasher_write_difference(f, step->file, !plan->job->no_compress, err));
		return step_verify(f, plan, step, err);
	}
	if (code == KILN_E_VERIFY && f->by_parts == step->file) {
		f->by_parts = NULL;
		tell_again(f, step->file, &fault);
		KILN_TRY(kiln_flasher_write_whole(f, plan, step->file, err));
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

/* What is encrypted on its way can't be compared, and is not written twice unasked. */
static bool may_come_back(const struct kiln_flasher *f, const struct kiln_step *step,
			  kiln_code code)
{
	return kiln_flasher_may_come_back(f, code) && !(step->file && step->file->file->encrypt);
}

/* Can the step be begun anew? Then the chip listens again. */
static bool made_good(struct kiln_flasher *f, const struct kiln_step *step, kiln_code *code,
		      struct kiln_err *fault)
{
	if (may_come_back(f, step, *code)) {
		char what[sizeof(fault->what)];

		kiln_text_copy(what, sizeof(what), fault->what);
		*code = kiln_flasher_come_back(f, fault);
		if (*code != KILN_OK)
			kiln_because(fault, "%s", what);
		return *code == KILN_OK;
	}
	if (!step->file || !kiln_flasher_may_recover(f, *code, fault))
		return false;
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_RETRY,
							.address = step->file->address,
							.item = fault->why });
	*code = kiln_flasher_recover(f, fault, fault);
	if (may_come_back(f, step, *code))
		*code = kiln_flasher_come_back(f, fault);
	return *code == KILN_OK;
}

/*
 * What the wire fails is done again, in the end at a lower speed, if the speed is ours to choose:
 * what stands in the flash by then is not sent again. So is what a port failed that came back.
 */
static kiln_code run_step(struct kiln_flasher *f, const struct kiln_plan *plan,
			  const struct kiln_step *step, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT, first;
	kiln_code code = steps[step->kind](f, plan, step, &fault);

	first = fault;
	while (code != KILN_OK && made_good(f, step, &code, &fault)) {
		f->resumed = true;
		code = steps[step->kind](f, plan, step, &fault);
	}
	f->resumed = false;
	if (code != KILN_OK && err) {
		*err = fault;
		/* it says in which state the flash is; so does what found another board */
		if (first.hint[0] && code != KILN_E_WRONG_CHIP)
			kiln_hint(err, "%s", first.hint);
	}
	return code;
}

static void announce(const struct kiln_flasher *f, const struct kiln_plan *plan)
{
	for (size_t i = 0; erases_files(plan) && i < plan->n_files; i++)
		emit_erase(f, KILN_FLASH_WILL_ERASE, &plan->files[i]);
}

static kiln_code run(struct kiln_flasher *f, const struct kiln_plan *plan, struct kiln_err *err)
{
	size_t i = 0;

	if (plan->warning[0])
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_WARNING,
								.done = erases_files(plan),
								.item = plan->warning });
	/* the chip's erase comes first in the plan, and before the list of what else is erased */
	for (; i < plan->n_steps && plan->steps[i].kind == KILN_STEP_ERASE_CHIP; i++)
		KILN_TRY(run_step(f, plan, &plan->steps[i], err));
	announce(f, plan);
	for (; i < plan->n_steps; i++)
		KILN_TRY(run_step(f, plan, &plan->steps[i], err));
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_LEAVING });
	return KILN_OK;
}

/* The size that goes into the header of an image. */
static uint64_t size_of_job(const struct kiln_flasher *f, const struct kiln_flash_job *job)
{
	if (job->size > 0)
		return (uint64_t)job->size;
	if (f->info.flash_size)
		return f->info.flash_size;
	return job->size == KILN_FLASH_DETECT ? KILN_FLASH_DEFAULT_SIZE : 0;
}

/* What bounds the files: beyond its end a flash chip begins again, whatever size was given. */
static uint64_t room_of_job(const struct kiln_flasher *f, const struct kiln_flash_job *job)
{
	const uint64_t size = size_of_job(f, job), real = f->info.flash_size;

	return real && real < size ? real : size;
}

static kiln_code make_plan(struct kiln_flasher *f, const struct kiln_flash_job *job,
			   struct kiln_plan *ret_plan, struct kiln_err *err)
{
	const uint64_t size = size_of_job(f, job);
	kiln_code code;

	KILN_TRY(kiln_plan_make(ret_plan, job, &f->info, size, !f->loader.is_stub, err));
	code = kiln_plan_fit(ret_plan, room_of_job(f, job), err);
	if (code == KILN_OK)
		code = kiln_flasher_check_reach(f, kiln_plan_end(ret_plan), err);
	if (code != KILN_OK)
		kiln_plan_done(ret_plan);
	return code;
}

/* What can't be compared: nothing stands there, or the chip can't or must not tell. */
static const char *why_not_compare(const struct kiln_flasher *f, const struct kiln_flash_job *job)
{
	if (job->erase_all)
		return "enabled erase-all";
	if (!f->loader.is_stub && f->loader.chip->rom_is_old)
		return "ESP8266 in ROM bootloader";
	return f->loader.secure_download ? "enabled secure download mode" : NULL;
}

static void note_no_compare(const struct kiln_flasher *f, const char *what, const char *why)
{
	char text[200];

	kiln_text_format(text, sizeof(text), "%s is not supported with %s. Will flash all data.",
			 what, why);
	kiln_flasher_note(f, text);
}

/* `ret_files`: a copy without what is not to be compared with; the caller frees. */
static kiln_code settle_compare(const struct kiln_flasher *f, struct kiln_flash_job *job,
				struct kiln_flash_file **ret_files, struct kiln_err *err)
{
	const char *why = why_not_compare(f, job);
	bool any = false;

	for (size_t i = 0; i < job->n_files; i++)
		any |= job->files[i].old != NULL;
	if (!why || job->n_files == 0 || !(any || job->skip_same))
		return KILN_OK;
	*ret_files = malloc(job->n_files * sizeof(**ret_files));
	if (!*ret_files)
		return kiln_fail(err, KILN_E_NOMEM, "cannot plan the job");
	memcpy(*ret_files, job->files, job->n_files * sizeof(**ret_files));
	for (size_t i = 0; i < job->n_files; i++)
		(*ret_files)[i].old = NULL;
	job->files = *ret_files;
	if (any)
		note_no_compare(f, "Fast reflashing of changed data sectors", why);
	if (job->skip_same)
		note_no_compare(f, "Skipping flashing of already flashed content", why);
	job->skip_same = false;
	return KILN_OK;
}

/* An image that was signed must stay as it is. */
static void settle_header(const struct kiln_flasher *f, const struct kiln_chip_guards *guards,
			  struct kiln_flash_job *job)
{
	if (!guards->secure_boot && !f->loader.secure_download)
		return;
	if (job->mode >= 0 || job->freq >= 0 || job->size != KILN_FLASH_KEEP)
		kiln_flasher_warn(f,
				  "Security features enabled, so not changing any flash settings.");
	job->mode = job->freq = KILN_FLASH_KEEP;
	job->keep_header = true;
}

static kiln_code settle_job(struct kiln_flasher *f, struct kiln_flash_job *job,
			    struct kiln_flash_file **ret_files, struct kiln_err *err)
{
	struct kiln_chip_guards guards;

	KILN_TRY(kiln_flasher_check_guards(f, job, &guards, err));
	KILN_TRY(settle_compare(f, job, ret_files, err));
	settle_header(f, &guards, job);
	job->is_cipher = job->is_cipher || guards.encrypts;
	if (!f->loader.is_stub && f->loader.chip->rom_is_old)
		job->no_compress = true; /* that ROM can't unpack */
	return KILN_OK;
}

static kiln_code tell_size(struct kiln_flasher *f, int64_t size, struct kiln_err *err)
{
	const struct kiln_flash_job job = { .size = size };

	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_ASKED,
							.done = !f->loader.is_stub &&
								size == KILN_FLASH_KEEP });
	KILN_TRY(kiln_flasher_attach(f, size, err));
	if (size == KILN_FLASH_DETECT)
		kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_DETECTED,
								.total = size_of_job(f, &job) });
	return KILN_OK;
}

/* All of it is verified. What there is no room for is only not remembered. */
static void remember(const struct kiln_flash_job *job, const struct kiln_plan *plan)
{
	if (job->erase_all)
		kiln_recall_forget(job->recall);
	for (size_t i = 0; i < plan->n_files; i++) {
		if (!plan->files[i].file->encrypt &&
		    kiln_recall_note(job->recall, &plan->files[i], NULL) != KILN_OK)
			return;
	}
}

static kiln_code plan_and_run(struct kiln_flasher *f, const struct kiln_flash_job *job,
			      struct kiln_err *err)
{
	struct kiln_plan plan;
	kiln_code code;

	KILN_TRY(make_plan(f, job, &plan, err));
	f->recall = job->recall;
	code = run(f, &plan, err);
	if (code == KILN_OK && job->recall)
		remember(job, &plan);
	f->recall = NULL;
	kiln_plan_done(&plan);
	return code;
}

static kiln_code find_flash(struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = kiln_flasher_find_flash(f, &fault);

	if (kiln_flasher_can_bring_back(f, code)) {
		KILN_TRY(kiln_flasher_bring_back(f, err));
		return kiln_flasher_find_flash(f, err);
	}
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

/* All that comes before the plan: nothing is written yet. */
static kiln_code settle(struct kiln_flasher *f, struct kiln_flash_job *job,
			struct kiln_flash_file **ret_files, struct kiln_err *err)
{
	const int64_t size = job->size;

	KILN_TRY(find_flash(f, err));
	KILN_TRY(settle_job(f, job, ret_files, err));
	return tell_size(f, size, err);
}

kiln_code kiln_flasher_write(struct kiln_flasher *flasher, const struct kiln_flash_job *job,
			     struct kiln_err *err)
{
	struct kiln_flash_job able = *job;
	struct kiln_flash_file *files = NULL;
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = settle(flasher, &able, &files, &fault);

	while (kiln_flasher_may_come_back(flasher, code)) {
		free(files);
		files = NULL;
		able = *job;
		code = kiln_flasher_come_back(flasher, &fault);
		if (code == KILN_OK)
			code = settle(flasher, &able, &files, &fault);
	}
	if (code != KILN_OK && err)
		*err = fault;
	if (code == KILN_OK)
		code = plan_and_run(flasher, &able, err);
	free(files);
	return code;
}
