/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_KERNELSPEC_H
#define KILN_CLI_KERNELSPEC_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/err.h>

/*
 * What tells Jupyter of a kernel: a folder NAME in .../share/jupyter/kernels with kernel.json and
 * logos. Jupyter's documents: jupyter_client docs/kernels.rst.
 */
struct embedded_file {
	const char *name;
	const unsigned char *data;
	size_t size;
};

extern const struct embedded_file kernelspec_logos[]; /* ended by a NULL name */

/* Where to put it; at most one of prefix and sys_prefix, else it is the user's own folder. */
struct kernelspec_place {
	const char *prefix;
	bool sys_prefix;  /* the Python environment that is active */
	const char *name; /* of the kernel: letters, digits, '.', '-', '_' */
};

/* The kernel's folder. Fails with: E_INVALID (bad name), E_NOT_FOUND (no environment, no home). */
KILN_CHECK kiln_code kernelspec_folder(const struct kernelspec_place *place, char *dst, size_t size,
				       struct kiln_err *err);

/* The executable that kernel.json names. Fails with: E_NOT_FOUND. */
KILN_CHECK kiln_code kernelspec_executable(char *dst, size_t size, struct kiln_err *err);

/* Write the folder, or what of it is older. Fails with: E_DENIED, E_IO, E_NOMEM. */
KILN_CHECK kiln_code kernelspec_write(const char *folder, const char *executable,
				      const char *display_name, struct kiln_err *err);

/* Remove a folder that kernelspec_write made. Fails with: E_NOT_FOUND, E_REFUSED, E_IO. */
KILN_CHECK kiln_code kernelspec_remove(const char *folder, struct kiln_err *err);

#endif
