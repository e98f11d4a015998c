/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_H
#define KILN_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/chip.h>
#include <kiln/err.h>
#include <kiln/link.h>

/*
 * Flashing: one engine for every face. It reports what it does as events (data, never text); the
 * faces turn them into esptool's lines, a progress bar, JSON or HTML.
 *
 *	kiln_flasher_open(&host, "/dev/ttyUSB0", &opts, &flasher, &err);   reset, sync, detect
 *	kiln_flasher_prepare(flasher, &err);                               stub, baud, flash size
 *	kiln_flasher_write(flasher, &job, &err);                           erase, write, verify
 *	kiln_flasher_close(flasher, &err);                                 reset as asked, free
 */
typedef enum kiln_flash_stage {
	KILN_FLASH_CONNECTING = 1, /* a round of tries begins; item: port */
	KILN_FLASH_TRY,            /* one try without an answer; done: how many this round */
	KILN_FLASH_CONNECTED,      /* the ROM (or a stub that runs already) answers */
	KILN_FLASH_DETECT_SWITCH, /* the chip does not know GET_SECURITY_INFO: connect again, ask by
				     magic */
	KILN_FLASH_DETECTED,      /* chip family known; only if it was asked for; item: its name */
	KILN_FLASH_CHIP,          /* chip points to all that it says of itself */
	KILN_FLASH_STUB_UPLOAD,
	KILN_FLASH_STUB_START,
	KILN_FLASH_STUB_RUNNING, /* done == 1: it ran already, nothing was uploaded */
	KILN_FLASH_BAUD,         /* total: the new baud */
	KILN_FLASH_BAUD_CHANGED,
	KILN_FLASH_SIZE_ASKED,    /* flash size and parameters are being set; done: 1: to what the
				     chip says of itself, and by a ROM */
	KILN_FLASH_SIZE_DETECTED, /* only for a job whose size is DETECT. total: bytes */
	KILN_FLASH_ERASING,       /* the whole chip (total 0), or address and total: bytes */
	KILN_FLASH_ERASED,        /* elapsed_ms */
	KILN_FLASH_WILL_ERASE,    /* address, total: bytes, sector-aligned; done: how many of them
				     stand before the file */
	KILN_FLASH_FILE,          /* a file begins; address, total: bytes; item; block of blocks;
				     done: 1: it is for a ROM, which erases before it takes data */
	KILN_FLASH_PARAMS,        /* total: the two header bytes, mode << 8 | size_freq */
	KILN_FLASH_REDIGESTED,    /* the image's SHA-256 was computed anew after the patch */
	KILN_FLASH_FILE_ERASE,    /* what WILL_ERASE said of this file, now that it is its turn */
	KILN_FLASH_COMPRESSED,    /* done: compressed bytes, total: plain bytes */
	KILN_FLASH_WRITING,   /* address; done, total: wire bytes; item: file. Once a block, as it
				 goes out */
	KILN_FLASH_WROTE,     /* address, total: plain bytes, done: compressed (0: not compressed),
				 elapsed_ms; block: 1: a block of NAND flash */
	KILN_FLASH_VERIFYING, /* address, total: bytes; item: file */
	KILN_FLASH_VERIFIED,
	KILN_FLASH_LEAVING,   /* all files are done */
	KILN_FLASH_RESET,     /* total: enum kiln_after that is being done */
	KILN_FLASH_WARNING,   /* item: a sentence for the user; the job goes on. done: 1: what
				 WILL_ERASE and FILE_ERASE say too */
	KILN_FLASH_READING,   /* address; done, total: bytes */
	KILN_FLASH_READ,      /* of programs that read: address, total: bytes, elapsed_ms */
	KILN_FLASH_COMPARING, /* address, total: bytes; item: file. What stands there is asked for
			       */
	KILN_FLASH_COMPARED, /* address; done: bytes that stand there already, total: of the file */
	KILN_FLASH_DIFFERS,  /* after COMPARED, for each run of sectors: address, total: bytes;
				done == 1: they are erased, nothing is sent */
	KILN_FLASH_WIRING,   /* the flash chip is connected. block: 1: a NAND flash. total: 1 if
				`wiring` said how, done: 1 if   the chip's eFuses did; item: how,
				NULL:   as usual. Not of a stub that   connects by itself. Comes
				before   SIZE_ASKED */
	KILN_FLASH_SUPPLY,   /* the flash chip's voltage was set; item: to what. Before BAUD */
	KILN_FLASH_LOADING,  /* address, total: bytes of a segment for RAM; block, blocks: which;
				item: file */
	KILN_FLASH_LOADED,   /* all segments, of which there are blocks; address: where the program
				begins; item. It runs now */
	KILN_FLASH_NOTE,     /* item: a sentence for the user, less than a warning */
	KILN_FLASH_CHANGED,  /* address, item: of a file with `old` some sectors are written */
	KILN_FLASH_REFLASHING, /* address, total: bytes of such sectors; FILE_ERASE.. follow */
	KILN_FLASH_UNCHANGED, /* of a file with `old`: none has changed. done: 1: that is trusted */
	KILN_FLASH_STANDS,    /* address, item: it stands there already; done: 1: and is skipped */
	KILN_FLASH_UNVERIFIED,  /* address, item: what is encrypted can't be read back */
	KILN_FLASH_PLAIN,       /* instead of COMPRESSED: it would not become smaller, and is sent
				   as it is. done: bytes it would have, total: plain bytes; item;
				   block: 1: it is a part of its file */
	KILN_FLASH_ROM_ERASING, /* a ROM erases what comes now; after PLAIN, before COMPRESSED */
	KILN_FLASH_ROM_ERASED,  /* elapsed_ms */
	KILN_FLASH_PLUGIN, /* a part goes up beside the stub. done: bytes of the stub's code, total:
			      of its own; item: its name. Before STUB_UPLOAD */
	KILN_FLASH_BAD_BLOCK, /* address of a block of NAND flash that is left out; total: enum
				 kiln_nand_work */
	KILN_FLASH_RETRY,     /* address; item: why. A block or file is sent once more */
	KILN_FLASH_GONE,      /* the port went away, and is waited for; item: which, elapsed_ms:
				 how long at most. BACK follows, or the job fails */
	KILN_FLASH_BACK,      /* it is there again; item: under which name. The board is reset,
				 CONNECTING.. to BAUD_CHANGED follow, and the step begins anew */
} kiln_flash_stage;

