/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flash back: how much of the wire it uses, and what it needs of memory. On a virtual board
 * and a virtual clock; the wire's time is that of the bytes that came, escapes included.
 */
#include <stdio.h>
#include <stdlib.h>

#include <kiln/flash.h>

#include "base/text.h"
#include "bench/heap.h"
#include "sim/sim.h"
#include "support/image_maker.h"

enum { MEGABYTE = 1 << 20, START_MS = 1000 };

struct reading {
	kiln_ms ms;
	double wire_ms;
	size_t heap; /* at most, while it read */
};

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code == KILN_OK)
		return;
	fprintf(stderr, "read_bench: %s: %s\n", err->what, err->why);
	exit(1);
}

/* Where a tool would write it to a file. */
static kiln_code take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	unsigned *sum = user;

	(void)err;
	for (size_t i = 0; i < n; i++)
		*sum += piece[i];
	return KILN_OK;
}

/* Bytes as firmware has them, so that escapes are as frequent. */
static void fill(struct kiln_flasher *f, uint32_t size)
{
	struct kiln_flash_file file = { .name = "data", .size = size };
	const struct kiln_flash_job job = { .files = &file,
					    .n_files = 1,
					    .mode = KILN_FLASH_KEEP,
					    .freq = KILN_FLASH_KEEP,
					    .size = KILN_FLASH_KEEP };
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = malloc(size);

	if (!data)
		exit(1);
	image_fill(data, size, 1);
	data[0] = 0; /* no image */
	file.data = data;
	must(kiln_flasher_write(f, &job, &err), &err);
	free(data);
}

static struct reading read_back(const char *url, unsigned baud, uint32_t written, uint32_t size)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	const struct kiln_flasher_options options = { .baud = baud };
	struct kiln_link_stats before, after;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;
	struct reading r;
	unsigned sum = 0;

	must(kiln_flasher_open(&host, url, &options, &f, &err), &err);
	must(kiln_flasher_prepare(f, &err), &err);
	fill(f, written);
	kiln_flasher_stats(f, &before);
	const kiln_ms begun = kiln_flasher_now(f);
	const size_t base = heap_mark();

	must(kiln_flasher_read_to(f, 0, size, take, &sum, &err), &err);
	r.heap = heap_peak() - base;
	r.ms = kiln_flasher_now(f) - begun;
	kiln_flasher_stats(f, &after);
	r.wire_ms = (double)(after.bytes_in - before.bytes_in) * 10 * 1000 / baud;
	must(kiln_flasher_close(f, &err), &err);
	return r;
}

static void print(const char *what, double value, const char *unit, double limit, const char *op)
{
	printf("{\"case\": \"read: %s\", \"value\": %.4g, \"unit\": \"%s\", \"limit\": %g, "
	       "\"op\": \"%s\"}\n",
	       what, value, unit, limit, op);
	fflush(stdout);
}

static void wire(unsigned baud, unsigned latency_ms)
{
	char url[120], what[80];

	kiln_text_format(url, sizeof(url), "sim:read-%u-%u?clock=virtual&latency=%u", baud,
			 latency_ms, latency_ms);
	const struct reading r = read_back(url, baud, 4 * MEGABYTE, 4 * MEGABYTE);

	kiln_text_format(what, sizeof(what), "4 MB at %u baud, bridge %u ms", baud, latency_ms);
	print(what, r.wire_ms / (double)r.ms, "of the wire", 0.97, ">=");
}

static void memory(void)
{
	static const char url[] = "sim:read-large?clock=virtual&size=16MB";
	const struct reading small = read_back(url, 921600, 4096, MEGABYTE),
			     large = read_back(url, 921600, 4096, 16 * MEGABYTE);

	print("heap at most for 16 MB, against that for 1 MB",
	      (double)large.heap / (double)(small.heap ? small.heap : 1), "x", 1.05, "<=");
	print("heap at most for 16 MB", (double)large.heap / MEGABYTE, "MB", 1, "<=");
}

int main(void)
{
	char folder[] = "/tmp/kiln-bench-XXXXXX";

	if (!mkdtemp(folder) || setenv("XDG_STATE_HOME", folder, 1) != 0)
		return 1;
	wire(460800, 1);
	wire(921600, 1);
	wire(921600, 16);
	memory();
	char command[80];

	kiln_text_format(command, sizeof(command), "rm -r '%s'", folder);
	return system(command) == 0 ? 0 : 1;
}
