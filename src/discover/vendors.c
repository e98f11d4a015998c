/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB vendors whose serial ports may lead to a board that runs MicroPython. A port of any other
 * vendor is listed, but not touched unasked: it may be a modem, a 3D printer, a power meter.
 */
#include "discover/vendors.h"

struct vendor {
	uint16_t vid;
	const char *name;
};

/* By id; each with what of it is found on or in boards. */
static const struct vendor vendors[] = {
	{ 0x0403, "FTDI" },               /* FT232, FT2232: bridges (ESP-Prog, WROVER-KIT) */
	{ 0x0451, "Texas Instruments" },  /* XDS110 debug probe of LaunchPads */
	{ 0x0483, "STMicroelectronics" }, /* ST-LINK's virtual port; STM32's own USB */
	{ 0x04B4, "Cypress" },            /* KitProg of PSoC 6 kits */
	{ 0x04D8, "Microchip" },          /* MCP2221 bridges; ids lent to small makers */
	{ 0x067B, "Prolific" },           /* PL2303 bridges */
	{ 0x0D28, "Arm" },                /* DAPLink: micro:bit and many mbed boards */
	{ 0x10C4, "Silicon Labs" },       /* CP210x: most ESP32 dev boards */
	{ 0x1209, "pid.codes" },          /* open hardware of many makers */
	{ 0x1366, "SEGGER" },             /* J-Link on Nordic's dev kits */
	{ 0x16C0, "Van Ooijen" },         /* lent ids: PJRC's Teensy */
	{ 0x16D0, "MCS" },                /* lent ids of small makers */
	{ 0x1915, "Nordic" },             /* nRF52 with its own USB */
	{ 0x1A86, "WCH" },                /* CH340, CH9102: cheap dev boards */
	{ 0x1B4F, "SparkFun" },
	{ 0x1D50, "OpenMoko" }, /* lent ids: open hardware */
	{ 0x1EAF, "LeafLabs" }, /* Maple: STM32 */
	{ 0x1FC9, "NXP" },      /* i.MX RT's own USB, LPC-Link */
	{ 0x2341, "Arduino" },  /* Nano RP2040, Portenta, Giga, Nano ESP32 */
	{ 0x239A, "Adafruit" }, /* CircuitPython and MicroPython boards */
	{ 0x2886, "Seeed" },    /* XIAO, Wio */
	{ 0x2A03, "Arduino" },  /* the other half of the name, 2014-16 */
	{ 0x2B04, "Particle" },
	{ 0x2E8A, "Raspberry Pi" }, /* Pico, RP2040, RP2350, debug probe */
	{ 0x2FE3, "Zephyr" },       /* MicroPython's Zephyr port */
	{ 0x303A, "Espressif" },    /* own USB of ESP32-S2, S3, C3, C6, H2, P4 */
	{ 0x3343, "DFRobot" },
	{ 0xF055, "MicroPython" }, /* pyboard; never assigned, but used since the first of them */
};

const char *kiln_board_vendor(uint16_t vid)
{
	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
		if (vendors[i].vid == vid)
			return vendors[i].name;
	}
	return NULL;
}
