/* SPDX-License-Identifier: Apache-2.0 */
/* The list of boards: what is looked at, what is left alone, what is forgotten, who is connected.
 */
#include "../unit/unit.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/text.h"
#include "board/registry.h"
#include "link/link_impl.h"
#include "script.h"

enum { MAX_PORTS = 8, MAX_OPENS = 32, SILENT_MS = 3000 };

/* A port of the made-up machine. */
struct place {
	const char *url, *hwid;
	const char *uid;   /* NULL: nothing answers there */
	kiln_code refuses; /* what opening it fails with */
	unsigned opens;    /* how often it was opened */
	bool unlisted;     /* on no list of ports: vanished, or only known by its URL */
	bool cancels;      /* the user presses Ctrl-C while it is looked at */
};

static struct world {
	struct place places[MAX_PORTS];
	struct script scripts[MAX_OPENS];
	struct step steps[MAX_OPENS][4];
	char answers[MAX_OPENS][160];
	size_t n_opens;
	kiln_ms now;
	bool cancel;
	struct kiln_host host;
	struct kiln_registry *registry;
	struct kiln_err err;
} w;

static kiln_ms world_now(void)
{
	return w.now;
}

static kiln_code world_ports(const struct kiln_host *host, struct kiln_port_list *ret_list,
			     struct kiln_err *err)
{
	struct kiln_port *ports = calloc(MAX_PORTS, sizeof(*ports));
	size_t n = 0;

	(void)host;
	(void)err;
	assert_non_null(ports);
	for (size_t i = 0; i < MAX_PORTS && w.places[i].url; i++) {
		if (w.places[i].unlisted)
			continue;
		kiln_text_copy(ports[n].url, sizeof(ports[n].url), w.places[i].url);
		kiln_text_copy(ports[n].hwid, sizeof(ports[n].hwid), w.places[i].hwid);
		ports[n++].likely_board = strcmp(w.places[i].hwid, "modem") != 0;
	}
	*ret_list = (struct kiln_port_list){ .ports = ports, .n = n };
	return KILN_OK;
}

static kiln_code world_wait(void *user, int fd, short events, kiln_ms deadline)
{
	(void)user;
	(void)fd;
	(void)events;
	(void)deadline;
	if (!w.cancel)
		return KILN_E_TIMEOUT;
	w.cancel = false;
	return KILN_E_CANCELLED;
}

static kiln_code world_open(const struct kiln_host *host, const char *url, unsigned baud,
			    struct kiln_link **ret_link, struct kiln_err *err)
{
	const size_t i = w.n_opens;
	const struct step answering[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = w.answers[i] },
	};
	struct place *p = w.places;

	assert_int_equal(baud, 115200);
	while (p->url && strcmp(p->url, url) != 0)
		p++;
	p->opens++;
	if (!p->url || p->refuses)
		return kiln_fail(err, p->url ? p->refuses : KILN_E_PORT_MISSING, "cannot open '%s'",
				 url);
	assert_true(i < MAX_OPENS);
	w.n_opens++;
	w.cancel = p->cancels;
	kiln_text_format(w.answers[i], sizeof(w.answers[i]),
			 "kiln-board\t%s\tmicropython\t1.27.0\tesp32\tESP32\r\n\x04\x04>",
			 p->uid ? p->uid : "");
	if (p->uid)
		memcpy(w.steps[i], answering, sizeof(answering));
	else
		w.now += SILENT_MS;
	script_begin_on(&w.scripts[i], w.steps[i], host);
	*ret_link = w.scripts[i].link;
	return KILN_OK;
}

static const char *world_name(void *user, const char *uid)
{
	(void)user;
	return strcmp(uid, "24:0a:c4:00:00:01") == 0 ? "kitchen" : NULL;
}

static const struct kiln_scheme schemes[] = {
	{ .name = "fake", .open = world_open },
	{ .name = NULL },
};

static int begin(void **state)
{
	const struct kiln_registry_config config = {
		.host = &w.host,
		.name_of = world_name,
		.at_once = 1, /* the scripted boards share one clock */
		.now = world_now,
		.ports = world_ports,
	};

	(void)state;
	w = (struct world){ .now = 1000000,
			    .host = { .schemes = schemes, .waiter = { .wait = world_wait } } };
	w.places[0] = (struct place){ "fake:a", "USB 1", "240ac4000001" };
	w.places[1] = (struct place){ "fake:b", "USB 2", "240ac4000002" };
	return kiln_registry_new(&config, &w.registry, NULL) == KILN_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	kiln_registry_free(w.registry);
	for (size_t i = 0; i < w.n_opens; i++)
		script_end(&w.scripts[i]);
	return 0;
}

