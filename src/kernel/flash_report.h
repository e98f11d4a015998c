/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_FLASH_REPORT_H
#define KILN_KERNEL_FLASH_REPORT_H

#include <kiln/flash.h>

#include "kernel/flash_map.h"
#include "kernel/picture.h"

/*
 * A flash job as a cell shows it: the engine's events become a bar that moves, lines of text that
 * stay, and in the end a map of the flash.
 */
struct kiln_flash_report {
	struct kiln_kernel *k;
	const struct kiln_flash_file *file;
	struct kiln_display bar;
	struct kiln_flash_map map;
	uint64_t done, total; /* as the bar has them */
	uint64_t same;        /* bytes that stood there already */
};

/* Move the bar; total 0: nobody knows how long it takes. */
void kiln_flash_bar(struct kiln_flash_report *r, const char *what, uint64_t done, uint64_t total);
/* For kiln_flasher_options.event; `user` is the report. */
void kiln_flash_on_event(void *user, const struct kiln_flash_event *e);
void kiln_flash_report_end(struct kiln_flash_report *r, bool good);

#endif
