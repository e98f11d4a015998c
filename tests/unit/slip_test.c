/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "slip/slip.h"

static void specials_are_escaped(void **state)
{
	static const uint8_t plain[] = { 0x00, 0xC0, 0xDB, 0x7F };
	static const uint8_t wire[] = { 0xC0, 0x00, 0xDB, 0xDC, 0xDB, 0xDD, 0x7F, 0xC0 };
	struct kiln_buf out = KILN_BUF_INIT(100);

	(void)state;
	assert_int_equal(kiln_slip_encode(&out, plain, sizeof(plain)), KILN_OK);
	assert_int_equal(out.len, sizeof(wire));
	assert_memory_equal(out.data, wire, sizeof(wire));
	kiln_buf_done(&out);
}

static void text_before_a_frame_is_noise_and_kept(void **state)
{
	static const uint8_t in[] = "ets Jul\r\n\xC0\x01\x02\xC0tail";
	struct kiln_slip_decoder dec;
	size_t used, at = 0;

	(void)state;
	kiln_slip_init(&dec, 100);
	assert_int_equal(kiln_slip_decode(&dec, in, 17, &used), KILN_SLIP_NOISE);
	assert_string_equal(kiln_buf_str(&dec.noise), "ets Jul\r\n");
	at += used;
	assert_int_equal(kiln_slip_decode(&dec, in + at, 17 - at, &used), KILN_SLIP_FRAME);
	assert_int_equal(dec.frame.len, 2);
	assert_memory_equal(dec.frame.data, "\x01\x02", 2);
	at += used;
	assert_int_equal(kiln_slip_decode(&dec, in + at, 17 - at, &used), KILN_SLIP_NOISE);
	assert_string_equal(kiln_buf_str(&dec.noise), "tail");
	kiln_slip_done(&dec);
}

static void a_frame_arrives_byte_by_byte(void **state)
{
	static const uint8_t in[] = { 0xC0, 0xC0, 0xDB, 0xDC, 0x05, 0xC0 };
	struct kiln_slip_decoder dec;
	size_t used;

	(void)state;
	kiln_slip_init(&dec, 100);
	for (size_t i = 0; i + 1 < sizeof(in); i++)
		assert_int_equal(kiln_slip_decode(&dec, in + i, 1, &used), KILN_SLIP_MORE);
	assert_int_equal(kiln_slip_decode(&dec, in + 5, 1, &used), KILN_SLIP_FRAME);
	assert_memory_equal(dec.frame.data, "\xC0\x05", 2);
	kiln_slip_done(&dec);
}

static void bad_escapes_and_long_frames_are_dropped_and_said(void **state)
{
	static const uint8_t bad[] = { 0xC0, 0x01, 0xDB, 0x00, 0xC0, 0xC0, 0x02, 0xC0 };
	static const uint8_t longer[] = { 0xC0, 1, 2, 3, 4, 5, 0xC0 };
	struct kiln_slip_decoder dec;
	size_t used;

	(void)state;
	kiln_slip_init(&dec, 4);
	assert_int_equal(kiln_slip_decode(&dec, bad, sizeof(bad), &used), KILN_SLIP_BAD);
	assert_int_equal(used, 5);
	assert_int_equal(kiln_slip_decode(&dec, bad + 5, 3, &used), KILN_SLIP_FRAME);
	assert_int_equal(kiln_slip_decode(&dec, longer, sizeof(longer), &used), KILN_SLIP_BAD);
	kiln_slip_done(&dec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specials_are_escaped),
		cmocka_unit_test(text_before_a_frame_is_noise_and_kept),
		cmocka_unit_test(a_frame_arrives_byte_by_byte),
		cmocka_unit_test(bad_escapes_and_long_frames_are_dropped_and_said),
	};
	return RUN(tests);
}
