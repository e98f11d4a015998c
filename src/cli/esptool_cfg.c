/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esptool's configuration file: the section [esptool] of esptool.cfg, setup.cfg or tox.ini, in
 * this folder, in ~/.config/esptool or in the home folder, or of the file that $ESPTOOL_CFGFILE
 * names. Facts: esptool's documentation, "Configuration File".
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cfg.h"
#include "cli/esptool.h"
#include "cli/whole.h"

enum { FILE_MAX = 1 << 20, PATH_MAX_BYTES = 4096, FPGA_DELAY = 7000 };

static bool take_ms(const char *value, kiln_ms *ret_ms)
{
	char *end;
	const double seconds = strtod(value, &end);

	if (end == value || *end || !(seconds > 0 && seconds < 1e6))
		return false;
	*ret_ms = seconds < 0.001 ? 1 : (kiln_ms)(seconds * 1000 + 0.5);
	return true;
}

static bool take_int(const char *value, int *ret)
{
	char *end;
	const long n = strtol(value, &end, 10);

	if (end == value || *end || n < -INT_MAX || n > INT_MAX)
		return false;
	*ret = (int)n;
	return true;
}

#define LIMIT(member) offsetof(struct esptool, flasher.limits.member)
/* Keys that are seconds, and where they go. */
static const struct {
	const char *key;
	size_t offset;
} times[] = {
	{ "timeout", LIMIT(answer) },
	{ "chip_erase_timeout", LIMIT(erase_chip) },
	{ "max_timeout", LIMIT(longest) },
	{ "sync_timeout", LIMIT(sync) },
	{ "md5_timeout_per_mb", LIMIT(md5_per_mb) },
	{ "erase_region_timeout_per_mb", LIMIT(erase_per_mb) },
	{ "erase_write_timeout_per_mb", LIMIT(write_per_mb) },
	{ "mem_end_rom_timeout", LIMIT(start_from_rom) },
	{ "serial_write_timeout", LIMIT(port_write) },
	{ "reset_delay", LIMIT(reset_delay) },
};

static kiln_code bad_value(const char *key, const char *value, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for '%s': '%s'", key, value);
	return KILN_E_INVALID;
}

static kiln_code take_text(char **target, const char *value, struct kiln_err *err)
{
	free(*target);
	*target = strdup(value);
	return *target ? KILN_OK : kiln_fail(err, KILN_E_NOMEM, "cannot read the configuration");
}

static kiln_code take_count(struct esptool *t, const char *key, const char *value, bool *ret_known,
			    struct kiln_err *err)
{
	int *target = NULL, tries = 0;

	if (strcmp(key, "connect_attempts") == 0)
		target = &t->cfg.connect_attempts;
	else if (strcmp(key, "open_port_attempts") == 0)
		target = &t->cfg.open_port_attempts;
	else if (strcmp(key, "write_block_attempts") == 0)
		target = &tries;
	*ret_known = target != NULL;
	if (!target)
		return KILN_OK;
	if (!take_int(value, target))
		return bad_value(key, value, err);
	if (target == &tries && tries > 0)
		t->flasher.limits.block_tries = (unsigned)tries;
	return KILN_OK;
}

static kiln_code take_entry(void *user, const char *key, const char *value, struct kiln_err *err)
{
	struct esptool *t = user;
	bool known;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (strcmp(times[i].key, key) == 0)
			return take_ms(value, (kiln_ms *)(void *)((char *)t + times[i].offset))
				       ? KILN_OK
				       : bad_value(key, value, err);
	}
	if (strcmp(key, "custom_reset_sequence") == 0)
		return take_text(&t->cfg.reset_sequence, value, err);
	if (strcmp(key, "custom_hard_reset_sequence") == 0)
		return take_text(&t->cfg.hard_reset_sequence, value, err);
	KILN_TRY(take_count(t, key, value, &known, err));
	if (!known)
		(void)kiln_buf_printf(&t->cfg.unknown, "%s%s", t->cfg.unknown.len ? ", " : "", key);
	t->cfg.n_unknown += !known;
	return KILN_OK;
}

static kiln_code ignore_entry(void *user, const char *key, const char *value, struct kiln_err *err)
{
	(void)user;
	(void)key;
	(void)value;
	(void)err;
	return KILN_OK;
}

