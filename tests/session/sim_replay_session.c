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
#include <zlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "sim/board.h"
#include "slip/slip.h"

enum { FRAMES_MAX = 4096, HEADER = 8, BLOCK_HEADER = 16 };

/* One conversation: the board, what it said and nobody looked at yet, and what is being written. */
struct replay {
	struct sim_board board;
	struct kiln_slip_decoder dec;
	struct kiln_buf frames[FRAMES_MAX];
	size_t n_frames, next;
	const char *file;
	int line;

	struct kiln_buf stream; /* the data of the write at hand, compressed if it is */
	size_t used;
	bool digests_differ; /* the data was not kept: other data stands for it */
	bool is_exact;       /* it is the data that was written: checksums are compared */
};

static void failed(const struct replay *r, const char *what)
{
	fail_msg("%s:%d: %s", r->file, r->line, what);
}

/* --- the board --- */

/* The chips that were recorded, by how their files begin. */
static const struct recorded {
	const char *prefix, *model;
	uint8_t mac[6];
	uint32_t strap_download, strap_flash;
} recorded[] = {
	{ "esp32c3-", "esp32c3-qfn32", { 0xC4, 0x0A, 0x24, 0xFE, 0x10, 0x01 }, 0x02, 0x08 },
	{ "", "esp32-d0wd-v3", { 0x24, 0x0A, 0xC4, 0x12, 0x34, 0x56 }, 0x0F, 0x12 },
};

static void start(struct replay *r, const char *file)
{
	const struct recorded *chip = recorded;

	while (strncmp(file, chip->prefix, strlen(chip->prefix)) != 0)
		chip++;
	struct sim_board_config config = {
		.model = sim_model_find(chip->model),
		.flash_size = 4u << 20,
		.strap_download = chip->strap_download,
		.strap_flash = chip->strap_flash,
		.no_run = true,
	};

	memcpy(config.mac, chip->mac, sizeof(config.mac));

	*r = (struct replay){ .file = file };
	kiln_buf_init(&r->stream, 4u << 20);
	kiln_slip_init(&r->dec, 1 << 16);
	assert_int_equal(sim_board_init(&r->board, &config, 0, NULL), KILN_OK);
}

static void strap_download(struct replay *r)
{
	sim_board_set_lines(&r->board, false, true);
	sim_board_advance(&r->board, r->board.now + 10 * SIM_MS);
	sim_board_set_lines(&r->board, true, false);
	sim_board_advance(&r->board, r->board.now + 50 * SIM_MS);
	sim_board_set_lines(&r->board, false, false);
	sim_board_flush(&r->board);
}

static void end(struct replay *r)
{
	sim_board_done(&r->board);
	kiln_slip_done(&r->dec);
	kiln_buf_done(&r->stream);
	for (size_t i = 0; i < r->n_frames; i++)
		kiln_buf_done(&r->frames[i]);
}

static void hear(struct replay *r)
{
	uint8_t bytes[4096];
	size_t n, used;

	while ((n = sim_board_take(&r->board, bytes, sizeof(bytes))) > 0) {
		for (size_t at = 0; at < n; at += used) {
			if (kiln_slip_decode(&r->dec, bytes + at, n - at, &used) != KILN_SLIP_FRAME)
				continue;
			assert_true(r->n_frames < FRAMES_MAX);
			kiln_buf_init(&r->frames[r->n_frames], 1 << 16);
			kiln_buf_append(&r->frames[r->n_frames++], r->dec.frame.data,
					r->dec.frame.len);
		}
	}
}

/* Send, and let all happen that follows. */
static void send(struct replay *r, const uint8_t *bytes, size_t n)
{
	sim_ns next, until;

	sim_board_set_baud(&r->board, r->board.chip_baud);
	sim_board_send(&r->board, bytes, n);
	until = r->board.to_chip.free_at + 60 * SIM_S;
	while ((next = sim_board_next(&r->board)) <= until && r->board.cpu == SIM_CPU_DOWNLOAD) {
		sim_board_advance(&r->board, next);
		hear(r);
	}
	hear(r);
}

static void send_frame(struct replay *r, const uint8_t *payload, size_t n)
{
	struct kiln_buf wire = KILN_BUF_INIT(1 << 17);

	kiln_slip_encode(&wire, payload, n);
	send(r, wire.data, wire.len);
	kiln_buf_done(&wire);
}

static const struct kiln_buf *next_frame(struct replay *r)
{
	if (r->next == r->n_frames)
		failed(r, "the board did not answer");
	return &r->frames[r->next++];
}

/* --- data for what was cut --- */

