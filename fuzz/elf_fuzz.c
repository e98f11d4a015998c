/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include <kiln/image.h>

#include "chip/chip.h"
#include "image/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any ELF file is refused or becomes an image that passes the checks of a ROM. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const chips[] = { "esp32", "esp32c6", "esp8266", "esp32s31" };
	const uint8_t pick = size ? data[size - 1] : 0;
	struct kiln_build_options o = KILN_BUILD_OPTIONS(kiln_chip_by_option(chips[pick & 3]));
	struct kiln_image image;
	struct kiln_built built;

	o.use_segments = pick & 4;
	o.ram_only_header = pick & 8;
	o.secure_pad_v2 = pick & 16 && !o.ram_only_header;
	o.esp8266_version = 1 + pick % 3;
	if (kiln_build_image(kiln_span(data, size), &o, &built, NULL) != KILN_OK)
		return 0;
	/* an image without segments is made as esptool makes it, and boots nowhere */
	if (o.chip->image_id != KILN_CHIP_NO_ID && built.image.data[1] && !o.ram_only_header)
		assert(kiln_image_verify(built.image.data, built.image.len, &image, NULL) ==
		       KILN_OK);
	kiln_built_done(&built);
	return 0;
}
