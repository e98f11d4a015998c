/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_NVS_H
#define KILN_IMAGE_NVS_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/err.h>

#include "base/buf.h"

/*
 * Images of ESP-IDF's key-value store, version 2 (blobs over several pages). Pure. Source: ESP-IDF
 * Programming Guide, "Non-Volatile Storage Library".
 *
 *	page of 4096:
 *	0    state (u32) | number (u32) | version FE | 19 x FF | CRC of 4..27 (u32)
 *	32   two bits for each entry: 11 empty, 10 written, 00 erased
 *	64   126 entries of 32
 *
 *	entry:
 *	0    namespace | type | span | chunk | CRC of the rest (u32) | key[16] | value[8]
 *	     a text or blob has size (u16) | FFFF | CRC (u32) as value, its bytes follow in span - 1
 *	     entries; a blob's index has size (u32) | chunks | first chunk | FFFF
 */
enum {
	KILN_NVS_PAGE = 4096,
	KILN_NVS_ENTRY = 32,
	KILN_NVS_ENTRIES = 126,
	KILN_NVS_FIRST_ENTRY = 64,
	KILN_NVS_KEY = 15,
	KILN_NVS_NAMESPACES = 254,
	KILN_NVS_STRING_MAX = 4000, /* with the zero at its end */
	KILN_NVS_MIN_RW = 3 * KILN_NVS_PAGE,
	KILN_NVS_MAX = 16 << 20,
};

enum kiln_nvs_type {
	KILN_NVS_U8 = 0x01,
	KILN_NVS_U16 = 0x02,
	KILN_NVS_U32 = 0x04,
	KILN_NVS_U64 = 0x08,
	KILN_NVS_I8 = 0x11,
	KILN_NVS_I16 = 0x12,
	KILN_NVS_I32 = 0x14,
	KILN_NVS_I64 = 0x18,
	KILN_NVS_STRING = 0x21,
	KILN_NVS_BLOB_V1 = 0x41,
	KILN_NVS_BLOB_DATA = 0x42,
	KILN_NVS_BLOB_INDEX = 0x48,
};

struct kiln_nvs_options {
	uint32_t size; /* of the partition: a multiple of 4096 */
	/* Read a file that the CSV names; NULL: such rows are refused. */
	kiln_code (*read_file)(void *user, const char *path, struct kiln_buf *ret_data,
			       struct kiln_err *err);
	void *user;
};

/*
 * Make an image of CSV text with the columns key, type (namespace, data, file), encoding (u8 to
 * i64, string, hex2bin, base64, binary, blob_fill(N;0xXX), blob_sz_fill(N;0xXX)) and value, as
 * ESP-IDF's generator does. *ret_readonly: so small that it can't be written to. Errors name the
 * line. Fails with: E_INVALID (size), E_IMAGE, E_TOO_BIG, E_NOMEM, and what read_file fails with.
 */
KILN_CHECK kiln_code kiln_nvs_generate(struct kiln_span csv, const struct kiln_nvs_options *options,
				       struct kiln_buf *out, bool *ret_readonly,
				       struct kiln_err *err);

/* A value that was found. Texts and bytes live until the call returns. */
struct kiln_nvs_item {
	const char *ns, *key; /* as they stand in flash; control characters are replaced */
	uint8_t type;         /* enum kiln_nvs_type; blobs are KILN_NVS_BLOB_INDEX */
	const char *type_name;
	bool is_signed;
	int64_t i; /* of an integer */
	uint64_t u;
	struct kiln_span data; /* of a text (without its zero) or blob */
	unsigned page;
};

struct kiln_nvs_reader {
	void (*item)(void *user, const struct kiln_nvs_item *item);
	/* What is wrong in a page, and what is left out because of it. */
	void (*problem)(void *user, unsigned page, const char *text);
	void *user;
};

/*
 * List an image: values in the order in which they were written; older values of the same key are
 * left out, as the chip leaves them out. Damage is reported and stepped over. *ret_problems: how
 * often. Fails with: E_IMAGE (no NVS at all), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_nvs_list(struct kiln_span image, const struct kiln_nvs_reader *reader,
				   unsigned *ret_problems, struct kiln_err *err);

/* "u8", "string", "blob"; NULL: no such type. */
const char *kiln_nvs_type_name(uint8_t type);

uint32_t kiln_nvs_crc(const uint8_t *p, size_t n);
/* Of an entry: all of it but the CRC's own place. */
uint32_t kiln_nvs_entry_crc(const uint8_t *entry);

#endif
