/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_FLASHER_H
#define KILN_FLASH_FLASHER_H

#include <kiln/flash.h>

#include "loader/reset.h"
#include "loader/session.h"

enum {
	KILN_FLASH_WORD = 4,
	KILN_FLASH_SECTOR = 4096,
	KILN_FLASH_24BIT = 16 << 20,       /* what an address of three bytes reaches */
	KILN_FLASH_DEFAULT_SIZE = 4 << 20, /* where it can't be found out */

	/* milliseconds: what the slowest chips take, after Espressif's own limits */
	KILN_FLASH_ERASE_CHIP_MS = 120 * 1000,
	KILN_FLASH_MAX_MS = 240 * 1000,
	KILN_FLASH_ERASE_MS_PER_MB = 40 * 1000,
	KILN_FLASH_WRITE_MS_PER_MB = 40 * 1000,
	KILN_FLASH_MD5_MS_PER_MB = 8 * 1000,
};

/* What is known of a NAND flash: nand.h. */
struct kiln_nand {
	bool attached;
	uint8_t blocks[1024]; /* enum nand_block: nand.c */
};

struct kiln_flasher {
	struct kiln_flasher_options options;
	struct kiln_loader loader;
	struct kiln_chip_info info;
	kiln_ms opened;                   /* when the port was, on its own clock */
	kiln_ms spent;                    /* before that, with a port that went away */
	unsigned times_gone;              /* that it did, since anything got done */
	struct kiln_flash_recall *recall; /* of the job */
	bool guessed;                     /* what differs is only believed to be all that does */
	bool has_info;
	bool attached;        /* the flash chip is set up, its id and size were read */
	const void *same;     /* file of the plan that stands in the flash already, all of it */
	bool dirty;           /* where the file at hand goes the flash is not blank */
	const void *by_parts; /* file of which only some sectors were written */
	const void *skipped;  /* file of the plan that was not written, nor needs to be verified */
	bool resumed;         /* a part of the step was done before the wire failed it */
	unsigned faults_at;   /* the baud at which the wire failed once */
	uint64_t stood;       /* bytes of the file at hand that stood there when it was looked */
	bool no_lines;        /* the port can't reset the board */
	uint64_t given_size;  /* of the flash, as the caller said; 0: as the flash chip says */
	bool one_by_one;      /* the loader takes one register a request */
	bool has_reset, has_hard_reset; /* the options say how */
	kiln_ms erased_ms; /* how long a ROM erased for the file at hand, before it took a byte */
	struct kiln_nand nand;
	struct kiln_reset_sequence reset, hard_reset;
};

void kiln_flasher_emit(const struct kiln_flasher *f, struct kiln_flash_event event);
void kiln_flasher_note(const struct kiln_flasher *f, const char *text);
/* leave.c: can the session end as it shall, with this chip? Fails with: E_UNSUPPORTED. */
kiln_code kiln_flasher_check_leaving(const struct kiln_flasher *f, struct kiln_err *err);
void kiln_flasher_warn(const struct kiln_flasher *f, const char *fmt, ...) KILN_PRINTF(2, 3);

typedef enum kiln_flash_work { KILN_WORK_ERASE, KILN_WORK_WRITE, KILN_WORK_MD5 } kiln_flash_work;
/* Reset a chip that fell silent, and bring it to where prepare left it. */
bool kiln_flasher_can_bring_back(const struct kiln_flasher *f, kiln_code code);
kiln_code kiln_flasher_bring_back(struct kiln_flasher *f, struct kiln_err *err);
/* What prepare does, on a port that stays. */
kiln_code kiln_flasher_get_ready(struct kiln_flasher *f, struct kiln_err *err);
unsigned kiln_flasher_first_baud(const struct kiln_flasher *f);

/* flasher.c: reset a chip and connect to its ROM at the first speed; the same with the chip that is
 * known already, and made ready for work; change the speed; why that can't be, in words, or NULL.
 */
kiln_code kiln_flasher_reconnect(struct kiln_flasher *f, struct kiln_err *err);
kiln_code kiln_flasher_start_over(struct kiln_flasher *f, struct kiln_err *err);
kiln_code kiln_flasher_raise_baud(struct kiln_flasher *f, unsigned baud, struct kiln_err *err);
const char *kiln_flasher_why_no_baud(const struct kiln_flasher *f);

