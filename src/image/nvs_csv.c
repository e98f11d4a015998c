/* SPDX-License-Identifier: Apache-2.0 */
/* From the rows of a CSV file to values in an NVS image. */
#include "image/nvs_write.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/text.h"
#include "image/csv.h"

enum { ROW_MAX = 2 << 20, VALUE_MAX = 1 << 20 };

enum column { KEY, TYPE, ENCODING, VALUE, N_COLUMNS };

static const char *const column_names[N_COLUMNS] = { "key", "type", "encoding", "value" };

struct reader {
	const struct kiln_nvs_options *options;
	struct kiln_csv csv;
	size_t columns[N_COLUMNS];
	struct kiln_nvs_writer *writer;
	struct kiln_buf
		value; /* bytes of the row's value, when it is read and when it is decoded */
};

static kiln_code bad(const struct reader *r, kiln_code code, struct kiln_err *err, const char *fmt,
		     ...) KILN_PRINTF(4, 5);
static kiln_code bad(const struct reader *r, kiln_code code, struct kiln_err *err, const char *fmt,
		     ...)
{
	char why[sizeof(err->why)];
	va_list args;

	va_start(args, fmt);
	(void)kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	(void)kiln_fail(err, code, "cannot make the NVS image");
	kiln_why(err, "line %u: %s", r->csv.line, why);
	kiln_hint(err, "mend the CSV file, then try again");
	return code;
}

static const char *field(const struct reader *r, enum column column)
{
	return r->columns[column] < r->csv.n ? r->csv.fields[r->columns[column]] : "";
}

