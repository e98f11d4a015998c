/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/image.h>

#include "base/bytes.h"
#include "image/digest.h"

/* Header bytes 2 and 3: the only ones that say how the flash chip is wired and clocked. */
enum { MODE_AT = 2, SIZE_FREQ_AT = 3 };

static uint8_t pick(int wanted, uint8_t present)
{
	return wanted < 0 ? present : (uint8_t)wanted;
}

kiln_code kiln_image_patch(void *data, size_t n, const struct kiln_image_params *params,
			   bool *ret_changed, bool *ret_redigested, struct kiln_err *err)
{
	uint8_t *p = data;
	struct kiln_image image;
	uint8_t mode, size_freq, digest[KILN_IMAGE_DIGEST_SIZE];
	bool changed;

	KILN_TRY(kiln_image_parse(data, n, &image, err));
	mode = pick(params->mode, image.mode);
	size_freq = (uint8_t)(pick(params->size, image.size) << 4 | pick(params->freq, image.freq));
	changed = mode != p[MODE_AT] || size_freq != p[SIZE_FREQ_AT];
	p[MODE_AT] = mode;
	p[SIZE_FREQ_AT] = size_freq;
	if (changed && image.has_digest) {
		KILN_TRY(kiln_image_digest(p, image.data_length, digest, err));
		memcpy(p + image.data_length, digest, sizeof(digest));
	}
	*ret_changed = changed;
	*ret_redigested = changed && image.has_digest;
	return KILN_OK;
}
