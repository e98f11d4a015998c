/* SPDX-License-Identifier: Apache-2.0 */
/* sim:NAME[?option=value&...] */
#include "sim/options.h"

#include <ctype.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "sim/flash.h"

bool sim_name_is_valid(const char *name)
{
	const size_t n = strlen(name);

	if (n == 0 || n >= sizeof(((struct sim_options *)0)->name) || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	}
	return true;
}

bool sim_mac_parse(const char *text, uint8_t mac[6])
{
	uint8_t bytes[6];

	for (int i = 0; i < 6; i++, text += 3) {
		const int high = kiln_hex_digit(text[0]),
			  low = high < 0 ? -1 : kiln_hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(mac, bytes, sizeof(bytes));
	return true;
}

/* --- one function an option: false if the value is not understood --- */

static bool take_chip(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->model = sim_model_find(value);
	return o->model != NULL;
}

static bool take_flash(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	return *value && kiln_text_copy(o->flash, sizeof(o->flash), value);
}

static bool take_size(struct sim_options *o, const char *value, struct kiln_err *err)
{
	char digits[32];
	uint64_t n, unit = 1;
	const size_t len = strlen(value);

	(void)err;
	if (len < 3 || !kiln_text_copy(digits, sizeof(digits), value))
		return false;
	if (strcmp(value + len - 2, "KB") == 0)
		unit = 1u << 10;
	else if (strcmp(value + len - 2, "MB") == 0)
		unit = 1u << 20;
	if (unit > 1)
		digits[len - 2] = '\0';
	if (!kiln_text_to_u64(digits, &n) || n > UINT32_MAX || !sim_flash_is_size(n * unit))
		return false;
	o->flash_size = (uint32_t)(n * unit);
	return true;
}

static bool take_part(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->flash_part = sim_flash_part_find(value);
	return o->flash_part != NULL;
}

static bool take_nand(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->nand = sim_nand_part_find(value);
	return o->nand != NULL;
}

static bool take_bad_blocks(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	return sim_nand_blocks_parse(value, &o->bad_blocks);
}

static bool take_mac(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->has_mac = true;
	return sim_mac_parse(value, o->mac) && !(o->mac[0] & 1); /* not a group address */
}

static bool take_clock(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->virtual_clock = strcmp(value, "virtual") == 0;
	return o->virtual_clock || strcmp(value, "real") == 0;
}

static bool take_fault(struct sim_options *o, const char *value, struct kiln_err *err)
{
	return *value && sim_faults_parse(&o->faults, value, err) == KILN_OK;
}

static bool take_seed(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	return kiln_text_to_u64(value, &o->faults.random);
}

static bool take_ms(const char *value, sim_ns *ret)
{
	uint64_t ms;

	if (!kiln_text_to_u64(value, &ms) || ms > 10000)
		return false;
	*ret = (sim_ns)ms * SIM_MS;
	return true;
}

static bool take_latency(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	return take_ms(value, &o->bridge_latency);
}

static bool take_en(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	return take_ms(value, &o->en_rise) && o->en_rise > 0;
}

/* ADDRESS:VALUE[,ADDRESS:VALUE]... */
static bool take_registers(struct sim_options *o, const char *value, struct kiln_err *err)
{
	char copy[256], *save = NULL;
	unsigned n = 0;

	(void)err;
	if (!kiln_text_copy(copy, sizeof(copy), value))
		return false;
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		char *colon = strchr(p, ':');
		uint64_t address, v;

		if (!colon || n == SIM_OPTION_REGISTERS)
			return false;
		*colon = '\0';
		if (!kiln_text_to_u64(p, &address) || !kiln_text_to_u64(colon + 1, &v) ||
		    address == 0 || address > UINT32_MAX || v > UINT32_MAX)
			return false;
		o->registers[n++] = (struct sim_register){ (uint32_t)address, (uint32_t)v };
	}
	return n > 0;
}

static bool take_usb(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->usb = strcmp(value, "jtag") == 0  ? SIM_USB_JTAG
		 : strcmp(value, "otg") == 0 ? SIM_USB_OTG
					     : SIM_USB_BRIDGE;
	return o->usb != SIM_USB_BRIDGE;
}

static bool take_flags(struct sim_options *o, const char *value, struct kiln_err *err)
{
	uint64_t flags;

	(void)err;
	if (!kiln_text_to_u64(value, &flags) || flags > UINT32_MAX)
		return false;
	o->security_flags = (uint32_t)flags;
	return true;
}

static bool take_crypt(struct sim_options *o, const char *value, struct kiln_err *err)
{
	uint64_t count;

	(void)err;
	if (!kiln_text_to_u64(value, &count) || count > 0x7F)
		return false;
	o->crypt_count = (uint8_t)count;
	return true;
}

