/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that look at the flash chip and read it. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/esptool_nand.h"
#include "cli/output.h"
#include "flash/flasher.h"
#include "flash/supply.h"

static kiln_code say_id(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_chip_info *info = kiln_flasher_chip(f);
	char text[24] = "Unknown";

	KILN_TRY(kiln_flasher_identify(f, err));
	const uint32_t id = info->flash_id;
	const char *size = kiln_chip_size_name(info->chip, info->flash_size);

	if (size)
		(void)kiln_text_copy(text, sizeof(text), size);
	else if (info->flash_size)
		kiln_text_format(text, sizeof(text), "%lluMB",
				 (unsigned long long)(info->flash_size >> 20));
	esptool_say(t, "Manufacturer: %02x", id & 0xFF);
	esptool_say(t, "Device: %02x%02x", id >> 8 & 0xFF, id >> 16 & 0xFF);
	esptool_say(t, "Detected flash size: %s", text);
	return KILN_OK;
}

kiln_code esptool_flash_id(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const char *type, *volts, *source = "";

	KILN_TRY(kiln_flasher_find_flash(f, err));
	if (t->v5)
		esptool_say(t, "Flash Memory Information:\n=========================");
	KILN_TRY(say_id(t, f, err));
	if (t->version < 4)
		return KILN_OK;
	KILN_TRY(kiln_flasher_read_flash_type(f, &type, err));
	if (type)
		esptool_say(t, "Flash type set in eFuse: %s", type);
	KILN_TRY(kiln_flasher_read_supply(f, &volts, &source, err));
	if (volts)
		esptool_say(t,
			    t->v5 ? "Flash voltage set by %s: %s" : "Flash voltage set by %s to %s",
			    source, volts);
	return KILN_OK;
}

const struct opt esptool_flash_only[] = {
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

/* The original takes what is for images' headers here too, and makes nothing of it. */
const struct opt esptool_sfdp_options[] = {
	{ 0, "flash_freq", "FREQ", OPT_STRING, offsetof(struct esptool, params.sfdp.ignored),
	  .choices = esptool_freqs, .alias = "ff" },
	{ 0, "flash_mode", "MODE", OPT_STRING, offsetof(struct esptool, params.sfdp.ignored),
	  .choices = esptool_modes, .alias = "fm" },
	{ 0, "flash_size", "SIZE", OPT_STRING, offsetof(struct esptool, params.sfdp.ignored),
	  .choices = esptool_sizes, .alias = "fs" },
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

kiln_code esptool_sfdp_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_sfdp *s = &t->params.sfdp;

	if (words->n != 2)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address> <bytes>");
	KILN_TRY(files_address(words->items[0], &s->address, err));
	KILN_TRY(files_address(words->items[1], &s->bytes, err));
	if (s->bytes >= 1 && s->bytes <= 4)
		return KILN_OK;
	return kiln_fail(err, KILN_E_INVALID, "Invalid number of bytes to read from SFDP (1-4).");
}

kiln_code esptool_sfdp_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_sfdp *s = &t->params.sfdp;
	char text[32] = "";
	uint8_t bytes[4];

	KILN_TRY(say_id(t, f, err));
	KILN_TRY(kiln_flasher_read_sfdp(f, s->address, s->bytes, bytes, err));
	for (uint32_t i = 0; i < s->bytes; i++) {
		const size_t n = strlen(text);

		kiln_text_format(text + n, sizeof(text) - n, t->v5 ? "0x%02x " : "%02X ", bytes[i]);
	}
	esptool_say(t, "%sSFDP[%u..%u]: %s", t->v5 ? "Flash memory " : "", s->address,
		    s->address + s->bytes - 1, text);
	return KILN_OK;
}

#define AT(member) offsetof(struct esptool, params.read.member)
const struct opt esptool_read_options[] = {
	{ 'p', "no-progress", NULL, OPT_FLAG, AT(no_progress), "print no progress" },
	{ 0, "flash_size", "SIZE", OPT_STRING, AT(size), "how large the flash is", esptool_sizes,
	  "fs", "ESPTOOL_FS" },
	ESPTOOL_FLASH_TYPE,
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};
#undef AT

kiln_code esptool_read_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_read *r = &t->params.read;

	if (words->n != 3)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address> <size> <file>");
	KILN_TRY(files_address(words->items[0], &r->region.address, err));
	KILN_TRY(esptool_size(words->items[1], &r->region.size, &r->region.all, err));
	r->path = words->items[2];
	t->run.no_progress = r->no_progress;
	return KILN_OK;
}

