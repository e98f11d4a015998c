/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_LINK_HELP_H
#define KILN_TESTS_LINK_HELP_H

#include "unit.h"

#include <kiln/link.h>

extern const struct kiln_host plain_host;

/* These fail the test if they can't. */
struct kiln_link *open_link(const char *url);
void read_exactly(struct kiln_link *link, void *buf, size_t n);

#endif
