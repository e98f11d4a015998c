/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main job costs: 1.5 MB to a virtual board on the virtual clock, at three speeds and two
 * latencies of the USB bridge: a blank chip, the same image again, one sector changed, the next
 * version, another firmware; and 16 MB read. All that the job allocates counts, and the image too.
 * docs/performance.md explains the limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kiln/flash.h>

#include "base/buf.h"
#include "base/text.h"
#include "bench/heap.h"
#include "flash/deflate.h"
#include "flash/flasher.h"
#include "sim/flash.h"
#include "sim/sim.h"
#include "sim/writer.h"
#include "slip/slip.h"
#include "support/image_maker.h"

enum {
	SEGMENT = 512 * 1000,
	ADDRESS = 0x1000,
	SECTOR = 4096,
	BLOCK = 64 * 1024,
	PAGE = 256,
	START_MS = 1000, /* where the virtual clock begins (sim/link.c) */
	FIXED_MS = 1200, /* of a first flash: reset, stub, verify */
};

struct figures {
	kiln_ms first_ms, end_ms; /* on the board's clock, which starts when the port is opened */
	kiln_ms upload_ms;        /* of the stub */
	struct kiln_link_stats at_first, at_end;
	struct kiln_flasher *flasher;
	bool begun;
	size_t heap;
	double cpu_ms;
};

struct wire {
	unsigned baud, latency_ms;
};

/* What is promised of a figure. 0: nothing. */
struct promise {
	const char *op;
	double limit;
};

static const struct promise nothing = { NULL, 0 };

static struct promise at_most(double limit)
{
	return (struct promise){ "<=", limit };
}

static struct promise at_least(double limit)
{
	return (struct promise){ ">=", limit };
}

static kiln_ms now(const struct figures *f)
{
	return kiln_link_now(f->flasher->loader.link) - START_MS;
}

static void on_event(void *user, const struct kiln_flash_event *event)
{
	struct figures *f = user;

	if (event->stage == KILN_FLASH_STUB_UPLOAD)
		f->upload_ms = -now(f);
	if (event->stage == KILN_FLASH_STUB_START)
		f->upload_ms += now(f);
	if (event->stage != KILN_FLASH_WRITING || f->begun)
		return;
	f->begun = true;
	f->first_ms = now(f);
	kiln_flasher_stats(f->flasher, &f->at_first);
}

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code == KILN_OK)
		return;
	fprintf(stderr, "%s: %s\n", err->what, err->why);
	exit(1);
}

static void print(const struct wire *w, const char *name, double value, const char *unit,
		  struct promise promise, const struct figures *f)
{
	printf("{\"case\": \"flash %u/%u ms: %s\", \"value\": %.4g, \"unit\": \"%s\"", w->baud,
	       w->latency_ms, name, value, unit);
	if (promise.op)
		printf(", \"limit\": %.3g, \"op\": \"%s\"", promise.limit, promise.op);
	if (f)
		printf(", \"more\": {\"bytes\": %llu, \"turns\": %llu, \"s\": %.3f, \"cpu_ms\": "
		       "%.0f, \"heap_kb\": %.0f}",
		       (unsigned long long)(f->at_end.bytes_out + f->at_end.bytes_in),
		       (unsigned long long)f->at_end.turns, (double)f->end_ms / 1e3, f->cpu_ms,
		       (double)f->heap / 1024);
	printf("}\n");
	fflush(stdout);
}

/* --- limits, by the virtual board's own times --- */

static double program_ms(size_t size)
{
	return (double)((size + PAGE - 1) / PAGE) * (double)sim_flash_parts[0].page_program / 1e6;
}

/* To erase [at, end): by blocks where whole ones fit. */
static double erase_ms(uint32_t at, uint32_t end)
{
	const struct sim_flash_part *part = &sim_flash_parts[0];
	double ns = 0;

	for (at = at / SECTOR * SECTOR; at < end;) {
		const bool block = at % BLOCK == 0 && end - at >= BLOCK;

		ns += (double)(block ? part->block_erase : part->sector_erase);
		at += block ? BLOCK : SECTOR;
	}
	return ns / 1e6;
}

