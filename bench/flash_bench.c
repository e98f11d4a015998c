/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the main job costs: 1.5 MB to a virtual board at 460800 baud, on the virtual clock. Heap is
 * counted by standing before malloc; all that the job allocates counts, and the image too.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include <kiln/flash.h>

#include "base/text.h"
#include "sim/sim.h"
#include "support/image_maker.h"

enum { BAUD = 460800, SEGMENT = 512 * 1000 };

static size_t in_use, peak;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static void *count(void *p)
{
	in_use += p ? malloc_usable_size(p) : 0;
	if (in_use > peak)
		peak = in_use;
	return p;
}

KILN_API void *malloc(size_t n);
KILN_API void *calloc(size_t n, size_t size);
KILN_API void *realloc(void *p, size_t n);
KILN_API void free(void *p);

void *malloc(size_t n)
{
	return count(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
	const size_t before = p ? malloc_usable_size(p) : 0;
	void *q = __libc_realloc(p, n);

	if (q || n == 0)
		in_use -= before;
	return count(q);
}

void free(void *p)
{
	in_use -= p ? malloc_usable_size(p) : 0;
	__libc_free(p);
}

struct figures {
	kiln_ms wrote_ms;
	struct kiln_link_stats at_begin, at_first, at_end;
	struct kiln_flasher *flasher;
};

static void on_event(void *user, const struct kiln_flash_event *event)
{
	struct figures *f = user;

	if (event->stage == KILN_FLASH_WRITING && event->block == 1)
		kiln_flasher_stats(f->flasher, &f->at_first);
	if (event->stage == KILN_FLASH_WROTE)
		f->wrote_ms = event->elapsed_ms;
}

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code == KILN_OK)
		return;
	fprintf(stderr, "%s: %s\n", err->what, err->why);
	exit(1);
}

static void print(const char *name, double value, const char *unit, double limit)
{
	printf("{\"case\": \"flash: %s\", \"value\": %.4g, \"unit\": \"%s\"", name, value, unit);
	if (limit > 0)
		printf(", \"limit\": %g, \"op\": \"<=\"", limit);
	printf("}\n");
}

static void report(const struct figures *f, size_t image, size_t heap)
{
	const double bytes = (double)(f->at_end.bytes_out - f->at_begin.bytes_out);

	print("writing 1.5 MB at 460800, to time on the wire",
	      (double)f->wrote_ms / (bytes * 10 * 1000 / BAUD), "x wire", 1.08);
	print("heap at most, with the image", (double)heap / (double)image, "x image", 3);
	print("bytes out, to bytes of the image", bytes / (double)image, "x image", 0);
	print("round trips before the first block", (double)f->at_first.turns, "turns", 0);
	print("round trips in all", (double)f->at_end.turns, "turns", 0);
}

int main(void)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	const struct image_spec spec = {
		.n_segments = 3, .segment_size = SEGMENT, .digest = true, .max_rev_full = 0xFFFF
	};
	struct kiln_err err = KILN_ERR_INIT;
	struct figures f = { 0 };
	const struct kiln_flasher_options options = { .baud = BAUD, .event = on_event, .user = &f };
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	const struct kiln_flash_job job = { .files = &file,
					    .n_files = 1,
					    .mode = KILN_FLASH_KEEP,
					    .freq = KILN_FLASH_KEEP,
					    .size = KILN_FLASH_KEEP };
	char home[] = "/tmp/kiln-bench-XXXXXX", command[64];
	size_t before;

	if (!mkdtemp(home) || setenv("XDG_STATE_HOME", home, 1) != 0)
		return 1;
	must(kiln_flasher_open(&host, "sim:bench?clock=virtual", &options, &f.flasher, &err), &err);
	must(kiln_flasher_prepare(f.flasher, &err), &err);
	before = peak = in_use;
	uint8_t *image = image_make(&spec, &file.size);

	file.data = image;
	kiln_flasher_stats(f.flasher, &f.at_begin);
	must(kiln_flasher_write(f.flasher, &job, &err), &err);
	kiln_flasher_stats(f.flasher, &f.at_end);
	must(kiln_flasher_close(f.flasher, &err), &err);
	report(&f, file.size, peak - before);
	free(image);
	kiln_text_format(command, sizeof(command), "rm -r %s", home);
	return system(command) != 0;
}
