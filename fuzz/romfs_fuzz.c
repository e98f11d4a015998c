/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "image/romfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct kiln_span image;
	size_t n;
};

/* All that is found lies inside, and no name leads out. */
static void check(void *user, const struct kiln_romfs_item *item)
{
	struct seen *s = user;
	const uint8_t *p = item->data;

	assert(item->path[0] && !strstr(item->path, "//"));
	assert(item->n == 0 || (p >= s->image.p && p + item->n <= s->image.p + s->image.n));
	s->n++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen s = { .image = kiln_span(data, size) };
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_romfs_read(s.image, check, &s, &err) == KILN_OK)
		assert(kiln_romfs_size(s.image) <= size && s.n <= size);
	else
		assert(err.code == KILN_E_IMAGE && err.why[0]);
	return 0;
}