/* Of a file that is no such thing, a note is made; other tools' files are passed over. */
static kiln_code try_file(struct esptool *t, const char *path, bool *ret_taken,
			  struct kiln_err *err)
{
	struct kiln_buf file = KILN_BUF_INIT(FILE_MAX);
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = KILN_OK;
	bool found = false;

	if (whole_read(path, &file, NULL) == KILN_OK) {
		if (cfg_read(kiln_buf_span(&file), "esptool", ignore_entry, NULL, &found, &fault) !=
		    KILN_OK)
			esptool_note(t, "Ignoring invalid config file %s: %s", path, fault.why);
		else if (found)
			code = cfg_read(kiln_buf_span(&file), "esptool", take_entry, t, &found,
					err);
	}
	kiln_buf_done(&file);
	if (code != KILN_OK)
		kiln_because(err, "cannot use '%s'", path);
	*ret_taken = found;
	return code;
}

static kiln_code try_folder(struct esptool *t, const char *folder, char *path, bool *ret_taken,
			    struct kiln_err *err)
{
	static const char *const names[] = { "esptool.cfg", "setup.cfg", "tox.ini" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		kiln_text_format(path, PATH_MAX_BYTES, "%s/%s", folder, names[i]);
		KILN_TRY(try_file(t, path, ret_taken, err));
		if (*ret_taken)
			break;
	}
	return KILN_OK;
}

static kiln_code find_file(struct esptool *t, char *path, bool *ret_taken, bool *ret_named,
			   struct kiln_err *err)
{
	const char *home = getenv("HOME"), *named = getenv("ESPTOOL_CFGFILE");
	char folder[PATH_MAX_BYTES];

	*ret_named = false;
	if (named && named[0]) {
		kiln_text_copy(path, PATH_MAX_BYTES, named);
		KILN_TRY(try_file(t, path, ret_taken, err));
		*ret_named = *ret_taken;
	}
	if (!*ret_taken)
		KILN_TRY(try_folder(t, ".", path, ret_taken, err));
	if (!*ret_taken && home &&
	    kiln_text_format(folder, sizeof(folder), "%s/.config/esptool", home))
		KILN_TRY(try_folder(t, folder, path, ret_taken, err));
	if (!*ret_taken && home)
		KILN_TRY(try_folder(t, home, path, ret_taken, err));
	return KILN_OK;
}

static void say_loaded(struct esptool *t, const char *path, bool named)
{
	char *real = realpath(path, NULL);

	if (t->cfg.n_unknown)
		esptool_note(t, "Ignoring unknown config file option%s: %s",
			     t->cfg.n_unknown > 1 ? "s" : "", kiln_buf_str(&t->cfg.unknown));
	esptool_say(t, "Loaded custom configuration from %s%s", real ? real : path,
		    named ? " (set with ESPTOOL_CFGFILE)" : "");
	free(real);
}

kiln_code esptool_cfg_load(struct esptool *t, struct kiln_err *err)
{
	const char *fpga = getenv("ESPTOOL_ENV_FPGA");
	char path[PATH_MAX_BYTES];
	bool taken = false, named;

	KILN_TRY(find_file(t, path, &taken, &named, err));
	if (taken)
		say_loaded(t, path, named);
	/* as the original's: a chip in an FPGA takes its time */
	if (fpga && strcmp(fpga, "1") == 0)
		t->flasher.limits.reset_delay = FPGA_DELAY;
	t->flasher.reset_sequence = t->cfg.reset_sequence;
	t->flasher.hard_reset_sequence = t->cfg.hard_reset_sequence;
	/* what stands on the line or in the environment counts more */
	if (!t->options.attempts && t->cfg.connect_attempts)
		t->flasher.connect_attempts = t->cfg.connect_attempts;
	return KILN_OK;
}

void esptool_cfg_init(struct esptool_cfg *cfg)
{
	*cfg = (struct esptool_cfg){ .open_port_attempts = 1, .unknown = KILN_BUF_INIT(1024) };
}

void esptool_cfg_done(struct esptool_cfg *cfg)
{
	free(cfg->reset_sequence);
	free(cfg->hard_reset_sequence);
	kiln_buf_done(&cfg->unknown);
}