/* A stub leaves blank sectors as they are; it reads them to know. */
static double look_ms(size_t size)
{
	return (double)size * (double)SIM_READ_TIME_PER_BYTE / 1e6;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double wire_ms(const struct wire *w, uint64_t bytes)
{
	return (double)bytes * 1e4 / w->baud;
}

/*
 * What has to go over the wire of it, packed: in frames that are as long as they may be. Frames
 * that a job makes shorter, and what it sends between them, are its own affair.
 */
static uint64_t least_bytes(const uint8_t *image, size_t size)
{
	enum { HEADERS = 8 + 16, FRAME = 0x4000 };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_buf out;
	uint8_t *packed;
	size_t n;

	must(kiln_deflate(kiln_span(image, size), &packed, &n, &err), &err);
	kiln_buf_init(&out, 2 * n + 2);
	must(kiln_slip_encode(&out, packed, n), &err);
	const uint64_t least = out.len + (uint64_t)((n + FRAME - 1) / FRAME) * (HEADERS + 2);

	kiln_buf_done(&out);
	free(packed);
	return least;
}

/* --- jobs --- */

static struct kiln_flasher *open_board(const struct wire *w, const char *more, struct figures *f)
{
	static const struct kiln_scheme schemes[] = { { .name = "sim" }, { .name = NULL } };
	static struct kiln_scheme filled[2];
	static struct kiln_host host;
	struct kiln_err err = KILN_ERR_INIT;
	const struct kiln_flasher_options options = {
		.baud = w->baud, .quick = true, .event = on_event, .user = f
	};
	char url[160];

	memcpy(filled, schemes, sizeof(filled));
	filled[0] = kiln_sim_scheme;
	host.schemes = filled;
	kiln_text_format(url, sizeof(url), "sim:b%u-%u?clock=virtual&latency=%u%s", w->baud,
			 w->latency_ms, w->latency_ms, more);
	must(kiln_flasher_open(&host, url, &options, &f->flasher, &err), &err);
	must(kiln_flasher_prepare(f->flasher, &err), &err);
	return f->flasher;
}

/* What the board was last written with, kept from job to job as the command line keeps it. */
static struct kiln_flash_recall *recall_of(const struct wire *w)
{
	static struct kiln_flash_recall *recall;
	static struct wire board;
	struct kiln_err err = KILN_ERR_INIT;

	if (recall && board.baud == w->baud && board.latency_ms == w->latency_ms)
		return recall;
	kiln_flash_recall_free(recall);
	board = *w;
	must(kiln_flash_recall_new(NULL, 0, &recall, &err), &err);
	return recall;
}

/* One whole `kiln flash`, from the port on. */
static struct figures flash_in_mode(const struct wire *w, const uint8_t *image, size_t size,
				    bool diff, int mode)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct figures f = { 0 };
	const struct kiln_flash_file file = {
		.address = ADDRESS, .name = "fw.bin", .data = image, .size = size
	};
	const struct kiln_flash_job job = { .files = &file,
					    .n_files = 1,
					    .diff = diff,
					    .recall = recall_of(w),
					    .force = true, /* changed pieces spoil its digest */
					    .mode = mode,
					    .freq = KILN_FLASH_KEEP,
					    .size = KILN_FLASH_KEEP };
	const clock_t begun = clock();
	struct kiln_flasher *flasher = open_board(w, "", &f);
	const size_t before = heap_mark();

	must(kiln_flasher_write(flasher, &job, &err), &err);
	f.heap = heap_peak() - before + size;
	f.end_ms = now(&f);
	f.cpu_ms = (double)(clock() - begun) * 1e3 / CLOCKS_PER_SEC;
	kiln_flasher_stats(flasher, &f.at_end);
	must(kiln_flasher_close(flasher, &err), &err);
	return f;
}

static struct figures flash(const struct wire *w, const uint8_t *image, size_t size, bool diff)
{
	return flash_in_mode(w, image, size, diff, KILN_FLASH_KEEP);
}

/* A header that is patched, and a size that is not whole words: not copied for either. */
static void bench_patched(const struct wire *w, const uint8_t *original, size_t size)
{
	enum { DIO = 2 };
	uint8_t *image = malloc(size + 1);
	struct figures f;

	memcpy(image, original, size);
	image[size] = 0x55;
	f = flash_in_mode(w, image, size + 1, false, DIO);
	print(w, "header patched, size odd: heap at most, with the image",
	      (double)f.heap / (double)size, "x image", at_most(3), &f);
	free(image);
}

