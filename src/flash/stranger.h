/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_STRANGER_H
#define KILN_FLASH_STRANGER_H

#include "base/buf.h"

/*
 * What a file is that is no firmware image: a web page instead of the download, an archive, a
 * program of another kind. Pure.
 */
struct kiln_stranger {
	const char *why, *hint;
};

struct kiln_stranger kiln_stranger_of(struct kiln_span file);

#endif
