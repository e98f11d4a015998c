/* SPDX-License-Identifier: Apache-2.0 */
/* esptool's commands for a NAND flash, in the words of its version 5. */
#include "cli/esptool_nand.h"

#include <string.h>

#include "base/text.h"
#include "cli/output.h"
#include "flash/nand.h"

const char *const esptool_flash_types[] = { "nor", "nand", NULL };

const struct opt esptool_nand_options[] = {
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

const struct opt esptool_nand_dump_options[] = {
	{ 0, "block-count", "N", OPT_STRING, offsetof(struct esptool, params.nand.count), NULL },
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

kiln_code esptool_settle_nand(struct esptool *t, struct kiln_err *err)
{
	t->flasher.nand = t->command->nand || (t->flash_type && strcmp(t->flash_type, "nand") == 0);
	if (!t->flasher.nand || t->wiring)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID,
			"--spi-connection is required for NAND flash operations.");
	kiln_hint(err, "it takes the pins: CLK,Q,D,HD,CS");
	return KILN_E_INVALID;
}

/* A whole number from 0 to `most`. */
static kiln_code take_number(const char *text, const char *what, uint32_t most, uint32_t *ret,
			     struct kiln_err *err)
{
	uint64_t value;

	if (!kiln_text_to_u64(text, &value)) {
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for %s: '%s'", what, text);
		kiln_why(err, "not a number");
		return KILN_E_INVALID;
	}
	if (value <= most) {
		*ret = (uint32_t)value;
		return KILN_OK;
	}
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for %s: '%s'", what, text);
	kiln_why(err, "it goes from 0 to %u", most);
	return KILN_E_INVALID;
}

/* Connect, and say what is there. */
static kiln_code begin(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(kiln_nand_attach(f, err));
	esptool_say(t, "Detected NAND chip: %s", kiln_nand_name);
	esptool_warn(t, "NAND flash support is experimental and may change without notice.");
	return KILN_OK;
}

/* --- erasing --- */

static kiln_code erase(struct esptool *t, struct kiln_flasher *f, uint32_t address, uint32_t size,
		       bool all, const char *what, struct kiln_err *err)
{
	struct kiln_nand_erased done;

	KILN_TRY(kiln_nand_erase(f, address, size, all, &done, err));
	esptool_say(t, "%s complete in %.1fs: %u blocks erased, %u failed (marked bad).", what,
		    (double)done.elapsed_ms / 1000, done.erased, done.failed);
	if (done.skipped)
		esptool_note(t,
			     "%u marked bad: left alone (erase-flash or erase-region with --force "
			     "erases them, and their marks).",
			     done.skipped);
	return KILN_OK;
}

/* --- writing --- */

static kiln_code end_of(const struct esptool_write *w, uint32_t *ret_end, struct kiln_err *err)
{
	*ret_end = KILN_NAND_SIZE;
	if (!w->nand_end)
		return KILN_OK;
	return take_number(w->nand_end, "--nand-end-address", KILN_NAND_SIZE, ret_end, err);
}

kiln_code esptool_nand_check_write(const struct esptool *t, struct kiln_err *err)
{
	const struct esptool_write *w = &t->params.write;
	uint32_t end;

	KILN_TRY(end_of(w, &end, err));
	return kiln_nand_check_files(w->files.items, w->files.n, end, err);
}

/* The original passes over them in silence. */
static void note_useless(struct esptool *t)
{
	const struct esptool_write *w = &t->params.write;

	if (w->freq || w->mode || w->size)
		esptool_note(t, "Headers of images for NAND flash are left as they are.");
	if (w->skip_flashed || w->n_old)
		esptool_note(t, "NAND flash is written whole: there are no digests to compare.");
}

kiln_code esptool_nand_write(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_write *w = &t->params.write;
	uint32_t end;

	KILN_TRY(end_of(w, &end, err));
	KILN_TRY(begin(t, f, err));
	note_useless(t);
	KILN_TRY(kiln_nand_check_room(f, w->files.items, w->files.n, end, err));
	if (w->erase_all)
		KILN_TRY(erase(t, f, 0, KILN_NAND_SIZE, /* all= */ false, "NAND erase", err));
	for (size_t i = 0; i < w->n_empty; i++)
		esptool_warn(t, "'%s' is empty.", w->empty[i]);
	KILN_TRY(kiln_nand_write(f, w->files.items, w->files.n, end, err));
	esptool_say(t, "Leaving...");
	return KILN_OK;
}

/* --- reading --- */

static kiln_code take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	return output_write(user, kiln_span(piece, n), err);
}