/*
 * The order in a whole job is that of the list above, but for: CONNECTING..CONNECTED come twice
 * around DETECT_SWITCH; ERASING, ERASED come before WILL_ERASE, which then is left out (a job with
 * erase_all); all WILL_ERASE come first, then for each file FILE, PARAMS and REDIGESTED (if its
 * header was changed), FILE_ERASE (as WILL_ERASE), COMPRESSED (or PLAIN; unless no_compress),
 * WRITING.., WROTE, VERIFYING, VERIFIED. A job with `diff` has no WILL_ERASE and FILE_ERASE,
 * COMPARING, COMPARED and DIFFERS.. (if it was worth while) before COMPRESSED, and of a file that
 * stands there already none from DIFFERS to WROTE. chip->flash_id and flash_size are known from the
 * end of SIZE_ASKED on.
 */
struct kiln_flash_event {
	kiln_flash_stage stage;
	uint32_t address;
	uint64_t done, total;
	unsigned block,
		blocks;  /* of WRITING: this is block 1..blocks of its file; FILE: of the job */
	uint64_t before; /* of WRITING and READING: bytes that came before this block */
	kiln_ms elapsed_ms;
	const char *item;                  /* borrowed for the call; may be NULL */
	const struct kiln_chip_info *chip; /* from KILN_FLASH_CHIP on */
};

typedef enum kiln_before {
	KILN_BEFORE_DEFAULT_RESET,
	KILN_BEFORE_USB_RESET,
	KILN_BEFORE_NO_RESET,
	KILN_BEFORE_NO_RESET_NO_SYNC
} kiln_before;
typedef enum kiln_after {
	KILN_AFTER_HARD_RESET,
	KILN_AFTER_SOFT_RESET,
	KILN_AFTER_NO_RESET,
	KILN_AFTER_NO_RESET_STUB,
	KILN_AFTER_WATCHDOG_RESET
} kiln_after;

/* Where the flash chip is connected, if not where the package has it. */
typedef enum kiln_wiring {
	KILN_WIRING_DEFAULT,
	KILN_WIRING_SPI,
	KILN_WIRING_HSPI,
	KILN_WIRING_PINS
} kiln_wiring;
enum { KILN_FLASH_PINS = 5 }; /* CLK, Q, D, HD, CS */
struct kiln_flash_wiring {
	kiln_wiring kind;
	uint8_t pins[KILN_FLASH_PINS]; /* numbers, of PINS */
};