kiln_code esptool_settle_region(struct esptool *t, struct esptool_region *r, const char *verb,
				struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_chip_info *info = kiln_flasher_chip(f);
	const char *name;

	KILN_TRY(kiln_flasher_identify(f, err));
	if (!r->all)
		return KILN_OK;
	if (info->flash_size <= r->address || info->flash_size - r->address > UINT32_MAX) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot %s all from 0x%08x on", verb,
				r->address);
		kiln_why(err, info->flash_size ? "the flash ends before"
					       : "the flash size is not known");
		return KILN_E_INVALID;
	}
	r->size = (uint32_t)(info->flash_size - r->address);
	name = kiln_chip_size_name(info->chip, info->flash_size);
	if (t->v5 && name)
		esptool_say(t, "Detected flash size: %s", name);
	return KILN_OK;
}

static kiln_code take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	return output_write(user, kiln_span(piece, n), err);
}

/* A size that was given is what the loader works with, whatever the flash chip says. */
static kiln_code take_size(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	int64_t size = KILN_FLASH_KEEP;

	if (t->params.read.size || t->v5)
		esptool_size_asked(t, f, t->params.read.size);
	if (!t->params.read.size)
		return KILN_OK;
	KILN_TRY(esptool_size_value(t->params.read.size, kiln_flasher_chip(f)->chip, &size, err));
	KILN_TRY(kiln_flasher_attach(f, size, err));
	if (size == KILN_FLASH_DETECT)
		esptool_event(
			t, &(struct kiln_flash_event){ .stage = KILN_FLASH_SIZE_DETECTED,
						       .total = kiln_flasher_chip(f)->flash_size });
	return KILN_OK;
}

kiln_code esptool_read_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	struct esptool_read *r = &t->params.read;
	struct kiln_flash_event done = { .stage = KILN_FLASH_READ };
	struct output out;
	kiln_code code;

	if (t->flasher.nand)
		return esptool_nand_read(t, f, err);
	KILN_TRY(esptool_settle_region(t, &r->region, "read", f, err));
	KILN_TRY(take_size(t, f, err));
	KILN_TRY(output_open(&out, r->path, err));
	const kiln_ms begun = kiln_flasher_now(f);

	code = kiln_flasher_read_to(f, r->region.address, r->region.size, take, &out, err);
	if (code == KILN_OK)
		code = output_finish(&out, err);
	output_done(&out);
	if (code != KILN_OK)
		return code;
	done.address = r->region.address;
	done.total = r->region.size;
	done.item = r->path;
	done.elapsed_ms = kiln_flasher_now(f) - begun;
	esptool_event(t, &done);
	return KILN_OK;
}

#define AT(member) offsetof(struct esptool, params.status.member)
static const char *const byte_counts[] = { "1", "2", "3", NULL };
const struct opt esptool_status_options[] = {
	{ 0, "bytes", "N", OPT_STRING, AT(bytes), "how many status bytes (2)", byte_counts },
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};
const struct opt esptool_set_status_options[] = {
	{ 0, "non-volatile", NULL, OPT_FLAG, AT(non_volatile), "keep it when the power goes" },
	{ 0, "bytes", "N", OPT_STRING, AT(bytes), "how many status bytes (2)", byte_counts },
	ESPTOOL_WIRING,
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};
#undef AT

static unsigned n_bytes(const struct esptool *t)
{
	return t->params.status.bytes ? (unsigned)(t->params.status.bytes[0] - '0') : 2;
}

kiln_code esptool_status_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	uint32_t status;

	KILN_TRY(kiln_flasher_read_status(f, n_bytes(t), &status, err));
	esptool_say(t, t->v5 ? "Flash memory status: 0x%04x" : "Status value: 0x%04x", status);
	return KILN_OK;
}

kiln_code esptool_set_status_check(struct esptool *t, const struct opt_list *words,
				   struct kiln_err *err)
{
	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes <value>");
	return files_address(words->items[0], &t->params.status.value, err);
}

kiln_code esptool_set_status_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_status *s = &t->params.status;
	const unsigned n = n_bytes(t);
	const uint32_t value = s->value & (uint32_t)((1u << 8 * n) - 1);
	const int digits = 2 * (int)n;
	const char *name = t->v5 ? "flash memory status" : "flash status";
	uint32_t status;

	KILN_TRY(kiln_flasher_read_status(f, n, &status, err));
	esptool_say(t, "Initial %s: 0x%0*x", name, digits, status);
	esptool_say(t, "Setting %s: 0x%0*x", name, digits, value);
	KILN_TRY(kiln_flasher_write_status(f, n, value, s->non_volatile, err));
	KILN_TRY(kiln_flasher_read_status(f, n, &status, err));
	esptool_say(t, "After %s:   0x%0*x", name, digits, status);
	return KILN_OK;
}
