/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on firmware files: image_info, elf2image, make_image. They need no board. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/esptool.h"
#include "cli/whole.h"
#include "image/ihex.h"
#include "image/info.h"

enum { FILE_MAX = 128 << 20, TEXT_MAX = 4 << 20, LONGEST_PATH = 4096 };

kiln_dialect esptool_words(const struct esptool *t)
{
	return t->v5 ? KILN_DIALECT_5 : KILN_DIALECT_4;
}

kiln_code esptool_one_file(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes one file");
	t->params.file.path = words->items[0];
	return KILN_OK;
}

/* --- image_info --- */

static const char *const layouts[] = { "1", "2", NULL };
const struct opt esptool_info_options[] = {
	{ 'v', "version", "1|2", OPT_STRING, offsetof(struct esptool, params.file.version),
	  "layout: 1 is short, 2 is long", layouts },
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};

static kiln_code info_of_hex(struct esptool *t, struct kiln_span file, struct kiln_buf *text,
			     struct kiln_err *err)
{
	struct kiln_ihex hex;
	kiln_code code;

	KILN_TRY(kiln_ihex_read(file, &hex, err));
	struct kiln_piece *parts = calloc(hex.regions.n + 1, sizeof(*parts));

	if (!parts) {
		kiln_ihex_done(&hex);
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the file");
	}
	for (size_t i = 0; i < hex.regions.n; i++)
		parts[i] = (struct kiln_piece){ hex.regions.items[i].address,
						kiln_buf_span(&hex.regions.items[i].data) };
	code = kiln_image_info_parts(parts, hex.regions.n, t->flasher.chip, text, err);
	free(parts);
	kiln_ihex_done(&hex);
	return code;
}

static kiln_info_layout layout_of(const struct esptool *t)
{
	const char *version = t->params.file.version;

	if (t->v5)
		return KILN_INFO_5;
	return version && version[0] == '2' ? KILN_INFO_4_LONG : KILN_INFO_4_SHORT;
}

kiln_code esptool_info_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_buf file = KILN_BUF_INIT(FILE_MAX), text = KILN_BUF_INIT(TEXT_MAX);
	kiln_code code = whole_read(t->params.file.path, &file, err);

	(void)f;
	if (code == KILN_OK && kiln_ihex_is(kiln_buf_span(&file)))
		code = info_of_hex(t, kiln_buf_span(&file), &text, err);
	else if (code == KILN_OK)
		code = kiln_image_info(kiln_buf_span(&file), t->flasher.chip, layout_of(t), &text,
				       err);
	if (code != KILN_OK)
		kiln_because(err, "cannot read image '%s'", t->params.file.path);
	esptool_put(t, &text);
	kiln_buf_done(&file);
	return code;
}

/* --- elf2image --- */

static const char *const versions[] = { "1", "2", "3", NULL };
static const char *const pages[] = { "256KB", "128KB", "64KB", "32KB", "16KB", "8KB", NULL };
#define AT(member) offsetof(struct esptool, params.elf.member)
const struct opt esptool_elf_options[] = {
	{ 'o', "output", "FILE", OPT_STRING, AT(output),
	  "the image; of an ESP8266's version 1 what its two names begin with" },
	{ 'e', "version", "N", OPT_STRING, AT(version), "image version, of the ESP8266 only",
	  versions },
	{ 'r', "min-rev", "N", OPT_STRING, AT(min_rev) },
	{ 0, "min-rev-full", "N", OPT_STRING, AT(min_rev_full),
	  "lowest chip revision, as major * 100 + minor" },
	{ 0, "max-rev-full", "N", OPT_STRING, AT(max_rev_full),
	  "highest chip revision, as major * 100 + minor" },
	{ 0, "secure-pad", NULL, OPT_FLAG, AT(secure_pad),
	  "pad to 64 KB with room for a Secure Boot v1 signature (ESP32)" },
	{ 0, "secure-pad-v2", NULL, OPT_FLAG, AT(secure_pad_v2),
	  "pad to 64 KB for a Secure Boot v2 signature" },
	{ 0, "elf-sha256-offset", "OFFSET", OPT_UINT, AT(digest_offset),
	  "put the ELF file's SHA-256 there" },
	{ 0, "dont-append-digest", NULL, OPT_FLAG, AT(no_digest),
	  "no SHA-256 of the image at its end" },
	{ 0, "use_segments", NULL, OPT_FLAG, AT(use_segments),
	  "take the ELF's segments instead of its sections" },
	{ 0, "flash-mmu-page-size", "SIZE", OPT_STRING, AT(page), "MMU page size", pages },
	{ 0, "pad-to-size", "SIZE", OPT_STRING, AT(pad), "pad with FF to a multiple of SIZE" },
	{ 0, "ram-only-header", NULL, OPT_FLAG, AT(ram_only),
	  "the ROM sees RAM segments only; no digest" },
	{ 0, "flash_freq", "FREQ", OPT_STRING, AT(freq), "flash frequency", esptool_freqs + 1, "ff",
	  "ESPTOOL_FF" },
	{ 0, "flash_mode", "MODE", OPT_STRING, AT(mode), "flash mode (qio)", esptool_modes + 1,
	  "fm", "ESPTOOL_FM" },
	{ 0, "flash_size", "SIZE", OPT_STRING, AT(size), "flash size (1MB)", esptool_sizes + 2,
	  "fs", "ESPTOOL_FS" },
	/* version 3 took it here, where there is no flash chip */
	{ 0, "spi-connection", "WHERE", OPT_STRING, offsetof(struct esptool, wiring),
	  .alias = "sc" },
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};
#undef AT

