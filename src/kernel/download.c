/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/download.h"

#include <time.h>

#include "base/text.h"

static void say_stale(const struct kiln_download *d, const struct kiln_fetch_event *e)
{
	const time_t when = (time_t)e->when;
	char day[32] = "an earlier day";
	struct tm tm;

	if (e->when > 0 && gmtime_r(&when, &tm))
		(void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	kiln_kernel_print(d->k, KILN_STDERR, "warning: %s: using the copy of %s of '%s'\n", e->why,
			  day, e->url);
}

static void on_event(void *user, const struct kiln_fetch_event *e)
{
	const struct kiln_download *d = user;
	const char *slash = strrchr(e->url, '/');
	char what[160];

	if (e->stage == KILN_FETCH_PROGRESS && d->progress) {
		kiln_text_format(what, sizeof(what), "downloading %s", slash ? slash + 1 : e->url);
		d->progress(d->user, what, e->done, e->total);
	} else if (e->stage == KILN_FETCH_STALE) {
		say_stale(d, e);
	} else if (e->stage == KILN_FETCH_RETRY) {
		kiln_kernel_print(d->k, KILN_STDERR, "warning: %s; trying again\n", e->why);
	}
}

kiln_code kiln_download_open(struct kiln_download *d, bool offline, struct kiln_err *err)
{
	const struct kiln_fetch_options options = {
		.offline = offline,
		.event = on_event,
		.user = d,
	};

	return kiln_fetcher_open(&d->k->host, &options, &d->fetcher, err);
}

void kiln_download_close(struct kiln_download *d)
{
	kiln_fetcher_close(d->fetcher);
	d->fetcher = NULL;
}
