/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/namedoc.h"

static int compare(struct kiln_span name, const char *other)
{
	const size_t n = strlen(other);
	const int order = memcmp(name.p, other, name.n < n ? name.n : n);

	return order ? order : (name.n > n) - (name.n < n);
}

const struct kiln_namedoc *kiln_namedoc_find(struct kiln_span name)
{
	size_t low = 0, high = name.n ? kiln_namedocs_n : 0;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = compare(name, kiln_namedocs[middle].name);

		if (order == 0)
			return &kiln_namedocs[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct kiln_namedoc *kiln_namedoc_ending(struct kiln_span name)
{
	const struct kiln_namedoc *found = NULL;

	for (size_t i = 0; name.n > 0 && i < kiln_namedocs_n; i++) {
		const size_t n = strlen(kiln_namedocs[i].name);

		if (n <= name.n || kiln_namedocs[i].name[n - name.n - 1] != '.' ||
		    memcmp(kiln_namedocs[i].name + n - name.n, name.p, name.n) != 0)
			continue;
		if (found)
			return NULL;
		found = &kiln_namedocs[i];
	}
	return found;
}

const struct kiln_namedoc *kiln_namedoc_below(struct kiln_span owner, size_t *at)
{
	while (owner.n > 0 && *at < kiln_namedocs_n) {
		const struct kiln_namedoc *entry = &kiln_namedocs[(*at)++];

		if (strncmp(entry->name, (const char *)owner.p, owner.n) == 0 &&
		    entry->name[owner.n] == '.' && !strchr(entry->name + owner.n + 1, '.'))
			return entry;
	}
	return NULL;
}

bool kiln_namedoc_is_module(const struct kiln_namedoc *entry)
{
	return !entry->signature[0] && !strchr(entry->name, '.');
}
