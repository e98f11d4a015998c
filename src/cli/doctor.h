/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_DOCTOR_H
#define KILN_CLI_DOCTOR_H

#include <kiln/port.h>

#include "cli/cli.h"

/* What `kiln doctor` finds out; cmd_doctor.c shows it. */
typedef enum doctor_level {
	DOCTOR_OK = 1,
	DOCTOR_NOTE,    /* worth knowing; nothing fails by it */
	DOCTOR_PROBLEM, /* a board can't be reached because of it */
} doctor_level;

struct finding {
	doctor_level level;
	char subject[256]; /* a port, or "this computer" */
	const char *check; /* stable name: "rights", "busy", "board"... */
	char what[400];
	char hint[320]; /* what to do; may be empty */
};

struct findings {
	struct finding *items;
	size_t n;
	bool failed; /* no memory for one of them */
};

void findings_done(struct findings *list);
size_t findings_problems(const struct findings *list);

#define DOCTOR_COMPUTER "this computer"

void doctor_add(struct findings *list, doctor_level level, const char *subject, const char *check,
		const char *hint, const char *fmt, ...) KILN_PRINTF(6, 7);

/* What holds for all ports: virtual boards, programs that get in the way, USB without a driver. */
void doctor_computer(const struct cli *cli, struct findings *list,
		     const struct kiln_port_list *ports);

/*
 * The way to one port: its node, driver, rights, and who holds it. True if it can be opened. What
 * is wrong with a port that `matters` not is only a note.
 */
bool doctor_way(struct findings *list, const struct kiln_port *port, bool matters);

#endif
