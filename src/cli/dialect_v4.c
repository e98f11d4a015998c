/* SPDX-License-Identifier: Apache-2.0 */
/* What esptool.py v4 says otherwise than v3: whole revisions, whole addresses. */
#include "cli/dialect.h"

static const struct dialect_row rows[] = {
	{ KILN_FLASH_CHIP, DIALECT_SECURE, 0, "Chip is {description}", DIALECT_LINE },
	{ KILN_FLASH_CHIP, DIALECT_ALWAYS, 0,
	  "Chip is {description}{full_revision}\nFeatures: {features}\n"
	  "Crystal is {crystal}\n{mac_lines}",
	  DIALECT_LINE },
	{ KILN_FLASH_SIZE_ASKED, DIALECT_DONE, 1,
	  "Configuring flash size...\n"
	  "WARNING: In case of failure, please set a specific --flash_size.",
	  DIALECT_LINE },
	{ KILN_FLASH_READ, DIALECT_ALWAYS, 0,
	  "Read {total} bytes at {address} in {seconds} seconds ({kbits} kbit/s)...",
	  DIALECT_LINE },
	{ 0 },
};

const struct dialect dialect_esptool_v4 = { "esptool.py", "4.8.1", rows, 5, &dialect_esptool_v3 };
