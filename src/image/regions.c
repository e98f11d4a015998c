/* SPDX-License-Identifier: Apache-2.0 */
#include "image/regions.h"

#include <stdlib.h>

static kiln_code grow(struct kiln_regions *r)
{
	const size_t cap = r->cap ? r->cap * 2 : 8;
	struct kiln_region *items;

	if (r->n < r->cap)
		return KILN_OK;
	if (r->n == KILN_REGIONS_MAX)
		return KILN_E_TOO_BIG;
	items = realloc(r->items, cap * sizeof(*items));
	if (!items)
		return KILN_E_NOMEM;
	r->items = items;
	r->cap = cap;
	return KILN_OK;
}

static bool follows(const struct kiln_regions *r, uint32_t address)
{
	const struct kiln_region *last = r->n ? &r->items[r->n - 1] : NULL;

	return last && (uint64_t)last->address + last->data.len == address;
}

kiln_code kiln_regions_add(struct kiln_regions *r, uint32_t address, struct kiln_span data,
			   unsigned line)
{
	if (data.n == 0)
		return KILN_OK;
	if (data.n > KILN_REGIONS_MAX_BYTES - r->bytes ||
	    (uint64_t)address + data.n > UINT64_C(1) << 32)
		return KILN_E_TOO_BIG;
	r->bytes += data.n;
	if (!follows(r, address)) {
		KILN_TRY(grow(r));
		r->items[r->n].address = address;
		r->items[r->n].line = line;
		kiln_buf_init(&r->items[r->n].data, KILN_REGIONS_MAX_BYTES);
		r->n++;
	}
	return kiln_buf_append(&r->items[r->n - 1].data, data.p, data.n);
}

static int by_address(const void *a, const void *b)
{
	const struct kiln_region *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

kiln_code kiln_regions_join(struct kiln_regions *r, uint32_t *ret_address, unsigned *ret_line)
{
	size_t kept = 0;

	if (r->n == 0)
		return KILN_OK;
	qsort(r->items, r->n, sizeof(*r->items), by_address);
	for (size_t i = 1; i < r->n; i++) {
		struct kiln_region *last = &r->items[kept], *next = &r->items[i];
		const uint64_t end = (uint64_t)last->address + last->data.len;

		if (next->address < end) {
			*ret_address = next->address;
			*ret_line = next->line > last->line ? next->line : last->line;
			return KILN_E_OVERLAP;
		}
		if (next->address == end) {
			KILN_TRY(kiln_buf_append(&last->data, next->data.data, next->data.len));
			kiln_buf_done(&next->data);
		} else if (++kept != i) {
			r->items[kept] = *next;
			kiln_buf_init(&next->data, 0);
		}
	}
	for (size_t i = kept + 1; i < r->n; i++)
		kiln_buf_done(&r->items[i].data);
	r->n = kept + 1;
	return KILN_OK;
}

void kiln_regions_done(struct kiln_regions *r)
{
	for (size_t i = 0; i < r->n; i++)
		kiln_buf_done(&r->items[i].data);
	free(r->items);
	*r = (struct kiln_regions){ 0 };
}
