/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of an NVS image, filled in the order and with the splits of ESP-IDF's own generator. */
#include "image/nvs_write.h"

#include <libdeflate.h>

#include "base/text.h"

enum { CHUNK_ANY = 0xFF, VERSION_2 = 0xFE, MAX_CHUNKS = 127, BITMAP_AT = 32 };

static const uint32_t state_active = 0xFFFFFFFE, state_full = 0xFFFFFFFC;

uint32_t kiln_nvs_crc(const uint8_t *p, size_t n)
{
	return libdeflate_crc32(UINT32_MAX, p, n);
}

uint32_t kiln_nvs_entry_crc(const uint8_t *entry)
{
	uint8_t covered[28];

	memcpy(covered, entry, 4);
	memcpy(covered + 4, entry + 8, 24);
	return kiln_nvs_crc(covered, sizeof(covered));
}

static uint8_t *page_bytes(const struct kiln_nvs_writer *w)
{
	return w->out->data + (size_t)w->page * KILN_NVS_PAGE;
}

static void put_page_header(struct kiln_nvs_writer *w)
{
	uint8_t *p = page_bytes(w);

	kiln_put_le32(p, state_active);
	kiln_put_le32(p + 4, w->page);
	p[8] = VERSION_2;
	kiln_put_le32(p + 28, kiln_nvs_crc(p + 4, 24));
	w->used = 0;
}

kiln_code kiln_nvs_begin(struct kiln_nvs_writer *w, struct kiln_err *err)
{
	if (w->pages == 0)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot make the NVS image");
	put_page_header(w);
	return KILN_OK;
}

static kiln_code next_page(struct kiln_nvs_writer *w, struct kiln_err *err)
{
	if (w->page + 1 == w->pages) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot make the NVS image");
		kiln_why(err, "the values need more than the %u pages that may be filled",
			 w->pages);
		kiln_hint(err, "make the partition larger");
		return KILN_E_TOO_BIG;
	}
	kiln_put_le32(page_bytes(w), state_full);
	w->page++;
	put_page_header(w);
	return KILN_OK;
}

static size_t entries_for(size_t n)
{
	return (n + KILN_NVS_ENTRY - 1) / KILN_NVS_ENTRY;
}

/* Bytes into the next entries, which then are marked as written. */
static void put_bytes(struct kiln_nvs_writer *w, struct kiln_span data)
{
	uint8_t *p = page_bytes(w);

	if (data.n)
		memcpy(p + KILN_NVS_FIRST_ENTRY + w->used * KILN_NVS_ENTRY, data.p, data.n);
	for (size_t i = entries_for(data.n); i > 0; i--, w->used++)
		p[BITMAP_AT + w->used / 4] &= (uint8_t) ~(1u << w->used % 4 * 2);
}

static void start_entry(uint8_t *entry, uint8_t ns, uint8_t type, size_t span, uint8_t chunk,
			const char *key)
{
	memset(entry, 0xFF, KILN_NVS_ENTRY);
	entry[0] = ns;
	entry[1] = type;
	entry[2] = (uint8_t)span;
	entry[3] = chunk;
	memset(entry + 8, 0, 16);
	memcpy(entry + 8, key, strnlen(key, KILN_NVS_KEY));
}

static void put_entry(struct kiln_nvs_writer *w, uint8_t *entry)
{
	kiln_put_le32(entry + 4, kiln_nvs_entry_crc(entry));
	put_bytes(w, kiln_span(entry, KILN_NVS_ENTRY));
}

static kiln_code put_number(struct kiln_nvs_writer *w, uint8_t ns, const char *key, uint8_t type,
			    uint64_t value, struct kiln_err *err)
{
	uint8_t entry[KILN_NVS_ENTRY];

	if (w->used == KILN_NVS_ENTRIES)
		KILN_TRY(next_page(w, err));
	start_entry(entry, ns, type, 1, CHUNK_ANY, key);
	for (unsigned i = 0; i < (type & 0x0Fu); i++)
		entry[24 + i] = (uint8_t)(value >> 8 * i);
	put_entry(w, entry);
	return KILN_OK;
}

