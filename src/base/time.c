/* SPDX-License-Identifier: Apache-2.0 */
#include "base/left.h"

#include <limits.h>

kiln_ms kiln_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail with this clock */
	return (kiln_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct timespec kiln_time_left(kiln_ms deadline)
{
	const kiln_ms now = kiln_now(), left = deadline > now ? deadline - now : 0,
		      seconds = left / 1000 < INT_MAX ? left / 1000 : INT_MAX;

	return (struct timespec){ .tv_sec = (time_t)seconds,
				  .tv_nsec = (long)(left % 1000 * 1000000) };
}
