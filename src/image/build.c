/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an ELF file to the segments of an image: options resolved, sections merged. How segments
 * are laid out differs by chip: build_esp32.c, build_esp8266.c. The pieces of an image that all
 * layouts share are in build_put.c.
 */
#include "image/build_impl.h"

#include <stdlib.h>

#include "base/text.h"
#include "image/appdesc.h"
#include "image/digest.h"
#include "image/modes.h"

enum { APP_DIGEST_AT = 0xB0 }; /* header, segment header, then 144 bytes into the descriptor */

static bool is_v3(const struct kiln_build_options *o)
{
	return o->chip->image_id == KILN_CHIP_NO_ID && o->esp8266_version == 3;
}

bool kiln_build_maps_flash(const struct kiln_build *b, uint32_t address)
{
	const struct kiln_chip_layout *layout = b->options->chip->layout;

	if (is_v3(b->options))
		return address > layout->irom.start;
	return layout->page_size && kiln_chip_maps_flash(layout, address);
}

static kiln_code refuse(struct kiln_err *err, const struct kiln_build *b, const char *what,
			const char *value, const struct kiln_chip_nibble *names)
{
	struct kiln_buf all = KILN_BUF_INIT(256);

	for (; names && names->name; names++)
		(void)kiln_buf_printf(&all, "%s%s", all.len ? ", " : "", names->name);
	(void)kiln_fail(err, KILN_E_INVALID, "no image with flash %s '%s'", what, value);
	kiln_why(err, "an %s has no such flash %s", b->chip->name, what);
	kiln_hint(err, "it has: %s", kiln_buf_str(&all));
	kiln_buf_done(&all);
	return KILN_E_INVALID;
}

static kiln_code resolve_flash(struct kiln_build *b, struct kiln_err *err)
{
	const struct kiln_build_options *o = b->options;
	int mode = kiln_image_mode_by_name(o->mode), freq = 0, size;

	if (mode < 0) {
		(void)kiln_fail(err, KILN_E_INVALID, "no image with flash mode '%s'", o->mode);
		kiln_hint(err, "it is one of qio, qout, dio, dout");
		return KILN_E_INVALID;
	}
	if (!kiln_chip_size_by_name(b->chip, o->size, NULL, &size))
		return refuse(err, b, "size", o->size, b->chip->sizes);
	if (o->freq && !kiln_chip_freq_by_name(b->chip, o->freq, &freq))
		return refuse(err, b, "frequency", o->freq, b->chip->freqs);
	b->mode = (uint8_t)mode;
	b->size_freq = (uint8_t)(size << 4 | freq);
	return KILN_OK;
}

static kiln_code warn(struct kiln_build *b, const char *fmt, ...) KILN_PRINTF(2, 3);
static kiln_code warn(struct kiln_build *b, const char *fmt, ...)
{
	const bool v5 = b->options->dialect == KILN_DIALECT_5;
	va_list args;
	kiln_code code;

	KILN_TRY(kiln_buf_puts(b->text, v5 ? "Warning: " : "WARNING: "));
	va_start(args, fmt);
	code = kiln_buf_vprintf(b->text, fmt, args);
	va_end(args);
	return code ? code : kiln_buf_puts(b->text, "\n");
}

static kiln_code set_page_size(struct kiln_build *b, uint32_t size, struct kiln_err *err)
{
	const uint32_t *known = b->chip->layout->page_sizes;

	if (size == b->page_size)
		return KILN_OK;
	if (!known && b->page_size)
		return warn(b, "Changing MMU page size is not supported on %s! Defaulting to %uKB.",
			    b->chip->name, b->page_size / 1024);
	if (!known)
		return warn(b, "Changing MMU page size is not supported on %s!", b->chip->name);
	for (; *known; known++) {
		if (*known == size) {
			b->page_size = size;
			return KILN_OK;
		}
	}
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use MMU pages of %u bytes", size);
	kiln_why(err, "an %s has no such page size", b->chip->name);
	known = b->chip->layout->page_sizes;
	kiln_hint(err, "it has %u, %u, %u and %u KB", known[0] / 1024, known[1] / 1024,
		  known[2] / 1024, (known[3] ? known[3] : known[2]) / 1024);
	return KILN_E_INVALID;
}

/* Apps that don't say their page size begin 32 bytes into a page: behind two headers. */
static kiln_code guess_page_size(struct kiln_build *b, uint32_t address, struct kiln_err *err)
{
	const uint32_t *sizes = b->chip->layout->page_sizes;
	size_t n = 0;

	while (sizes[n])
		n++;
	while (n-- > 0) {
		if ((address - KILN_IMAGE_HEADER_SIZE - KILN_SEGMENT_HEADER) % sizes[n] != 0)
			continue;
		KILN_TRY(set_page_size(b, sizes[n], err));
		return kiln_buf_printf(b->text, "MMU page size not specified, set to %u KB\n",
				       sizes[n] / 1024);
	}
	return warn(b, "App description segment is not aligned to MMU page size, "
		       "probably linker script issue or wrong MMU page size. "
		       "Try to set MMU page size parameter manually.");
}

