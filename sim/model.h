/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_MODEL_H
#define KILN_SIM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip.h"
#include "sim/clock.h"

/*
 * What differs from one chip model to the next, as const rows (model.c). What a host knows of a
 * chip family too (register addresses, offsets) comes from the chip tables.
 */
struct sim_register {
	uint32_t address, value;
};

/* Why the CPU started. */
typedef enum sim_reset {
	SIM_RESET_POWER_ON = 1, /* power, or the EN pin */
	SIM_RESET_SOFTWARE,     /* the program asked for a system reset */
	SIM_RESET_CPU, /* the program asked for a CPU reset: MicroPython's machine.reset() */
	SIM_RESET_RTC_WATCHDOG, /* the ROM's own, while it looks for an image */
	SIM_RESET_KINDS
} sim_reset;

/* What the pins that are latched at reset mean to the ROM. */
struct sim_strap {
	uint32_t pins;
	bool download;
	const char *text; /* after "boot:0x..": its name, and what else it prints */
};

/* What the mask ROM says and expects. Lines end in \r\n on the wire. */
struct sim_rom_text {
	const char *banner;                 /* first line after each reset */
	const char *reset[SIM_RESET_KINDS]; /* "rst:" texts */
	const struct sim_strap *straps;     /* the first is what fits no other */
	const char *invalid_header;         /* then the first word of the image */
	const char *bad_segment;            /* then its length */
	const char *checksum_error;         /* then computed != stored */
	const char *stopped;                /* what follows a checksum error */
	bool compares_digest;      /* it looks at the SHA-256 that is appended to an image */
	bool boots_without_digest; /* and boots also if it is wrong */
	bool is_brief;             /* chips after the ESP32: fewer lines, lengths in hex */
	bool is_old;               /* ESP8266: images with a short header, text at 74880 baud */
	sim_ns watchdog;           /* from reset to the watchdog's reset if no image is found */
	sim_ns retry;              /* between two looks at the flash */
};

/* A flasher stub that a host can upload: known by where it is loaded and entered. */
struct sim_stub {
	const char *name;
	uint32_t text_start, text_end; /* its code; the entry point lies inside */
	bool legacy;
	uint16_t plugin_table; /* where in its data the table of plugins' functions is; 0: none */
};

/* How a chip keeps its MAC. */
typedef enum sim_mac_form {
	SIM_MAC_CRC = 0, /* ESP32: with a CRC-8 in the upper word */
	SIM_MAC_PLAIN,   /* later chips */
	SIM_MAC_OTP,     /* ESP8266: in pieces over three words */
} sim_mac_form;

/* What a family's ROM loader does otherwise than the ESP32's. */
struct sim_rom_habits {
	uint8_t status_size;    /* bytes after the data: 4, or 2 */
	uint8_t security_info;  /* length of GET_SECURITY_INFO's answer; 0: it does not know it */
	bool is_old;            /* no attach, parameters, baud, inflate, digest, slow read */
	bool counts_head_twice; /* FLASH_BEGIN erases more than it was asked for */
	bool shifts_address;    /* SPI addresses stand in the upper bits */
	bool is_strict;         /* no memory where it writes to: an exception, and silence */
};

struct sim_ram {
	uint32_t base, size;
};

struct sim_model {
	const char *name;   /* "esp32-d0wdq6", as in chip= */
	const char *family; /* kiln_chip_by_option */
	const struct sim_rom_text *rom;
	const struct sim_rom_habits *habits;
	sim_mac_form mac_form;
	uint32_t chip_id, api_version;   /* in GET_SECURITY_INFO */
	uint32_t security_flags;         /* likewise: bit 2 is secure download mode */
	unsigned xtal_mhz, rom_xtal_mhz; /* differ: the ROM reckons bauds wrong; 0: they don't */
	const struct sim_register *registers;   /* values after a reset; ended by address 0 */
	uint32_t efuse_mac_low, efuse_mac_high; /* registers that hold the MAC */
	uint32_t strap_register;
	uint32_t strap_flash, strap_download; /* of a dev board, with IO0 high and low */
	uint32_t spi_user_stub; /* what a stub leaves in the SPI controller's USER register */
	bool flash_off;         /* the ROM does not switch the flash's power on */
	uint32_t boot_hook;     /* with secure boot the ROM runs nothing from RAM, but calls this
				   pointer in READ_FLASH_SLOW; or 0 */
	const struct sim_stub *stubs; /* ended by a NULL name */
	const struct sim_ram *ram;    /* ended by size 0 */
};

/* By model ("esp32-d0wd-v3") or family ("esp32": its first row); NULL if there is none. */
const struct sim_model *sim_model_find(const char *name);
const struct sim_model *sim_model_at(unsigned i); /* NULL after the last */
const struct kiln_chip *sim_model_chip(const struct sim_model *model);

/* Registers that hold `mac`, as this chip stores it: returns how many were put there. */
enum { SIM_MAC_WORDS = 3 };
unsigned sim_model_mac_words(const struct sim_model *model, const uint8_t mac[6],
			     struct sim_register ret[SIM_MAC_WORDS]);

/* models.c: the rows of the chips after the ESP32 and before it. */
extern const struct sim_model sim_later_models[];
extern const unsigned sim_n_later_models;

#endif
