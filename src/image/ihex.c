/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ihex.h"

#include "base/bytes.h"
#include "base/text.h"

enum record_type { DATA = 0, END = 1, SEGMENT = 2, START_SEGMENT = 3, UPPER = 4, START = 5 };

enum { HEAD = 4, CHECKSUM = 1, RECORD_MAX = 255 + HEAD + CHECKSUM, DATA_PER_LINE = 16 };

struct reader {
	struct kiln_ihex hex;
	uint32_t base;
	unsigned line;
	bool ended;
};

static kiln_code bad(const struct reader *r, kiln_code code, struct kiln_err *err, const char *why)
{
	(void)kiln_fail(err, code, "cannot read the Intel HEX file");
	kiln_why(err, "line %u: %s", r->line, why);
	kiln_hint(err, "the file is damaged or was cut; make or download it again");
	return code;
}

bool kiln_ihex_is(struct kiln_span file)
{
	return file.n > 0 && file.p[0] == ':';
}

static kiln_code decode(const struct reader *r, struct kiln_span line, uint8_t *ret, size_t *ret_n,
			struct kiln_err *err)
{
	uint8_t sum = 0;

	if (line.p[0] != ':')
		return bad(r, KILN_E_IMAGE, err, "it does not begin with ':'");
	if (line.n < 1 + 2 * (HEAD + CHECKSUM) || line.n > 1 + 2 * RECORD_MAX || line.n % 2 == 0)
		return bad(r, KILN_E_IMAGE, err, "its length is not that of a record");
	*ret_n = (line.n - 1) / 2;
	for (size_t i = 0; i < *ret_n; i++) {
		const int high = kiln_hex_digit(line.p[1 + 2 * i]),
			  low = kiln_hex_digit(line.p[2 + 2 * i]);

		if (high < 0 || low < 0)
			return bad(r, KILN_E_IMAGE, err, "there is something else than hex digits");
		ret[i] = (uint8_t)(high << 4 | low);
		sum = (uint8_t)(sum + ret[i]);
	}
	if (*ret_n != (size_t)ret[0] + HEAD + CHECKSUM)
		return bad(r, KILN_E_IMAGE, err, "it is shorter or longer than it says");
	return sum ? bad(r, KILN_E_IMAGE, err, "its checksum does not match") : KILN_OK;
}

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static kiln_code take_data(struct reader *r, const uint8_t *record, struct kiln_err *err)
{
	const uint64_t address = (uint64_t)r->base + be16(record + 1);
	kiln_code code;

	if (address > UINT32_MAX)
		return bad(r, KILN_E_TOO_BIG, err, "its bytes lie beyond 4 GB");
	code = kiln_regions_add(&r->hex.regions, (uint32_t)address,
				kiln_span(record + HEAD, record[0]), r->line);
	if (code == KILN_E_TOO_BIG)
		return bad(r, code, err, "there are more bytes or gaps than any flash has");
	return code ? bad(r, code, err, "out of memory") : KILN_OK;
}

/* Records of a fixed form: their length, and whether the offset must be 0. */
static kiln_code take_other(struct reader *r, const uint8_t *record, struct kiln_err *err)
{
	static const uint8_t lengths[] = {
		[END] = 0, [SEGMENT] = 2, [START_SEGMENT] = 4, [UPPER] = 2, [START] = 4
	};
	const uint8_t type = record[3], *data = record + HEAD;

	if (type >= sizeof(lengths))
		return bad(r, KILN_E_IMAGE, err, "its record type is not 00 to 05");
	if (record[0] != lengths[type] || (type != END && be16(record + 1) != 0))
		return bad(r, KILN_E_IMAGE, err, "a record of its type has another form");
	if (type == END)
		r->ended = true;
	else if (type == SEGMENT)
		r->base = be16(data) << 4;
	else if (type == UPPER)
		r->base = be16(data) << 16;
	else
		r->hex.entry = type == START ? be16(data) << 16 | be16(data + 2)
					     : (be16(data) << 4) + be16(data + 2);
	r->hex.has_entry |= type == START || type == START_SEGMENT;
	return KILN_OK;
}

static struct kiln_span take_line(struct kiln_span *text)
{
	const uint8_t *end = memchr(text->p, '\n', text->n);
	struct kiln_span line = kiln_span(text->p, end ? (size_t)(end - text->p) : text->n), skip;

	(void)kiln_span_take(text, line.n + (end ? 1 : 0), &skip);
	while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
		line.n--;
	return line;
}

