/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_LOGINS_H
#define KILN_LINK_LOGINS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where the passwords go that are written in URLs of ports: none is kept in a list of ports, a
 * registry or a file, so none can be shown. A URL loses its user and password where it comes in;
 * whoever opens a port finds them again where the user wrote them.
 */
enum { KILN_LOGINS_MAX = 64, KILN_LOGINS_URL_MAX = 256 };

/* URLs that a user has typed. Zero is empty. */
struct kiln_logins {
	char urls[KILN_LOGINS_MAX][KILN_LOGINS_URL_MAX];
	size_t n; /* of all that came; the oldest are overwritten */
};

/*
 * A URL as people may see it: without what stands before an '@', "ws://:secret@host" being
 * "ws://host". Paths stay as they are. Cut if it is longer than `size`. True: there was a login.
 */
bool kiln_login_hide(const char *url, char *dst, size_t size);

/* The same in place, after the login was kept, if there was one and it fits. */
void kiln_logins_keep(struct kiln_logins *logins, char *url);

/* The same with all that a longer text has of such URLs, without keeping anything: for what is
 * logged or kept of a user's own words. */
void kiln_logins_hide_in(char *text);

/* Look for what kiln_host.secret is asked for (kiln/link.h) in the URLs of `logins`. */
bool kiln_logins_find(const struct kiln_logins *logins, const char *url, const char *what,
		      char *ret_secret, size_t size);

/* The same in one URL with a login; false if it is of another port, or has no such thing. */
bool kiln_login_in(const char *with_login, const char *url, const char *what, char *ret_secret,
		   size_t size);

/* The same in words with spaces between them, as $KILN_PORTS has them. */
bool kiln_login_in_words(const char *words, const char *url, const char *what, char *ret_secret,
			 size_t size);

#endif
