/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_TRANSCRIPT_H
#define KILN_TESTS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One frame of tests/data/rom-transcripts/NAME: see the README there. */
struct transcript_frame {
	bool to_chip;
	bool raw;       /* no header: OHAI, blocks of flash */
	bool cut;       /* `body` is only the beginning */
	char name[24];  /* "READ_REG" */
	uint32_t field; /* checksum or value */
	size_t length;  /* of the whole body */
	uint8_t body[64];
	size_t n_body;
};

struct transcript {
	struct transcript_frame *frames;
	size_t n;
};

/* Exits the test program if the file can't be read: a test without its data is none. */
void transcript_read(struct transcript *ret_t, const char *name);
void transcript_done(struct transcript *t);

/* Hex digits to bytes, up to the first that is none; returns how many bytes. */
size_t transcript_hex(const char *hex, uint8_t *dst, size_t max);

/* A whole file of the transcripts' folder; malloc'd. */
uint8_t *transcript_file(const char *name, size_t *ret_size);

#endif
