/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's side of the line to the interpreter: frames over a socket, and when it is certain
 * that nothing will come. sim/micropython/channel.mjs has the frames.
 */
#include "sim/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "sim/run_child.h"

enum {
	HEADER = 3,
	PAYLOAD_MAX = 0xFFFF,
	INPUT_MAX = 256 * 1024,
	OUTPUT_MAX = 64 * 1024,
	WIRE_MAX = 2 * INPUT_MAX,
	ACKNOWLEDGE = 256
};

struct sim_run {
	struct run_child child;
	int epoll;
	bool wants_out;          /* epoll watches for room in the socket too */
	struct kiln_buf to;      /* frames that the socket had no room for */
	struct kiln_buf from;    /* the beginning of a frame */
	struct kiln_buf output;  /* not yet taken by the caller */
	uint32_t sent;           /* bytes of input, modulo 2^32, as the interpreter counts them */
	uint32_t seen;           /* of these, when it last said that it waits */
	uint32_t taken, told;    /* bytes of output; those that it was told of */
	bool waits, reset, dead; /* waits: it has said so, of `seen` */
	char why[240];
};

static void watch(struct sim_run *run)
{
	const bool wants_out = run->to.len > 0;
	struct epoll_event e = { .events = EPOLLIN | (wants_out ? (uint32_t)EPOLLOUT : 0) };

	if (wants_out == run->wants_out)
		return;
	run->wants_out = wants_out;
	(void)epoll_ctl(run->epoll, EPOLL_CTL_MOD, run->child.line, &e);
}

/* Hand over what the socket takes. A child that is gone is noticed by reading. */
static void flush(struct sim_run *run)
{
	while (run->to.len > 0) {
		const ssize_t n = send(run->child.line, run->to.data, run->to.len,
				       MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		kiln_buf_consume(&run->to, (size_t)n);
	}
	watch(run);
}

/* Queue a whole frame or nothing. */
static bool queue(struct sim_run *run, char type, const void *payload, size_t n)
{
	uint8_t header[HEADER] = { (uint8_t)type };

	kiln_put_le16(header + 1, (uint16_t)n);
	if (kiln_buf_reserve(&run->to, HEADER + n) != KILN_OK)
		return false;
	(void)kiln_buf_append(&run->to, header, HEADER);
	(void)kiln_buf_append(&run->to, payload, n);
	return true;
}

void sim_run_input(struct sim_run *run, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t piece; n > 0; p += piece, n -= piece) {
		piece = n < PAYLOAD_MAX ? n : PAYLOAD_MAX;
		if (run->to.len > INPUT_MAX || !queue(run, 'I', p, piece))
			break;
		run->sent += (uint32_t)piece;
	}
	flush(run);
}

/* The interpreter stops after 512 bytes: it needs to hear of half of that, not of each byte. */
static void acknowledge(struct sim_run *run, size_t n)
{
	uint8_t payload[4];

	run->taken += (uint32_t)n;
	if (run->taken - run->told < ACKNOWLEDGE)
		return;
	run->told = run->taken;
	kiln_put_le32(payload, run->taken);
	(void)queue(run, 'A', payload, sizeof(payload));
	flush(run);
}

static void take_frame(struct sim_run *run, uint8_t type, struct kiln_span payload)
{
	switch (type) {
	case 'O':
		(void)kiln_buf_append(&run->output, payload.p, payload.n);
		break;
	case 'W':
		run->waits = kiln_span_le32(&payload, &run->seen);
		break;
	case 'R':
		run->reset = true;
		break;
	case 'E':
		kiln_text_copy_untrusted(run->why, sizeof(run->why), payload.p, payload.n);
		break;
	default: /* of a newer script: nothing that this program knows how to use */
		break;
	}
}

static void take_frames(struct sim_run *run)
{
	struct kiln_span rest = kiln_buf_span(&run->from);
	struct kiln_span payload;
	uint16_t n;

	for (;;) {
		struct kiln_span s = rest;
		uint8_t type;

		if (!kiln_span_u8(&s, &type) || !kiln_span_le16(&s, &n) ||
		    !kiln_span_take(&s, n, &payload))
			break;
		take_frame(run, type, payload);
		rest = s;
	}
	kiln_buf_consume(&run->from, run->from.len - rest.n);
}

static void die(struct sim_run *run)
{
	run->dead = true;
	if (!run->why[0])
		run_child_why(&run->child, run->why, sizeof(run->why));
}

/* Read what is there; true if that was anything. */
static bool receive(struct sim_run *run)
{
	uint8_t block[4096];
	ssize_t n;

	do {
		n = recv(run->child.line, block, sizeof(block), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (n <= 0 || kiln_buf_append(&run->from, block, (size_t)n) != KILN_OK) {
		die(run);
		return true;
	}
	take_frames(run);
	return true;
}

static size_t take_output(struct sim_run *run, void *buf, size_t n)
{
	const size_t part = n < run->output.len ? n : run->output.len;

	memcpy(buf, run->output.data, part);
	kiln_buf_consume(&run->output, part);
	acknowledge(run, part);
	return part;
}

sim_run_event sim_run_poll(struct sim_run *run, void *buf, size_t n, size_t *ret_n)
{
	flush(run);
	for (;;) {
		if (run->output.len > 0 && n > 0) {
			*ret_n = take_output(run, buf, n);
			return SIM_RUN_OUTPUT;
		}
		if (run->reset)
			return SIM_RUN_RESET;
		if (run->dead)
			return SIM_RUN_DEAD;
		if (!receive(run))
			return run->waits && run->seen == run->sent ? SIM_RUN_IDLE : SIM_RUN_BUSY;
	}
}

int sim_run_fd(const struct sim_run *run)
{
	return run->epoll;
}

int64_t sim_run_starved(const struct sim_run *run)
{
	return run_child_starved(&run->child);
}

kiln_code sim_run_why(const struct sim_run *run, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_IO, "the virtual board's MicroPython ended");
	kiln_why(err, "%s", run->why);
	return KILN_E_IO;
}

static kiln_code open_epoll(struct sim_run *run, struct kiln_err *err)
{
	struct epoll_event e = { .events = EPOLLIN };

	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (run->epoll < 0 || epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->child.line, &e) < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot watch the virtual board");
	return KILN_OK;
}

kiln_code sim_run_start(const struct sim_run_config *config, struct sim_run **ret_run,
			struct kiln_err *err)
{
	struct sim_run *run = calloc(1, sizeof(*run));
	kiln_code code;

	if (!run)
		return kiln_fail(err, KILN_E_NOMEM, "cannot start the virtual board");
	run->epoll = -1;
	kiln_buf_init(&run->to, WIRE_MAX);
	kiln_buf_init(&run->from, HEADER + PAYLOAD_MAX + 4096);
	kiln_buf_init(&run->output, OUTPUT_MAX);
	code = run_child_start(config, &run->child, err);
	if (code == KILN_OK)
		code = open_epoll(run, err);
	if (code != KILN_OK) {
		sim_run_stop(run);
		return code;
	}
	*ret_run = run;
	return KILN_OK;
}

void sim_run_stop(struct sim_run *run)
{
	if (!run)
		return;
	run_child_stop(&run->child);
	if (run->epoll >= 0)
		close(run->epoll);
	kiln_buf_done(&run->to);
	kiln_buf_done(&run->from);
	kiln_buf_done(&run->output);
	free(run);
}
