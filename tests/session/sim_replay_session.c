/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every frame that a real ESP32's ROM and stubs were sent is sent to the virtual board, and what it
 * answers is compared with what they answered. tests/data/rom-transcripts/README.md describes the
 * files, and what was cut from them.
 */
#include "../unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "replay.h"

enum { HEADER = 8, BLOCK_HEADER = 16 };

/* --- lines --- */

struct line {
	bool to_chip;
	char name[24];
	unsigned length;
	uint32_t value; /* checksum or val */
	uint8_t body[64];
	size_t n_body; /* what is written out */
	bool is_cut;
};

static size_t read_hex(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned byte;

	while (n < max && sscanf(text + 2 * n, "%2x", &byte) == 1 && text[2 * n] > ' ' &&
	       text[2 * n] != '.')
		out[n++] = (uint8_t)byte;
	return n;
}

static bool parse_line(const char *text, struct line *line)
{
	const char *equals = strrchr(text, '=');
	char direction;

	*line = (struct line){ 0 };
	if (!equals)
		return false;
	line->n_body = read_hex(equals + 1, line->body, sizeof(line->body));
	line->is_cut = strstr(equals, "...") != NULL;
	if (sscanf(text, " %*f %c raw[%u]", &direction, &line->length) == 2)
		kiln_text_copy(line->name, sizeof(line->name), "raw");
	else if (sscanf(text, " %*f %c %23s len=%u %*3s=%x", &direction, line->name, &line->length,
			&line->value) != 4)
		return false;
	line->to_chip = direction == '>';
	return true;
}

static const struct {
	const char *name;
	uint8_t op;
} ops[] = {
	{ "FLASH_BEGIN", 0x02 },
	{ "FLASH_DATA", 0x03 },
	{ "FLASH_END", 0x04 },
	{ "MEM_BEGIN", 0x05 },
	{ "MEM_END", 0x06 },
	{ "MEM_DATA", 0x07 },
	{ "SYNC", 0x08 },
	{ "WRITE_REG", 0x09 },
	{ "READ_REG", 0x0A },
	{ "SPI_SET_PARAMS", 0x0B },
	{ "SPI_ATTACH", 0x0D },
	{ "READ_FLASH_SLOW", 0x0E },
	{ "CHANGE_BAUDRATE", 0x0F },
	{ "FLASH_DEFL_BEGIN", 0x10 },
	{ "FLASH_DEFL_DATA", 0x11 },
	{ "FLASH_DEFL_END", 0x12 },
	{ "SPI_FLASH_MD5", 0x13 },
	{ "GET_SECURITY_INFO", 0x14 },
	{ "ERASE_FLASH", 0xD0 },
	{ "ERASE_REGION", 0xD1 },
	{ "READ_FLASH", 0xD2 },
};

static uint8_t op_of(const struct replay *r, const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(ops[i].name, name) == 0)
			return ops[i].op;
	}
	replay_failed(r, "unknown command");
	return 0;
}

static uint8_t xor_sum(const uint8_t *p, size_t n)
{
	uint8_t sum = 0xEF;

	while (n--)
		sum ^= *p++;
	return sum;
}

/* The data of a block: what was written, or for a stub's code anything with the right checksum. */
static void fill_block(struct replay *r, const struct line *line, uint8_t op, uint8_t *data,
		       size_t n)
{
	size_t have;

	if (op == 0x07) {
		memset(data, 0, n);
		data[n - 1] = (uint8_t)(line->value ^ xor_sum(data, n));
		return;
	}
	have = r->stream.len - r->used < n ? r->stream.len - r->used : n;
	memcpy(data, r->stream.data + r->used, have);
	memset(data + have, 0xFF, n - have);
	r->used += have;
	if (r->is_exact && xor_sum(data, n) != line->value)
		replay_failed(r, "the block's data is not what was sent to the real chip");
}

static void send_line(struct replay *r, const struct line *line)
{
	uint8_t packet[HEADER + 0x4100] = { 0, op_of(r, line->name), (uint8_t)line->length,
					    (uint8_t)(line->length >> 8) };
	uint8_t *body = packet + HEADER;
	const uint8_t op = packet[1];

	memcpy(body, line->body, line->n_body);
	if (op == 0x02 || op == 0x10)
		replay_begin_write(r, kiln_get_le32(body), kiln_get_le32(body + 12));
	if (op == 0x03 || op == 0x07 || op == 0x11) {
		fill_block(r, line, op, body + BLOCK_HEADER, line->length - BLOCK_HEADER);
		packet[4] = xor_sum(body + BLOCK_HEADER, line->length - BLOCK_HEADER);
	} else {
		assert_int_equal(line->n_body, line->length);
	}
	replay_send_frame(r, packet, HEADER + line->length);
}

