/* SPDX-License-Identifier: Apache-2.0 */
/* The ROM's look at the image in flash. */
#include "sim/boot.h"

#include <openssl/evp.h>

enum { HEADER = 24, OLD_HEADER = 8, MAGIC = 0xE9, SEGMENTS_MAX = 16, DIGEST = 32 };

/* The part of the flash from the boot offset on, and how far into it we are. */
struct image {
	const uint8_t *p;
	size_t n, at;
	uint8_t checksum;
};

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = { "QIO", "QOUT", "DIO", "DOUT" };

	return mode < 4 ? names[mode] : "SLOW_READ";
}

/* The frequency nibble names a divider of 80 MHz. */
static unsigned clock_divider(uint8_t freq)
{
	switch (freq & 0x0F) {
	case 0x0:
		return 2;
	case 0x1:
		return 3;
	case 0x2:
		return 4;
	default:
		return 1;
	}
}

static void say_flash_setup(const struct image *image, const struct sim_rom_text *rom,
			    struct kiln_buf *out)
{
	if (rom->is_old)
		return;
	(void)kiln_buf_puts(
		out, rom->is_brief ? "SPIWP:0xee\r\n"
				   : "configsip: 0, SPIWP:0xee\r\n"
				     "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,"
				     "wp_drv:0x00\r\n");
	(void)kiln_buf_printf(out, "mode:%s, clock div:%u\r\n", mode_name(image->p[2]),
			      clock_divider(image->p[3]));
}

static void say_load(const struct sim_rom_text *rom, uint32_t address, uint32_t length,
		     struct kiln_buf *out)
{
	if (rom->is_old)
		(void)kiln_buf_printf(out, "load 0x%08x, len %u, room 16 \r\n", address, length);
	else if (rom->is_brief)
		(void)kiln_buf_printf(out, "load:0x%08x,len:0x%x\r\n", address, length);
	else
		(void)kiln_buf_printf(out, "load:0x%08x,len:%u\r\n", address, length);
}

static bool load_segment(struct image *image, const struct sim_rom_text *rom, struct kiln_buf *out)
{
	const uint8_t *p = image->p + image->at;
	uint32_t address, length;

	if (image->n - image->at < 8)
		return false;
	address = kiln_get_le32(p);
	length = kiln_get_le32(p + 4);
	if (length > image->n - image->at - 8) {
		(void)kiln_buf_printf(out, "%s0x%08x\r\n", rom->bad_segment, length);
		return false;
	}
	say_load(rom, address, length, out);
	for (uint32_t i = 0; i < length; i++)
		image->checksum ^= p[8 + i];
	image->at += 8 + (size_t)length;
	return true;
}

static void say_digest(struct kiln_buf *out, const char *title, const uint8_t digest[DIGEST])
{
	(void)kiln_buf_puts(out, title);
	for (int i = 0; i < DIGEST; i++)
		(void)kiln_buf_printf(out, "%02x", digest[i]);
	(void)kiln_buf_puts(out, "\r\n");
}

/* True if the image may run; says so if only its digest is wrong. */
static bool check_digest(const struct image *image, const struct sim_rom_text *rom,
			 struct kiln_buf *out)
{
	uint8_t digest[DIGEST];

	if (!rom->compares_digest || image->p[23] != 1)
		return true;
	EVP_Digest(image->p, image->at, digest, NULL, EVP_sha256(), NULL);
	if (image->n - image->at >= DIGEST && memcmp(digest, image->p + image->at, DIGEST) == 0)
		return true;
	(void)kiln_buf_puts(out, "SHA-256 comparison failed:\r\n");
	say_digest(out, "Calculated: ", digest);
	if (image->n - image->at >= DIGEST)
		say_digest(out, "Expected: ", image->p + image->at);
	if (rom->boots_without_digest)
		(void)kiln_buf_puts(out, "Attempting to boot anyway...\r\n");
	return rom->boots_without_digest;
}

static sim_boot_result check_end(struct image *image, const struct sim_rom_text *rom,
				 struct kiln_buf *out)
{
	const size_t at = image->at | 15;

	if (at >= image->n)
		return SIM_BOOT_BAD;
	if (image->p[at] != image->checksum) {
		(void)kiln_buf_printf(out, "%s0x%02x!=0x%02x\r\n", rom->checksum_error,
				      image->checksum, image->p[at]);
		(void)kiln_buf_puts(out, rom->stopped);
		return SIM_BOOT_BAD;
	}
	image->at = at + 1;
	if (!check_digest(image, rom, out))
		return SIM_BOOT_BAD;
	(void)kiln_buf_printf(out, "entry 0x%08x\r\n", kiln_get_le32(image->p + 4));
	return SIM_BOOT_OK;
}

sim_boot_result sim_boot_load(const struct sim_flash *flash, const struct sim_model *model,
			      struct kiln_buf *out)
{
	const uint32_t offset = sim_model_chip(model)->bootloader_offset;
	struct image image = { flash->data + offset, flash->size - offset,
			       model->rom->is_old ? OLD_HEADER : HEADER, 0xEF };

	if (image.p[0] != MAGIC || image.p[1] == 0 || image.p[1] > SEGMENTS_MAX) {
		(void)kiln_buf_printf(out, "%s0x%08x\r\n", model->rom->invalid_header,
				      kiln_get_le32(image.p));
		return SIM_BOOT_NO_IMAGE;
	}
	say_flash_setup(&image, model->rom, out);
	for (unsigned i = 0; i < image.p[1]; i++) {
		if (!load_segment(&image, model->rom, out))
			return SIM_BOOT_BAD;
	}
	return check_end(&image, model->rom, out);
}
