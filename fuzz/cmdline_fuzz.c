/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/esptool.h"
#include "cli/opts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_WORDS = 64 };

/* Words that end with a NUL byte, as a kernel hands them to a program. */
static int split(char *text, size_t size, char **argv)
{
	int argc = 0;

	for (size_t at = 0; at < size && argc < MOST_WORDS; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	return argc;
}

/* Any line is either parsed, or refused with a text that says why; words are of the line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct opt *const tables[] = { esptool_options, esptool_write_options };
	char *text = malloc(size + 1), *argv[MOST_WORDS];

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	const int argc = split(text, size, argv);

	for (unsigned i = 0; i < 2; i++) {
		for (unsigned rules = 0; rules < 16; rules++) {
			struct kiln_err err = KILN_ERR_INIT;
			struct opt_list words = { 0 };
			struct esptool t = { 0 };

			if (opts_parse(tables[i], rules, argc, argv, &t, &words, &err) != KILN_OK)
				assert(err.what[0]);
			assert(words.n <= (size_t)argc);
			opt_list_done(&words);
			opt_list_done(&t.options.filters);
			opt_list_done(&t.params.write.encrypt_files);
			opt_list_done(&t.params.write.diff_with);
		}
	}
	free(text);
	return 0;
}
