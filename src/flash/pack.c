/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done once for many boards, and before the first of them is asked anything. */
#include "flash/pack.h"

#include <stdlib.h>

#include "flash/flasher.h"
#include "flash/plan.h"

static kiln_code pack_file(struct kiln_packed *p, const struct kiln_flash_file *file,
			   struct kiln_err *err)
{
	struct kiln_plan_file f = {
		.file = file, .address = file->address, .data = file->data, .size = file->size
	};
	const size_t over = file->size % KILN_FLASH_WORD;
	kiln_code code;

	*p = (struct kiln_packed){ .file = file };
	code = kiln_plan_fill_up(&f, over ? KILN_FLASH_WORD - over : 0, err);
	if (code == KILN_OK)
		code = kiln_plan_deflate(&f, &p->wire, &p->wire_size, err);
	free(f.owned);
	return code;
}

kiln_code kiln_flash_pack_new(const struct kiln_flash_file *files, size_t n_files,
			      struct kiln_flash_pack **ret_pack, struct kiln_err *err)
{
	struct kiln_flash_pack *pack = calloc(1, sizeof(*pack));
	kiln_code code = KILN_OK;

	if (pack)
		pack->files = calloc(n_files ? n_files : 1, sizeof(*pack->files));
	if (!pack || !pack->files) {
		free(pack);
		return kiln_fail(err, KILN_E_NOMEM, "cannot prepare the files");
	}
	for (size_t i = 0; i < n_files && code == KILN_OK; i++)
		code = pack_file(&pack->files[pack->n_files++], &files[i], err);
	if (code != KILN_OK) {
		kiln_flash_pack_free(pack);
		return code;
	}
	*ret_pack = pack;
	return KILN_OK;
}

void kiln_flash_pack_free(struct kiln_flash_pack *pack)
{
	if (!pack)
		return;
	for (size_t i = 0; i < pack->n_files; i++)
		free(pack->files[i].wire);
	free(pack->files);
	free(pack);
}

const struct kiln_packed *kiln_pack_find(const struct kiln_flash_pack *pack,
					 const struct kiln_flash_file *file)
{
	for (size_t i = 0; pack && i < pack->n_files; i++) {
		const struct kiln_flash_file *f = pack->files[i].file;

		if (f->address == file->address && f->data == file->data && f->size == file->size)
			return &pack->files[i];
	}
	return NULL;
}
