/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t kiln_buf_empty[1];

void kiln_buf_init(struct kiln_buf *b, size_t max)
{
	*b = (struct kiln_buf)KILN_BUF_INIT(max);
}

void kiln_buf_done(struct kiln_buf *b)
{
	if (b->cap)
		free(b->data);
	kiln_buf_init(b, b->max);
}

void kiln_buf_reset(struct kiln_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->cap)
		b->data[0] = '\0';
}

kiln_code kiln_buf_reserve(struct kiln_buf *b, size_t n)
{
	size_t cap;
	uint8_t *data;

	if (n > b->max || b->len > b->max - n) {
		b->failed = true;
		return KILN_E_TOO_BIG;
	}
	if (b->cap && b->len + n < b->cap)
		return KILN_OK;
	cap = b->cap ? b->cap * 2 : 64;
	if (cap < b->len + n + 1)
		cap = b->len + n + 1;
	if (cap > b->max + 1 && b->max + 1 >= b->len + n + 1)
		cap = b->max + 1;
	data = realloc(b->cap ? b->data : NULL, cap);
	if (!data) {
		b->failed = true;
		return KILN_E_NOMEM;
	}
	b->data = data;
	b->cap = cap;
	b->data[b->len] = '\0';
	return KILN_OK;
}

void kiln_buf_grew(struct kiln_buf *b, size_t n)
{
	assert(b->cap > b->len + n || n == 0);
	b->len += n;
	if (b->cap)
		b->data[b->len] = '\0';
}

kiln_code kiln_buf_append(struct kiln_buf *b, const void *p, size_t n)
{
	if (n == 0)
		return KILN_OK;
	KILN_TRY(kiln_buf_reserve(b, n));
	memcpy(b->data + b->len, p, n);
	kiln_buf_grew(b, n);
	return KILN_OK;
}

kiln_code kiln_buf_puts(struct kiln_buf *b, const char *text)
{
	return kiln_buf_append(b, text, strlen(text));
}

kiln_code kiln_buf_putc(struct kiln_buf *b, uint8_t byte)
{
	return kiln_buf_append(b, &byte, 1);
}

kiln_code kiln_buf_vprintf(struct kiln_buf *b, const char *fmt, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return KILN_E_INVALID;
	}
	KILN_TRY(kiln_buf_reserve(b, (size_t)n));
	(void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, args);
	kiln_buf_grew(b, (size_t)n);
	return KILN_OK;
}

kiln_code kiln_buf_printf(struct kiln_buf *b, const char *fmt, ...)
{
	va_list args;
	kiln_code code;

	va_start(args, fmt);
	code = kiln_buf_vprintf(b, fmt, args);
	va_end(args);
	return code;
}

void kiln_buf_consume(struct kiln_buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = '\0';
}

char *kiln_buf_detach(struct kiln_buf *b, size_t *ret_len)
{
	char *data;

	if (!b->cap && kiln_buf_reserve(b, 0) != KILN_OK)
		return NULL;
	data = (char *)b->data;
	if (ret_len)
		*ret_len = b->len;
	kiln_buf_init(b, b->max);
	return data;
}
