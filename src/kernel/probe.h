/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_PROBE_H
#define KILN_KERNEL_PROBE_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * VS Code runs CPython code of its own in kernels that it takes for Python: where is the
 * interpreter, which widgets are there. On a board that is an ImportError at best. All of its
 * names begin with _VSCODE_ or __vsc. Pure.
 */
bool kiln_is_probe(struct kiln_span code);

#endif
