/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/now_runs.h"
#include "cli/render.h"
#include "discover/again.h"
#include "link/link_impl.h"

enum {
	BACK_MS = 1000,   /* between two tries after a port went away: time to come back */
	OURS_MS = 3000,   /* a port that goes so soon after its job went because of our reset */
	RETURN_MS = 5000, /* and so soon it is back; hands take longer to plug the next board in */
	LOOK_MS = 200,    /* how often a watch looks for workers that ended */
};

/* --- one board, in its worker's thread --- */

static void note_chip(struct fleet_board *b, const struct kiln_chip_info *chip)
{
	const uint8_t *m = chip->mac;

	kiln_text_format(b->mac, sizeof(b->mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
			 m[3], m[4], m[5]);
	kiln_text_copy(b->chip, sizeof(b->chip), chip->description);
}

/* Of the file at hand; less than was told before if what was remembered of the board was wrong. */
static void set_same(struct fleet_board *b, uint64_t same)
{
	b->same += same - b->file_same;
	b->file_same = same;
	b->file_compared = true;
}

/*
 * What stood there and what was written. A file that is compared once more (the port came back, a
 * guess was wrong) finds also what was just written itself.
 */
static void count(struct fleet_board *b, const struct kiln_flash_event *event)
{
	const uint64_t sent = event->done < b->file_sent ? event->done : b->file_sent;

	if (event->stage == KILN_FLASH_GONE)
		b->lost = true; /* until the same board answers */
	else if (event->stage == KILN_FLASH_STUB_UPLOAD || event->stage == KILN_FLASH_WRITING)
		b->lost = false;
	if (event->stage == KILN_FLASH_WRITING || event->stage == KILN_FLASH_DIFFERS ||
	    event->stage == KILN_FLASH_ERASING)
		b->touched = true;
	if (event->stage == KILN_FLASH_FILE && event->address != b->file_at) {
		b->file_at = event->address;
		b->file_same = b->file_sent = 0;
		b->file_compared = false;
	} else if (event->stage == KILN_FLASH_COMPARED) {
		if (!b->file_compared || event->done - sent < b->file_same)
			set_same(b, event->done - sent);
	} else if (event->stage == KILN_FLASH_WRITING) {
		b->file_compared = true;
	} else if (event->stage == KILN_FLASH_WROTE) {
		b->file_sent += event->total;
	} else if (event->stage == KILN_FLASH_VERIFIED) {
		b->written += event->total - b->file_same;
	}
}

static void on_event(void *user, const struct kiln_flash_event *event)
{
	struct fleet_board *b = user;

	kiln_crew_lock(b->fleet->crew);
	if (event->stage == KILN_FLASH_CHIP)
		note_chip(b, event->chip);
	count(b, event);
	fleet_view_event(b, event);
	kiln_crew_unlock(b->fleet->crew);
}

static kiln_code flash_once(struct fleet_board *b, const struct kiln_host *host,
			    struct kiln_err *err)
{
	const struct flash_watcher watcher = { on_event, b };
	const kiln_ms begun = kiln_now();
	struct now_runs runs;
	kiln_code code;

	b->written = b->same = b->file_same = b->file_sent = 0;
	b->file_compared = false;
	b->file_at = -1;
	b->lost = b->touched = false;
	code = flash_board(host, &b->port, b->fleet->order, &watcher, &b->result, err);
	/* no answer, no clock but ours */
	b->elapsed += b->result.ms >= 0 ? b->result.ms : kiln_now() - begun;
	b->runs[0] = '\0';
	if (code == KILN_OK)
		code = now_runs_ask(host, b->result.url, &b->port, &runs, err);
	if (code == KILN_OK)
		now_runs_text(&runs, b->runs, sizeof(b->runs));
	/* who stops us then stops no job: this board is done */
	return code == KILN_E_CANCELLED && b->result.verified ? KILN_OK : code;
}

/* What another try may mend: the wire and the port. Not a wrong file, a wrong chip, a lost right.
 */
static bool may_pass(kiln_code code)
{
	static const kiln_code codes[] = { KILN_E_TIMEOUT,  KILN_E_IO,      KILN_E_PORT_GONE,
					   KILN_E_PROTOCOL, KILN_E_NO_SYNC, KILN_E_REFUSED,
					   KILN_E_VERIFY,   KILN_E_NETWORK };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

/* Somebody else looks at a port that has just come (ModemManager does), or udev is not done. */
static bool is_taken(kiln_code code)
{
	return code == KILN_E_PORT_BUSY || code == KILN_E_PORT_DENIED;
}

/* How a try left the flash is what counts, also if the next one did not get so far. */
static void keep_state(const struct fleet_board *b, char *state, size_t size, struct kiln_err *err)
{
	if (b->touched)
		kiln_text_copy(state, size, err->hint);
	else if (state[0])
		kiln_hint(err, "%s", state);
}

static kiln_code cancelled(const struct fleet_board *b, const char *state, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_CANCELLED, "cannot flash '%s'", b->name);
	if (state[0])
		kiln_hint(err, "%s", state);
	return KILN_E_CANCELLED;
}

static kiln_code work(void *user, size_t i, const struct kiln_host *host, struct kiln_err *err)
{
	char state[sizeof(err->hint)] = "";
	struct fleet *fleet = user;
	struct fleet_board *b;
	kiln_code code;

	kiln_crew_lock(fleet->crew);
	b = fleet->boards[i];
	kiln_crew_unlock(fleet->crew);
	for (;;) {
		struct kiln_err fault = KILN_ERR_INIT;

		b->tries++;
		code = flash_once(b, host, &fault);
		if (code == KILN_OK)
			return KILN_OK;
		keep_state(b, state, sizeof(state), &fault);
		*err = fault;
		if (b->tries > fleet->retries ||
		    !(may_pass(code) || (b->plugged && is_taken(code))))
			return code;
		kiln_crew_lock(fleet->crew);
		fleet_view_retry(b, &fault);
		kiln_crew_unlock(fleet->crew);
		if ((code == KILN_E_PORT_GONE || is_taken(code)) &&
		    kiln_host_wait(host, -1, 0, kiln_now() + BACK_MS) == KILN_E_CANCELLED)
			return cancelled(b, state, err);
	}
}

/* --- all of them --- */

static void set_name(struct fleet_board *b)
{
	const char *device = b->port.device;
	const bool is_path = device[0] == '/';

	kiln_text_format(b->name, sizeof(b->name), "%.*s",
			 is_path ? (int)strlen(device) : (int)strcspn(device, "?"), device);
}

kiln_code fleet_add(struct fleet *fleet, const struct kiln_port *port, struct kiln_err *err)
{
	struct fleet_board **boards = fleet->boards;
	struct fleet_board *b = calloc(1, sizeof(*b));

	/* workers hold on to their boards while the list grows, so it is one of pointers; and they
	 * find theirs in it */
	if (fleet->crew)
		kiln_crew_lock(fleet->crew);
	boards = b ? realloc(boards, (fleet->n + 1) * sizeof(*boards)) : NULL;
	if (boards) {
		*b = (struct fleet_board){ .fleet = fleet,
					   .port = *port,
					   .done.dialect = &render_done_texts,
					   .going.dialect = &render_going_texts };
		set_name(b);
		fleet->boards = boards;
		boards[fleet->n++] = b;
		if (fleet->name_width < (int)strlen(b->name))
			fleet->name_width = (int)strlen(b->name);
	}
	if (fleet->crew)
		kiln_crew_unlock(fleet->crew);
	if (!boards) {
		free(b);
		return kiln_fail(err, KILN_E_NOMEM, "cannot flash '%s'", port->device);
	}
	/* cppcheck-suppress memleak; the list has it */
	return KILN_OK;
}

static kiln_code start(struct fleet *fleet, size_t i, struct kiln_err *err)
{
	const struct fleet_board *b = fleet->boards[i];

	return kiln_crew_start(fleet->crew, i, b->name, err);
}

static void ended(struct fleet *fleet, const struct kiln_crew_end *end)
{
	struct fleet_board *b = fleet->boards[end->i];

	kiln_crew_lock(fleet->crew);
	b->state = end->code == KILN_OK ? FLEET_OK : FLEET_FAILED;
	b->err = end->err;
	b->ended = kiln_now();
	flash_remember(&b->port, &b->result);
	fleet_log(fleet, b); /* first: what was told is on record, whatever comes then */
	fleet_view_ended(b);
	kiln_crew_unlock(fleet->crew);
}

static kiln_code begin(struct fleet *fleet, struct kiln_err *err)
{
	fleet_view_init(fleet);
	KILN_TRY(kiln_crew_new(&fleet->cli->host, work, fleet, &fleet->crew, err));
	for (size_t i = 0; i < fleet->n; i++)
		KILN_TRY(start(fleet, i, err));
	return KILN_OK;
}

/* Until all have ended; Ctrl-C has been passed on to them, and makes them end. */
static kiln_code wait_for_all(struct fleet *fleet, struct kiln_err *err)
{
	struct kiln_crew_end end;

	while (kiln_crew_busy(fleet->crew) > 0) {
		const kiln_code code = kiln_crew_next(fleet->crew, KILN_FOREVER, &end, err);

		if (code == KILN_OK)
			ended(fleet, &end);
		else if (code != KILN_E_CANCELLED)
			return code;
	}
	return KILN_OK;
}

static void finish(struct fleet *fleet)
{
	kiln_crew_free(fleet->crew);
	fleet->crew = NULL;
	fleet_view_summary(fleet);
}

kiln_code fleet_run(struct fleet *fleet, struct kiln_err *err)
{
	kiln_code code = begin(fleet, err);

	if (code == KILN_OK)
		code = wait_for_all(fleet, err);
	finish(fleet);
	return code;
}

/* --- the bench --- */

/* Where a port is plugged in; boards on the same place are told apart by their coming and going. */
static bool same_place(const struct kiln_port *a, const struct kiln_port *b)
{
	if (a->location[0] || b->location[0])
		return strcmp(a->location, b->location) == 0;
	return strcmp(a->url, b->url) == 0;
}

/* The last board of this fleet at that place. */
static struct fleet_board *last_at(const struct fleet *fleet, const struct kiln_port *port)
{
	for (size_t i = fleet->n; i-- > 0;) {
		if (same_place(&fleet->boards[i]->port, port))
			return fleet->boards[i];
	}
	return NULL;
}

/* Is it what that board's worker waits for? It tells by more than the port whether it is. */
static bool is_waited_for(const struct fleet_board *b, const struct kiln_port *port)
{
	const struct kiln_port_list one = { (struct kiln_port[]){ *port }, 1 };

	return !b->port.is_usb || !port->is_usb || kiln_port_again(&one, &b->port);
}

/* A board with USB of its own goes when it is reset, and comes back. */
static bool was_reset(const struct fleet_board *b)
{
	if (!b->gone || kiln_now() - b->gone >= RETURN_MS)
		return false;
	if (b->state == FLEET_FAILED && is_taken(b->err.code))
		return false; /* it was never opened */
	/* in mid-job: it was this one that came back, unless its worker missed it */
	return b->gone < b->ended ? !b->lost : b->gone - b->ended < OURS_MS;
}

static kiln_code add_plugged(struct fleet *fleet, const struct kiln_port *port,
			     struct kiln_err *err)
{
	KILN_TRY(fleet_add(fleet, port, err));
	fleet->boards[fleet->n - 1]->plugged = true;
	return start(fleet, fleet->n - 1, err);
}

static kiln_code came(struct fleet *fleet, const struct kiln_port *port, struct kiln_err *err)
{
	struct fleet_board *b = last_at(fleet, port);

	if (!port->likely_board)
		return KILN_OK;
	if (b && b->state == FLEET_BUSY && is_waited_for(b, port)) {
		free(b->next); /* it may turn out to be another board */
		b->next = malloc(sizeof(*b->next));
		if (!b->next)
			return kiln_fail(err, KILN_E_NOMEM, "cannot flash '%s'", port->device);
		*b->next = *port;
		return KILN_OK;
	}
	if (b && b->state != FLEET_BUSY && was_reset(b))
		return KILN_OK;
	return add_plugged(fleet, port, err);
}

static void went(struct fleet *fleet, const struct kiln_port *port)
{
	struct fleet_board *b = last_at(fleet, port);

	if (!b || !fleet->crew)
		return;
	b->gone = kiln_now();
	free(b->next);
	b->next = NULL;
	kiln_crew_lock(fleet->crew);
	fleet_view_unplugged(b);
	kiln_crew_unlock(fleet->crew);
}

/* Who pulls a board too early and plugs in the next one has both: the first failed, this is new. */
static kiln_code take_next(struct fleet *fleet, struct fleet_board *b, struct kiln_err *err)
{
	const bool other = b->state == FLEET_FAILED && b->lost;
	struct kiln_port *next = b->next;
	kiln_code code = KILN_OK;

	b->next = NULL;
	if (next && other)
		code = add_plugged(fleet, next, err);
	free(next);
	return code;
}

static kiln_code look(struct fleet *fleet, struct kiln_port_watch *watch, bool first,
		      kiln_ms deadline, struct kiln_err *err)
{
	struct kiln_port_event event;
	kiln_code code;

	while ((code = kiln_port_watch_next(watch, deadline, &event, err)) == KILN_OK) {
		if (!event.added)
			went(fleet, &event.port);
		else if (!first)
			KILN_TRY(came(fleet, &event.port, err));
		deadline = 0;
	}
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static kiln_code reap(struct fleet *fleet, struct kiln_err *err)
{
	struct kiln_crew_end end;
	kiln_code code = KILN_OK;

	while (kiln_crew_busy(fleet->crew) > 0 &&
	       (code = kiln_crew_next(fleet->crew, 0, &end, err)) == KILN_OK) {
		ended(fleet, &end);
		KILN_TRY(take_next(fleet, fleet->boards[end.i], err));
	}
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static kiln_code watch_ports(struct fleet *fleet, struct kiln_port_watch *watch,
			     struct kiln_err *err)
{
	kiln_code code = look(fleet, watch, true, 0, err);

	if (code == KILN_OK) {
		fleet_view_watching(fleet);
		code = begin(fleet, err);
	}
	while (code == KILN_OK) {
		code = look(fleet, watch, false, kiln_now() + LOOK_MS, err);
		if (code == KILN_OK)
			code = reap(fleet, err);
	}
	return code;
}

kiln_code fleet_watch(struct fleet *fleet, struct kiln_err *err)
{
	struct kiln_port_watch *watch;
	kiln_code code;

	KILN_TRY(kiln_port_watch_open(&fleet->cli->host, &watch, err));
	code = watch_ports(fleet, watch, err);
	kiln_port_watch_close(watch);
	if (fleet->crew) {
		kiln_crew_cancel(fleet->crew);
		(void)wait_for_all(fleet, NULL);
		finish(fleet);
	}
	return code;
}

/* The worse of two exit codes. */
static int worse(int a, int b)
{
	static const int worst_first[] = { 130, 2, 1, 3, 0 };
	size_t i = 0;

	while (worst_first[i] != a && worst_first[i] != b && worst_first[i] != 0)
		i++;
	return worst_first[i];
}

int fleet_exit(const struct fleet *fleet)
{
	int worst = fleet->log_lost ? 1 : 0;

	for (size_t i = 0; i < fleet->n; i++) {
		if (fleet->boards[i]->state == FLEET_FAILED)
			worst = worse(worst, kiln_code_exit(fleet->boards[i]->err.code));
	}
	return worst;
}

void fleet_done(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n; i++) {
		free(fleet->boards[i]->next);
		free(fleet->boards[i]);
	}
	free(fleet->boards);
	fleet_log_close(fleet);
	fleet->boards = NULL;
	fleet->n = 0;
}
