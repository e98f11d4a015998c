/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main job costs: 1.5 MB to a virtual board on the virtual clock, at three speeds and two
 * latencies of the USB bridge: a blank chip, the same image again, one sector changed, the next
 * version. All that the job allocates counts, and the image too. docs/performance.md explains the
 * limits.
 */
#include <stdio.h>
#include <stdlib.h>

#include <kiln/flash.h>

#include "base/text.h"
#include "bench/heap.h"
#include "flash/flasher.h"
#include "sim/flash.h"
#include "sim/sim.h"
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
	struct kiln_link_stats at_first, at_end;
	struct kiln_flasher *flasher;
	bool begun;
	size_t heap;
};

struct wire {
	unsigned baud, latency_ms;
};

static kiln_ms now(const struct figures *f)
{
	return kiln_link_now(f->flasher->loader.link) - START_MS;
}

static void on_event(void *user, const struct kiln_flash_event *event)
{
	struct figures *f = user;

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
		  double limit)
{
	printf("{\"case\": \"flash %u/%u ms: %s\", \"value\": %.4g, \"unit\": \"%s\"", w->baud,
	       w->latency_ms, name, value, unit);
	if (limit > 0)
		printf(", \"limit\": %g, \"op\": \"<=\"", limit);
	printf("}\n");
}

/* What the flash itself needs to erase and program the image, by the virtual board's own times. */
static double flash_ms(size_t size)
{
	const struct sim_flash_part *part = &sim_flash_parts[0];
	uint32_t at = ADDRESS;
	double ns = (double)((size + PAGE - 1) / PAGE) * (double)part->page_program;

	for (const uint32_t end = ADDRESS + (uint32_t)size; at < end;) {
		const bool block = at % BLOCK == 0 && end - at >= BLOCK;

		ns += (double)(block ? part->block_erase : part->sector_erase);
		at += block ? BLOCK : SECTOR;
	}
	return ns / 1e6;
}

/* One whole `kiln flash`, from the port on. */
static struct figures flash(const struct wire *w, const uint8_t *image, size_t size)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	struct kiln_err err = KILN_ERR_INIT;
	struct figures f = { 0 };
	const struct kiln_flasher_options options = {
		.baud = w->baud, .quick = true, .event = on_event, .user = &f
	};
	const struct kiln_flash_file file = { ADDRESS, "fw.bin", image, size };
	const struct kiln_flash_job job = { .files = &file,
					    .n_files = 1,
					    .diff = true,
					    .force = true, /* changed pieces spoil its digest */
					    .mode = KILN_FLASH_KEEP,
					    .freq = KILN_FLASH_KEEP,
					    .size = KILN_FLASH_KEEP };
	char url[96];
	size_t before;

	kiln_text_format(url, sizeof(url), "sim:b%u-%u?clock=virtual&latency=%u", w->baud,
			 w->latency_ms, w->latency_ms);
	must(kiln_flasher_open(&host, url, &options, &f.flasher, &err), &err);
	must(kiln_flasher_prepare(f.flasher, &err), &err);
	before = heap_mark();
	must(kiln_flasher_write(f.flasher, &job, &err), &err);
	f.heap = heap_peak() - before + size;
	f.end_ms = now(&f);
	kiln_flasher_stats(f.flasher, &f.at_end);
	must(kiln_flasher_close(f.flasher, &err), &err);
	return f;
}

static double bench_blank(const struct wire *w, const uint8_t *image, size_t size)
{
	const struct figures f = flash(w, image, size);
	const double wire = (double)(f.at_end.bytes_out - f.at_first.bytes_out) * 1e4 / w->baud;
	const double least = wire > flash_ms(size) ? wire : flash_ms(size);

	print(w, "blank chip, beyond 1.2 s", ((double)f.end_ms - FIXED_MS) / least, "x limit",
	      1.03);
	print(w, "blank chip", (double)f.end_ms / 1e3, "s", 0);
	print(w, "bytes out, to bytes of the image", (double)f.at_end.bytes_out / (double)size,
	      "x image", 0);
	print(w, "port open to first block", (double)f.first_ms / 1e3, "s", 0);
	print(w, "round trips to the first block", (double)f.at_first.turns, "turns", 31);
	print(w, "round trips in all", (double)f.at_end.turns, "turns", 0);
	print(w, "heap at most, with the image", (double)f.heap / (double)size, "x image", 3);
	return (double)f.end_ms;
}

/* The next version of a firmware: 30 % of it, in three stretches: functions that changed, and all
 * behind them that moved. */
static void change(uint8_t *image, size_t size)
{
	enum { STRETCHES = 3 };
	const size_t every = size / STRETCHES;

	for (size_t at = every / 2; at < size; at += every)
		image_fill(image + at, every * 3 / 10, (unsigned)at);
}

static void bench(const struct wire *w, const uint8_t *original, size_t size)
{
	uint8_t *image = malloc(size);
	struct figures f;
	double blank;

	memcpy(image, original, size);
	blank = bench_blank(w, image, size);
	f = flash(w, image, size);
	print(w, "the same image again", (double)f.end_ms / 1e3, "s", 1.5);
	image_fill(image + size / 2, 16, 99);
	f = flash(w, image, size);
	print(w, "one sector changed", (double)f.end_ms / 1e3, "s", 2);
	change(image, size);
	f = flash(w, image, size);
	print(w, "30 % changed, to a first flash", (double)f.end_ms / blank, "x", 0.4);
	free(image);
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
	free(image);
	kiln_text_format(command, sizeof(command), "rm -r %s", home);
	return system(command) != 0;
}
