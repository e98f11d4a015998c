/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_ESPTOOL_NAND_H
#define KILN_CLI_ESPTOOL_NAND_H

#include "cli/esptool.h"

/*
 * NAND flash (--flash-type nand, and three commands of its own). As in the original the options are
 * in no help, and --spi-connection has to say where the chip is.
 */
#define ESPTOOL_FLASH_TYPE                                                                      \
	{                                                                                       \
		.name = "flash-type", .arg = "TYPE", .kind = OPT_STRING,                        \
		.offset = offsetof(struct esptool, flash_type), .choices = esptool_flash_types, \
		.alias = "ft"                                                                   \
	}
extern const char *const esptool_flash_types[];
extern const struct opt esptool_nand_options[], esptool_nand_dump_options[];

/* What the options said, into t->flasher. Fails with: E_INVALID. */
kiln_code esptool_settle_nand(struct esptool *t, struct kiln_err *err);

/* What the commands for flash do with a NAND flash; the words were looked at already. */
kiln_code esptool_nand_check_region(struct esptool *t, struct kiln_err *err);
kiln_code esptool_nand_check_write(const struct esptool *t, struct kiln_err *err);
kiln_code esptool_nand_write(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_nand_read(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_nand_verify(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_nand_erase_flash(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_nand_erase_region(struct esptool *t, struct kiln_flasher *f,
				    struct kiln_err *err);

/* read_nand_spare, write_nand_spare, dump_bbm */
kiln_code esptool_spare_check(struct esptool *t, const struct opt_list *words,
			      struct kiln_err *err);
kiln_code esptool_spare_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_mark_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_mark_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_bbm_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_bbm_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);

#endif
