/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a planned file. A firmware of megabytes of which only a few bytes are other than in
 * its file is not copied for them: they lie over it.
 */
#include <assert.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "flash/deflate.h"
#include "flash/flasher.h"
#include "flash/plan.h"

struct kiln_span kiln_plan_bytes(const struct kiln_plan_file *f, size_t at, size_t end)
{
	for (size_t i = 0; i < f->n_patches; i++) {
		const struct kiln_plan_patch *p = &f->patches[i];

		if (at < p->at)
			return kiln_span(f->data + at, (end < p->at ? end : p->at) - at);
		if (at < p->at + p->n)
			return kiln_span(p->bytes + (at - p->at),
					 (end < p->at + p->n ? end : p->at + p->n) - at);
	}
	return kiln_span(f->data + at, end - at);
}

void kiln_plan_put(struct kiln_plan_file *f, size_t at, const void *bytes, size_t n)
{
	struct kiln_plan_patch *p;
	size_t i = f->n_patches;

	assert(i < KILN_PLAN_PATCHES && n <= sizeof(p->bytes));
	for (; i > 0 && f->patches[i - 1].at > at; i--)
		f->patches[i] = f->patches[i - 1];
	p = &f->patches[i];
	p->at = at;
	p->n = n;
	memcpy(p->bytes, bytes, n);
	f->n_patches++;
}

struct kiln_plan_file kiln_plan_slice(const struct kiln_plan_file *f, size_t from, size_t size)
{
	struct kiln_plan_file slice = *f;

	slice.address += (uint32_t)from;
	slice.data += from;
	slice.size = size;
	slice.owned = NULL;
	slice.n_patches = 0;
	if (from != 0 || size != f->size)
		slice.packed = NULL;
	for (size_t i = 0; i < f->n_patches; i++) {
		const struct kiln_plan_patch *p = &f->patches[i];
		const size_t first = p->at > from ? p->at : from;
		const size_t end = p->at + p->n < from + size ? p->at + p->n : from + size;

		if (first < end)
			kiln_plan_put(&slice, first - from, p->bytes + (first - p->at),
				      end - first);
	}
	return slice;
}

uint8_t kiln_plan_byte(const struct kiln_plan_file *f, size_t at)
{
	return *kiln_plan_bytes(f, at, at + 1).p;
}

uint8_t *kiln_plan_copy(const struct kiln_plan_file *f, struct kiln_err *err)
{
	uint8_t *copy = malloc(f->size);

	if (!copy) {
		(void)kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", f->file->name);
		return NULL;
	}
	for (size_t at = 0; at < f->size;) {
		const struct kiln_span s = kiln_plan_bytes(f, at, f->size);

		memcpy(copy + at, s.p, s.n);
		at += s.n;
	}
	return copy;
}

static bool digest(const struct kiln_plan_file *f, size_t at, size_t end, const EVP_MD *kind,
		   uint8_t *ret)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c && EVP_DigestInit_ex(c, kind, NULL) == 1;

	while (good && at < end) {
		const struct kiln_span s = kiln_plan_bytes(f, at, end);

		good = EVP_DigestUpdate(c, s.p, s.n) == 1;
		at += s.n;
	}
	good = good && EVP_DigestFinal_ex(c, ret, NULL) == 1;
	EVP_MD_CTX_free(c);
	return good;
}

kiln_code kiln_plan_md5(const struct kiln_plan_file *f, size_t from, size_t n, uint8_t ret[16],
			struct kiln_err *err)
{
	if (!digest(f, from, from + n, EVP_md5(), ret))
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute an MD5 digest");
	return KILN_OK;
}

kiln_code kiln_plan_sha256(const struct kiln_plan_file *f, size_t n, uint8_t ret[32],
			   struct kiln_err *err)
{
	if (!digest(f, 0, n, EVP_sha256(), ret))
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute a SHA-256 digest");
	return KILN_OK;
}

kiln_code kiln_plan_deflate(const struct kiln_plan_file *f, uint8_t **ret_wire, size_t *ret_size,
			    struct kiln_err *err)
{
	struct kiln_span pieces[2 * KILN_PLAN_PATCHES + 1];
	size_t n = 0;

	for (size_t at = 0; at < f->size; at += pieces[n++].n)
		pieces[n] = kiln_plan_bytes(f, at, f->size);
	return kiln_deflate_pieces(pieces, n, ret_wire, ret_size, err);
}
