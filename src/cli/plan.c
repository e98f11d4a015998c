/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <string.h>
#include <unistd.h>

#include <kiln/fetch.h>

#include "base/text.h"
#include "flash/place.h"

/* An address before a file, unless there is a file of that name. */
static bool is_address(const char *word)
{
	uint64_t value;

	return kiln_text_to_u64(word, &value) && access(word, F_OK) != 0;
}

static void hint_missing(const char *path, struct kiln_err *err)
{
	if (path[0] == '~')
		kiln_hint(err, "between quotes the shell does not replace ~: write out the path");
	else if (!strchr(path, '/'))
		kiln_hint(err, "it is looked for in this folder; where was it downloaded to?");
	else
		kiln_hint(err, "check the path; the TAB key completes names");
}

static kiln_code add(struct files *files, const char *path, const char *address,
		     struct kiln_err *err)
{
	uint32_t at = 0;
	kiln_code code;

	if (address)
		KILN_TRY(files_address(address, &at, err));
	code = files_add(files, at, path, err);
	if (code == KILN_E_NOT_FOUND && !kiln_fetch_is_url(path))
		hint_missing(path, err);
	KILN_TRY(code);
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
