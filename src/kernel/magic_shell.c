/* SPDX-License-Identifier: Apache-2.0 */
/* Cells and lines for a shell: on this host, on another, in a container. */
#include "kernel/magic.h"

/* ---- %%bash ---- */

static bool run_bash(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return kiln_kernel_bash(k, args->body);
}

const struct kiln_magic kiln_magic_cell_bash = {
	.name = "bash",
	.cell = true,
	.summary = "Run the cell in bash on the host",
	.more = "Output is shown as it comes, input is empty. A status other than 0 fails the "
		"cell.\n"
		"The port of the connected board is free meanwhile: esptool.py can use it.",
	.run = run_bash,
};
