/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_URL_H
#define KILN_LINK_URL_H

#include <stdbool.h>

#include <kiln/err.h>

/*
 * SCHEME://HOST:PORT[?OPTION[=VALUE][&...]]; an IPv6 address stands in brackets.
 * Pure text; `form` is what the error text shows as the right form.
 */
struct kiln_net_url {
	char host[128];
	char port[6];     /* decimal, 1..65535, as getaddrinfo takes it */
	char options[64]; /* what follows the '?', empty if none */
};

KILN_CHECK kiln_code kiln_net_url_parse(const char *url, const char *form,
					struct kiln_net_url *ret_url, struct kiln_err *err);

/*
 * Take the first option off `*rest` ("a=1&b"). False at the end. An option without '=' has an
 * empty value.
 */
bool kiln_url_next_option(const char **rest, char name[32], char value[32]);

#endif
