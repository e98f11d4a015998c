/* SPDX-License-Identifier: Apache-2.0 */
#include "nand_help.h"

#include <fcntl.h>

struct kiln_flasher_options nand_options(struct story *story)
{
	const struct kiln_flasher_options told = story_options(story);

	return (struct kiln_flasher_options){ .event = told.event,
					      .user = told.user,
					      NAND_AT_ITS_PINS };
}

struct kiln_flasher *nand_open(struct story *story, const struct kiln_host *host, const char *url)
{
	const struct kiln_flasher_options options = nand_options(story);

	return story_open(story, host, &options, url);
}

void nand_raw_page(const char *board, uint32_t page, uint8_t raw[NAND_RAW_PAGE])
{
	char path[256];
	int fd;

	kiln_text_format(path, sizeof(path), "%s/kiln/sim/%s.nand", getenv("XDG_STATE_HOME"),
			 board);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, raw, NAND_RAW_PAGE, (off_t)page * NAND_RAW_PAGE), NAND_RAW_PAGE);
	close(fd);
	for (int i = 0; i < NAND_RAW_PAGE; i++)
		raw[i] = (uint8_t)~raw[i];
}

bool nand_block_holds(const char *board, uint32_t block, const uint8_t *want, size_t n)
{
	uint8_t raw[NAND_RAW_PAGE];

	for (size_t at = 0; at < NAND_BLOCK; at++) {
		if (at % KILN_NAND_PAGE == 0)
			nand_raw_page(board, (uint32_t)(block * 64 + at / KILN_NAND_PAGE), raw);
		if (raw[at % KILN_NAND_PAGE] != (at < n ? want[at] : 0xFF))
			return false;
	}
	return true;
}

uint8_t nand_mark_of(const char *board, uint32_t block)
{
	uint8_t raw[NAND_RAW_PAGE];

	nand_raw_page(board, block * 64, raw);
	return raw[KILN_NAND_PAGE];
}

static kiln_code sink_take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	struct nand_sink *s = user;

	(void)err;
	assert_true(s->n + n <= s->size);
	memcpy(s->data + s->n, piece, n);
	s->n += n;
	return KILN_OK;
}

kiln_code nand_read_all(struct kiln_flasher *f, uint32_t address, uint32_t size,
			struct nand_sink *ret_sink, struct kiln_err *err)
{
	*ret_sink = (struct nand_sink){ .data = malloc(size), .size = size };
	return kiln_nand_read_to(f, address, size, KILN_NAND_SIZE, sink_take, ret_sink, err);
}

uint8_t *some_bytes(size_t n, unsigned seed)
{
	uint8_t *data = malloc(n);

	image_fill(data, n, seed);
	return data;
}
