/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libFuzzer where the compiler has none: runs every seed, then mutations of the
 * seeds from a fixed random sequence, so that a failure can be repeated with the same arguments.
 */
#include <dirent.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SEEDS = 4096, INPUT_MAX = 64 * 1024 };

static struct kiln_buf seeds[MAX_SEEDS];
static size_t n_seeds;
static uint64_t state;

static uint64_t next_random(void) /* splitmix64, Steele et al. 2014 */
{
	uint64_t z = state += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

static size_t below(size_t n)
{
	return n ? (size_t)(next_random() % n) : 0;
}

static void read_seed(const char *path)
{
	uint8_t block[4096];
	FILE *f = fopen(path, "rb");
	struct kiln_buf *seed = &seeds[n_seeds];
	size_t n;

	if (!f || n_seeds == MAX_SEEDS)
		exit(2);
	n_seeds++;
	kiln_buf_init(seed, INPUT_MAX);
	while ((n = fread(block, 1, sizeof(block), f)) > 0 &&
	       kiln_buf_append(seed, block, n) == KILN_OK)
		continue;
	fclose(f);
}

static void read_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	char path[4096];

	if (!dir) {
		read_seed(folder);
		return;
	}
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		kiln_text_format(path, sizeof(path), "%s/%s", folder, e->d_name);
		read_seed(path);
	}
	closedir(dir);
}

static void run(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1); /* its own block: a sanitizer sees each byte beyond */

	if (!exact)
		exit(2);
	if (n)
		memcpy(exact, p, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static void mutate(struct kiln_buf *b)
{
	const struct kiln_buf *other = &seeds[below(n_seeds)];
	size_t at = below(b->len + 1), n;

	switch (below(6)) {
	case 0: /* flip a bit */
		if (at < b->len)
			b->data[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1: /* any byte */
		if (at < b->len)
			b->data[at] = (uint8_t)next_random();
		break;
	case 2: /* cut the end off */
		b->len = at;
		break;
	case 3: /* add a byte */
		(void)kiln_buf_putc(b, (uint8_t)next_random());
		break;
	case 4: /* a piece of another seed */
		n = below(other->len + 1);
		(void)kiln_buf_append(b, other->data + other->len - n, n);
		break;
	default: /* drop a piece out of the middle */
		n = below(b->len - at + 1);
		memmove(b->data + at, b->data + at + n, b->len - at - n);
		b->len -= n;
		break;
	}
}

int main(int argc, char **argv)
{
	struct kiln_buf input = KILN_BUF_INIT(INPUT_MAX);
	uint64_t runs = 1000;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "-runs=", 6) == 0)
			(void)kiln_text_to_u64(argv[i] + 6, &runs);
		else if (strncmp(argv[i], "-seed=", 6) == 0)
			(void)kiln_text_to_u64(argv[i] + 6, &state);
		else
			read_folder(argv[i]);
	}
	if (n_seeds == 0) {
		fprintf(stderr, "no seeds\n");
		return 2;
	}
	for (size_t i = 0; i < n_seeds; i++)
		run(seeds[i].data, seeds[i].len);
	for (uint64_t i = 0; i < runs; i++) {
		const struct kiln_buf *seed = &seeds[below(n_seeds)];

		kiln_buf_reset(&input);
		(void)kiln_buf_append(&input, seed->data, seed->len);
		for (size_t n = 1 + below(8); n > 0; n--)
			mutate(&input);
		run(input.data, input.len);
	}
	printf("%zu seeds, %llu mutations, no fault\n", n_seeds, (unsigned long long)runs);
	kiln_buf_done(&input);
	for (size_t i = 0; i < n_seeds; i++)
		kiln_buf_done(&seeds[i]);
	return 0;
}
