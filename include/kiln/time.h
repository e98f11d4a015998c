/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TIME_H
#define KILN_TIME_H

#include <stdint.h>

#include <kiln/api.h>

/*
 * Time in milliseconds on a clock that never goes back. Timeouts are absolute deadlines on that
 * clock, so that they survive EINTR and partial reads.
 *
 * Which clock is the link's affair (kiln_link_now): a real port has CLOCK_MONOTONIC, a virtual
 * board may have a clock that only moves when somebody waits for it. So code that talks to a
 * board never asks the system for the time.
 */
typedef int64_t kiln_ms;

#define KILN_FOREVER INT64_MAX

/* CLOCK_MONOTONIC in milliseconds. */
KILN_API kiln_ms kiln_now(void);

#endif
