/* SPDX-License-Identifier: Apache-2.0 */
/* verify_flash: does the flash hold these files? By digest; byte by byte only to show a difference.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/image.h>

#include "chip/chip.h"
#include "cli/esptool_nand.h"

kiln_code esptool_verify_check(struct esptool *t, const struct opt_list *words,
			       struct kiln_err *err)
{
	t->run.no_progress = true; /* the original reads quietly here */
	KILN_TRY(esptool_take_files(&t->params.write.files, words, err));
	return t->flasher.nand ? esptool_nand_check_write(t, err) : KILN_OK;
}

static kiln_code patch(struct esptool *t, struct kiln_buf *image,
		       const struct kiln_image_params *params, struct kiln_err *err)
{
	bool changed, redigested;

	KILN_TRY(kiln_image_patch(image->data, image->len, params, &changed, &redigested, err));
	if (changed)
		esptool_event(t, &(struct kiln_flash_event){
					 .stage = KILN_FLASH_PARAMS,
					 .total = (uint64_t)image->data[2] << 8 | image->data[3] });
	if (redigested)
		esptool_event(t, &(struct kiln_flash_event){ .stage = KILN_FLASH_REDIGESTED });
	return KILN_OK;
}

/* What write_flash would have written: padded to words, the boot image's header set. */
static kiln_code as_written(struct esptool *t, struct kiln_flasher *f,
			    const struct kiln_flash_file *file, struct kiln_buf *out,
			    struct kiln_err *err)
{
	const struct kiln_chip *chip = kiln_flasher_chip(f)->chip;
	struct kiln_flash_job job = { .mode = KILN_FLASH_KEEP,
				      .freq = KILN_FLASH_KEEP,
				      .size = KILN_FLASH_KEEP };
	struct kiln_image image;
	uint8_t nibble;

	KILN_TRY(esptool_header_values(&t->params.write, chip, &job, err));
	if (kiln_buf_append(out, file->data, file->size) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot verify '%s'", file->name);
	struct kiln_image_params params = { job.mode, job.freq, KILN_FLASH_KEEP };
	uint64_t bytes = job.size > 0 ? (uint64_t)job.size : 0;

	if (job.size == KILN_FLASH_DETECT)
		bytes = kiln_flasher_chip(f)->flash_size;
	if (bytes && kiln_chip_size_nibble(chip, bytes, &nibble))
		params.size = nibble;
	const bool keep = params.mode < 0 && params.freq < 0 && params.size < 0;

	if (!keep && file->address == chip->bootloader_offset &&
	    kiln_image_verify(out->data, out->len, &image, NULL) == KILN_OK)
		KILN_TRY(patch(t, out, &params, err));
	while (out->len % 4)
		if (kiln_buf_putc(out, 0xFF) != KILN_OK)
			return kiln_fail(err, KILN_E_NOMEM, "cannot verify '%s'", file->name);
	return KILN_OK;
}

static kiln_code show_differences(struct esptool *t, struct kiln_flasher *f, uint32_t address,
				  struct kiln_span want, struct kiln_err *err)
{
	uint8_t *flash = malloc(want.n);
	size_t n = 0, first = 0;
	kiln_code code;

	if (!flash)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read flash at 0x%08x", address);
	code = kiln_flasher_read(f, address, flash, want.n, err);
	for (size_t i = want.n; code == KILN_OK && i-- > 0;) {
		if (flash[i] != want.p[i]) {
			first = i;
			n++;
		}
	}
	if (code == KILN_OK)
		esptool_say(t,
			    t->v5 ? "Verification failed: %zu differences, first at 0x%08x:"
				  : "-- verify FAILED: %zu differences, first @ 0x%08x",
			    n, (unsigned)(address + first));
	for (size_t i = first; code == KILN_OK && i < want.n; i++) {
		if (flash[i] != want.p[i])
			esptool_say(t, t->v5 ? "   0x%08x %02x %02x" : "   %08x %02x %02x",
				    (unsigned)(address + i), flash[i], want.p[i]);
	}
	free(flash);
	return code;
}

static kiln_code verify_file(struct esptool *t, struct kiln_flasher *f,
			     const struct kiln_flash_file *file, bool *ret_same,
			     struct kiln_err *err)
{
	const bool diff = t->params.write.diff && strcmp(t->params.write.diff, "no") != 0;
	struct kiln_buf want = KILN_BUF_INIT(file->size + 4);
	kiln_code code = as_written(t, f, file, &want, err);

	if (code == KILN_OK) {
		esptool_say(t,
			    t->v5 ? "Verifying 0x%zx (%zu) bytes at 0x%08x in flash against '%s'..."
				  : "Verifying 0x%zx (%zu) bytes @ 0x%08x in flash against %s...",
			    want.len, want.len, file->address, file->name);
		code = kiln_flasher_holds(f, file->address, want.data, want.len, ret_same, err);
	}
	if (code == KILN_OK && *ret_same)
		esptool_say(t, "%s",
			    t->v5 ? "Verification successful (digest matched)."
				  : "-- verify OK (digest matched)");
	else if (code == KILN_OK && !diff)
		esptool_say(t, "%s",
			    t->v5 ? "Verification failed (digest mismatch)."
				  : "-- verify FAILED (digest mismatch)");
	else if (code == KILN_OK)
		code = show_differences(t, f, file->address, kiln_buf_span(&want), err);
	kiln_buf_done(&want);
	return code;
}

kiln_code esptool_verify_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_write *w = &t->params.write;
	bool all_same = true;

	if (t->flasher.nand)
		return esptool_nand_verify(t, f, err);
	esptool_size_asked(t, f, w->size);
	KILN_TRY(kiln_flasher_identify(f, err));
	if (w->size && strcmp(w->size, "detect") == 0)
		esptool_event(
			t, &(struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_DETECTED,
						       .total = kiln_flasher_chip(f)->flash_size });
	for (size_t i = 0; i < w->files.n; i++) {
		bool same = false;

		KILN_TRY(verify_file(t, f, &w->files.items[i], &same, err));
		all_same = all_same && same;
	}
	if (all_same)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_VERIFY, t->v5 ? "Verification failed." : "Verify failed.");
	kiln_hint(err, t->v5 ? "write the file again with write-flash; --diff shows the bytes"
			     : "write the file again with write_flash; --diff yes shows the bytes");
	return KILN_E_VERIFY;
}
