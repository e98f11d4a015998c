/* SPDX-License-Identifier: Apache-2.0 */
/* load_ram: a program into the chip's memory, which it then runs. */
#include "cli/esptool.h"

kiln_code esptool_ram_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct files *files = &t->params.write.files;

	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes one file");
	KILN_TRY(files_add(files, 0, words->items[0], err));
	KILN_TRY(files_split_hex(files, err));
	if (files->n == 1)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use '%s'", words->items[0]);
	kiln_why(err, "it has %zu pieces, and only one can be loaded", files->n);
	return KILN_E_INVALID;
}

kiln_code esptool_ram_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_flash_file *file = &t->params.write.files.items[0];

	if (t->v5)
		esptool_say(t, "Loading '%s' to RAM...", file->name);
	else
		esptool_say(t, "RAM boot...");
	t->leaves = true; /* what runs now is the program, and a reset would end it */
	return kiln_flasher_load_ram(f, file, err);
}
