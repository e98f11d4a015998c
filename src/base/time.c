/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/time.h>

#include <time.h>

kiln_ms kiln_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail with this clock */
	return (kiln_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