static void compare_reply(struct replay *r, const struct line *line)
{
	const struct kiln_buf *frame = replay_next_frame(r);
	const uint8_t *p = frame->data;
	size_t n = line->n_body, skip = 0;

	if (frame->len < HEADER || p[0] != 1 || p[1] != op_of(r, line->name))
		replay_failed(r, "answered under another command");
	if (kiln_get_le16(p + 2) != line->length || frame->len != HEADER + line->length)
		replay_failed(r, "the answer has another length");
	if (kiln_get_le32(p + 4) != line->value)
		replay_failed(r, "the answer has another value");
	if (p[1] == 0x13 && r->digests_differ)
		skip = line->length > 20 ? 32 : 16;
	if (memcmp(p + HEADER + skip, line->body + skip, n - skip) != 0)
		replay_failed(r, "the answer has another body");
}

static void compare_raw(struct replay *r, const struct line *line)
{
	const struct kiln_buf *frame = replay_next_frame(r);

	if (frame->len != line->length || memcmp(frame->data, line->body, line->n_body) != 0)
		replay_failed(r, "another frame came");
}

static void replay_line(struct replay *r, const char *text)
{
	struct line line;

	if (!parse_line(text, &line))
		replay_failed(r, "cannot read this line");
	if (strcmp(line.name, "raw") == 0) {
		if (line.to_chip)
			replay_send_frame(r, line.body, line.length);
		else
			compare_raw(r, &line);
	} else if (line.to_chip) {
		send_line(r, &line);
	} else {
		compare_reply(r, &line);
	}
}