/* What an ESP32 feeds its flash chip with, until the next reset. Use with care. */
typedef enum kiln_supply {
	KILN_SUPPLY_KEEP,
	KILN_SUPPLY_1V8,
	KILN_SUPPLY_1V9,
	KILN_SUPPLY_OFF
} kiln_supply;

/* How long things may take, in milliseconds; 0: as long as usual. */
struct kiln_flash_limits {
	kiln_ms answer;                                 /* what takes no time on the chip (3000) */
	kiln_ms longest;                                /* anything at all (240000) */
	kiln_ms sync;                                   /* one SYNC (100) */
	kiln_ms erase_chip;                             /* (120000) */
	kiln_ms md5_per_mb, erase_per_mb, write_per_mb; /* (8000, 40000, 40000) */
	kiln_ms start_from_rom;                         /* a program in memory (200) */
	kiln_ms port_write;                             /* (10000) */
	kiln_ms reset_delay;  /* IO0 is held low so long after a reset (50, and 550 in turn) */
	unsigned block_tries; /* how often a block is sent (3) */
};

/*
 * A speed that finds itself. The job begins at options.baud; before much is sent it climbs as far
 * as the chip, the adapter and the cable carry a proof, and when the wire fails it goes down and
 * on from what is in the flash by then. What was found may be kept for the adapter.
 */
struct kiln_flash_speed {
	unsigned known;   /* in: what was found for this adapter before: no climbing; 0: nothing */
	bool try_next;    /* in: but for one step above it, if the job is worth it */
	unsigned ceiling; /* in: not beyond this; 0: 2,000,000 */
	unsigned used;    /* out: at which the job ended; 0: options.baud */
	bool proven;      /* out: `used` was found by this job, and is worth to be kept */
};

struct kiln_port; /* kiln/port.h */

struct kiln_flasher_options {
	const struct kiln_chip *chip;   /* NULL: detect */
	unsigned baud;                  /* after connecting; 0 = 115200 */
	struct kiln_flash_speed *speed; /* borrowed while the flasher lives; NULL: baud is kept */
	kiln_before before;
	kiln_after after;
	bool no_stub;
	/*
	 * Fewest round trips: a chip that its magic register tells is not asked for its security
	 * info (which costs a second reset where it is not known), and the baud is raised before
	 * the stub is uploaded, where the ROM can. Then BAUD and BAUD_CHANGED come before
	 * STUB_UPLOAD, and DETECT_SWITCH is rare.
	 */
	bool quick;
	bool nand;            /* work with a NAND flash at `wiring`, by a plugin of the stub */
	bool one_reset;       /* a chip is asked by magic without another reset: no DETECT_SWITCH */
	bool pack_always;     /* compress even what does not become smaller: no PLAIN */
	int connect_attempts; /* 0 = 7, negative = for ever */
	/*
	 * A port that goes away while it is worked with is waited for so long, and the job goes on
	 * with what is missing. 0: that is an error at once. `port` tells what the port is, so that
	 * it is found under another name too; borrowed while the flasher lives, NULL: by its URL.
	 */
	kiln_ms return_ms;
	const struct kiln_port *port;
	struct kiln_flash_wiring wiring;
	kiln_supply supply;
	struct kiln_flash_limits limits;
	/*
	 * Ways to reset the board, instead of the usual: "D0|R1|W0.1|D1|R0|W0.05|D0". D is DTR, R
	 * is RTS, U both at once ("U0,1"), W seconds to wait. 1 is asserted: the line is low.
	 * Borrowed until the flasher is closed; NULL: the usual.
	 */
	const char *reset_sequence, *hard_reset_sequence;
	void (*event)(void *user, const struct kiln_flash_event *event); /* may be NULL */
	void *user;
};

/* What a job's mode, freq and size say if the image's header is to stay as it is. */
#define KILN_FLASH_KEEP (-1)
#define KILN_FLASH_DETECT (-2) /* size only: as large as the flash chip */

struct kiln_flash_file {
	uint32_t address;
	const char *name;    /* for messages */
	const uint8_t *data; /* borrowed until the write returns */
	size_t size;
	bool encrypt;       /* the chip encrypts it as it is written, with the key in its eFuses */
	const uint8_t *old; /* what is thought to stand there: only what differs from it is
			       written; NULL: not known */
	size_t old_size;
};

