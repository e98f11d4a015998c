/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One download: what the cache has, what the server sends, what is tried again, and what is used
 * when the network is away.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "fetch/fetch.h"
#include "link/link_impl.h"

enum { TRIES_MAX = 4, PAUSE_MS = 500 };

struct remote {
	struct kiln_fetcher *f;
	const struct kiln_fetch_request *request;
	char key[KILN_CACHE_KEY], url[KILN_FETCH_URL_MAX]; /* url: as it is shown */
	bool has_kept;
	struct kiln_cache_meta kept; /* what the cache has whole */
	struct kiln_cache_meta part; /* what the part is the beginning of */
	char part_path[KILN_CACHE_PATH];
	int part_fd;
	bool part_shared, committed;
	uint64_t part_size;
	struct kiln_fetch_said end;
};

static void tell(const struct remote *r, struct kiln_fetch_event event)
{
	const struct kiln_fetch_options *o = &r->f->options;

	event.url = r->url;
	if (o->event)
		o->event(o->user, &event);
}

/* ---- the part that grows ---- */

/* An ETag that is weak may stand for other bytes: RFC 9110, 13.1.5. */
static const char *validator(const struct kiln_cache_meta *meta)
{
	return meta->etag[0] && strncmp(meta->etag, "W/", 2) != 0 ? meta->etag : meta->modified;
}

/* How much of the part can be gone on with; 0 begins anew. */
static void measure(struct remote *r)
{
	struct stat st;

	r->part_size = 0;
	if (fstat(r->part_fd, &st) == 0 && validator(&r->part)[0] && st.st_size > 0 &&
	    (r->part.size == 0 || (uint64_t)st.st_size < r->part.size))
		r->part_size = (uint64_t)st.st_size;
}

static kiln_code open_part(struct remote *r, struct kiln_err *err)
{
	r->part_fd = kiln_cache_part_open(&r->f->cache, r->key, r->part_path, &r->part_shared);
	if (r->part_fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot download '%.120s' to '%s'",
				       r->url, r->f->cache.folder);
	if (r->part_shared)
		(void)kiln_cache_meta_read(&r->f->cache, r->key, ".part.json", &r->part);
	measure(r);
	return KILN_OK;
}

static void forget_part(struct remote *r)
{
	if (ftruncate(r->part_fd, 0) != 0)
		(void)unlink(r->part_path); /* it must not be gone on with */
	r->part = (struct kiln_cache_meta){ .size = 0 };
	r->part_size = 0;
}

static void close_part(struct remote *r)
{
	char path[KILN_CACHE_PATH];
	struct stat st;

	if (r->committed) {
		close(r->part_fd); /* it has another name now */
		return;
	}
	if (r->end.how == KILN_FETCH_HOW_TOO_BIG || !validator(&r->part)[0])
		forget_part(r);
	/* nothing that a later download could go on with: leave nothing */
	if (!r->part_shared || (fstat(r->part_fd, &st) == 0 && st.st_size == 0)) {
		(void)unlink(r->part_path);
		kiln_cache_path(&r->f->cache, r->key, ".part.json", path);
		if (r->part_shared)
			(void)unlink(path);
	}
	close(r->part_fd);
}

/* ---- one transfer ---- */

static json_t *make_request(const struct remote *r)
{
	const bool ask = r->has_kept && !r->request->sha256 && r->part_size == 0;

	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:I}", "url", r->request->url, "file",
			 r->part_path, "offset", (json_int_t)r->part_size, "validator",
			 validator(&r->part), "etag", ask ? r->kept.etag : "", "modified",
			 ask ? r->kept.modified : "", "max", (json_int_t)r->request->max,
			 "stall_ms", (json_int_t)r->f->options.stall_ms);
}

static void on_head(struct remote *r, const struct kiln_fetch_said *said)
{
	if (said->status != 200 && said->status != 206)
		return;
	kiln_text_copy(r->part.etag, sizeof(r->part.etag), said->etag);
	kiln_text_copy(r->part.modified, sizeof(r->part.modified), said->modified);
	kiln_text_copy(r->part.type, sizeof(r->part.type), said->type);
	r->part.size = said->total;
	if (r->part_shared)
		(void)kiln_cache_meta_write(&r->f->cache, r->key, ".part.json", r->request->url,
					    &r->part);
	if (said->at > 0)
		tell(r, (struct kiln_fetch_event){ .stage = KILN_FETCH_RESUMED,
						   .done = said->at,
						   .total = said->total });
}

