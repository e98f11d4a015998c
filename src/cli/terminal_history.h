/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_TERMINAL_HISTORY_H
#define KILN_CLI_TERMINAL_HISTORY_H

#include "cli/lineview.h"
#include "cli/search.h"

/* What a terminal remembers of what was typed at its board's prompt, and the search in it. */
struct terminal_history {
	struct typed typed;
	struct lineview view;
	struct search search;
	bool searching;
	unsigned enters; /* Enter keys that the board has not answered with a new line */
	int swallow;     /* within an escape sequence that ended a search */
};

void terminal_history_open(struct terminal_history *h);
void terminal_history_close(struct terminal_history *h);

/* The board said this. `show` gets what a search leaves behind: it ends when the board speaks. */
void terminal_history_heard(struct terminal_history *h, const uint8_t *p, size_t n,
			    struct kiln_buf *show);
/*
 * A key was pressed. True: it was for the search; `keys` is what the board gets for it, `show` what
 * the terminal does.
 */
bool terminal_history_key(struct terminal_history *h, uint8_t key, struct kiln_buf *keys,
			  struct kiln_buf *show);
/* All keys of a read have been passed: a lone Esc is over. */
void terminal_history_rest(struct terminal_history *h);

#endif
