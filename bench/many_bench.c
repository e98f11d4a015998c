/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight boards at once against one: each is a virtual board on its own virtual clock, in a thread
 * of its own as in `kiln flash --all`. What all of them take is what the slowest takes. The heap
 * holds the virtual boards too, so the figure for a board is not flattered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <kiln/flash.h>

#include "base/text.h"
#include "bench/heap.h"
#include "link/crew.h"
#include "sim/sim.h"
#include "support/image_maker.h"

enum { BOARDS = 8, ADDRESS = 0x1000, SEGMENT = 512 * 1000, BAUD = 460800 };

struct run {
	struct kiln_flash_job job;
	const char *tag; /* each run has boards of its own, for all must be blank */
	kiln_ms elapsed[BOARDS];
	struct kiln_link_stats stats[BOARDS];
};

/* What all boards of a run took: the slowest one's time, the sum of all else. */
struct figures {
	kiln_ms ms;
	uint64_t bytes, turns;
	double cpu_ms;
	size_t heap;
};

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code == KILN_OK)
		return;
	fprintf(stderr, "%s: %s\n", err->what, err->why);
	exit(1);
}

static kiln_code work(void *user, size_t i, const struct kiln_host *host, struct kiln_err *err)
{
	const struct kiln_flasher_options options = { .baud = BAUD, .quick = true };
	struct run *run = user;
	struct kiln_flasher *flasher;
	char url[64];

	kiln_text_format(url, sizeof(url), "sim:%s%zu?clock=virtual", run->tag, i);
	KILN_TRY(kiln_flasher_open(host, url, &options, &flasher, err));
	kiln_code code = kiln_flasher_prepare(flasher, err);

	if (code == KILN_OK)
		code = kiln_flasher_write(flasher, &run->job, err);
	run->elapsed[i] = kiln_flasher_elapsed(flasher);
	kiln_flasher_stats(flasher, &run->stats[i]);
	(void)kiln_flasher_close(flasher, NULL);
	return code;
}

static void add(struct figures *f, const struct run *run, size_t i)
{
	f->bytes += run->stats[i].bytes_out + run->stats[i].bytes_in;
	f->turns += run->stats[i].turns;
	if (run->elapsed[i] > f->ms)
		f->ms = run->elapsed[i];
}

/* The heap is that at most, beside what was there before. */
static struct figures flash(const char *tag, size_t n, const struct kiln_flash_file *file)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	const struct kiln_host host = { .schemes = schemes };
	struct run run = { .tag = tag,
			   .job = { .files = file,
				    .n_files = 1,
				    .diff = true,
				    .mode = KILN_FLASH_KEEP,
				    .freq = KILN_FLASH_KEEP,
				    .size = KILN_FLASH_KEEP } };
	const size_t before = heap_mark();
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flash_pack *pack;
	struct kiln_crew_end end;
	struct kiln_crew *crew;
	struct figures f = { 0 };
	const clock_t begun = clock();

	must(kiln_flash_pack_new(file, 1, &pack, &err), &err);
	run.job.pack = pack;
	must(kiln_crew_new(&host, work, &run, &crew, &err), &err);
	for (size_t i = 0; i < n; i++)
		must(kiln_crew_start(crew, i, tag, &err), &err);
	while (kiln_crew_busy(crew) > 0) {
		must(kiln_crew_next(crew, KILN_FOREVER, &end, &err), &err);
		must(end.code, &end.err);
		add(&f, &run, end.i);
	}
	kiln_crew_free(crew);
	kiln_flash_pack_free(pack);
	f.heap = heap_peak() - before;
	f.cpu_ms = (double)(clock() - begun) * 1e3 / CLOCKS_PER_SEC;
	return f;
}

static void print(const char *name, double value, const char *unit, double limit,
		  const struct figures *f)
{
	printf("{\"case\": \"many: %s\", \"value\": %.4g, \"unit\": \"%s\", \"limit\": %g, "
	       "\"op\": \"<=\"",
	       name, value, unit, limit);
	if (f)
		printf(", \"more\": {\"bytes\": %llu, \"turns\": %llu, \"s\": %.3f, \"cpu_ms\": "
		       "%.0f, \"heap_kb\": %.0f}",
		       (unsigned long long)f->bytes, (unsigned long long)f->turns,
		       (double)f->ms / 1e3, f->cpu_ms, (double)f->heap / 1024);
	printf("}\n");
}

int main(void)
{
	const struct image_spec spec = { .n_segments = 3,
					 .segment_size = SEGMENT,
					 .max_rev_full = 0xFFFF };
	char home[] = "/tmp/kiln-bench-XXXXXX", command[64];
	uint8_t *image;
	size_t size;

	if (!mkdtemp(home) || setenv("XDG_STATE_HOME", home, 1) != 0)
		return 1;
	image = image_make(&spec, &size);
	const struct kiln_flash_file file = { ADDRESS, "fw.bin", image, size };
	struct figures one = flash("one", 1, &file), all = flash("all", BOARDS, &file);

	one.heap += size;
	all.heap += size;
	print("8 boards, to the time of one", (double)all.ms / (double)one.ms, "x", 1.1, &all);
	print("heap for each further board", ((double)all.heap - (double)one.heap) / (BOARDS - 1),
	      "bytes", 1 << 20, NULL);
	print("heap for one, with the image", (double)one.heap / (double)size, "x image", 3, &one);
	free(image);
	kiln_text_format(command, sizeof(command), "rm -r %s", home);
	return system(command) != 0;
}