/* A number up to `most`; NULL leaves *ret as it is. */
static kiln_code bounded(const char *option, const char *text, uint64_t most, uint64_t *ret,
			 struct kiln_err *err)
{
	uint64_t value;

	if (!text)
		return KILN_OK;
	if (!kiln_text_to_u64(text, &value) || value > most) {
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --%s: '%s'", option, text);
		kiln_why(err, "not a number from 0 to %llu", (unsigned long long)most);
		return KILN_E_INVALID;
	}
	*ret = value;
	return KILN_OK;
}

/* "4MB", "512KB", or bytes. */
static kiln_code flash_bytes(const char *option, const char *text, uint64_t *ret,
			     struct kiln_err *err)
{
	const size_t n = text ? strlen(text) : 0;
	const unsigned shift = n < 3 || text[n - 1] != 'B' ? 0
			       : text[n - 2] == 'K'        ? 10
			       : text[n - 2] == 'M'        ? 20
							   : 0;
	char digits[32];
	uint64_t value = 0;

	if (!text)
		return KILN_OK;
	(void)kiln_text_copy(digits, sizeof(digits), text);
	if (shift && n < sizeof(digits))
		digits[n - 2] = '\0';
	if (!kiln_text_to_u64(digits, &value) || value == 0 ||
	    value > (uint64_t)FILE_MAX >> shift) {
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --%s: '%s'", option, text);
		kiln_why(err, "not a size such as 512KB or 4MB, up to 128MB");
		return KILN_E_INVALID;
	}
	*ret = value << shift;
	return KILN_OK;
}

static kiln_code settle_elf(struct esptool *t, struct kiln_build_options *o, struct kiln_err *err)
{
	const struct esptool_elf *e = &t->params.elf;
	uint64_t min_rev = 0, min_full = 0, max_full = UINT16_MAX, page = 0;

	/* as the older ones: the ESP8266 was first */
	*o = KILN_BUILD_OPTIONS(t->flasher.chip ? t->flasher.chip : kiln_chip_by_option("esp8266"));
	KILN_TRY(bounded("min-rev", e->min_rev, UINT8_MAX, &min_rev, err));
	KILN_TRY(bounded("min-rev-full", e->min_rev_full, UINT16_MAX, &min_full, err));
	KILN_TRY(bounded("max-rev-full", e->max_rev_full, UINT16_MAX, &max_full, err));
	KILN_TRY(flash_bytes("flash-mmu-page-size", e->page, &page, err));
	KILN_TRY(flash_bytes("pad-to-size", e->pad, &o->pad_to_size, err));
	if (e->digest_offset > UINT32_MAX)
		return kiln_fail(err, KILN_E_INVALID,
				 "invalid value for --elf-sha256-offset: no image is so long");
	o->min_rev = (uint8_t)min_rev;
	o->min_rev_full = (uint16_t)min_full;
	o->max_rev_full = (uint16_t)max_full;
	o->page_size = (uint32_t)page;
	o->esp8266_version = e->version ? (unsigned)(e->version[0] - '0') : 1;
	o->mode = e->mode ? e->mode : o->mode;
	o->freq = e->freq;
	o->size = e->size ? e->size : o->size;
	o->use_segments = e->use_segments;
	o->secure_pad = e->secure_pad;
	o->secure_pad_v2 = e->secure_pad_v2;
	o->no_digest = e->no_digest;
	o->ram_only_header = e->ram_only;
	o->elf_digest_offset = (uint32_t)e->digest_offset;
	o->dialect = esptool_words(t);
	return KILN_OK;
}

kiln_code esptool_elf_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct kiln_build_options o;

	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes one ELF file");
	t->params.elf.input = words->items[0];
	return settle_elf(t, &o, err);
}