/* A first flash: a blank chip, or one with another firmware, to the larger of wire and flash. */
static void first_flash(const struct wire *w, const char *name, const uint8_t *image, size_t size,
			double flash_needs, double limit)
{
	const double least = larger(wire_ms(w, least_bytes(image, size)), flash_needs);
	const struct figures f = flash(w, image, size, true);

	print(w, name, ((double)f.end_ms - FIXED_MS) / least, "x limit", at_most(limit), &f);
	print(w, "  heap at most, with the image", (double)f.heap / (double)size, "x image",
	      at_most(3), NULL);
	print(w, "  port open to first block, but for the stub",
	      (double)(f.first_ms - f.upload_ms) / 1e3, "s", at_most(0.5), NULL);
	print(w, "  round trips to the first block", (double)f.at_first.turns, "turns", at_most(31),
	      NULL);
}

/*
 * The next version of a firmware, of which 30 % differs: functions that changed, and all behind
 * them that moved; the same in one piece; and in twelve small ones, as no linker does it.
 */
struct pattern {
	const char *name;
	unsigned pieces;
	bool is_promised;
};

static const struct pattern patterns[] = {
	{ "30 % changed in 3 stretches", 3, true },
	{ "30 % changed in 1 stretch", 1, true },
	{ "30 % changed in 12 stretches", 12, false },
};

/* How many sectors of a block of 64 KB differ. */
struct changed {
	unsigned char sectors[64];
};

static void change(const struct pattern *p, uint8_t *image, size_t size, unsigned seed,
		   struct changed *ret)
{
	const size_t every = size / p->pieces, n = every * 3 / 10;

	*ret = (struct changed){ { 0 } };
	for (size_t at = every - n - every / 10; at + n <= size; at += every) {
		const uint32_t first = (ADDRESS + (uint32_t)at) / SECTOR,
			       last = (ADDRESS + (uint32_t)(at + n) - 1) / SECTOR;

		image_fill(image + at, n, seed + (unsigned)at);
		for (uint32_t sector = first; sector <= last; sector++)
			ret->sectors[sector / (BLOCK / SECTOR)]++;
	}
}

/*
 * The least time for the sectors that differ. Each block of 64 KB can be erased by its sectors, or
 * whole, and then all of it is sent and programmed; a stub has no other erases. Wire and flash may
 * work at the same time, all the time. No choice takes less than any weighted mean of both, with
 * the better of the two ways for each block; so the largest of these means is a bound.
 */
static double least_ms(const struct wire *w, const struct changed *changed, size_t size,
		       uint64_t packed)
{
	enum { STEPS = 100, SECTORS = BLOCK / SECTOR };
	const uint32_t whole = (ADDRESS + (uint32_t)size) / BLOCK;
	const double sector_wire = wire_ms(w, packed) * SECTOR / (double)size,
		     sector_flash = program_ms(SECTOR) + erase_ms(0, SECTOR),
		     block_flash = program_ms(BLOCK) + erase_ms(0, BLOCK);
	double least = 0;

	for (int step = 0; step <= STEPS; step++) {
		const double share = (double)step / STEPS;
		double ms = 0;

		for (uint32_t i = 0; i < sizeof(changed->sectors); i++) {
			const double by_sectors = changed->sectors[i] * (share * sector_flash +
									 (1 - share) * sector_wire);
			const double as_whole = share * block_flash +
						(1 - share) * SECTORS * sector_wire;
			const bool fits = i > ADDRESS / BLOCK && i < whole;

			ms += fits && as_whole < by_sectors ? as_whole : by_sectors;
		}
		least = larger(least, ms);
	}
	return least;
}

/*
 * To a full write of the same file to the same board. Below it can't be what it takes to connect
 * and to verify all of it, as for the same image again, and what wire and flash take.
 */
static void next_version(const struct wire *w, const struct pattern *p, uint8_t *image, size_t size,
			 double same_ms)
{
	struct changed changed;

	change(p, image, size, w->baud + w->latency_ms, &changed);
	const struct figures f = flash(w, image, size, true);
	const struct figures full = flash(w, image, size, false);
	const double bound = (same_ms + least_ms(w, &changed, size, least_bytes(image, size))) /
			     (double)full.end_ms;

	print(w, p->name, (double)f.end_ms / (double)full.end_ms, "x full write",
	      p->is_promised ? at_most(0.4) : nothing, &f);
	print(w, "  no flasher is below", bound, "x full write", nothing, NULL);
}