/* read.c: as kiln_flasher_read, but what did not arrive whole fails at once. */
kiln_code kiln_flasher_read_once(struct kiln_flasher *f, uint32_t address, void *ret_data,
				 size_t size, struct kiln_err *err);

/* A time limit that grows with the work; at least the loader's own. */
kiln_ms kiln_flasher_timeout(const struct kiln_flasher *f, kiln_flash_work work, uint64_t bytes);

/* spiflash.c: connect the loader to the flash chip, ask for its id and size. Once is enough. */
kiln_code kiln_flasher_find_flash(struct kiln_flasher *f, struct kiln_err *err);
kiln_code kiln_flasher_read_id(struct kiln_flasher *f, uint32_t *ret_id, struct kiln_err *err);
/* The same, and tell the loader its size: bytes, KILN_FLASH_KEEP or KILN_FLASH_DETECT. */
kiln_code kiln_flasher_attach(struct kiln_flasher *f, int64_t size, struct kiln_err *err);
/* First address beyond the flash, as it is known; 0: it is not. */
uint64_t kiln_flasher_flash_end(const struct kiln_flasher *f);
/* Size in bytes that a JEDEC id tells, 0 if it does not. Pure. */
uint64_t kiln_jedec_size(uint32_t id);
/* The word that says where the flash chip is. Fails with: E_UNSUPPORTED, E_INVALID (no such pins).
 */
kiln_code kiln_flasher_wired_word(struct kiln_flasher *f, uint32_t *ret_word, struct kiln_err *err);
/* Say where. */
void kiln_flasher_tell_wiring(const struct kiln_flasher *f, uint32_t word, bool asked_for);
/* Can the loader that runs reach the flash up to `end`? Fails with: E_UNSUPPORTED. */
kiln_code kiln_flasher_check_reach(const struct kiln_flasher *f, uint64_t end,
				   struct kiln_err *err);
/* False for a loader without digests: the ESP8266's ROM, and any in secure download mode. */
static inline bool kiln_flasher_has_md5(const struct kiln_flasher *f)
{
	return f->loader.is_stub || !(f->loader.chip->rom_is_old || f->loader.secure_download);
}
/* An id that no chip has: nothing is connected, or it is not powered. */
bool kiln_jedec_is_valid(uint32_t id);

/* erase.c */
kiln_code kiln_flasher_erase_chip(struct kiln_flasher *f, struct kiln_err *err);

/*
 * guard.c: may flash be erased? Not that of a chip with secure boot or encryption, unless the user
 * insists. Fails with: E_DENIED, and what reading fails with.
 */
kiln_code kiln_flasher_check_erase(struct kiln_flasher *f, struct kiln_err *err);

kiln_code kiln_flasher_erase_sectors(struct kiln_flasher *f, uint32_t address, uint32_t size,
				     struct kiln_err *err);
/* security.c, status.c: what tools for looking into a chip ask for. `bytes`: 1 to 3. */
kiln_code kiln_flasher_security(struct kiln_flasher *flasher, struct kiln_security_info *ret_info,
				struct kiln_err *err);
kiln_code kiln_flasher_read_status(struct kiln_flasher *flasher, unsigned bytes,
				   uint32_t *ret_status, struct kiln_err *err);
kiln_code kiln_flasher_write_status(struct kiln_flasher *flasher, unsigned bytes, uint32_t status,
				    bool non_volatile, struct kiln_err *err);

/* The flash chip's SFDP table (JEDEC JESD216), 1 to 4 bytes of it. */
kiln_code kiln_flasher_read_sfdp(struct kiln_flasher *flasher, uint32_t address, unsigned bytes,
				 uint8_t *ret_bytes, struct kiln_err *err);

/* md5.c: the digest of `size` bytes of flash, and of bytes here. */
kiln_code kiln_flasher_md5(struct kiln_flasher *f, uint32_t address, uint32_t size,
			   uint8_t ret_md5[16], struct kiln_err *err);
/* The same for several places, the next asked for before this one is answered. */
struct kiln_flash_place {
	uint32_t address, size;
};
kiln_code kiln_flasher_md5s(struct kiln_flasher *f, const struct kiln_flash_place *places, size_t n,
			    uint8_t (*ret_md5s)[16], struct kiln_err *err);
kiln_code kiln_md5(const void *data, size_t n, uint8_t ret_md5[16], struct kiln_err *err);

#endif
