/* SPDX-License-Identifier: Apache-2.0 */
#include "link/logins.h"

#include <string.h>

#include "base/text.h"
#include "link/login.h"

bool kiln_login_hide(const char *url, char *dst, size_t size)
{
	const char *rest = strstr(url, "://");
	const char *at = rest ? strrchr(rest, '@') : NULL;

	/* a '/' that is first begins a path; a later one may be of a password */
	if (!at || rest[3] == '/' || url[0] == '/') {
		kiln_text_copy(dst, size, url);
		return false;
	}
	kiln_text_format(dst, size, "%.*s%s", (int)(rest + 3 - url), url, at + 1);
	return true;
}

static const struct {
	const char *scheme, *port;
} schemes[] = { { "ws://", "8266" }, { "telnet://", "23" } };

void kiln_logins_hide_in(char *text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const size_t n_scheme = strlen(schemes[i].scheme);

		for (char *at = text; (at = strstr(at, schemes[i].scheme));) {
			char *login = at + n_scheme;
			const char *end = memrchr(login, '@', strcspn(login, " \t\r\n'\"\\`"));

			if (end)
				memmove(login, end + 1, strlen(end + 1) + 1);
			at = login;
		}
	}
}

void kiln_logins_keep(struct kiln_logins *logins, char *url)
{
	const size_t n = strlen(url);
	char shown[KILN_LOGINS_URL_MAX], *login;
	size_t n_login;

	/* a longer one is no port, and says so */
	if (n >= KILN_LOGINS_URL_MAX || !kiln_login_hide(url, shown, sizeof(shown)))
		return;
	login = strstr(url, "://") + 3;
	n_login = (size_t)(strrchr(url, '@') - login);
	if (kiln_login_is_good(login, n_login)) {
		kiln_text_copy(logins->urls[logins->n++ % KILN_LOGINS_MAX], KILN_LOGINS_URL_MAX,
			       url);
		explicit_bzero(url, n); /* `ps` is to show nothing of it */
		memcpy(url, shown, strlen(shown));
	} else if (n_login > 0) {
		/* no better: whoever opens it is to say so */
		explicit_bzero(login, n - (size_t)(login - url));
		kiln_text_format(login, n - (size_t)(login - url) + 1, "%%@%s",
				 shown + (login - url));
	}
}

bool kiln_logins_find(const struct kiln_logins *logins, const char *url, const char *what,
		      char *ret_secret, size_t size)
{
	const size_t n = logins->n < KILN_LOGINS_MAX ? logins->n : KILN_LOGINS_MAX;

	/* the newest first: a password may have been typed wrong before */
	for (size_t i = 0; i < n; i++) {
		if (kiln_login_in(logins->urls[(logins->n - 1 - i) % KILN_LOGINS_MAX], url, what,
				  ret_secret, size))
			return true;
	}
	return false;
}

bool kiln_login_in(const char *with_login, const char *url, const char *what, char *ret_secret,
		   size_t size)
{
	struct kiln_login_url login;
	const char *secret = NULL;
	bool found = false;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(with_login, schemes[i].scheme, strlen(schemes[i].scheme)) != 0 ||
		    kiln_login_url_parse(with_login, "", schemes[i].port, &login, NULL) !=
			    KILN_OK ||
		    strcmp(login.url, url) != 0)
			continue;
		if (strcmp(what, "user name") == 0)
			secret = login.user;
		else /* ws://secret@host is how people write it */
			secret = login.password[0] || i != 0 ? login.password : login.user;
		found = secret[0] && kiln_text_copy(ret_secret, size, secret);
	}
	explicit_bzero(&login, sizeof(login));
	return found;
}

bool kiln_login_in_words(const char *words, const char *url, const char *what, char *ret_secret,
			 size_t size)
{
	static const char space[] = " \t\n";
	char word[KILN_LOGINS_URL_MAX];
	bool found = false;
	size_t n;

	for (words += strspn(words, space); *words && !found; words += strspn(words, space)) {
		n = strcspn(words, space);
		if (kiln_text_format(word, sizeof(word), "%.*s", (int)n, words))
			found = kiln_login_in(word, url, what, ret_secret, size);
		words += n;
	}
	explicit_bzero(word, sizeof(word));
	return found;
}
