/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_XML_H
#define KILN_KERNEL_XML_H

#include "base/buf.h"

/* Append text with < > & " as entities, and what is no XML character as '?': for HTML and SVG. */
void kiln_xml_text(struct kiln_buf *out, const char *text);

/*
 * The beginning of a picture, on a white ground: it can be read on a dark page too. Where the page
 * is narrower the picture is smaller.
 */
void kiln_svg_begin(struct kiln_buf *out, int width, int height);

#endif