/* ALL is what the good blocks hold that are left. */
static kiln_code settle_size(struct kiln_flasher *f, struct esptool_region *r, struct kiln_err *err)
{
	const uint32_t first = r->address / KILN_NAND_BLOCK;
	uint32_t good;

	if (!r->all)
		return KILN_OK;
	KILN_TRY(kiln_nand_count_good(f, first, KILN_NAND_BLOCKS, KILN_NAND_BLOCKS, &good, err));
	if (good > 0) {
		r->size = good * KILN_NAND_BLOCK - r->address % KILN_NAND_BLOCK;
		return KILN_OK;
	}
	(void)kiln_fail(err, KILN_E_INVALID, "cannot read all from 0x%08x on", r->address);
	kiln_why(err, "no good block of NAND flash follows");
	return KILN_E_INVALID;
}

kiln_code esptool_nand_read(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	struct esptool_read *r = &t->params.read;
	struct kiln_flash_event done = { .stage = KILN_FLASH_READ,
					 .address = r->region.address,
					 .item = r->path };
	struct output out;
	kiln_code code;

	KILN_TRY(begin(t, f, err));
	KILN_TRY(settle_size(f, &r->region, err));
	KILN_TRY(output_open(&out, r->path, err));
	const kiln_ms begun = kiln_flasher_now(f);

	code = kiln_nand_read_to(f, r->region.address, r->region.size, KILN_NAND_SIZE, take, &out,
				 err);
	if (code == KILN_OK)
		code = output_finish(&out, err);
	output_done(&out);
	if (code != KILN_OK)
		return code;
	done.total = r->region.size;
	done.elapsed_ms = kiln_flasher_now(f) - begun;
	esptool_event(t, &done);
	return KILN_OK;
}

/* --- verifying --- */

static void say_block(struct esptool *t, uint32_t address, size_t n, size_t first)
{
	const char *diff = t->params.write.diff;

	if (diff && strcmp(diff, "no") != 0)
		esptool_say(t, "  Block at 0x%08x: %zu byte differences, first at offset %zu",
			    address, n, first);
	else
		esptool_say(t, "  Block at 0x%08x: MISMATCH", address);
}

/* The last block is compared as it was written: filled up with FF. */
static kiln_code verify_file(struct esptool *t, struct kiln_flasher *f,
			     const struct kiln_flash_file *file, uint8_t *block, bool *ret_same,
			     struct kiln_err *err)
{
	const size_t size = (size_t)kiln_nand_blocks(file->size) * KILN_NAND_BLOCK;
	uint32_t at = file->address / KILN_NAND_BLOCK;

	esptool_say(t, "Verifying 0x%zx (%zu) bytes at 0x%08x against '%s'...", size, size,
		    file->address, file->name);
	*ret_same = true;
	for (size_t from = 0; from < file->size; from += KILN_NAND_BLOCK, at++) {
		const size_t left = file->size - from,
			     n = left < KILN_NAND_BLOCK ? left : KILN_NAND_BLOCK;
		size_t differ, first;

		memcpy(block, file->data + from, n);
		memset(block + n, 0xFF, KILN_NAND_BLOCK - n);
		KILN_TRY(kiln_nand_next_good(f, &at, KILN_NAND_BLOCKS, KILN_NAND_VERIFIES,
					     /* quiet= */ false, err));
		KILN_TRY(kiln_nand_compare(f, at * KILN_NAND_BLOCK, block, KILN_NAND_BLOCK, &differ,
					   &first, err));
		if (differ)
			say_block(t, at * KILN_NAND_BLOCK, differ, first);
		*ret_same = *ret_same && !differ;
	}
	esptool_say(t, *ret_same ? "Verification successful." : "Verification failed.");
	return KILN_OK;
}

static kiln_code verify_files(struct esptool *t, struct kiln_flasher *f, uint8_t *block,
			      struct kiln_err *err)
{
	const struct esptool_write *w = &t->params.write;
	bool all_same = true, same = false;

	for (size_t i = 0; i < w->files.n; i++) {
		KILN_TRY(verify_file(t, f, &w->files.items[i], block, &same, err));
		all_same = all_same && same;
	}
	if (all_same)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_VERIFY, "Verification failed.");
	kiln_hint(err, "write the file again; --diff says how much differs");
	return KILN_E_VERIFY;
}

