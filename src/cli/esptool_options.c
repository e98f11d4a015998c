/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/esptool.h"

static const char *const before_names[] = { "default_reset", "usb_reset", "no_reset",
					    "no_reset_no_sync", NULL };
static const char *const after_names[] = { "hard_reset",    "soft_reset",     "no_reset",
					   "no_reset_stub", "watchdog_reset", NULL };

static const char *const stub_versions[] = { "1", "2", NULL };
static const char *const compats[] = { "3", "4", "5", NULL };
static const char *const supply_names[] = { "1.8V", "1.9V", "OFF", NULL };

#define AT(member) offsetof(struct esptool, options.member)
const struct opt esptool_options[] = {
	{ 'c', "chip", "CHIP", OPT_STRING, AT(chip), "kind of chip; 'auto' asks the chip",
	  .env = "ESPTOOL_CHIP" },
	{ 'p', "port", "PORT", OPT_STRING, AT(port),
	  "serial port or URL; without it all ports are tried", .env = "ESPTOOL_PORT" },
	{ 0, "port-filter", "KEY=VALUE", OPT_EAT, AT(filters),
	  "try only ports with this vid, pid, name or serial", .ends = esptool_is_command },
	{ 'b', "baud", "BAUD", OPT_UINT, AT(baud), "speed after connecting",
	  .env = "ESPTOOL_BAUD" },
	{ 0, "before", "HOW", OPT_STRING, AT(before), "what to do to the chip first", before_names,
	  NULL, "ESPTOOL_BEFORE" },
	{ 'a', "after", "HOW", OPT_STRING, AT(after), "what to do to the chip at the end",
	  after_names, NULL, "ESPTOOL_AFTER" },
	{ 0, "stub-version", "VERSION", OPT_STRING, AT(stub_version), .choices = stub_versions,
	  .env = "ESPTOOL_STUB_VERSION" },
	{ 0, "no-stub", NULL, OPT_FLAG, AT(no_stub), "talk to the ROM, upload no flasher stub" },
	{ 't', "trace", NULL, OPT_FLAG, AT(trace), "show every byte on stderr" },
	{ 'v', "verbose", NULL, OPT_FLAG, AT(verbose), "take no lines back on a terminal" },
	{ 's', "silent", NULL, OPT_FLAG, AT(silent), "print errors only" },
	{ 0, "connect-attempts", "N", OPT_STRING, AT(attempts),
	  "tries to connect; 0 or less: for ever", .env = "ESPTOOL_CONNECT_ATTEMPTS" },
	{ 0, "compat", "VERSION", OPT_STRING, AT(compat),
	  "speak as version 4 or 5 of esptool does, whatever the program is called", compats,
	  .env = "KILN_ESPTOOL_COMPAT" },
	{ 0, "override-vddsdio", "VOLTS", OPT_MAYBE, AT(supply),
	  "what an ESP32 feeds its flash chip with; use with care", supply_names,
	  .ends = esptool_is_command },
	{ 'h', "help", NULL, OPT_FLAG, AT(help), "show this help" },
	{ 0 },
};

/* Which of the choices it is; the option table has let only those through. '_' and '-' are one. */
static int index_of(const char *const *choices, const char *value)
{
	for (int i = 0; value && choices[i]; i++) {
		size_t n = 0;

		while (value[n] && (value[n] == '-' ? '_' : value[n]) == choices[i][n])
			n++;
		if (!value[n] && !choices[i][n])
			return i;
	}
	return 0;
}

static kiln_code settle_chip(struct esptool *t, struct kiln_err *err)
{
	struct kiln_buf all = KILN_BUF_INIT(4096);
	const char *name = t->options.chip;

	if (!name || strcasecmp(name, "auto") == 0)
		return KILN_OK;
	t->flasher.chip = kiln_chip_by_option(name);
	if (t->flasher.chip)
		return KILN_OK;
	for (unsigned i = 0; kiln_chip_at(i); i++)
		(void)kiln_buf_printf(&all, ", %s", kiln_chip_option(kiln_chip_at(i)));
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --chip: '%s'", name);
	kiln_why(err, "it takes one of: auto%s", kiln_buf_str(&all));
	kiln_buf_done(&all);
	return KILN_E_INVALID;
}

