/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "telnet/telnet.h"

struct ends {
	struct kiln_telnet t;
	struct kiln_buf out;
};

static void begin(struct ends *e)
{
	kiln_telnet_init(&e->t);
	kiln_buf_init(&e->out, 4096);
}

static void end(struct ends *e)
{
	kiln_telnet_done(&e->t);
	kiln_buf_done(&e->out);
}

static void assert_bytes(const struct kiln_buf *b, const void *want, size_t n)
{
	assert_int_equal(b->len, n);
	assert_memory_equal(b->data, want, n);
}

/* Feed all of it and gather the data; the last event that was no data is returned. */
static kiln_telnet_event feed(struct ends *e, const void *bytes, size_t n, struct kiln_buf *data)
{
	kiln_telnet_event last = KILN_TELNET_MORE;
	const uint8_t *p = bytes;
	size_t used;

	for (size_t at = 0; at < n; at += used) {
		const kiln_telnet_event event = kiln_telnet_decode(&e->t, p + at, n - at, &used,
								   &e->out);

		assert_true(used > 0);
		if (event == KILN_TELNET_DATA && data)
			assert_int_equal(kiln_buf_append(data, e->t.data.p, e->t.data.n), KILN_OK);
		else if (event != KILN_TELNET_MORE)
			last = event;
	}
	return last;
}

static void data_is_transparent_but_for_iac(void **state)
{
	static const uint8_t plain[] = { 'a', 0xFF, 0x0D, 0x00, 0xFF, 0xFF, 0x7F };
	static const uint8_t wire[] = { 'a', 0xFF, 0xFF, 0x0D, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F };
	struct kiln_buf data = KILN_BUF_INIT(100);
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(kiln_telnet_encode(&e.out, plain, sizeof(plain)), KILN_OK);
	assert_bytes(&e.out, wire, sizeof(wire));
	kiln_buf_reset(&e.out);
	assert_int_equal(feed(&e, wire, sizeof(wire), &data), KILN_TELNET_MORE);
	assert_bytes(&data, plain, sizeof(plain));
	assert_int_equal(e.out.len, 0);
	kiln_buf_done(&data);
	end(&e);
}

static void a_request_is_granted_once_and_its_echo_not_answered(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(feed(&e, "\xFF\xFD\x00", 3, NULL), KILN_TELNET_OPTION);
	assert_int_equal(e.t.side, KILN_TELNET_US);
	assert_int_equal(e.t.option, KILN_TELNET_BINARY);
	assert_true(kiln_telnet_on(&e.t, KILN_TELNET_US, KILN_TELNET_BINARY));
	assert_false(kiln_telnet_on(&e.t, KILN_TELNET_THEM, KILN_TELNET_BINARY));
	assert_bytes(&e.out, "\xFF\xFB\x00", 3);
	assert_int_equal(feed(&e, "\xFF\xFD\x00", 3, NULL), KILN_TELNET_MORE);
	assert_int_equal(e.out.len, 3);
	end(&e);
}

static void what_we_do_not_know_is_refused(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(feed(&e, "\xFF\xFD\x18\xFF\xFB\x18\xFF\xFC\x18\xFF\xFE\x18", 12, NULL),
			 KILN_TELNET_MORE);
	assert_bytes(&e.out, "\xFF\xFC\x18\xFF\xFE\x18", 6);
	kiln_buf_reset(&e.out);
	assert_int_equal(feed(&e, "\xFF\xFD\x01", 3, NULL), KILN_TELNET_MORE); /* we echo nothing */
	assert_bytes(&e.out, "\xFF\xFC\x01", 3);
	end(&e);
}

static void our_request_waits_for_its_answer(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(kiln_telnet_ask(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT, true, &e.out),
			 KILN_OK);
	assert_int_equal(kiln_telnet_ask(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT, true, &e.out),
			 KILN_OK);
	assert_bytes(&e.out, "\xFF\xFB\x2C", 3);
	assert_true(kiln_telnet_pending(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT));
	assert_int_equal(feed(&e, "\xFF\xFD\x2C", 3, NULL), KILN_TELNET_OPTION);
	assert_false(kiln_telnet_pending(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT));
	assert_true(kiln_telnet_on(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT));
	assert_int_equal(e.out.len, 3);
	/* the peer takes it back: agreed to, once */
	assert_int_equal(feed(&e, "\xFF\xFE\x2C\xFF\xFE\x2C", 6, NULL), KILN_TELNET_OPTION);
	assert_false(kiln_telnet_on(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT));
	assert_bytes(&e.out, "\xFF\xFB\x2C\xFF\xFC\x2C", 6);
	end(&e);
}

