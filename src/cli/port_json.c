/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/port_json.h"

#include "base/text.h"

json_t *json_text(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

/* Ids in the four digits that people know them by. */
static json_t *id_json(const struct kiln_port *port, uint16_t id)
{
	char text[8];

	if (!port->is_usb)
		return json_null();
	kiln_text_format(text, sizeof(text), "%04X", id);
	return json_string(text);
}

json_t *port_json(const struct kiln_port *port)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "url",
			 port->url, "device", port->device, "hwid", json_text(port->hwid),
			 "manufacturer", json_text(port->manufacturer), "product",
			 json_text(port->product), "interface", json_text(port->interface),
			 "serial", json_text(port->serial), "location", json_text(port->location),
			 "driver", json_text(port->driver), "vid", id_json(port, port->vid), "pid",
			 id_json(port, port->pid), "likely_board", port->likely_board);
}

json_t *err_json(const struct kiln_err *err)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "code", kiln_code_name(err->code), "what",
			 err->what, "why", json_text(err->why), "hint", json_text(err->hint));
}
