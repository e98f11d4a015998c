/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told of a download that failed. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "fetch/fetch.h"

/* After "scheme://"; NULL if there is none. */
static const char *authority(const char *url)
{
	const char *at = strstr(url, "://");

	return at ? at + 3 : NULL;
}

void kiln_fetch_show_url(const char *url, char *dst, size_t size)
{
	const char *host = authority(url);
	const char *at = host ? memchr(host, '@', strcspn(host, "/?#")) : NULL;
	char text[KILN_FETCH_URL_MAX];

	if (at)
		kiln_text_format(text, sizeof(text), "%.*s%s", (int)(host - url), url, at + 1);
	else
		kiln_text_copy(text, sizeof(text), url);
	kiln_text_copy_untrusted(dst, size, text, strlen(text));
}

void kiln_fetch_host(const char *url, char *dst, size_t size)
{
	char shown[KILN_FETCH_URL_MAX];
	const char *host;

	kiln_fetch_show_url(url, shown, sizeof(shown));
	host = authority(shown);
	if (!host)
		host = shown;
	kiln_text_format(dst, size, "%.*s", (int)strcspn(host, "/?#"), host);
}

static const struct explanation {
	enum kiln_fetch_how how;
	kiln_code code;
	const char *why; /* %s: the host */
	const char *hint;
} explanations[] = {
	{ KILN_FETCH_HOW_URL, KILN_E_INVALID, "it is no address of a file on %s",
	  "an address looks like https://HOST/PATH" },
	{ KILN_FETCH_HOW_RESOLVE, KILN_E_NETWORK, "no address is known for '%s'",
	  "check the spelling, and whether this computer is on the network" },
	{ KILN_FETCH_HOW_CONNECT, KILN_E_NETWORK, "'%s' does not take connections",
	  "check the address and the network, then try again" },
	{ KILN_FETCH_HOW_TLS, KILN_E_NETWORK, "no secure connection with '%s'",
	  "check this computer's clock and that ca-certificates is installed; a network with an "
	  "authority of its own names its file in $SSL_CERT_FILE" },
	{ KILN_FETCH_HOW_TIMEOUT, KILN_E_NETWORK, "'%s' no longer sends",
	  "try again: it goes on where it stopped" },
	{ KILN_FETCH_HOW_REDIRECTS, KILN_E_NETWORK, "'%s' redirects in a circle",
	  "use the address of the file itself" },
	{ KILN_FETCH_HOW_CUT, KILN_E_NETWORK, "the connection with '%s' broke",
	  "try again: it goes on where it stopped" },
	{ KILN_FETCH_HOW_OTHER, KILN_E_NETWORK, "an error with '%s'",
	  "check the address and the network, then try again" },
};

static const struct {
	int from, to;
	kiln_code code;
	const char *why; /* %s: the host, %d: the status */
	const char *hint;
} statuses[] = {
	{ 404, 404, KILN_E_NOT_FOUND, "'%s' has no such file (%d)", "check the address" },
	{ 410, 410, KILN_E_NOT_FOUND, "'%s' has no such file any more (%d)", "check the address" },
	{ 401, 401, KILN_E_DENIED, "'%s' wants a password (%d)",
	  "download it with a browser, then use the file" },
	{ 403, 403, KILN_E_DENIED, "'%s' does not give it out (%d)",
	  "check the address; some servers refuse for a while after many requests" },
	{ 429, 429, KILN_E_NETWORK, "'%s' had too many requests (%d)", "wait a while" },
	{ 500, 599, KILN_E_NETWORK, "'%s' has an error of its own (%d)", "try again later" },
	{ 0, 999, KILN_E_NETWORK, "'%s' answers %d", "check the address" },
};

static kiln_code explain_status(const struct kiln_fetch_said *end, const char *host,
				struct kiln_err *err)
{
	size_t i = 0;

	while (end->status < statuses[i].from ||
	       (end->status > statuses[i].to && statuses[i].to < 999))
		i++;
	if (err) {
		err->code = statuses[i].code;
		err->sys = end->status;
	}
	/* the formats are those of the table above */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	kiln_why(err, statuses[i].why, host, end->status);
#pragma GCC diagnostic pop
	kiln_hint(err, "%s", statuses[i].hint);
	return statuses[i].code;
}

static kiln_code explain_how(const struct kiln_fetch_said *end, const char *host,
			     struct kiln_err *err)
{
	const struct explanation *e = explanations;
	char why[200];

	while (e->how != end->how && e->how != KILN_FETCH_HOW_OTHER)
		e++;
	if (err)
		err->code = e->code;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	kiln_text_format(why, sizeof(why), e->why, host);
#pragma GCC diagnostic pop
	if (end->text[0] && (e->how == KILN_FETCH_HOW_TLS || e->how == KILN_FETCH_HOW_OTHER))
		kiln_why(err, "%s: %s", why, end->text);
	else if (e->how == KILN_FETCH_HOW_CUT && end->at > 0 && end->total > end->at)
		kiln_why(err, "%s after %llu of %llu bytes", why, (unsigned long long)end->at,
			 (unsigned long long)end->total);
	else
		kiln_why(err, "%s", why);
	kiln_hint(err, "%s", e->hint);
	return e->code;
}

kiln_code kiln_fetch_explain(const struct kiln_fetch_said *end, const char *url, const char *folder,
			     uint64_t max, struct kiln_err *err)
{
	char shown[120], host[100];
	kiln_code code;

	kiln_fetch_show_url(url, shown, sizeof(shown));
	kiln_fetch_host(url, host, sizeof(host));
	switch (end->how) {
	case KILN_FETCH_HOW_WRITE:
		code = kiln_fail_errno(err, KILN_E_IO, end->status, "cannot download '%s' to '%s'",
				       shown, folder);
		kiln_hint(err, "free some space there, or name another folder in $XDG_CACHE_HOME");
		return code;
	case KILN_FETCH_HOW_TOO_BIG:
		code = kiln_fail(err, KILN_E_TOO_BIG, "cannot download '%s'", shown);
		kiln_why(err, "it is more than the %llu bytes that may come",
			 (unsigned long long)max);
		kiln_hint(err, "check the address");
		return code;
	default:
		(void)kiln_fail(err, KILN_E_NETWORK, "cannot download '%s'", shown);
		return end->how == KILN_FETCH_HOW_STATUS ? explain_status(end, host, err)
							 : explain_how(end, host, err);
	}
}

bool kiln_fetch_is_away(const struct kiln_fetch_said *end)
{
	switch (end->how) {
	case KILN_FETCH_HOW_RESOLVE:
	case KILN_FETCH_HOW_CONNECT:
	case KILN_FETCH_HOW_TIMEOUT:
	case KILN_FETCH_HOW_CUT:
		return true;
	case KILN_FETCH_HOW_STATUS:
		return end->status == 429 || end->status / 100 == 5;
	default:
		return false;
	}
}
