/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/comeback.h"

#include <kiln/port.h>

#include "base/text.h"
#include "discover/again.h"
#include "link/link_impl.h"
#include "loader/bringup.h"

enum {
	LOOK_MS = 100,  /* between two looks for the port */
	MOST_TIMES = 5, /* that it goes while nothing gets done */
};

bool kiln_flasher_may_come_back(const struct kiln_flasher *f, kiln_code code)
{
	/* who is not to be reset would come back as whatever runs on the board */
	return code == KILN_E_PORT_GONE && f->options.return_ms > 0 && f->loader.link &&
	       f->options.before != KILN_BEFORE_NO_RESET &&
	       f->options.before != KILN_BEFORE_NO_RESET_NO_SYNC;
}

void kiln_flasher_progressed(struct kiln_flasher *f)
{
	f->times_gone = 0;
}

/* What waits while there is no port: a link without one. */
struct waiting {
	struct kiln_flasher *f;
	struct kiln_link nowhere;
	unsigned baud;
};

static kiln_code look_up(const struct waiting *w, char *url, size_t size, struct kiln_err *err)
{
	const struct kiln_port *known = w->f->options.port, *found;
	struct kiln_port_list list;

	if (!known || !known->is_usb) {
		(void)kiln_text_copy(url, size, w->nowhere.url);
		return KILN_OK;
	}
	KILN_TRY(kiln_ports_scan(w->nowhere.host, &list, err));
	found = kiln_port_again(&list, known);
	if (found)
		(void)kiln_text_copy(url, size, found->url);
	kiln_ports_done(&list);
	return found ? KILN_OK
		     : kiln_fail(err, KILN_E_PORT_MISSING, "'%s' is not there", known->device);
}

static kiln_code look(struct waiting *w, struct kiln_link **ret_link, struct kiln_err *err)
{
	char url[sizeof(w->nowhere.url)] = "";

	KILN_TRY(look_up(w, url, sizeof(url), err));
	return kiln_link_open(w->nowhere.host, url, w->baud, ret_link, err);
}

/* A new port may be there before its rights are, and udev or a modem manager may look at it first.
 */
static bool may_pass(kiln_code code)
{
	return code != KILN_OK && code != KILN_E_CANCELLED && code != KILN_E_NOMEM &&
	       code != KILN_E_INVALID && code != KILN_E_CONFIG;
}

static kiln_code wait_for_port(struct waiting *w, struct kiln_link **ret_link, struct kiln_err *err)
{
	const kiln_ms limit = w->f->options.return_ms;
	kiln_ms waited = 0;
	kiln_code code;

	for (;;) {
		const kiln_ms begun = kiln_link_now(&w->nowhere);

		code = look(w, ret_link, err);
		if (!may_pass(code))
			return code;
		if (waited >= limit && code == KILN_E_PORT_DENIED)
			return code; /* it is there: what to do about its rights is told */
		if (waited >= limit)
			break;
		KILN_TRY(kiln_link_sleep(&w->nowhere, LOOK_MS, err));
		/* to open a port on the network takes time too */
		const kiln_ms took = kiln_link_now(&w->nowhere) - begun;

		waited += took > LOOK_MS ? took : LOOK_MS;
	}
	(void)kiln_fail(err, KILN_E_PORT_GONE, "'%s' went away", w->nowhere.url);
	kiln_why(err, "it did not come back within %lld second%s", (long long)(limit / 1000),
		 limit / 1000 == 1 ? "" : "s");
	kiln_hint(err, "plug the board in again, then run the same command again");
	return KILN_E_PORT_GONE;
}

/* The old descriptor is closed first: as long as it is open the port's name is not free. */
static void let_go(struct kiln_flasher *f)
{
	f->spent += kiln_link_now(f->loader.link) - f->opened;
	kiln_link_close(f->loader.link);
	f->loader.link = NULL;
}

