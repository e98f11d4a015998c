/* SPDX-License-Identifier: Apache-2.0 */
/* What an NVS image holds, as far as it is whole. */
#include "image/nvs.h"

#include <stdlib.h>

#include "base/text.h"

enum {
	BITMAP_AT = 32,
	STATE_WRITTEN = 2,
	CHUNK_ANY = 0xFF,
	VERSION_1 = 0xFF,
	VERSION_2 = 0xFE,
	PROBLEMS_MAX = 1000, /* said aloud; the rest is counted */
};

static const uint32_t state_empty = 0xFFFFFFFF, state_active = 0xFFFFFFFE, state_full = 0xFFFFFFFC,
		      state_freeing = 0xFFFFFFF8;

/* An entry that is written and whole. */
struct entry {
	const uint8_t *p;
	unsigned page;
	struct kiln_span data; /* of texts and chunks */
	size_t order;          /* in which it was written */
	bool replaced;         /* by a later one of the same key */
};

struct page {
	const uint8_t *p;
	unsigned index;
	uint32_t number;
};

struct list {
	struct kiln_span image;
	const struct kiln_nvs_reader *reader;
	unsigned problems;
	struct page *pages;
	size_t n_pages;
	struct entry *entries;
	size_t n, cap;
	struct entry **sorted; /* by namespace, key, kind and chunk, then order */
	const uint8_t *namespaces[256];
};

static const struct {
	uint8_t type;
	const char *name;
} type_names[] = {
	{ KILN_NVS_U8, "u8" },
	{ KILN_NVS_U16, "u16" },
	{ KILN_NVS_U32, "u32" },
	{ KILN_NVS_U64, "u64" },
	{ KILN_NVS_I8, "i8" },
	{ KILN_NVS_I16, "i16" },
	{ KILN_NVS_I32, "i32" },
	{ KILN_NVS_I64, "i64" },
	{ KILN_NVS_STRING, "string" },
	{ KILN_NVS_BLOB_V1, "blob" },
	{ KILN_NVS_BLOB_DATA, "blob data" },
	{ KILN_NVS_BLOB_INDEX, "blob" },
};

const char *kiln_nvs_type_name(uint8_t type)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (type_names[i].type == type)
			return type_names[i].name;
	}
	return NULL;
}

static void problem(struct list *l, unsigned page, const char *fmt, ...) KILN_PRINTF(3, 4);
static void problem(struct list *l, unsigned page, const char *fmt, ...)
{
	char text[160];
	va_list args;

	if (++l->problems > PROBLEMS_MAX)
		return;
	va_start(args, fmt);
	(void)kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	l->reader->problem(l->reader->user, page, text);
}

static bool is_blank(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0xFF)
			return false;
	}
	return true;
}

static bool has_size(uint8_t type)
{
	return type == KILN_NVS_STRING || type == KILN_NVS_BLOB_V1 || type == KILN_NVS_BLOB_DATA;
}

static const char *check_entry(const uint8_t *p, size_t room, struct kiln_span *ret_data)
{
	const uint8_t span = p[2];

	if (kiln_get_le32(p + 4) != kiln_nvs_entry_crc(p))
		return "its CRC does not match";
	if (!kiln_nvs_type_name(p[1]))
		return "its type is not known";
	if (span == 0 || span > room)
		return "it says that it goes beyond its page";
	*ret_data = kiln_span(p + KILN_NVS_ENTRY, 0);
	if (!has_size(p[1]))
		return NULL;
	ret_data->n = kiln_get_le16(p + 24);
	if (ret_data->n > (span - 1u) * KILN_NVS_ENTRY)
		return "it says that it has more bytes than entries";
	if (kiln_get_le32(p + 28) != kiln_nvs_crc(ret_data->p, ret_data->n))
		return "the CRC of its value does not match";
	return NULL;
}

static kiln_code keep(struct list *l, const struct entry *e)
{
	const size_t cap = l->cap ? l->cap * 2 : 128;
	struct entry *entries;

	if (l->n == l->cap) {
		entries = realloc(l->entries, cap * sizeof(*entries));
		if (!entries)
			return KILN_E_NOMEM;
		l->entries = entries;
		l->cap = cap;
	}
	l->entries[l->n] = *e;
	l->entries[l->n].order = l->n;
	l->n++;
	return KILN_OK;
}

static unsigned state_of(const struct page *page, unsigned entry)
{
	return page->p[BITMAP_AT + entry / 4] >> entry % 4 * 2 & 3;
}

static kiln_code read_page(struct list *l, const struct page *page)
{
	unsigned i = 0;

	while (i < KILN_NVS_ENTRIES) {
		const uint8_t *p = page->p + KILN_NVS_FIRST_ENTRY + i * KILN_NVS_ENTRY;
		struct entry e = { .p = p, .page = page->index };
		const char *wrong;

		if (state_of(page, i++) != STATE_WRITTEN)
			continue;
		wrong = check_entry(p, KILN_NVS_ENTRIES - i + 1, &e.data);
		if (wrong) {
			problem(l, page->index, "entry %u is left out: %s", i - 1, wrong);
			continue;
		}
		i += p[2] - 1u;
		if (keep(l, &e) != KILN_OK)
			return KILN_E_NOMEM;
	}
	return KILN_OK;
}

