/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as JSON objects. Names are an interface: they stay. A member stands in an event only if
 * it means something there.
 */
#include <jansson.h>

#include "base/text.h"
#include "cli/render.h"

enum member {
	ADDRESS = 1 << 0,
	DONE = 1 << 1,
	TOTAL = 1 << 2,
	ELAPSED = 1 << 3,
	ITEM = 1 << 4,
	CHIP = 1 << 5,
	RESET = 1 << 6,
	COMPRESSED = 1 << 7,
	PORT = 1 << 8,
};

static const struct {
	kiln_flash_stage stage;
	const char *event;
	unsigned members;
} events[] = {
	{ KILN_FLASH_CONNECTING, "connecting", PORT },
	{ KILN_FLASH_TRY, "try", 0 },
	{ KILN_FLASH_CONNECTED, "connected", 0 },
	{ KILN_FLASH_DETECT_SWITCH, "detect_switch", 0 },
	{ KILN_FLASH_DETECTED, "detected", 0 },
	{ KILN_FLASH_CHIP, "chip", CHIP },
	{ KILN_FLASH_STUB_UPLOAD, "stub_upload", 0 },
	{ KILN_FLASH_STUB_START, "stub_start", 0 },
	{ KILN_FLASH_STUB_RUNNING, "stub_running", 0 },
	{ KILN_FLASH_BAUD, "baud", TOTAL },
	{ KILN_FLASH_BAUD_CHANGED, "baud_changed", 0 },
	{ KILN_FLASH_SIZE_ASKED, "size_asked", 0 },
	{ KILN_FLASH_SIZE_DETECTED, "size_detected", TOTAL },
	{ KILN_FLASH_ERASING, "erasing", 0 },
	{ KILN_FLASH_ERASED, "erased", ELAPSED },
	{ KILN_FLASH_WILL_ERASE, "will_erase", ADDRESS | TOTAL },
	{ KILN_FLASH_FILE, "file", ADDRESS | TOTAL | ITEM },
	{ KILN_FLASH_PARAMS, "params", TOTAL },
	{ KILN_FLASH_REDIGESTED, "redigested", 0 },
	{ KILN_FLASH_FILE_ERASE, "file_erase", ADDRESS | TOTAL },
	{ KILN_FLASH_COMPRESSED, "compressed", COMPRESSED | TOTAL },
	{ KILN_FLASH_WRITING, "writing", ADDRESS | DONE | TOTAL | ITEM },
	{ KILN_FLASH_WROTE, "wrote", ADDRESS | COMPRESSED | TOTAL | ELAPSED },
	{ KILN_FLASH_VERIFYING, "verifying", 0 },
	{ KILN_FLASH_VERIFIED, "verified", 0 },
	{ KILN_FLASH_LEAVING, "leaving", 0 },
	{ KILN_FLASH_RESET, "reset", RESET },
	{ KILN_FLASH_WARNING, "warning", ITEM },
	{ KILN_FLASH_READING, "reading", ADDRESS | DONE | TOTAL },
	{ KILN_FLASH_READ, "read", ADDRESS | TOTAL | ELAPSED },
	{ KILN_FLASH_COMPARING, "comparing", ADDRESS | TOTAL },
	{ KILN_FLASH_COMPARED, "compared", ADDRESS | DONE | TOTAL },
	{ KILN_FLASH_DIFFERS, "differs", ADDRESS | TOTAL },
	{ KILN_FLASH_WIRING, "wiring", ITEM },
	{ KILN_FLASH_SUPPLY, "supply", ITEM },
	{ KILN_FLASH_LOADING, "loading", ADDRESS | TOTAL },
	{ KILN_FLASH_LOADED, "loaded", ADDRESS },
	{ KILN_FLASH_NOTE, "note", ITEM },
	{ KILN_FLASH_CHANGED, "changed", ADDRESS },
	{ KILN_FLASH_REFLASHING, "reflashing", ADDRESS | TOTAL },
	{ KILN_FLASH_UNCHANGED, "unchanged", ADDRESS },
	{ KILN_FLASH_STANDS, "stands", ADDRESS | ITEM },
	{ KILN_FLASH_UNVERIFIED, "unverified", ADDRESS | ITEM },
	{ KILN_FLASH_PLAIN, "plain", COMPRESSED | TOTAL | ITEM },
	{ KILN_FLASH_ROM_ERASING, "rom_erasing", 0 },
	{ KILN_FLASH_ROM_ERASED, "rom_erased", ELAPSED },
	{ KILN_FLASH_PLUGIN, "plugin", ITEM },
	{ KILN_FLASH_BAD_BLOCK, "bad_block", ADDRESS },
	{ KILN_FLASH_RETRY, "retry", ADDRESS | ITEM },
	{ KILN_FLASH_GONE, "gone", PORT | ELAPSED },
	{ KILN_FLASH_BACK, "back", PORT },
};

static void set(json_t *object, const char *name, json_t *value)
{
	(void)json_object_set_new(object, name, value); /* it drops the value if it fails */
}

static void set_chip(json_t *object, const struct kiln_chip_info *chip)
{
	char text[32];

	if (chip->chip)
		set(object, "chip", json_string(kiln_chip_option(chip->chip)));
	set(object, "description", json_string(chip->description));
	kiln_text_format(text, sizeof(text), "%u.%u", chip->revision / 100, chip->revision % 100);
	set(object, "revision", json_string(text));
	set(object, "features", json_string(chip->features));
	set(object, "crystal_mhz", json_integer(chip->crystal_mhz));
	kiln_text_format(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", chip->mac[0],
			 chip->mac[1], chip->mac[2], chip->mac[3], chip->mac[4], chip->mac[5]);
	set(object, "mac", json_string(text));
}

static const char *reset_name(uint64_t after)
{
	static const char *const names[] = { "hard", "soft", "none", "none_stub", "watchdog" };

	return after < sizeof(names) / sizeof(names[0]) ? names[after] : "?";
}

static void set_members(json_t *object, unsigned members, const struct kiln_flash_event *e)
{
	if (members & ADDRESS)
		set(object, "address", json_integer(e->address));
	if (members & DONE)
		set(object, "done", json_integer((json_int_t)e->done));
	if (members & TOTAL)
		set(object, "total", json_integer((json_int_t)e->total));
	if (members & COMPRESSED && e->done > 0)
		set(object, "compressed", json_integer((json_int_t)e->done));
	if (members & ELAPSED)
		set(object, "elapsed_ms", json_integer(e->elapsed_ms));
	if (members & ITEM && e->item)
		set(object, e->stage == KILN_FLASH_WRITING ? "file" : "text", json_string(e->item));
	if (members & PORT && e->item)
		set(object, "port", json_string(e->item));
	if (members & CHIP && e->chip)
		set_chip(object, e->chip);
	if (members & RESET)
		set(object, "kind", json_string(reset_name(e->total)));
}

json_t *render_json(const struct kiln_flash_event *event)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i].stage == event->stage) {
			json_t *object = json_pack("{s:s}", "event", events[i].event);

			if (object)
				set_members(object, events[i].members, event);
			return object;
		}
	}
	return NULL; /* a stage that is newer than this table; a test sees to it that there is none
		      */
}
