/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "kernel/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any line is split or refused; no word is longer than the line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_words words;

	if (kiln_words_split(kiln_span(data, size), &words, NULL) != KILN_OK)
		return 0;
	for (size_t i = 0; i < words.n; i++)
		assert(strlen(words.items[i]) <= size);
	assert(words.items[words.n] == NULL);
	kiln_words_done(&words);
	return 0;
}
