/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_SIM_HELP_H
#define KILN_TESTS_SIM_HELP_H

#include "../unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kiln/link.h>
#include <kiln/port.h>

#include "base/buf.h"
#include "base/text.h"
#include "sim/sim.h"
#include "slip/slip.h"

/*
 * For tests that talk to a virtual board through its link: boards live in a folder of the test's
 * own, on a clock that takes no time. The few loader commands here are spelled out byte by byte.
 */

/* A host whose links know sim:. */
struct kiln_host help_host(void);
/* Group set-up: a fresh XDG_STATE_HOME; tear-down removes it. */
int help_state_home(void **state);
int help_state_home_gone(void **state);

/* Open "sim:" + rest, or fail the test. */
struct kiln_link *help_open(const struct kiln_host *host, const char *rest);
/* All that comes within `ms`, as a string. */
const char *help_hear(struct kiln_link *link, int ms);
/* Reset into download mode as a host does with one ioctl a line; forget the boot text. */
void help_download(struct kiln_link *link);

/* Send a request, wait for one reply: its length, -1 if none came in time. */
int help_request(struct kiln_link *link, uint8_t op, const void *body, size_t n, uint32_t checksum,
		 uint8_t *reply, size_t size, int ms);
int help_frame(struct kiln_link *link, uint8_t *frame, size_t size, int ms);
/* The same with little-endian words for a body; returns the status byte, -1 if no reply. */
int help_words(struct kiln_link *link, uint8_t op, const uint32_t *words, size_t n, size_t tail);
int help_sync(struct kiln_link *link);
/* Load something where the stub belongs, so that the stub runs. */
void help_stub(struct kiln_link *link);
int help_data(struct kiln_link *link, uint8_t op, uint32_t seq, const void *data, size_t n,
	      size_t tail);

#endif
