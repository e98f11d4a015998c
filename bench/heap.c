/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <kiln/api.h>

static atomic_size_t in_use, peak;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static void *count(void *p)
{
	const size_t now = atomic_fetch_add(&in_use, p ? malloc_usable_size(p) : 0) +
			   (p ? malloc_usable_size(p) : 0);
	size_t known = atomic_load(&peak);

	while (now > known && !atomic_compare_exchange_weak(&peak, &known, now))
		continue;
	return p;
}

KILN_API void *malloc(size_t n);
KILN_API void *calloc(size_t n, size_t size);
KILN_API void *realloc(void *p, size_t n);
KILN_API void free(void *p);

void *malloc(size_t n)
{
	return count(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
	const size_t before = p ? malloc_usable_size(p) : 0;
	void *q = __libc_realloc(p, n);

	if (q || n == 0)
		atomic_fetch_sub(&in_use, before);
	return count(q);
}

void free(void *p)
{
	atomic_fetch_sub(&in_use, p ? malloc_usable_size(p) : 0);
	__libc_free(p);
}

size_t heap_in_use(void)
{
	return atomic_load(&in_use);
}

size_t heap_peak(void)
{
	return atomic_load(&peak);
}

size_t heap_mark(void)
{
	const size_t now = heap_in_use();

	atomic_store(&peak, now);
	return now;
}
