/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_PORT_JSON_H
#define KILN_CLI_PORT_JSON_H

#include <jansson.h>

#include <kiln/port.h>

/* A port as an object: each name is always there, null where nothing is known. */
json_t *port_json(const struct kiln_port *port);
/* A string, or null for an empty one. */
json_t *json_text(const char *text);
/* {"code", "what", "why", "hint"} */
json_t *err_json(const struct kiln_err *err);

#endif