static void bench(const struct wire *w, const uint8_t *original, size_t size)
{
	uint8_t *image = malloc(size);
	struct figures f;
	double same_ms;

	memcpy(image, original, size);
	first_flash(w, "blank chip, beyond 1.2 s", image, size, program_ms(size) + look_ms(size),
		    1.03);
	f = flash(w, image, size, true);
	same_ms = (double)f.end_ms;
	print(w, "the same image again", same_ms / 1e3, "s", at_most(1.5), &f);
	image_fill(image + size / 2, 16, 99);
	f = flash(w, image, size, true);
	print(w, "one sector changed", (double)f.end_ms / 1e3, "s", at_most(2), &f);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		next_version(w, &patterns[i], image, size, same_ms);
	image_fill(image, size, 7);
	first_flash(w, "other firmware on the chip, beyond 1.2 s", image, size,
		    program_ms(size) + erase_ms(ADDRESS, ADDRESS + (uint32_t)size), 1.25);
	free(image);
}

/* --- reading --- */

enum { BIG = 16 << 20 };

struct taken {
	const uint8_t *want;
	size_t n;
};

static kiln_code take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	struct taken *t = user;

	if (memcmp(t->want + t->n, piece, n) != 0)
		return kiln_fail(err, KILN_E_VERIFY, "what was read is not what stands there");
	t->n += n;
	return KILN_OK;
}

static void read_all(const struct wire *w, const char *name, const char *fault,
		     const uint8_t *content, double least)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct taken taken = { content, 0 };
	struct figures f = { 0 };
	struct kiln_flasher *flasher;
	struct kiln_link_stats before;
	char more[160];
	const clock_t begun = clock();

	kiln_text_format(more, sizeof(more), "&flash=%s/big.bin&size=16MB%s",
			 getenv("XDG_STATE_HOME"), fault);
	flasher = open_board(w, more, &f);
	kiln_flasher_stats(flasher, &before);
	const kiln_ms from = now(&f);
	const size_t heap = heap_mark();

	must(kiln_flasher_read_to(flasher, 0, BIG, take, &taken, &err), &err);
	f.heap = heap_peak() - heap;
	f.end_ms = now(&f);
	f.cpu_ms = (double)(clock() - begun) * 1e3 / CLOCKS_PER_SEC;
	kiln_flasher_stats(flasher, &f.at_end);
	must(kiln_flasher_close(flasher, &err), &err);
	if (taken.n != BIG)
		exit(1);
	print(w, name, wire_ms(w, f.at_end.bytes_in - before.bytes_in) / (double)(f.end_ms - from),
	      "of the wire", least > 0 ? at_least(least) : nothing, &f);
}

static void bench_reading(const char *home)
{
	static const struct wire wires[] = { { 921600, 1 }, { 921600, 16 } };
	uint8_t *content = malloc(BIG);
	char path[96];
	FILE *out;

	image_fill(content, BIG, 3);
	kiln_text_format(path, sizeof(path), "%s/big.bin", home);
	out = fopen(path, "wb");
	if (!out || fwrite(content, 1, BIG, out) != BIG || fclose(out) != 0)
		exit(1);
	for (size_t i = 0; i < 2; i++)
		read_all(&wires[i], "16 MB read", "", content, 0.97);
	read_all(&wires[0], "16 MB read, broken three times",
		 "&fault=from-lose@2000000,from-flip@7000000,from-add@12000000", content, 0);
	free(content);
}

int main(void)
{
	static const struct wire wires[] = {
		{ 460800, 1 },  { 460800, 16 }, { 921600, 1 },
		{ 921600, 16 }, { 2000000, 1 }, { 2000000, 16 },
	};
	const struct image_spec spec = { .n_segments = 3,
					 .segment_size = SEGMENT,
					 .max_rev_full = 0xFFFF };
	char home[] = "/tmp/kiln-bench-XXXXXX", command[64];
	uint8_t *image;
	size_t size;

	if (!mkdtemp(home) || setenv("XDG_STATE_HOME", home, 1) != 0)
		return 1;
	image = image_make(&spec, &size);
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
		bench(&wires[i], image, size);
	bench_patched(&wires[4], image, size);
	free(image);
	bench_reading(home);
	kiln_text_format(command, sizeof(command), "rm -r %s", home);
	return system(command) != 0;
}
