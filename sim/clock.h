/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_CLOCK_H
#define KILN_SIM_CLOCK_H

#include <stdint.h>

/*
 * The virtual board's time: nanoseconds on a clock that its owner moves. Nothing in the board
 * asks the system for the time.
 */
typedef int64_t sim_ns;

#define SIM_NEVER INT64_MAX
#define SIM_US ((sim_ns)1000)
#define SIM_MS ((sim_ns)1000000)
#define SIM_S ((sim_ns)1000000000)

static inline sim_ns sim_earlier(sim_ns a, sim_ns b)
{
	return a < b ? a : b;
}

#endif
