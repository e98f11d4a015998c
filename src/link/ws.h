/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_WS_H
#define KILN_LINK_WS_H

#include "link/coded.h"
#include "link/websocket.h"

/* Private to ws.c (the way in) and webrepl.c (files). */
struct ws_link {
	struct kiln_coded coded;
	struct kiln_ws ws;
	bool upgraded;          /* frames, no longer HTTP */
	bool closed;            /* the peer said so */
	bool takes_files;       /* it has begun to take or to send one */
	struct kiln_buf binary; /* answers of the file protocol */
};

/* NULL if the link is no ws://. */
struct ws_link *kiln_ws_of(struct kiln_link *link);
/* Queue a message. */
kiln_code kiln_ws_put(struct ws_link *w, kiln_ws_opcode opcode, const void *p, size_t n);

#endif
