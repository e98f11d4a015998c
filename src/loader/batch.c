/* SPDX-License-Identifier: Apache-2.0 */
/* Requests ahead of their replies: what would cost a round trip each costs a few together. */
#include "loader/session.h"

enum {
	/*
	 * A ROM reads its UART when it has nothing else to do; what comes meanwhile stays in the
	 * FIFO of 128 bytes (technical reference manuals, "UART Controller"). So that many bytes
	 * may be under way without an answer.
	 */
	ROM_FIFO = 120,
	SETTLE = 100,
};

struct batch {
	struct kiln_loader *l;
	const struct kiln_request *requests;
	size_t n, sent, answered;
	size_t lengths[KILN_LOADER_REGS_MAX], under_way;
};

static bool has_room(const struct batch *b)
{
	const struct kiln_request *next = &b->requests[b->sent];
	/* its frame if every byte of it were escaped */
	const size_t most = 2 + 2 * (8 + 4 * next->n_words + next->data.n);

	if (b->sent == b->answered)
		return true;
	if (b->l->is_stub)
		return b->sent - b->answered <= b->l->ahead;
	return b->under_way + most <= ROM_FIFO;
}

static kiln_code send_one(struct batch *b, struct kiln_err *err)
{
	if (b->sent > b->answered)
		kiln_loader_gap(b->l);
	KILN_TRY(kiln_loader_send(b->l, &b->requests[b->sent], err));
	b->lengths[b->sent] = b->l->wire.len;
	b->under_way += b->l->wire.len;
	b->sent++;
	return KILN_OK;
}

static kiln_code ask_ahead(struct batch *b, uint32_t *values, struct kiln_err *err)
{
	struct kiln_reply reply;

	KILN_TRY(kiln_loader_absorb(b->l, err));
	while (b->answered < b->n) {
		while (b->sent < b->n && has_room(b))
			KILN_TRY(send_one(b, err));
		KILN_TRY(kiln_loader_receive(b->l, &b->requests[b->answered],
					     KILN_LOADER_TIMEOUT / KILN_LOADER_TRIES, &reply, err));
		values[b->answered] = reply.value;
		b->under_way -= b->lengths[b->answered++];
	}
	return KILN_OK;
}

static bool was_misheard(kiln_code code)
{
	return code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL || code == KILN_E_REFUSED ||
	       code == KILN_E_UNSUPPORTED;
}

static kiln_code ask_one_by_one(struct kiln_loader *l, const struct kiln_request *requests,
				size_t n, uint32_t *values, struct kiln_err *err)
{
	struct kiln_reply reply;

	for (size_t i = 0; i < n; i++) {
		KILN_TRY(kiln_loader_ask(l, &requests[i], KILN_LOADER_TIMEOUT, &reply, err));
		values[i] = reply.value;
	}
	return KILN_OK;
}

kiln_code kiln_loader_ask_all(struct kiln_loader *l, const struct kiln_request *requests, size_t n,
			      uint32_t *ret_values, struct kiln_err *err)
{
	struct batch b = { .l = l, .requests = requests, .n = n };
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code;

	if (!l->quick || n < 2 || n > KILN_LOADER_REGS_MAX || (l->is_stub && l->ahead == 0))
		return ask_one_by_one(l, requests, n, ret_values, err);
	code = ask_ahead(&b, ret_values, &fault);
	if (code == KILN_OK)
		return KILN_OK;
	if (!was_misheard(code)) {
		if (err)
			*err = fault;
		return code;
	}
	KILN_TRY(kiln_loader_settle(l, SETTLE, err));
	return ask_one_by_one(l, requests, n, ret_values, err);
}

kiln_code kiln_loader_read_regs(struct kiln_loader *l, const uint32_t *addresses, size_t n,
				uint32_t *ret_values, struct kiln_err *err)
{
	struct kiln_request requests[KILN_LOADER_REGS_MAX];

	for (size_t i = 0; i < n; i++)
		requests[i] = kiln_request_read_reg(addresses[i]);
	return kiln_loader_ask_all(l, requests, n, ret_values, err);
}

static size_t find(const struct kiln_loader *l, uint32_t address)
{
	size_t i = 0;

	while (i < l->n_known && l->known[i].address != address)
		i++;
	return i;
}

/* The UART's divider is another one at another baud. */
static bool goes_with_baud(const struct kiln_loader *l, uint32_t address)
{
	return l->chip && address == l->chip->uart_clkdiv_reg;
}

bool kiln_loader_knows_reg(const struct kiln_loader *l, uint32_t address, uint32_t *ret_value)
{
	const size_t i = find(l, address);

	if (i == l->n_known ||
	    (goes_with_baud(l, address) && l->known[i].baud != kiln_link_baud(l->link)))
		return false;
	*ret_value = l->known[i].value;
	return true;
}

static void learn(struct kiln_loader *l, uint32_t address, uint32_t value)
{
	const size_t i = find(l, address);

	if (i == KILN_LOADER_REGS_MAX)
		return;
	l->n_known += i == l->n_known;
	l->known[i] = (struct kiln_reg_value){ address, value, kiln_link_baud(l->link) };
}

/* A reader that only notes what is asked for and not known yet. */
struct noting {
	const struct kiln_loader *l;
	uint32_t addresses[KILN_LOADER_REGS_MAX];
	size_t n;
};

static kiln_code note(void *user, uint32_t address, uint32_t *ret_value, struct kiln_err *err)
{
	struct noting *noting = user;
	size_t i = 0;

	(void)err;
	*ret_value = 0;
	if (kiln_loader_knows_reg(noting->l, address, ret_value))
		return KILN_OK;
	while (i < noting->n && noting->addresses[i] != address)
		i++;
	if (i == noting->n && i < KILN_LOADER_REGS_MAX)
		noting->addresses[noting->n++] = address;
	return KILN_OK;
}

kiln_code kiln_loader_read_ahead(struct kiln_loader *l, kiln_loader_reads reads, void *user,
				 struct kiln_err *err)
{
	struct noting noting = { .l = l };
	uint32_t values[KILN_LOADER_REGS_MAX];
	const struct kiln_chip_reader reader = {
		.read_reg = note,
		.user = &noting,
		.baud = kiln_link_baud(l->link),
	};

	if (!l->quick)
		return KILN_OK;
	/* zeros may describe no chip at all */
	const kiln_code code = reads(&reader, user);

	(void)code;
	KILN_TRY(kiln_loader_read_regs(l, noting.addresses, noting.n, values, err));
	for (size_t i = 0; i < noting.n; i++)
		learn(l, noting.addresses[i], values[i]);
	return KILN_OK;
}