static kiln_code read_header(struct reader *r, struct kiln_err *err)
{
	for (size_t c = 0; c < N_COLUMNS; c++) {
		r->columns[c] = KILN_CSV_FIELDS;
		for (size_t i = 0; i < r->csv.n; i++) {
			if (strcmp(r->csv.fields[i], column_names[c]) == 0)
				r->columns[c] = i;
		}
		if (r->columns[c] == KILN_CSV_FIELDS) {
			(void)bad(r, KILN_E_IMAGE, err, "there is no column '%s'", column_names[c]);
			kiln_hint(err, "the first line is: key,type,encoding,value");
			return KILN_E_IMAGE;
		}
	}
	return KILN_OK;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct kiln_span strip(struct kiln_span s)
{
	struct kiln_span skip;

	while (s.n && is_space(s.p[0]))
		(void)kiln_span_take(&s, 1, &skip);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Each decoder turns the value into the bytes of a blob, in `out`; false if it can't be. */
static bool decode_hex(struct kiln_span text, struct kiln_buf *out)
{
	text = strip(text);
	if (text.n % 2)
		return false;
	for (size_t i = 0; i < text.n; i += 2) {
		const int high = kiln_hex_digit(text.p[i]), low = kiln_hex_digit(text.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		(void)kiln_buf_putc(out, (uint8_t)(high << 4 | low));
	}
	return true;
}

static bool decode_base64(struct kiln_span text, struct kiln_buf *out)
{
	uint32_t bits = 0;
	size_t n = 0, pad = 0;

	for (size_t i = 0; i < text.n; i++) {
		const int digit = base64_digit(text.p[i]);

		if (is_space(text.p[i]))
			continue;
		if (text.p[i] != '=' && (digit < 0 || pad))
			return false;
		pad += text.p[i] == '=';
		bits = bits << 6 | (uint32_t)(digit < 0 ? 0 : digit);
		if (++n % 4 == 0) {
			const uint8_t bytes[3] = { (uint8_t)(bits >> 16), (uint8_t)(bits >> 8),
						   (uint8_t)bits };

			(void)kiln_buf_append(out, bytes, pad > 2 ? 0 : 3 - pad);
		}
	}
	return n % 4 == 0 && pad <= 2;
}

static bool decode_plain(struct kiln_span text, struct kiln_buf *out)
{
	(void)kiln_buf_append(out, text.p, text.n);
	return true;
}

/* blob_fill(LENGTH;0xXX): the value, then as many XX; blob_sz_fill has the value's size before. */
static bool decode_fill(const char *encoding, struct kiln_span text, struct kiln_buf *out)
{
	const bool sized = strncmp(encoding, "blob_sz_fill(", 13) == 0;
	const char *at = encoding + (sized ? 13 : 10);
	char *end;
	const unsigned long n = strtoul(at, &end, 10);
	uint8_t size[4];
	uint8_t byte;

	if (end == at || strncmp(end, ";0x", 3) != 0 || strlen(end) != 6 || end[5] != ')' ||
	    kiln_hex_digit((uint8_t)end[3]) < 0 || kiln_hex_digit((uint8_t)end[4]) < 0)
		return false;
	if (n > VALUE_MAX || text.n > n)
		return false;
	byte = (uint8_t)(kiln_hex_digit((uint8_t)end[3]) << 4 | kiln_hex_digit((uint8_t)end[4]));
	kiln_put_le32(size, (uint32_t)text.n);
	(void)kiln_buf_append(out, size, sized ? sizeof(size) : 0);
	(void)kiln_buf_append(out, text.p, text.n);
	for (size_t i = text.n; i < n; i++)
		(void)kiln_buf_putc(out, byte);
	return true;
}

static const struct {
	const char *name;
	bool (*decode)(struct kiln_span text, struct kiln_buf *out);
} blobs[] = {
	{ "hex2bin", decode_hex },
	{ "base64", decode_base64 },
	{ "binary", decode_plain },
};

static kiln_code put_blob(struct reader *r, const char *key, struct kiln_span text, bool decoded,
			  struct kiln_buf *bytes, struct kiln_err *err)
{
	if (!decoded)
		return bad(r, KILN_E_IMAGE, err, "the value of '%s' is no %s", key,
			   field(r, ENCODING));
	if (bytes->failed)
		return bad(r, KILN_E_TOO_BIG, err, "the value of '%s' is too long (%zu bytes)", key,
			   text.n);
	return kiln_nvs_put_blob(r->writer, key, kiln_buf_span(bytes), err);
}

static kiln_code try_blob(struct reader *r, const char *key, struct kiln_span text, bool *ret_taken,
			  struct kiln_err *err)
{
	const char *encoding = field(r, ENCODING);
	struct kiln_buf bytes = KILN_BUF_INIT(VALUE_MAX + 4);
	kiln_code code = KILN_OK;
	bool decoded = false;

	*ret_taken = strncmp(encoding, "blob_fill(", 10) == 0 ||
		     strncmp(encoding, "blob_sz_fill(", 13) == 0;
	if (*ret_taken)
		decoded = decode_fill(encoding, text, &bytes);
	for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]) && !*ret_taken; i++) {
		*ret_taken = strcasecmp(encoding, blobs[i].name) == 0;
		if (*ret_taken)
			decoded = blobs[i].decode(text, &bytes);
	}
	if (*ret_taken)
		code = put_blob(r, key, text, decoded, &bytes, err);
	kiln_buf_done(&bytes);
	return code;
}

static const struct integer {
	const char *name;
	uint8_t type;
} integers[] = {
	{ "u8", KILN_NVS_U8 },   { "i8", KILN_NVS_I8 },   { "u16", KILN_NVS_U16 },
	{ "i16", KILN_NVS_I16 }, { "u32", KILN_NVS_U32 }, { "i32", KILN_NVS_I32 },
	{ "u64", KILN_NVS_U64 }, { "i64", KILN_NVS_I64 },
};