/*
 * Files made ready for the wire, once: compressed before the first port is opened, and for any
 * number of boards. It is not changed any more, so flashers of several threads may share one; it
 * borrows the files' bytes until it is freed.
 *
 *	kiln_flash_pack_new(files, n, &pack, &err);
 *	struct kiln_flash_job job = KILN_FLASH_JOB_INIT(files, n);
 *	job.pack = pack;
 *	for each board: kiln_flasher_write(flasher, &job, &err);
 *	kiln_flash_pack_free(pack);
 */
struct kiln_flash_pack;
/* Fails with: E_NOMEM. */
KILN_API KILN_CHECK kiln_code kiln_flash_pack_new(const struct kiln_flash_file *files,
						  size_t n_files, struct kiln_flash_pack **ret_pack,
						  struct kiln_err *err);
KILN_API void kiln_flash_pack_free(struct kiln_flash_pack *pack);

/*
 * What was last written to a board, sector by sector: the first guess at what differs from the next
 * file, which saves asking for it. Only a guess: it is tried on a few sectors, the file is verified
 * whole in any case, and what was wrong is found and written then. A program keeps the bytes for
 * each board (by MAC) from one time to the next.
 *
 *	kiln_flash_recall_new(saved, n, &recall, &err);   NULL, 0: nothing is known yet
 *	job.recall = recall;
 *	kiln_flasher_write(flasher, &job, &err);          brings it up to date
 *	saved = kiln_flash_recall_bytes(recall, &n);
 *	kiln_flash_recall_free(recall);
 */
struct kiln_flash_recall;
/* Bytes that make no sense are taken for none. Fails with: E_NOMEM. */
KILN_API KILN_CHECK kiln_code kiln_flash_recall_new(const void *saved, size_t n,
						    struct kiln_flash_recall **ret_recall,
						    struct kiln_err *err);
KILN_API const void *kiln_flash_recall_bytes(const struct kiln_flash_recall *recall, size_t *ret_n);
KILN_API void kiln_flash_recall_free(struct kiln_flash_recall *recall);

/* Begin with KILN_FLASH_JOB_INIT: a mode, freq or size of 0 is a setting. */
struct kiln_flash_job {
	const struct kiln_flash_file *files;
	size_t n_files;
	struct kiln_flash_recall *recall;   /* of this board; NULL: none */
	const struct kiln_flash_pack *pack; /* of these files; NULL: they are packed as needed */
	bool erase_all;
	bool no_compress;
	bool diff;        /* ask what stands there, and write only sectors that differ */
	bool skip_same;   /* ask for each file whether it stands there, and write it only if not */
	bool keep_header; /* whatever mode, freq and size say */
	bool is_cipher;   /* the chip decrypts what it reads: what it boots looks like anything */
	bool trust;       /* a file that is the same as `old` is not even asked for */
	bool force;
	bool ignore_encryption_efuses; /* encrypt even if they are not burnt for it */
	int mode;     /* header value (0 qio 1 qout 2 dio 3 dout) or KILN_FLASH_KEEP */
	int freq;     /* header nibble or KILN_FLASH_KEEP */
	int64_t size; /* bytes, KILN_FLASH_KEEP or KILN_FLASH_DETECT */
};
#define KILN_FLASH_JOB_INIT(first_file, n)                                      \
	{                                                                       \
		.files = (first_file), .n_files = (n), .mode = KILN_FLASH_KEEP, \
		.freq = KILN_FLASH_KEEP, .size = KILN_FLASH_KEEP                \
	}

/*
 * Check what can be checked of files without a board: that none is empty, that their addresses
 * are possible and that no two share a flash sector. kiln_flasher_write does this and more; here
 * it is for programs that want to know before they open a port.
 * Fails with: E_INVALID, E_OVERLAP, E_NOMEM.
 */
KILN_API KILN_CHECK kiln_code kiln_flash_check_files(const struct kiln_flash_file *files,
						     size_t n_files, struct kiln_err *err);

struct kiln_flasher;

/* Fails with: what kiln_link_open fails with, E_NO_SYNC, E_WRONG_MODE, E_WRONG_CHIP, E_PROTOCOL. */
KILN_API KILN_CHECK kiln_code kiln_flasher_open(const struct kiln_host *host, const char *url,
						const struct kiln_flasher_options *options,
						struct kiln_flasher **ret_flasher,
						struct kiln_err *err);
KILN_API const struct kiln_chip_info *kiln_flasher_chip(const struct kiln_flasher *flasher);
/* Upload the stub (unless no_stub), change the baud. Fails with: E_PROTOCOL, E_REFUSED, E_TIMEOUT.
 */
