/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_DOWNLOAD_H
#define KILN_KERNEL_DOWNLOAD_H

#include <kiln/fetch.h>

#include "kernel/kernel_impl.h"

/* Downloads of a cell: what the user must know goes to stderr; how far it is, to whom it concerns.
 */
struct kiln_download {
	struct kiln_kernel *k;
	struct kiln_fetcher *fetcher;
	void (*progress)(void *user, const char *what, uint64_t done, uint64_t total);
	void *user;
};

/* `d` has k, progress and user; it stays where it is until it is closed. */
KILN_CHECK kiln_code kiln_download_open(struct kiln_download *d, bool offline,
					struct kiln_err *err);
void kiln_download_close(struct kiln_download *d);

#endif