/* A decimal or other literal that fits the type; *ret_value is in two's complement. */
static bool to_int(struct kiln_span text, uint8_t type, uint64_t *ret_value)
{
	const unsigned bits = (type & 0x0Fu) * 8;
	const bool is_signed = type & 0x10;
	char digits[80];
	uint64_t magnitude, max;
	bool negative;

	text = strip(text);
	negative = text.n && text.p[0] == '-';
	if (text.n && (negative || text.p[0] == '+'))
		text = kiln_span(text.p + 1, text.n - 1);
	if (text.n == 0 || text.n >= sizeof(digits) || memchr(text.p, 0, text.n))
		return false;
	memcpy(digits, text.p, text.n);
	digits[text.n] = '\0';
	if (!kiln_text_to_u64(digits, &magnitude))
		return false;
	max = UINT64_MAX >> (64 - bits);
	if (is_signed)
		max = (max >> 1) + negative;
	if (magnitude > max || (negative && !is_signed && magnitude))
		return false;
	*ret_value = negative ? -magnitude : magnitude;
	return true;
}

static kiln_code try_int(struct reader *r, const char *key, struct kiln_span text, bool *ret_taken,
			 struct kiln_err *err)
{
	const char *encoding = field(r, ENCODING);
	uint64_t value;

	*ret_taken = false;
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		if (strcasecmp(encoding, integers[i].name) != 0)
			continue;
		*ret_taken = true;
		if (!to_int(text, integers[i].type, &value))
			return bad(r, KILN_E_IMAGE, err, "the value of '%s' is no %s", key,
				   encoding);
		return kiln_nvs_put_int(r->writer, key, integers[i].type, value, err);
	}
	return KILN_OK;
}

static kiln_code put_string(struct reader *r, const char *key, struct kiln_span text,
			    struct kiln_err *err)
{
	struct kiln_buf copy = KILN_BUF_INIT(KILN_NVS_STRING_MAX);
	kiln_code code = kiln_buf_append(&copy, text.p, text.n);

	if (code == KILN_OK)
		code = kiln_buf_putc(&copy, 0);
	if (code == KILN_E_TOO_BIG)
		code = bad(r, code, err, "the text of '%s' has %zu bytes, and at most %d fit", key,
			   text.n, KILN_NVS_STRING_MAX - 1);
	else if (code)
		code = kiln_fail(err, code, "cannot make the NVS image");
	else
		code = kiln_nvs_put_string(r->writer, key, kiln_buf_span(&copy), err);
	kiln_buf_done(&copy);
	return code;
}

static kiln_code put_value(struct reader *r, const char *key, struct kiln_span value,
			   struct kiln_err *err)
{
	bool taken;

	if (strcasecmp(field(r, ENCODING), "string") == 0)
		return put_string(r, key, value, err);
	KILN_TRY(try_int(r, key, value, &taken, err));
	if (!taken)
		KILN_TRY(try_blob(r, key, value, &taken, err));
	if (taken)
		return KILN_OK;
	(void)bad(r, KILN_E_IMAGE, err, "'%s' is no encoding", field(r, ENCODING));
	kiln_hint(err, "it is one of u8 i8 u16 i16 u32 i32 u64 i64 string hex2bin base64 binary "
		       "blob_fill(N;0xXX) blob_sz_fill(N;0xXX)");
	return KILN_E_IMAGE;
}

static kiln_code put_file(struct reader *r, const char *key, struct kiln_err *err)
{
	kiln_code code;

	if (!r->options->read_file)
		return bad(r, KILN_E_IMAGE, err, "values from files are not allowed here");
	kiln_buf_reset(&r->value);
	code = r->options->read_file(r->options->user, field(r, VALUE), &r->value, err);
	if (code) {
		kiln_because(err, "line %u", r->csv.line);
		return code;
	}
	return put_value(r, key, kiln_buf_span(&r->value), err);
}