static void take_up(struct kiln_flasher *f, struct kiln_link *link)
{
	struct kiln_loader *l = &f->loader;

	l->link = link;
	kiln_loader_forget(l);
	l->wire_free_us = 0; /* times of another clock */
	l->came_at = 0;
	l->turn_ms = -1;
	l->restless = KILN_LOADER_CALM_AFTER;
	l->gap = false;
	l->n_known = 0;
	f->opened = kiln_link_now(link);
	f->faults_at = 0;
}

static kiln_code reopen(struct kiln_flasher *f, struct kiln_err *err)
{
	static const struct kiln_link_ops no_ops = { 0 };
	const struct kiln_link *old = f->loader.link;
	struct waiting w = { .f = f, .baud = kiln_flasher_first_baud(f) };
	struct kiln_link *link;

	kiln_link_init(&w.nowhere, &no_ops, old->host, old->url, w.baud);
	let_go(f);
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_GONE,
							.elapsed_ms = f->options.return_ms,
							.item = w.nowhere.url });
	const kiln_ms begun = kiln_link_now(&w.nowhere);

	KILN_TRY(wait_for_port(&w, &link, err));
	f->spent += kiln_link_now(&w.nowhere) - begun;
	take_up(f, link);
	kiln_flasher_emit(f, (struct kiln_flash_event){ .stage = KILN_FLASH_BACK,
							.item = kiln_link_url(link) });
	return KILN_OK;
}

static kiln_code other_board(struct kiln_err *err, const char *url, const uint8_t *mac)
{
	(void)kiln_fail(err, KILN_E_WRONG_CHIP, "cannot go on at '%s'", url);
	kiln_why(err, "another board is plugged in there now");
	if (mac)
		kiln_why(err,
			 "another board is plugged in there now (MAC "
			 "%02x:%02x:%02x:%02x:%02x:%02x)",
			 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	kiln_hint(err, "the first one is incomplete: plug it in, then run the same command again; "
		       "nothing was written to the other one");
	return KILN_E_WRONG_CHIP;
}

static kiln_code expect_same(struct kiln_flasher *f, struct kiln_err *err)
{
	const char *url = kiln_link_url(f->loader.link);
	struct kiln_chip_info info;
	kiln_code code;

	if (!f->has_info)
		return KILN_OK;
	code = kiln_loader_expect_chip(&f->loader, f->info.chip, err);
	if (code == KILN_E_WRONG_CHIP)
		return other_board(err, url, NULL);
	KILN_TRY(code);
	if (f->loader.secure_download)
		return KILN_OK;
	const struct kiln_chip_reader reader = kiln_loader_reader(&f->loader);

	KILN_TRY(f->info.chip->read_info(f->info.chip, &reader, &info, err));
	if (memcmp(info.mac, f->info.mac, sizeof(info.mac)) != 0)
		return other_board(err, url, info.mac);
	return kiln_loader_settle_chip(&f->loader, err);
}

static kiln_code come_back(struct kiln_flasher *f, struct kiln_err *err)
{
	const bool attached = f->attached;

	KILN_TRY(reopen(f, err));
	f->attached = false;
	KILN_TRY(kiln_flasher_reconnect(f, err));
	KILN_TRY(expect_same(f, err));
	KILN_TRY(kiln_flasher_get_ready(f, err));
	return attached ? kiln_flasher_attach(f, KILN_FLASH_KEEP, err) : KILN_OK;
}

kiln_code kiln_flasher_come_back(struct kiln_flasher *f, struct kiln_err *err)
{
	kiln_code code = KILN_E_PORT_GONE;

	while (kiln_flasher_may_come_back(f, code)) {
		if (f->times_gone++ == MOST_TIMES) {
			(void)kiln_fail(err, code, "'%s' goes away again and again",
					kiln_link_url(f->loader.link));
			kiln_why(err, "it went %d times, and nothing got done in between",
				 MOST_TIMES + 1);
			kiln_hint(err, "try another cable, another USB port or a hub with its own "
				       "power supply");
			return code;
		}
		code = come_back(f, err);
	}
	return code;
}
