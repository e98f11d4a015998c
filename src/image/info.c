/* SPDX-License-Identifier: Apache-2.0 */
#include "image/info.h"

#include "base/text.h"
#include "chip/chip.h"
#include "image/appdesc.h"
#include "image/build_impl.h"
#include "image/modes.h"
#include "image/regions.h"

enum { WP_PIN_DISABLED = 0xEE, NAMES_MAX = 128, HEX_DIGEST = 2 * KILN_IMAGE_DIGEST_SIZE + 1 };

struct report {
	const struct kiln_loaded *image;
	char title[24]; /* the chip's name */
	kiln_info_layout layout;
	struct kiln_buf *out;
};

#define say(r, ...) ((void)kiln_buf_printf((r)->out, __VA_ARGS__))

static bool v5(const struct report *r)
{
	return r->layout == KILN_INFO_5;
}

static bool is_esp8266(const struct report *r)
{
	return r->image->chip->image_id == KILN_CHIP_NO_ID;
}

/* 4 has small letters where 5 has capitals: `text` is 5's. */
static void title(const struct report *r, const char *chip, const char *text)
{
	char line[96];
	size_t n, start = 0;

	(void)kiln_text_format(line, sizeof(line), "%s%s%s", chip, chip[0] ? " " : "", text);
	n = strlen(line);
	if (!v5(r)) {
		start = chip[0] ? strlen(chip) + 1 : 1;
		for (size_t i = start; i < n; i++) {
			if (line[i] >= 'A' && line[i] <= 'Z')
				line[i] = (char)(line[i] | 0x20);
		}
	}
	say(r, "%s\n", line);
	for (size_t i = 0; i < n; i++)
		(void)kiln_buf_putc(r->out, '=');
	say(r, "\n");
}

static const char *nibble_name(const struct kiln_chip_nibble *n, unsigned nibble)
{
	for (; n->name; n++) {
		if (n->nibble == nibble)
			return n->name;
	}
	return NULL;
}

static const char *warning(const struct report *r)
{
	return v5(r) ? "Warning" : "WARNING";
}

static void say_flash(const struct report *r)
{
	const struct kiln_loaded *image = r->image;
	const unsigned size_bits = image->size_freq & 0xF0u, freq_bits = image->size_freq & 0x0Fu;
	const char *size = nibble_name(image->chip->sizes, size_bits >> 4),
		   *freq = nibble_name(image->chip->freqs, freq_bits),
		   *mode = kiln_image_mode_name(image->mode);

	if (size)
		say(r, "Flash size: %s\n", size);
	else
		say(r, "%s: Invalid flash size (0x%x)\n", warning(r), size_bits);
	if (freq)
		say(r, "Flash freq: %s\n", freq);
	else
		say(r, "%s: Invalid flash frequency (0x%x)\n", warning(r), freq_bits);
	if (!mode) {
		say(r, "%s: Invalid flash mode (%u)\n", warning(r), image->mode);
		return;
	}
	say(r, "Flash mode: ");
	for (; *mode; mode++)
		say(r, "%c", *mode & ~0x20);
	say(r, "\n");
}

static void say_header(const struct report *r)
{
	const struct kiln_loaded *image = r->image;

	say(r, "\n");
	title(r, r->title, "Image Header");
	say(r, "Image version: %u\n", image->version);
	if (image->entry)
		say(r, "Entry point: %#8x\n", image->entry);
	else
		say(r, "Entry point not set\n");
	say(r, "Segments: %u\n", image->n_segments);
	say_flash(r);
}

static void say_extended_header(const struct report *r)
{
	const struct kiln_loaded *image = r->image;
	const uint8_t *d = image->drives;
	const char *name = kiln_chip_name_of_image_id(image->chip_id);

	say(r, "\n");
	title(r, r->title, "Extended Image Header");
	say(r, "WP pin: 0x%x%s\n", image->wp_pin,
	    image->wp_pin == WP_PIN_DISABLED ? " (disabled)" : "");
	say(r,
	    "Flash pins drive settings: clk_drv: 0x%x, q_drv: 0x%x, d_drv: 0x%x, cs0_drv: 0x%x, "
	    "hd_drv: 0x%x, wp_drv: 0x%x\n",
	    d[0] & 15u, d[0] >> 4, d[1] & 15u, d[1] >> 4, d[2] & 15u, d[2] >> 4);
	say(r, "Chip ID: %u (%s)\n", image->chip_id, name ? name : "Unknown ID");
	say(r, "Minimal chip revision: v%u.%u, (legacy min_rev = %u)\n", image->min_rev_full / 100u,
	    image->min_rev_full % 100u, image->min_rev);
	say(r, "Maximal chip revision: v%u.%u\n", image->max_rev_full / 100u,
	    image->max_rev_full % 100u);
}

