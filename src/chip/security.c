/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/security.h"

#include <string.h>

enum { MOST_KEYS = 6, PURPOSES = 20 };
enum { XTS_AES_256_1 = 2, XTS_AES_256_2 = 3, XTS_AES_128 = 4 };

/* A word of the eFuses, from efuse_read_base on, and bits of it. */
struct field {
	uint16_t offset;
	uint32_t mask;
};

struct key {
	uint16_t offset;
	uint8_t shift;
};

struct security {
	const char *chip;
	struct field dis_encrypt, crypt_count, secure_boot, key_manager;
	bool aes_256; /* a key of two halves serves too */
	uint8_t n_keys, purpose_mask;
	struct key keys[MOST_KEYS];
	const char *const *purposes; /* PURPOSES names by number; NULL: the keys have none */
};

#define DIGESTS \
	[9] = "SECURE_BOOT_DIGEST0", [10] = "SECURE_BOOT_DIGEST1", [11] = "SECURE_BOOT_DIGEST2"
#define HMACS                                                                               \
	[5] = "HMAC_DOWN_ALL", [6] = "HMAC_DOWN_JTAG", [7] = "HMAC_DOWN_DIGITAL_SIGNATURE", \
	[8] = "HMAC_UP"
#define AES_256 [2] = "XTS_AES_256_KEY_1", [3] = "XTS_AES_256_KEY_2"
#define COMMON(first) [0] = "USER/EMPTY", [1] = (first), [4] = "XTS_AES_128_KEY", DIGESTS
#define ECDSA [16] = "ECDSA_KEY_P192", [17] = "ECDSA_KEY_P384_L", [18] = "ECDSA_KEY_P384_H"

static const char *const purposes_s2[PURPOSES] = { COMMON("RESERVED"), HMACS, AES_256 };
static const char *const purposes_c3[PURPOSES] = { COMMON("RESERVED"), HMACS };
static const char *const purposes_h2[PURPOSES] = { COMMON("ECDSA_KEY"), HMACS, AES_256 };
static const char *const purposes_h21[PURPOSES] = { COMMON("ECDSA_KEY"), HMACS, [2] = "RESERVED" };
static const char *const purposes_c61[PURPOSES] = { COMMON("ECDSA_KEY") };
static const char *const purposes_c5[PURPOSES] = {
	COMMON("ECDSA_KEY"), HMACS, ECDSA, [12] = "KM_INIT_KEY", [15] = "XTS_AES_128_PSRAM_KEY",
};
static const char *const purposes_p4[PURPOSES] = {
	COMMON("ECDSA_KEY"),
	HMACS,
	AES_256,
	[12] = "KM_INIT_KEY",
};
static const char *const purposes_h4[PURPOSES] = {
	COMMON("ECDSA_KEY"),
	HMACS,
	ECDSA,
	[2] = "XTS_AES_256_KEY_FLASH_1",
	[3] = "XTS_AES_256_KEY_FLASH_2",
	[12] = "KM_INIT_KEY",
	[13] = "XTS_AES_256_KEY_PSRAM_1",
	[14] = "XTS_AES_256_KEY_PSRAM_2",
	[15] = "XTS_AES_128_KEY_PSRAM",
};
static const char *const purposes_s31[PURPOSES] = {
	COMMON("ECDSA_KEY"),
	HMACS,
	AES_256,
	ECDSA,
	[12] = "KM_INIT_KEY",
	[13] = "XTS_AES_256_PSRAM_KEY_1",
	[14] = "XTS_AES_256_PSRAM_KEY_2",
	[15] = "XTS_AES_128_PSRAM_KEY",
	[19] = "SDC_KEY_DIGEST",
};

/* Offsets are those of BLOCK0's words: 0 is REPEAT_DATA0. */
#define USUAL_KEYS                        \
	.n_keys = 6, .purpose_mask = 0xF, \
	.keys = { { 4, 24 }, { 4, 28 }, { 8, 0 }, { 8, 4 }, { 8, 8 }, { 8, 12 } }
#define USUAL(dis)                                                         \
	.dis_encrypt = { 0, 1u << (dis) }, .crypt_count = { 4, 7u << 18 }, \
	.secure_boot = { 8, 1u << 20 }, USUAL_KEYS

