/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BASE_LEFT_H
#define KILN_BASE_LEFT_H

#include <time.h>

#include <kiln/time.h>

/* What is left until `deadline`, as ppoll takes it; zero if that has gone by. */
struct timespec kiln_time_left(kiln_ms deadline);

#endif
