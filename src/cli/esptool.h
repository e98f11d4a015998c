/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_ESPTOOL_H
#define KILN_CLI_ESPTOOL_H

#include <stdbool.h>

#include <kiln/flash.h>
#include <kiln/port.h>

#include "cli/cli.h"
#include "cli/dialect.h"
#include "cli/files.h"
#include "image/build.h"

/*
 * The drop-in for Espressif's esptool: its command line (global options, a command, the command's
 * options), its texts, its exit codes, in two dialects: that of versions 3 and 4 (esptool.py), and
 * that of version 5 (esptool). Facts about it: its documentation ("Basic Options", "Basic
 * Commands").
 */

/* What stands before the command, or in ESPTOOL_*. */
struct esptool_options {
	const char *chip, *port, *before, *after, *attempts, *compat, *supply, *stub_version;
	struct opt_list filters;
	uint64_t baud;
	bool no_stub, trace, verbose, silent, help;
};

struct esptool_write {
	bool erase_all, no_progress, verify, force, compress, no_compress;
	bool encrypt, ignore_efuses, trust, skip_flashed;
	const char *freq, *mode, *size, *diff, *nand_end;
	struct opt_list encrypt_files, diff_with;
	struct files files;
	const char **empty; /* names of files without bytes */
	size_t n_empty;
	struct files *old; /* of --diff-with, one each */
	size_t n_old;
};

struct esptool_region {
	uint32_t address, size;
	bool all;   /* to the end of the flash */
	bool force; /* of an erase: even if it may lock the chip up */
};

struct esptool_read {
	struct esptool_region region;
	bool no_progress;
	const char *path, *size;
};

struct esptool_sfdp {
	uint32_t address, bytes;
	const char *ignored;
};

struct esptool_memory {
	uint32_t address, value, mask, size;
	const char *path;
};

struct esptool_status {
	const char *bytes;
	bool non_volatile;
	uint32_t value;
};

struct esptool_nand {
	const char *path, *count;
	uint32_t page, bad, blocks;
};

struct esptool_file {
	const char *path, *version;
};

struct esptool_elf {
	const char *input, *output, *version, *min_rev, *min_rev_full, *max_rev_full, *page, *pad;
	const char *freq, *mode, *size;
	uint64_t digest_offset;
	bool secure_pad, secure_pad_v2, no_digest, use_segments, ram_only;
};

struct esptool_make {
	const char *output;
	struct opt_list files, addresses;
	uint64_t entry;
	struct files segments;
};

struct esptool_merge {
	const char *output, *format, *pad, *freq, *mode, *size;
	uint64_t chunk, target;
	bool no_md5;
	struct files files;
};

/* What a configuration file says and struct kiln_flasher_options has no place for. */
struct esptool_cfg {
	int connect_attempts, open_port_attempts;
	char *reset_sequence, *hard_reset_sequence;
	struct kiln_buf unknown; /* names of options that nobody knows */
	unsigned n_unknown;
};

struct esptool_command;

/* One run of the tool. */
struct esptool {
	struct cli *cli;
	const char *program; /* the name it was called by */
	struct esptool_options options;
	struct esptool_cfg cfg;
	const struct esptool_command *command;
	union {
		struct esptool_write write;
		struct esptool_region region;
		struct esptool_read read;
		struct esptool_sfdp sfdp;
		struct esptool_memory memory;
		struct esptool_status status;
		struct esptool_nand nand;
		struct esptool_file file;
		struct esptool_elf elf;
		struct esptool_make make;
		struct esptool_merge merge;
	} params;
	const char *wiring;     /* --spi-connection of the command */
	const char *flash_type; /* --flash-type */
	bool leaves;            /* the chip runs something: it is not reset at the end */
	unsigned version;       /* speak as version 3, 4 or 5 does */
	bool v5;                /* version == 5 */
	bool help;              /* of the command */
	struct kiln_flasher_options flasher;
	struct kiln_port port; /* that `flasher` is to know again */
	struct dialect_run run;
	bool muted; /* it failed: what is done to leave the board in order is not said */
};

