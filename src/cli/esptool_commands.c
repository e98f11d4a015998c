/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/version.h>

#include "chip/chip.h"
#include "cli/esptool_nand.h"
#include "flash/flasher.h"

const struct opt esptool_only_help[] = {
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

kiln_code esptool_no_words(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
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
	(void)flasher;
	(void)err;
	esptool_say(t, "%s", t->run.dialect->version);
	return KILN_OK;
}

static const struct opt erase_options[] = {
	{ 0, "force", NULL, OPT_FLAG, offsetof(struct esptool, params.region.force),
	  "even if security features are enabled; use with care" },
	ESPTOOL_FLASH_TYPE,
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

static kiln_code act_erase_flash(struct esptool *t, struct kiln_flasher *flasher,
				 struct kiln_err *err)
{
	if (t->flasher.nand)
		return esptool_nand_erase_flash(t, flasher, err);
	if (!t->params.region.force)
		KILN_TRY(kiln_flasher_check_erase(flasher, err));
	return kiln_flasher_erase_all(flasher, err);
}

static kiln_code check_region(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_region *r = &t->params.region;

	if (words->n != 2)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address> <size>");
	KILN_TRY(files_address(words->items[0], &r->address, err));
	KILN_TRY(esptool_size(words->items[1], &r->size, &r->all, err));
	if (t->flasher.nand)
		return esptool_nand_check_region(t, err);
	if (r->all && r->address % 4096 == 0)
		return KILN_OK;
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
	struct esptool_region *r = &t->params.region;

	if (t->flasher.nand)
		return esptool_nand_erase_region(t, flasher, err);
	if (!r->force)
		KILN_TRY(kiln_flasher_check_erase(flasher, err));
	if (r->all)
		KILN_TRY(esptool_settle_region(t, r, "erase", flasher, err));
	return kiln_flasher_erase_region(flasher, r->address, r->size, err);
}

/* -sc is taken here too since version 3, and connects the flash chip. */
static kiln_code act_read_mac(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	if (t->wiring)
		KILN_TRY(kiln_flasher_find_flash(flasher, err));
	esptool_say_mac(t, kiln_flasher_chip(flasher));
	return KILN_OK;
}

/* Only the ESP8266 has one, in its one-time memory. */
static kiln_code say_old_id(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	enum { OTP = 0x3FF00050 };
	uint32_t low, high;

	KILN_TRY(kiln_flasher_peek(flasher, OTP, &low, err));
	KILN_TRY(kiln_flasher_peek(flasher, OTP + 4, &high, err));
	esptool_say(t, "Chip ID: 0x%08x", low >> 24 | (high & 0xFFFFFF) << 8);
	return KILN_OK;
}

static kiln_code act_chip_id(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	if (kiln_flasher_chip(flasher)->chip->rom_is_old)
		return say_old_id(t, flasher, err);
	const char *name = kiln_chip_name(kiln_flasher_chip(flasher)->chip);

	if (t->v5)
		esptool_warn(t, "%s has no chip ID. Reading MAC address instead.", name);
	else
		esptool_say(t, "Warning: %s has no Chip ID. Reading MAC instead.", name);
	return act_read_mac(t, flasher, err);
}

const struct esptool_command esptool_commands[] = {
	{ { "write_flash", "[-e] [-u] [-fm MODE] [-ff FREQ] [-fs SIZE] <address> <file> ...",
	    "write files to flash", esptool_write_options },
	  false,
	  esptool_write_check,
	  esptool_write_act,
	  esptool_write_done,
	  .secure = true },
	{ { "erase_flash", "[--force]", "erase the whole flash", erase_options },
	  false,
	  esptool_no_words,
	  act_erase_flash },
	{ { "erase_region", "[--force] <address> <size>", "erase a part of the flash",
	    erase_options },
	  false,
	  check_region,
	  act_erase_region,
	  .secure = true },
	{ { "read_flash", "[-p] <address> <size> <file>",
	    "read flash into a file; size may be 4k, 2M or ALL", esptool_read_options },
	  false,
	  esptool_read_check,
	  esptool_read_act },
	{ { "verify_flash", "[--diff] [-fm MODE] [-ff FREQ] [-fs SIZE] <address> <file> ...",
	    "compare files with flash", esptool_verify_options },
	  false,
	  esptool_verify_check,
	  esptool_verify_act,
	  esptool_write_done },
	{ { "flash_id", "", "print the flash chip's maker, device and size", esptool_flash_only },
	  false,
	  esptool_no_words,
	  esptool_flash_id },
	{ { "read_flash_status", "[--bytes N]", "print the flash chip's status",
	    esptool_status_options },
	  false,
	  esptool_no_words,
	  esptool_status_act },
	{ { "write_flash_status", "[--non-volatile] [--bytes N] <value>",
	    "set the flash chip's status", esptool_set_status_options },
	  false,
	  esptool_set_status_check,
	  esptool_set_status_act },
	{ { "read_flash_sfdp", "<address> <bytes>",
	    "print what the flash chip's own table says, 1 to 4 bytes", esptool_sfdp_options },
	  false,
	  esptool_sfdp_check,
	  esptool_sfdp_act },
	{ { "load_ram", "<file>", "load an image into memory and run it", esptool_only_help },
	  false,
	  esptool_ram_check,
	  esptool_ram_act,
	  esptool_write_done },
	{ { "read_mem", "<address>", "print a word of memory", esptool_only_help },
	  false,
	  esptool_peek_check,
	  esptool_peek_act },
	{ { "write_mem", "<address> <value> [<mask>]", "set a word of memory", esptool_only_help },
	  false,
	  esptool_poke_check,
	  esptool_poke_act },
	{ { "dump_mem", "<address> <size> <file>", "copy memory into a file", esptool_only_help },
	  false,
	  esptool_dump_check,
	  esptool_dump_act },
	{ { "get_security_info", "", "print what the chip says of its security",
	    esptool_only_help },
	  false,
	  esptool_no_words,
	  esptool_security_act,
	  .secure = true },
	{ { "read_mac", "", "print the chip's MAC address", esptool_flash_only },
	  false,
	  esptool_no_words,
	  act_read_mac },
	{ { "chip_id", "", "print the chip's id", esptool_flash_only },
	  false,
	  esptool_no_words,
	  act_chip_id },
	{ { "run", "", "run what is in flash", esptool_only_help },
	  false,
	  esptool_no_words,
	  act_nothing },
	{ { "image_info", "[-v 1|2] <file>", "print what a firmware image says of itself",
	    esptool_info_options },
	  true,
	  esptool_one_file,
	  esptool_info_act },
	{ { "elf2image", "[-o FILE] <elf>", "make a firmware image of an ELF file",
	    esptool_elf_options },
	  true,
	  esptool_elf_check,
	  esptool_elf_act },
	{ { "make_image", "-f FILE -a ADDRESS [-f FILE -a ADDRESS]... [-e ADDRESS] <output>",
	    "make an ESP8266 image of raw files", esptool_make_options },
	  true,
	  esptool_make_check,
	  esptool_make_act,
	  esptool_make_done },
	{ { "merge_bin", "-o FILE [-f FORMAT] <address> <file> ...",
	    "make one file of several for one flash", esptool_merge_options },
	  true,
	  esptool_merge_check,
	  esptool_merge_act,
	  esptool_merge_done },
	{ { "version", "", "print the version", esptool_only_help },
	  true,
	  esptool_no_words,
	  act_version },
	{ { "read_nand_spare", "-sc WHERE <page>", "print a NAND page's bad-block mark",
	    esptool_nand_options },
	  false,
	  esptool_spare_check,
	  esptool_spare_act,
	  .hidden = true,
	  .nand = true },
	{ { "write_nand_spare", "-sc WHERE <page> <is-bad>", "mark a block of NAND flash as bad",
	    esptool_nand_options },
	  false,
	  esptool_mark_check,
	  esptool_mark_act,
	  .hidden = true,
	  .nand = true },
	{ { "dump_bbm", "-sc WHERE [--block-count N] <file>",
	    "write a byte for each block of NAND flash into a file: 1 if it is bad",
	    esptool_nand_dump_options },
	  false,
	  esptool_bbm_check,
	  esptool_bbm_act,
	  .hidden = true,
	  .nand = true },
	{ .is.name = NULL },
};