static kiln_code transfer(struct remote *r, struct kiln_err *err)
{
	json_t *request = make_request(r);
	struct kiln_fetch_peer *peer = &r->f->peer;
	struct kiln_fetch_said said = { .kind = KILN_FETCH_SAID_NOTHING };
	kiln_code code = kiln_fetch_peer_start(peer, r->f->options.helper, err);

	if (code == KILN_OK)
		code = kiln_fetch_peer_ask(peer, request, err);
	json_decref(request);
	while (code == KILN_OK && said.kind != KILN_FETCH_END) {
		code = kiln_fetch_peer_listen(peer, r->f->host, &said, err);
		if (code == KILN_OK && said.kind == KILN_FETCH_HEAD)
			on_head(r, &said);
		if (code == KILN_OK && said.kind == KILN_FETCH_AT)
			tell(r, (struct kiln_fetch_event){ .stage = KILN_FETCH_PROGRESS,
							   .done = said.at,
							   .total = r->part.size });
	}
	if (code == KILN_OK) {
		r->end = said;
		r->end.total = r->part.size;
	} else if (code == KILN_E_CANCELLED) {
		(void)kiln_fail(err, code, "cannot download '%.120s'", r->url);
		kiln_hint(err, "what came is kept: the next download goes on from there");
	}
	return code;
}

/* Is there sense in another try at once? */
static bool may_retry(struct remote *r, int tries)
{
	const uint64_t before = r->part_size;

	if (r->end.how == KILN_FETCH_HOW_STATUS && r->end.status == 416 && before > 0) {
		forget_part(r); /* the file has changed: from its beginning */
		return tries < TRIES_MAX;
	}
	if (r->end.how == KILN_FETCH_HOW_OTHER && before > 0) {
		forget_part(r); /* a server that answers a range with something else */
		return tries < TRIES_MAX;
	}
	if (r->end.how != KILN_FETCH_HOW_CUT && r->end.how != KILN_FETCH_HOW_TIMEOUT)
		return false;
	measure(r);
	return tries < TRIES_MAX;
}

/* Until it is whole, or no try helps: r->end says how it ended. */
static kiln_code transfer_all(struct remote *r, struct kiln_err *err)
{
	struct kiln_err why = KILN_ERR_INIT;

	for (int tries = 1;; tries++) {
		KILN_TRY(transfer(r, err));
		if (r->end.how == KILN_FETCH_HOW_OK || !may_retry(r, tries))
			return KILN_OK;
		(void)kiln_fetch_explain(&r->end, r->request->url, r->f->cache.folder,
					 r->request->max, &why);
		tell(r, (struct kiln_fetch_event){ .stage = KILN_FETCH_RETRY,
						   .done = r->part_size,
						   .total = r->part.size,
						   .why = why.why });
		if (kiln_host_wait(r->f->host, -1, 0, kiln_now() + PAUSE_MS) == KILN_E_CANCELLED)
			return kiln_fail(err, KILN_E_CANCELLED, "cannot download '%.120s'", r->url);
	}
}

/* ---- what comes of it ---- */

static kiln_code keep(struct remote *r, struct kiln_fetched *ret_file, struct kiln_err *err)
{
	struct kiln_fetched file = { .kept = false };
	kiln_code code;
	const int sys = kiln_cache_read_file(r->part_path, r->request->max, &file.data, &file.size);

	if (sys != 0)
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot read '%s'", r->part_path);
	kiln_cache_sha256(file.data, file.size, file.sha256);
	kiln_text_copy(file.type, sizeof(file.type), r->part.type);
	kiln_text_copy(r->part.sha256, sizeof(r->part.sha256), file.sha256);
	r->part.size = file.size;
	r->part.when = (int64_t)time(NULL);
	code = kiln_fetch_check(r->request, file.sha256, err);
	if (code != KILN_OK) {
		forget_part(r);
		kiln_fetched_done(&file);
		return code;
	}
	/* a cache that can't be written loses nothing but time: the file is here */
	r->committed = kiln_cache_commit(&r->f->cache, r->key, r->part_path, r->request->url,
					 &r->part);
	if (r->committed)
		kiln_cache_prune(&r->f->cache, KILN_CACHE_MAX);
	tell(r, (struct kiln_fetch_event){
			.stage = KILN_FETCH_DONE, .done = file.size, .total = file.size });
	*ret_file = file;
	return KILN_OK;
}

