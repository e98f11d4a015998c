/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What esptool.py v3 says, line for line: scripts and IDEs read these lines, so their words are an
 * interface. On a terminal a "Writing at" line takes the place of the one before; in a pipe each
 * stands on a line of its own.
 */
#include "cli/dialect.h"

static const struct dialect_row rows[] = {
	{ KILN_FLASH_CONNECTING, DIALECT_ALWAYS, 0, "Connecting...", DIALECT_OPEN },
	{ KILN_FLASH_TRY, DIALECT_ALWAYS, 0, ".", DIALECT_OPEN },
	{ KILN_FLASH_CONNECTED, DIALECT_AUTO, 0, "\nDetecting chip type...", DIALECT_OPEN },
	{ KILN_FLASH_CONNECTED, DIALECT_ALWAYS, 0, "", DIALECT_LINE },
	{ KILN_FLASH_DETECT_SWITCH, DIALECT_ALWAYS, 0,
	  " Unsupported detection protocol, switching and trying again...", DIALECT_LINE },
	{ KILN_FLASH_DETECTED, DIALECT_AUTO, 0, " {item}", DIALECT_LINE },
	{ KILN_FLASH_CHIP, DIALECT_ALWAYS, 0,
	  "Chip is {description} (revision {revision})\nFeatures: {features}\n"
	  "Crystal is {crystal}\nMAC: {mac}",
	  DIALECT_LINE },
	{ KILN_FLASH_STUB_UPLOAD, DIALECT_ALWAYS, 0, "Uploading stub...", DIALECT_LINE },
	{ KILN_FLASH_STUB_START, DIALECT_ALWAYS, 0, "Running stub...", DIALECT_LINE },
	{ KILN_FLASH_STUB_RUNNING, DIALECT_DONE, 1,
	  "Stub is already running. No upload is necessary.", DIALECT_LINE },
	{ KILN_FLASH_STUB_RUNNING, DIALECT_ALWAYS, 0, "Stub running...", DIALECT_LINE },
	{ KILN_FLASH_BAUD, DIALECT_ALWAYS, 0, "Changing baud rate to {total}", DIALECT_LINE },
	{ KILN_FLASH_BAUD_CHANGED, DIALECT_ALWAYS, 0, "Changed.", DIALECT_LINE },
	{ KILN_FLASH_SIZE_ASKED, DIALECT_ALWAYS, 0, "Configuring flash size...", DIALECT_LINE },
	{ KILN_FLASH_SIZE_DETECTED, DIALECT_ALWAYS, 0, "Auto-detected Flash size: {megabytes}",
	  DIALECT_LINE },
	{ KILN_FLASH_ERASING, DIALECT_REGION, 0,
	  "Erasing region (may be slow depending on size)...", DIALECT_LINE },
	{ KILN_FLASH_ERASING, DIALECT_ALWAYS, 0, "Erasing flash (this may take a while)...",
	  DIALECT_LINE },
	{ KILN_FLASH_ERASED, DIALECT_REGION, 0,
	  "Erase completed successfully in {seconds} seconds.", DIALECT_LINE },
	{ KILN_FLASH_ERASED, DIALECT_ALWAYS, 0, "Chip erase completed successfully in {seconds}s",
	  DIALECT_LINE },
	{ KILN_FLASH_WILL_ERASE, DIALECT_ALWAYS, 0,
	  "Flash will be erased from {address} to {last}...", DIALECT_LINE },
	{ KILN_FLASH_PARAMS, DIALECT_ALWAYS, 0, "Flash params set to {params}", DIALECT_LINE },
	{ KILN_FLASH_REDIGESTED, DIALECT_ALWAYS, 0, "SHA digest in image updated", DIALECT_LINE },
	{ KILN_FLASH_COMPRESSED, DIALECT_ALWAYS, 0, "Compressed {total} bytes to {done}...",
	  DIALECT_LINE },
	{ KILN_FLASH_WRITING, DIALECT_ONE_BY_ONE, 0, "Writing at {address}... ({percent} %)",
	  DIALECT_OVER },
	{ KILN_FLASH_WROTE, DIALECT_DONE, 0,
	  "Wrote {total} bytes at {address} in {seconds} seconds ({kbits} kbit/s)...",
	  DIALECT_LAST },
	{ KILN_FLASH_WROTE, DIALECT_ALWAYS, 0,
	  "Wrote {total} bytes ({done} compressed) at {address} in {seconds} seconds "
	  "(effective {kbits} kbit/s)...",
	  DIALECT_LAST },
	{ KILN_FLASH_VERIFIED, DIALECT_ALWAYS, 0, "Hash of data verified.", DIALECT_LINE },
	{ KILN_FLASH_LEAVING, DIALECT_ALWAYS, 0, "\nLeaving...", DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_HARD_RESET, "Hard resetting via RTS pin...",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_SOFT_RESET, "Soft resetting...",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_NO_RESET, "Staying in bootloader.",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_NO_RESET_STUB, "Staying in flasher stub.",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_WATCHDOG_RESET,
	  "Hard resetting with a watchdog...", DIALECT_LINE },
	{ KILN_FLASH_WARNING, DIALECT_ALWAYS, 0, "WARNING: {item}", DIALECT_ASIDE },
	{ KILN_FLASH_RETRY, DIALECT_ALWAYS, 0, "Sending again from {address}: {item}",
	  DIALECT_ASIDE },
	{ 0 },
};

const struct dialect dialect_esptool_v3 = { .name = "esptool.py", .rows = rows };
