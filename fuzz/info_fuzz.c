/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "chip/chip.h"
#include "image/info.h"
#include "image/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reports hold no control characters, whatever an image says of itself. */
static void check_text(const struct kiln_buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		assert(text->data[i] >= 0x20 || text->data[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const kiln_info_layout layouts[] = { KILN_INFO_4_SHORT, KILN_INFO_4_LONG,
						    KILN_INFO_5 };
	struct kiln_merge_options o = { .mode = "dio", .size = "2MB", .dialect = KILN_DIALECT_5 };
	struct kiln_buf text = KILN_BUF_INIT(1 << 20), copy = KILN_BUF_INIT(1 << 20);
	const struct kiln_span file = kiln_span(data, size);

	for (size_t i = 0; i < 3; i++) {
		(void)!kiln_image_info(file, NULL, layouts[i], &text, NULL);
		(void)!kiln_image_info(file, kiln_chip_by_option("esp8266"), layouts[i], &text,
				       NULL);
	}
	if (kiln_image_guess_chip(file, &o.chip, NULL) == KILN_OK &&
	    kiln_buf_append(&copy, data, size) == KILN_OK)
		assert(kiln_merge_set_flash(o.chip->bootloader_offset, &copy, &o, &text, NULL) ==
		       KILN_OK);
	check_text(&text);
	kiln_buf_done(&text);
	kiln_buf_done(&copy);
	return 0;
}
