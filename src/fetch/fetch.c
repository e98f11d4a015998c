/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { HASH_MIN = 8 }; /* hex digits: what an index gives at least */
#define SIZE_MAX_DEFAULT ((uint64_t)256 << 20)

static bool begins(const char *text, const char *scheme)
{
	return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

bool kiln_fetch_is_url(const char *text)
{
	return begins(text, "http://") || begins(text, "https://") || begins(text, "file://");
}

/* ---- life ---- */

void kiln_fetcher_close(struct kiln_fetcher *fetcher)
{
	if (!fetcher)
		return;
	kiln_fetch_peer_stop(&fetcher->peer);
	kiln_cache_close(&fetcher->cache);
	free(fetcher->cache_folder);
	free(fetcher->helper);
	free(fetcher);
}

static bool copy_options(struct kiln_fetcher *f, const struct kiln_fetch_options *options)
{
	if (!options)
		return true;
	f->options = *options;
	f->cache_folder = options->cache ? strdup(options->cache) : NULL;
	f->helper = options->helper ? strdup(options->helper) : NULL;
	f->options.cache = f->cache_folder;
	f->options.helper = f->helper;
	return (f->cache_folder || !options->cache) && (f->helper || !options->helper);
}

kiln_code kiln_fetcher_open(const struct kiln_host *host, const struct kiln_fetch_options *options,
			    struct kiln_fetcher **ret_fetcher, struct kiln_err *err)
{
	struct kiln_fetcher *f = calloc(1, sizeof(*f));
	kiln_code code;

	if (!f)
		return kiln_fail(err, KILN_E_NOMEM, "cannot download");
	f->host = host;
	kiln_fetch_peer_init(&f->peer);
	if (copy_options(f, options))
		code = kiln_cache_open(&f->cache, f->options.cache, err);
	else
		code = kiln_fail(err, KILN_E_NOMEM, "cannot download");
	if (f->options.stall_ms <= 0)
		f->options.stall_ms = 30000;
	if (code == KILN_OK)
		*ret_fetcher = f;
	else
		kiln_fetcher_close(f);
	return code;
}

void kiln_fetched_done(struct kiln_fetched *file)
{
	free(file->data);
	*file = (struct kiln_fetched){ .data = NULL };
}

/* ---- what all ways share ---- */

kiln_code kiln_fetch_check(const struct kiln_fetch_request *request, const char *sha256,
			   struct kiln_err *err)
{
	char shown[120];
	const char *wanted = request->sha256;

	if (!wanted || strncasecmp(sha256, wanted, strlen(wanted)) == 0)
		return KILN_OK;
	kiln_fetch_show_url(request->url, shown, sizeof(shown));
	(void)kiln_fail(err, KILN_E_VERIFY, "cannot use '%s'", shown);
	kiln_why(err, "its SHA-256 is %.*s..., not %.16s%s", (int)strlen(wanted) < 16 ? 8 : 16,
		 sha256, wanted, strlen(wanted) > 16 ? "..." : "");
	kiln_hint(err, "what came is not what was announced: try again later, and tell whoever "
		       "keeps that server if it stays so");
	return KILN_E_VERIFY;
}

static kiln_code check_request(const struct kiln_fetch_request *request, struct kiln_err *err)
{
	const char *url = request->url, *hash = request->sha256;
	const size_t n = strlen(url);
	bool clean = n < KILN_FETCH_URL_MAX;
	char shown[120];

	kiln_fetch_show_url(url, shown, sizeof(shown));
	if (hash && (strlen(hash) < HASH_MIN || strlen(hash) > 64 ||
		     strspn(hash, "0123456789abcdefABCDEF") != strlen(hash))) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot download '%s'", shown);
		kiln_why(err, "its hash is not 8 to 64 hex digits");
		return KILN_E_INVALID;
	}
	for (size_t i = 0; i < n && clean; i++)
		clean = (unsigned char)url[i] > ' ' && url[i] != 0x7f;
	if (clean && kiln_fetch_is_url(url))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot download '%s'", shown);
	kiln_why(err, "it is no http:, https: or file: address");
	kiln_hint(err, "an address looks like https://HOST/PATH; a space in it is %%20");
	return KILN_E_INVALID;
}

static unsigned hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	return at ? (unsigned)(at - digits) : 16;
}

/* file:///PATH, or file://localhost/PATH; %XX stands for a byte */
static bool local_path(const char *url, char *dst, size_t size)
{
	const char *from = url + strlen("file://");
	size_t n = 0;

	if (begins(from, "localhost/"))
		from += strlen("localhost");
	if (*from != '/')
		return false;
	for (; *from && n + 1 < size; n++) {
		const unsigned high = *from == '%' ? hex_digit(from[1]) : 16;
		const unsigned low = high < 16 ? hex_digit(from[2]) : 16;

		if (low < 16 && high + low > 0) {
			dst[n] = (char)(16 * high + low);
			from += 3;
		} else {
			dst[n] = *from++;
		}
	}
	dst[n] = '\0';
	return *from == '\0';
}

kiln_code kiln_fetch_local(const struct kiln_fetch_request *request, struct kiln_fetched *ret_file,
			   struct kiln_err *err)
{
	struct kiln_fetched file = { .kept = true };
	char path[KILN_FETCH_URL_MAX];
	kiln_code code;
	int sys;

	if (!local_path(request->url, path, sizeof(path))) {
		code = kiln_fail(err, KILN_E_INVALID, "cannot read '%.120s'", request->url);
		kiln_why(err, "files of other computers are not read so");
		kiln_hint(err, "a file of this one is file:///PATH");
		return code;
	}
	sys = kiln_cache_read_file(path, request->max, &file.data, &file.size);
	if (sys == EFBIG)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s'", path);
	if (sys != 0)
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot read '%s'", path);
	kiln_cache_sha256(file.data, file.size, file.sha256);
	code = kiln_fetch_check(request, file.sha256, err);
	if (code == KILN_OK)
		*ret_file = file;
	else
		kiln_fetched_done(&file);
	return code;
}

static bool is_page(const struct kiln_fetched *file)
{
	static const char mark[] = "<!doctype html";

	return begins(file->type, "text/html") ||
	       (file->size >= sizeof(mark) && begins(file->data, mark));
}

static kiln_code refuse_page(const struct kiln_fetch_request *request, struct kiln_err *err)
{
	char shown[120];

	kiln_fetch_show_url(request->url, shown, sizeof(shown));
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot use '%s'", shown);
	kiln_why(err, "it is a web page");
	kiln_hint(err, "use the address of the file itself: in a browser, that of the download "
		       "link; on GitHub, the one behind 'Raw'");
	return KILN_E_IMAGE;
}

kiln_code kiln_fetch(struct kiln_fetcher *fetcher, const struct kiln_fetch_request *request,
		     struct kiln_fetched *ret_file, struct kiln_err *err)
{
	struct kiln_fetch_request whole = *request;
	struct kiln_fetched file = { .data = NULL };

	if (whole.max == 0)
		whole.max = SIZE_MAX_DEFAULT;
	KILN_TRY(check_request(&whole, err));
	if (begins(whole.url, "file:"))
		KILN_TRY(kiln_fetch_local(&whole, &file, err));
	else
		KILN_TRY(kiln_fetch_remote(fetcher, &whole, &file, err));
	if (whole.no_page && is_page(&file)) {
		kiln_fetched_done(&file);
		return refuse_page(&whole, err);
	}
	*ret_file = file;
	return KILN_OK;
}
