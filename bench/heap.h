/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BENCH_HEAP_H
#define KILN_BENCH_HEAP_H

#include <stddef.h>

/*
 * What the program has on its heap, counted by standing before malloc: all threads together, all
 * that libraries allocate too. A benchmark links heap.c; a sanitizer's own malloc does not allow
 * that.
 */
size_t heap_in_use(void);
size_t heap_peak(void);
/* From here on the peak is what is in use now; returns that. */
size_t heap_mark(void);

#endif
