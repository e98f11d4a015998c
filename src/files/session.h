/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FILES_SESSION_H
#define KILN_FILES_SESSION_H

#include <kiln/files.h>

#include "base/buf.h"
#include "files/digest.h"

enum {
	KILN_FILES_TEXT_MAX = 4 * 1024 * 1024,  /* what a board may print: a large tree */
	KILN_FILES_SIZE_MAX = 64 * 1024 * 1024, /* of one file */
};

#define KILN_FILES_TEMPORARY ".kiln-part"

/* Does the link carry files beside the REPL (link/link_files.h)? The board is asked when the first
 * one is to travel. */
typedef enum kiln_files_carry {
	KILN_FILES_CARRY_UNKNOWN = 0,
	KILN_FILES_CARRY_YES,
	KILN_FILES_CARRY_NO,
} kiln_files_carry;

struct kiln_files {
	struct kiln_repl *repl;
	bool can_stream_in, can_stream_out, can_deflate, can_compress, can_base64, can_rename,
		has_statvfs, has_stat;
	kiln_digest_kind digest;
	uint64_t memory; /* free on the board's heap at open */
	unsigned window; /* of raw-paste: half of the board's input buffer; 0: no raw-paste */
	kiln_files_carry carry;
};

/* Can it put by the stream of put_stream.c? */
bool kiln_files_streams_in(const struct kiln_files *files);

/* How much the board handles in one piece, by its memory. */
size_t kiln_files_block(const struct kiln_files *files);

/*
 * Run a program that defines _kiln(), with `args` (Python source, in brackets), and gather what
 * it prints; `what` is what fails if it does ("cannot remove ':x'").
 */
KILN_CHECK kiln_code kiln_files_run(struct kiln_files *files, const char *program,
				    const struct kiln_buf *args, struct kiln_buf *ret_text,
				    const char *what, struct kiln_err *err);

/* The same with output that goes elsewhere. */
KILN_CHECK kiln_code kiln_files_run_to(struct kiln_files *files, const char *program,
				       const struct kiln_buf *args,
				       const struct kiln_repl_output *output, const char *what,
				       struct kiln_err *err);

/* Run text as it stands. */
KILN_CHECK kiln_code kiln_files_run_code(struct kiln_files *files, const struct kiln_buf *code,
					 const struct kiln_repl_output *output, const char *what,
					 struct kiln_err *err);

/* A Ctrl-C from within the program's output: it is to end. */
void kiln_files_stop(struct kiln_files *files);

/* A program's text with each "%s" replaced by the next piece. */
void kiln_files_fill(struct kiln_buf *out, const char *text, const char *const *pieces);

/* "cannot VERB ':PATH'", for people: control characters are replaced. */
void kiln_files_what(char ret_what[160], const char *verb, const char *path);

/* Append a list of paths as Python source. Fails with: E_NOMEM, E_INVALID (no UTF-8). */
KILN_CHECK kiln_code kiln_files_path(struct kiln_buf *args, const char *path, struct kiln_err *err);

/* Take a number off a line; false if there is none. */
bool kiln_files_number(struct kiln_span *line, int64_t *ret_value);
/* Take a line off a text. */
struct kiln_span kiln_files_line(struct kiln_span *text);

/* What a board says that this code did not ask for. */
kiln_code kiln_files_bad_answer(const char *what, struct kiln_span said, struct kiln_err *err);

/* Ways to put; `offsets` are what of each item is there already. */
KILN_CHECK kiln_code kiln_files_put_stream(struct kiln_files *files,
					   const struct kiln_files_item *items,
					   const size_t *offsets, size_t n,
					   const struct kiln_files_watch *watch,
					   struct kiln_err *err);
KILN_CHECK kiln_code kiln_files_put_literals(struct kiln_files *files,
					     const struct kiln_files_item *items, size_t n,
					     const struct kiln_files_watch *watch,
					     struct kiln_err *err);

/* Can the link carry this file? Its name on the board while it travels has `extra` bytes more. */
bool kiln_files_can_carry(const struct kiln_files *files, const char *path, size_t extra);
/*
 * Ask once whether the board's end does it. Fails with: E_CANCELLED, E_PORT_GONE.
 */
KILN_CHECK kiln_code kiln_files_ask_carry(struct kiln_files *files, struct kiln_err *err);
/*
 * Put by the link, into temporaries that are verified and renamed together. again[i] is set for
 * what did not arrive as it was, which is to go another way.
 */
KILN_CHECK kiln_code kiln_files_put_carried(struct kiln_files *files,
					    const struct kiln_files_item *items, size_t n,
					    const struct kiln_files_watch *watch, bool *again,
					    struct kiln_err *err);

/* Sizes and digests of files, as the board tells them. */
struct kiln_files_measure {
	int64_t size; /* -1: it can't be read */
	char digest[KILN_DIGEST_TEXT];
};
KILN_CHECK kiln_code kiln_files_measure(struct kiln_files *files, const char *const *paths,
					size_t n, struct kiln_files_measure *ret_measures,
					struct kiln_err *err);
/* Smaller ones are not worth the round trips. */
enum { KILN_FILES_CARRY_MIN = 4096 };

/* The board's digest of the files, as lines. */
KILN_CHECK kiln_code kiln_files_hash(struct kiln_files *files, const struct kiln_buf *paths,
				     const char *what, struct kiln_buf *ret_text,
				     struct kiln_err *err);

#endif
