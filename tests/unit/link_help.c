/* SPDX-License-Identifier: Apache-2.0 */
#include "link_help.h"

const struct kiln_host plain_host;

struct kiln_link *open_link(const char *url)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;

	if (kiln_link_open(&plain_host, url, 115200, &link, &err) != KILN_OK)
		fail_msg("%s: %s (%s)", err.what, err.why, err.hint);
	return link;
}

void read_exactly(struct kiln_link *link, void *buf, size_t n)
{
	struct kiln_err err = KILN_ERR_INIT;
	size_t got;

	for (size_t at = 0; at < n; at += got) {
		if (kiln_link_read(link, (char *)buf + at, n - at, kiln_link_after(link, 5000),
				   &got, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
	}
}