static const struct security table[] = {
	{ "esp32s2", USUAL(19), .aes_256 = true, .purposes = purposes_s2 },
	{ "esp32s3", USUAL(20), .aes_256 = true, .purposes = purposes_s2 },
	{ "esp32c3", USUAL(20), .purposes = purposes_c3 },
	{ "esp32c6", USUAL(20), .purposes = purposes_c3 },
	{ "esp32h2", USUAL(20), .purposes = purposes_h2 },
	{ "esp32h21", USUAL(20), .purposes = purposes_h21 },
	{ "esp32p4", USUAL(20), .key_manager = { 4, 2u << 9 }, .aes_256 = true,
	  .purposes = purposes_p4 },
	{ "esp32c61", .dis_encrypt = { 0, 1u << 14 }, .crypt_count = { 0, 7u << 23 },
	  .secure_boot = { 4, 1u << 26 }, .n_keys = 6, .purpose_mask = 0xF,
	  .keys = { { 4, 0 }, { 4, 4 }, { 4, 8 }, { 4, 12 }, { 4, 16 }, { 4, 20 } },
	  .purposes = purposes_c61 },
	{ "esp32c5", .dis_encrypt = { 0, 1u << 20 }, .crypt_count = { 4, 7u << 16 },
	  .secure_boot = { 8, 1u << 25 }, .key_manager = { 4, 2u << 10 }, .n_keys = 6,
	  .purpose_mask = 0x1F,
	  .keys = { { 4, 22 }, { 4, 27 }, { 8, 0 }, { 8, 5 }, { 8, 10 }, { 8, 15 } },
	  .purposes = purposes_c5 },
	{ "esp32h4", .dis_encrypt = { 0, 1u << 14 }, .crypt_count = { 0, 7u << 23 },
	  .secure_boot = { 8, 1u << 5 }, .key_manager = { 8, 2u << 19 }, .aes_256 = true,
	  .n_keys = 6, .purpose_mask = 0x1F,
	  .keys = { { 4, 0 }, { 4, 5 }, { 4, 10 }, { 4, 15 }, { 4, 20 }, { 4, 25 } },
	  .purposes = purposes_h4 },
	{ "esp32s31", .dis_encrypt = { 0, 1u << 20 }, .crypt_count = { 4, 7u << 21 },
	  .secure_boot = { 12, 1u << 2 }, .key_manager = { 4, 2u << 12 }, .aes_256 = true,
	  .n_keys = 5, .purpose_mask = 0x1F,
	  .keys = { { 8, 0 }, { 8, 5 }, { 8, 10 }, { 8, 15 }, { 8, 20 } },
	  .purposes = purposes_s31 },
	/* of its flash encryption nothing is known yet */
	{ "esp32e22", .secure_boot = { 8, 1u << 20 }, USUAL_KEYS, .aes_256 = true,
	  .purposes = purposes_p4 },
	/* its one key has no purpose: see has_key_c2 */
	{ "esp32c2", .dis_encrypt = { 0, 1u << 6 }, .crypt_count = { 0, 7u << 7 },
	  .secure_boot = { 0, 1u << 21 } },
};

static const struct security *find(const struct kiln_chip *chip)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].chip, chip->option) == 0)
			return &table[i];
	}
	return NULL;
}

/* The first words of the eFuses, each read once: a read is a round trip. */
enum { CACHED = 8 };
struct efuses {
	const struct kiln_chip *chip;
	const struct kiln_chip_reader *reader;
	uint32_t words[CACHED];
	bool has[CACHED];
};

static kiln_code read_word(struct efuses *e, unsigned offset, uint32_t *ret_word,
			   struct kiln_err *err)
{
	const unsigned i = offset / 4;
	const uint32_t address = e->chip->efuse_read_base + offset;

	if (i >= CACHED)
		return e->reader->read_reg(e->reader->user, address, ret_word, err);
	if (!e->has[i])
		KILN_TRY(e->reader->read_reg(e->reader->user, address, &e->words[i], err));
	e->has[i] = true;
	*ret_word = e->words[i];
	return KILN_OK;
}

static bool is_odd(uint32_t bits)
{
	return __builtin_popcount(bits) & 1;
}

static kiln_code read_bits(struct efuses *e, struct field field, uint32_t *ret_bits,
			   struct kiln_err *err)
{
	uint32_t word = 0;

	if (field.mask)
		KILN_TRY(read_word(e, field.offset, &word, err));
	*ret_bits = word & field.mask;
	return KILN_OK;
}

/* A key of 128 bits, or both halves of one of 256. */
static kiln_code has_key(struct efuses *e, const struct security *s, bool *ret_has,
			 struct kiln_err *err)
{
	uint32_t seen = 0;

	for (unsigned i = 0; i < s->n_keys; i++) {
		uint32_t word;

		KILN_TRY(read_word(e, s->keys[i].offset, &word, err));
		seen |= 1u << (word >> s->keys[i].shift & s->purpose_mask);
	}
	*ret_has = seen & 1u << XTS_AES_128;
	if (s->aes_256 && seen & 1u << XTS_AES_256_1 && seen & 1u << XTS_AES_256_2)
		*ret_has = true;
	return KILN_OK;
}

