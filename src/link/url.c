/* SPDX-License-Identifier: Apache-2.0 */
#include "link/url.h"

#include <string.h>

#include "base/text.h"
#include "link/logins.h"

static kiln_code bad_url(const char *url, const char *form, const char *why, struct kiln_err *err)
{
	char shown[KILN_LOGINS_URL_MAX];

	(void)kiln_login_hide(url, shown, sizeof(shown));
	(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", shown);
	kiln_why(err, "%s", why);
	kiln_hint(err, "such a port has the form %s", form);
	return KILN_E_INVALID;
}

static bool copy_part(char *dst, size_t size, const char *from, const char *to)
{
	const size_t n = (size_t)(to - from);

	if (n == 0 || n >= size)
		return false;
	memcpy(dst, from, n);
	dst[n] = '\0';
	return true;
}

static bool is_port(const char *text)
{
	uint64_t port;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
	}
	/* leading zeros would make it octal to some and decimal to others */
	return text[0] != '0' && kiln_text_to_u64(text, &port) && port <= 65535;
}

kiln_code kiln_net_url_parse(const char *url, const char *form, struct kiln_net_url *ret_url,
			     struct kiln_err *err)
{
	struct kiln_net_url u = { 0 };
	const char *host = strstr(url, "://"), *end, *host_end, *port;

	if (!host)
		return bad_url(url, form, "'//' is missing", err);
	host += 3;
	end = host + strcspn(host, "?");
	if (*host == '[') {
		host++;
		host_end = memchr(host, ']', (size_t)(end - host));
		port = host_end && host_end[1] == ':' ? host_end + 2 : NULL;
	} else {
		host_end = memchr(host, ':', (size_t)(end - host));
		port = host_end ? host_end + 1 : NULL;
	}
	if (host == end || host == host_end)
		return bad_url(url, form, "the host is missing", err);
	if (!port || port == end)
		return bad_url(url, form, "the port number is missing", err);
	if (!copy_part(u.host, sizeof(u.host), host, host_end) || strpbrk(u.host, "/@ "))
		return bad_url(url, form, "that is no host name", err);
	if (!copy_part(u.port, sizeof(u.port), port, end) || !is_port(u.port))
		return bad_url(url, form, "the port is no number from 1 to 65535", err);
	if (*end == '?' && !kiln_text_copy(u.options, sizeof(u.options), end + 1))
		return bad_url(url, form, "the options are too long", err);
	*ret_url = u;
	return KILN_OK;
}

bool kiln_url_next_option(const char **rest, char name[32], char value[32])
{
	const size_t n = strcspn(*rest, "&");
	const size_t n_name = strcspn(*rest, "&=");

	if (**rest == '\0')
		return false;
	kiln_text_format(name, 32, "%.*s", (int)n_name, *rest);
	kiln_text_format(value, 32, "%.*s", n > n_name ? (int)(n - n_name - 1) : 0,
			 n > n_name ? *rest + n_name + 1 : "");
	*rest += n + ((*rest)[n] == '&');
	return true;
}
