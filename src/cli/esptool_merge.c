/* SPDX-License-Identifier: Apache-2.0 */
/* merge_bin: several files for one flash as one. It needs no board. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/esptool.h"
#include "cli/whole.h"
#include "image/merge.h"

enum { OUTPUT_MAX = 512 << 20, TEXT_MAX = 1 << 20 };

static const char *const formats[] = { "raw", "uf2", "hex", NULL };
static const char *const flash_sizes[] = { "256KB", "512KB", "1MB",  "2MB",   "4MB", "8MB",
					   "16MB",  "32MB",  "64MB", "128MB", NULL };
/* "keep", and no "detect": there is no chip to ask */
static const char *const keep_sizes[] = { "keep",   "256KB", "512KB",  "1MB", "2MB",
					  "2MB-c1", "4MB",   "4MB-c1", "8MB", "16MB",
					  "32MB",   "64MB",  "128MB",  NULL };

#define AT(member) offsetof(struct esptool, params.merge.member)
const struct opt esptool_merge_options[] = {
	{ 'o', "output", "FILE", OPT_STRING, AT(output), "the file to write" },
	{ 'f', "format", "FORMAT", OPT_STRING, AT(format), "its format (raw)", formats },
	{ 0, "chunk-size", "BYTES", OPT_UINT, AT(chunk),
	  "uf2: bytes in a block of 512 (as many as fit)" },
	{ 0, "md5-disable", NULL, OPT_FLAG, AT(no_md5), "uf2: no digests" },
	{ 't', "target-offset", "ADDRESS", OPT_UINT, AT(target),
	  "raw: where the file will be flashed to" },
	{ 0, "pad-to-size", "SIZE", OPT_STRING, AT(pad), "raw: pad with FF up to this flash size",
	  flash_sizes },
	{ 0, "fill-flash-size", "SIZE", OPT_STRING, AT(pad), .choices = flash_sizes },
	{ 0, "flash_freq", "FREQ", OPT_STRING, AT(freq), "flash frequency for the image's header",
	  esptool_freqs, "ff", "ESPTOOL_FF" },
	{ 0, "flash_mode", "MODE", OPT_STRING, AT(mode), "flash mode for the image's header",
	  esptool_modes, "fm", "ESPTOOL_FM" },
	{ 0, "flash_size", "SIZE", OPT_STRING, AT(size), "flash size for the image's header",
	  keep_sizes, "fs", "ESPTOOL_FS" },
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};
#undef AT

kiln_code esptool_merge_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_merge *m = &t->params.merge;

	if (!m->output)
		return kiln_fail(err, KILN_E_INVALID, "it needs --output FILE");
	if (m->target > UINT32_MAX)
		return kiln_fail(err, KILN_E_INVALID, "--target-offset does not fit into 32 bits");
	m->files.may_be_empty = true;
	return esptool_take_pairs(&m->files, words, err);
}

static void settle(const struct esptool *t, struct kiln_merge_options *o)
{
	const struct esptool_merge *m = &t->params.merge;

	*o = (struct kiln_merge_options){
		.chip = t->flasher.chip,
		.mode = m->mode,
		.freq = m->freq,
		.size = m->size,
		.target_offset = (uint32_t)m->target,
		.chunk = (size_t)m->chunk,
		.no_md5 = m->no_md5,
		.output = m->output,
		.dialect = esptool_words(t),
	};
	for (int i = 0; m->format && formats[i]; i++) {
		if (strcmp(m->format, formats[i]) == 0)
			o->format = (kiln_merge_format)i;
	}
	if (m->pad)
		o->pad_to_size = strtoull(m->pad, NULL, 10)
				 << (m->pad[strlen(m->pad) - 2] == 'K' ? 10 : 20);
}

static kiln_code merge(const struct esptool *t, struct kiln_buf *out, struct kiln_buf *text,
		       struct kiln_err *err)
{
	const struct files *files = &t->params.merge.files;
	struct kiln_merge_file *items = calloc(files->n, sizeof(*items));
	struct kiln_merge_options o;
	kiln_code code;

	if (!items)
		return kiln_fail(err, KILN_E_NOMEM, "cannot merge files");
	for (size_t i = 0; i < files->n; i++)
		items[i] = (struct kiln_merge_file){ files->items[i].address, files->items[i].name,
						     kiln_span(files->items[i].data,
							       files->items[i].size) };
	settle(t, &o);
	code = kiln_merge(items, files->n, &o, out, text, err);
	free(items);
	return code;
}

kiln_code esptool_merge_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_buf out = KILN_BUF_INIT(OUTPUT_MAX), text = KILN_BUF_INIT(TEXT_MAX);
	kiln_code code = esptool_need_chip(t, err);

	(void)f;
	if (code == KILN_OK)
		code = merge(t, &out, &text, err);
	if (code == KILN_OK)
		code = whole_write(t->params.merge.output, kiln_buf_span(&out), err);
	if (code == KILN_OK)
		esptool_put(t, &text);
	kiln_buf_done(&text);
	kiln_buf_done(&out);
	return code;
}

void esptool_merge_done(struct esptool *t)
{
	files_done(&t->params.merge.files);
}
