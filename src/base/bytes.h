/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BASE_BYTES_H
#define KILN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Little-endian fields, and spans: bytes that somebody else owns. Parsers take a span and read
 * through it; a read beyond the end fails and moves nothing, so that no parser does arithmetic
 * on pointers into input.
 */
struct kiln_span {
	const uint8_t *p;
	size_t n;
};

static inline struct kiln_span kiln_span(const void *p, size_t n)
{
	return (struct kiln_span){ .p = p, .n = n };
}

static inline uint16_t kiln_get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t kiln_get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void kiln_put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void kiln_put_le32(uint8_t *p, uint32_t v)
{
	kiln_put_le16(p, (uint16_t)v);
	kiln_put_le16(p + 2, (uint16_t)(v >> 16));
}

/* Take the first n bytes off the span. */
static inline bool kiln_span_take(struct kiln_span *s, size_t n, struct kiln_span *ret_part)
{
	if (n > s->n)
		return false;
	*ret_part = kiln_span(s->p, n);
	s->p += n;
	s->n -= n;
	return true;
}

static inline bool kiln_span_u8(struct kiln_span *s, uint8_t *ret_v)
{
	struct kiln_span part;

	if (!kiln_span_take(s, 1, &part))
		return false;
	*ret_v = part.p[0];
	return true;
}

static inline bool kiln_span_le16(struct kiln_span *s, uint16_t *ret_v)
{
	struct kiln_span part;

	if (!kiln_span_take(s, 2, &part))
		return false;
	*ret_v = kiln_get_le16(part.p);
	return true;
}

static inline bool kiln_span_le32(struct kiln_span *s, uint32_t *ret_v)
{
	struct kiln_span part;

	if (!kiln_span_take(s, 4, &part))
		return false;
	*ret_v = kiln_get_le32(part.p);
	return true;
}

/* What a hexadecimal digit, of either case, is worth; -1: it is none. */
static inline int kiln_hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool kiln_span_equal(struct kiln_span a, struct kiln_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
