/* SPDX-License-Identifier: Apache-2.0 */
#include "link/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "link/logins.h"

/* RFC 3986, 2.1. False: too long, or a %XX that is none. */
static bool decode(const char *p, size_t n, char *dst, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c == '%') {
			const int high = i + 2 < n ? kiln_hex_digit(p[i + 1]) : -1;
			const int low = high < 0 ? -1 : kiln_hex_digit(p[i + 2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (out + 1 >= size || c == '\0')
			return false;
		dst[out++] = c;
	}
	dst[out] = '\0';
	return true;
}

static bool decode_login(const char *p, size_t n, struct kiln_login_url *u)
{
	const char *colon = n ? memchr(p, ':', n) : NULL;
	const size_t n_user = colon ? (size_t)(colon - p) : n;

	return decode(p, n_user, u->user, sizeof(u->user)) &&
	       (!colon || decode(colon + 1, n - n_user - 1, u->password, sizeof(u->password)));
}

bool kiln_login_is_good(const char *login, size_t n)
{
	struct kiln_login_url u;
	const bool good = decode_login(login, n, &u);

	explicit_bzero(&u, sizeof(u));
	return good;
}

static bool has_port(const char *host, size_t n)
{
	const char *bracket = n ? memchr(host, ']', n) : NULL;
	const char *from = bracket ? bracket : host;

	return memchr(from, ':', n - (size_t)(from - host)) != NULL;
}

kiln_code kiln_login_url_parse(const char *url, const char *form, const char *default_port,
			       struct kiln_login_url *ret_url, struct kiln_err *err)
{
	struct kiln_login_url u = { .user = "" };
	const char *scheme_end = strstr(url, "://"), *rest, *at;
	size_t n;

	if (!scheme_end)
		return kiln_net_url_parse(url, form, &u.net, err); /* says what is missing */
	rest = scheme_end + 3;
	/* as kiln_login_hide has it: a '/' before an '@' is of the password */
	at = rest[0] == '/' ? NULL : strrchr(rest, '@');
	if (at && !decode_login(rest, (size_t)(at - rest), &u)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%.*s'",
				(int)(scheme_end - url) + 3, url);
		kiln_why(err, "its user or password is too long, or has a '%%' without two hex "
			      "digits");
		kiln_hint(err, "such a port has the form %s", form);
		return KILN_E_INVALID;
	}
	if (at)
		rest = at + 1;
	n = strcspn(rest, "/?");
	kiln_text_format(u.url, sizeof(u.url), "%.*s://%.*s%s%s%s", (int)(scheme_end - url), url,
			 (int)n, rest, has_port(rest, n) ? "" : ":",
			 has_port(rest, n) ? "" : default_port,
			 rest[n] == '/' && !rest[n + 1] ? "" : rest + n);
	KILN_TRY(kiln_net_url_parse(u.url, form, &u.net, err));
	*ret_url = u;
	return KILN_OK;
}

bool kiln_secret(const struct kiln_host *host, const char *url, const char *what,
		 const char *variable, char *ret_secret, size_t size)
{
	const char *value = getenv(variable), *ports = getenv("KILN_PORTS");

	if (ports && kiln_login_in_words(ports, url, what, ret_secret, size))
		return true;
	if (value && value[0])
		return kiln_text_copy(ret_secret, size, value);
	return host->secret && host->secret(host->secret_user, url, what, ret_secret, size) &&
	       ret_secret[0];
}
