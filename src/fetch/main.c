/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kiln-fetch: the only program of Kiln that loads libcurl. It takes requests from standard input,
 * writes what comes to the file that the request names, and says on standard output how it goes
 * (wire.h). What the cache keeps, what is tried again and what people are told is not its affair.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kiln/time.h>
#include <kiln/version.h>

#include "base/text.h"
#include "fetch/wire.h"

enum { REDIRECTS_MAX = 8, CONNECT_MS = 15000, TELL_MS = 50 };

struct transfer {
	CURL *curl;
	int fd;
	uint64_t offset; /* asked for: the file is so long already */
	uint64_t at, max;
	int write_errno;
	bool head_said, is_file, too_big, refused;
	bool has_range; /* of the answer that comes now */
	uint64_t range_from, range_total;
	kiln_ms told;
};

static void say(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (text) {
		puts(text);
		(void)fflush(stdout);
	}
	free(text);
	json_decref(object);
}

static const char *member(const json_t *request, const char *name)
{
	const char *text = json_string_value(json_object_get(request, name));

	return text ? text : "";
}

/* ---- the answer's head ---- */

/* RFC 9110, 14.4: "bytes 500-999/8000"; the whole length may be '*'. */
static void read_range(struct transfer *t, const char *text)
{
	const char *at = text + strspn(text, " ");
	char *end;

	if (strncmp(at, "bytes ", 6) != 0)
		return;
	t->range_from = strtoull(at + 6, &end, 10);
	t->has_range = end > at + 6 && *end == '-';
	at = strchr(end, '/');
	t->range_total = at ? strtoull(at + 1, NULL, 10) : 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
	static const char name[] = "content-range:";
	struct transfer *t = user;
	char text[128];

	if (n > 5 && strncmp(line, "HTTP/", 5) == 0)
		t->has_range = false; /* another answer begins: after a redirect */
	if (n > sizeof(name) - 1 && strncasecmp(line, name, sizeof(name) - 1) == 0) {
		kiln_text_format(text, sizeof(text), "%.*s", (int)(n - sizeof(name) + 1),
				 line + sizeof(name) - 1);
		read_range(t, text);
	}
	return size * n;
}

static const char *header(CURL *curl, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : "";
}

static uint64_t whole_length(const struct transfer *t)
{
	curl_off_t length = -1;

	if (t->has_range)
		return t->range_total;
	(void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return length > 0 ? (uint64_t)length : 0;
}

/* Where the body belongs. False: it is not what was asked for. */
static bool place(struct transfer *t, long status)
{
	t->is_file = status == 200 || status == 206;
	t->at = status == 206 ? t->offset : 0;
	t->refused = status == 206 && (!t->has_range || t->range_from != t->offset);
	if (!t->is_file)
		return true;
	if (!t->refused && ftruncate(t->fd, (off_t)t->at) == 0 &&
	    lseek(t->fd, (off_t)t->at, SEEK_SET) >= 0)
		return true;
	if (!t->refused)
		t->write_errno = errno;
	return false;
}

/* Before the first byte of the body, or at the end if there is none. */
static bool say_head(struct transfer *t)
{
	char etag[KILN_FETCH_TAG], modified[KILN_FETCH_TAG], type[64];
	long status = 0;
	bool good;

	t->head_said = true;
	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	good = place(t, status);
	kiln_fetch_tag(etag, sizeof(etag), header(t->curl, "ETag"));
	kiln_fetch_tag(modified, sizeof(modified), header(t->curl, "Last-Modified"));
	kiln_text_copy_untrusted(type, sizeof(type), header(t->curl, "Content-Type"),
				 strlen(header(t->curl, "Content-Type")));
	say(json_pack("{s:{s:I, s:I, s:I, s:s, s:s, s:s}}", "head", "status", (json_int_t)status,
		      "offset", (json_int_t)t->at, "total", (json_int_t)whole_length(t), "etag",
		      etag, "modified", modified, "type", type));
	t->told = kiln_now();
	return good;
}

/* ---- the body ---- */

static bool write_all(struct transfer *t, const char *p, size_t n)
{
	while (n > 0) {
		const ssize_t wrote = write(t->fd, p, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			t->write_errno = errno;
			return false;
		}
		p += wrote;
		n -= (size_t)wrote;
		t->at += (uint64_t)wrote;
	}
	return true;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
	struct transfer *t = user;
	const size_t bytes = size * n;

	if (!t->head_said && !say_head(t))
		return 0;
	if (!t->is_file)
		return bytes;
	t->too_big = bytes > t->max || t->at > t->max - bytes || whole_length(t) > t->max;
	if (t->too_big || !write_all(t, data, bytes))
		return 0;
	if (kiln_now() - t->told >= TELL_MS) {
		t->told = kiln_now();
		say(json_pack("{s:I}", "at", (json_int_t)t->at));
	}
	return bytes;
}

/* Called about once a second even if nothing comes: whoever asked may be gone. */
static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct pollfd p = { .fd = STDIN_FILENO };

	(void)user;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/* ---- one request ---- */

static struct curl_slist *add(struct curl_slist *list, const char *name, const char *value)
{
	char line[KILN_FETCH_TAG + 64], clean[KILN_FETCH_TAG];
	struct curl_slist *more;

	kiln_fetch_tag(clean, sizeof(clean), value);
	if (!clean[0])
		return list;
	kiln_text_format(line, sizeof(line), "%s: %s", name, clean);
	more = curl_slist_append(list, line);
	return more ? more : list;
}

static struct curl_slist *headers(const json_t *request, uint64_t offset)
{
	struct curl_slist *list = NULL;
	char range[64];

	if (offset > 0) {
		kiln_text_format(range, sizeof(range), "bytes=%llu-", (unsigned long long)offset);
		list = add(list, "Range", range);
		return add(list, "If-Range", member(request, "validator"));
	}
	list = add(list, "If-None-Match", member(request, "etag"));
	return add(list, "If-Modified-Since", member(request, "modified"));
}

static void set_options(struct transfer *t, const json_t *request, struct curl_slist *list,
			char *error)
{
	const char *url = member(request, "url"), *ca = getenv("CURL_CA_BUNDLE");
	const long stall = (long)json_integer_value(json_object_get(request, "stall_ms"));
	CURL *c = t->curl;

	curl_easy_reset(c);
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	/* what began in secret does not go on in the open */
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
			       strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	(void)curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       stall < CONNECT_MS ? stall : (long)CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (stall + 999) / 1000);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "kiln/" KILN_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	/* as the program curl does, for networks with an authority of their own */
	if (!ca || !ca[0])
		ca = getenv("SSL_CERT_FILE");
	if (ca && ca[0])
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, ca);
}

