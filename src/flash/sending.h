/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_SENDING_H
#define KILN_FLASH_SENDING_H

#include "flash/foresee.h"
#include "flash/send.h"

/* What send.c (which frame goes when) and answers.c (what became of it) share. */
enum { KILN_SEND_WINDOW = 8 };

/* A frame that was sent. */
struct kiln_flight {
	kiln_op op;
	const struct kiln_stream *stream;
	struct kiln_span block;
	unsigned seq;       /* of a block, in its stream */
	unsigned told;      /* blocks before this stream's */
	uint32_t address;   /* where what it unpacks to goes */
	kiln_ms work_ms;    /* how long the chip may be at work on it */
	int64_t start_us;   /* when its first byte leaves */
	int64_t end_us;     /* when its last one arrives */
	int64_t begins_us;  /* when the stub begins with it, as foreseen */
	int64_t free_us;    /* when it has done with the one before */
	bool unsure_before; /* that is not certain enough to go by */
	unsigned pages;     /* that it fills */
	bool unsure;        /* its work hangs on an erase */
	bool ahead;         /* sent before the one in front of it was answered */
};

struct kiln_sending {
	struct kiln_flasher *f;
	const struct kiln_stream *streams, *stream; /* stream: of what is sent next */
	size_t n_streams;
	struct kiln_sent *sent_so_far;
	unsigned block_size;
	struct kiln_inflater *inflater;
	struct kiln_span rest; /* of the stream: what was not sent yet */
	uint64_t done;         /* bytes of the file that the chip was given so far */
	unsigned n_blocks;     /* of this stream that were sent */
	unsigned told, total;  /* blocks before this stream's, and of all streams */
	bool begun, ended;     /* BEGIN of this stream, END of the last were sent */
	unsigned sent, acked;
	unsigned lost_end; /* frames up to here were sent once, and lost */
	struct kiln_flight flights[KILN_SEND_WINDOW]; /* frame n in n % KILN_SEND_WINDOW */
	struct kiln_pace pace;
	kiln_ms work_ms; /* on what was answered last, at most */
	kiln_ms came_at; /* when that was answered */
	unsigned pages;  /* that it fills; 0 also if that hangs on more than programming */
	bool unsure;     /* it does */
	unsigned steady; /* waits for erases that were as long as foreseen, one after the other */
	bool in_doubt;   /* a frame that was sent ahead may be lost */
};

static inline struct kiln_flight *kiln_flight(struct kiln_sending *s, unsigned n)
{
	return &s->flights[n % KILN_SEND_WINDOW];
}

/* send_size.c: is it followed what the stub does? How long the next block is, from when on. */
bool kiln_sending_is_foreseen(const struct kiln_sending *s);
size_t kiln_sending_block_size(const struct kiln_sending *s, int64_t start_us);

/* send.c: a frame once more */
struct kiln_request kiln_sending_request(const struct kiln_sending *s,
					 const struct kiln_flight *flight, uint8_t *room);

/*
 * answers.c: wait for the answer to the oldest frame, and take note of it. With a deadline, that
 * it has not come yet is told by E_TIMEOUT.
 */
kiln_code kiln_sending_await(struct kiln_sending *s, struct kiln_err *err);
kiln_code kiln_sending_await_until(struct kiln_sending *s, kiln_ms deadline, struct kiln_err *err);

#endif
