/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/download.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/render.h"

/* "2026-11-22" */
static void write_day(int64_t when, char *dst, size_t size)
{
	const time_t t = (time_t)when;
	struct tm tm;

	if (when <= 0 || !gmtime_r(&t, &tm) || strftime(dst, size, "%Y-%m-%d", &tm) == 0)
		kiln_text_copy(dst, size, "an earlier day");
}

static void say(struct download *d, const char *fmt, ...) KILN_PRINTF(2, 3);

static void say(struct download *d, const char *fmt, ...)
{
	va_list args;

	term_line_clear(&d->line);
	fflush(stdout);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

static void draw(struct download *d, const struct kiln_fetch_event *e)
{
	const char *slash = strrchr(e->url, '/');
	const kiln_ms now = kiln_now();
	char bar[80] = "", text[300];

	if (now - d->drawn < 100)
		return;
	d->drawn = now;
	if (e->total)
		render_bar(bar, sizeof(bar), 30, e->done, e->total);
	kiln_text_format(text, sizeof(text), "%s%sdownloading %s, %llu bytes", bar,
			 bar[0] ? "  " : "", slash ? slash + 1 : e->url,
			 (unsigned long long)e->done);
	term_line_show(&d->line, text);
}

static void on_event(void *user, const struct kiln_fetch_event *e)
{
	struct download *d = user;
	char day[32];

	switch (e->stage) {
	case KILN_FETCH_PROGRESS:
		draw(d, e);
		break;
	case KILN_FETCH_RETRY:
		say(d, "warning: %s; trying again", e->why);
		break;
	case KILN_FETCH_STALE:
		write_day(e->when, day, sizeof(day));
		say(d, "warning: %s: using the copy of %s of '%s'", e->why, day, e->url);
		break;
	case KILN_FETCH_RESUMED:
		kiln_log(&d->host->ui, KILN_LOG_INFO, "fetch", "'%s' goes on from byte %llu",
			 e->url, (unsigned long long)e->done);
		break;
	case KILN_FETCH_DONE:
		kiln_log(&d->host->ui, KILN_LOG_INFO, "fetch", "'%s': %llu bytes%s", e->url,
			 (unsigned long long)e->done, e->kept ? ", kept from before" : "");
		term_line_clear(&d->line);
		break;
	}
}

kiln_code download_open(struct download *d, struct cli *cli, const struct kiln_host *host,
			bool offline, struct kiln_err *err)
{
	const struct kiln_fetch_options options = {
		.offline = offline,
		.event = on_event,
		.user = d,
	};

	*d = (struct download){ .cli = cli, .host = host };
	if (!cli->json && host == &cli->host)
		(void)term_line_init(&d->line, stderr);
	return kiln_fetcher_open(host, &options, &d->fetcher, err);
}

void download_close(struct download *d)
{
	term_line_clear(&d->line);
	kiln_fetcher_close(d->fetcher);
	d->fetcher = NULL;
}

kiln_code download_one(struct cli *cli, bool offline, const struct kiln_fetch_request *request,
		       struct kiln_fetched *ret_file, struct kiln_err *err)
{
	struct download d;
	kiln_code code;

	KILN_TRY(download_open(&d, cli, &cli->host, offline, err));
	code = kiln_fetch(d.fetcher, request, ret_file, err);
	download_close(&d);
	return code;
}
