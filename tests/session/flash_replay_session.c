/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flasher against what real chips answered: a port that knows one transcript of
 * tests/data/rom-transcripts and answers each request as the chip in it did. A request that
 * esptool did not make there fails the test, so what is asked is equivalent to what it asked.
 */
#include "../unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include <kiln/flash.h>

#include "base/text.h"
#include "link/link_impl.h"
#include "loader/command.h"
#include "slip/slip.h"
#include "support/transcript.h"

struct replay {
	struct kiln_link base;
	struct transcript t;
	size_t at; /* behind the frame that was answered last */
	kiln_ms now;
	struct kiln_slip_decoder in;
	struct kiln_buf out;
	unsigned requests;
};

static int op_of(const struct transcript_frame *f)
{
	struct kiln_op_room room;

	for (int op = 0; op < 256 && !f->raw; op++) {
		if (strcmp(kiln_op_name((uint8_t)op, &room), f->name) == 0)
			return op;
	}
	return -1;
}

static bool is_packed(int op)
{
	return op == KILN_OP_FLASH_DEFL_DATA || op == KILN_OP_MEM_DATA;
}

/* Compressed bytes depend on who packs them; stubs on their version. All else must be equal. */
static bool matches(const struct transcript_frame *f, uint8_t op, struct kiln_span body)
{
	if (!f->to_chip || op_of(f) != op)
		return false;
	if (op == KILN_OP_MEM_DATA || op == KILN_OP_MEM_BEGIN || op == KILN_OP_MEM_END)
		return true;
	if (is_packed(op))
		return memcmp(f->body + 4, body.p + 4, 12) == 0;
	/* where esptool asks whether the chip has done, a record may say how long it takes */
	const size_t n = op == KILN_OP_WRITE_REG ? 12 : body.n;

	return f->length == body.n && memcmp(f->body, body.p, f->n_body < n ? f->n_body : n) == 0;
}

/* Where the stub says OHAI; the end if it never does. */
static size_t stub_start(const struct replay *r)
{
	size_t i = 0;

	while (i < r->t.n && !(r->t.frames[i].raw && memcmp(r->t.frames[i].body, "OHAI", 4) == 0))
		i++;
	return i;
}

/* What comes next first, but only what the same program answered: the ROM or the stub. */
static size_t find(const struct replay *r, uint8_t op, struct kiln_span body)
{
	const size_t start = stub_start(r);

	for (size_t i = 0; i < r->t.n; i++) {
		const size_t k = (r->at + i) % r->t.n;

		if ((k > start) == (r->at > start) && matches(&r->t.frames[k], op, body))
			return k;
	}
	/* the only question of the ROM's that is asked of a stub too, to see that it hears */
	for (size_t k = 0; k < r->t.n && op == KILN_OP_READ_REG; k++) {
		if (matches(&r->t.frames[k], op, body))
			return k;
	}
	return r->t.n;
}

static void answer(struct replay *r, size_t request)
{
	size_t i = request + 1;

	const bool by_stub = r->at > stub_start(r);

	for (; i < r->t.n && !r->t.frames[i].to_chip; i++) {
		struct transcript_frame f = r->t.frames[i];
		uint8_t frame[128] = { 1, (uint8_t)op_of(&f) };
		const size_t head = f.raw ? 0 : 8;

		if (by_stub && i < stub_start(r)) /* a stub's status is shorter */
			f.length = f.n_body = f.n_body - 2;
		if (head) {
			kiln_put_le16(frame + 2, (uint16_t)f.length);
			kiln_put_le32(frame + 4, f.field);
		}
		memcpy(frame + head, f.body, f.n_body);
		(void)kiln_slip_encode(&r->out, frame, head + f.n_body);
	}
	if (!by_stub || request > stub_start(r))
		r->at = i;
}

/* Several records in one request stand for several requests. */
static struct kiln_span first_record(uint8_t op, struct kiln_span *body)
{
	struct kiln_span part = *body;

	if (op == KILN_OP_WRITE_REG)
		(void)kiln_span_take(body, 16, &part);
	else
		*body = kiln_span(body->p, 0);
	return part;
}

/* What we ask beyond esptool: a stub is told the flash's size before it erases a region. */
static bool is_extra(struct replay *r, uint8_t op)
{
	static const uint8_t done[] = { 1, KILN_OP_SPI_SET_PARAMS, 2, 0, 0, 0, 0, 0, 0, 0 };

	if (op != KILN_OP_SPI_SET_PARAMS || r->at <= stub_start(r))
		return false;
	return kiln_slip_encode(&r->out, done, sizeof(done)) == KILN_OK;
}

static void request(struct replay *r, struct kiln_span frame)
{
	const uint8_t op = frame.p[1];
	struct kiln_span body = kiln_span(frame.p + 8, frame.n - 8);
	struct kiln_op_room room;
	size_t found;

	r->requests++;
	do {
		const struct kiln_span record = first_record(op, &body);

		found = find(r, op, record);
		if (found == r->t.n && is_extra(r, op))
			return;
		if (found == r->t.n)
			fail_msg("no such request in the transcript: %s, %zu bytes, %08x...",
				 kiln_op_name(op, &room), record.n,
				 record.n >= 4 ? kiln_get_le32(record.p) : 0);
	} while (body.n);
	answer(r, found);
}

static kiln_code replay_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			      struct kiln_err *err)
{
	struct replay *r = (struct replay *)link;
	const uint8_t *p = buf;

	(void)deadline;
	(void)err;
	for (size_t used; n > 0; p += used, n -= used) {
		if (kiln_slip_decode(&r->in, p, n, &used) == KILN_SLIP_FRAME)
			request(r, kiln_buf_span(&r->in.frame));
	}
	return KILN_OK;
}