struct esptool_command {
	/* its name with '_', '-' is the same; its options are offsets into struct esptool */
	struct subcommand is;
	bool offline; /* needs no board */
	/* Look at the words; everything that can be wrong without a board is found here. */
	kiln_code (*check)(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
	kiln_code (*act)(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err);
	void (*done)(struct esptool *t); /* frees what check took; may be NULL */
	bool hidden;                     /* in no help; such stand last */
	bool nand;                       /* for a NAND flash only */
	bool secure;                     /* a chip in secure download mode can do it */
};

extern const struct opt esptool_options[];
/* Is there a command of this name? */
bool esptool_is_command(const char *word);
extern const struct esptool_command esptool_commands[]; /* ended by one without a name */

extern const struct opt esptool_only_help[];
kiln_code esptool_no_words(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
/* A size: a number, "4k", "2M", or "ALL" where *ret_all may be set (else NULL). */
kiln_code esptool_size(const char *text, uint32_t *ret_size, bool *ret_all, struct kiln_err *err);
/* Say an event in the tool's words; a text as it is. */
void esptool_event(void *user, const struct kiln_flash_event *event);
void esptool_say(struct esptool *t, const char *fmt, ...) KILN_PRINTF(2, 3);
/* A text that the next one of its kind takes the place of, on a terminal. */
void esptool_say_over(struct esptool *t, const char *fmt, ...) KILN_PRINTF(2, 3);
/* A text of passing interest: on a terminal it goes when something comes that stays. */
void esptool_say_passing(struct esptool *t, const char *fmt, ...) KILN_PRINTF(2, 3);
/* "Note: ..." or "WARNING: ...": version 5 tells the two apart. */
void esptool_note(struct esptool *t, const char *fmt, ...) KILN_PRINTF(2, 3);
/* "Warning: ..." or "WARNING: ...". */
void esptool_warn(struct esptool *t, const char *fmt, ...) KILN_PRINTF(2, 3);
/* End a line that was left open. */
void esptool_end_line(struct esptool *t);
/* Choose how the tool speaks: before anything is said. */
void esptool_speak(struct esptool *t);
void esptool_say_mac(struct esptool *t, const struct kiln_chip_info *info);
/* What options and commands are called in its dialect: in version 5 with '-' for '_'. */
unsigned esptool_rules(const struct esptool *t);

/* esptool_cfg.c: find the configuration file, say that it is there, and take what it says. */
void esptool_cfg_init(struct esptool_cfg *cfg);
void esptool_cfg_done(struct esptool_cfg *cfg);
kiln_code esptool_cfg_load(struct esptool *t, struct kiln_err *err);

/* esptool_ports.c: are these words filters for ports? Leave in a list what fits them. */
kiln_code esptool_check_filters(const struct opt_list *words, struct kiln_err *err);
void esptool_filter_ports(const struct opt_list *words, struct kiln_port_list *list);

/* <address> <file> ...; and are they what a flash can hold? */
kiln_code esptool_take_pairs(struct files *files, const struct opt_list *words,
			     struct kiln_err *err);
kiln_code esptool_take_files(struct files *files, const struct opt_list *words,
			     struct kiln_err *err);
/* The header values that the words mean for the chip at hand. */
kiln_code esptool_header_values(const struct esptool_write *w, const struct kiln_chip *chip,
				struct kiln_flash_job *job, struct kiln_err *err);

/* esptool_flash.c */
extern const struct opt esptool_read_options[];
extern const struct opt esptool_verify_options[];
extern const struct opt esptool_status_options[];
extern const struct opt esptool_set_status_options[];
kiln_code esptool_flash_id(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_read_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_read_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
/* ALL is what is behind the address; `verb` is for errors. */
kiln_code esptool_settle_region(struct esptool *t, struct esptool_region *r, const char *verb,
				struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_status_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_set_status_check(struct esptool *t, const struct opt_list *words,
				   struct kiln_err *err);
kiln_code esptool_set_status_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);

extern const struct opt esptool_sfdp_options[];
extern const struct opt esptool_flash_only[]; /* --spi-connection and --help */
kiln_code esptool_sfdp_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_sfdp_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);

/* esptool_diff.c: what --encrypt and --encrypt-files, and what --diff-with and its like, ask for */
kiln_code esptool_take_encrypted(struct esptool_write *w, struct kiln_err *err);
kiln_code esptool_take_old(struct esptool_write *w, const struct opt_list *words,
			   struct kiln_err *err);
void esptool_old_done(struct esptool_write *w);

/* esptool_ram.c */
kiln_code esptool_ram_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_ram_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);

/* esptool_wiring.c */
#define ESPTOOL_WIRING                                                                  \
	{                                                                               \
		.name = "spi-connection", .arg = "WHERE", .kind = OPT_STRING,           \
		.offset = offsetof(struct esptool, wiring),                             \
		.help = "flash chip at SPI, HSPI, or pins CLK,Q,D,HD,CS", .alias = "sc" \
	}
/* What the option said, into t->flasher. Fails with: E_INVALID. */
kiln_code esptool_settle_wiring(struct esptool *t, struct kiln_err *err);

/* What options of the flash's size mean for the chip at hand; KILN_FLASH_KEEP or _DETECT too. */
kiln_code esptool_size_value(const char *name, const struct kiln_chip *chip, int64_t *ret_size,
			     struct kiln_err *err);
/* "Configuring flash size...", and what goes with it; `size`: the option, or NULL. */
void esptool_size_asked(struct esptool *t, const struct kiln_flasher *f, const char *size);

/* esptool_verify.c */
kiln_code esptool_verify_check(struct esptool *t, const struct opt_list *words,
			       struct kiln_err *err);
kiln_code esptool_verify_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);

/* esptool_memory.c */
kiln_code esptool_peek_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_peek_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_poke_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_poke_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_dump_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_dump_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_security_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);

/* What options about flash take, ended by NULL: "keep" first, in sizes "detect" second. */
extern const char *const esptool_freqs[], *const esptool_modes[], *const esptool_sizes[];

/* esptool_files.c, esptool_merge.c: files only */
kiln_dialect esptool_words(const struct esptool *t);
/* There is no board that could be asked. Fails with: E_INVALID. */
kiln_code esptool_need_chip(const struct esptool *t, struct kiln_err *err);
void esptool_put(struct esptool *t, struct kiln_buf *text); /* print and free it */
extern const struct opt esptool_info_options[], esptool_elf_options[], esptool_make_options[],
	esptool_merge_options[];
kiln_code esptool_one_file(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_info_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_elf_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_elf_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
kiln_code esptool_make_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err);
kiln_code esptool_make_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
void esptool_make_done(struct esptool *t);
kiln_code esptool_merge_check(struct esptool *t, const struct opt_list *words,
			      struct kiln_err *err);
kiln_code esptool_merge_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err);
void esptool_merge_done(struct esptool *t);

extern const struct opt esptool_write_options[];
kiln_code esptool_write_check(struct esptool *t, const struct opt_list *words,
			      struct kiln_err *err);
kiln_code esptool_write_act(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err);
void esptool_write_done(struct esptool *t);

/* Turn the options' words into what the engine takes. Fails with: E_INVALID. */
kiln_code esptool_settle(struct esptool *t, struct kiln_err *err);

/* Do the command on the port that was named, or on the first that answers. */
kiln_code esptool_session(struct esptool *t, struct kiln_err *err);

#endif
