/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/esptool_nand.h"
#include "flash/flasher.h"

const char *const esptool_freqs[] = { "keep", "80m", "60m", "48m", "40m", "30m", "26m",
				      "24m",  "20m", "16m", "15m", "12m", NULL };
const char *const esptool_modes[] = { "keep", "qio", "qout", "dio", "dout", NULL };
const char *const esptool_sizes[] = { "keep", "detect", "256KB", "512KB",  "1MB",
				      "2MB",  "2MB-c1", "4MB",   "4MB-c1", "8MB",
				      "16MB", "32MB",   "64MB",  "128MB",  NULL };

#define AT(member) offsetof(struct esptool, params.write.member)
/* What sets the header of the image that the chip boots. */
#define HEADER_OPTIONS                                                                         \
	{ 0,                                                                                   \
	  "flash_freq",                                                                        \
	  "FREQ",                                                                              \
	  OPT_STRING,                                                                          \
	  AT(freq),                                                                            \
	  "flash frequency for the image's header",                                            \
	  esptool_freqs,                                                                       \
	  "ff",                                                                                \
	  "ESPTOOL_FF" },                                                                      \
		{ 0,                                                                           \
		  "flash_mode",                                                                \
		  "MODE",                                                                      \
		  OPT_STRING,                                                                  \
		  AT(mode),                                                                    \
		  "flash mode for the image's header",                                         \
		  esptool_modes,                                                               \
		  "fm",                                                                        \
		  "ESPTOOL_FM" },                                                              \
	{                                                                                      \
		0, "flash_size", "SIZE", OPT_STRING, AT(size),                                 \
			"flash size for the image's header", esptool_sizes, "fs", "ESPTOOL_FS" \
	}

const struct opt esptool_write_options[] = {
	{ 'e', "erase-all", NULL, OPT_FLAG, AT(erase_all), "erase the whole flash first" },
	{ 'p', "no-progress", NULL, OPT_FLAG, AT(no_progress), "print no progress" },
	{ 'z', "compress", NULL, OPT_FLAG, AT(compress),
	  "send the data compressed (the default with the stub)" },
	{ 'u', "no-compress", NULL, OPT_FLAG, AT(no_compress), "send the data as it is" },
	{ 0, "verify", NULL, OPT_FLAG, AT(verify), "accepted; data is always verified" },
	{ 0, "force", NULL, OPT_FLAG, AT(force), "write even what is no image for this chip" },
	{ 0, "encrypt", NULL, OPT_FLAG, AT(encrypt),
	  "let the chip encrypt what is written, with the key in its eFuses" },
	{ 0, "encrypt-files", "ADDRESS FILE...", OPT_EAT, AT(encrypt_files),
	  "files that are to be encrypted, besides those that are not" },
	{ 0, "ignore-flash-encryption-efuse-setting", NULL, OPT_FLAG, AT(ignore_efuses),
	  "encrypt even if the eFuses are not burnt for it" },
	{ 0, "ignore-flash-enc-efuse", NULL, OPT_FLAG, AT(ignore_efuses), "the same" },
	{ 0, "diff-with", "FILE...", OPT_EAT, AT(diff_with),
	  "what was written before ('skip': not known): write only sectors that differ" },
	{ 0, "trust-flash-content", NULL, OPT_FLAG, AT(trust),
	  "with --diff-with: do not ask for files that have not changed" },
	{ 0, "no-diff-verify", NULL, OPT_FLAG, AT(trust), "the same" },
	{ 's', "skip-flashed", NULL, OPT_FLAG, AT(skip_flashed),
	  "leave out files that stand in the flash already" },
	{ 0, "nand-end-address", "ADDRESS", OPT_STRING, AT(nand_end), NULL },
	HEADER_OPTIONS,
	ESPTOOL_FLASH_TYPE,
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

static const char *const yes_no[] = { "no", "yes", NULL };
const struct opt esptool_verify_options[] = {
	{ 'd', "diff", "yes|no", OPT_MAYBE, AT(diff), "show the bytes that differ", yes_no },
	HEADER_OPTIONS,
	ESPTOOL_FLASH_TYPE,
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

kiln_code esptool_take_pairs(struct files *files, const struct opt_list *words,
			     struct kiln_err *err)
{
	if (words->n == 0)
		return kiln_fail(err, KILN_E_INVALID, "no files given: <address> <file> ...");
	for (size_t i = 0; i < words->n; i += 2) {
		uint32_t address;

		KILN_TRY(files_address(words->items[i], &address, err));
		if (i + 1 == words->n)
			return kiln_fail(err, KILN_E_INVALID,
					 "no file given for address '%s': <address> <file> ...",
					 words->items[i]);
		KILN_TRY(files_add(files, address, words->items[i + 1], err));
		KILN_TRY(files_split_hex(files, err));
	}
	return KILN_OK;
}

kiln_code esptool_take_files(struct files *files, const struct opt_list *words,
			     struct kiln_err *err)
{
	KILN_TRY(esptool_take_pairs(files, words, err));
	return kiln_flash_check_files(files->items, files->n, err);
}

/* As the original: an empty file is warned of, and the others are written. */
static kiln_code set_empty_aside(struct esptool_write *w, struct kiln_err *err)
{
	struct kiln_flash_file *kept = w->files.items;

	w->empty = calloc(w->files.n + 1, sizeof(*w->empty));
	if (!w->empty)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write files");
	for (size_t i = 0; i < w->files.n; i++) {
		const struct kiln_flash_file file = w->files.items[i];

		if (file.size > 0) {
			*kept++ = file;
			continue;
		}
		w->empty[w->n_empty++] = file.name;
		free((void *)(uintptr_t)file.data);
	}
	w->files.n -= w->n_empty;
	return KILN_OK;
}

kiln_code esptool_write_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_write *w = &t->params.write;

	t->run.no_progress = w->no_progress;
	if (w->compress && w->no_compress)
		return kiln_fail(err, KILN_E_INVALID,
				 "--compress and --no-compress exclude each "
				 "other");
	w->files.may_be_empty = true;
	KILN_TRY(esptool_take_pairs(&w->files, words, err));
	KILN_TRY(esptool_take_encrypted(w, err));
	KILN_TRY(esptool_take_old(w, words, err));
	KILN_TRY(set_empty_aside(w, err));
	if (t->flasher.nand)
		KILN_TRY(esptool_nand_check_write(t, err));
	return kiln_flash_check_files(w->files.items, w->files.n, err);
}

static kiln_code unknown_param(struct kiln_err *err, const struct kiln_chip *chip, const char *what,
			       const char *name)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot set flash %s %s", what, name);
	kiln_why(err, "the header of an %s image has no such value", kiln_chip_name(chip));
	return KILN_E_INVALID;
}