static void scan(bool force)
{
	assert_int_equal(kiln_registry_scan(w.registry, force, KILN_REGISTRY_BUDGET_MS, &w.err),
			 KILN_OK);
}

static void expect_urls(const char *a, const char *b)
{
	const size_t n = kiln_registry_count(w.registry);

	assert_int_equal(n, (a != NULL) + (b != NULL));
	if (a)
		assert_string_equal(kiln_registry_board(w.registry, 0)->url, a);
	if (b)
		assert_string_equal(kiln_registry_board(w.registry, 1)->url, b);
}

static void boards_are_found_and_asked_once(void **state)
{
	(void)state;
	w.places[2] = (struct place){ "fake:modem", "modem", "240ac4000003" };
	scan(false);
	expect_urls("fake:a", "fake:b");
	assert_string_equal(kiln_registry_board(w.registry, 0)->name, "kitchen");
	assert_string_equal(kiln_registry_board(w.registry, 1)->name, "24:0a:c4:00:00:02");
	assert_string_equal(kiln_registry_board(w.registry, 1)->info.platform, "esp32");
	w.now += 60000;
	scan(false);
	expect_urls("fake:a", "fake:b");
	assert_int_equal(w.places[0].opens, 1);
	scan(true);
	assert_int_equal(w.places[0].opens, 2);
	assert_int_equal(w.places[2].opens, 0); /* nobody said that a modem is a board */
}

static void a_failed_port_is_left_alone(void **state)
{
	(void)state;
	w.places[1].uid = NULL;
	scan(false);
	expect_urls("fake:a", NULL);
	assert_int_equal(kiln_registry_failures(w.registry), 1);
	assert_string_equal(kiln_registry_failure(w.registry, 0)->url, "fake:b");
	assert_int_equal(kiln_registry_failure(w.registry, 0)->err.code, KILN_E_NO_PROMPT);
	w.now += KILN_REGISTRY_RETRY_MS - 1;
	scan(false);
	assert_int_equal(w.places[1].opens, 1);
	assert_int_equal(kiln_registry_failures(w.registry), 1);
	w.places[1].uid = "240ac4000002";
	w.now += 1;
	scan(false);
	assert_int_equal(w.places[1].opens, 2);
	expect_urls("fake:a", "fake:b");
	assert_int_equal(kiln_registry_failures(w.registry), 0);
}

static void a_port_that_somebody_holds_is_asked_again(void **state)
{
	(void)state;
	w.places[1].refuses = KILN_E_PORT_BUSY;
	scan(false);
	scan(false);
	assert_int_equal(w.places[1].opens, 2);
	assert_int_equal(kiln_registry_failures(w.registry), 1);
	w.places[1].unlisted = true;
	scan(false);
	assert_int_equal(kiln_registry_failures(w.registry), 0);
}

static void a_board_that_is_gone_is_forgotten_after_a_while(void **state)
{
	(void)state;
	scan(false);
	w.places[0].unlisted = true;
	w.now += KILN_REGISTRY_AGE_MS;
	scan(false);
	expect_urls("fake:a", "fake:b");
	w.now += 1;
	scan(false);
	expect_urls("fake:b", NULL);
}

static void a_board_that_moved_is_listed_once(void **state)
{
	(void)state;
	scan(false);
	w.places[0].unlisted = true;
	w.places[2] = (struct place){ "fake:c", "USB 3", "240ac4000001" };
	w.now += 2000;
	scan(false);
	expect_urls("fake:b", "fake:c");
}

static void another_board_at_the_same_port_is_asked(void **state)
{
	(void)state;
	scan(false);
	w.places[0].hwid = "USB 9";
	w.places[0].uid = "240ac4000009";
	scan(false);
	assert_string_equal(kiln_registry_board(w.registry, 0)->name, "24:0a:c4:00:00:09");
}

static void boards_are_connected_by_any_name(void **state)
{
	static const char *const names[] = { "kitchen", "24:0a:c4:00:00:01", "24:0A:C4:00:00:01",
					     "fake:a" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct kiln_board board;
		struct kiln_repl *repl;

		assert_int_equal(kiln_registry_connect(w.registry, names[i], &repl, &board, &w.err),
				 KILN_OK);
		assert_string_equal(board.name, "kitchen");
		assert_true(kiln_registry_find(w.registry, "kitchen")->connected);
		kiln_registry_disconnect(w.registry, repl);
		assert_false(kiln_registry_find(w.registry, "kitchen")->connected);
	}
	kiln_registry_disconnect(w.registry, NULL);
}

