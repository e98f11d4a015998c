/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_API_H
#define KILN_API_H

/*
 * Attributes that every public header uses.
 *
 * KILN_API    the symbol is part of libkiln's ABI (C's, in C++ too); all others are hidden.
 * KILN_CHECK  the caller must look at the result.
 */
#ifdef __cplusplus
#define KILN_API extern "C" __attribute__((visibility("default")))
#else
#define KILN_API __attribute__((visibility("default")))
#endif
#define KILN_CHECK __attribute__((warn_unused_result))
#define KILN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
