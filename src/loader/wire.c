/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/wire.h"

enum {
	GAP_BYTES = 48, /* one interrupt's worth, and half of the next */
	SLICE = 512,
	BACKLOG = 2048,
};

/* 10 bits a byte. */
kiln_ms kiln_loader_wire_ms(const struct kiln_loader *l, size_t n)
{
	const unsigned baud = kiln_link_baud(l->link);

	return baud ? (kiln_ms)(n * 10 * 1000 / baud + 1) : 0;
}

void kiln_loader_gap(struct kiln_loader *l)
{
	l->gap = true;
}

/* DB 55 is no escape: it ends a frame that should not be open. The rest only takes its time. */
kiln_code kiln_loader_put_gap(struct kiln_loader *l)
{
	uint8_t gap[GAP_BYTES];

	if (!l->gap || !l->is_stub || l->ahead == 0)
		return KILN_OK;
	memset(gap, 0x55, sizeof(gap));
	gap[0] = 0xDB;
	return kiln_buf_append(&l->wire, gap, sizeof(gap));
}

static int64_t wire_us(const struct kiln_loader *l, size_t n)
{
	const unsigned baud = kiln_link_baud(l->link);

	return baud ? (int64_t)n * 10 * 1000000 / baud : 0;
}

kiln_ms kiln_loader_wire_free(const struct kiln_loader *l)
{
	return (l->wire_free_us + 999) / 1000;
}

void kiln_loader_note_read(struct kiln_loader *l, size_t n)
{
	struct kiln_loader_read *last;

	if (l->rx_len == 0)
		l->n_reads = 0;
	l->rx_len += n;
	/* more than there is room for: the last ones count as one */
	last = &l->reads[l->n_reads < KILN_LOADER_READS ? l->n_reads++ : KILN_LOADER_READS - 1];
	*last = (struct kiln_loader_read){ l->rx_len, kiln_link_now(l->link) };
}

kiln_ms kiln_loader_read_time(const struct kiln_loader *l)
{
	size_t i = 0;

	while (i + 1 < l->n_reads && l->reads[i].end < l->rx_at)
		i++;
	return l->reads[i].at;
}

/* What came meanwhile is kept for the decoder, which goes on with it. */
static kiln_code listen_until(struct kiln_loader *l, kiln_ms deadline, struct kiln_err *err)
{
	size_t n = 0;
	kiln_code code;

	if (l->rx_at == l->rx_len)
		l->rx_at = l->rx_len = 0;
	if (l->rx_len == sizeof(l->rx))
		return kiln_link_sleep(l->link, 1, err);
	code = kiln_link_read(l->link, l->rx + l->rx_len, sizeof(l->rx) - l->rx_len, deadline, &n,
			      err);
	if (code != KILN_OK)
		return code == KILN_E_TIMEOUT ? KILN_OK : code;
	kiln_loader_note_read(l, n);
	return KILN_OK;
}

/*
 * Hand out no more than the wire takes in a moment, and listen meanwhile: then it is known when a
 * reply came, though a long frame is being sent.
 */
static kiln_code await_wire(struct kiln_loader *l, struct kiln_err *err)
{
	const int64_t backlog = wire_us(l, BACKLOG);

	while (l->wire_free_us - kiln_link_now(l->link) * 1000 > backlog)
		KILN_TRY(listen_until(l, (l->wire_free_us - backlog) / 1000 + 1, err));
	return KILN_OK;
}

static kiln_code write_slice(struct kiln_loader *l, const uint8_t *p, size_t n,
			     struct kiln_err *err)
{
	const kiln_ms ms = kiln_limit(l->limits.port_write, KILN_LOADER_WRITE_MS) +
			   2 * kiln_loader_wire_ms(l, n);
	const int64_t now = kiln_link_now(l->link) * 1000;

	if (l->wire_free_us < now)
		l->wire_free_us = now;
	l->wire_free_us += wire_us(l, n);
	return kiln_link_write(l->link, p, n, kiln_link_after(l->link, ms), err);
}

kiln_code kiln_loader_write_wire(struct kiln_loader *l, struct kiln_err *err)
{
	const size_t slice = l->ahead ? SLICE : l->wire.len;

	for (size_t at = 0, n; at < l->wire.len; at += n) {
		n = l->wire.len - at < slice ? l->wire.len - at : slice;
		KILN_TRY(write_slice(l, l->wire.data + at, n, err));
		if (at + n < l->wire.len)
			KILN_TRY(await_wire(l, err));
	}
	l->gap = false;
	return KILN_OK;
}