static const struct kiln_elf_part *find_appdesc(const struct kiln_elf_parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		if (strstr(parts->items[i].name, ".flash.appdesc"))
			return &parts->items[i];
	}
	return NULL;
}

static kiln_code resolve_page_size(struct kiln_build *b, const struct kiln_elf *elf,
				   struct kiln_err *err)
{
	const struct kiln_elf_part *part = find_appdesc(&elf->sections);
	struct kiln_app_desc desc;

	if (b->options->page_size)
		return set_page_size(b, b->options->page_size, err);
	if (!part || !b->chip->layout->page_sizes || !kiln_build_maps_flash(b, part->address))
		return KILN_OK;
	if (!kiln_app_desc_read(part->data, &desc))
		return KILN_OK;
	if (desc.page_size_log2 > 31)
		return kiln_build_bad(err, "its app descriptor asks for MMU pages of 2^%u bytes",
				      desc.page_size_log2);
	if (desc.page_size_log2)
		return set_page_size(b, UINT32_C(1) << desc.page_size_log2, err);
	return guess_page_size(b, part->address, err);
}

static kiln_code resolve_digest(struct kiln_build *b, struct kiln_span file,
				const struct kiln_elf_parts *parts, struct kiln_err *err)
{
	const struct kiln_elf_part *part = find_appdesc(parts);

	b->elf_digest_offset = b->options->elf_digest_offset;
	if (!b->elf_digest_offset && part && kiln_build_maps_flash(b, part->address))
		b->elf_digest_offset = APP_DIGEST_AT;
	b->elf_digest_wanted = b->elf_digest_offset != 0;
	if (!b->elf_digest_wanted)
		return KILN_OK;
	return kiln_image_digest(file.p, file.n, b->elf_digest, err);
}

static kiln_code append(struct kiln_buf *data, struct kiln_span part, size_t *total,
			struct kiln_err *err)
{
	static const uint8_t zeros[4];
	const size_t pad = -part.n % 4;
	kiln_code code;

	*total += part.n + pad;
	if (*total > KILN_IMAGE_MAX_BYTES)
		return kiln_build_bad(err, "its parts have more bytes than any flash");
	code = kiln_buf_append(data, part.p, part.n);
	if (code == KILN_OK)
		code = kiln_buf_append(data, zeros, pad);
	return code ? kiln_fail(err, code, "cannot make an image") : KILN_OK;
}

static struct kiln_build_segment *add_segment(struct kiln_build *b, const struct kiln_elf_part *p)
{
	struct kiln_build_segment *s = &b->segments[b->n_segments++];

	kiln_buf_init(&s->data, KILN_IMAGE_MAX_BYTES);
	(void)kiln_text_copy(s->name, sizeof(s->name), p->name);
	s->address = p->address;
	return s;
}

static bool same_memory(const struct kiln_chip *chip, uint32_t a, uint32_t b)
{
	char names_a[128], names_b[128];

	kiln_memory_names(chip, a, ",", names_a, sizeof(names_a));
	kiln_memory_names(chip, b, ",", names_b, sizeof(names_b));
	return strcmp(names_a, names_b) == 0;
}

/*
 * An image that the ROM reads only in part keeps the alignment of foreign linker scripts: what is
 * missing between two sections that alignment explains is filled with zeros.
 */
static kiln_code fill_gap(struct kiln_build *b, struct kiln_build_segment *s,
			  const struct kiln_elf_part *last, const struct kiln_elf_part *next,
			  uint32_t *end, struct kiln_err *err)
{
	const uint64_t aligned = ((uint64_t)*end + next->align - 1) / next->align * next->align;
	kiln_code code = KILN_OK;

	if (!b->options->ram_only_header || b->options->chip->image_id == KILN_CHIP_NO_ID)
		return KILN_OK;
	if (aligned == *end || aligned != next->address)
		return KILN_OK;
	if (aligned - *end > KILN_IMAGE_MAX_BYTES - s->data.len)
		return kiln_build_bad(err, "its parts have more bytes than any flash");
	code = kiln_buf_printf(b->text, "%s: Inserting %u bytes padding between %s and %s\n",
			       b->options->dialect == KILN_DIALECT_5 ? "Note" : "NOTE",
			       (unsigned)(aligned - *end), last->name, next->name);
	while (code == KILN_OK && *end < aligned) {
		code = kiln_buf_putc(&s->data, 0);
		++*end;
	}
	return code ? kiln_fail(err, code, "cannot make an image") : KILN_OK;
}

