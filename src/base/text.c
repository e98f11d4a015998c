/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/*
 * Length of the UTF-8 character at p: 1..4, 0 if it is cut off at the end of n, -1 if invalid
 * (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF).
 */
static int utf8_length(const uint8_t *p, size_t n)
{
	int length;
	uint8_t low = 0x80, high = 0xBF;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return -1;
	length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;
	for (int i = 1; i < length; i++) {
		if ((size_t)i >= n)
			return 0;
		if (p[i] < low || p[i] > high)
			return -1;
		low = 0x80;
		high = 0xBF;
	}
	return length;
}

size_t kiln_utf8_whole(const void *p, size_t n)
{
	const uint8_t *bytes = p;
	size_t start = n > 3 ? n - 3 : 0;

	/* only a lead byte among the last three can be cut */
	for (size_t i = start; i < n; i++) {
		if (bytes[i] >= 0xC0 && utf8_length(bytes + i, n - i) == 0)
			return i;
	}
	return n;
}

void kiln_utf8_mend(void *p, size_t n)
{
	uint8_t *bytes = p;

	for (size_t i = 0; i < n;) {
		const int length = utf8_length(bytes + i, n - i);

		if (length > 0)
			i += (size_t)length;
		else
			bytes[i++] = '?';
	}
}

/* Make dst, which was cut at size - 1 bytes, end in "..." after a whole character. */
static void show_cut(char *dst, size_t size)
{
	size_t keep;

	if (size < 4)
		return;
	keep = kiln_utf8_whole(dst, size - 4);
	memcpy(dst + keep, "...", 4);
}

bool kiln_text_vformat(char *dst, size_t size, const char *fmt, va_list args)
{
	const int n = vsnprintf(dst, size, fmt, args);

	if (n < 0) {
		dst[0] = '\0';
		return false;
	}
	if ((size_t)n < size)
		return true;
	show_cut(dst, size);
	return false;
}

bool kiln_text_format(char *dst, size_t size, const char *fmt, ...)
{
	va_list args;
	bool fitted;

	va_start(args, fmt);
	fitted = kiln_text_vformat(dst, size, fmt, args);
	va_end(args);
	return fitted;
}

bool kiln_text_copy(char *dst, size_t size, const char *src)
{
	return kiln_text_format(dst, size, "%s", src);
}

bool kiln_text_copy_untrusted(char *dst, size_t size, const void *src, size_t n)
{
	const uint8_t *p = src;
	size_t out = 0;

	for (size_t i = 0; i < n;) {
		int length = utf8_length(p + i, n - i);
		/* C0, DEL, and C1 (U+0080..9F) steer terminals */
		const bool control = p[i] < 0x20 || p[i] == 0x7F ||
				     (length == 2 && p[i] == 0xC2 && p[i + 1] < 0xA0);
		const size_t used = length > 0 ? (size_t)length : 1;

		if (out + (control || length <= 0 ? 1 : used) >= size) {
			dst[out] = '\0';
			if (size >= 4)
				memcpy(dst + kiln_utf8_whole(dst, out > 3 ? out - 3 : 0), "...", 4);
			return false;
		}
		if (control || length <= 0) {
			dst[out++] = '?';
		} else {
			memcpy(dst + out, p + i, used);
			out += used;
		}
		i += used;
	}
	dst[out] = '\0';
	return true;
}

static unsigned take_base(const char **text)
{
	static const struct {
		char letter;
		unsigned base;
	} bases[] = { { 'x', 16 }, { 'o', 8 }, { 'b', 2 } };

	if ((*text)[0] == '0') {
		for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
			if (((*text)[1] | 0x20) == bases[i].letter) {
				*text += 2;
				if (**text == '_') /* 0x_1f is a Python literal */
					(*text)++;
				return bases[i].base;
			}
		}
	}
	return 10;
}

bool kiln_text_to_u64(const char *text, uint64_t *ret_value)
{
	const unsigned base = take_base(&text);
	uint64_t value = 0;
	bool digit_before = false;

	if (!*text)
		return false;
	for (; *text; text++) {
		const int digit = kiln_hex_digit(*text);

		if (*text == '_' && digit_before && text[1]) {
			digit_before = false;
			continue;
		}
		if ((unsigned)digit >= base)
			return false;
		if (value > (UINT64_MAX - (unsigned)digit) / base)
			return false;
		value = value * base + (unsigned)digit;
		digit_before = true;
	}
	if (!digit_before)
		return false;
	*ret_value = value;
	return true;
}