static void a_refusal_ends_the_wait(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(kiln_telnet_ask(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT, true, &e.out),
			 KILN_OK);
	assert_int_equal(feed(&e, "\xFF\xFE\x2C", 3, NULL), KILN_TELNET_OPTION);
	assert_false(kiln_telnet_pending(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT));
	assert_false(kiln_telnet_on(&e.t, KILN_TELNET_US, KILN_TELNET_COM_PORT));
	assert_int_equal(e.out.len, 3);
	end(&e);
}

/* Both ends ask for all, each answers the other: it must come to rest. */
static void two_of_us_agree_without_a_loop(void **state)
{
	static const kiln_telnet_option all[] = { KILN_TELNET_BINARY, KILN_TELNET_SGA,
						  KILN_TELNET_COM_PORT };
	struct ends a, b;
	size_t total = 0;

	(void)state;
	begin(&a);
	begin(&b);
	for (size_t i = 0; i < 3; i++) {
		for (int side = 0; side < 2; side++) {
			assert_int_equal(
				kiln_telnet_ask(&a.t, (kiln_telnet_side)side, all[i], true, &a.out),
				KILN_OK);
			assert_int_equal(
				kiln_telnet_ask(&b.t, (kiln_telnet_side)side, all[i], true, &b.out),
				KILN_OK);
		}
	}
	for (int turn = 0; turn < 10 && (a.out.len || b.out.len); turn++) {
		struct ends *from = turn % 2 ? &b : &a, *to = turn % 2 ? &a : &b;

		total += from->out.len;
		(void)feed(to, from->out.data, from->out.len, NULL);
		kiln_buf_reset(&from->out);
	}
	assert_int_equal(a.out.len + b.out.len, 0);
	assert_int_equal(total, 2 * 6 * 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(kiln_telnet_on(&a.t, KILN_TELNET_US, all[i]));
		assert_true(kiln_telnet_on(&b.t, KILN_TELNET_THEM, all[i]));
	}
	end(&a);
	end(&b);
}

/* The bytes are RFC 2217's own layout: 44, code, value in network order, FF doubled. */
static void commands_have_the_wire_form_of_the_rfc(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(kiln_telnet_encode_com(&e.out, KILN_COM_BAUDRATE, false, 460800), KILN_OK);
	assert_bytes(&e.out, "\xFF\xFA\x2C\x01\x00\x07\x08\x00\xFF\xF0", 10);
	kiln_buf_reset(&e.out);
	assert_int_equal(kiln_telnet_encode_com(&e.out, KILN_COM_CONTROL, true, KILN_COM_DTR_ON),
			 KILN_OK);
	assert_bytes(&e.out, "\xFF\xFA\x2C\x69\x08\xFF\xF0", 7);
	kiln_buf_reset(&e.out);
	assert_int_equal(kiln_telnet_encode_com(&e.out, KILN_COM_MODEMSTATE_MASK, false, 0xFF),
			 KILN_OK);
	assert_bytes(&e.out, "\xFF\xFA\x2C\x0B\xFF\xFF\xFF\xF0", 8);
	kiln_buf_reset(&e.out);
	assert_int_equal(kiln_telnet_encode_com(&e.out, KILN_COM_SUSPEND, true, 0), KILN_OK);
	assert_bytes(&e.out, "\xFF\xFA\x2C\x6C\xFF\xF0", 6);
	kiln_buf_reset(&e.out);
	assert_int_equal(kiln_telnet_encode_signature(&e.out, true, "kiln"), KILN_OK);
	assert_bytes(&e.out, "\xFF\xFA\x2C\x64kiln\xFF\xF0", 10);
	end(&e);
}

static void commands_are_read_back_byte_by_byte(void **state)
{
	static const uint8_t wire[] = "x\xFF\xFA\x2C\x65\x00\xFF\xFF\x08\x00\xFF\xF0y";
	struct kiln_buf data = KILN_BUF_INIT(10);
	kiln_telnet_event last = KILN_TELNET_MORE;
	struct ends e;

	(void)state;
	begin(&e);
	for (size_t i = 0; i < sizeof(wire) - 1; i++) {
		const kiln_telnet_event event = feed(&e, wire + i, 1, &data);

		if (event != KILN_TELNET_MORE)
			last = event;
	}
	assert_int_equal(last, KILN_TELNET_COM);
	assert_int_equal(e.t.com.command, KILN_COM_BAUDRATE);
	assert_true(e.t.com.answer);
	assert_int_equal(e.t.com.value, 0x00FF0800);
	assert_string_equal(kiln_buf_str(&data), "xy");
	kiln_buf_done(&data);
	end(&e);
}

static void a_signature_is_text_of_any_length_to_the_limit(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(feed(&e, "\xFF\xFA\x2C\x64ser2net\xFF\xF0", 13, NULL), KILN_TELNET_COM);
	assert_int_equal(e.t.com.command, KILN_COM_SIGNATURE);
	assert_int_equal(e.t.com.text.n, 7);
	assert_memory_equal(e.t.com.text.p, "ser2net", 7);
	end(&e);
}

