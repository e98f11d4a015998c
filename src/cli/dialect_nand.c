/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What esptool v5 says of NAND flash, before all that it says otherwise. No other version has words
 * for it, so all say the same.
 */
#include "cli/dialect.h"

#include "flash/nand.h"

static const struct dialect_row rows[] = {
	{ KILN_FLASH_PLUGIN, DIALECT_ALWAYS, 0,
	  "Stub: {done_kb} KB (base) + {total_kb} KB ({item})", DIALECT_LINE },
	{ KILN_FLASH_WIRING, DIALECT_PART, 0, "Configuring SPI NAND flash mode ({item})...",
	  DIALECT_LINE },
	{ KILN_FLASH_BAD_BLOCK, DIALECT_TOTAL, KILN_NAND_WRITES,
	  "Found bad block at {address}, trying next block!", DIALECT_LINE },
	{ KILN_FLASH_BAD_BLOCK, DIALECT_TOTAL, KILN_NAND_READS,
	  "Skipping bad block at {address} during read", DIALECT_LINE },
	{ KILN_FLASH_BAD_BLOCK, DIALECT_TOTAL, KILN_NAND_VERIFIES,
	  "Skipping bad block at {address} during verify", DIALECT_LINE },
	{ KILN_FLASH_BAD_BLOCK, DIALECT_ALWAYS, 0, "Skipping bad block at {address} during erase",
	  DIALECT_LINE },
	{ KILN_FLASH_WROTE, DIALECT_PART, 0,
	  "Wrote {total} bytes at {address} in {seconds} seconds ({kbits} kbit/s).", DIALECT_LINE },
	{ 0 },
};

const struct dialect dialect_nand_v3 = { "esptool.py", "3.2", rows, 5, &dialect_esptool_v3 };
const struct dialect dialect_nand_v4 = { "esptool.py", "4.8.1", rows, 5, &dialect_esptool_v4 };
const struct dialect dialect_nand_v5 = { "esptool", "5.3.1", rows, 20, &dialect_esptool_v5 };
