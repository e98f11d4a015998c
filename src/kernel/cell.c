/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cell.h"

#include "kernel/pylex.h"

void kiln_cell_init(struct kiln_cell *cell, struct kiln_span code)
{
	*cell = (struct kiln_cell){ .rest = code };
}

/* The next line without its newline; it stays in the cell. */
static struct kiln_span peek_line(const struct kiln_cell *cell)
{
	const uint8_t *end = cell->rest.n ? memchr(cell->rest.p, '\n', cell->rest.n) : NULL;

	return kiln_span(cell->rest.p, end ? (size_t)(end - cell->rest.p) : cell->rest.n);
}

static void skip_line(struct kiln_cell *cell)
{
	const size_t n = peek_line(cell).n;
	const size_t used = n < cell->rest.n ? n + 1 : n;

	cell->rest.p += used;
	cell->rest.n -= used;
	cell->line++;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static struct kiln_span trim(struct kiln_span s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_cell_magic(struct kiln_span line)
{
	return line.n > 2 && line.p[0] == '%' && line.p[1] == '%' && is_letter(line.p[2]);
}

bool kiln_cell_is_magic_line(struct kiln_span line)
{
	if (line.n > 1 && line.p[0] == '%')
		return is_letter(line.p[1]);
	return line.n > 0 && line.p[0] == '!';
}

/* The rest of the cell belongs to the magic on its first line. */
static void take_cell_magic(struct kiln_cell *cell, struct kiln_part *part)
{
	const struct kiln_span line = peek_line(cell);

	part->kind = KILN_PART_CELL_MAGIC;
	part->text = trim(kiln_span(line.p + 2, line.n - 2));
	skip_line(cell);
	part->body = cell->rest;
	cell->rest = kiln_span(cell->rest.p + cell->rest.n, 0);
}

/* One line, and those that it goes on with after a backslash. */
static void take_magic(struct kiln_cell *cell, struct kiln_part *part)
{
	const uint8_t *start = cell->rest.p + 1;
	struct kiln_span line;

	part->kind = cell->rest.p[0] == '%' ? KILN_PART_MAGIC : KILN_PART_BASH;
	do {
		line = trim(peek_line(cell));
		skip_line(cell);
	} while (line.n > 0 && line.p[line.n - 1] == '\\' && cell->rest.n > 0);
	part->text = trim(kiln_span(start, (size_t)(line.p + line.n - start)));
}

/* Lines up to the next magic; returns false if there is nothing to run in them. */
static bool take_board(struct kiln_cell *cell, struct kiln_part *part)
{
	const uint8_t *start = cell->rest.p;
	struct kiln_pylex lex;
	bool any = false;

	kiln_pylex_init(&lex);
	while (cell->rest.n > 0) {
		const struct kiln_span line = peek_line(cell), text = trim(line);

		if (!kiln_pylex_open(&lex) && kiln_cell_is_magic_line(line))
			break;
		any = any || (text.n > 0 && text.p[0] != '#');
		kiln_pylex_line(&lex, (const char *)line.p, line.n);
		skip_line(cell);
	}
	part->kind = KILN_PART_BOARD;
	part->text = kiln_span(start, (size_t)(cell->rest.p - start));
	return any;
}

bool kiln_cell_next(struct kiln_cell *cell, struct kiln_part *ret_part)
{
	while (cell->rest.n > 0) {
		struct kiln_part part = { .line = cell->line };
		const struct kiln_span line = peek_line(cell);

		if (!cell->begun && trim(line).n == 0) {
			skip_line(cell);
			continue;
		}
		if (!cell->begun && is_cell_magic(line)) {
			take_cell_magic(cell, &part);
		} else if (kiln_cell_is_magic_line(line)) {
			take_magic(cell, &part);
		} else if (!take_board(cell, &part)) {
			cell->begun = true;
			continue;
		}
		cell->begun = true;
		*ret_part = part;
		return true;
	}
	return false;
}