static bool is_keep(const char *value)
{
	return !value || strcmp(value, "keep") == 0;
}

static kiln_code set_freq(const char *name, const struct kiln_chip *chip,
			  struct kiln_flash_job *job, struct kiln_err *err)
{
	if (!is_keep(name) && !kiln_chip_freq_by_name(chip, name, &job->freq))
		return unknown_param(err, chip, "frequency", name);
	return KILN_OK;
}

kiln_code esptool_size_value(const char *name, const struct kiln_chip *chip, int64_t *ret_size,
			     struct kiln_err *err)
{
	uint64_t bytes;
	int nibble;

	if (is_keep(name))
		return KILN_OK;
	if (strcmp(name, "detect") == 0) {
		*ret_size = KILN_FLASH_DETECT;
		return KILN_OK;
	}
	if (!kiln_chip_size_by_name(chip, name, &bytes, &nibble))
		return unknown_param(err, chip, "size", name);
	*ret_size = (int64_t)bytes;
	return KILN_OK;
}

void esptool_size_asked(struct esptool *t, const struct kiln_flasher *f, const char *size)
{
	esptool_event(t, &(struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_ASKED,
						     .done = !f->loader.is_stub && is_keep(size) });
}

kiln_code esptool_header_values(const struct esptool_write *w, const struct kiln_chip *chip,
				struct kiln_flash_job *job, struct kiln_err *err)
{
	for (int i = 1; w->mode && esptool_modes[i]; i++) {
		if (strcmp(w->mode, esptool_modes[i]) == 0)
			job->mode = i - 1;
	}
	KILN_TRY(set_freq(w->freq, chip, job, err));
	return esptool_size_value(w->size, chip, &job->size, err);
}

kiln_code esptool_write_act(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	const struct esptool_write *w = &t->params.write;
	const struct kiln_chip *chip = kiln_flasher_chip(flasher)->chip;
	struct kiln_flash_job job = {
		.files = w->files.items,
		.n_files = w->files.n,
		.erase_all = w->erase_all,
		/* as the original: the ROM alone gets plain data unless -z asks for it */
		.no_compress = w->no_compress || (t->options.no_stub && !w->compress),
		.force = w->force,
		.skip_same = w->skip_flashed,
		.trust = w->trust,
		.ignore_encryption_efuses = w->ignore_efuses,
		.mode = KILN_FLASH_KEEP,
		.freq = KILN_FLASH_KEEP,
		.size = KILN_FLASH_KEEP,
	};

	if (t->flasher.nand)
		return esptool_nand_write(t, flasher, err);
	KILN_TRY(esptool_header_values(w, chip, &job, err));
	for (size_t i = 0; i < w->n_empty; i++)
		esptool_warn(t, t->v5 ? "'%s' is empty." : "File %s is empty", w->empty[i]);
	if (w->files.n == 0) /* whoever gave empty files asked for nothing else */
		return w->erase_all ? kiln_flasher_erase_all(flasher, err) : KILN_OK;
	return kiln_flasher_write(flasher, &job, err);
}

void esptool_write_done(struct esptool *t)
{
	files_done(&t->params.write.files);
	free(t->params.write.empty);
	esptool_old_done(&t->params.write);
}
