/* SPDX-License-Identifier: Apache-2.0 */
/* write_flash: files that the chip is to encrypt, and files that were written before. */
#include <stdlib.h>
#include <string.h>

#include "cli/esptool.h"

kiln_code esptool_take_encrypted(struct esptool_write *w, struct kiln_err *err)
{
	const struct opt_list *words = &w->encrypt_files;

	if (w->encrypt && words->n > 0)
		return kiln_fail(err, KILN_E_INVALID,
				 "Options --encrypt and --encrypt-files must not be specified at "
				 "the same time.");
	for (size_t i = 0; w->encrypt && i < w->files.n; i++)
		w->files.items[i].encrypt = true;
	for (size_t i = 0; i < words->n; i += 2) {
		const size_t before = w->files.n;
		uint32_t address;

		KILN_TRY(files_address(words->items[i], &address, err));
		if (i + 1 == words->n)
			return kiln_fail(err, KILN_E_INVALID,
					 "no file given for address '%s': <address> <file> ...",
					 words->items[i]);
		KILN_TRY(files_add(&w->files, address, words->items[i + 1], err));
		KILN_TRY(files_split_hex(&w->files, err));
		for (size_t k = before; k < w->files.n; k++)
			w->files.items[k].encrypt = true;
	}
	return KILN_OK;
}

/* The pieces of the file that was named `path`: one, or those of an Intel HEX file. */
static void give_old(struct files *files, const char *path, const struct files *old)
{
	for (size_t i = 0; i < files->n; i++) {
		struct kiln_flash_file *f = &files->items[i];

		if (f->name != path)
			continue;
		for (size_t k = 0; k < old->n; k++) {
			const struct kiln_flash_file *o = &old->items[k];

			/* only a HEX file knows where its pieces belong */
			if (o->address == f->address || (o->address == 0 && old->n == 1)) {
				f->old = o->data;
				f->old_size = o->size;
			}
		}
	}
}

static kiln_code take_one(struct esptool_write *w, const char *path, const char *old_path,
			  struct kiln_err *err)
{
	struct files *old = &w->old[w->n_old];

	if (strcmp(old_path, "skip") == 0)
		return KILN_OK;
	w->n_old++;
	KILN_TRY(files_add(old, 0, old_path, err));
	KILN_TRY(files_split_hex(old, err));
	give_old(&w->files, path, old);
	return KILN_OK;
}

kiln_code esptool_take_old(struct esptool_write *w, const struct opt_list *words,
			   struct kiln_err *err)
{
	const struct opt_list *old = &w->diff_with;

	if (old->n > 0 && w->skip_flashed)
		return kiln_fail(err, KILN_E_INVALID,
				 "--diff-with and --skip-flashed exclude each other");
	if (w->trust && w->skip_flashed)
		return kiln_fail(err, KILN_E_INVALID,
				 "--trust-flash-content and --skip-flashed exclude each other");
	if (w->trust && old->n == 0)
		return kiln_fail(err, KILN_E_INVALID,
				 "Option --trust-flash-content requires --diff-with.");
	if (old->n > words->n / 2)
		return kiln_fail(err, KILN_E_INVALID,
				 "--diff-with has more files than are written");
	w->old = calloc(old->n + 1, sizeof(*w->old));
	if (!w->old)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'",
				 old->n ? old->items[0] : "");
	for (size_t i = 0; i < old->n; i++)
		KILN_TRY(take_one(w, words->items[2 * i + 1], old->items[i], err));
	return KILN_OK;
}

void esptool_old_done(struct esptool_write *w)
{
	for (size_t i = 0; i < w->n_old; i++)
		files_done(&w->old[i]);
	free(w->old);
	opt_list_done(&w->diff_with);
	opt_list_done(&w->encrypt_files);
}