kiln_code kiln_nvs_put_namespace(struct kiln_nvs_writer *w, const char *name, struct kiln_err *err)
{
	for (unsigned i = 0; i < w->namespaces; i++) {
		if (strcmp(w->names[i], name) == 0) {
			w->ns = (uint8_t)(i + 1);
			return KILN_OK;
		}
	}
	if (w->namespaces == KILN_NVS_NAMESPACES)
		return kiln_fail(err, KILN_E_TOO_BIG, "an NVS has at most %d namespaces",
				 KILN_NVS_NAMESPACES);
	(void)kiln_text_copy(w->names[w->namespaces], sizeof(w->names[0]), name);
	w->ns = (uint8_t)++w->namespaces;
	return put_number(w, 0, name, KILN_NVS_U8, w->ns, err);
}

kiln_code kiln_nvs_put_int(struct kiln_nvs_writer *w, const char *key, uint8_t type, uint64_t value,
			   struct kiln_err *err)
{
	return put_number(w, w->ns, key, type, value, err);
}

/* An entry that says how many bytes follow it, and the bytes. */
static void put_sized(struct kiln_nvs_writer *w, const char *key, uint8_t type, uint8_t chunk,
		      struct kiln_span data)
{
	uint8_t entry[KILN_NVS_ENTRY];

	start_entry(entry, w->ns, type, entries_for(data.n) + 1, chunk, key);
	kiln_put_le16(entry + 24, (uint16_t)data.n);
	kiln_put_le32(entry + 28, kiln_nvs_crc(data.p, data.n));
	put_entry(w, entry);
	put_bytes(w, data);
}

kiln_code kiln_nvs_put_string(struct kiln_nvs_writer *w, const char *key, struct kiln_span text,
			      struct kiln_err *err)
{
	const size_t span = entries_for(text.n) + 1;

	if (text.n > KILN_NVS_STRING_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "a text in an NVS has at most %d bytes",
				 KILN_NVS_STRING_MAX - 1);
	/* the generator leaves a page's last entry free, unless a page of its own is needed */
	if (w->used && w->used + span >= KILN_NVS_ENTRIES)
		KILN_TRY(next_page(w, err));
	put_sized(w, key, KILN_NVS_STRING, CHUNK_ANY, text);
	return KILN_OK;
}

static kiln_code put_chunks(struct kiln_nvs_writer *w, const char *key, struct kiln_span data,
			    unsigned *ret_count, struct kiln_err *err)
{
	for (*ret_count = 0;;) {
		const size_t room = (KILN_NVS_ENTRIES - w->used - 1) * (size_t)KILN_NVS_ENTRY;
		struct kiln_span chunk;

		if (*ret_count == MAX_CHUNKS)
			return kiln_fail(err, KILN_E_TOO_BIG,
					 "a blob in an NVS has at most %d "
					 "pages",
					 MAX_CHUNKS);
		(void)kiln_span_take(&data, data.n < room ? data.n : room, &chunk);
		put_sized(w, key, KILN_NVS_BLOB_DATA, (uint8_t)(*ret_count)++, chunk);
		if (data.n || w->used == KILN_NVS_ENTRIES)
			KILN_TRY(next_page(w, err));
		if (!data.n)
			return KILN_OK;
	}
}

kiln_code kiln_nvs_put_blob(struct kiln_nvs_writer *w, const char *key, struct kiln_span data,
			    struct kiln_err *err)
{
	uint8_t entry[KILN_NVS_ENTRY];
	unsigned chunks;

	if (w->used == KILN_NVS_ENTRIES)
		KILN_TRY(next_page(w, err));
	KILN_TRY(put_chunks(w, key, data, &chunks, err));
	start_entry(entry, w->ns, KILN_NVS_BLOB_INDEX, 1, CHUNK_ANY, key);
	kiln_put_le32(entry + 24, (uint32_t)data.n);
	entry[28] = (uint8_t)chunks;
	entry[29] = 0;
	put_entry(w, entry);
	return KILN_OK;
}