kiln_code esptool_need_chip(const struct esptool *t, struct kiln_err *err)
{
	struct kiln_buf all = KILN_BUF_INIT(4096);

	if (t->flasher.chip)
		return KILN_OK;
	for (unsigned i = 0; kiln_chip_at(i); i++)
		(void)kiln_buf_printf(&all, "%s%s", i ? ", " : "choose from ",
				      kiln_chip_option(kiln_chip_at(i)));
	(void)kiln_fail(err, KILN_E_INVALID, "%s the %schip argument",
			t->v5 ? "Specify" : "Please specify", t->v5 ? "--" : "");
	kiln_why(err, "%s", kiln_buf_str(&all));
	kiln_hint(err, "it stands before the command: --chip esp32");
	kiln_buf_done(&all);
	return KILN_E_INVALID;
}

static kiln_code settle_attempts(struct esptool *t, struct kiln_err *err)
{
	const char *text = t->options.attempts;
	char *end;

	if (!text)
		return KILN_OK;
	const long n = strtol(text, &end, 10);
	if (end == text || *end || n > INT_MAX) {
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --connect-attempts: '%s'",
				text);
		kiln_why(err, "not a number");
		return KILN_E_INVALID;
	}
	t->flasher.connect_attempts = n > 0 ? (int)n : -1;
	return KILN_OK;
}

kiln_code esptool_settle(struct esptool *t, struct kiln_err *err)
{
	if (t->options.silent && (t->options.verbose || t->options.trace))
		return kiln_fail(err, KILN_E_INVALID, "--silent and --%s exclude each other",
				 t->options.verbose ? "verbose" : "trace");
	KILN_TRY(settle_chip(t, err));
	KILN_TRY(esptool_check_filters(&t->options.filters, err));
	KILN_TRY(settle_attempts(t, err));
	if (t->options.baud > UINT_MAX || (t->options.baud > 0 && t->options.baud < 50)) {
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --baud: %llu",
				(unsigned long long)t->options.baud);
		kiln_why(err, "no serial port has such a speed");
		return KILN_E_INVALID;
	}
	t->flasher.baud = (unsigned)t->options.baud;
	if (t->options.supply && t->options.supply[0]) /* without a value it changes nothing */
		t->flasher.supply =
			(kiln_supply)(KILN_SUPPLY_1V8 + index_of(supply_names, t->options.supply));
	t->flasher.no_stub = t->options.no_stub;
	t->flasher.one_reset = t->v5;
	t->flasher.pack_always = !t->v5;
	t->flasher.before = (kiln_before)index_of(before_names, t->options.before);
	t->flasher.after = (kiln_after)index_of(after_names, t->options.after);
	return KILN_OK;
}

kiln_code esptool_size(const char *text, uint32_t *ret_size, bool *ret_all, struct kiln_err *err)
{
	const size_t n = strlen(text);
	char digits[32];
	uint64_t value = 0;
	unsigned shift = 0;

	if (ret_all && strcasecmp(text, "all") == 0) {
		*ret_all = true;
		return KILN_OK;
	}
	if (n > 1 && strncasecmp(text, "0x", 2) != 0 && strchr("kKmM", text[n - 1]))
		shift = strchr("kK", text[n - 1]) ? 10 : 20;
	(void)kiln_text_copy(digits, sizeof(digits), text);
	if (shift && n < sizeof(digits))
		digits[n - 1] = '\0';
	if (!kiln_text_to_u64(digits, &value) || value > UINT32_MAX >> shift) {
		(void)kiln_fail(err, KILN_E_INVALID, "bad size: '%s'", text);
		kiln_why(err, "not a number%s (use 4096, 0x1000, 4k or 2M)",
			 ret_all ? " nor ALL" : "");
		return KILN_E_INVALID;
	}
	*ret_size = (uint32_t)value << shift;
	return KILN_OK;
}
