/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @FILE on a command line, as esptool takes it: build systems write long lists of addresses and
 * files into one. Words are split by the rules of a POSIX shell (IEEE 1003.1, "Quoting").
 */
#include "cli/argfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/whole.h"

enum { FILE_MAX = 1 << 20, WORDS_MAX = 65536 };

static kiln_code add(struct argfile *args, const char *word, size_t n, struct kiln_err *err)
{
	char **argv, *copy;

	if (args->argc >= WORDS_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "the command line has too many words");
	argv = realloc(args->argv, ((size_t)args->argc + 2) * sizeof(*argv));
	if (argv)
		args->argv = argv;
	copy = strndup(word, n);
	if (!argv || !copy) {
		free(copy);
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the command line");
	}
	argv[args->argc++] = copy;
	argv[args->argc] = NULL;
	return KILN_OK;
}

/* One line on its way. */
struct scan {
	struct kiln_span rest;
	char quote;   /* that is open, or 0 */
	bool in_word; /* also an empty one: '' is a word */
	struct kiln_buf word;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char take(struct scan *s)
{
	const char c = (char)s->rest.p[0];

	s->rest = kiln_span(s->rest.p + 1, s->rest.n - 1);
	return c;
}

/* A backslash: within "" only before \ and ", or it stands for itself. */
static kiln_code escape(struct scan *s, struct kiln_err *err)
{
	if (s->rest.n == 0)
		return kiln_fail(err, KILN_E_INVALID, "nothing follows the last backslash");
	if (s->quote && s->rest.p[0] != '\\' && s->rest.p[0] != '"')
		return kiln_buf_putc(&s->word, '\\');
	return kiln_buf_putc(&s->word, (uint8_t)take(s));
}

static kiln_code step(struct scan *s, struct argfile *args, struct kiln_err *err)
{
	const char c = take(s);

	if (!s->quote && is_blank(c)) {
		if (s->in_word)
			KILN_TRY(add(args, kiln_buf_str(&s->word), s->word.len, err));
		kiln_buf_reset(&s->word);
		s->in_word = false;
		return KILN_OK;
	}
	s->in_word = true;
	if (c == '\\' && s->quote != '\'')
		return escape(s, err);
	if (s->quote ? c == s->quote : c == '\'' || c == '"') {
		s->quote = s->quote ? '\0' : c;
		return KILN_OK;
	}
	return kiln_buf_putc(&s->word, (uint8_t)c);
}

kiln_code argfile_split(struct kiln_span line, struct argfile *args, struct kiln_err *err)
{
	struct scan s = { .rest = line, .word = KILN_BUF_INIT(FILE_MAX) };
	kiln_code code = KILN_OK;

	while (s.rest.n && code == KILN_OK)
		code = step(&s, args, err);
	if (code == KILN_OK && s.quote)
		code = kiln_fail(err, KILN_E_INVALID, "a quote is not closed");
	if (code == KILN_OK && s.in_word)
		code = add(args, kiln_buf_str(&s.word), s.word.len, err);
	kiln_buf_done(&s.word);
	return code;
}

static kiln_code add_file(struct argfile *args, const char *path, struct kiln_err *err)
{
	struct kiln_buf file = KILN_BUF_INIT(FILE_MAX);
	kiln_code code = whole_read(path, &file, err);
	struct kiln_span rest = kiln_buf_span(&file);
	unsigned line = 0;

	while (code == KILN_OK && rest.n) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		const size_t n = end ? (size_t)(end - rest.p) : rest.n;

		line++;
		code = argfile_split(kiln_span(rest.p, n), args, err);
		if (code != KILN_OK)
			kiln_because(err, "cannot use line %u of '%s'", line, path);
		rest = kiln_span(rest.p + n + (end != NULL), rest.n - n - (end != NULL));
	}
	kiln_buf_done(&file);
	return code;
}

kiln_code argfile_expand(int argc, char **argv, struct argfile *ret, struct kiln_err *err)
{
	struct argfile args = { 0 };
	kiln_code code = KILN_OK;

	for (int i = 0; i < argc && code == KILN_OK; i++) {
		if (i == 0 || argv[i][0] != '@') {
			code = add(&args, argv[i], strlen(argv[i]), err);
			continue;
		}
		args.expanded = true;
		code = add_file(&args, argv[i] + 1, err);
	}
	if (code == KILN_OK)
		*ret = args;
	else
		argfile_done(&args);
	return code;
}

void argfile_done(struct argfile *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->argv[i]);
	free(args->argv);
	*args = (struct argfile){ 0 };
}
