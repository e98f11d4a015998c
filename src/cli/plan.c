/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <unistd.h>

#include "base/text.h"
#include "flash/place.h"

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
	return address ? KILN_OK : kiln_flash_place(&files->items[files->n - 1], err);
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
