/* SPDX-License-Identifier: Apache-2.0 */
#include "image/elf.h"

#include <stdlib.h>

#include "base/text.h"

enum {
	FILE_HEADER = 0x34,
	SECTION_HEADER = 0x28,
	SEGMENT_HEADER = 0x20,
	MAX_PARTS = 1024, /* that load; linked firmware has some tens */

	CLASS_32 = 1,
	LITTLE_ENDIAN_DATA = 1,
	MACHINE_XTENSA = 0x5E,
	MACHINE_RISCV = 0xF3,

	SHT_PROGBITS = 1,
	SHT_STRTAB = 3,
	SHT_NOBITS = 8,
	SHT_INIT_ARRAY = 14,
	SHT_FINI_ARRAY = 15,
	SHT_PREINIT_ARRAY = 16,

	PT_LOAD = 1,
};

struct header {
	uint32_t entry, segments_at, sections_at;
	unsigned n_segments, n_sections, names;
};

struct section {
	uint32_t name, type, address, offset, size, align;
};

static kiln_code bad(struct kiln_err *err, const char *why)
{
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the ELF file");
	kiln_why(err, "%s", why);
	kiln_hint(err, "build it again; it must be the linker's output for an Espressif chip");
	return KILN_E_IMAGE;
}

static kiln_code slice(struct kiln_span file, uint32_t offset, size_t n, const char *what,
		       struct kiln_span *ret, struct kiln_err *err)
{
	struct kiln_span skipped;

	if (kiln_span_take(&file, offset, &skipped) && kiln_span_take(&file, n, ret))
		return KILN_OK;
	(void)bad(err, "");
	kiln_why(err, "it is cut short: %s at 0x%x lies beyond its end", what, offset);
	return KILN_E_IMAGE;
}

static kiln_code check_ident(const uint8_t *p, struct kiln_err *err)
{
	const unsigned machine = kiln_get_le16(p + 18);

	if (memcmp(p, "\177ELF", 4) != 0)
		return bad(err, "it does not begin with 7F 45 4C 46");
	if (p[4] != CLASS_32 || p[5] != LITTLE_ENDIAN_DATA)
		return bad(err, "it is not a 32-bit little-endian file");
	if (machine != MACHINE_XTENSA && machine != MACHINE_RISCV) {
		(void)bad(err, "");
		kiln_why(err, "it is neither for Xtensa nor for RISC-V (machine 0x%x)", machine);
		return KILN_E_IMAGE;
	}
	return KILN_OK;
}

static kiln_code read_header(struct kiln_span file, struct header *ret, struct kiln_err *err)
{
	const uint8_t *p = file.p;

	if (file.n < FILE_HEADER)
		return bad(err, "it is shorter than an ELF header");
	KILN_TRY(check_ident(p, err));
	*ret = (struct header){
		.entry = kiln_get_le32(p + 24),
		.segments_at = kiln_get_le32(p + 28),
		.sections_at = kiln_get_le32(p + 32),
		.n_segments = kiln_get_le16(p + 44),
		.n_sections = kiln_get_le16(p + 48),
		.names = kiln_get_le16(p + 50),
	};
	if (kiln_get_le16(p + 46) != SECTION_HEADER)
		return bad(err, "its section headers are not 40 bytes long");
	if (ret->n_sections == 0)
		return bad(err, "it has no sections");
	if (ret->names >= ret->n_sections)
		return bad(err, "it has no section with the names of its sections");
	if (ret->n_segments && kiln_get_le16(p + 42) != SEGMENT_HEADER)
		return bad(err, "its program headers are not 32 bytes long");
	return KILN_OK;
}

static struct section section_at(struct kiln_span table, size_t i)
{
	const uint8_t *p = table.p + i * SECTION_HEADER;

	return (struct section){
		.name = kiln_get_le32(p),
		.type = kiln_get_le32(p + 4),
		.address = kiln_get_le32(p + 12),
		.offset = kiln_get_le32(p + 16),
		.size = kiln_get_le32(p + 20),
		.align = kiln_get_le32(p + 32),
	};
}

static kiln_code read_name(struct kiln_span names, uint32_t offset, char *ret, size_t size,
			   struct kiln_err *err)
{
	const uint8_t *end = offset < names.n ? memchr(names.p + offset, 0, names.n - offset)
					      : NULL;

	if (!end)
		return bad(err, "the name of a section is not in its table of names");
	(void)kiln_text_copy_untrusted(ret, size, names.p + offset,
				       (size_t)(end - names.p) - offset);
	return KILN_OK;
}

