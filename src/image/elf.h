/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_ELF_H
#define KILN_IMAGE_ELF_H

#include <kiln/err.h>

#include "base/bytes.h"

/*
 * The parts of a 32-bit ELF file (Xtensa or RISC-V, little-endian) that go into a firmware image.
 * Source: System V Application Binary Interface, chapters 4 and 5.
 *
 * Parts borrow from the file: it must live as long as they are used. All that the file says is
 * checked against its size; what has no load address or no bytes is left out.
 */
struct kiln_elf_part {
	char name[48]; /* of a section; "PHDR" for a segment */
	uint32_t address;
	uint32_t align; /* at least 1 */
	struct kiln_span data;
};

struct kiln_elf_parts {
	struct kiln_elf_part *items;
	size_t n;
};

enum { KILN_ELF_MAX_UNKNOWN = 8 };

struct kiln_elf {
	uint32_t entry;
	struct kiln_elf_parts sections; /* that have bits: PROGBITS, INIT_ARRAY and the like */
	struct kiln_elf_parts segments; /* PT_LOAD */
	uint32_t unknown[KILN_ELF_MAX_UNKNOWN]; /* section types that were skipped */
	unsigned n_unknown;
};

/* Fails with: E_IMAGE (no ELF file for these chips, or it is cut), E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code kiln_elf_read(struct kiln_span file, struct kiln_elf *ret_elf,
				   struct kiln_err *err);
void kiln_elf_done(struct kiln_elf *elf);

#endif
