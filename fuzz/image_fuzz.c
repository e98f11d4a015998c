/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/image.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Any bytes are read without a fault, and what is read lies within them. What verifies still does
 * after a patch, with the parameters that were asked for.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_image_params params = { .mode = 3, .freq = 15, .size = 4 };
	struct kiln_image image;
	bool changed, redigested;
	uint8_t *copy;

	if (kiln_image_parse(data, size, &image, NULL) != KILN_OK)
		return 0;
	assert(image.length <= size && image.data_length <= image.length);
	for (unsigned i = 0; i < image.n_segments; i++)
		assert(image.segments[i].offset + image.segments[i].length <= image.data_length);
	if (kiln_image_verify(data, size, &image, NULL) != KILN_OK)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	assert(kiln_image_patch(copy, size, &params, &changed, &redigested, NULL) == KILN_OK);
	assert(kiln_image_verify(copy, size, &image, NULL) == KILN_OK);
	assert(image.mode == 3 && image.freq == 15 && image.size == 4);
	free(copy);
	return 0;
}
