/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LONGEST 40

/* '_' and '-' are the same slip of no weight: drop-ins take both. */
static bool same(char a, char b)
{
	return (a == '_' ? '-' : a) == (b == '_' ? '-' : b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Edits (insert, delete, change, swap neighbours) that turn a into b: the "optimal string
 * alignment" distance. Names that are too long count as far away.
 */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
	size_t rows[3][LONGEST + 1]; /* of i - 2, i - 1, i, by i % 3 */

	if (an > LONGEST || bn > LONGEST)
		return SIZE_MAX;
	for (size_t j = 0; j <= bn; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			row[j] = least(above[j - 1] + !same(a[i - 1], b[j - 1]),
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[an % 3][bn];
}

void suggest_init(struct suggest *s, const char *typed, size_t n)
{
	/* a third of the letters may be wrong, not more: "xyz" is no "run" */
	*s = (struct suggest){ .typed = typed, .n = n, .distance = n / 3 + 1 + (n > 2) };
}

void suggest_offer(struct suggest *s, const char *name)
{
	const size_t n = strlen(name);
	/* a beginning is near, whatever is missing at its end */
	const bool prefix = s->n >= 2 && n > s->n && strncmp(name, s->typed, s->n) == 0;
	const size_t d = prefix ? 1 : distance(s->typed, s->n, name, n);

	if (d < s->distance) {
		s->distance = d;
		s->best = name;
	}
}