static void read_data(const char *name, struct kiln_buf *out)
{
	uint8_t block[4096];
	char path[512];
	FILE *f;
	size_t n;

	kiln_text_format(path, sizeof(path), "%s/rom-transcripts/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		kiln_buf_append(out, block, n);
	fclose(f);
}

static size_t deflate_zeros(size_t n, uint8_t *out, size_t size)
{
	uint8_t *zeros = calloc(1, n);
	z_stream z = { 0 };

	assert_non_null(zeros);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = zeros;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	free(zeros);
	return size - z.avail_out;
}

/* Stored blocks of noise, `n_noise` bytes in all. */
static void put_stored(struct kiln_buf *out, size_t n_noise, uint32_t *adler)
{
	uint32_t state = 1;

	for (size_t done = 0; done < n_noise;) {
		const size_t n = n_noise - done < 65535 ? n_noise - done : 65535;
		const uint8_t head[5] = { 0, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n,
					  (uint8_t)(~n >> 8) };
		const size_t at = out->len + sizeof(head);

		kiln_buf_append(out, head, sizeof(head));
		for (size_t i = 0; i < n; i++) {
			state = state * 1664525 + 1013904223;
			kiln_buf_putc(out, (uint8_t)(state >> 24));
		}
		*adler = (uint32_t)adler32(*adler, out->data + at, (uInt)n);
		done += n;
	}
}

static uint32_t adler_zeros(uint32_t adler, size_t n)
{
	static const uint8_t zeros[4096];

	for (; n > sizeof(zeros); n -= sizeof(zeros))
		adler = (uint32_t)adler32(adler, zeros, sizeof(zeros));
	return (uint32_t)adler32(adler, zeros, (uInt)n);
}

/* A zlib stream of exactly `packed` bytes that inflates to `plain`: noise, then zeros. */
static void make_stream(struct kiln_buf *out, size_t plain, size_t packed)
{
	uint8_t tail[8192];
	size_t n_tail = 0, noise = packed - 1024, blocks;
	uint32_t adler = 1;

	for (int i = 0; i < 100; i++) { /* the zeros' size depends on the noise's, but hardly */
		blocks = (noise + 65534) / 65535;
		n_tail = deflate_zeros(plain - noise, tail, sizeof(tail));
		if (2 + noise + 5 * blocks + n_tail + 4 == packed)
			break;
		noise = packed - 6 - 5 * blocks - n_tail;
	}
	kiln_buf_append(out, "\x78\xDA", 2);
	put_stored(out, noise, &adler);
	kiln_buf_append(out, tail, n_tail);
	adler = adler_zeros(adler, plain - noise);
	for (int i = 24; i >= 0; i -= 8)
		kiln_buf_putc(out, (uint8_t)(adler >> i));
	assert_int_equal(out->len, packed);
}

/* What stands in a write's BEGIN names its data; only the sizes of the blocks tell the rest. */
static const struct write {
	const char *file;
	uint32_t size, address;
	const char *data; /* NULL: not kept */
	size_t plain, packed;
} writes[] = {
	{ "esp32-rom-write-uncompressed.txt", 9000, 0x1000, "data-9000.bin", 9000, 0 },
	{ "esp32-stub-write-uncompressed.txt", 9000, 0x1000, "data-9000.bin", 9000, 0 },
	{ "esp32-stub-two-files.txt", 20000, 0x1000, "data-20000.bin", 20000, 4789 },
	{ "esp32-stub-two-files.txt", 9000, 0x10000, "data-9000.bin", 9000, 0 },
	{ "esp32-stub-write-firmware-460800.txt", 1737776, 0x1000, NULL, 1737776, 1143554 },
	{ "esp32-legacy-stub-write-firmware-460800.txt", 1737776, 0x1000, NULL, 1737776, 1143554 },
	{ "esp32-rom-write-compressed-115200.txt", 300032, 0x1000, NULL, 300000, 124340 },
	{ "esp32c3-rom-write-compressed.txt", 20000, 0, "data-20000.bin", 20000, 0 },
	{ "esp32c3-stub-write-compressed.txt", 20000, 0, "data-20000.bin", 20000, 4789 },
};

static void compress_data(struct kiln_buf *data)
{
	uLongf n = compressBound(data->len);
	uint8_t *packed = malloc(n);

	assert_non_null(packed);
	assert_int_equal(compress2(packed, &n, data->data, data->len, 9), Z_OK);
	kiln_buf_reset(data);
	kiln_buf_append(data, packed, n);
	free(packed);
}

static void begin_write(struct replay *r, uint32_t size, uint32_t address)
{
	kiln_buf_reset(&r->stream);
	r->used = 0;
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		const struct write *w = &writes[i];

		if (strcmp(w->file, r->file) != 0 || w->size != size || w->address != address)
			continue;
		r->is_exact = w->data != NULL;
		r->digests_differ = !w->data;
		if (!w->data) {
			make_stream(&r->stream, w->plain, w->packed);
			return;
		}
		read_data(w->data, &r->stream);
		if (w->packed)
			compress_data(&r->stream);
		return;
	}
}

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
	failed(r, "unknown command");
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
		failed(r, "the block's data is not what was sent to the real chip");
}