static kiln_code replay_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			     size_t *ret_n, struct kiln_err *err)
{
	struct replay *r = (struct replay *)link;

	if (r->out.len == 0) {
		if (deadline > r->now)
			r->now = deadline;
		return kiln_fail(err, KILN_E_TIMEOUT, "cannot read");
	}
	*ret_n = n < r->out.len ? n : r->out.len;
	memcpy(buf, r->out.data, *ret_n);
	kiln_buf_consume(&r->out, *ret_n);
	return KILN_OK;
}

static kiln_code replay_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	(void)link;
	(void)dtr;
	(void)rts;
	(void)err;
	return KILN_OK;
}

static kiln_code replay_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	(void)link;
	(void)baud;
	(void)err;
	return KILN_OK;
}

static kiln_code replay_flush(struct kiln_link *link, struct kiln_err *err)
{
	(void)err;
	kiln_buf_reset(&((struct replay *)link)->out);
	return KILN_OK;
}

static kiln_ms replay_now(const struct kiln_link *link)
{
	return ((const struct replay *)link)->now;
}

static kiln_code replay_sleep(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	(void)err;
	((struct replay *)link)->now += ms;
	return KILN_OK;
}

static void replay_close(struct kiln_link *link)
{
	struct replay *r = (struct replay *)link;

	assert_true(r->requests > 0);
	transcript_done(&r->t);
	kiln_slip_done(&r->in);
	kiln_buf_done(&r->out);
	free(r);
}

static const struct kiln_link_ops replay_ops = {
	.read = replay_read,
	.write = replay_write,
	.set_baud = replay_baud,
	.set_lines = replay_lines,
	.flush_input = replay_flush,
	.now = replay_now,
	.sleep = replay_sleep,
	.close = replay_close,
	.atomic_lines = true,
};

/* "replay:FILE" */
static kiln_code replay_open(const struct kiln_host *host, const char *url, unsigned baud,
			     struct kiln_link **ret_link, struct kiln_err *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	(void)err;
	kiln_link_init(&r->base, &replay_ops, host, url, baud);
	transcript_read(&r->t, url + strlen("replay:"));
	kiln_slip_init(&r->in, 64 * 1024);
	kiln_buf_init(&r->out, 64 * 1024);
	*ret_link = &r->base;
	return KILN_OK;
}

static const struct kiln_scheme schemes[] = {
	{ .name = "replay", .open = replay_open },
	{ .name = NULL },
};

static struct kiln_flasher *open_replay(const char *url, unsigned baud, bool no_stub)
{
	static const struct kiln_host host = { .schemes = schemes };
	const struct kiln_flasher_options options = { .baud = baud, .no_stub = no_stub };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;

	if (kiln_flasher_open(&host, url, &options, &f, &err) != KILN_OK ||
	    kiln_flasher_prepare(f, &err) != KILN_OK)
		fail_msg("%s: %s: %s", url, err.what, err.why);
	assert_string_equal(kiln_flasher_chip(f)->description, "ESP32-D0WD-V3");
	assert_memory_equal(kiln_flasher_chip(f)->mac, "\x24\x0a\xc4\x12\x34\x56", 6);
	return f;
}

static void close_replay(struct kiln_flasher *f)
{
	assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
}

static void write_files(const char *url, unsigned baud, bool no_stub, bool no_compress,
			struct kiln_flash_file *files, size_t n)
{
	const struct kiln_flash_job job = { .files = files,
					    .n_files = n,
					    .no_compress = no_compress,
					    .force = true, /* the data is no firmware */
					    .mode = KILN_FLASH_KEEP,
					    .freq = KILN_FLASH_KEEP,
					    .size = KILN_FLASH_KEEP };
	struct kiln_flasher *f = open_replay(url, baud, no_stub);
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s: %s: %s", url, err.what, err.why);
	assert_int_equal(kiln_flasher_chip(f)->flash_id, 0x1640c8);
	assert_int_equal(kiln_flasher_chip(f)->flash_size, 4 << 20);
	close_replay(f);
}

static void uncompressed(void **state)
{
	struct kiln_flash_file file = { .address = 0x1000, .name = "data-9000.bin" };
	uint8_t *data = transcript_file(file.name, &file.size);

	(void)state;
	file.data = data;
	write_files("replay:esp32-stub-write-uncompressed.txt", 115200, false, true, &file, 1);
	write_files("replay:esp32-rom-write-uncompressed.txt", 115200, true, true, &file, 1);
	free(data);
}

/* The transcript's first file is compressed and its second is not: each for itself. */
static void compressed(void **state)
{
	struct kiln_flash_file file = { .address = 0x1000, .name = "data-20000.bin" };
	uint8_t *data = transcript_file(file.name, &file.size);

	(void)state;
	file.data = data;
	write_files("replay:esp32-stub-two-files.txt", 460800, false, false, &file, 1);
	free(data);
}

static void erase(void **state)
{
	struct kiln_flasher *f = open_replay("replay:esp32-stub-erase-flash.txt", 115200, false);

	(void)state;
	assert_int_equal(kiln_flasher_erase_all(f, NULL), KILN_OK);
	close_replay(f);
	f = open_replay("replay:esp32-stub-erase-region.txt", 115200, false);
	assert_int_equal(kiln_flasher_erase_region(f, 0x1000, 0x2000, NULL), KILN_OK);
	close_replay(f);
	f = open_replay("replay:esp32-rom-erase-region.txt", 115200, true);
	assert_int_equal(kiln_flasher_erase_region(f, 0x1000, 0x1000, NULL), KILN_OK);
	close_replay(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uncompressed),
		cmocka_unit_test(compressed),
		cmocka_unit_test(erase),
	};

	return RUN(tests);
}