/* Sections become segments; one that begins where the one before ends is merged into it. */
static kiln_code merge(struct kiln_build *b, const struct kiln_elf_parts *parts,
		       struct kiln_err *err)
{
	struct kiln_build_segment *s = NULL;
	uint32_t end = 0;
	size_t total = 0;

	for (size_t i = 0; i < parts->n; i++) {
		const struct kiln_elf_part *p = &parts->items[i];

		if (s)
			KILN_TRY(fill_gap(b, s, p - 1, p, &end, err));
		if (!s || p->address != end || !same_memory(b->chip, (p - 1)->address, p->address))
			s = add_segment(b, p);
		KILN_TRY(append(&s->data, p->data, &total, err));
		end = p->address + (uint32_t)((p->data.n + 3) / 4 * 4);
	}
	return KILN_OK;
}

static void sort_parts(struct kiln_elf_parts *parts)
{
	for (size_t i = 1; i < parts->n; i++) {
		const struct kiln_elf_part part = parts->items[i];
		size_t at = i;

		for (; at > 0 && parts->items[at - 1].address > part.address; at--)
			parts->items[at] = parts->items[at - 1];
		parts->items[at] = part;
	}
}

static const char *spoken_name(const struct kiln_build_options *o)
{
	return o->dialect == KILN_DIALECT_5 ? o->chip->name : o->chip->option;
}

static kiln_code make_segments(struct kiln_build *b, struct kiln_elf_parts *parts,
			       struct kiln_err *err)
{
	size_t merged;

	b->segments = calloc(parts->n ? parts->n : 1, sizeof(*b->segments));
	if (!b->segments) {
		(void)kiln_fail(err, KILN_E_NOMEM, "cannot make an image");
		return KILN_E_NOMEM;
	}
	if (b->options->ram_only_header)
		sort_parts(parts);
	KILN_TRY(merge(b, parts, err));
	merged = parts->n - b->n_segments;
	if (merged)
		(void)kiln_buf_printf(b->text, "Merged %zu ELF section%s%s\n", merged,
				      merged > 1 ? "s" : "",
				      b->options->dialect == KILN_DIALECT_5 ? "." : "");
	if (b->n_segments <= KILN_IMAGE_MAX_SEGMENTS)
		return KILN_OK;
	(void)kiln_build_bad(err, "it needs %zu segments, and a ROM takes %d", b->n_segments,
			     KILN_IMAGE_MAX_SEGMENTS);
	kiln_hint(err, "look at the linker script: sections of one memory should be adjacent");
	return KILN_E_IMAGE;
}

static kiln_code lay_out(struct kiln_build *b, struct kiln_built *built, struct kiln_err *err)
{
	struct kiln_build_segment *irom;

	if (b->options->chip->image_id != KILN_CHIP_NO_ID)
		return kiln_build_esp32(b, err);
	if (is_v3(b->options))
		return kiln_build_esp8266_v3(b, err);
	KILN_TRY(kiln_build_find_irom(b, &irom, err));
	built->irom_address = irom ? irom->address : 0;
	if (b->options->esp8266_version == 2)
		return kiln_build_esp8266_v2(b, err);
	return kiln_build_esp8266_v1(b, &built->irom, err);
}

static kiln_code check_text(const struct kiln_build *b, struct kiln_err *err)
{
	return b->text->failed ? kiln_fail(err, KILN_E_NOMEM, "cannot make an image") : KILN_OK;
}

static kiln_code convert(struct kiln_build *b, struct kiln_span file, struct kiln_elf *elf,
			 struct kiln_built *built, struct kiln_err *err)
{
	const struct kiln_build_options *o = b->options;
	struct kiln_elf_parts *parts = o->use_segments ? &elf->segments : &elf->sections;

	for (unsigned i = 0; i < elf->n_unknown; i++)
		(void)warn(b, "Unknown section type 0x%02x in ELF file", elf->unknown[i]);
	(void)kiln_buf_printf(b->text, "Creating %s image...\n", spoken_name(o));
	KILN_TRY(resolve_page_size(b, elf, err));
	KILN_TRY(resolve_flash(b, err));
	KILN_TRY(resolve_digest(b, file, parts, err));
	if (o->ram_only_header)
		(void)kiln_buf_puts(b->text, "Image has only RAM segments visible. ROM segments "
					     "are hidden and SHA256 digest is not appended.\n");
	KILN_TRY(make_segments(b, parts, err));
	(void)kiln_buf_printf(b->text, "Successfully created %s image.\n", spoken_name(o));
	KILN_TRY(check_text(b, err));
	return lay_out(b, built, err);
}