static kiln_code take_row(struct reader *r, struct kiln_err *err)
{
	const char *key = field(r, KEY), *type = field(r, TYPE), *value = field(r, VALUE);

	if (!*key)
		return bad(r, KILN_E_IMAGE, err, "its key is empty");
	if (strlen(key) > KILN_NVS_KEY)
		return bad(r, KILN_E_IMAGE, err, "the key '%s' is longer than %d bytes", key,
			   KILN_NVS_KEY);
	if (strcmp(type, "namespace") == 0)
		return kiln_nvs_put_namespace(r->writer, key, err);
	if (strcmp(type, "data") != 0 && strcmp(type, "file") != 0) {
		(void)bad(r, KILN_E_IMAGE, err, "'%s' is no type", type);
		kiln_hint(err, "it is one of namespace, data, file");
		return KILN_E_IMAGE;
	}
	if (r->writer->ns == 0) {
		(void)bad(r, KILN_E_IMAGE, err, "no namespace stands before '%s'", key);
		kiln_hint(err, "begin with a line such as: storage,namespace,,");
		return KILN_E_IMAGE;
	}
	if (strcmp(type, "file") == 0)
		return put_file(r, key, err);
	return put_value(r, key, kiln_span(value, strlen(value)), err);
}

static kiln_code read_rows(struct reader *r, struct kiln_err *err)
{
	bool header = true;

	for (;;) {
		const char *why;
		bool found;
		const kiln_code code = kiln_csv_next(&r->csv, &found, &why);

		if (code)
			return bad(r, code, err, "%s", why);
		if (!found)
			break;
		KILN_TRY(header ? read_header(r, err) : take_row(r, err));
		header = false;
	}
	return header ? bad(r, KILN_E_IMAGE, err, "there is nothing in the file") : KILN_OK;
}

static kiln_code check_size(uint32_t size, struct kiln_err *err)
{
	if (size && size % KILN_NVS_PAGE == 0 && size <= KILN_NVS_MAX)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot make an NVS image of 0x%x bytes", size);
	kiln_hint(err, "it is a multiple of 0x1000 up to 0x%x; 0x3000 or more can be written to",
		  KILN_NVS_MAX);
	return KILN_E_INVALID;
}

static kiln_code fill(struct kiln_buf *out, size_t n, struct kiln_err *err)
{
	const kiln_code code = kiln_buf_reserve(out, n);

	if (code)
		return kiln_fail(err, code, "cannot make the NVS image");
	memset(out->data + out->len, 0xFF, n);
	kiln_buf_grew(out, n);
	return KILN_OK;
}

kiln_code kiln_nvs_generate(struct kiln_span csv, const struct kiln_nvs_options *options,
			    struct kiln_buf *out, bool *ret_readonly, struct kiln_err *err)
{
	/* a page is kept free, to move values to, unless nothing will ever be written */
	const bool readonly = options->size < KILN_NVS_MIN_RW;
	struct kiln_nvs_writer *writer = calloc(1, sizeof(*writer));
	struct reader r = { .options = options, .writer = writer };
	struct kiln_buf pages = KILN_BUF_INIT(KILN_NVS_MAX);
	kiln_code code = check_size(options->size, err);

	kiln_csv_init(&r.csv, csv, ROW_MAX);
	kiln_buf_init(&r.value, VALUE_MAX);
	if (code == KILN_OK && !writer) {
		code = KILN_E_NOMEM;
		(void)kiln_fail(err, code, "cannot make the NVS image");
	}
	if (code == KILN_OK)
		code = fill(&pages, options->size, err);
	if (code == KILN_OK) {
		writer->out = &pages;
		writer->pages = options->size / KILN_NVS_PAGE - (readonly ? 0 : 1);
		code = kiln_nvs_begin(writer, err);
	}
	if (code == KILN_OK)
		code = read_rows(&r, err);
	if (code == KILN_OK && readonly) /* what follows the last page need not be flashed */
		pages.len = (writer->page + 1) * (size_t)KILN_NVS_PAGE;
	if (code == KILN_OK)
		code = kiln_buf_append(out, pages.data, pages.len);
	if (code == KILN_OK)
		*ret_readonly = readonly;
	kiln_csv_done(&r.csv);
	kiln_buf_done(&r.value);
	kiln_buf_done(&pages);
	free(writer);
	return code;
}
