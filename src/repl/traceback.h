/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_TRACEBACK_H
#define KILN_REPL_TRACEBACK_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * What MicroPython prints for an exception (py/obj.c, mp_obj_print_exception):
 *
 *	Traceback (most recent call last):
 *	  File "<stdin>", line 1, in <module>
 *	NameError: name 'x' isn't defined
 *
 * Without memory for a traceback, or on Ctrl-C while it reads, the last line stands alone.
 */

/* Could `text` be that, or the beginning of it? Decides early on what is certainly not. */
bool kiln_traceback_plausible(struct kiln_span text, bool whole);

/* Name and value, fit to be printed; false if text is no exception. */
bool kiln_traceback_parse(struct kiln_span text, char *ret_name, size_t name_size, char *ret_value,
			  size_t value_size);

#endif