/* Of an encrypted image pages and states are as ever, and all that is written is noise. */
static kiln_code check_readable(const struct list *l, struct kiln_err *err)
{
	unsigned n = 0;

	for (size_t k = 0; k < l->n_pages; k++) {
		for (unsigned i = 0; i < KILN_NVS_ENTRIES; i++) {
			const uint8_t *p = l->pages[k].p + KILN_NVS_FIRST_ENTRY +
					   i * KILN_NVS_ENTRY;
			struct kiln_span data;

			if (state_of(&l->pages[k], i) != STATE_WRITTEN)
				continue;
			if (!check_entry(p, KILN_NVS_ENTRIES - i, &data))
				return KILN_OK;
			n++;
		}
	}
	if (n == 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the NVS image");
	kiln_why(err, "its pages are whole, but none of its %u entries is: it is encrypted", n);
	kiln_hint(err, "decrypt it with its keys first (nvs_partition_gen decrypt)");
	return KILN_E_IMAGE;
}

static bool check_page(struct list *l, const uint8_t *p, unsigned index)
{
	const uint32_t state = kiln_get_le32(p);

	if (state == state_empty) {
		if (!is_blank(p, KILN_NVS_PAGE))
			problem(l, index, "it says that it is empty, and is not");
		return false;
	}
	if (kiln_get_le32(p + 28) != kiln_nvs_crc(p + 4, 24)) {
		problem(l, index, "it is left out: the CRC of its header does not match");
		return false;
	}
	if (state != state_active && state != state_full && state != state_freeing) {
		problem(l, index, "it is left out: its state 0x%08x is that of no page", state);
		return false;
	}
	if (p[8] != VERSION_1 && p[8] != VERSION_2) {
		problem(l, index, "it is left out: its version 0x%02x is not known", p[8]);
		return false;
	}
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static kiln_code read_pages(struct list *l, struct kiln_err *err)
{
	for (unsigned i = 0; i < l->image.n / KILN_NVS_PAGE; i++) {
		const uint8_t *p = l->image.p + (size_t)i * KILN_NVS_PAGE;

		if (check_page(l, p, i))
			l->pages[l->n_pages++] = (struct page){ p, i, kiln_get_le32(p + 4) };
	}
	if (l->n_pages == 0 && l->problems == l->image.n / KILN_NVS_PAGE && l->problems) {
		(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the NVS image");
		kiln_why(err, "none of its pages is one of an NVS");
		kiln_hint(err, "check that it is the whole partition; an encrypted one must be "
			       "decrypted first");
		return KILN_E_IMAGE;
	}
	KILN_TRY(check_readable(l, err));
	if (l->n_pages > 1)
		qsort(l->pages, l->n_pages, sizeof(*l->pages), by_number);
	for (size_t i = 0; i < l->n_pages; i++) {
		if (read_page(l, &l->pages[i]) != KILN_OK)
			return kiln_fail(err, KILN_E_NOMEM, "cannot read the NVS image");
	}
	return KILN_OK;
}

static void find_namespaces(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const uint8_t *p = l->entries[i].p;

		if (p[0] == 0 && p[1] == KILN_NVS_U8)
			l->namespaces[p[24]] = p + 8;
	}
}

static bool is_chunk(const struct entry *e)
{
	return e->p[1] == KILN_NVS_BLOB_DATA;
}

/* Same namespace and key, and chunks apart from what the key names as a whole. */
static int compare_keys(const struct entry *x, const struct entry *y)
{
	int order = x->p[0] - y->p[0];

	if (!order)
		order = memcmp(x->p + 8, y->p + 8, 16);
	if (!order)
		order = is_chunk(x) - is_chunk(y);
	if (!order && is_chunk(x))
		order = x->p[3] - y->p[3];
	return order;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	const int order = compare_keys(*x, *y);

	if (order)
		return order;
	return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static kiln_code sort(struct list *l, struct kiln_err *err)
{
	l->sorted = calloc(l->n ? l->n : 1, sizeof(struct entry *));
	if (!l->sorted)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the NVS image");
	for (size_t i = 0; i < l->n; i++)
		l->sorted[i] = &l->entries[i];
	qsort(l->sorted, l->n, sizeof(struct entry *), by_key);
	for (size_t i = 1; i < l->n; i++)
		l->sorted[i - 1]->replaced = compare_keys(l->sorted[i - 1], l->sorted[i]) == 0;
	return KILN_OK;
}

/* The newest chunk of that number, or NULL. */
static const struct entry *find_chunk(const struct list *l, const struct entry *index,
				      uint8_t number)
{
	uint8_t wanted[KILN_NVS_ENTRY];
	const struct entry key = { .p = wanted };
	size_t low = 0, high = l->n;

	memcpy(wanted, index->p, sizeof(wanted));
	wanted[1] = KILN_NVS_BLOB_DATA;
	wanted[3] = number;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_keys(l->sorted[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && compare_keys(l->sorted[low - 1], &key) == 0 ? l->sorted[low - 1] : NULL;
}

static void name_of(const uint8_t *p, char ret[KILN_NVS_KEY + 1])
{
	(void)kiln_text_copy_untrusted(ret, KILN_NVS_KEY + 1, p,
				       strnlen((const char *)p, KILN_NVS_KEY));
}

static void take_int(const uint8_t *p, struct kiln_nvs_item *item)
{
	const unsigned bytes = p[1] & 0x0Fu; /* 1, 2, 4 or 8: types of other sizes were refused */

	item->is_signed = p[1] & 0x10;
	for (unsigned i = 0; i < bytes; i++)
		item->u |= (uint64_t)p[24 + i] << 8 * i;
	item->i = (int64_t)item->u;
	if (bytes > 0 && bytes < 8 && item->u >> (8 * bytes - 1) & 1)
		item->i -= INT64_C(1) << 8 * bytes;
}

/* All chunks, one after the other. A blob with a piece missing is none: nothing is made up. */
static bool take_blob(struct list *l, const struct entry *e, struct kiln_buf *bytes,
		      struct kiln_nvs_item *item)
{
	const uint32_t size = kiln_get_le32(e->p + 24);

	kiln_buf_reset(bytes);
	for (unsigned i = 0; i < e->p[28]; i++) {
		const struct entry *chunk = find_chunk(l, e, (uint8_t)(e->p[29] + i));

		if (!chunk) {
			problem(l, e->page, "blob '%s' is left out: chunk %u of %u is missing",
				item->key, i, e->p[28]);
			return false;
		}
		if (kiln_buf_append(bytes, chunk->data.p, chunk->data.n) != KILN_OK)
			break;
	}
	if (bytes->failed || bytes->len != size) {
		problem(l, e->page,
			"blob '%s' is left out: its chunks have %zu bytes, and it says %u",
			item->key, bytes->len, size);
		return false;
	}
	item->data = kiln_buf_span(bytes);
	return true;
}

static void say_item(struct list *l, const struct entry *e, struct kiln_buf *bytes)
{
	char key[KILN_NVS_KEY + 1], ns[KILN_NVS_KEY + 1];
	struct kiln_nvs_item item = { .ns = ns, .key = key, .type = e->p[1], .page = e->page };

	name_of(e->p + 8, key);
	if (l->namespaces[e->p[0]])
		name_of(l->namespaces[e->p[0]], ns);
	else
		(void)kiln_text_format(ns, sizeof(ns), "#%u", e->p[0]);
	item.type_name = kiln_nvs_type_name(item.type);
	if (item.type == KILN_NVS_BLOB_INDEX) {
		if (!take_blob(l, e, bytes, &item))
			return;
	} else if (has_size(item.type)) {
		item.data = e->data;
	} else {
		take_int(e->p, &item);
	}
	if (item.type == KILN_NVS_STRING && item.data.n && !item.data.p[item.data.n - 1])
		item.data.n--;
	if (item.type == KILN_NVS_BLOB_V1)
		item.type = KILN_NVS_BLOB_INDEX;
	l->reader->item(l->reader->user, &item);
}

static void say_items(struct list *l)
{
	struct kiln_buf bytes = KILN_BUF_INIT(KILN_NVS_MAX);

	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->entries[i];

		if (!e->replaced && !is_chunk(e) && e->p[0] != 0)
			say_item(l, e, &bytes);
	}
	kiln_buf_done(&bytes);
}

static kiln_code check_image(struct kiln_span image, struct kiln_err *err)
{
	if (image.n && image.n % KILN_NVS_PAGE == 0 && image.n <= KILN_NVS_MAX)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the NVS image");
	kiln_why(err, "it has %zu bytes, which is no multiple of 4096 up to 16 MB", image.n);
	kiln_hint(err, "check that it is the whole partition");
	return KILN_E_IMAGE;
}

kiln_code kiln_nvs_list(struct kiln_span image, const struct kiln_nvs_reader *reader,
			unsigned *ret_problems, struct kiln_err *err)
{
	struct list l = { .image = image, .reader = reader };
	kiln_code code;

	KILN_TRY(check_image(image, err));
	l.pages = calloc(image.n / KILN_NVS_PAGE, sizeof(*l.pages));
	if (!l.pages)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the NVS image");
	code = read_pages(&l, err);
	if (code == KILN_OK)
		code = sort(&l, err);
	if (code == KILN_OK) {
		find_namespaces(&l);
		say_items(&l);
		*ret_problems = l.problems;
	}
	free(l.pages);
	free(l.entries);
	free(l.sorted);
	return code;
}