static kiln_code read_lines(struct reader *r, struct kiln_span file, struct kiln_err *err)
{
	uint8_t record[RECORD_MAX] = { 0 };
	size_t n;

	while (file.n && !r->ended) {
		const struct kiln_span line = take_line(&file);

		r->line++;
		if (line.n == 0)
			continue;
		KILN_TRY(decode(r, line, record, &n, err));
		if (record[3] == DATA)
			KILN_TRY(take_data(r, record, err));
		else
			KILN_TRY(take_other(r, record, err));
	}
	return r->ended ? KILN_OK
			: bad(r, KILN_E_IMAGE, err, "the file ends here, without an end record");
}

static kiln_code join(struct reader *r, struct kiln_err *err)
{
	char why[64];
	uint32_t address;
	const kiln_code code = kiln_regions_join(&r->hex.regions, &address, &r->line);

	if (code != KILN_E_OVERLAP)
		return code ? kiln_fail(err, code, "cannot read the Intel HEX file") : KILN_OK;
	(void)kiln_text_format(why, sizeof(why), "there are bytes for 0x%x already", address);
	return bad(r, code, err, why);
}

kiln_code kiln_ihex_read(struct kiln_span file, struct kiln_ihex *ret_hex, struct kiln_err *err)
{
	struct reader r = { 0 };
	kiln_code code = read_lines(&r, file, err);

	if (code == KILN_OK)
		code = join(&r, err);
	if (code == KILN_OK)
		*ret_hex = r.hex;
	else
		kiln_ihex_done(&r.hex);
	return code;
}

void kiln_ihex_done(struct kiln_ihex *hex)
{
	kiln_regions_done(&hex->regions);
}

static void put_record(struct kiln_buf *out, enum record_type type, uint32_t offset,
		       struct kiln_span data)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t record[HEAD + DATA_PER_LINE + CHECKSUM] = { (uint8_t)data.n, (uint8_t)(offset >> 8),
							    (uint8_t)offset, (uint8_t)type };
	char line[1 + 2 * sizeof(record) + 1] = ":";
	const size_t n = HEAD + data.n;
	uint8_t sum = 0;

	memcpy(record + HEAD, data.p, data.n);
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + record[i]);
	record[n] = (uint8_t)-sum;
	for (size_t i = 0; i <= n; i++) {
		line[1 + 2 * i] = digits[record[i] >> 4];
		line[2 + 2 * i] = digits[record[i] & 15];
	}
	line[1 + 2 * (n + 1)] = '\n';
	(void)kiln_buf_append(out, line, 2 + 2 * (n + 1));
}

/* Pieces that touch are written as one: a record may hold the end of one and the next one's start.
 */
struct cursor {
	const struct kiln_piece *piece, *end;
	size_t at; /* in the piece */
};

static bool skip_ended(struct cursor *c)
{
	while (c->piece < c->end && c->at == c->piece->data.n) {
		c->piece++;
		c->at = 0;
	}
	return c->piece < c->end;
}

static size_t take_bytes(struct cursor *c, size_t max, uint8_t *ret)
{
	uint64_t next = (uint64_t)c->piece->address + c->at;
	size_t n = 0;

	while (n < max && skip_ended(c) && (uint64_t)c->piece->address + c->at == next) {
		ret[n++] = c->piece->data.p[c->at++];
		next++;
	}
	return n;
}

static bool needs_upper(const struct kiln_piece *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (pieces[i].data.n && (uint64_t)pieces[i].address + pieces[i].data.n > 0x10000)
			return true;
	}
	return false;
}

kiln_code kiln_ihex_write(const struct kiln_piece *pieces, size_t n, struct kiln_buf *out,
			  struct kiln_err *err)
{
	struct cursor c = { pieces, pieces + n, 0 };
	const bool upper = needs_upper(pieces, n);
	uint32_t base = UINT32_MAX;
	uint8_t bytes[DATA_PER_LINE];

	while (skip_ended(&c)) {
		const uint32_t address = c.piece->address + (uint32_t)c.at;
		const size_t room = 0x10000 - (address & 0xFFFF);

		if (upper && address >> 16 != base) {
			const uint8_t high[2] = { (uint8_t)(address >> 24),
						  (uint8_t)(address >> 16) };

			base = address >> 16;
			put_record(out, UPPER, 0, kiln_span(high, sizeof(high)));
		}
		const size_t got = take_bytes(&c, room < DATA_PER_LINE ? room : DATA_PER_LINE,
					      bytes);

		put_record(out, DATA, address & 0xFFFF, kiln_span(bytes, got));
	}
	put_record(out, END, 0, kiln_span(bytes, 0));
	if (out->failed)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write the Intel HEX file");
	return KILN_OK;
}
