/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_CFG_H
#define KILN_CLI_CFG_H

#include <kiln/err.h>

#include "base/bytes.h"

/*
 * Files like esptool.cfg, setup.cfg and tox.ini: sections in brackets, "key = value" or
 * "key: value", comments that begin a line with # or ;, a value that goes on in indented lines.
 * Pure: what stands in one section is told entry by entry. Keys are told in lower case.
 */
typedef kiln_code (*cfg_entry)(void *user, const char *key, const char *value,
			       struct kiln_err *err);

/*
 * *ret_found tells if the section is there at all. Text that is no such file is a failure even in
 * other sections, since it is not known then what belongs where.
 * Fails with: E_INVALID (why: the line), E_TOO_BIG (a value of over 4096 bytes), what `entry`
 * fails with.
 */
KILN_CHECK kiln_code cfg_read(struct kiln_span text, const char *section, cfg_entry entry,
			      void *user, bool *ret_found, struct kiln_err *err);

#endif
