/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_FLASH_HELP_H
#define KILN_TESTS_FLASH_HELP_H

#include "sim_help.h"

#include <kiln/flash.h>

#include "support/image_maker.h"

/* Records what a flasher tells, and opens flashers on virtual boards. */
struct story {
	unsigned count[KILN_FLASH_BACK + 1];
	unsigned order[64]; /* stages, runs of the same one once */
	unsigned n_order;
	uint32_t last_address;
	uint64_t sizes[2]; /* done and total of the last COMPRESSED */
	unsigned last_block, blocks;
	bool blocks_in_order;
	kiln_ms wrote_ms, erased_ms; /* of the last WROTE, and of all ROM_ERASED */
	char warning[320];
};

struct kiln_flasher_options story_options(struct story *story);

/* The board at `url`, opened and prepared, or the test fails. */
struct kiln_flasher *story_open(struct story *story, const struct kiln_host *host,
				const struct kiln_flasher_options *options, const char *url);

/* Open, prepare, write, close; the first failure. */
kiln_code story_write(const struct kiln_host *host, const char *url,
		      const struct kiln_flasher_options *options, const struct kiln_flash_job *job,
		      struct kiln_err *err);

/* The flash of the board with this name; malloc'd. */
uint8_t *story_flash(const char *name, size_t *ret_size);
/* Fail unless the board's flash holds these files and FF elsewhere. */
void story_expect(const char *name, const struct kiln_flash_file *files, size_t n);

#define STORY_JOB(f, n)                                                                         \
	{                                                                                       \
		.files = (f), .n_files = (n), .mode = KILN_FLASH_KEEP, .freq = KILN_FLASH_KEEP, \
		.size = KILN_FLASH_KEEP                                                         \
	}

#endif
