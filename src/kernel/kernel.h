/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_KERNEL_H
#define KILN_KERNEL_KERNEL_H

#include <kiln/link.h>

#include "base/buf.h"
#include "kernel/connection.h"

/* The Jupyter kernel: serves one notebook until it is told to end. */
struct kiln_kernel_config {
	const struct kiln_connection *connection;
	const struct kiln_scheme *schemes; /* as in kiln_host */
	struct kiln_ui ui;
	const char *tools;   /* folder to put before PATH of bash cells; may be NULL */
	const char *version; /* of the program */
};

/*
 * Serve. The caller has blocked SIGINT, SIGTERM and SIGHUP before anything else; they are taken
 * in order with messages here.
 * Fails with: what kiln_sockets_open fails with, E_NOMEM, E_IO.
 */
kiln_code kiln_kernel_run(const struct kiln_kernel_config *config, struct kiln_err *err);

/* All magics in Markdown: a table, then what -h of each says. */
void kiln_kernel_manual(struct kiln_buf *out);

#endif