static bool load_kept(struct remote *r, struct kiln_fetched *ret_file)
{
	if (!r->has_kept || r->kept.size > r->request->max ||
	    (r->request->sha256 && kiln_fetch_check(r->request, r->kept.sha256, NULL) != KILN_OK) ||
	    !kiln_cache_load(&r->f->cache, r->key, &r->kept, ret_file))
		return false;
	return true;
}

static void tell_kept(const struct remote *r, const struct kiln_fetched *file)
{
	tell(r, (struct kiln_fetch_event){ .stage = KILN_FETCH_DONE,
					   .done = file->size,
					   .total = file->size,
					   .when = r->kept.when,
					   .kept = true });
}

/* The network is not asked, or did not answer: err says why, and stays if nothing is kept. */
static bool use_kept(struct remote *r, const char *why, struct kiln_fetched *ret_file)
{
	if (!load_kept(r, ret_file))
		return false;
	tell(r, (struct kiln_fetch_event){ .stage = KILN_FETCH_STALE,
					   .done = ret_file->size,
					   .total = ret_file->size,
					   .when = r->kept.when,
					   .why = why,
					   .kept = true });
	return true;
}

static kiln_code fail_offline(const struct remote *r, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_NETWORK, "cannot download '%.120s'", r->url);
	kiln_why(err, "offline, and no copy of it is kept");
	kiln_hint(err, "download it once with the network: 'kiln fetch' keeps it");
	return KILN_E_NETWORK;
}

static bool is_unchanged(const struct remote *r)
{
	return r->end.how == KILN_FETCH_HOW_STATUS && r->end.status == 304;
}

static kiln_code finish(struct remote *r, struct kiln_fetched *ret_file, struct kiln_err *err)
{
	struct kiln_err why = KILN_ERR_INIT;
	kiln_code code;

	if (r->end.how == KILN_FETCH_HOW_OK)
		return keep(r, ret_file, err);
	if (is_unchanged(r) && ret_file->data) {
		r->kept.when = (int64_t)time(NULL);
		(void)kiln_cache_meta_write(&r->f->cache, r->key, ".json", r->request->url,
					    &r->kept);
		tell_kept(r, ret_file);
		return KILN_OK;
	}
	code = kiln_fetch_explain(&r->end, r->request->url, r->f->cache.folder, r->request->max,
				  &why);
	if (kiln_fetch_is_away(&r->end) && use_kept(r, why.why, ret_file))
		return KILN_OK;
	if (err)
		*err = why;
	return code;
}

kiln_code kiln_fetch_remote(struct kiln_fetcher *f, const struct kiln_fetch_request *request,
			    struct kiln_fetched *ret_file, struct kiln_err *err)
{
	struct remote r = { .f = f, .request = request };
	struct kiln_fetched file = { .data = NULL };
	kiln_code code;

	kiln_cache_key(request->url, r.key);
	kiln_fetch_show_url(request->url, r.url, sizeof(r.url));
	r.has_kept = kiln_cache_meta_read(&f->cache, r.key, ".json", &r.kept);
	if (request->sha256 && load_kept(&r, &file)) {
		tell_kept(&r, &file);
		*ret_file = file;
		return KILN_OK;
	}
	if (f->options.offline) {
		if (!use_kept(&r, "offline", &file))
			return fail_offline(&r, err);
		*ret_file = file;
		return KILN_OK;
	}
	KILN_TRY(open_part(&r, err));
	code = transfer_all(&r, err);
	if (code == KILN_OK && is_unchanged(&r) && !load_kept(&r, &file)) {
		r.has_kept = false; /* damaged since it was written */
		code = transfer_all(&r, err);
	}
	if (code == KILN_OK)
		code = finish(&r, &file, err);
	close_part(&r);
	if (code == KILN_OK)
		*ret_file = file;
	return code;
}