/* As the ESP8266 has it, and images of the first version: one file for each 64 KB part. */
static kiln_code write_parts(const char *name, const struct kiln_built *built, struct kiln_err *err)
{
	char part[LONGEST_PATH];

	kiln_build_part_name(name, 0, part, sizeof(part));
	KILN_TRY(whole_write(part, kiln_buf_span(&built->image), err));
	if (!built->irom.len)
		return KILN_OK;
	kiln_build_part_name(name, built->irom_address - 0x40200000u, part, sizeof(part));
	return whole_write(part, kiln_buf_span(&built->irom), err);
}

static kiln_code write_built(const struct esptool_elf *e, const struct kiln_build_options *o,
			     const struct kiln_built *built, struct kiln_err *err)
{
	const bool two = kiln_chip_by_option("esp8266") == o->chip && o->esp8266_version == 1;
	char name[LONGEST_PATH];

	if (e->output)
		(void)kiln_text_copy(name, sizeof(name), e->output);
	else
		kiln_build_output_name(e->input, o, built, name, sizeof(name));
	return two ? write_parts(name, built, err)
		   : whole_write(name, kiln_buf_span(&built->image), err);
}

kiln_code esptool_elf_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_elf *e = &t->params.elf;
	struct kiln_buf elf = KILN_BUF_INIT(FILE_MAX);
	struct kiln_build_options o;
	struct kiln_built built;
	kiln_code code;

	(void)f;
	if (t->v5)
		KILN_TRY(esptool_need_chip(t, err));
	KILN_TRY(settle_elf(t, &o, err));
	code = whole_read(e->input, &elf, err);
	if (code == KILN_OK)
		code = kiln_build_image(kiln_buf_span(&elf), &o, &built, err);
	kiln_buf_done(&elf);
	if (code != KILN_OK)
		return code;
	code = write_built(e, &o, &built, err);
	if (code == KILN_OK) /* its last line says that all is done */
		esptool_put(t, &built.text);
	kiln_built_done(&built);
	return code;
}

/* --- make_image --- */

#define AT(member) offsetof(struct esptool, params.make.member)
const struct opt esptool_make_options[] = {
	{ 'f', "segfile", "FILE", OPT_LIST, AT(files), "a segment's bytes; once for each" },
	{ 'a', "segaddr", "ADDRESS", OPT_LIST, AT(addresses), "its address; once for each" },
	{ 'e', "entrypoint", "ADDRESS", OPT_UINT, AT(entry), "where the program begins (0)" },
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct esptool, help), "show this help" },
	{ 0 },
};
#undef AT

kiln_code esptool_make_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_make *m = &t->params.make;

	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes <output>");
	m->output = words->items[0];
	if (m->files.n == 0)
		return kiln_fail(err, KILN_E_INVALID, "no segments given: -f FILE -a ADDRESS");
	if (m->files.n != m->addresses.n)
		return kiln_fail(err, KILN_E_INVALID, "%zu segment files, but %zu addresses",
				 m->files.n, m->addresses.n);
	if (m->files.n > KILN_IMAGE_MAX_SEGMENTS)
		return kiln_fail(err, KILN_E_INVALID, "an image has at most %d segments",
				 KILN_IMAGE_MAX_SEGMENTS);
	if (m->entry > UINT32_MAX)
		return kiln_fail(err, KILN_E_INVALID, "--entrypoint does not fit into 32 bits");
	for (size_t i = 0; i < m->files.n; i++) {
		uint32_t address;

		KILN_TRY(files_address(m->addresses.items[i], &address, err));
		KILN_TRY(files_add(&m->segments, address, m->files.items[i], err));
	}
	return KILN_OK;
}

kiln_code esptool_make_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_make *m = &t->params.make;
	struct kiln_raw_segment segments[KILN_IMAGE_MAX_SEGMENTS];
	/* as the original, which says what it was told */
	const char *name = t->flasher.chip ? kiln_chip_option(t->flasher.chip) : "auto";
	struct kiln_built built;
	kiln_code code;

	(void)f;
	for (size_t i = 0; i < m->segments.n; i++)
		segments[i] = (struct kiln_raw_segment){ m->segments.items[i].address,
							 kiln_span(m->segments.items[i].data,
								   m->segments.items[i].size) };
	KILN_TRY(kiln_build_raw(segments, m->segments.n, (uint32_t)m->entry, &built, err));
	esptool_say(t, "Creating %s image...", name);
	code = write_parts(m->output, &built, err);
	if (code == KILN_OK)
		esptool_say(t, "Successfully created %s image.", name);
	kiln_built_done(&built);
	return code;
}

void esptool_make_done(struct esptool *t)
{
	opt_list_done(&t->params.make.files);
	opt_list_done(&t->params.make.addresses);
	files_done(&t->params.make.segments);
}