static void send_line(struct replay *r, const struct line *line)
{
	uint8_t packet[HEADER + 0x4100] = { 0, op_of(r, line->name), (uint8_t)line->length,
					    (uint8_t)(line->length >> 8) };
	uint8_t *body = packet + HEADER;
	const uint8_t op = packet[1];

	memcpy(body, line->body, line->n_body);
	if (op == 0x02 || op == 0x10)
		begin_write(r, kiln_get_le32(body), kiln_get_le32(body + 12));
	if (op == 0x03 || op == 0x07 || op == 0x11) {
		fill_block(r, line, op, body + BLOCK_HEADER, line->length - BLOCK_HEADER);
		packet[4] = xor_sum(body + BLOCK_HEADER, line->length - BLOCK_HEADER);
	} else {
		assert_int_equal(line->n_body, line->length);
	}
	send_frame(r, packet, HEADER + line->length);
}

static void compare_reply(struct replay *r, const struct line *line)
{
	const struct kiln_buf *frame = next_frame(r);
	const uint8_t *p = frame->data;
	size_t n = line->n_body, skip = 0;

	if (frame->len < HEADER || p[0] != 1 || p[1] != op_of(r, line->name))
		failed(r, "answered under another command");
	if (kiln_get_le16(p + 2) != line->length || frame->len != HEADER + line->length)
		failed(r, "the answer has another length");
	if (kiln_get_le32(p + 4) != line->value)
		failed(r, "the answer has another value");
	if (p[1] == 0x13 && r->digests_differ)
		skip = line->length > 20 ? 32 : 16;
	if (memcmp(p + HEADER + skip, line->body + skip, n - skip) != 0)
		failed(r, "the answer has another body");
}

static void compare_raw(struct replay *r, const struct line *line)
{
	const struct kiln_buf *frame = next_frame(r);

	if (frame->len != line->length || memcmp(frame->data, line->body, line->n_body) != 0)
		failed(r, "another frame came");
}

static void replay_line(struct replay *r, const char *text)
{
	struct line line;

	if (!parse_line(text, &line))
		failed(r, "cannot read this line");
	if (strcmp(line.name, "raw") == 0) {
		if (line.to_chip)
			send_frame(r, line.body, line.length);
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

	read_data(c3 ? "data-20000.bin" : "data-9000.bin", &data);
	memcpy(r->board.flash.data + (c3 ? 0 : 0x1000), data.data, data.len);
	kiln_buf_done(&data);
}

static void replay_file(const char *file, bool with_data)
{
	static struct replay r;
	FILE *f = open_transcript(file);
	char text[1024];

	start(&r, file);
	if (with_data)
		preload(&r);
	strap_download(&r);
	while (fgets(text, sizeof(text), f)) {
		r.line++;
		replay_line(&r, text);
	}
	if (r.next != r.n_frames)
		failed(&r, "the board said more than the real chip");
	fclose(f);
	end(&r);
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
	send(r, bytes, n);
}

static void compare_bytes(struct replay *r, const char *hex)
{
	uint8_t bytes[256];
	size_t n;
	const struct kiln_buf *frame;

	if (strncmp(hex, "nothing", 7) == 0) {
		if (r->next != r->n_frames)
			failed(r, "the board answered");
		return;
	}
	if (strncmp(hex, "(outside frames)", 16) == 0) /* the text of a crash */
		return;
	n = read_hex(hex, bytes, sizeof(bytes));
	frame = next_frame(r);
	if (frame->len != n || memcmp(frame->data, bytes, n) != 0)
		failed(r, "the board answered something else");
}

static void replay_refusals(const char *file, bool stub)
{
	static struct replay r;
	FILE *f = open_transcript(file);
	char text[1024];

	start(&r, file);
	strap_download(&r);
	if (stub)
		start_stub(&r);
	while (fgets(text, sizeof(text), f)) {
		r.line++;
		if (strncmp(text, "  > ", 4) == 0) {
			if (r.next != r.n_frames)
				failed(&r, "the board said more than the real chip before this");
			send_bytes(&r, text + 4);
		} else if (strncmp(text, "  < ", 4) == 0) {
			compare_bytes(&r, text + 4);
		}
	}
	fclose(f);
	end(&r);
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
	start(&r, "boot");
	sim_board_advance(&r.board, 100 * SIM_MS);
	compare_boot(&r, "esp32-boot-blank-flash.txt");
	end(&r);

	start(&r, "boot");
	sim_board_set_lines(&r.board, true, false);
	sim_board_advance(&r.board, 100 * SIM_MS);
	compare_boot(&r, "esp32-boot-download.txt");
	end(&r);

	start(&r, "esp32c3-boot");
	sim_board_set_lines(&r.board, true, false);
	sim_board_advance(&r.board, 100 * SIM_MS);
	compare_boot(&r, "esp32c3-boot-download.txt");
	end(&r);
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
	start(&r, "boot");
	put_image(r.board.flash.data + 0x1000);
	sim_board_advance(&r.board, 300 * SIM_MS);
	compare_boot(&r, "esp32-boot-micropython.txt");
	end(&r);
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
