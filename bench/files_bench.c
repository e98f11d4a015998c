/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files cost on the wire: 100 kB each way at 115200 baud, and 200 small files, on the virtual
 * board and its virtual clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kiln/files.h>
#include <kiln/link.h>

#include "base/buf.h"
#include "base/text.h"
#include "files/literal.h"
#include "repl/session.h"
#include "sim/sim.h"
#include "support/image_maker.h"

enum { BAUD = 115200, SIZE = 100000, SMALL_FILES = 200, SMALL = 1000, EXEC_PIECE = 256 };

struct figures {
	kiln_ms ms;
	struct kiln_link_stats stats;
};

static void must(kiln_code code, const struct kiln_err *err)
{
	if (code == KILN_OK)
		return;
	fprintf(stderr, "files_bench: %s: %s\n", err->what, err->why);
	exit(1);
}

/* A flash file with an image that boots. */
static void make_flash(const char *path)
{
	static const struct image_spec spec = {
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 3,
		.segment_size = 20000,
		.digest = true,
		.seed = 3,
	};
	static uint8_t flash[4 * 1024 * 1024];
	size_t n;
	uint8_t *image = image_make(&spec, &n);
	FILE *f = fopen(path, "wb");

	memset(flash, 0xFF, sizeof(flash));
	memcpy(flash + 0x1000, image, n);
	free(image);
	if (!f || fwrite(flash, 1, sizeof(flash), f) != sizeof(flash) || fclose(f) != 0)
		exit(1);
}

static struct kiln_repl *board(const char *folder)
{
	static struct kiln_scheme known[2];
	static struct kiln_host host;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	struct kiln_repl *repl;
	char url[256], flash[128];

	known[0] = kiln_sim_scheme;
	host.schemes = known;
	kiln_text_format(flash, sizeof(flash), "%s/flash", folder);
	make_flash(flash);
	kiln_text_format(url, sizeof(url), "sim:bench?clock=virtual&flash=%s", flash);
	must(kiln_link_open(&host, url, BAUD, &link, &err), &err);
	must(kiln_repl_open(link, &repl, &err), &err);
	return repl;
}

static struct figures now(struct kiln_repl *repl)
{
	struct figures f = { .ms = kiln_link_now(kiln_repl_link(repl)) };

	kiln_link_stats(kiln_repl_link(repl), &f.stats);
	return f;
}

static struct figures since(struct kiln_repl *repl, const struct figures *before)
{
	struct figures f = now(repl);

	f.ms -= before->ms;
	f.stats.bytes_in -= before->stats.bytes_in;
	f.stats.bytes_out -= before->stats.bytes_out;
	f.stats.turns -= before->stats.turns;
	return f;
}

static void say(const char *name, double value, const char *unit)
{
	printf("{\"case\": \"files: %s\", \"value\": %.4g, \"unit\": \"%s\"}\n", name, value, unit);
}

static void promise(const char *name, double value, const char *unit, double limit)
{
	printf("{\"case\": \"files: %s\", \"value\": %.4g, \"unit\": \"%s\", \"op\": \">=\", "
	       "\"limit\": %g}\n",
	       name, value, unit, limit);
}

/* Of what the wire could carry in that time, in per cent. */
static double of_wire(size_t n, const struct figures *f)
{
	return 100.0 * (double)n * 10 * 1000 / BAUD / (double)f->ms;
}

static void report(const char *name, const struct figures *f, size_t n, double limit)
{
	char text[80];

	kiln_text_format(text, sizeof(text), "%s, of the wire's speed", name);
	promise(text, of_wire(n, f), "%", limit);
	kiln_text_format(text, sizeof(text), "%s, virtual time", name);
	say(text, (double)f->ms / 1000, "s");
	kiln_text_format(text, sizeof(text), "%s, bytes on the wire", name);
	say(text, (double)(f->stats.bytes_in + f->stats.bytes_out), "bytes");
	kiln_text_format(text, sizeof(text), "%s, round trips", name);
	say(text, (double)f->stats.turns, "round trips");
}

struct expected {
	const uint8_t *data;
	size_t n;
};

static kiln_code compare(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	const struct expected *e = user;

	(void)i;
	if (size == e->n && memcmp(data, e->data, size) == 0)
		return KILN_OK;
	return kiln_fail(err, KILN_E_VERIFY, "another file came back");
}

static void there_and_back(struct kiln_repl *repl, struct kiln_files *files, const char *name,
			   const uint8_t *data, double put_limit, double get_limit)
{
	const struct kiln_files_item item = { .path = name, .data = data, .n = SIZE };
	struct expected expected = { data, SIZE };
	struct kiln_err err = KILN_ERR_INIT;
	struct figures before = now(repl), cost;
	char text[80];

	must(kiln_files_put(files, &item, 1, NULL, &err), &err);
	cost = since(repl, &before);
	kiln_text_format(text, sizeof(text), "put 100 kB of %s", name);
	report(text, &cost, SIZE, put_limit);
	before = now(repl);
	must(kiln_files_get(files, &item.path, 1, compare, NULL, &expected, &err), &err);
	cost = since(repl, &before);
	kiln_text_format(text, sizeof(text), "get 100 kB of %s", name);
	report(text, &cost, SIZE, get_limit);
}