static const struct {
	CURLcode code;
	enum kiln_fetch_how how;
} ends[] = {
	{ CURLE_OK, KILN_FETCH_HOW_OK },
	{ CURLE_HTTP_RETURNED_ERROR, KILN_FETCH_HOW_STATUS },
	{ CURLE_URL_MALFORMAT, KILN_FETCH_HOW_URL },
	{ CURLE_UNSUPPORTED_PROTOCOL, KILN_FETCH_HOW_URL },
	{ CURLE_COULDNT_RESOLVE_HOST, KILN_FETCH_HOW_RESOLVE },
	{ CURLE_COULDNT_RESOLVE_PROXY, KILN_FETCH_HOW_RESOLVE },
	{ CURLE_COULDNT_CONNECT, KILN_FETCH_HOW_CONNECT },
	{ CURLE_SSL_CONNECT_ERROR, KILN_FETCH_HOW_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, KILN_FETCH_HOW_TLS },
	{ CURLE_SSL_CACERT_BADFILE, KILN_FETCH_HOW_TLS },
	{ CURLE_SSL_CERTPROBLEM, KILN_FETCH_HOW_TLS },
	{ CURLE_SSL_CIPHER, KILN_FETCH_HOW_TLS },
	{ CURLE_OPERATION_TIMEDOUT, KILN_FETCH_HOW_TIMEOUT },
	{ CURLE_TOO_MANY_REDIRECTS, KILN_FETCH_HOW_REDIRECTS },
	{ CURLE_PARTIAL_FILE, KILN_FETCH_HOW_CUT },
	{ CURLE_RECV_ERROR, KILN_FETCH_HOW_CUT },
	{ CURLE_SEND_ERROR, KILN_FETCH_HOW_CUT },
	{ CURLE_GOT_NOTHING, KILN_FETCH_HOW_CUT },
	{ CURLE_HTTP2_STREAM, KILN_FETCH_HOW_CUT },
	{ CURLE_HTTP2, KILN_FETCH_HOW_CUT },
};

static enum kiln_fetch_how how_it_ended(const struct transfer *t, CURLcode code)
{
	if (t->write_errno)
		return KILN_FETCH_HOW_WRITE;
	if (t->too_big)
		return KILN_FETCH_HOW_TOO_BIG;
	if (code == CURLE_OK && !t->is_file)
		return KILN_FETCH_HOW_STATUS; /* 304, 204 and so on */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends[i].code == code)
			return ends[i].how;
	}
	return KILN_FETCH_HOW_OTHER;
}

static void transfer(CURL *curl, const json_t *request)
{
	const json_int_t offset = json_integer_value(json_object_get(request, "offset"));
	struct transfer t = {
		.curl = curl,
		.offset = offset > 0 ? (uint64_t)offset : 0,
		.max = (uint64_t)json_integer_value(json_object_get(request, "max")),
	};
	struct curl_slist *list = headers(request, t.offset);
	char error[CURL_ERROR_SIZE] = "", text[CURL_ERROR_SIZE];
	CURLcode code = CURLE_WRITE_ERROR;
	long status = 0;

	t.fd = open(member(request, "file"), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (t.fd < 0) {
		t.write_errno = errno;
	} else {
		set_options(&t, request, list, error);
		code = curl_easy_perform(curl);
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		if (code == CURLE_OK && !t.head_said && !say_head(&t))
			code = CURLE_WRITE_ERROR;
		if (close(t.fd) != 0 && !t.write_errno)
			t.write_errno = errno;
	}
	kiln_text_copy_untrusted(text, sizeof(text), error, strlen(error));
	say(json_pack("{s:{s:s, s:I, s:I, s:s}}", "end", "how",
		      kiln_fetch_how_name(how_it_ended(&t, code)), "status",
		      (json_int_t)(t.write_errno ? t.write_errno : status), "size",
		      (json_int_t)t.at, "text", text));
	/* the handle outlives this frame */
	curl_easy_reset(curl);
	curl_slist_free_all(list);
}

static const char usage[] =
	"usage: kiln-fetch\n\n"
	"Downloads for kiln and kiln-kernel, which start it. Not for the hand:\n"
	"'kiln fetch URL' is.\n";

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	CURL *curl;

	(void)argv;
	if (argc > 1) {
		fputs(usage, stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	/* a file beyond a limit (ulimit -f) is an error like a full disk */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return 1;
	curl = curl_easy_init();
	while (curl && (n = getline(&line, &size, stdin)) > 0) {
		json_t *request = json_loadb(line, (size_t)n, 0, NULL);

		if (json_is_object(request))
			transfer(curl, request);
		json_decref(request);
	}
	free(line);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return 0;
}
