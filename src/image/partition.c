/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables as bytes, their words, and as CSV text again. */
#include "image/partition_impl.h"

#include <openssl/evp.h>

#include "base/text.h"

enum { MAGIC_0 = 0xAA, MAGIC_1 = 0x50, MD5_MAGIC = 0xEB, MD5_AT = 16, MD5_SIZE = 16 };

const struct kiln_partition_word kiln_partition_types[] = {
	{ 0, KILN_PARTITION_BOOTLOADER, "bootloader" },
	{ 0, KILN_PARTITION_TABLE, "partition_table" },
	{ 0, KILN_PARTITION_APP, "app" },
	{ 0, KILN_PARTITION_DATA, "data" },
	{ 0, 0, NULL },
};

const struct kiln_partition_word kiln_partition_subtypes[] = {
	{ KILN_PARTITION_BOOTLOADER, KILN_PARTITION_PRIMARY, "primary" },
	{ KILN_PARTITION_BOOTLOADER, 0x01, "ota" },
	{ KILN_PARTITION_BOOTLOADER, KILN_PARTITION_RECOVERY, "recovery" },
	{ KILN_PARTITION_TABLE, KILN_PARTITION_PRIMARY, "primary" },
	{ KILN_PARTITION_TABLE, 0x01, "ota" },
	{ KILN_PARTITION_APP, 0x00, "factory" },
	{ KILN_PARTITION_APP, 0x20, "test" },
	{ KILN_PARTITION_DATA, KILN_PARTITION_OTADATA, "ota" },
	{ KILN_PARTITION_DATA, 0x01, "phy" },
	{ KILN_PARTITION_DATA, KILN_PARTITION_NVS, "nvs" },
	{ KILN_PARTITION_DATA, KILN_PARTITION_COREDUMP, "coredump" },
	{ KILN_PARTITION_DATA, 0x04, "nvs_keys" },
	{ KILN_PARTITION_DATA, 0x05, "efuse" },
	{ KILN_PARTITION_DATA, KILN_PARTITION_UNDEFINED, "undefined" },
	{ KILN_PARTITION_DATA, 0x80, "esphttpd" },
	{ KILN_PARTITION_DATA, 0x81, "fat" },
	{ KILN_PARTITION_DATA, 0x82, "spiffs" },
	{ KILN_PARTITION_DATA, 0x83, "littlefs" },
	{ KILN_PARTITION_DATA, KILN_PARTITION_TEE_OTADATA, "tee_ota" },
	{ 0, 0, NULL },
};

const struct kiln_partition_series kiln_partition_series[2] = {
	{ KILN_PARTITION_APP, 0x10, 16, "ota_" },
	{ KILN_PARTITION_APP, 0x30, 2, "tee_" },
};

kiln_code kiln_partition_bad(struct kiln_err *err, kiln_code code, unsigned line, const char *fmt,
			     ...)
{
	char why[sizeof(err->why)], at[24] = "";
	va_list args;

	va_start(args, fmt);
	(void)kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	if (line)
		(void)kiln_text_format(at, sizeof(at), "line %u: ", line);
	(void)kiln_fail(err, code, "cannot use the partition table");
	kiln_why(err, "%s%s", at, why);
	kiln_hint(err, "mend the table, then try again");
	return code;
}

void kiln_partition_type_name(uint8_t type, char *ret_name, size_t size)
{
	(void)kiln_text_format(ret_name, size, "%u", type);
	for (const struct kiln_partition_word *w = kiln_partition_types; w->word; w++) {
		if (w->value == type)
			(void)kiln_text_copy(ret_name, size, w->word);
	}
}

void kiln_partition_subtype_name(uint8_t type, uint8_t subtype, char *ret_name, size_t size)
{
	(void)kiln_text_format(ret_name, size, "%u", subtype);
	for (const struct kiln_partition_word *w = kiln_partition_subtypes; w->word; w++) {
		if (w->type == type && w->value == subtype)
			(void)kiln_text_copy(ret_name, size, w->word);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct kiln_partition_series *s = &kiln_partition_series[i];

		if (s->type == type && subtype >= s->first && subtype < s->first + s->n)
			(void)kiln_text_format(ret_name, size, "%s%d", s->prefix,
					       subtype - s->first);
	}
}

bool kiln_partition_is_binary(struct kiln_span file)
{
	return file.n >= 2 && file.p[0] == MAGIC_0 && file.p[1] == MAGIC_1;
}

static kiln_code md5(struct kiln_span data, uint8_t ret[MD5_SIZE], struct kiln_err *err)
{
	if (EVP_Digest(data.p, data.n, ret, NULL, EVP_md5(), NULL) != 1)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute an MD5 digest");
	return KILN_OK;
}

static kiln_code read_entry(const uint8_t *p, size_t at, struct kiln_partitions *table,
			    struct kiln_err *err)
{
	struct kiln_partition *entry;

	if (p[0] != MAGIC_0 || p[1] != MAGIC_1)
		return kiln_partition_bad(err, KILN_E_IMAGE, 0,
					  "the entry at 0x%zx begins with %02X %02X, not with "
					  "AA 50",
					  at, p[0], p[1]);
	if (table->n == KILN_PARTITION_MAX)
		return kiln_partition_bad(err, KILN_E_IMAGE, 0, "it has more than %d entries",
					  KILN_PARTITION_MAX);
	entry = &table->items[table->n++];
	*entry = (struct kiln_partition){
		.type = p[2],
		.subtype = p[3],
		.offset = kiln_get_le32(p + 4),
		.size = kiln_get_le32(p + 8),
		.flags = kiln_get_le32(p + 28),
	};
	(void)kiln_text_copy_untrusted(entry->name, sizeof(entry->name), p + 12,
				       strnlen((const char *)p + 12, KILN_PARTITION_NAME));
	return KILN_OK;
}

