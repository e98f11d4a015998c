/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/address.h"

#include <string.h>

#include "base/text.h"

kiln_code address_parse(const char *text, const char *host, struct address *ret_address,
			struct kiln_err *err)
{
	const char *colon = strrchr(text, ':');
	const char *digits = colon ? colon + 1 : text, *given = text;
	size_t n = colon ? (size_t)(colon - text) : 0;
	uint64_t port;

	if (n >= 2 && given[0] == '[' && given[n - 1] == ']') {
		given++;
		n -= 2;
	}
	if (!kiln_text_to_u64(digits, &port) || port > UINT16_MAX ||
	    n >= sizeof(ret_address->host)) {
		(void)kiln_fail(err, KILN_E_INVALID, "'%s' is no address to serve at", text);
		kiln_hint(err, "it is a port, or a host and a port: 4000, 0.0.0.0:4000, [::]:4000");
		return KILN_E_INVALID;
	}
	kiln_text_format(ret_address->host, sizeof(ret_address->host), "%.*s", n ? (int)n : 99,
			 n ? given : host);
	ret_address->port = (uint16_t)port;
	return KILN_OK;
}
