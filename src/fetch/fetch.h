/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FETCH_FETCH_H
#define KILN_FETCH_FETCH_H

#include <kiln/fetch.h>

#include "fetch/cache.h"
#include "fetch/peer.h"

enum { KILN_FETCH_URL_MAX = 2048 };

struct kiln_fetcher {
	const struct kiln_host *host;
	struct kiln_fetch_options options;
	struct kiln_cache cache;
	struct kiln_fetch_peer peer;
	char *cache_folder, *helper; /* copies of what the options name */
};

/* A URL as people may see it: without a name and password, control characters replaced. */
void kiln_fetch_show_url(const char *url, char *dst, size_t size);

/* The host of a URL, for texts. */
void kiln_fetch_host(const char *url, char *dst, size_t size);

/* What a transfer that failed means: fills err. `folder` is where the cache is. */
kiln_code kiln_fetch_explain(const struct kiln_fetch_said *end, const char *url, const char *folder,
			     uint64_t max, struct kiln_err *err);

/* Is it the network, or the server as a whole, that is away: so that a kept copy may serve? */
bool kiln_fetch_is_away(const struct kiln_fetch_said *end);

/* file:// */
KILN_CHECK kiln_code kiln_fetch_local(const struct kiln_fetch_request *request,
				      struct kiln_fetched *ret_file, struct kiln_err *err);

/* Has the file the hash that was asked for? Fails with: E_VERIFY. */
KILN_CHECK kiln_code kiln_fetch_check(const struct kiln_fetch_request *request, const char *sha256,
				      struct kiln_err *err);

/* Over the network, into the cache and from there. */
KILN_CHECK kiln_code kiln_fetch_remote(struct kiln_fetcher *f,
				       const struct kiln_fetch_request *request,
				       struct kiln_fetched *ret_file, struct kiln_err *err);

#endif
