/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second stage: the bootloader that the ROM started looks for an application in the partition
 * table. It is the same for MicroPython's and ESP-IDF's images, so the board plays it where there
 * is a table; an image without one is taken for a program that needs no second stage.
 */
#include "sim/boot.h"

#include <openssl/evp.h>

enum {
	TABLE = 0x8000,
	ROW = 32,
	ROWS_MAX = 95,
	MAGIC_ROW = 0x50AA,
	MAGIC_MD5 = 0xEBEB,
	MAGIC_IMAGE = 0xE9,
	HEADER = 24,
	SEGMENTS_MAX = 16,
	DIGEST = 32
};

struct app {
	const uint8_t *p; /* the partition */
	size_t n;
	uint32_t address;
};

#define SAY(out, ...) (void)kiln_buf_printf(out, "E (46) " __VA_ARGS__)

/* The image's end without its digest, 0 if a segment does not fit. */
static size_t image_end(const struct app *app, uint8_t *ret_checksum)
{
	size_t at = HEADER;
	uint8_t sum = 0xEF;

	for (unsigned i = 0; i < app->p[1]; i++) {
		uint32_t length;

		if (app->n - at < 8)
			return 0;
		length = kiln_get_le32(app->p + at + 4);
		at += 8;
		if (length > app->n - at)
			return 0;
		for (uint32_t k = 0; k < length; k++)
			sum ^= app->p[at + k];
		at += length;
	}
	*ret_checksum = sum;
	at = (at | 15) + 1;
	return at + DIGEST <= app->n ? at : 0;
}

static bool app_is_whole(const struct app *app, struct kiln_buf *out)
{
	uint8_t digest[DIGEST], sum = 0;
	size_t end;

	if (app->p[0] != MAGIC_IMAGE || app->p[1] > SEGMENTS_MAX) {
		SAY(out, "esp_image: image at 0x%x has invalid magic byte\r\n", app->address);
		return false;
	}
	end = image_end(app, &sum);
	if (end == 0) {
		SAY(out, "esp_image: invalid segment length\r\n");
		return false;
	}
	if (app->p[end - 1] != sum) {
		SAY(out, "esp_image: Checksum failed. Calculated 0x%x read 0x%x\r\n", sum,
		    app->p[end - 1]);
		return false;
	}
	if (app->p[HEADER - 1] != 1)
		return true;
	EVP_Digest(app->p, end, digest, NULL, EVP_sha256(), NULL);
	if (memcmp(digest, app->p + end, DIGEST) == 0)
		return true;
	SAY(out, "esp_image: Image hash failed - image is corrupt\r\n");
	return false;
}

static bool try_row(const struct sim_flash *flash, const uint8_t *row, struct kiln_buf *out)
{
	const uint32_t address = kiln_get_le32(row + 4), size = kiln_get_le32(row + 8);
	const struct app app = { flash->data + address, size, address };

	if (row[2] != 0) /* no application */
		return false;
	if (address >= flash->size || size > flash->size - address || size < HEADER + 16) {
		SAY(out, "flash_parts: partition exceeds flash chip size\r\n");
		return false;
	}
	if (app_is_whole(&app, out))
		return true;
	if (row[3] == 0)
		SAY(out, "boot: Factory app partition is not bootable\r\n");
	else
		SAY(out, "boot: OTA app partition slot %u is not bootable\r\n", row[3] & 15u);
	return false;
}

bool sim_boot_app(const struct sim_flash *flash, struct kiln_buf *out)
{
	const uint8_t *row = flash->data + TABLE;

	if (kiln_get_le16(row) != MAGIC_ROW)
		return true;
	for (unsigned i = 0; i < ROWS_MAX; i++, row += ROW) {
		const uint16_t magic = kiln_get_le16(row);

		if (magic == MAGIC_MD5 || magic == 0xFFFF)
			break;
		if (magic != MAGIC_ROW) {
			SAY(out, "flash_parts: partition %u invalid magic number 0x%x\r\n", i,
			    magic);
			SAY(out, "boot: Failed to verify partition table\r\n");
			SAY(out, "boot: load partition table error!\r\n");
			return false;
		}
		if (try_row(flash, row, out))
			return true;
	}
	SAY(out, "boot: No bootable app partitions in the partition table\r\n");
	return false;
}
