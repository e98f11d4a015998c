/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/wire.h"

#define KEY "a0436f6c-1916-498b-8eb9-e81ab9368e84"

/* Made with Python: hmac.new(KEY, header + parent + metadata + content, sha256).hexdigest() */
#define HEADER "{\"msg_id\":\"1\",\"msg_type\":\"kernel_info_request\"}"
#define SIGNATURE "23d21ade63d42fc48bbe2721cd9045ceffb260c3521b7d246495f23adfca79a0"

static struct kiln_span text(const char *s)
{
	return kiln_span(s, strlen(s));
}

struct frames {
	struct kiln_span items[KILN_WIRE_MAX_FRAMES + 1];
	size_t n;
};

/* [id, <IDS|MSG>, signature, header, {}, {}, {}] */
static struct frames good_frames(void)
{
	struct frames f = { .n = 7 };

	f.items[0] = kiln_span("\0id", 3);
	f.items[1] = text(kiln_wire_delimiter);
	f.items[2] = text(SIGNATURE);
	f.items[3] = text(HEADER);
	for (size_t i = 4; i < 7; i++)
		f.items[i] = text("{}");
	return f;
}

static struct kiln_wire *wire_with(const char *key)
{
	struct kiln_wire *wire = NULL;

	assert_int_equal(kiln_wire_new(key, &wire, NULL), KILN_OK);
	return wire;
}

static void refused(const char *key, const struct frames *f, kiln_code code, const char *why)
{
	struct kiln_wire *wire = wire_with(key);
	struct kiln_wire_msg msg;
	struct kiln_err err = KILN_ERR_INIT;

	assert_int_equal(kiln_wire_decode(wire, f->items, f->n, &msg, &err), code);
	assert_string_equal(err.what, "dropped a message");
	assert_string_equal(err.why, why);
	kiln_wire_free(wire);
}

static void a_signed_message_is_taken_apart(void **state)
{
	struct kiln_wire *wire = wire_with(KEY);
	struct frames f = good_frames();
	struct kiln_wire_msg msg;

	(void)state;
	f.items[f.n++] = text("a raw buffer");
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_OK);
	assert_string_equal(msg.type, "kernel_info_request");
	assert_int_equal(msg.n_idents, 1);
	assert_int_equal(msg.idents[0].n, 3);
	assert_memory_equal(msg.idents[0].bytes, "\0id", 3);
	assert_int_equal(msg.n_buffers, 1);
	kiln_wire_msg_done(&msg);
	kiln_wire_free(wire);
}

static void a_wrong_signature_is_refused(void **state)
{
	struct frames f = good_frames();

	(void)state;
	f.items[6] = text("{\"code\":\"evil\"}");
	refused(KEY, &f, KILN_E_DENIED, "wrong signature");
	f = good_frames();
	f.items[2] = text("");
	refused(KEY, &f, KILN_E_DENIED, "wrong signature");
	f = good_frames();
	refused("another key", &f, KILN_E_DENIED, "wrong signature");
}

static void a_message_is_taken_once(void **state)
{
	struct kiln_wire *wire = wire_with(KEY);
	struct frames f = good_frames();
	struct kiln_wire_msg msg;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_OK);
	kiln_wire_msg_done(&msg);
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, &err), KILN_E_DENIED);
	assert_string_equal(err.why, "it has come before (repeated signature)");
	kiln_wire_free(wire);
}

/* Signed messages out and in again, more than are remembered; then the last one once more. */
static void memory_of_signatures_is_bounded(void **state)
{
	struct kiln_wire *wire = wire_with(KEY);
	struct kiln_wire_out out = { 0 };
	struct kiln_wire_msg msg;
	struct frames f = good_frames();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		json_t *header = json_pack("{s:s, s:s, s:i}", "msg_id", "1", "msg_type", "x", "n",
					   i);
		const struct kiln_wire_part parts[KILN_WIRE_PARTS] = { { .value = header } };

		kiln_wire_out_done(&out);
		assert_int_equal(kiln_wire_encode(wire, parts, &out, NULL), KILN_OK);
		f.items[2] = text(out.signature);
		for (size_t p = 0; p < KILN_WIRE_PARTS; p++)
			f.items[3 + p] = text(out.parts[p]);
		assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_OK);
		kiln_wire_msg_done(&msg);
		json_decref(header);
	}
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_E_DENIED);
	kiln_wire_out_done(&out);
	kiln_wire_free(wire);
}

