/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What esptool v5 says, line for line. Its lines too are read by programs (PlatformIO, ESPHome). A
 * stage that is over takes its lines back on a terminal; in a pipe all of them stay.
 */
#include "cli/dialect.h"

#define CHIP_LINES                                                       \
	"Connected to {family} on {port}:\n"                             \
	"Chip type:          {description} (revision {full_revision})\n" \
	"Features:           {new_features}\n"                           \
	"Crystal frequency:  {crystal}\n"

static const struct dialect_row rows[] = {
	{ KILN_FLASH_CONNECTING, DIALECT_ALWAYS, 0, "Connecting...", DIALECT_OPEN_PASSING },
	{ KILN_FLASH_TRY, DIALECT_ALWAYS, 0, ".", DIALECT_OPEN_PASSING },
	{ KILN_FLASH_CONNECTED, DIALECT_AUTO, 0, "\nDetecting chip type...", DIALECT_OPEN_PASSING },
	{ KILN_FLASH_CONNECTED, DIALECT_ALWAYS, 0, "", DIALECT_PASSING },
	{ KILN_FLASH_DETECT_SWITCH, DIALECT_ALWAYS, 0, " Autodetection failed, trying again...",
	  DIALECT_PASSING },
	{ KILN_FLASH_DETECTED, DIALECT_AUTO, 0, " {item}", DIALECT_PASSING },
	{ KILN_FLASH_CHIP, DIALECT_SECURE, 0,
	  "Connected to {family} on {port}:\nChip type:          {description}\n", DIALECT_LINE },
	{ KILN_FLASH_CHIP, DIALECT_USB, 0, CHIP_LINES "USB mode:           {usb}\n{mac_lines}\n",
	  DIALECT_LINE },
	{ KILN_FLASH_CHIP, DIALECT_ALWAYS, 0, CHIP_LINES "{mac_lines}\n", DIALECT_LINE },
	{ KILN_FLASH_STUB_UPLOAD, DIALECT_ALWAYS, 0, "Uploading stub flasher...", DIALECT_PASSING },
	{ KILN_FLASH_STUB_START, DIALECT_ALWAYS, 0, "Running stub flasher...", DIALECT_PASSING },
	{ KILN_FLASH_STUB_RUNNING, DIALECT_DONE, 1,
	  "Stub flasher is already running. No upload is necessary.", DIALECT_LINE },
	{ KILN_FLASH_STUB_RUNNING, DIALECT_ALWAYS, 0, "Stub flasher running.", DIALECT_LINE },
	{ KILN_FLASH_BAUD, DIALECT_ALWAYS, 0, "Changing baud rate to {total}...", DIALECT_LINE },
	{ KILN_FLASH_BAUD_CHANGED, DIALECT_ALWAYS, 0, "Changed.", DIALECT_LINE },
	{ KILN_FLASH_SUPPLY, DIALECT_ALWAYS, 0, "VDDSDIO regulator set to {item}.", DIALECT_LINE },
	{ KILN_FLASH_WIRING, DIALECT_DONE, 1,
	  "Attaching flash from eFuses' SPI pads configuration ({item})...", DIALECT_LINE },
	{ KILN_FLASH_WIRING, DIALECT_TOTAL, 1, "Configuring SPI NOR flash mode ({item})...",
	  DIALECT_LINE },
	{ KILN_FLASH_WIRING, DIALECT_ALWAYS, 0, "Enabling default SPI flash mode...",
	  DIALECT_LINE },
	{ KILN_FLASH_LOADING, DIALECT_ALWAYS, 0,
	  "Downloading {total} bytes at {address} {step_bar}", DIALECT_BAR },
	{ KILN_FLASH_LOADED, DIALECT_ALWAYS, 0,
	  "Loaded {blocks} segments from '{item}' to RAM, executing at {address}.", DIALECT_LINE },
	{ KILN_FLASH_SIZE_ASKED, DIALECT_ALWAYS, 0, "Configuring flash size...", DIALECT_LINE },
	{ KILN_FLASH_SIZE_DETECTED, DIALECT_ALWAYS, 0, "Auto-detected flash size: {megabytes}",
	  DIALECT_LINE },
	{ KILN_FLASH_ERASING, DIALECT_REGION, 0,
	  "Erasing flash memory region (this may take a while depending on size)...",
	  DIALECT_PASSING },
	{ KILN_FLASH_ERASING, DIALECT_ALWAYS, 0, "Erasing flash memory (this may take a while)...",
	  DIALECT_PASSING },
	{ KILN_FLASH_ERASED, DIALECT_REGION, 0,
	  "Flash memory region erased successfully in {seconds} seconds.", DIALECT_LINE },
	{ KILN_FLASH_ERASED, DIALECT_ALWAYS, 0,
	  "Flash memory erased successfully in {seconds} seconds.", DIALECT_LINE },
	{ KILN_FLASH_FILE, DIALECT_SEVERAL, 0, "\nWriting '{item}' at {address}...", DIALECT_LINE },
	{ KILN_FLASH_PARAMS, DIALECT_ALWAYS, 0, "Flash parameters set to {params}.", DIALECT_LINE },
	{ KILN_FLASH_REDIGESTED, DIALECT_ALWAYS, 0, "SHA digest in image updated.", DIALECT_LINE },
	{ KILN_FLASH_FILE_ERASE, DIALECT_ALWAYS, 0,
	  "Flash will be erased from {address} to {last}...", DIALECT_LINE },
	{ KILN_FLASH_COMPRESSED, DIALECT_ALWAYS, 0, "Compressed {total} bytes to {done}...",
	  DIALECT_LINE },
	{ KILN_FLASH_WRITING, DIALECT_ONE_BY_ONE, 0, "Writing at {address} {bar}", DIALECT_BAR },
	{ KILN_FLASH_WROTE, DIALECT_DONE, 0,
	  "{full_bar}Wrote {total} bytes at {address} in {seconds} seconds ({kbits} kbit/s).",
	  DIALECT_LINE },
	{ KILN_FLASH_WROTE, DIALECT_ALWAYS, 0,
	  "{full_bar}Wrote {total} bytes ({done} compressed) at {address} in {seconds} seconds "
	  "({kbits} kbit/s).",
	  DIALECT_LINE },
	{ KILN_FLASH_VERIFYING, DIALECT_ALWAYS, 0, "Verifying written data...", DIALECT_PASSING },
	{ KILN_FLASH_VERIFIED, DIALECT_ALWAYS, 0, "Hash of data verified.", DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_HARD_RESET, "\nHard resetting via RTS pin...",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_SOFT_RESET, "\nSoft resetting...",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_NO_RESET, "\nStaying in bootloader.",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_NO_RESET_STUB, "\nStaying in flasher stub.",
	  DIALECT_LINE },
	{ KILN_FLASH_RESET, DIALECT_TOTAL, KILN_AFTER_WATCHDOG_RESET,
	  "\nHard resetting with a watchdog...", DIALECT_LINE },
	{ KILN_FLASH_READING, DIALECT_ONE_BY_ONE, 0, "Reading from {end} {bar}", DIALECT_BAR },
	{ KILN_FLASH_READ, DIALECT_ALWAYS, 0,
	  "Read {total} bytes from {address} in {seconds} seconds ({kbits} kbit/s) to '{item}'.",
	  DIALECT_LINE },
	{ KILN_FLASH_WARNING, DIALECT_ALWAYS, 0, "{warning} {item}", DIALECT_ASIDE },
	{ KILN_FLASH_RETRY, DIALECT_ALWAYS, 0, "Sending again from {address}: {item}",
	  DIALECT_ASIDE },
	{ 0 },
};

const struct dialect dialect_esptool_v5 = { "esptool", rows, .mac_width = 20 };