static kiln_code add_part(struct kiln_elf_parts *parts, struct kiln_elf_part **ret,
			  struct kiln_err *err)
{
	if (parts->n == MAX_PARTS) {
		(void)bad(err, "");
		kiln_why(err, "it has more than %d parts to load", MAX_PARTS);
		return KILN_E_IMAGE;
	}
	if (!parts->items)
		parts->items = calloc(MAX_PARTS, sizeof(*parts->items));
	if (!parts->items) {
		(void)kiln_fail(err, KILN_E_NOMEM, "cannot read the ELF file");
		return KILN_E_NOMEM;
	}
	*ret = &parts->items[parts->n++];
	return KILN_OK;
}

static bool has_bits(uint32_t type)
{
	return type == SHT_PROGBITS || type == SHT_INIT_ARRAY || type == SHT_FINI_ARRAY ||
	       type == SHT_PREINIT_ARRAY;
}

static void note_unknown(struct kiln_elf *elf, uint32_t type)
{
	if (type != SHT_NOBITS && type != SHT_STRTAB && elf->n_unknown < KILN_ELF_MAX_UNKNOWN)
		elf->unknown[elf->n_unknown++] = type;
}

static kiln_code read_section(struct kiln_span file, struct kiln_span names,
			      const struct section *s, struct kiln_elf *elf, struct kiln_err *err)
{
	struct kiln_elf_part *part;

	if (s->address == 0 || s->size == 0)
		return KILN_OK;
	if (!has_bits(s->type)) {
		note_unknown(elf, s->type);
		return KILN_OK;
	}
	KILN_TRY(add_part(&elf->sections, &part, err));
	part->address = s->address;
	part->align = s->align ? s->align : 1;
	KILN_TRY(read_name(names, s->name, part->name, sizeof(part->name), err));
	return slice(file, s->offset, s->size, "a section", &part->data, err);
}

static kiln_code read_sections(struct kiln_span file, const struct header *h, struct kiln_elf *elf,
			       struct kiln_err *err)
{
	struct kiln_span table, names;
	struct section s;

	KILN_TRY(slice(file, h->sections_at, (size_t)h->n_sections * SECTION_HEADER,
		       "the table of sections", &table, err));
	s = section_at(table, h->names);
	KILN_TRY(slice(file, s.offset, s.size, "the table of names", &names, err));
	for (size_t i = 0; i < h->n_sections; i++) {
		s = section_at(table, i);
		KILN_TRY(read_section(file, names, &s, elf, err));
	}
	return KILN_OK;
}

static kiln_code read_segment(struct kiln_span file, const uint8_t *p, struct kiln_elf *elf,
			      struct kiln_err *err)
{
	const uint32_t offset = kiln_get_le32(p + 4), address = kiln_get_le32(p + 12),
		       size = kiln_get_le32(p + 16), align = kiln_get_le32(p + 28);
	struct kiln_elf_part *part;

	if (kiln_get_le32(p) != PT_LOAD || address == 0 || size == 0)
		return KILN_OK;
	KILN_TRY(add_part(&elf->segments, &part, err));
	(void)kiln_text_copy(part->name, sizeof(part->name), "PHDR");
	part->address = address;
	part->align = align ? align : 1;
	return slice(file, offset, size, "a segment", &part->data, err);
}

static kiln_code read_segments(struct kiln_span file, const struct header *h, struct kiln_elf *elf,
			       struct kiln_err *err)
{
	struct kiln_span table = { 0 };

	if (h->n_segments)
		KILN_TRY(slice(file, h->segments_at, (size_t)h->n_segments * SEGMENT_HEADER,
			       "the table of segments", &table, err));
	for (size_t i = 0; i < h->n_segments; i++)
		KILN_TRY(read_segment(file, table.p + i * SEGMENT_HEADER, elf, err));
	return KILN_OK;
}

kiln_code kiln_elf_read(struct kiln_span file, struct kiln_elf *ret_elf, struct kiln_err *err)
{
	struct header h;
	struct kiln_elf elf = { 0 };
	kiln_code code;

	KILN_TRY(read_header(file, &h, err));
	elf.entry = h.entry;
	code = read_sections(file, &h, &elf, err);
	if (code == KILN_OK)
		code = read_segments(file, &h, &elf, err);
	if (code == KILN_OK)
		*ret_elf = elf;
	else
		kiln_elf_done(&elf);
	return code;
}

void kiln_elf_done(struct kiln_elf *elf)
{
	free(elf->sections.items);
	free(elf->segments.items);
	*elf = (struct kiln_elf){ 0 };
}
