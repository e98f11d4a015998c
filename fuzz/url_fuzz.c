/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "link/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken apart can be put together again, and is taken apart to the same parts. */
static void same_again(const struct kiln_net_url *u)
{
	const bool v6 = strchr(u->host, ':') != NULL;
	struct kiln_net_url again;
	char text[300];

	kiln_text_format(text, sizeof(text), "x://%s%s%s:%s%s%s", v6 ? "[" : "", u->host,
			 v6 ? "]" : "", u->port, u->options[0] ? "?" : "", u->options);
	if (strchr(u->host, '[') || strchr(u->host, ']'))
		return; /* no address, but no business of the parser either: no host is found */
	assert(kiln_net_url_parse(text, "", &again, NULL) == KILN_OK);
	assert(strcmp(u->host, again.host) == 0 && strcmp(u->port, again.port) == 0);
	assert(strcmp(u->options, again.options) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512], name[32], value[32];
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_net_url u;
	const char *rest = u.options;

	if (size >= sizeof(text) || memchr(data, 0, size))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (kiln_net_url_parse(text, "form", &u, &err) != KILN_OK) {
		assert(err.why[0] && err.hint[0]);
		return 0;
	}
	same_again(&u);
	for (int options = 0; kiln_url_next_option(&rest, name, value); options++)
		assert(options <= (int)sizeof(u.options));
	return 0;
}
