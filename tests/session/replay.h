/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_REPLAY_H
#define KILN_TESTS_REPLAY_H

#include "base/buf.h"
#include "sim/board.h"
#include "slip/slip.h"

enum { REPLAY_FRAMES_MAX = 4096 };

/* One conversation: the board, what it said and nobody looked at yet, and what is being written. */
struct replay {
	struct sim_board board;
	struct kiln_slip_decoder dec;
	struct kiln_buf frames[REPLAY_FRAMES_MAX];
	size_t n_frames, next;
	const char *file;
	int line;

	struct kiln_buf stream; /* the data of the write at hand, compressed if it is */
	size_t used;
	bool digests_differ; /* the data was not kept: other data stands for it */
	bool is_exact;       /* it is the data that was written: checksums are compared */
};

/* Fail the test, and say at which line of which transcript. */
_Noreturn void replay_failed(const struct replay *r, const char *what);

/* A board of the chip that the transcript `file` is of. */
void replay_start(struct replay *r, const char *file);
/* Reset it into download mode. */
void replay_strap_download(struct replay *r);
void replay_end(struct replay *r);

/* Send, and let all happen that follows. */
void replay_send(struct replay *r, const uint8_t *bytes, size_t n);
void replay_send_frame(struct replay *r, const uint8_t *payload, size_t n);
/* What it answered next; the test fails if there is nothing. */
const struct kiln_buf *replay_next_frame(struct replay *r);

/* A write of so much begins: make the data that the transcript has not kept. */
void replay_begin_write(struct replay *r, uint32_t size, uint32_t address);
void replay_read_data(const char *name, struct kiln_buf *out);

#endif