static kiln_code check_md5(struct kiln_span before, const uint8_t *stored, struct kiln_err *err)
{
	uint8_t digest[MD5_SIZE];

	KILN_TRY(md5(before, digest, err));
	if (memcmp(digest, stored, sizeof(digest)) == 0)
		return KILN_OK;
	return kiln_partition_bad(err, KILN_E_IMAGE, 0,
				  "its MD5 digest does not match: the table is damaged");
}

static bool is_end(struct kiln_span entry)
{
	for (size_t i = 0; i < entry.n; i++) {
		if (entry.p[i] != 0xFF)
			return false;
	}
	return true;
}

kiln_code kiln_partition_from_binary(struct kiln_span data,
				     const struct kiln_partition_options *options,
				     struct kiln_partitions *ret_table, struct kiln_err *err)
{
	struct kiln_span rest = data, entry;

	ret_table->n = 0;
	while (kiln_span_take(&rest, KILN_PARTITION_ENTRY, &entry)) {
		const size_t at = (size_t)(entry.p - data.p);

		if (is_end(entry))
			return KILN_OK;
		if (!options->no_md5 && entry.p[0] == MD5_MAGIC && entry.p[1] == MD5_MAGIC)
			KILN_TRY(check_md5(kiln_span(data.p, at), entry.p + MD5_AT, err));
		else
			KILN_TRY(read_entry(entry.p, at, ret_table, err));
	}
	if (rest.n)
		return kiln_partition_bad(err, KILN_E_IMAGE, 0,
					  "its length is no multiple of 32 bytes");
	return kiln_partition_bad(err, KILN_E_IMAGE, 0,
				  "it is cut short: no entry of FF marks its end");
}

static void write_entry(const struct kiln_partition *p, uint8_t *ret)
{
	memset(ret, 0, KILN_PARTITION_ENTRY);
	ret[0] = MAGIC_0;
	ret[1] = MAGIC_1;
	ret[2] = p->type;
	ret[3] = p->subtype;
	kiln_put_le32(ret + 4, p->offset);
	kiln_put_le32(ret + 8, p->size);
	memcpy(ret + 12, p->name, strnlen(p->name, KILN_PARTITION_NAME));
	kiln_put_le32(ret + 28, p->flags & (KILN_PARTITION_ENCRYPTED | KILN_PARTITION_READONLY));
}

kiln_code kiln_partition_to_binary(const struct kiln_partitions *table,
				   const struct kiln_partition_options *options,
				   struct kiln_buf *out, struct kiln_err *err)
{
	uint8_t bytes[KILN_PARTITION_BYTES];
	const size_t used = table->n * KILN_PARTITION_ENTRY;
	const size_t digest = options->no_md5 ? 0 : KILN_PARTITION_ENTRY;
	kiln_code code;

	/* one entry of FF must remain to mark the end */
	if (used + digest >= sizeof(bytes))
		return kiln_partition_bad(err, KILN_E_TOO_BIG, 0,
					  "its %zu entries take more than %d bytes", table->n,
					  KILN_PARTITION_BYTES);
	memset(bytes, 0xFF, sizeof(bytes));
	for (size_t i = 0; i < table->n; i++)
		write_entry(&table->items[i], bytes + i * KILN_PARTITION_ENTRY);
	if (digest) {
		bytes[used] = bytes[used + 1] = MD5_MAGIC;
		KILN_TRY(md5(kiln_span(bytes, used), bytes + used + MD5_AT, err));
	}
	code = kiln_buf_append(out, bytes, sizeof(bytes));
	return code ? kiln_fail(err, code, "cannot write the partition table") : KILN_OK;
}

static void put_size(struct kiln_buf *out, uint32_t size)
{
	if (size % 0x100000 == 0)
		(void)kiln_buf_printf(out, "%uM", size / 0x100000);
	else if (size % 0x400 == 0)
		(void)kiln_buf_printf(out, "%uK", size / 0x400);
	else
		(void)kiln_buf_printf(out, "0x%x", size);
}

kiln_code kiln_partition_to_csv(const struct kiln_partitions *table, struct kiln_buf *out,
				struct kiln_err *err)
{
	char type[24], subtype[24];

	(void)kiln_buf_puts(out, "# ESP-IDF Partition Table\n"
				 "# Name, Type, SubType, Offset, Size, Flags\n");
	for (size_t i = 0; i < table->n; i++) {
		const struct kiln_partition *p = &table->items[i];
		const bool encrypted = p->flags & KILN_PARTITION_ENCRYPTED,
			   readonly = p->flags & KILN_PARTITION_READONLY;

		kiln_partition_type_name(p->type, type, sizeof(type));
		kiln_partition_subtype_name(p->type, p->subtype, subtype, sizeof(subtype));
		(void)kiln_buf_printf(out, "%s,%s,%s,0x%x,", p->name, type, subtype, p->offset);
		put_size(out, p->size);
		(void)kiln_buf_printf(out, ",%s%s%s\n", encrypted ? "encrypted" : "",
				      encrypted && readonly ? ":" : "", readonly ? "readonly" : "");
	}
	if (out->failed)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write the partition table");
	return KILN_OK;
}
