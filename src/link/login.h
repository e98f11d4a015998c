/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_LOGIN_H
#define KILN_LINK_LOGIN_H

#include "link/link_impl.h"
#include "link/url.h"

/*
 * SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/]: a URL of something that asks who is there. `url` is
 * the same without user and password: for errors, logs, and whoever reads a list of ports.
 */
struct kiln_login_url {
	struct kiln_net_url net;
	char url[256];
	char user[64], password[64]; /* %XX decoded; empty if not given */
};

KILN_CHECK kiln_code kiln_login_url_parse(const char *url, const char *form,
					  const char *default_port, struct kiln_login_url *ret_url,
					  struct kiln_err *err);

/* Can this be read as a login, USER[:PASSWORD]? */
bool kiln_login_is_good(const char *login, size_t n);

/* A secret that belongs to this port in $KILN_PORTS, else of the environment, else of the program
 * (kiln_host.secret). False: there is none. */
bool kiln_secret(const struct kiln_host *host, const char *url, const char *what,
		 const char *variable, char *ret_secret, size_t size);

#endif
