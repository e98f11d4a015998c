/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_help.h"

const struct kiln_chip_info told_chip = {
	.description = "ESP32-D0WDQ6",
	.revision = 100,
	.features = "WiFi, BT, Dual Core, Coding Scheme None",
	.crystal_mhz = 40,
	.mac = { 0x30, 0xae, 0xa4, 0x28, 0x39, 0xf0 },
};

void feed(struct dialect_run *run, struct kiln_buf *out, struct kiln_flash_event event)
{
	event.chip = event.stage >= KILN_FLASH_CHIP ? &told_chip : NULL;
	assert_int_equal(dialect_feed(run, &event, out), KILN_OK);
}
