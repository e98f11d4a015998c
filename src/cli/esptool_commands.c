/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <kiln/version.h>

#include "cli/esptool.h"

static const struct opt only_help[] = {
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

static kiln_code check_no_words(struct esptool *t, const struct opt_list *words,
				struct kiln_err *err)
{
	(void)t;
	if (words->n > 0)
		return kiln_fail(err, KILN_E_INVALID, "unrecognized arguments: %s",
				 words->items[0]);
	return KILN_OK;
}

static kiln_code act_nothing(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	(void)t;
	(void)flasher;
	(void)err;
	return KILN_OK;
}

static kiln_code act_version(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	(void)t;
	(void)flasher;
	(void)err;
	printf("%s\n", kiln_version());
	return KILN_OK;
}

static kiln_code act_erase_flash(struct esptool *t, struct kiln_flasher *flasher,
				 struct kiln_err *err)
{
	(void)t;
	return kiln_flasher_erase_all(flasher, err);
}

static kiln_code check_region(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_region *r = &t->params.region;

	if (words->n != 2)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address> <size>");
	KILN_TRY(files_address(words->items[0], &r->address, err));
	KILN_TRY(files_address(words->items[1], &r->size, err));
	if (r->address % 4096 || r->size % 4096 || r->size == 0) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot erase 0x%x bytes at 0x%x", r->size,
				r->address);
		kiln_why(err, "flash is erased in sectors: both must be multiples of 4096");
		return KILN_E_INVALID;
	}
	return KILN_OK;
}

static kiln_code act_erase_region(struct esptool *t, struct kiln_flasher *flasher,
				  struct kiln_err *err)
{
	return kiln_flasher_erase_region(flasher, t->params.region.address, t->params.region.size,
					 err);
}

static kiln_code act_read_mac(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	const uint8_t *m = kiln_flasher_chip(flasher)->mac;

	(void)t;
	(void)err;
	printf("MAC: %02x:%02x:%02x:%02x:%02x:%02x\n", m[0], m[1], m[2], m[3], m[4], m[5]);
	return KILN_OK;
}

static kiln_code act_chip_id(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	printf("Warning: %s has no Chip ID. Reading MAC instead.\n",
	       kiln_chip_name(kiln_flasher_chip(flasher)->chip));
	return act_read_mac(t, flasher, err);
}

const struct esptool_command esptool_commands[] = {
	{ { "write_flash", "[-e] [-u] [-fm MODE] [-ff FREQ] [-fs SIZE] <address> <file> ...",
	    "write files to flash", esptool_write_options },
	  false,
	  esptool_write_check,
	  esptool_write_act,
	  esptool_write_done },
	{ { "erase_flash", "", "erase the whole flash", only_help },
	  false,
	  check_no_words,
	  act_erase_flash },
	{ { "erase_region", "<address> <size>", "erase a part of the flash", only_help },
	  false,
	  check_region,
	  act_erase_region },
	{ { "read_mac", "", "print the chip's MAC address", only_help },
	  false,
	  check_no_words,
	  act_read_mac },
	{ { "chip_id", "", "print the chip's id", only_help }, false, check_no_words, act_chip_id },
	{ { "run", "", "run what is in flash", only_help }, false, check_no_words, act_nothing },
	{ { "version", "", "print the version", only_help }, true, check_no_words, act_version },
	{ .is.name = NULL },
};
