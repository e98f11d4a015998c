/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_ADDRESS_H
#define KILN_CLI_ADDRESS_H

#include <stdint.h>

#include <kiln/err.h>

/* Where to listen: "[HOST:]PORT"; an IPv6 address may stand in brackets. */
struct address {
	char host[256];
	uint16_t port;
};

/* `host`: what is taken if there is none. Fails with: E_INVALID. */
KILN_CHECK kiln_code address_parse(const char *text, const char *host, struct address *ret_address,
				   struct kiln_err *err);

#endif