static void without_a_key_nothing_is_signed(void **state)
{
	struct kiln_wire *wire = wire_with("");
	struct kiln_wire_out out;
	const struct kiln_wire_part parts[KILN_WIRE_PARTS] = { 0 };
	struct frames f = good_frames();
	struct kiln_wire_msg msg;

	(void)state;
	assert_int_equal(kiln_wire_encode(wire, parts, &out, NULL), KILN_OK);
	assert_string_equal(out.signature, "");
	assert_string_equal(out.parts[3], "{}");
	kiln_wire_out_done(&out);
	f.items[2] = text("");
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_OK);
	kiln_wire_msg_done(&msg);
	kiln_wire_free(wire);
}

/* A parent_header is the request's header to the byte, whatever its client wrote how. */
static void a_header_goes_back_as_it_came(void **state)
{
	static const char header[] = "{ \"msg_type\": \"x\",\t\"msg_id\":\"1\", \"n\": 1.50 }";
	struct kiln_wire *wire = wire_with("");
	struct frames f = good_frames();
	struct kiln_wire_part parts[KILN_WIRE_PARTS] = { { .text = "{\"a\":1}" } };
	struct kiln_wire_out out;
	struct kiln_wire_msg msg;

	(void)state;
	f.items[2] = text("");
	f.items[3] = text(header);
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_OK);
	parts[1].text = msg.header_text;
	assert_int_equal(kiln_wire_encode(wire, parts, &out, NULL), KILN_OK);
	assert_string_equal(out.parts[0], "{\"a\":1}");
	assert_string_equal(out.parts[1], header);
	kiln_wire_out_done(&out);
	kiln_wire_msg_done(&msg);
	kiln_wire_free(wire);
}

static void a_number_that_is_too_large_is_no_damage(void **state)
{
	struct kiln_wire *wire = wire_with("");
	struct frames f = good_frames();
	struct kiln_wire_msg msg;

	(void)state;
	f.items[2] = text("");
	f.items[6] = text("{\"a\": 1000000000000000000000000, \"b\": 3}");
	assert_int_equal(kiln_wire_decode(wire, f.items, f.n, &msg, NULL), KILN_OK);
	assert_true(json_real_value(json_object_get(msg.content, "a")) > 9e23);
	assert_true(json_number_value(json_object_get(msg.content, "b")) == 3);
	kiln_wire_msg_done(&msg);
	kiln_wire_free(wire);
}

static void damaged_messages_say_what_is_wrong(void **state)
{
	static const struct {
		size_t frame;
		const char *text, *why;
	} cases[] = {
		{ 1, "<IDS|MSH>", "no <IDS|MSG> where it should be" },
		{ 3, "{\"msg_id\":", "a frame is not JSON" },
		{ 3, "[]", "a frame is no JSON object" },
		{ 6, "\xff\xfe", "a frame is not JSON" },
		{ 3, "{\"msg_id\":\"1\"}", "its header has no msg_type or msg_id" },
		{ 3, "{\"msg_id\":1,\"msg_type\":\"x\"}", "its header has no msg_type or msg_id" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frames f = good_frames();

		f.items[cases[i].frame] = text(cases[i].text);
		refused("", &f, KILN_E_PROTOCOL, cases[i].why);
	}
}

static void missing_and_too_many_frames(void **state)
{
	struct frames f = good_frames();

	(void)state;
	f.n = 6;
	refused("", &f, KILN_E_PROTOCOL, "frames are missing");
	f.n = 1;
	refused("", &f, KILN_E_PROTOCOL, "no <IDS|MSG> frame");
	f.n = 0;
	refused("", &f, KILN_E_PROTOCOL, "no <IDS|MSG> frame");
	f = good_frames();
	for (f.n = 7; f.n <= KILN_WIRE_MAX_FRAMES; f.n++)
		f.items[f.n] = text("");
	refused("", &f, KILN_E_TOO_BIG, "too many frames");
}

static void a_huge_message_is_refused_unread(void **state)
{
	struct frames f = good_frames();

	(void)state;
	f.items[7] = kiln_span("", (size_t)KILN_WIRE_MAX_BYTES); /* never looked into */
	f.n = 8;
	refused("", &f, KILN_E_TOO_BIG, "larger than 64 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_message_is_taken_apart),
		cmocka_unit_test(a_wrong_signature_is_refused),
		cmocka_unit_test(a_message_is_taken_once),
		cmocka_unit_test(memory_of_signatures_is_bounded),
		cmocka_unit_test(without_a_key_nothing_is_signed),
		cmocka_unit_test(a_header_goes_back_as_it_came),
		cmocka_unit_test(a_number_that_is_too_large_is_no_damage),
		cmocka_unit_test(damaged_messages_say_what_is_wrong),
		cmocka_unit_test(missing_and_too_many_frames),
		cmocka_unit_test(a_huge_message_is_refused_unread),
	};
	return RUN(tests);
}
