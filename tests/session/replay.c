/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual board for recorded conversations, and data of the size of what was cut from them. */
#include "../unit/unit.h"

#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/text.h"

_Noreturn void replay_failed(const struct replay *r, const char *what)
{
	fail_msg("%s:%d: %s", r->file, r->line, what);
	abort(); /* not reached: fail_msg does not return */
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

void replay_start(struct replay *r, const char *file)
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

void replay_strap_download(struct replay *r)
{
	sim_board_set_lines(&r->board, false, true);
	sim_board_advance(&r->board, r->board.now + 10 * SIM_MS);
	sim_board_set_lines(&r->board, true, false);
	sim_board_advance(&r->board, r->board.now + 50 * SIM_MS);
	sim_board_set_lines(&r->board, false, false);
	sim_board_flush(&r->board);
}

void replay_end(struct replay *r)
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
			assert_true(r->n_frames < REPLAY_FRAMES_MAX);
			kiln_buf_init(&r->frames[r->n_frames], 1 << 16);
			kiln_buf_append(&r->frames[r->n_frames++], r->dec.frame.data,
					r->dec.frame.len);
		}
	}
}

/* Send, and let all happen that follows. */
void replay_send(struct replay *r, const uint8_t *bytes, size_t n)
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

void replay_send_frame(struct replay *r, const uint8_t *payload, size_t n)
{
	struct kiln_buf wire = KILN_BUF_INIT(1 << 17);

	kiln_slip_encode(&wire, payload, n);
	replay_send(r, wire.data, wire.len);
	kiln_buf_done(&wire);
}

const struct kiln_buf *replay_next_frame(struct replay *r)
{
	if (r->next == r->n_frames)
		replay_failed(r, "the board did not answer");
	return &r->frames[r->next++];
}

/* --- data for what was cut --- */

void replay_read_data(const char *name, struct kiln_buf *out)
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

void replay_begin_write(struct replay *r, uint32_t size, uint32_t address)
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
		replay_read_data(w->data, &r->stream);
		if (w->packed)
			compress_data(&r->stream);
		return;
	}
}