static void an_unknown_board_is_said(void **state)
{
	struct kiln_board board;
	struct kiln_repl *repl;

	(void)state;
	assert_int_equal(kiln_registry_connect(w.registry, "attic", &repl, &board, &w.err),
			 KILN_E_NO_BOARD);
	assert_string_equal(w.err.what, "no board 'attic'");
	assert_string_equal(w.err.why, "no board that answers has this name, uid or url");
	assert_int_equal(w.places[0].opens, 1); /* it was looked for */
	assert_int_equal(kiln_registry_connect(w.registry, "fake:nowhere", &repl, &board, &w.err),
			 KILN_E_PORT_MISSING);
	assert_int_equal(kiln_registry_forget(w.registry, "attic", &w.err), KILN_E_NO_BOARD);
}

static void a_connected_board_is_left_alone(void **state)
{
	struct kiln_board board;
	struct kiln_repl *repl, *other;

	(void)state;
	assert_int_equal(kiln_registry_connect(w.registry, "fake:a", &repl, &board, &w.err),
			 KILN_OK);
	scan(true);
	assert_int_equal(w.places[0].opens, 1);
	assert_int_equal(kiln_registry_connect(w.registry, "kitchen", &other, &board, &w.err),
			 KILN_E_EXISTS);
	assert_string_equal(w.err.why, "it is connected already");
	assert_int_equal(kiln_registry_forget(w.registry, "kitchen", &w.err), KILN_E_EXISTS);
	w.places[0].unlisted = true;
	w.now += 60000;
	scan(false);
	assert_non_null(kiln_registry_find(w.registry, "kitchen"));
	kiln_registry_disconnect(w.registry, repl);
	assert_int_equal(kiln_registry_forget(w.registry, "kitchen", &w.err), KILN_OK);
	assert_null(kiln_registry_find(w.registry, "kitchen"));
}

static void a_board_named_by_its_url_does_not_age(void **state)
{
	struct kiln_board board;
	struct kiln_repl *repl;

	(void)state;
	w.places[2] = (struct place){ "fake:far", "", "240ac4000003", .unlisted = true };
	assert_int_equal(kiln_registry_connect(w.registry, "fake:far", &repl, &board, &w.err),
			 KILN_OK);
	kiln_registry_disconnect(w.registry, repl);
	w.now += 3600 * 1000;
	scan(false);
	assert_true(kiln_registry_find(w.registry, "24:0a:c4:00:00:03")->by_hand);
}

static void a_board_that_changed_places_is_found_by_its_uid(void **state)
{
	struct kiln_board board;
	struct kiln_repl *repl;

	(void)state;
	scan(false);
	/* the two were unplugged and swapped, and nobody has scanned since */
	w.places[0].uid = "240ac4000002";
	w.places[1].uid = "240ac4000001";
	w.places[0].hwid = "USB 2";
	w.places[1].hwid = "USB 1";
	assert_int_equal(kiln_registry_connect(w.registry, "kitchen", &repl, &board, &w.err),
			 KILN_OK);
	assert_string_equal(board.url, "fake:b");
	assert_string_equal(board.name, "kitchen");
	kiln_registry_disconnect(w.registry, repl);
}

static void a_cancelled_scan_keeps_what_it_found(void **state)
{
	(void)state;
	w.places[1].cancels = true;
	assert_int_equal(kiln_registry_scan(w.registry, false, KILN_REGISTRY_BUDGET_MS, &w.err),
			 KILN_E_CANCELLED);
	expect_urls("fake:a", NULL);
	assert_int_equal(kiln_registry_failures(w.registry), 0);
}