static void malformed_subnegotiations_are_dropped_and_data_goes_on(void **state)
{
	static const struct {
		const char *wire;
		size_t n;
	} bad[] = {
		{ "\xFF\xFA\xFF\xF0", 4 },                              /* empty */
		{ "\xFF\xFA\x2C\xFF\xF0", 5 },                          /* no command */
		{ "\xFF\xFA\x2C\x01\x00\x07\x08\xFF\xF0", 9 },          /* three bytes of baud */
		{ "\xFF\xFA\x2C\x01\x00\x00\x07\x08\x00\xFF\xF0", 11 }, /* five */
		{ "\xFF\xFA\x2C\x0D\x00\xFF\xF0", 7 },                  /* no such command */
		{ "\xFF\xFA\x2C\xFF\xFF\x00\xFF\xF0", 8 },              /* nor 255 - 100 */
		{ "\xFF\xFA\x2C\x05\xFF\xFB\x03", 7 },                  /* a WILL in its middle */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kiln_buf data = KILN_BUF_INIT(10);
		struct ends e;

		begin(&e);
		kiln_telnet_event seen = KILN_TELNET_MORE;
		for (size_t at = 0; at < bad[i].n; at++) {
			const kiln_telnet_event event = feed(&e, bad[i].wire + at, 1, &data);

			if (event == KILN_TELNET_BAD)
				seen = event;
			assert_int_not_equal(event, KILN_TELNET_COM);
		}
		assert_int_equal(seen, KILN_TELNET_BAD);
		assert_int_equal(feed(&e, "ok", 2, &data), KILN_TELNET_MORE);
		assert_string_equal(kiln_buf_str(&data), "ok");
		kiln_buf_done(&data);
		end(&e);
	}
}

static void an_endless_subnegotiation_takes_no_endless_memory(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(feed(&e, "\xFF\xFA\x2C\x64", 4, NULL), KILN_TELNET_MORE);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(feed(&e, "A", 1, NULL), KILN_TELNET_MORE);
	assert_true(e.t.sub.cap <= 1024);
	assert_int_equal(feed(&e, "\xFF\xF0", 2, NULL), KILN_TELNET_BAD);
	assert_int_equal(feed(&e, "\xFF\xFA\x2C\x6D\xFF\xF0", 6, NULL), KILN_TELNET_COM);
	assert_int_equal(e.t.com.command, KILN_COM_RESUME);
	end(&e);
}

static void other_commands_are_passed_over(void **state)
{
	/* NOP, a stray SE, go-ahead, a subnegotiation of NAWS */
	static const char wire[] = "a\xFF\xF1"
				   "b\xFF\xF0"
				   "c\xFF\xF9\xFF\xFA\x1F"
				   "1234\xFF\xF0"
				   "d";
	struct kiln_buf data = KILN_BUF_INIT(10);
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(feed(&e, wire, sizeof(wire) - 1, &data), KILN_TELNET_MORE);
	assert_string_equal(kiln_buf_str(&data), "abcd");
	assert_int_equal(e.out.len, 0);
	kiln_buf_done(&data);
	end(&e);
}

/* pyserial asks for the modem state that way. */
static void a_poll_for_the_modem_state_has_no_value(void **state)
{
	struct ends e;

	(void)state;
	begin(&e);
	assert_int_equal(feed(&e, "\xFF\xFA\x2C\x07\xFF\xF0", 6, NULL), KILN_TELNET_COM);
	assert_int_equal(e.t.com.command, KILN_COM_NOTIFY_MODEMSTATE);
	assert_int_equal(feed(&e, "\xFF\xFA\x2C\x6B\xFF\xF0", 6, NULL), KILN_TELNET_BAD);
	end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_transparent_but_for_iac),
		cmocka_unit_test(a_request_is_granted_once_and_its_echo_not_answered),
		cmocka_unit_test(what_we_do_not_know_is_refused),
		cmocka_unit_test(our_request_waits_for_its_answer),
		cmocka_unit_test(a_refusal_ends_the_wait),
		cmocka_unit_test(two_of_us_agree_without_a_loop),
		cmocka_unit_test(commands_have_the_wire_form_of_the_rfc),
		cmocka_unit_test(commands_are_read_back_byte_by_byte),
		cmocka_unit_test(a_signature_is_text_of_any_length_to_the_limit),
		cmocka_unit_test(malformed_subnegotiations_are_dropped_and_data_goes_on),
		cmocka_unit_test(an_endless_subnegotiation_takes_no_endless_memory),
		cmocka_unit_test(other_commands_are_passed_over),
		cmocka_unit_test(a_poll_for_the_modem_state_has_no_value),
	};
	return RUN(tests);
}
