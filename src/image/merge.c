/* SPDX-License-Identifier: Apache-2.0 */
#include "image/merge.h"

#include <stdlib.h>

#include "chip/chip.h"
#include "image/digest.h"
#include "image/ihex.h"
#include "image/load.h"
#include "image/modes.h"
#include "image/uf2.h"

enum { SECTOR = 4096, MODE_AT = 2, SIZE_FREQ_AT = 3, MAX_BYTES = 128 << 20 };

struct merge {
	const struct kiln_merge_options *options;
	struct kiln_piece *pieces;
	struct kiln_buf *copies; /* the pieces' bytes: they are changed */
	size_t n;
	struct kiln_buf *out, *text;
};

static bool keeps(const char *value)
{
	return !value || strcmp(value, "keep") == 0;
}

static kiln_code refuse(struct kiln_err *err, const struct kiln_chip *chip, const char *what,
			const char *value)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot set the flash %s to '%s'", what, value);
	kiln_why(err, "an %s has no such flash %s", chip->name, what);
	return KILN_E_INVALID;
}

/* The two header bytes that say how the flash is wired and clocked. */
static kiln_code new_params(const struct kiln_merge_options *o, uint8_t params[2],
			    struct kiln_err *err)
{
	int mode = params[0], freq = params[1] & 15, size = params[1] >> 4;

	if (!keeps(o->mode)) {
		mode = kiln_image_mode_by_name(o->mode);
		if (mode < 0)
			return refuse(err, o->chip, "mode", o->mode);
	}
	if (!keeps(o->freq) && !kiln_chip_freq_by_name(o->chip, o->freq, &freq))
		return refuse(err, o->chip, "frequency", o->freq);
	if (!keeps(o->size) && !kiln_chip_size_by_name(o->chip, o->size, NULL, &size))
		return refuse(err, o->chip, "size", o->size);
	params[0] = (uint8_t)mode;
	params[1] = (uint8_t)(size << 4 | freq);
	return KILN_OK;
}

static kiln_code put_digest(struct kiln_buf *data, const struct kiln_loaded *image,
			    struct kiln_err *err)
{
	uint8_t digest[KILN_IMAGE_DIGEST_SIZE];
	const size_t room = data->len - image->data_length;
	kiln_code code = KILN_OK;

	KILN_TRY(kiln_image_digest(data->data, image->data_length, digest, err));
	if (room < sizeof(digest))
		code = kiln_buf_reserve(data, sizeof(digest) - room);
	if (code)
		return kiln_fail(err, code, "cannot set the flash parameters");
	if (room < sizeof(digest))
		kiln_buf_grew(data, sizeof(digest) - room);
	memcpy(data->data + image->data_length, digest, sizeof(digest));
	return KILN_OK;
}

static kiln_code set_params(struct kiln_buf *data, const struct kiln_loaded *image,
			    const struct kiln_merge_options *o, struct kiln_buf *text,
			    struct kiln_err *err)
{
	const bool v5 = o->dialect == KILN_DIALECT_5;
	uint8_t params[2] = { data->data[MODE_AT], data->data[SIZE_FREQ_AT] };

	KILN_TRY(new_params(o, params, err));
	if (memcmp(params, data->data + MODE_AT, sizeof(params)) != 0)
		(void)kiln_buf_printf(text,
				      v5 ? "Flash parameters set to 0x%02x%02x.\n"
					 : "Flash params set to 0x%02x%02x\n",
				      params[0], params[1]);
	memcpy(data->data + MODE_AT, params, sizeof(params));
	if (!image->has_digest)
		return KILN_OK;
	KILN_TRY(put_digest(data, image, err));
	(void)kiln_buf_puts(text, v5 ? "SHA digest in image updated.\n"
				     : "SHA digest in image updated\n");
	return KILN_OK;
}

kiln_code kiln_merge_set_flash(uint32_t address, struct kiln_buf *data,
			       const struct kiln_merge_options *options, struct kiln_buf *text,
			       struct kiln_err *err)
{
	const struct kiln_merge_options *o = options;
	struct kiln_loaded image;

