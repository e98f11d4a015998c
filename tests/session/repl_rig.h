/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_REPL_RIG_H
#define KILN_TESTS_REPL_RIG_H

#include "session_help.h"

#include "fake_board.h"
#include "qemu_help.h"

/*
 * The boards that the engine is tried on, and running programs there: the virtual one with a
 * current MicroPython, the real micro:bit's old one in qemu, one that is like CircuitPython, and
 * one that misbehaves. The last two are scripted.
 */
struct rig;

struct board {
	const char *name;
	bool (*begin)(struct rig *rig); /* false: not to be had here */
	void (*end)(struct rig *rig);
	size_t much;       /* how much output it is asked for */
	size_t long_lines; /* of a long program: what its memory takes */
	bool real_time;
	bool restarts; /* when its prompt is left */
};

extern struct rig {
	const struct board *board;
	struct kiln_host host;
	struct kiln_repl *repl;
	struct fake_board fake;
	struct microbit microbit;
	struct kiln_buf out;
	size_t out_bytes, texts; /* texts: how often output came */
	struct kiln_repl_result result;
	struct kiln_err err;
	const char *cancel_on; /* cancel, once, when this has been printed */
	kiln_ms cancel_at;     /* or then, on the link's clock */
} rig;

#define MUCH "def much(n):\n for i in range(n):\n  print('y' * 99)\nmuch("
#define LONG "x = 0\n"

/* By name; NULL: there is none. */
const struct board *rig_board(const char *name);

/* For cmocka: rig.board is there and has a session. */
int rig_begin(void **state);
int rig_end(void **state);

/* The scripted board with quirks of the test's own, and a session; both end in rig_end_fake. */
void rig_begin_fake(const struct fake_quirks *quirks);
void rig_end_fake(void);

/* What it prints is in rig.out, how it ends in rig.result. */
kiln_code rig_run_quiet(const char *code, int64_t quiet_ms);
void rig_run(const char *code); /* or the test fails */
/* For struct kiln_repl_output: to rig.out, as far as that takes it. */
void rig_keep(void *user, const char *text, size_t n);
/* As it was printed, without what a timer prints between programs. */
const char *rig_printed(void);
void rig_expect(const char *code, const char *output);
void rig_expect_exception(const char *code, const char *name);

/* Cancel `ms` from now on. Scripted boards have a waiter of their own. */
void rig_cancel_in(int ms);

#endif
