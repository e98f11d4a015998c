/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_PICTURE_H
#define KILN_KERNEL_PICTURE_H

#include "kernel/kernel_impl.h"

/*
 * Pictures in a notebook: display_data, and update_display_data of the same display for those that
 * move. Text that was printed before goes out before. Nothing is shown in a silent request.
 */
struct kiln_display {
	char id[64];  /* empty until it was shown first */
	kiln_ms next; /* no update before this: see kiln_display_due() */
};

/* `mime` and `rich` may be NULL: text only. */
void kiln_display_show(struct kiln_kernel *k, struct kiln_display *display, const char *mime,
		       const char *rich, const char *plain);
/* True ten times a second: front ends can't draw more, and need not. */
bool kiln_display_due(const struct kiln_display *display);

#endif
