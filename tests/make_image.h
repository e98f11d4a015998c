/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_MAKE_IMAGE_H
#define KILN_TESTS_MAKE_IMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

/*
 * A small image that an ESP32's ROM boots: one segment of `n` bytes of noise, checksum, SHA-256.
 * tools/make-test-image makes whole firmware files. Returns its length; `out` must have room for
 * n + 96 bytes. Needs libcrypto.
 */
static inline size_t make_image(uint8_t *out, uint32_t n)
{
	static const uint8_t header[24] = { 0xE9, 1,    2,    0x20,     0x04,    0x00,
					    0x08, 0x40, 0xEE, [21] = 0, [23] = 1 };
	size_t at = sizeof(header) + 8;
	uint32_t state = 1;
	uint8_t sum = 0xEF;

	n &= ~3u;
	memcpy(out, header, sizeof(header));
	memcpy(out + 24, (const uint8_t[]){ 0, 0, 8, 0x40 }, 4);
	for (int i = 0; i < 4; i++)
		out[28 + i] = (uint8_t)(n >> 8 * i);
	for (uint32_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		sum ^= out[at++] = (uint8_t)(state >> 24);
	}
	while (at % 16 != 15)
		out[at++] = 0;
	out[at++] = sum;
	EVP_Digest(out, at, out + at, NULL, EVP_sha256(), NULL);
	return at + 32;
}

#endif
