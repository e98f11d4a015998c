/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_RENDER_H
#define KILN_CLI_RENDER_H

#include <kiln/flash.h>

#include "cli/cli.h"
#include "cli/dialect.h"
#include "cli/term.h"

/*
 * Kiln's own face of a flash job. From the same events come: on a terminal, lines for what is done
 * and a bar for what goes on; in a pipe, lines only, with a few milestones; with --json, an object
 * for each event.
 */
struct render {
	struct cli *cli;
	struct term_line line;
	struct dialect_run done;  /* lines that stay */
	struct dialect_run going; /* what stands beside the bar */
	unsigned quarter;         /* the last one of which a pipe was told */
	kiln_ms drawn;            /* when the bar was drawn last: not more than 10 times a second */
};

void render_init(struct render *r, struct cli *cli);
void render_done(struct render *r);

/* For kiln_flasher_options.event; `user` is the struct render. */
void render_event(void *user, const struct kiln_flash_event *event);

/* A line that stays; nothing with --json. */
void render_say(struct render *r, const char *fmt, ...) KILN_PRINTF(2, 3);

extern const struct dialect render_done_texts, render_going_texts;

/* "[=====>    ]  45 %" with `width` places in the brackets. */
void render_bar(char *dst, size_t size, int width, uint64_t done, uint64_t total);

/* The event as an object, NULL without memory. */
struct json_t *render_json(const struct kiln_flash_event *event);

#endif
