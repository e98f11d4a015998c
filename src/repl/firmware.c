/* SPDX-License-Identifier: Apache-2.0 */
#include "repl/firmware.h"

#include <stdbool.h>
#include <string.h>

/* Words that stand anywhere in a line, or right at its beginning. */
static const struct {
	const char *text;
	bool first;
	const char *firmware;
} words[] = {
	{ "AT version:", false, "Espressif's AT firmware" },
	{ "+CIPSTATUS", true, "an AT firmware" },
	{ "AT+", true, "an AT firmware" },
	{ "NodeMCU ", true, "the NodeMCU Lua firmware" },
	{ "Project tasmota", false, "Tasmota" },
	{ "Tasmota ", false, "Tasmota" },
	{ "ESPHome version", false, "ESPHome" },
	{ "Espruino ", false, "Espruino" },
	{ "Ai-Thinker", true, "an AT firmware" },
	{ "*** Booting Zephyr", true, "Zephyr" },
	{ "uart:~$", false, "a Zephyr shell" },
	{ "NuttX", true, "NuttX" },
	{ "nsh> ", true, "NuttX" },
	{ "RIOT (Version", false, "RIOT" },
	{ "main(): This is RIOT!", true, "RIOT" },
	{ "Grbl ", true, "Grbl" },
	{ "echo:Marlin", true, "Marlin" },
	{ "Marlin ", true, "Marlin" },
	{ "U-Boot ", true, "the boot loader U-Boot" },
	{ "=> ", true, "a boot loader" },
	{ "Linux version ", false, "Linux" },
	{ "Arduino", false, "an Arduino program" },
	{ "$GPGGA,", true, "a GPS receiver" },
	{ "$GNGGA,", true, "a GPS receiver" },
	{ "$GPRMC,", true, "a GPS receiver" },
	{ "$GNRMC,", true, "a GPS receiver" },
};

/* Tags of ESP-IDF's own start, which MicroPython has too. */
static const char *const start_tags[] = {
	"boot",      "boot.",      "esp_image", "cpu_start",  "heap_init",   "spi_flash",
	"sleep",     "main_task",  "app_init",  "efuse_init", "octal_psram", "esp_psram",
	"spiram",    "quad_psram", "coexist",   "clk",        "app_start",   "cpu",
	"uart",      "gpio",       "wifi",      "phy",        "phy_init",    "network",
	"modsocket", "machine",
};

static bool is_start_tag(const char *tag, size_t n)
{
	for (size_t i = 0; i < sizeof(start_tags) / sizeof(start_tags[0]); i++) {
		const size_t length = strlen(start_tags[i]);
		const bool family = start_tags[i][length - 1] == '.';

		if (n >= length && memcmp(tag, start_tags[i], length) == 0 &&
		    (family || n == length))
			return true;
	}
	return false;
}

static size_t digits(const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && p[at] >= '0' && p[at] <= '9')
		at++;
	return at;
}

static bool is_level(char c)
{
	return c && strchr("EWIDV", c);
}

/* "I (312) main: text", perhaps in colour (ESP-IDF, components/log) */
static bool is_idf_log(const char *p, size_t n)
{
	size_t d;
	const char *colon;

	if (n > 7 && memcmp(p, "\033[0;3", 5) == 0 && p[6] == 'm') {
		p += 7;
		n -= 7;
	}
	if (n < 8 || !is_level(p[0]) || memcmp(p + 1, " (", 2) != 0)
		return false;
	d = digits(p + 3, n - 3);
	if (d == 0 || 3 + d + 2 >= n || memcmp(p + 3 + d, ") ", 2) != 0)
		return false;
	p += 5 + d;
	n -= 5 + d;
	colon = memchr(p, ':', n);
	return colon && colon > p && !is_start_tag(p, (size_t)(colon - p));
}

/* "[   123][E][Wire.cpp:422] begin(): text" (Arduino core for the ESP32, esp32-hal-log.h) */
static bool is_arduino_log(const char *p, size_t n)
{
	size_t at = 1, d;

	if (n < 12 || p[0] != '[')
		return false;
	while (at < n && p[at] == ' ')
		at++;
	d = digits(p + at, n - at);
	at += d;
	return d > 0 && at + 5 < n && memcmp(p + at, "][", 2) == 0 && is_level(p[at + 2]) &&
	       memcmp(p + at + 3, "][", 2) == 0;
}

/* "[12:01:02][C][logger:185]: text", "[C][logger:185]: text" (ESPHome) */
static bool is_esphome_log(const char *p, size_t n)
{
	const char *colon;

	if (n > 10 && p[0] == '[' && p[9] == ']')
		p += 10, n -= 10;
	if (n < 8 || p[0] != '[' || !p[1] || !strchr("EWICDV", p[1]) || memcmp(p + 2, "][", 2) != 0)
		return false;
	colon = memchr(p + 4, ':', n - 4);
	return colon && memmem(colon, n - (size_t)(colon - p), "]:", 2);
}

static bool has(const char *line, size_t n, const char *text, bool first)
{
	const size_t length = strlen(text);

	if (first)
		return n >= length && memcmp(line, text, length) == 0;
	return memmem(line, n, text, length) != NULL;
}

const char *kiln_firmware_of(const char *line, size_t n)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (has(line, n, words[i].text, words[i].first))
			return words[i].firmware;
	}
	if (is_arduino_log(line, n))
		return "an Arduino program";
	if (is_esphome_log(line, n))
		return "ESPHome";
	if (is_idf_log(line, n))
		return "an ESP-IDF program";
	return NULL;
}