static void built_init(struct kiln_built *built)
{
	*built = (struct kiln_built){ 0 };
	kiln_buf_init(&built->image, KILN_IMAGE_MAX_BYTES);
	kiln_buf_init(&built->irom, KILN_IMAGE_MAX_BYTES);
	kiln_buf_init(&built->text, 256 * 1024);
}

static void build_done(struct kiln_build *b)
{
	for (size_t i = 0; i < b->n_segments; i++)
		kiln_buf_done(&b->segments[i].data);
	free(b->segments);
}

static void build_init(struct kiln_build *b, const struct kiln_build_options *o,
		       struct kiln_built *built)
{
	/* version 3 came from the ESP32's side: its header names sizes as an ESP32's does */
	const struct kiln_chip *chip = is_v3(o) ? kiln_chip_of_image(0) : o->chip;

	*b = (struct kiln_build){
		.options = o,
		.chip = chip,
		.page_size = chip->layout->page_size,
		.digest = !o->no_digest && !o->ram_only_header,
		.out = &built->image,
		.checksum = KILN_CHECKSUM_SEED,
		.text = &built->text,
	};
}

kiln_code kiln_build_image(struct kiln_span elf_file, const struct kiln_build_options *options,
			   struct kiln_built *ret_built, struct kiln_err *err)
{
	struct kiln_built built;
	struct kiln_build b;
	struct kiln_elf elf;
	kiln_code code;

	KILN_TRY(kiln_elf_read(elf_file, &elf, err));
	built_init(&built);
	build_init(&b, options, &built);
	b.entry = elf.entry;
	code = convert(&b, elf_file, &elf, &built, err);
	build_done(&b);
	kiln_elf_done(&elf);
	if (code == KILN_OK)
		*ret_built = built;
	else
		kiln_built_done(&built);
	return code;
}

kiln_code kiln_build_raw(const struct kiln_raw_segment *segments, size_t n, uint32_t entry,
			 struct kiln_built *ret_built, struct kiln_err *err)
{
	const struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option("esp8266"));
	struct kiln_built built;
	struct kiln_build b;
	kiln_code code = KILN_OK;
	size_t total = 0;

	if (n == 0 || n > KILN_IMAGE_MAX_SEGMENTS)
		return kiln_build_bad(err, "it needs 1 to %d segments", KILN_IMAGE_MAX_SEGMENTS);
	built_init(&built);
	build_init(&b, &o, &built);
	b.entry = entry;
	b.segments = calloc(n, sizeof(*b.segments));
	if (!b.segments) {
		code = KILN_E_NOMEM;
		(void)kiln_fail(err, code, "cannot make an image");
	}
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		const struct kiln_elf_part part = { .name = "", .address = segments[i].address };

		code = append(&add_segment(&b, &part)->data, segments[i].data, &total, err);
	}
	if (code == KILN_OK)
		code = lay_out(&b, &built, err);
	build_done(&b);
	if (code == KILN_OK)
		*ret_built = built;
	else
		kiln_built_done(&built);
	return code;
}

void kiln_built_done(struct kiln_built *built)
{
	kiln_buf_done(&built->image);
	kiln_buf_done(&built->irom);
	kiln_buf_done(&built->text);
}

/* Length of a path without its last extension; a leading dot is no extension. */
static int stem_length(const char *path)
{
	const char *base = strrchr(path, '/'), *dot = strrchr(path, '.');

	base = base ? base + 1 : path;
	while (*base == '.')
		base++;
	return (int)(dot && dot > base ? (size_t)(dot - path) : strlen(path));
}

void kiln_build_part_name(const char *prefix, uint32_t flash_offset, char *ret_name, size_t size)
{
	(void)kiln_text_format(ret_name, size, "%s0x%05x.bin", prefix, flash_offset);
}

void kiln_build_output_name(const char *elf, const struct kiln_build_options *options,
			    const struct kiln_built *built, char *ret_name, size_t size)
{
	const bool esp8266 = options->chip->image_id == KILN_CHIP_NO_ID;
	const uint32_t start = options->chip->layout->irom.start;

	if (esp8266 && options->esp8266_version == 1)
		(void)kiln_text_format(ret_name, size, "%s-", elf);
	else if (esp8266 && options->esp8266_version == 2)
		(void)kiln_text_format(ret_name, size, "%.*s-0x%05x.bin", stem_length(elf), elf,
				       built->irom_address ? (built->irom_address - start) & ~0xFFFu
							   : 0);
	else
		(void)kiln_text_format(ret_name, size, "%.*s.bin", stem_length(elf), elf);
}
