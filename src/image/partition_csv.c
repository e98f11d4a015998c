/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables from CSV text: name, type, subtype, offset, size, flags. */
#include "image/partition_impl.h"

#include "base/text.h"

enum { N_FIELDS = 6, LINE_MAX_BYTES = 512 };

enum field { NAME, TYPE, SUBTYPE, OFFSET, SIZE, FLAGS };

static const char *const field_names[N_FIELDS] = { "name",   "type", "subtype",
						   "offset", "size", "flags" };

struct row {
	unsigned line;
	char text[LINE_MAX_BYTES]; /* variables expanded; fields point into it */
	char *fields[N_FIELDS];
};

/* What a CSV file leaves open until the rows before are known. */
struct entry {
	struct kiln_partition p;
	bool has_offset;
	int64_t size; /* negative: where it ends */
};

struct reader {
	const struct kiln_partition_options *options;
	struct row row;
	struct kiln_partitions *table;
	uint32_t end; /* of the partition before */
};

#define bad(r, err, ...) kiln_partition_bad(err, KILN_E_IMAGE, (r)->row.line, __VA_ARGS__)

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *strip(char *s)
{
	size_t n;

	while (is_space(*s))
		s++;
	for (n = strlen(s); n > 0 && is_space(s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

static bool is_name_char(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* $NAME or ${NAME} at the start of `from`: append its value, and say how long it was. */
static kiln_code expand(struct reader *r, struct kiln_span from, struct kiln_buf *to,
			size_t *ret_used, struct kiln_err *err)
{
	const bool braces = from.n > 1 && from.p[1] == '{';
	const size_t start = braces ? 2 : 1;
	char name[64];
	const char *value;
	size_t n = start;

	while (n < from.n && is_name_char((char)from.p[n]))
		n++;
	(void)kiln_text_copy_untrusted(name, sizeof(name), from.p + start, n - start);
	if (braces && (n == from.n || from.p[n] != '}'))
		return bad(r, err, "'${%s' has no closing brace", name);
	value = r->options->variable ? r->options->variable(r->options->user, name) : NULL;
	if (!value)
		return bad(r, err, "unknown variable '%s'", name);
	*ret_used = n + braces;
	(void)kiln_buf_puts(to, value);
	return KILN_OK;
}

static kiln_code expand_line(struct reader *r, struct kiln_span line, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(LINE_MAX_BYTES - 1);
	kiln_code code = KILN_OK;

	for (size_t i = 0, used; i < line.n && code == KILN_OK; i += used) {
		used = 1;
		if (line.p[i] == '$')
			code = expand(r, kiln_span(line.p + i, line.n - i), &text, &used, err);
		else
			(void)kiln_buf_putc(&text, line.p[i]);
	}
	if (code == KILN_OK && text.failed)
		code = bad(r, err, "it is longer than %d bytes", LINE_MAX_BYTES - 1);
	if (code == KILN_OK && memchr(text.data, 0, text.len))
		code = bad(r, err, "there is a zero byte in it: this is no text");
	if (code == KILN_OK)
		memcpy(r->row.text, text.data, text.len + 1);
	kiln_buf_done(&text);
	return code;
}

static void split(struct row *row)
{
	char *at = row->text, *nothing = row->text + strlen(row->text);

	for (size_t i = 0; i < N_FIELDS; i++) {
		char *comma = at ? strchr(at, ',') : NULL;

		if (comma)
			*comma = '\0';
		row->fields[i] = at ? strip(at) : nothing;
		at = comma ? comma + 1 : NULL;
	}
}

static bool find_series(uint8_t type, const char *word, uint8_t *ret_value)
{
	for (size_t i = 0; i < 2; i++) {
		const struct kiln_partition_series *s = &kiln_partition_series[i];
		const size_t n = strlen(s->prefix);
		uint64_t number;

		if (s->type != type || strncasecmp(word, s->prefix, n) != 0)
			continue;
		/* "ota_01" is none: one spelling for each */
		if ((word[n] == '0' && word[n + 1]) || !kiln_text_to_u64(word + n, &number) ||
		    number >= s->n)
			continue;
		*ret_value = (uint8_t)(s->first + number);
		return true;
	}
	return false;
}

static bool find_word(const struct kiln_partition_word *words, uint8_t type, const char *word,
		      uint8_t *ret_value)
{
	for (; words->word; words++) {
		if (words->type == type && strcasecmp(words->word, word) == 0) {
			*ret_value = words->value;
			return true;
		}
	}
	return false;
}

/* Like 0x1000, 64K, 1M or -2M. A zero before decimal digits is refused: it looks octal. */
static bool to_number(const char *text, int64_t *ret_value)
{
	char digits[40];
	size_t n = strlen(text);
	uint64_t value, unit = 1;
	const bool negative = text[0] == '-';

	if (text[0] == '-' || text[0] == '+') {
		text++;
		n--;
	}
	for (; n > 0 && (text[n - 1] | 0x20) == 'k'; n--)
		unit *= 1024;
	if (n > 0 && (text[n - 1] | 0x20) == 'm') {
		unit *= 1024 * 1024;
		n--;
	}
	if (n == 0 || n >= sizeof(digits) || unit > UINT32_MAX)
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' && strspn(digits, "0_") != n)
		return false;
	if (!kiln_text_to_u64(digits, &value) || value > UINT32_MAX || value * unit > UINT32_MAX)
		return false;
	*ret_value = negative ? -(int64_t)(value * unit) : (int64_t)(value * unit);
	return true;
}

static kiln_code read_byte(struct reader *r, enum field field, uint8_t *ret, struct kiln_err *err)
{
	const char *text = r->row.fields[field];
	int64_t value;

	if (to_number(text, &value) && value >= 0 && value <= UINT8_MAX) {
		*ret = (uint8_t)value;
		return KILN_OK;
	}
	return bad(r, err, "'%s' is no partition %s", text, field_names[field]);
}

static kiln_code read_type(struct reader *r, struct kiln_partition *p, struct kiln_err *err)
{
	const char *text = r->row.fields[TYPE];

	if (!*text)
		return bad(r, err, "its type is empty");
	if (find_word(kiln_partition_types, 0, text, &p->type))
		return KILN_OK;
	if (read_byte(r, TYPE, &p->type, err) == KILN_OK)
		return KILN_OK;
	kiln_hint(err, "it is app, data, bootloader, partition_table, or a number up to 0xFE");
	return KILN_E_IMAGE;
}

static void hint_subtypes(uint8_t type, struct kiln_err *err)
{
	struct kiln_buf all = KILN_BUF_INIT(280);

	if (type == KILN_PARTITION_APP)
		(void)kiln_buf_puts(&all, "ota_0 to ota_15, tee_0, tee_1, ");
	for (const struct kiln_partition_word *w = kiln_partition_subtypes; w->word; w++) {
		if (w->type == type)
			(void)kiln_buf_printf(&all, "%s, ", w->word);
	}
	kiln_hint(err, "it is %sor a number", kiln_buf_str(&all));
	kiln_buf_done(&all);
}

static kiln_code read_subtype(struct reader *r, struct kiln_partition *p, struct kiln_err *err)
{
	const char *text = r->row.fields[SUBTYPE];

	if (!*text && p->type == KILN_PARTITION_APP)
		return bad(r, err, "the subtype of an app is empty");
	if (!*text) {
		p->subtype = KILN_PARTITION_UNDEFINED;
		return KILN_OK;
	}
	if (find_word(kiln_partition_subtypes, p->type, text, &p->subtype) ||
	    find_series(p->type, text, &p->subtype) ||
	    read_byte(r, SUBTYPE, &p->subtype, err) == KILN_OK)
		return KILN_OK;
	hint_subtypes(p->type, err);
	return KILN_E_IMAGE;
}

static kiln_code need(struct reader *r, int64_t value, const char *what, const char *option,
		      uint32_t *ret, struct kiln_err *err)
{
	if (value >= 0 && value <= UINT32_MAX) {
		*ret = (uint32_t)value;
		return KILN_OK;
	}
	(void)bad(r, err, "the offset of the %s bootloader is not known", what);
	kiln_hint(err, "say it with %s", option);
	return KILN_E_IMAGE;
}

/* Where bootloaders and the table itself stand is not for the CSV file to say. */
static kiln_code read_fixed_offset(struct reader *r, struct entry *e, struct kiln_err *err)
{
	const struct kiln_partition_options *o = r->options;

	if (e->p.type == KILN_PARTITION_TABLE && e->p.subtype == KILN_PARTITION_PRIMARY) {
		e->p.offset = o->table_offset;
		e->has_offset = true;
	} else if (e->p.type == KILN_PARTITION_BOOTLOADER &&
		   e->p.subtype == KILN_PARTITION_PRIMARY) {
		KILN_TRY(need(r, o->bootloader_offset, "primary", "--primary-bootloader-offset",
			      &e->p.offset, err));
		e->has_offset = true;
	} else if (e->p.type == KILN_PARTITION_BOOTLOADER &&
		   e->p.subtype == KILN_PARTITION_RECOVERY) {
		KILN_TRY(need(r, o->recovery_offset, "recovery", "--recovery-bootloader-offset",
			      &e->p.offset, err));
		e->has_offset = true;
	}
	return KILN_OK;
}

static kiln_code read_offset(struct reader *r, struct entry *e, struct kiln_err *err)
{
	const char *text = r->row.fields[OFFSET];
	int64_t value;

	KILN_TRY(read_fixed_offset(r, e, err));
	if (e->has_offset || !*text)
		return KILN_OK;
	if (!to_number(text, &value) || value < 0)
		return bad(r, err, "'%s' is no offset", text);
	e->p.offset = (uint32_t)value;
	e->has_offset = true;
	return KILN_OK;
}

static kiln_code read_size(struct reader *r, struct entry *e, struct kiln_err *err)
{
	const char *text = r->row.fields[SIZE];
	uint32_t bootloader;

	if (e->p.type == KILN_PARTITION_TABLE) {
		e->size = KILN_PARTITION_SECTOR;
		return KILN_OK;
	}
	if (e->p.type == KILN_PARTITION_BOOTLOADER) {
		KILN_TRY(need(r, r->options->bootloader_offset, "primary",
			      "--primary-bootloader-offset", &bootloader, err));
		e->size = (int64_t)r->options->table_offset - bootloader;
		return e->size > 0 ? KILN_OK
				   : bad(r, err, "the bootloader stands behind the table");
	}
	if (!*text)
		return bad(r, err, "its size is empty");
	if (!to_number(text, &e->size)) {
		(void)bad(r, err, "'%s' is no size", text);
		kiln_hint(err, "write it as 0x100000, 1024K or 1M; -4M ends it there");
		return KILN_E_IMAGE;
	}
	return KILN_OK;
}

static kiln_code read_flags(struct reader *r, struct kiln_partition *p, struct kiln_err *err)
{
	char *save = NULL;

	for (char *w = strtok_r(r->row.fields[FLAGS], ":", &save); w;
	     w = strtok_r(NULL, ":", &save)) {
		if (strcmp(w, "encrypted") == 0) {
			p->flags |= KILN_PARTITION_ENCRYPTED;
		} else if (strcmp(w, "readonly") == 0) {
			p->flags |= KILN_PARTITION_READONLY;
		} else {
			(void)bad(r, err, "'%s' is no flag", w);
			kiln_hint(err, "flags are encrypted and readonly, with a ':' between");
			return KILN_E_IMAGE;
		}
	}
	return KILN_OK;
}

/* Offset and size as far as the rows before decide them. */
static kiln_code place(struct reader *r, struct entry *e, struct kiln_err *err)
{
	const uint32_t align = kiln_partition_align(e->p.type);
	const uint64_t next = ((uint64_t)r->end + align - 1) / align * align;

	if (!e->has_offset && next > UINT32_MAX)
		return bad(r, err, "there is no room behind the partition before it");
	if (!e->has_offset)
		e->p.offset = (uint32_t)next;
	else if (!kiln_partition_is_fixed(&e->p) && e->p.offset < r->end)
		return kiln_partition_bad(
			err, KILN_E_OVERLAP, r->row.line,
			"partition '%s' at 0x%x begins before 0x%x, where %s ends", e->p.name,
			e->p.offset, r->end,
			r->table->n ? "the one before it" : "the table itself");
	if (e->size < 0)
		e->size = -e->size - e->p.offset;
	if (e->size < 0 || e->p.offset + e->size > UINT32_MAX)
		return bad(r, err, "partition '%s' ends before it begins, or beyond 4 GB",
			   e->p.name);
	e->p.size = (uint32_t)e->size;
	if (!kiln_partition_is_fixed(&e->p))
		r->end = e->p.offset + e->p.size;
	return KILN_OK;
}

static kiln_code read_row(struct reader *r, struct kiln_err *err)
{
	struct entry e = { .p.line = r->row.line };

	split(&r->row);
	if (!kiln_text_copy_untrusted(e.p.name, sizeof(e.p.name), r->row.fields[NAME],
				      strlen(r->row.fields[NAME])))
		return bad(r, err, "the name is longer than %zu bytes", sizeof(e.p.name) - 1);
	KILN_TRY(read_type(r, &e.p, err));
	KILN_TRY(read_subtype(r, &e.p, err));
	KILN_TRY(read_offset(r, &e, err));
	KILN_TRY(read_size(r, &e, err));
	KILN_TRY(read_flags(r, &e.p, err));
	KILN_TRY(place(r, &e, err));
	if (r->table->n == KILN_PARTITION_MAX)
		return bad(r, err, "there are more than %d partitions", KILN_PARTITION_MAX);
	r->table->items[r->table->n++] = e.p;
	return KILN_OK;
}

static struct kiln_span take_line(struct kiln_span *text)
{
	const uint8_t *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
	struct kiln_span line = kiln_span(text->p, end ? (size_t)(end - text->p) : text->n), skip;

	(void)kiln_span_take(text, line.n + (end ? 1 : 0), &skip);
	while (line.n && is_space((char)line.p[line.n - 1]))
		line.n--;
	while (line.n && is_space((char)line.p[0]))
		(void)kiln_span_take(&line, 1, &skip);
	return line;
}

static kiln_code check_encoding(struct kiln_span *text, struct kiln_err *err)
{
	struct kiln_span mark;

	if (text->n >= 3 && memcmp(text->p, "\xEF\xBB\xBF", 3) == 0)
		(void)kiln_span_take(text, 3, &mark);
	if (text->n >= 2 &&
	    (memcmp(text->p, "\xFF\xFE", 2) == 0 || memcmp(text->p, "\xFE\xFF", 2) == 0)) {
		(void)kiln_partition_bad(err, KILN_E_IMAGE, 0, "it is UTF-16 or UTF-32 text");
		kiln_hint(err, "save it as UTF-8, then try again");
		return KILN_E_IMAGE;
	}
	return KILN_OK;
}

kiln_code kiln_partition_from_csv(struct kiln_span text,
				  const struct kiln_partition_options *options,
				  struct kiln_partitions *ret_table, struct kiln_err *err)
{
	struct reader r = { .options = options, .table = ret_table };

	KILN_TRY(check_encoding(&text, err));
	if (options->table_offset > UINT32_MAX - KILN_PARTITION_SECTOR)
		return kiln_partition_bad(err, KILN_E_IMAGE, 0, "it would stand beyond 4 GB");
	ret_table->n = 0;
	r.end = options->table_offset + KILN_PARTITION_SECTOR;
	while (text.n) {
		const struct kiln_span line = take_line(&text);

		r.row.line++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		KILN_TRY(expand_line(&r, line, err));
		KILN_TRY(read_row(&r, err));
	}
	return KILN_OK;
}
