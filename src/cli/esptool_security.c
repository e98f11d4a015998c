/* SPDX-License-Identifier: Apache-2.0 */
/* get_security_info: what the chip says of its security, in numbers and, from version 4, in words.
 */
#include "chip/security.h"
#include "cli/esptool.h"
#include "flash/flasher.h"

/* Flags of GET_SECURITY_INFO (esptool documentation, "Serial Protocol"). */
enum {
	SECURE_BOOT = 1 << 0,
	AGGRESSIVE_REVOKE = 1 << 1,
	KEY_REVOKED = 1 << 3, /* and the two bits above */
	SOFT_DIS_JTAG = 1 << 6,
	HARD_DIS_JTAG = 1 << 7,
	DIS_USB = 1 << 8,
	DIS_DCACHE = 1 << 9,
	DIS_ICACHE = 1 << 10,
	BOOT_KEYS = 3,
};

static void put_binary(char *dst, uint32_t value)
{
	int top = 31;

	while (top > 0 && !(value >> top & 1))
		top--;
	for (; top >= 0; top--)
		*dst++ = value >> top & 1 ? '1' : '0';
	*dst = '\0';
}

static void say_numbers(struct esptool *t, const struct kiln_security_info *info, const char *bits)
{
	const uint8_t *k = info->key_purposes;

	esptool_say(t, "Flags: 0x%08x (0b%s)", info->flags, bits);
	esptool_say(t, "Flash_Crypt_Cnt: 0x%x", info->crypt_count);
	esptool_say(t, "Key_Purposes: (%u, %u, %u, %u, %u, %u, %u)", k[0], k[1], k[2], k[3], k[4],
		    k[5], k[6]);
	if (info->has_chip_id) {
		esptool_say(t, "Chip_ID: %u", info->chip_id);
		esptool_say(t, "Api_Version: %u", info->api_version);
	}
}

static void say_keys(struct esptool *t, const struct kiln_chip *chip,
		     const struct kiln_security_info *info)
{
	const uint8_t *k = info->key_purposes;
	unsigned n = 0;

	if (!kiln_chip_key_purpose(chip, 0, &n))
		return;
	esptool_say(t, "Key Purposes: (%u, %u, %u, %u, %u, %u, %u)", k[0], k[1], k[2], k[3], k[4],
		    k[5], k[6]);
	for (unsigned i = 0; i < n; i++)
		esptool_say(t, "  BLOCK_KEY%u - %s", i, kiln_chip_key_purpose(chip, k[i], &n));
}

static void say_boot(struct esptool *t, uint32_t flags)
{
	if (!(flags & SECURE_BOOT)) {
		esptool_say(t, "Secure Boot: Disabled");
		return;
	}
	esptool_say(t, "Secure Boot: Enabled");
	if (flags & AGGRESSIVE_REVOKE)
		esptool_say(t, "Secure Boot Aggressive key revocation: Enabled");
	if (flags & (KEY_REVOKED | KEY_REVOKED << 1 | KEY_REVOKED << 2))
		esptool_say(t, "Secure Boot Key Revocation Status:\n");
	for (unsigned i = 0; i < BOOT_KEYS; i++) {
		if (flags & (uint32_t)KEY_REVOKED << i)
			esptool_say(t, "\tSecure Boot Key%u is Revoked\n", i);
	}
}

static void say_words(struct esptool *t, const struct kiln_chip *chip,
		      const struct kiln_security_info *info, const char *bits)
{
	const uint32_t flags = info->flags;

	esptool_say(t, "%sSecurity Information:\n=====================", t->v5 ? "" : "\n");
	esptool_say(t, "Flags: 0x%08x (0b%s)", flags, bits);
	say_keys(t, chip, info);
	if (info->has_chip_id) {
		esptool_say(t, "Chip ID: %u", info->chip_id);
		esptool_say(t, "API Version: %u", info->api_version);
	}
	say_boot(t, flags);
	esptool_say(t, "Flash Encryption: %s",
		    __builtin_popcount(info->crypt_count) & 1 ? "Enabled" : "Disabled");
	esptool_say(t, "SPI Boot Crypt Count (SPI_BOOT_CRYPT_CNT): 0x%x", info->crypt_count);
	if (flags & DIS_DCACHE)
		esptool_say(t, "Dcache in UART download mode: Disabled");
	if (flags & DIS_ICACHE)
		esptool_say(t, "Icache in UART download mode: Disabled");
	if (flags & HARD_DIS_JTAG)
		esptool_say(t, "JTAG: Permanently Disabled");
	else if (flags & SOFT_DIS_JTAG)
		esptool_say(t, "JTAG: Software Access Disabled");
	if (flags & DIS_USB)
		esptool_say(t, "USB Access: Disabled");
}

kiln_code esptool_security_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_security_info info;
	char bits[33];

	KILN_TRY(kiln_flasher_security(f, &info, err));
	put_binary(bits, info.flags);
	if (t->version >= 4)
		say_words(t, kiln_flasher_chip(f)->chip, &info, bits);
	else
		say_numbers(t, &info, bits);
	return KILN_OK;
}
