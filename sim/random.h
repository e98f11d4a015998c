/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_RANDOM_H
#define KILN_SIM_RANDOM_H

#include <stdint.h>

/* splitmix64 (Steele, Lea, Flood 2014): the same seed gives the same run. */
static inline uint64_t sim_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

#endif
