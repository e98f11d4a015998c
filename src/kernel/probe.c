/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/probe.h"

static const char *const names[] = { "_VSCODE_", "__VSCODE", "__vsc" };

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool starts_name(struct kiln_span code, size_t at)
{
	if (at > 0 && is_word(code.p[at - 1]))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t n = strlen(names[i]);

		if (code.n - at >= n && memcmp(code.p + at, names[i], n) == 0)
			return true;
	}
	return false;
}

/* Past a comment or a one-line string, where a user may write such a name himself. */
static size_t skip_quiet(struct kiln_span code, size_t at)
{
	const uint8_t c = code.p[at];

	if (c == '#') {
		while (at < code.n && code.p[at] != '\n')
			at++;
		return at;
	}
	if (c != '"' && c != '\'')
		return at;
	for (at++; at < code.n && code.p[at] != c && code.p[at] != '\n'; at++)
		at += code.p[at] == '\\';
	return at < code.n ? at + 1 : code.n;
}

bool kiln_is_probe(struct kiln_span code)
{
	size_t at = 0;

	while (at < code.n) {
		const size_t next = skip_quiet(code, at);

		if (next > at) {
			at = next;
			continue;
		}
		if (starts_name(code, at))
			return true;
		at++;
	}
	return false;
}
