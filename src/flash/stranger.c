/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/stranger.h"

#include <string.h>
#include <strings.h>

enum { LOOK_AT = 512 };

/* First bytes: RFC 1952, APPNOTE.TXT (ZIP), the UF2 specification, the ELF and PE formats. */
static const struct {
	const char *begin;
	size_t n;
	struct kiln_stranger is;
} kinds[] = {
	{ "\x1F\x8B", 2, { "it is compressed (gzip)", "unpack it: gunzip FILE" } },
	{ "PK\3\4", 4, { "it is a ZIP archive", "unpack it, and flash the .bin that is in it" } },
	{ "7z\xBC\xAF",
	  4,
	  { "it is an archive (7z)", "unpack it, and flash the .bin that is in it" } },
	{ "UF2\n",
	  4,
	  { "it is a UF2 file", "boards that take it show up as a USB drive: copy it there; for "
				"this one get the .bin" } },
	{ "\x7F"
	  "ELF",
	  4,
	  { "it is a program as the linker made it (ELF)",
	    "flash the .bin beside it, or make one: kiln esptool elf2image FILE" } },
	{ "MZ",
	  2,
	  { "it is a program for Windows",
	    "get the .bin for your board from micropython.org/download" } },
};

static const struct kiln_stranger page = {
	"it is a web page: the link led to the page of the download",
	"open the page in a browser, and download the .bin itself"
};
static const struct kiln_stranger hex = {
	"it is an Intel HEX file, which is for other boards",
	"boards that take it show up as a USB drive: copy it there; for this one get the .bin"
};
static const struct kiln_stranger text = {
	"it is a text file",
	"to put a Python program on a board that runs MicroPython: kiln cp FILE :"
};
static const struct kiln_stranger blank = { "it begins with nothing but empty flash (FF)",
					    "say with --at ADDR where it belongs" };
static const struct kiln_stranger unknown = {
	"it does not begin as a firmware image does",
	"get the .bin for your board from micropython.org/download, or say with --at ADDR where "
	"else this file belongs"
};

static bool all_are(struct kiln_span s, bool (*fits)(uint8_t byte))
{
	for (size_t i = 0; i < s.n; i++) {
		if (!fits(s.p[i]))
			return false;
	}
	return s.n > 0;
}

/* Any encoding of text that is in use has no control characters but these. */
static bool is_text(uint8_t byte)
{
	return byte >= 0x20 ? byte != 0x7F : byte == '\n' || byte == '\r' || byte == '\t';
}

static bool is_erased(uint8_t byte)
{
	return byte == 0xFF;
}

static bool has_tag(const char *s, const char *tag)
{
	for (; *s; s++) {
		if (strncasecmp(s, tag, strlen(tag)) == 0)
			return true;
	}
	return false;
}

struct kiln_stranger kiln_stranger_of(struct kiln_span file)
{
	const struct kiln_span head = kiln_span(file.p, file.n < LOOK_AT ? file.n : LOOK_AT);
	char copy[LOOK_AT + 1];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (head.n >= kinds[i].n && memcmp(head.p, kinds[i].begin, kinds[i].n) == 0)
			return kinds[i].is;
	}
	if (all_are(head, is_erased))
		return blank;
	if (!all_are(head, is_text))
		return unknown;
	memcpy(copy, head.p, head.n);
	copy[head.n] = '\0';
	if (has_tag(copy, "<html") || has_tag(copy, "<!doctype") || has_tag(copy, "<head"))
		return page;
	return copy[0] == ':' && copy[1 + strspn(copy + 1, "0123456789ABCDEFabcdef")] <= '\r'
		       ? hex
		       : text;
}