/* A block that can't be read has a key; one that can has if it is not 0. */
static kiln_code any_bit(struct efuses *e, unsigned offset, unsigned words, bool *ret_any,
			 struct kiln_err *err)
{
	uint32_t all = 0, word;

	for (unsigned i = 0; i < words; i++) {
		KILN_TRY(read_word(e, offset + 4 * i, &word, err));
		all |= word;
	}
	*ret_any = all != 0;
	return KILN_OK;
}

/* ESP32-C2: bit 10 makes the key twice as long; the two low bits hide its halves. */
static kiln_code has_key_c2(struct efuses *e, bool *ret_has, struct kiln_err *err)
{
	uint32_t word;

	KILN_TRY(read_word(e, 0, &word, err));
	const bool is_long = word & 1u << 10;

	*ret_has = (word & 3) == (is_long ? 3 : 1);
	return *ret_has ? KILN_OK : any_bit(e, 0x30, is_long ? 8 : 4, ret_has, err);
}

/* Words of the ESP32's BLOCK0, and what stands in them; BLOCK1 has the key. */
enum { WORD0 = 0, WORD5 = 4 * 5, WORD6 = 4 * 6, BLOCK1 = 4 * 14 };

static kiln_code read_esp32(struct efuses *e, unsigned revision, struct kiln_chip_guards *g,
			    struct kiln_err *err)
{
	uint32_t word0, word6;

	KILN_TRY(read_word(e, WORD0, &word0, err));
	KILN_TRY(read_word(e, WORD6, &word6, err));
	g->secure_boot_v1 = word6 & 1u << 4;
	g->secure_boot = g->secure_boot_v1 || (revision >= 300 && word6 & 1u << 5);
	g->no_encrypted_write = word6 & 1u << 7;
	g->encrypts = is_odd(word0 >> 20 & 0x7F);
	return KILN_OK;
}

/* What can't be read is taken to be right. */
static kiln_code read_key_esp32(struct efuses *e, struct kiln_chip_guards *g, struct kiln_err *err)
{
	uint32_t word0, word5;

	KILN_TRY(read_word(e, WORD0, &word0, err));
	KILN_TRY(read_word(e, WORD5, &word5, err));
	g->crypt_config = word0 & 1u << 19 ? 0xF : (uint8_t)(word5 >> 28);
	g->has_key = word0 & 1u << 16;
	return g->has_key ? KILN_OK : any_bit(e, BLOCK1, 8, &g->has_key, err);
}

static kiln_code read_later(struct efuses *e, const struct security *s, struct kiln_chip_guards *g,
			    struct kiln_err *err)
{
	uint32_t boot, dis, count, manager;

	KILN_TRY(read_bits(e, s->secure_boot, &boot, err));
	KILN_TRY(read_bits(e, s->dis_encrypt, &dis, err));
	KILN_TRY(read_bits(e, s->crypt_count, &count, err));
	KILN_TRY(read_bits(e, s->key_manager, &manager, err));
	g->secure_boot = boot;
	g->no_encrypted_write = dis;
	g->encrypts = is_odd(count);
	g->key_manager = manager;
	return KILN_OK;
}

static kiln_code read_key_later(struct efuses *e, const struct security *s,
				struct kiln_chip_guards *g, struct kiln_err *err)
{
	if (s->n_keys == 0)
		return has_key_c2(e, &g->has_key, err);
	KILN_TRY(has_key(e, s, &g->has_key, err));
	g->has_key |= g->key_manager;
	return KILN_OK;
}

kiln_code kiln_chip_read_guards(const struct kiln_chip *chip, unsigned revision, bool with_key,
				const struct kiln_chip_reader *reader,
				struct kiln_chip_guards *ret_guards, struct kiln_err *err)
{
	struct kiln_chip_guards g = { .crypt_config = 0xF };
	struct efuses e = { .chip = chip, .reader = reader };
	const struct security *s = find(chip);

	if (s) {
		KILN_TRY(read_later(&e, s, &g, err));
		if (with_key)
			KILN_TRY(read_key_later(&e, s, &g, err));
	} else if (!chip->rom_is_old) {
		KILN_TRY(read_esp32(&e, revision, &g, err));
		if (with_key)
			KILN_TRY(read_key_esp32(&e, &g, err));
	}
	*ret_guards = g;
	return KILN_OK;
}

unsigned kiln_chip_encrypted_align(const struct kiln_chip *chip)
{
	return chip->image_id == 0 ? 32 : 16; /* the ESP32's rows are longer */
}

const char *kiln_chip_key_purpose(const struct kiln_chip *chip, unsigned purpose,
				  unsigned *ret_keys)
{
	const struct security *s = find(chip);

	if (!s || !s->purposes)
		return NULL;
	*ret_keys = s->n_keys;
	return purpose < PURPOSES && s->purposes[purpose] ? s->purposes[purpose] : "UNKNOWN";
}
