/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_SUGGEST_H
#define KILN_CLI_SUGGEST_H

#include <stddef.h>

/*
 * "Did you mean ...?": offer all names that there are; `best` is then the nearest one to what was
 * typed, or NULL if none is near enough to be meant.
 */
struct suggest {
	const char *typed;
	size_t n;
	size_t distance; /* of best */
	const char *best;
};

void suggest_init(struct suggest *s, const char *typed, size_t n);
void suggest_offer(struct suggest *s, const char *name);

#endif
