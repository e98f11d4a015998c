/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a mounted folder in the middle of a board's output, and their replies. */
#include "unit.h"

#include <string.h>

#include "hostfs/mount_wire.h"

struct heard {
	struct kiln_buf plain, requests; /* "k7 args;" each */
};

/* All of `text` in pieces of `piece` bytes. */
static void hear(struct heard *h, const char *text, size_t n, size_t piece)
{
	struct kiln_mount_filter f;

	kiln_buf_init(&h->plain, 4096);
	kiln_buf_init(&h->requests, 4096);
	kiln_mount_filter_init(&f, "tokn");
	for (size_t at = 0; at < n;) {
		const size_t part = n - at < piece ? n - at : piece;
		size_t used;

		if (kiln_mount_feed(&f, (const uint8_t *)text + at, part, &used, &h->plain) ==
		    KILN_MOUNT_REQUEST) {
			(void)kiln_buf_printf(&h->requests, "%c%c ", f.request.number,
					      f.request.letter);
			(void)kiln_buf_append(&h->requests, f.request.args.p, f.request.args.n);
			(void)kiln_buf_putc(&h->requests, ';');
		}
		at += used;
	}
	kiln_mount_flush(&f, &h->plain);
	kiln_mount_filter_done(&f);
}

static void requests_and_output(void **state)
{
	static const struct {
		const char *text, *plain, *requests;
	} cases[] = {
		{ "plain\r\n", "plain\r\n", "" },
		{ "a\x1d<toknaSx/y\x1d>b", "ab", "aS x/y;" },
		{ "\x1d<toknaV\x1d>\x1d<toknbV\x1d>", "", "aV ;bV ;" },
		{ "\x1d<toknaW1 \x1d]\x1dJ\x1dM\x1d"
		  "D\x1d>",
		  "", "aW 1 \x1d\n\r\x04;" },
		{ "\x1d<wrong\x1d>", "\x1d<wrong\x1d>", "" },
		{ "\x1d\x1d<toknaV\x1d>", "\x1d", "aV ;" },
		{ "\x1d<\x1d<toknaV\x1d>", "\x1d<", "aV ;" },
		{ "\x1dJ text", "\x1dJ text", "" },
		/* one that broke off: what follows is shown, and the next one is served */
		{ "\x1d<toknaS/lo\r\nTraceback\x1d<toknbV\x1d>", "\r\nTraceback", "bV ;" },
		{ "\x1d<toknaS/lo\x1d<toknbV\x1d>x", "x", "bV ;" },
		{ "\x1d<toknaS\x04", "\x04", "" },
		{ "\x1d<tokna\x1d>x", ">x", "" },
		{ "at the end \x1d<to", "at the end \x1d<to", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 40; piece += 3) {
			struct heard h;

			hear(&h, cases[i].text, strlen(cases[i].text), piece);
			assert_string_equal(kiln_buf_str(&h.plain), cases[i].plain);
			assert_string_equal(kiln_buf_str(&h.requests), cases[i].requests);
			kiln_buf_done(&h.plain);
			kiln_buf_done(&h.requests);
		}
	}
}

static void a_request_without_end(void **state)
{
	static char text[3 * KILN_MOUNT_REQUEST_MAX];
	struct heard h;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "\x1d<toknaS", 8);
	hear(&h, text, sizeof(text), 1000);
	assert_true(h.plain.len > 0);
	assert_int_equal(h.requests.len, 0);
	kiln_buf_done(&h.plain);
	kiln_buf_done(&h.requests);
}

static void numbers(void **state)
{
	struct kiln_span args = kiln_span((const uint8_t *)"1f A0 x", 7);
	uint64_t value;

	(void)state;
	assert_true(kiln_mount_number(&args, &value));
	assert_int_equal(value, 0x1f);
	assert_true(kiln_mount_number(&args, &value));
	assert_int_equal(value, 0xa0);
	assert_false(kiln_mount_number(&args, &value));
	args = kiln_span((const uint8_t *)"11111111111111111", 17);
	assert_false(kiln_mount_number(&args, &value));
	args = kiln_span(NULL, 0);
	assert_false(kiln_mount_number(&args, &value));
}

static void replies_fit_the_board(void **state)
{
	struct kiln_buf out = KILN_BUF_INIT(256);
	const struct kiln_span answer = kiln_span((const uint8_t *)"+\x03"
								   "abc",
						  5);
	size_t taken;

	(void)state;
	assert_int_equal(kiln_mount_reply(&out, 'k', answer, 100, &taken), KILN_OK);
	assert_int_equal(taken, 5);
	assert_string_equal(kiln_buf_str(&out), "\x1d<k0006+\x1d"
						"Cabc");
	kiln_buf_reset(&out);
	assert_int_equal(kiln_mount_reply(&out, 'k', answer, 9, &taken), KILN_OK);
	assert_int_equal(taken, 1); /* an escaped byte is not cut */
	assert_string_equal(kiln_buf_str(&out), "\x1d<k0001+");
	assert_int_equal(kiln_mount_reply(&out, 'k', answer, 7, &taken), KILN_E_TOO_BIG);
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_and_output),
		cmocka_unit_test(a_request_without_end),
		cmocka_unit_test(numbers),
		cmocka_unit_test(replies_fit_the_board),
	};
	return RUN(tests);
}