KILN_API KILN_CHECK kiln_code kiln_flasher_prepare(struct kiln_flasher *flasher,
						   struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_flasher_erase_all(struct kiln_flasher *flasher,
						     struct kiln_err *err);
/* Address and size must be multiples of 4096. Fails with: E_INVALID, E_TOO_BIG, and as above. */
KILN_API KILN_CHECK kiln_code kiln_flasher_erase_region(struct kiln_flasher *flasher,
							uint32_t address, uint32_t size,
							struct kiln_err *err);
/*
 * Check the whole job first (files, sizes, overlaps, chip), then erase, write and verify.
 * Fails with: E_IMAGE, E_WRONG_CHIP, E_TOO_BIG, E_OVERLAP, E_INVALID (nothing was written);
 * E_REFUSED, E_TIMEOUT, E_PORT_GONE, E_VERIFY (hint says what state the board is in).
 */
KILN_API KILN_CHECK kiln_code kiln_flasher_write(struct kiln_flasher *flasher,
						 const struct kiln_flash_job *job,
						 struct kiln_err *err);
/*
 * Read `size` bytes at `address` into `ret_data`, checked by digest.
 * Fails with: E_TOO_BIG, E_VERIFY, E_REFUSED, E_TIMEOUT, E_PORT_GONE.
 */
KILN_API KILN_CHECK kiln_code kiln_flasher_read(struct kiln_flasher *flasher, uint32_t address,
						void *ret_data, size_t size, struct kiln_err *err);
/*
 * The same for any size: checked pieces go to `take` in order, none over 256 KB, so memory does not
 * grow with the size. A piece that did not arrive whole is read again (RETRY) before it is taken.
 * Fails with: as above, and what `take` fails with.
 */
typedef kiln_code (*kiln_flash_taker)(void *user, const uint8_t *piece, size_t n,
				      struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_flasher_read_to(struct kiln_flasher *flasher, uint32_t address,
						   uint32_t size, kiln_flash_taker take, void *user,
						   struct kiln_err *err);
/* Does flash hold these bytes, by its digest? Fails with: E_TOO_BIG, E_REFUSED, E_TIMEOUT. */
KILN_API KILN_CHECK kiln_code kiln_flasher_holds(struct kiln_flasher *flasher, uint32_t address,
						 const void *data, size_t n, bool *ret_same,
						 struct kiln_err *err);
/* Ask the flash chip for its id and size, if that was not done before: kiln_flasher_chip() has
 * them then; both are 0 if it does not tell. */
KILN_API KILN_CHECK kiln_code kiln_flasher_identify(struct kiln_flasher *flasher,
						    struct kiln_err *err);
/* A word of the chip's memory or registers. Of a write, only the bits of `mask` change. */
KILN_API KILN_CHECK kiln_code kiln_flasher_peek(struct kiln_flasher *flasher, uint32_t address,
						uint32_t *ret_value, struct kiln_err *err);
KILN_API KILN_CHECK kiln_code kiln_flasher_poke(struct kiln_flasher *flasher, uint32_t address,
						uint32_t value, uint32_t mask,
						struct kiln_err *err);
/*
 * Load an image's segments into the chip's memory and run it. There is no way back but a reset, so
 * end with kiln_flasher_abandon. Fails with: E_IMAGE, E_OVERLAP (the stub stands there), E_REFUSED.
 */
KILN_API KILN_CHECK kiln_code kiln_flasher_load_ram(struct kiln_flasher *flasher,
						    const struct kiln_flash_file *file,
						    struct kiln_err *err);
/* The time of the flasher's link. */
KILN_API kiln_ms kiln_flasher_now(const struct kiln_flasher *flasher);
/* Where its port is now: it may have come back under another name. Borrowed; "": it is gone. */
KILN_API const char *kiln_flasher_url(const struct kiln_flasher *flasher);
/* How long ago on that clock its port was opened, times without a port included. */
KILN_API kiln_ms kiln_flasher_elapsed(const struct kiln_flasher *flasher);
/* Counters of the port, from open to now (or to the last reopening). */
KILN_API void kiln_flasher_stats(const struct kiln_flasher *flasher,
				 struct kiln_link_stats *ret_stats);
/* Do the reset that the options name, close the port, free; also after a failure. */
KILN_API kiln_code kiln_flasher_close(struct kiln_flasher *flasher, struct kiln_err *err);
/* Close and free without touching the chip. */
KILN_API void kiln_flasher_abandon(struct kiln_flasher *flasher);

#endif
