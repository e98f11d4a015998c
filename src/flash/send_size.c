/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what the stub does is followed, and how long a block is made by that. */
#include "flash/sending.h"

bool kiln_sending_is_foreseen(const struct kiln_sending *s)
{
	const struct kiln_loader *l = &s->f->loader;

	return l->ahead > 0 && l->ahead_failed < KILN_LOADER_AHEAD_TRIES;
}

size_t kiln_sending_block_size(const struct kiln_sending *s, int64_t start_us)
{
	const struct kiln_foresight now = {
		.baud = kiln_link_baud(s->f->loader.link),
		.block_size = s->block_size,
		.pace = s->pace,
		.wire_us = start_us,
		.rest = s->rest.n,
		.plain = s->stream->file->size - s->done,
	};

	if (!s->stream->compressed || !s->f->options.quick || !kiln_sending_is_foreseen(s))
		return s->block_size;
	return kiln_foresee_size(&now);
}