static void say_segments(const struct report *r)
{
	char names[NAMES_MAX];

	say(r, "\n");
	title(r, "", "Segments Information");
	say(r, "Segment   Length   Load addr   File offs  Memory types\n");
	say(r, "-------  -------  ----------  ----------  ------------\n");
	for (unsigned i = 0; i < r->image->n_segments; i++) {
		const struct kiln_loaded_segment *s = &r->image->segments[i];

		kiln_memory_names(r->image->chip, s->address, ", ", names, sizeof(names));
		say(r, "%7u  0x%05x  0x%08x  0x%08zx  %s\n", i, s->length, s->address,
		    s->header_offset, names);
	}
	say(r, "\n");
}

static void hex(const uint8_t *p, char ret[HEX_DIGEST])
{
	for (size_t i = 0; i < KILN_IMAGE_DIGEST_SIZE; i++)
		(void)kiln_text_format(ret + 2 * i, 3, "%02x", p[i]);
}

static void say_footer(const struct report *r)
{
	const struct kiln_loaded *image = r->image;
	char digest[HEX_DIGEST];

	title(r, r->title, "Image Footer");
	say(r, v5(r) ? "Checksum: 0x%02x (" : "Checksum: 0x%x (", image->checksum_stored);
	if (image->checksum == image->checksum_stored)
		say(r, "valid)\n");
	else
		say(r, v5(r) ? "invalid - calculated 0x%02x)\n" : "invalid - calculated %02x)\n",
		    image->checksum);
	if (!image->has_digest)
		return;
	hex(image->digest, digest);
	say(r, "Validation hash: %s (%s)\n", digest, image->digest_matches ? "valid" : "invalid");
}

static void say_app(const struct report *r, struct kiln_span data)
{
	struct kiln_app_desc app;
	char digest[HEX_DIGEST];

	if (!kiln_app_desc_read(data, &app))
		return;
	hex(app.elf_digest, digest);
	say(r, "\n");
	title(r, "", "Application Information");
	say(r, "Project name: %s\nApp version: %s\n", app.project, app.version);
	say(r, "Compile time: %s %s\n", app.date, app.time);
	say(r, "ELF file SHA256: %s\nESP-IDF: %s\n", digest, app.idf);
	if (v5(r)) {
		say(r, "Minimal eFuse block revision: %u.%u\n", app.min_efuse_rev / 100u,
		    app.min_efuse_rev % 100u);
		say(r, "Maximal eFuse block revision: %u.%u\n", app.max_efuse_rev / 100u,
		    app.max_efuse_rev % 100u);
		/* 2^n bytes; a nonsensical n is not worth more than this */
		if (app.page_size_log2)
			say(r, "MMU page size: %llu KB\n",
			    app.page_size_log2 < 64 ? (1ULL << app.page_size_log2) / 1024 : 0ULL);
	}
	say(r, "Secure version: %u\n", app.secure_version);
}

static void say_bootloader(const struct report *r, struct kiln_span data)
{
	struct kiln_boot_desc boot;

	if (!kiln_boot_desc_read(data, &boot))
		return;
	say(r, "\n");
	title(r, "", "Bootloader Information");
	say(r, "Bootloader version: %u\nESP-IDF: %s\nCompile time: %s\n", boot.version, boot.idf,
	    boot.date_time);
}