static FILE *open_transcript(const char *name)
{
	char path[512];
	FILE *f;

	kiln_text_format(path, sizeof(path), "%s/rom-transcripts/%s", TEST_DATA, name);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

static void preload(struct replay *r)
{
	const bool c3 = strncmp(r->file, "esp32c3-", 8) == 0;
	struct kiln_buf data = KILN_BUF_INIT(1 << 16);

	replay_read_data(c3 ? "data-20000.bin" : "data-9000.bin", &data);
	memcpy(r->board.flash.data + (c3 ? 0 : 0x1000), data.data, data.len);
	kiln_buf_done(&data);
}

static void replay_file(const char *file, bool with_data)
{
	static struct replay r;
	FILE *f = open_transcript(file);
	char text[1024];

	replay_start(&r, file);
	if (with_data)
		preload(&r);
	replay_strap_download(&r);
	while (fgets(text, sizeof(text), f)) {
		r.line++;
		replay_line(&r, text);
	}
	if (r.next != r.n_frames)
		replay_failed(&r, "the board said more than the real chip");
	fclose(f);
	replay_end(&r);
}

static void sessions_of_esptool(void **state)
{
	static const struct {
		const char *file;
		bool with_data;
	} files[] = {
		{ "esp32-rom-flash-id.txt", false },
		{ "esp32-rom-read-flash.txt", true },
		{ "esp32-rom-erase-region.txt", false },
		{ "esp32-rom-write-uncompressed.txt", false },
		{ "esp32-rom-write-compressed-115200.txt", false },
		{ "esp32-stub-flash-id.txt", false },
		{ "esp32-stub-read-flash.txt", true },
		{ "esp32-stub-verify.txt", true },
		{ "esp32-stub-erase-flash.txt", true },
		{ "esp32-stub-erase-region.txt", true },
		{ "esp32-stub-write-uncompressed.txt", false },
		{ "esp32-stub-two-files.txt", false },
		{ "esp32-stub-write-firmware-460800.txt", false },
		{ "esp32-legacy-stub-write-firmware-460800.txt", false },
		{ "esp32c3-rom-security-info.txt", false },
		{ "esp32c3-rom-write-compressed.txt", false },
		{ "esp32c3-stub-flash-id.txt", false },
		{ "esp32c3-stub-read-flash.txt", true },
		{ "esp32c3-stub-write-compressed.txt", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		replay_file(files[i].file, files[i].with_data);
}

/* --- refusals --- */

static void start_stub(struct replay *r)
{
	static const char *const lines[] = {
		"0 > MEM_BEGIN len=16 chk=0x0 body[16]=fc170000010000000018000000800a40",
		"0 > MEM_DATA len=6156 chk=0x95 body[6156]=fc170000000000000000000000000000 ...",
		"0 > MEM_END len=8 chk=0x0 body[8]=0000000074900a40",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		replay_line(r, lines[i]);
	assert_int_equal(r->n_frames, 4);
	assert_memory_equal(r->frames[3].data, "OHAI", 4);
	r->next = r->n_frames;
}

/* Bytes as they stand; a cut frame goes on as it ends, as long as its header says. */
static void send_bytes(struct replay *r, const char *hex)
{
	uint8_t bytes[256];
	size_t n = read_hex(hex, bytes, 128);

	if (strstr(hex, "...")) {
		const size_t whole = 1 + HEADER + kiln_get_le16(bytes + 3);

		memset(bytes + n, bytes[n - 1], whole - n);
		bytes[whole] = 0xC0;
		n = whole + 1;
	}
	replay_send(r, bytes, n);
}

static void compare_bytes(struct replay *r, const char *hex)
{
	uint8_t bytes[256];
	size_t n;
	const struct kiln_buf *frame;

	if (strncmp(hex, "nothing", 7) == 0) {
		if (r->next != r->n_frames)
			replay_failed(r, "the board answered");
		return;
	}
	if (strncmp(hex, "(outside frames)", 16) == 0) /* the text of a crash */
		return;
	n = read_hex(hex, bytes, sizeof(bytes));
	frame = replay_next_frame(r);
	if (frame->len != n || memcmp(frame->data, bytes, n) != 0)
		replay_failed(r, "the board answered something else");
}

static void replay_refusals(const char *file, bool stub)
{
	static struct replay r;
	FILE *f = open_transcript(file);
	char text[1024];

	replay_start(&r, file);
	replay_strap_download(&r);
	if (stub)
		start_stub(&r);
	while (fgets(text, sizeof(text), f)) {
		r.line++;
		if (strncmp(text, "  > ", 4) == 0) {
			if (r.next != r.n_frames)
				replay_failed(&r,
					      "the board said more than the real chip before this");
			send_bytes(&r, text + 4);
		} else if (strncmp(text, "  < ", 4) == 0) {
			compare_bytes(&r, text + 4);
		}
	}
	fclose(f);
	replay_end(&r);
}

static void refusals_of_the_rom(void **state)
{
	(void)state;
	replay_refusals("esp32-rom-refusals.txt", false);
	replay_refusals("esp32c3-rom-refusals.txt", false);
}

static void refusals_of_the_stub(void **state)
{
	(void)state;
	replay_refusals("esp32-stub-refusals.txt", true);
}

/* --- boot texts --- */

/* Compare what comes after power-on; the recordings have no \r. */
static void compare_boot(struct replay *r, const char *file)
{
	char expected[1024], heard[1024];
	FILE *f = open_transcript(file);
	const size_t n = fread(expected, 1, sizeof(expected) - 1, f);
	size_t m = 0, got;

	expected[n] = '\0';
	fclose(f);
	while (m < sizeof(heard) - 1 && (got = sim_board_take(&r->board, heard + m, 1)))
		m += heard[m] != '\r';
	heard[m] = '\0';
	if (strstr(expected, "MicroPython")) /* what follows is not the ROM's */
		*strstr(expected, "MicroPython") = '\0';
	assert_memory_equal(heard, expected, strlen(expected));
}

static void boot_texts(void **state)
{
	static struct replay r;

	(void)state;
	replay_start(&r, "boot");
	sim_board_advance(&r.board, 100 * SIM_MS);
	compare_boot(&r, "esp32-boot-blank-flash.txt");
	replay_end(&r);

	replay_start(&r, "boot");
	sim_board_set_lines(&r.board, true, false);
	sim_board_advance(&r.board, 100 * SIM_MS);
	compare_boot(&r, "esp32-boot-download.txt");
	replay_end(&r);

	replay_start(&r, "esp32c3-boot");
	sim_board_set_lines(&r.board, true, false);
	sim_board_advance(&r.board, 100 * SIM_MS);
	compare_boot(&r, "esp32c3-boot-download.txt");
	replay_end(&r);
}

/* An image with the segments of the recorded one. */
static void put_image(uint8_t *p)
{
	static const uint32_t segments[][2] = { { 0x3FFF0030, 4728 },
						{ 0x40078000, 14888 },
						{ 0x40080400, 3368 } };
	static const uint8_t header[] = { 0xE9, 3, 2, 0x20, 0xCC, 0x05, 0x08, 0x40 };
	size_t at = 24;

	memset(p, 0, 24);
	memcpy(p, header, sizeof(header));
	for (size_t i = 0; i < 3; i++) {
		kiln_put_le32(p + at, segments[i][0]);
		kiln_put_le32(p + at + 4, segments[i][1]);
		memset(p + at + 8, 0x5A, segments[i][1]); /* an even number of them: no checksum */
		at += 8 + segments[i][1];
	}
	p[at | 15] = 0xEF;
}

static void boot_text_of_an_image(void **state)
{
	static struct replay r;

	(void)state;
	replay_start(&r, "boot");
	put_image(r.board.flash.data + 0x1000);
	sim_board_advance(&r.board, 300 * SIM_MS);
	compare_boot(&r, "esp32-boot-micropython.txt");
	replay_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_of_the_rom),   cmocka_unit_test(refusals_of_the_stub),
		cmocka_unit_test(sessions_of_esptool),   cmocka_unit_test(boot_texts),
		cmocka_unit_test(boot_text_of_an_image),
	};
	return RUN(tests);
}
