/* SPDX-License-Identifier: Apache-2.0 */
#include "image/appdesc.h"

#include "base/text.h"

static const uint32_t app_magic = 0xABCD5432;

enum { BOOT_MAGIC = 0x50 };

/* Zeros are left out wherever they stand, as esptool does. */
static void text(const uint8_t *p, size_t n, char *ret, size_t size)
{
	uint8_t kept[32];
	size_t n_kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i])
			kept[n_kept++] = p[i];
	}
	(void)kiln_text_copy_untrusted(ret, size, kept, n_kept);
}

bool kiln_app_desc_read(struct kiln_span data, struct kiln_app_desc *ret_desc)
{
	const uint8_t *p = data.p;

	if (data.n < KILN_APP_DESC_SIZE || kiln_get_le32(p) != app_magic)
		return false;
	*ret_desc = (struct kiln_app_desc){
		.secure_version = kiln_get_le32(p + 4),
		.min_efuse_rev = kiln_get_le16(p + 176),
		.max_efuse_rev = kiln_get_le16(p + 178),
		.page_size_log2 = p[180],
	};
	text(p + 16, 32, ret_desc->version, sizeof(ret_desc->version));
	text(p + 48, 32, ret_desc->project, sizeof(ret_desc->project));
	text(p + 80, 16, ret_desc->time, sizeof(ret_desc->time));
	text(p + 96, 16, ret_desc->date, sizeof(ret_desc->date));
	text(p + 112, 32, ret_desc->idf, sizeof(ret_desc->idf));
	memcpy(ret_desc->elf_digest, p + 144, sizeof(ret_desc->elf_digest));
	return true;
}

bool kiln_boot_desc_read(struct kiln_span data, struct kiln_boot_desc *ret_desc)
{
	const uint8_t *p = data.p;

	if (data.n < KILN_BOOT_DESC_SIZE || p[0] != BOOT_MAGIC)
		return false;
	*ret_desc = (struct kiln_boot_desc){ .version = kiln_get_le32(p + 4) };
	text(p + 8, 32, ret_desc->idf, sizeof(ret_desc->idf));
	text(p + 40, 24, ret_desc->date_time, sizeof(ret_desc->date_time));
	return true;
}