static void a_scan_ends_though_no_port_answers(void **state)
{
	static const char *const urls[] = { "fake:0", "fake:1", "fake:2", "fake:3", "fake:4" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		w.places[i] = (struct place){ urls[i], "USB", NULL };
	assert_int_equal(kiln_registry_scan(w.registry, false, 2 * SILENT_MS, &w.err), KILN_OK);
	assert_int_equal(w.places[1].opens, 1);
	assert_int_equal(w.places[2].opens, 0);
	assert_int_equal(kiln_registry_scan(w.registry, false, 2 * SILENT_MS, &w.err), KILN_OK);
	assert_int_equal(w.places[0].opens, 1); /* the next scan goes on where this one ended */
	assert_int_equal(w.places[3].opens, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* ---- several at a time ---- */

enum { SILENT_PORTS = 20 };

static atomic_uint at_work, most, looked_at;
static atomic_bool only_a_cancel_ends_it;

/* A port that nobody answers at; it takes its time, as the system sees it. */
static kiln_code slow_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err)
{
	const unsigned now = atomic_fetch_add(&at_work, 1) + 1;
	unsigned seen = atomic_load(&most);
	kiln_code code = KILN_E_TIMEOUT;

	(void)baud;
	(void)ret_link;
	while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
		continue;
	/* until all that may be there are there, so that no clock decides */
	for (int i = 0;
	     i < 2000 && code == KILN_E_TIMEOUT &&
	     (atomic_load(&only_a_cancel_ends_it) || atomic_load(&most) < KILN_REGISTRY_AT_ONCE);
	     i++)
		code = kiln_host_wait(host, -1, 0, kiln_now() + 10);
	atomic_fetch_sub(&at_work, 1);
	atomic_fetch_add(&looked_at, 1);
	return kiln_fail(err, code == KILN_E_CANCELLED ? code : KILN_E_NO_PROMPT,
			 "cannot get a prompt from '%s'", url);
}

static kiln_code many_ports(const struct kiln_host *host, struct kiln_port_list *ret_list,
			    struct kiln_err *err)
{
	struct kiln_port *ports = calloc(SILENT_PORTS, sizeof(*ports));

	(void)host;
	(void)err;
	assert_non_null(ports);
	for (size_t i = 0; i < SILENT_PORTS; i++) {
		kiln_text_format(ports[i].url, sizeof(ports[i].url), "slow:%zu", i);
		kiln_text_copy(ports[i].device, sizeof(ports[i].device), ports[i].url);
		ports[i].likely_board = true;
	}
	*ret_list = (struct kiln_port_list){ .ports = ports, .n = SILENT_PORTS };
	return KILN_OK;
}

static const struct kiln_scheme slow_schemes[] = {
	{ .name = "slow", .open = slow_open },
	{ .name = NULL },
};

static void ports_are_looked_at_together_but_not_all_at_once(void **state)
{
	const struct kiln_host host = { .schemes = slow_schemes };
	const struct kiln_registry_config config = { .host = &host, .ports = many_ports };
	struct kiln_registry *r;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_registry_new(&config, &r, &err), KILN_OK);
	assert_int_equal(kiln_registry_scan(r, false, 60000, &err), KILN_OK);
	assert_int_equal(kiln_registry_failures(r), SILENT_PORTS);
	assert_int_equal(atomic_load(&looked_at), SILENT_PORTS);
	assert_int_equal(atomic_load(&most), KILN_REGISTRY_AT_ONCE);
	kiln_registry_free(r);
}

static kiln_code cancel_at_once(void *user, int fd, short events, kiln_ms deadline)
{
	(void)user;
	(void)fd;
	(void)events;
	(void)deadline;
	return KILN_E_CANCELLED;
}

static void a_cancel_stops_all_of_them(void **state)
{
	const struct kiln_host host = { .schemes = slow_schemes,
					.waiter = { .wait = cancel_at_once } };
	const struct kiln_registry_config config = { .host = &host, .ports = many_ports };
	struct kiln_registry *r;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	atomic_store(&most, 0);
	atomic_store(&looked_at, 0);
	atomic_store(&only_a_cancel_ends_it, true);
	assert_int_equal(kiln_registry_new(&config, &r, &err), KILN_OK);
	assert_int_equal(kiln_registry_scan(r, false, 60000, &err), KILN_E_CANCELLED);
	assert_true(atomic_load(&looked_at) <= KILN_REGISTRY_AT_ONCE);
	assert_int_equal(atomic_load(&at_work), 0);
	kiln_registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(boards_are_found_and_asked_once),
		TEST(a_failed_port_is_left_alone),
		TEST(a_port_that_somebody_holds_is_asked_again),
		TEST(a_board_that_is_gone_is_forgotten_after_a_while),
		TEST(a_board_that_moved_is_listed_once),
		TEST(another_board_at_the_same_port_is_asked),
		TEST(boards_are_connected_by_any_name),
		TEST(an_unknown_board_is_said),
		TEST(a_connected_board_is_left_alone),
		TEST(a_board_named_by_its_url_does_not_age),
		TEST(a_board_that_changed_places_is_found_by_its_uid),
		TEST(a_cancelled_scan_keeps_what_it_found),
		TEST(a_scan_ends_though_no_port_answers),
		cmocka_unit_test(ports_are_looked_at_together_but_not_all_at_once),
		cmocka_unit_test(a_cancel_stops_all_of_them),
	};
	return RUN(tests);
}