	if (data->len < 8 || address != o->chip->bootloader_offset)
		return KILN_OK;
	if (keeps(o->mode) && keeps(o->freq) && keeps(o->size))
		return KILN_OK;
	if (data->data[0] != KILN_IMAGE_MAGIC) {
		(void)kiln_buf_printf(text,
				      "Warning: Image file at 0x%x doesn't look like an image "
				      "file, so not changing any flash settings.\n",
				      address);
		return KILN_OK;
	}
	/* encrypted images can begin like one by chance */
	if (kiln_image_load(kiln_buf_span(data), o->chip, o->dialect, text, &image, NULL) !=
	    KILN_OK) {
		(void)kiln_buf_printf(text,
				      "Warning: Image file at 0x%x is not a valid %s image, so not "
				      "changing any flash settings.\n",
				      address, o->chip->name);
		return KILN_OK;
	}
	return set_params(data, &image, o, text, err);
}

static int by_address(const void *a, const void *b)
{
	const struct kiln_merge_file *const *x = a, *const *y = b;

	return (*x)->address < (*y)->address ? -1 : (*x)->address > (*y)->address;
}

static kiln_code check_places(const struct kiln_merge_file *const *files, size_t n,
			      const struct kiln_merge_options *o, struct kiln_err *err)
{
	uint64_t end = 0;

	if (files[0]->address < o->target_offset) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot merge the files");
		kiln_why(err, "'%s' goes to 0x%x, which is before the target offset 0x%x",
			 files[0]->name, files[0]->address, o->target_offset);
		return KILN_E_INVALID;
	}
	for (size_t i = 0; i < n; i++) {
		if (files[i]->address / SECTOR * (uint64_t)SECTOR < end) {
			(void)kiln_fail(err, KILN_E_OVERLAP, "cannot merge the files");
			kiln_why(err, "'%s' at 0x%x needs a sector that '%s' is in", files[i]->name,
				 files[i]->address, files[i - 1]->name);
			return KILN_E_OVERLAP;
		}
		end = files[i]->address + (uint64_t)files[i]->data.n;
		if (end > UINT64_C(1) << 32)
			return kiln_fail(err, KILN_E_TOO_BIG, "cannot merge '%s' at 0x%x",
					 files[i]->name, files[i]->address);
	}
	return KILN_OK;
}

static kiln_code take_file(struct merge *m, const struct kiln_merge_file *file,
			   struct kiln_err *err)
{
	const bool v5 = m->options->dialect == KILN_DIALECT_5;
	struct kiln_buf *copy = &m->copies[m->n];
	kiln_code code;

	kiln_buf_init(copy, MAX_BYTES);
	m->n++;
	code = kiln_buf_append(copy, file->data.p, file->data.n);
	if (code)
		return kiln_fail(err, code, "cannot merge '%s'", file->name);
	if (m->options->format == KILN_MERGE_UF2)
		(void)kiln_buf_printf(m->text,
				      v5 ? "Adding '%s' at 0x%x...\n" : "Adding %s at 0x%x\n",
				      file->name, file->address);
	KILN_TRY(kiln_merge_set_flash(file->address, copy, m->options, m->text, err));
	m->pieces[m->n - 1] = (struct kiln_piece){ .address = file->address,
						   .data = kiln_buf_span(copy) };
	return KILN_OK;
}

static kiln_code fill(struct merge *m, uint64_t address, struct kiln_err *err)
{
	const uint64_t at = (uint64_t)m->options->target_offset + m->out->len;
	const uint64_t n = address > at ? address - at : 0;
	kiln_code code = n > MAX_BYTES ? KILN_E_TOO_BIG : kiln_buf_reserve(m->out, (size_t)n);

	if (code)
		return kiln_fail(err, code, "cannot merge the files");
	memset(m->out->data + m->out->len, 0xFF, (size_t)n);
	kiln_buf_grew(m->out, (size_t)n);
	return KILN_OK;
}