/*
 * The way of other tools: each 256 bytes are a program of their own, and none is sent before the
 * board has said that it takes it.
 */
static void exec_one(struct kiln_repl *repl, const char *code, size_t n)
{
	struct kiln_repl_result result = { .exception = false };
	struct kiln_err err = KILN_ERR_INIT;

	repl->window = 0; /* what Kiln has learned from the program before */
	must(kiln_repl_exec(repl, code, n, NULL, &result, &err), &err);
	kiln_repl_result_done(&result);
}

static void exec_file(struct kiln_repl *repl, const struct kiln_files_item *item)
{
	struct kiln_buf code = KILN_BUF_INIT(64 * 1024);
	const uint8_t *p = item->data;
	const size_t n = item->n;

	(void)kiln_buf_printf(&code, "f=open('%s','wb')\nw=f.write\n", item->path);
	for (size_t at = 0; at <= n; at += EXEC_PIECE) {
		exec_one(repl, kiln_buf_str(&code), code.len);
		kiln_buf_reset(&code);
		(void)kiln_buf_puts(&code, "w(");
		if (kiln_literal_bytes(&code, p + at, n - at < EXEC_PIECE ? n - at : EXEC_PIECE))
			exit(1);
		(void)kiln_buf_puts(&code, ")\n");
	}
	exec_one(repl, kiln_buf_str(&code), code.len);
	exec_one(repl, "f.close()", 9);
	kiln_buf_done(&code);
}

static void small_files(struct kiln_repl *repl, struct kiln_files *files, const char *kind,
			const uint8_t *data, double limit)
{
	static struct kiln_files_item items[SMALL_FILES];
	static char names[SMALL_FILES][32];
	struct kiln_err err = KILN_ERR_INIT;
	struct figures before, mine, theirs;
	char text[80];

	for (size_t i = 0; i < SMALL_FILES; i++) {
		kiln_text_format(names[i], sizeof(names[i]), "small%03zu.bin", i);
		items[i] = (struct kiln_files_item){ .path = names[i],
						     .data = data + i * 450,
						     .n = SMALL };
	}
	before = now(repl);
	must(kiln_files_put(files, items, SMALL_FILES, NULL, &err), &err);
	mine = since(repl, &before);
	before = now(repl);
	for (size_t i = 0; i < SMALL_FILES; i++)
		exec_file(repl, &items[i]);
	theirs = since(repl, &before);
	kiln_text_format(text, sizeof(text), "put 200 files of 1 kB of %s, virtual time", kind);
	say(text, (double)mine.ms / 1000, "s");
	kiln_text_format(text, sizeof(text), "put 200 files of 1 kB of %s, round trips", kind);
	say(text, (double)mine.stats.turns, "round trips");
	say("  an exec for each 256 bytes, round trips", (double)theirs.stats.turns, "round trips");
	if (limit > 0)
		promise("  fewer round trips by",
			(double)theirs.stats.turns / (double)mine.stats.turns, "x", limit);
	else
		say("  fewer round trips by", (double)theirs.stats.turns / (double)mine.stats.turns,
		    "x");
}

static void fill(uint8_t *noise, uint8_t *text)
{
	static const char *const words[] = { "def ",   "self.", "return ", "import ", "value",
					     "\n    ", " = ",   "(",       "):\n",    "buffer" };
	uint32_t seed = 1;
	size_t n = 0;

	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (uint8_t)(seed >> 24);
	}
	while (n < SIZE) {
		const char *word = words[noise[(n * 7) % SIZE] % 10];
		const size_t left = SIZE - n, length = strlen(word);

		memcpy(text + n, word, length < left ? length : left);
		n += length < left ? length : left;
	}
}

int main(void)
{
	static uint8_t noise[SIZE], text[SIZE];
	char folder[] = "/tmp/kiln-files-bench-XXXXXX", remove[64];
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_files *files;
	struct kiln_repl *repl;

	if (!mkdtemp(folder) || setenv("XDG_STATE_HOME", folder, 1) != 0)
		return 1;
	fill(noise, text);
	repl = board(folder);
	must(kiln_files_open(repl, &files, &err), &err);
	there_and_back(repl, files, "noise", noise, 90, 90);
	there_and_back(repl, files, "text", text, 150, 150);
	small_files(repl, files, "text", text, 5);
	small_files(repl, files, "noise", noise, 5);
	kiln_files_close(files);
	kiln_repl_close(repl);
	kiln_text_format(remove, sizeof(remove), "rm -rf %s", folder);
	return system(remove) == 0 ? 0 : 1;
}
