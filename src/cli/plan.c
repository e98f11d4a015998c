/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <unistd.h>

#include <kiln/image.h>

#include "base/bytes.h"
#include "base/text.h"
#include "chip/chip.h"

/* First word of an application's first segment (ESP-IDF, esp_app_desc_t.magic_word). */
#define APP_DESCRIPTOR 0xABCD5432u

/* An application without its bootloader looks like firmware, but does not boot where that goes. */
static bool is_bare_application(const struct kiln_flash_file *file, const struct kiln_image *image)
{
	const struct kiln_image_segment *first = &image->segments[0];

	return image->n_segments > 0 && first->length >= 4 && first->offset + 4 <= file->size &&
	       kiln_get_le32(file->data + first->offset) == APP_DESCRIPTOR;
}

static kiln_code place(struct kiln_flash_file *file, struct kiln_err *err)
{
	struct kiln_image image;

	if (!kiln_image_is(file->data, file->size)) {
		(void)kiln_fail(err, KILN_E_IMAGE, "cannot flash '%s'", file->name);
		kiln_why(err, "it does not begin as a firmware image does");
		kiln_hint(err, "get the .bin for your board from micropython.org/download, or say "
			       "with --at ADDR where else this file belongs");
		return KILN_E_IMAGE;
	}
	KILN_TRY(kiln_image_verify(file->data, file->size, &image, err));
	const struct kiln_chip *chip = kiln_chip_by_image_id(image.chip_id);

	if (!chip) {
		(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot flash '%s'", file->name);
		kiln_why(err, "it is for a chip that kiln does not know (id %u)", image.chip_id);
		return KILN_E_WRONG_CHIP;
	}
	if (is_bare_application(file, &image)) {
		(void)kiln_fail(err, KILN_E_IMAGE, "cannot flash '%s'", file->name);
		kiln_why(err, "it is an application without a bootloader");
		kiln_hint(err, "get the file that has both, or use --at with the address of an "
			       "application partition (often 0x10000)");
		return KILN_E_IMAGE;
	}
	file->address = chip->bootloader_offset;
	return KILN_OK;
}

/* An address before a file, unless there is a file of that name. */
static bool is_address(const char *word)
{
	uint64_t value;

	return kiln_text_to_u64(word, &value) && access(word, F_OK) != 0;
}

static kiln_code add(struct files *files, const char *path, const char *address,
		     struct kiln_err *err)
{
	uint32_t at = 0;

	if (address)
		KILN_TRY(files_address(address, &at, err));
	KILN_TRY(files_add(files, at, path, err));
	return address ? KILN_OK : place(&files->items[files->n - 1], err);
}

static kiln_code plan_words(const struct opt_list *words, struct files *files, struct kiln_err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *address = NULL;

		if (is_address(words->items[i])) {
			address = words->items[i++];
			if (i == words->n)
				return kiln_fail(err, KILN_E_INVALID,
						 "no file given for address '%s'", address);
		}
		KILN_TRY(add(files, words->items[i], address, err));
	}
	return KILN_OK;
}

static kiln_code plan_at(const struct opt_list *words, const struct opt_list *at,
			 struct files *files, struct kiln_err *err)
{
	if (words->n != at->n)
		return kiln_fail(err, KILN_E_INVALID, "%zu files but %zu addresses (--at)",
				 words->n, at->n);
	for (size_t i = 0; i < words->n; i++)
		KILN_TRY(add(files, words->items[i], at->items[i], err));
	return KILN_OK;
}

kiln_code plan_files(const struct opt_list *words, const struct opt_list *at,
		     struct files *ret_files, struct kiln_err *err)
{
	if (words->n == 0)
		return kiln_fail(err, KILN_E_INVALID, "no file given");
	if (at->n > 0)
		KILN_TRY(plan_at(words, at, ret_files, err));
	else
		KILN_TRY(plan_words(words, ret_files, err));
	return kiln_flash_check_files(ret_files->items, ret_files->n, err);
}