static bool take_secure(struct sim_options *o, const char *value, struct kiln_err *err)
{
	(void)err;
	o->secure_download = strcmp(value, "download") == 0;
	return o->secure_download;
}

static const struct {
	const char *name, *values;
	bool (*take)(struct sim_options *o, const char *value, struct kiln_err *err);
} table[] = {
	{ "chip", "a chip like esp32c3, or a model like esp32-d0wd-v3", take_chip },
	{ "flash", "a file", take_flash },
	{ "size", "a flash size, 256KB to 128MB", take_size },
	{ "part", "gd25q, w25q, worn, xmc, strange or none", take_part },
	{ "nand", "w25n01gv, strange or none", take_nand },
	{ "bad-blocks", "numbers from 0 to 1023, separated by commas", take_bad_blocks },
	{ "mac", "an address like 24:0a:c4:00:00:01", take_mac },
	{ "clock", "real or virtual", take_clock },
	{ "fault", "faults", take_fault },
	{ "seed", "a number", take_seed },
	{ "latency", "milliseconds", take_latency },
	{ "en", "milliseconds, more than 0", take_en },
	{ "reg", "ADDRESS:VALUE, several separated by commas", take_registers },
	{ "usb", "jtag or otg: the chip's own USB port", take_usb },
	{ "flags", "a number: security flags", take_flags },
	{ "crypt", "a number, bits of which enable flash encryption", take_crypt },
	{ "secure", "download: secure download mode, as an eFuse burns it in", take_secure },
};

enum { N_OPTIONS = sizeof(table) / sizeof(table[0]) };

/* %XX stands for a byte, so that file names may hold any but NUL. */
static bool decode(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text == '%') {
			const int high = kiln_hex_digit(text[1]);
			const int low = high < 0 ? -1 : kiln_hex_digit(text[2]);

			if (low < 0 || (high | low) == 0)
				return false;
			*out++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return true;
}

static kiln_code refuse(struct kiln_err *err, const char *url, const char *option)
{
	char names[160] = "";

	for (unsigned i = 0; i < N_OPTIONS; i++) {
		const size_t n = strlen(names);

		kiln_text_format(names + n, sizeof(names) - n, "%s%s", i ? ", " : "",
				 table[i].name);
	}
	(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", url);
	kiln_why(err, "a virtual board has no option '%s'", option);
	kiln_hint(err, "its options are %s", names);
	return KILN_E_INVALID;
}

static kiln_code bad_value(struct kiln_err *err, const char *url, unsigned i, const char *value)
{
	struct kiln_err inner = err ? *err : KILN_ERR_INIT;

	(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", url);
	if (inner.code != KILN_OK) {
		kiln_why(err, "%s", inner.what);
		kiln_hint(err, "%s", inner.hint);
		return KILN_E_INVALID;
	}
	kiln_why(err, "%s= takes %s, not '%s'", table[i].name, table[i].values, value);
	return KILN_E_INVALID;
}

static kiln_code take_option(const char *url, char *text, bool seen[N_OPTIONS],
			     struct sim_options *o, struct kiln_err *err)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	for (unsigned i = 0; i < N_OPTIONS; i++) {
		if (strcmp(table[i].name, text) != 0)
			continue;
		if (!value || seen[i] || !decode(value) || !table[i].take(o, value, err))
			return bad_value(err, url, i, value ? value : "");
		seen[i] = true;
		return KILN_OK;
	}
	return refuse(err, url, text);
}

kiln_code sim_options_parse(const char *url, struct sim_options *ret_options, struct kiln_err *err)
{
	struct sim_options o = { .faults.random = 1 };
	bool seen[N_OPTIONS] = { false };
	char copy[2048], *query, *save = NULL;
	const char *name = copy + 4;

	if (strncmp(url, "sim:", 4) != 0 || !kiln_text_copy(copy, sizeof(copy), url))
		return kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", url);
	query = strchr(copy, '?');
	if (query)
		*query++ = '\0';
	if (!sim_name_is_valid(name)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", url);
		kiln_why(err, "'%s' is no name for a virtual board", name);
		kiln_hint(err, "names have up to 63 letters, digits, '-', '_' and '.'");
		return KILN_E_INVALID;
	}
	kiln_text_copy(o.name, sizeof(o.name), name);
	for (char *p = query ? strtok_r(query, "&", &save) : NULL; p;
	     p = strtok_r(NULL, "&", &save))
		KILN_TRY(take_option(url, p, seen, &o, err));
	*ret_options = o;
	return KILN_OK;
}
