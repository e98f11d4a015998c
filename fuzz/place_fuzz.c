/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a file that is to be flashed without an address: any bytes, and any partition
 * table and application behind a bootloader that is whole. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "flash/place.h"

enum { TABLE = 0x7000, TABLE_SIZE = 0xC00, APPLICATION = 0xF000, CHECKSUM = 47 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void place(const uint8_t *data, size_t n)
{
	struct kiln_flash_file file = { .name = "f", .data = data, .size = n };
	struct kiln_err err = KILN_ERR_INIT;
	const kiln_code code = kiln_flash_place(&file, &err);

	if (code == KILN_OK)
		return;
	assert(code == KILN_E_IMAGE || code == KILN_E_WRONG_CHIP);
	assert(err.what[0] && err.why[0]);
	assert(code != KILN_E_IMAGE || err.hint[0]);
}

/* One segment of 4 bytes for an ESP32: header, load address, length, data, zeros, checksum. */
static void put_bootloader(uint8_t *p)
{
	p[0] = 0xE9;
	p[1] = 1;
	kiln_put_le32(p + 24, 0x40080000);
	kiln_put_le32(p + 28, 4);
	p[CHECKSUM] = 0xEF;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const size_t table = n < TABLE_SIZE ? n : TABLE_SIZE, rest = n - table;
	uint8_t *whole;

	place(data, n);
	whole = calloc(1, APPLICATION + rest);
	if (!whole)
		return 0;
	put_bootloader(whole);
	memcpy(whole + TABLE, data, table);
	memcpy(whole + APPLICATION, data + table, rest);
	place(whole, APPLICATION + rest);
	free(whole);
	return 0;
}