static bool has_name(const struct kiln_chip *chip, uint32_t address, const char *name)
{
	for (const struct kiln_chip_memory *m = chip->layout->memory; m->name; m++) {
		if (address >= m->start && address < m->end && strcmp(m->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * The descriptor of an app begins its first segment for DROM (5), or its last one (4); that of a
 * bootloader the last segment for DRAM that is long enough.
 */
static void say_descriptor(const struct report *r)
{
	struct kiln_span app = { 0 }, boot = { 0 };

	for (unsigned i = 0; i < r->image->n_segments; i++) {
		const struct kiln_loaded_segment *s = &r->image->segments[i];
		const bool drom = has_name(r->image->chip, s->address, "DROM");

		if (drom && (!v5(r) || app.n == 0))
			app = s->data;
		else if ((!drom || v5(r)) && has_name(r->image->chip, s->address, "DRAM") &&
			 s->length >= KILN_BOOT_DESC_SIZE)
			boot = s->data;
	}
	if (app.n)
		say_app(r, app);
	else if (boot.n)
		say_bootloader(r, boot);
}

static void say_long(const struct report *r)
{
	say_header(r);
	if (!is_esp8266(r))
		say_extended_header(r);
	say_segments(r);
	say_footer(r);
	say_descriptor(r);
}

static void say_short(const struct report *r)
{
	const struct kiln_loaded *image = r->image;
	char names[NAMES_MAX], digest[HEX_DIGEST];

	say(r, "Image version: %u\n", image->version);
	if (image->entry)
		say(r, "Entry point: %8x\n", image->entry);
	else
		say(r, "Entry point not set\n");
	say(r, "%u segments\n\n", image->n_segments);
	for (unsigned i = 0; i < image->n_segments; i++) {
		const struct kiln_loaded_segment *s = &image->segments[i];

		kiln_memory_names(image->chip, s->address, ",", names, sizeof(names));
		say(r, "Segment %u: len 0x%05x load 0x%08x file_offs 0x%08zx [%s]\n", i + 1,
		    s->length, s->address, s->header_offset, names);
	}
	say(r, "Checksum: %02x (", image->checksum_stored);
	if (image->checksum == image->checksum_stored)
		say(r, "valid)\n");
	else
		say(r, "invalid - calculated %02x)\n", image->checksum);
	if (!image->has_digest)
		return;
	hex(image->digest, digest);
	say(r, "Validation Hash: %s (%s)\n", digest, image->digest_matches ? "valid" : "invalid");
}

/* Esptool 4 calls a chip that was named on the command line as it stood there. */
static void find_title(struct report *r, const struct kiln_chip *chip, bool named)
{
	const bool as_typed = named && r->layout != KILN_INFO_5;

	(void)kiln_text_copy(r->title, sizeof(r->title), as_typed ? chip->option : chip->name);
	for (char *c = r->title; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c & ~0x20);
	}
}

static kiln_code say_image(struct kiln_span file, const struct kiln_chip *chip, bool named,
			   kiln_info_layout layout, struct kiln_buf *out, struct kiln_err *err)
{
	const kiln_dialect dialect = layout == KILN_INFO_5 ? KILN_DIALECT_5 : KILN_DIALECT_4;
	struct kiln_loaded image;
	struct report r = { .image = &image, .layout = layout, .out = out };

	find_title(&r, chip, named);
	KILN_TRY(kiln_image_load(file, chip, dialect, out, &image, err));
	if (layout == KILN_INFO_4_SHORT)
		say_short(&r);
	else
		say_long(&r);
	return out->failed ? kiln_fail(err, KILN_E_NOMEM, "cannot report on the image") : KILN_OK;
}

static void say_detected(const struct kiln_chip *chip, struct kiln_buf *out)
{
	(void)kiln_buf_printf(out, "Detected image type: %s\n", chip->name);
}

kiln_code kiln_image_info(struct kiln_span file, const struct kiln_chip *chip,
			  kiln_info_layout layout, struct kiln_buf *out, struct kiln_err *err)
{
	const struct kiln_chip *guess;
	const bool five = layout == KILN_INFO_5;

	if (!five)
		(void)kiln_buf_printf(out, "File size: %zu (bytes)\n", file.n);
	KILN_TRY(kiln_image_guess_chip(file, &guess, err));
	if (five)
		(void)kiln_buf_printf(out, "Image size: %zu bytes\n", file.n);
	if (!chip)
		say_detected(guess, out);
	return say_image(file, chip ? chip : guess, chip != NULL, layout, out, err);
}

static void say_heading(const struct kiln_piece *part, size_t i, size_t n, struct kiln_buf *out)
{
	char line[96];

	(void)kiln_text_format(line, sizeof(line),
			       "Processing file %zu/%zu, offset: 0x%x, "
			       "size: %zu bytes",
			       i + 1, n, part->address, part->data.n);
	for (int k = 0; k < 3; k++) {
		if (k == 1) {
			(void)kiln_buf_printf(out, "%s\n", line);
			continue;
		}
		(void)kiln_buf_puts(out, k ? "" : "\n");
		for (size_t at = 0; line[at]; at++)
			(void)kiln_buf_putc(out, '=');
		(void)kiln_buf_puts(out, "\n");
	}
}

kiln_code kiln_image_info_parts(const struct kiln_piece *parts, size_t n,
				const struct kiln_chip *chip, struct kiln_buf *out,
				struct kiln_err *err)
{
	(void)kiln_buf_puts(out, "Merged binary image detected. Processing each file "
				 "individually.\n");
	for (size_t i = 0; i < n; i++) {
		struct kiln_err no_image = KILN_ERR_INIT;
		const struct kiln_chip *guess = chip;

		say_heading(&parts[i], i, n, out);
		if (kiln_image_guess_chip(parts[i].data, &guess, &no_image) != KILN_OK) {
			(void)kiln_buf_printf(out,
					      "Error processing file %zu/%zu: %s\n"
					      "Probably not a valid firmware image (e.g. "
					      "partition table).\n",
					      i + 1, n, no_image.why);
			continue;
		}
		if (i == 0 && !chip) {
			say_detected(guess, out);
			chip = guess;
		}
		KILN_TRY(
			say_image(parts[i].data, chip ? chip : guess, true, KILN_INFO_5, out, err));
	}
	return KILN_OK;
}
