/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_XML_H
#define KILN_KERNEL_XML_H

#include "base/buf.h"

/* Append text with < > & " as entities, and what is no XML character as '?': for HTML and SVG. */
void kiln_xml_text(struct kiln_buf *out, const char *text);

#endif
