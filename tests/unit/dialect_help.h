/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_DIALECT_HELP_H
#define KILN_TESTS_DIALECT_HELP_H

#include "unit.h"

#include "cli/dialect.h"

/* The chip of the page that shows esptool's texts. */
extern const struct kiln_chip_info told_chip;

/* Tell the dialect of an event; from the stage on that finds the chip, it is told_chip. */
void feed(struct dialect_run *run, struct kiln_buf *out, struct kiln_flash_event event);

#endif