kiln_code esptool_nand_verify(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	uint8_t *block;
	kiln_code code;

	KILN_TRY(begin(t, f, err));
	block = malloc(KILN_NAND_BLOCK);
	if (!block)
		return kiln_fail(err, KILN_E_NOMEM, "cannot verify NAND flash");
	code = verify_files(t, f, block, err);
	free(block);
	return code;
}

/* --- erasing a part or all --- */

kiln_code esptool_nand_erase_flash(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(begin(t, f, err));
	esptool_say_passing(t, t->params.region.force
				       ? "Erasing NAND flash (all blocks including bad-marked)..."
				       : "Erasing NAND flash (all blocks but bad-marked)...");
	return erase(t, f, 0, KILN_NAND_SIZE, t->params.region.force, "NAND erase", err);
}

kiln_code esptool_nand_check_region(struct esptool *t, struct kiln_err *err)
{
	struct esptool_region *r = &t->params.region;

	if (r->all && r->address < KILN_NAND_SIZE)
		r->size = KILN_NAND_SIZE - r->address;
	return kiln_nand_check_region(r->address, r->size, err);
}

kiln_code esptool_nand_erase_region(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_region *r = &t->params.region;

	KILN_TRY(begin(t, f, err));
	esptool_say_passing(t, "Erasing NAND flash region...");
	return erase(t, f, r->address, r->size, r->force, "NAND region erase", err);
}

/* --- marks --- */

kiln_code esptool_spare_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes <page>");
	return take_number(words->items[0], "<page>", KILN_NAND_PAGES - 1, &t->params.nand.page,
			   err);
}

kiln_code esptool_spare_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const uint32_t page = t->params.nand.page;
	uint32_t word;

	KILN_TRY(begin(t, f, err));
	KILN_TRY(kiln_nand_read_spare(f, page, &word, err));
	esptool_say(t, "NAND spare for page %u: first word 0x%08x (bad-block marker byte = 0x%02x)",
		    page, word, word & 0xFF);
	return KILN_OK;
}

kiln_code esptool_mark_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_nand *n = &t->params.nand;

	if (words->n != 2)
		return kiln_fail(err, KILN_E_INVALID, "it takes <page> <is-bad>");
	KILN_TRY(take_number(words->items[0], "<page>", KILN_NAND_PAGES - 1, &n->page, err));
	return take_number(words->items[1], "<is-bad>", 1, &n->bad, err);
}

kiln_code esptool_mark_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_nand *n = &t->params.nand;
	uint32_t word;

	KILN_TRY(begin(t, f, err));
	KILN_TRY(kiln_nand_write_spare(f, n->page, n->bad, &word, err));
	esptool_say(t, "NAND spare written for page %u: echo 0x%08x", n->page, word);
	KILN_TRY(kiln_nand_read_spare(f, n->page, &word, err));
	if (!n->bad && (word & 0xFF) != 0xFF)
		esptool_warn(t, "The mark is still there: only an erase of the block takes it away "
				"(erase-region --force).");
	return KILN_OK;
}

kiln_code esptool_bbm_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_nand *n = &t->params.nand;

	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes <file>");
	n->path = words->items[0];
	n->blocks = KILN_NAND_BLOCKS;
	return n->count ? take_number(n->count, "--block-count", KILN_NAND_BLOCKS, &n->blocks, err)
			: KILN_OK;
}

static void say_bad_blocks(struct esptool *t, const uint8_t *bad, uint32_t n)
{
	struct kiln_buf text = KILN_BUF_INIT(8 * KILN_NAND_BLOCKS);
	unsigned found = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (bad[i])
			(void)kiln_buf_printf(&text, "%s%u", found++ ? ", " : "", i);
	}
	esptool_say(t, "BBM dump: %u blocks scanned, %u bad.", n, found);
	if (found)
		esptool_say(t, "Bad block indices: [%s]", kiln_buf_str(&text));
	kiln_buf_done(&text);
}

kiln_code esptool_bbm_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_nand *n = &t->params.nand;
	uint8_t bad[KILN_NAND_BLOCKS];
	struct output out;
	kiln_code code;

	KILN_TRY(begin(t, f, err));
	KILN_TRY(kiln_nand_scan(f, n->blocks, bad, err));
	KILN_TRY(output_open(&out, n->path, err));
	code = output_write(&out, kiln_span(bad, n->blocks), err);
	if (code == KILN_OK)
		code = output_finish(&out, err);
	output_done(&out);
	KILN_TRY(code);
	say_bad_blocks(t, bad, n->blocks);
	esptool_say(t, "Written to '%s' (%u bytes, 0x00=good 0x01=bad).", n->path, n->blocks);
	return KILN_OK;
}
