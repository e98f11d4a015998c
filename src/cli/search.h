/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_SEARCH_H
#define KILN_CLI_SEARCH_H

#include "cli/typed.h"

/*
 * Looking backwards through what was typed, as shells do it on Ctrl-R. The board knows nothing of
 * it: its line editor, with its own Up and Down, is left alone, and Ctrl-R means nothing to it.
 *
 *	(search) 'wlan': wlan.connect('home')
 *
 * Letters narrow it down, Ctrl-R goes to an older line, Enter runs the line, Tab, Right, End and
 * Esc take it over to be edited, Ctrl-C and Ctrl-G leave things as they were.
 */
struct search {
	const struct typed *typed;
	char words[128];
	size_t n;
	long at; /* the line that is shown; -1: none */
};

typedef enum search_end {
	SEARCH_GOES_ON,
	SEARCH_RUNS,  /* the line, and Enter */
	SEARCH_EDITS, /* the line, to be edited */
	SEARCH_GIVES_UP,
} search_end;

void search_begin(struct search *s, const struct typed *typed);
search_end search_key(struct search *s, uint8_t key);
/* What the terminal's line is to show, in place of the prompt. */
void search_show(const struct search *s, struct kiln_buf *ret_text);
/* The line that was found; NULL: none. */
const char *search_line(const struct search *s);

#endif
