/* SPDX-License-Identifier: Apache-2.0 */
/* A socket is asked when it may have something, and then nothing is left behind in it. */
#include "unit.h"

#include <poll.h>
#include <zmq.h>

#include "kernel/sockets.h"

enum { PATIENCE_MS = 10000, MESSAGES = 200 };

struct ends {
	void *context;
	struct kiln_socket mine, theirs;
	struct kiln_wire *wire;
};

static int set_up(void **state)
{
	struct ends *e = test_calloc(1, sizeof(*e));

	assert_int_equal(kiln_wire_new("", &e->wire, NULL), KILN_OK);
	e->context = zmq_ctx_new();
	assert_true(kiln_socket_init(&e->mine, zmq_socket(e->context, ZMQ_DEALER)));
	assert_true(kiln_socket_init(&e->theirs, zmq_socket(e->context, ZMQ_DEALER)));
	assert_int_equal(zmq_bind(e->mine.zmq, "inproc://ends"), 0);
	assert_int_equal(zmq_connect(e->theirs.zmq, "inproc://ends"), 0);
	*state = e;
	return 0;
}

static int tear_down(void **state)
{
	struct ends *e = *state;

	kiln_socket_close(&e->mine);
	kiln_socket_close(&e->theirs);
	kiln_socket_close(&e->theirs); /* of one that is closed: nothing */
	zmq_ctx_term(e->context);
	kiln_wire_free(e->wire);
	test_free(e);
	return 0;
}

static void send_one(struct ends *e, struct kiln_socket *from)
{
	const struct kiln_wire_part parts[KILN_WIRE_PARTS] = {
		{ .text = "{\"msg_id\":\"1\",\"msg_type\":\"x\"}" }
	};
	struct kiln_wire_out out;

	assert_int_equal(kiln_wire_encode(e->wire, parts, &out, NULL), KILN_OK);
	assert_int_equal(kiln_socket_send(from, "test", NULL, 0, &out, NULL), KILN_OK);
	kiln_wire_out_done(&out);
}

static kiln_code receive_one(struct ends *e)
{
	struct kiln_wire_msg msg;
	const kiln_code code = kiln_socket_receive(&e->mine, e->wire, &msg, NULL);

	if (code == KILN_OK)
		kiln_wire_msg_done(&msg);
	return code;
}

/* Until the descriptor shows something, as the loop does it. */
static void wait_for_sign(struct kiln_socket *socket)
{
	struct pollfd p = { .fd = socket->fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	socket->stirred = true;
}

static void an_empty_one_is_asked_once(void **state)
{
	struct ends *e = *state;

	assert_true(e->mine.stirred);
	assert_int_equal(receive_one(e), KILN_E_TIMEOUT);
	assert_false(e->mine.stirred);
	assert_int_equal(receive_one(e), KILN_E_TIMEOUT);
}

static void a_sign_is_followed_until_nothing_is_left(void **state)
{
	struct ends *e = *state;

	while (receive_one(e) == KILN_OK)
		continue;
	for (int i = 0; i < 3; i++)
		send_one(e, &e->theirs);
	wait_for_sign(&e->mine);
	for (int i = 0; i < 3; i++)
		assert_int_equal(receive_one(e), KILN_OK);
	assert_int_equal(receive_one(e), KILN_E_TIMEOUT);
	assert_false(e->mine.stirred);
}

/* Sending looks at what has come, and takes the sign away with it. */
static void what_a_send_has_hidden_is_found(void **state)
{
	struct ends *e = *state;
	int found = 0;

	while (receive_one(e) == KILN_OK)
		continue;
	for (int i = 0; i < MESSAGES; i++) {
		send_one(e, &e->theirs);
		send_one(e, &e->mine);
		assert_true(e->mine.stirred);
		while (receive_one(e) == KILN_OK)
			found++;
	}
	while (found < MESSAGES) {
		wait_for_sign(&e->mine);
		while (receive_one(e) == KILN_OK)
			found++;
	}
	assert_false(e->mine.stirred);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_one_is_asked_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_sign_is_followed_until_nothing_is_left, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_a_send_has_hidden_is_found, set_up, tear_down),
	};

	return RUN(tests);
}
