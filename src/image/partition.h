/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_PARTITION_H
#define KILN_IMAGE_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/err.h>

#include "base/buf.h"

/*
 * ESP-IDF's partition tables, as CSV text and as the bytes that stand in flash, with the rules of
 * gen_esp32part.py. Pure. Source: ESP-IDF Programming Guide, "Partition Tables".
 *
 *	0   AA 50 | type | subtype | offset (u32) | size (u32) | name[16] | flags (u32)
 *	32  ... up to 94 of these, then, unless it was left out:
 *	    EB EB | 14 x FF | MD5 of all entries before
 *	    FF up to 0xC00
 */
enum {
	KILN_PARTITION_ENTRY = 32,
	KILN_PARTITION_NAME = 16,
	KILN_PARTITION_MAX = 95,
	KILN_PARTITION_BYTES =
		0xC00, /* that a table has; the rest of its sector is a signature's */
	KILN_PARTITION_SECTOR = 0x1000,

	KILN_PARTITION_APP = 0,
	KILN_PARTITION_DATA = 1,
	KILN_PARTITION_BOOTLOADER = 2,
	KILN_PARTITION_TABLE = 3,

	KILN_PARTITION_ENCRYPTED = 1 << 0,
	KILN_PARTITION_READONLY = 1 << 1,
};

struct kiln_partition {
	char name[64]; /* of which 16 bytes get into flash */
	uint8_t type, subtype;
	uint32_t offset, size;
	uint32_t flags;
	unsigned line; /* in the CSV file; 0 if it was binary */
};

struct kiln_partitions {
	struct kiln_partition items[KILN_PARTITION_MAX];
	size_t n;
};

struct kiln_partition_options {
	uint32_t table_offset;     /* 0x8000 */
	int64_t bootloader_offset; /* primary; -1: not given */
	int64_t recovery_offset;   /* -1: not given */
	unsigned secure;           /* boot version 1 or 2, or 0 */
	bool no_md5;
	/* The value of $NAME in a CSV file, or NULL; may be NULL. */
	const char *(*variable)(void *user, const char *name);
	void *user;
};

#define KILN_PARTITION_OPTIONS            \
	((struct kiln_partition_options){ \
		.table_offset = 0x8000, .bootloader_offset = -1, .recovery_offset = -1 })

bool kiln_partition_is_binary(struct kiln_span file);

/*
 * Read a table. Texts name the line that is wrong. Offsets that a CSV leaves out and sizes that
 * it gives as an end (negative) are filled in. Fails with: E_IMAGE.
 */
KILN_CHECK kiln_code kiln_partition_from_csv(struct kiln_span text,
					     const struct kiln_partition_options *options,
					     struct kiln_partitions *ret_table,
					     struct kiln_err *err);
KILN_CHECK kiln_code kiln_partition_from_binary(struct kiln_span data,
						const struct kiln_partition_options *options,
						struct kiln_partitions *ret_table,
						struct kiln_err *err);

/*
 * Check what ESP-IDF asks of a table: alignment, unique names, no overlap, sizes of otadata and
 * NVS. Lines of what is odd but allowed go to `warnings`, which may be NULL. Fails with: E_IMAGE,
 * E_OVERLAP.
 */
KILN_CHECK kiln_code kiln_partition_check(const struct kiln_partitions *table,
					  const struct kiln_partition_options *options,
					  struct kiln_buf *warnings, struct kiln_err *err);
/* All of it lies within a flash of that size. Fails with: E_TOO_BIG. */
KILN_CHECK kiln_code kiln_partition_check_size(const struct kiln_partitions *table,
					       uint64_t flash_size, struct kiln_err *err);

/* Append the table. Fails with: E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code kiln_partition_to_binary(const struct kiln_partitions *table,
					      const struct kiln_partition_options *options,
					      struct kiln_buf *out, struct kiln_err *err);
KILN_CHECK kiln_code kiln_partition_to_csv(const struct kiln_partitions *table,
					   struct kiln_buf *out, struct kiln_err *err);

/* The word for a type and subtype, as a CSV file has it, or their number. */
void kiln_partition_type_name(uint8_t type, char *ret_name, size_t size);
void kiln_partition_subtype_name(uint8_t type, uint8_t subtype, char *ret_name, size_t size);

#endif