static kiln_code write_raw(struct merge *m, struct kiln_err *err)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct kiln_piece *piece = &m->pieces[i];
		kiln_code code;

		KILN_TRY(fill(m, piece->address, err));
		code = kiln_buf_append(m->out, piece->data.p, piece->data.n);
		if (code)
			return kiln_fail(err, code, "cannot merge the files");
	}
	return fill(m, m->options->pad_to_size, err);
}

static kiln_code write_uf2(struct merge *m, struct kiln_err *err)
{
	const struct kiln_uf2_options o = {
		.family = m->options->chip->uf2_family,
		.chunk = m->options->chunk,
		.no_md5 = m->options->no_md5,
	};

	return kiln_uf2_write(m->pieces, m->n, &o, m->out, err);
}

static kiln_code write_hex(struct merge *m, struct kiln_err *err)
{
	return kiln_ihex_write(m->pieces, m->n, m->out, err);
}

static void say_result(const struct merge *m)
{
	const bool v5 = m->options->dialect == KILN_DIALECT_5;
	const char *quote = v5 ? "'" : "", *stop = v5 ? "." : "";

	(void)kiln_buf_printf(m->text, "Wrote 0x%zx bytes to file %s%s%s, ", m->out->len, quote,
			      m->options->output ? m->options->output : "-", quote);
	if (m->options->format == KILN_MERGE_UF2)
		(void)kiln_buf_printf(m->text, "ready to be flashed with any ESP USB Bridge%s\n",
				      stop);
	else
		(void)kiln_buf_printf(m->text, "ready to flash to offset 0x%x%s\n",
				      m->options->target_offset, stop);
}

static void warn_of_one_file(const struct merge *m)
{
	(void)kiln_buf_printf(m->text,
			      "%s: Only one input file specified, output may include additional "
			      "padding if input file was previously merged. Please refer to the "
			      "documentation for more information: "
			      "https://docs.espressif.com/projects/esptool/en/latest/esptool/"
			      "basic-commands.html#hex-output-format\n",
			      m->options->dialect == KILN_DIALECT_5 ? "Warning" : "WARNING");
}

static kiln_code write_all(struct merge *m, const struct kiln_merge_file *const *files, size_t n,
			   struct kiln_err *err)
{
	static kiln_code (*const writers[])(struct merge * m, struct kiln_err * err) = {
		[KILN_MERGE_RAW] = write_raw,
		[KILN_MERGE_UF2] = write_uf2,
		[KILN_MERGE_HEX] = write_hex,
	};

	if (m->options->format == KILN_MERGE_HEX && n == 1)
		warn_of_one_file(m);
	for (size_t i = 0; i < n; i++)
		KILN_TRY(take_file(m, files[i], err));
	KILN_TRY(writers[m->options->format](m, err));
	say_result(m);
	return m->text->failed ? kiln_fail(err, KILN_E_NOMEM, "cannot merge the files") : KILN_OK;
}

kiln_code kiln_merge(const struct kiln_merge_file *files, size_t n,
		     const struct kiln_merge_options *options, struct kiln_buf *out,
		     struct kiln_buf *text, struct kiln_err *err)
{
	struct merge m = { .options = options, .out = out, .text = text };
	const struct kiln_merge_file **sorted = calloc(n + 1, sizeof(const void *));
	kiln_code code = KILN_E_NOMEM;

	if (n == 0) {
		free(sorted);
		return kiln_fail(err, KILN_E_INVALID, "there is no file to merge");
	}
	m.pieces = calloc(n, sizeof(*m.pieces));
	m.copies = calloc(n, sizeof(*m.copies));
	for (size_t i = 0; i < n && sorted; i++)
		sorted[i] = &files[i];
	if (sorted && m.pieces && m.copies) {
		qsort(sorted, n, sizeof(const void *), by_address);
		code = check_places(sorted, n, options, err);
		if (code == KILN_OK)
			code = write_all(&m, sorted, n, err);
	} else {
		(void)kiln_fail(err, code, "cannot merge the files");
	}
	for (size_t i = 0; i < m.n; i++)
		kiln_buf_done(&m.copies[i]);
	free(m.pieces);
	free(m.copies);
	free(sorted);
	return code;
}
