/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "link/login.h"
#include "link/logins.h"
#include "link/websocket.h"

/* ---- frames ---- */

/* Decode in pieces of `piece`; events as letters, data as it is. */
static void decode(const char *bytes, size_t n, size_t piece, char *seen)
{
	static const char letters[] = "?DPCB";
	struct kiln_ws ws;
	size_t used;

	kiln_ws_init(&ws);
	for (size_t at = 0; at < n; at += used) {
		const size_t part = n - at < piece ? n - at : piece;
		const kiln_ws_event event = kiln_ws_decode(&ws, (const uint8_t *)bytes + at, part,
							   &used);

		assert_true(used <= part && (used > 0 || event != KILN_WS_MORE));
		if (event == KILN_WS_DATA) {
			memcpy(seen, ws.data.p, ws.data.n);
			seen += ws.data.n;
		} else if (event != KILN_WS_MORE) {
			*seen++ = '<';
			*seen++ = letters[event];
			memcpy(seen, ws.control, event == KILN_WS_BAD ? 0 : ws.n_control);
			seen += event == KILN_WS_BAD ? 0 : ws.n_control;
			*seen++ = '>';
		}
		if (event == KILN_WS_BAD) {
			assert_non_null(ws.why);
			break;
		}
	}
	*seen = '\0';
}

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t n;
	const char *seen;
} frames[] = {
	/* the examples of RFC 6455, 5.7 */
	{ BYTES("\x81\x05Hello"), "Hello" },
	{ BYTES("\x01\x03Hel\x80\x02lo"), "Hello" },
	{ BYTES("\x89\x05Hello"), "<PHello>" },
	{ BYTES("\x8a\x05Hello"), "" },
	{ BYTES("\x82\x7e\x00\x05Hello"), "Hello" },
	{ BYTES("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x05Hello"), "Hello" },
	/* control frames may stand between pieces of a message */
	{ BYTES("\x01\x02"
		"ab\x89\x01"
		"x\x00\x00\x80\x01"
		"c"),
	  "ab<Px>c" },
	{ BYTES("\x81\x00\x81\x01"
		"a"),
	  "a" },
	{ BYTES("\x88\x02\x03\xe8"), "<C\x03\xe8>" },
	{ BYTES("\x88\x00\x81\x01z"), "<C><B>" },
	{ BYTES("\xc1\x01z"), "<B>" },        /* reserved bits */
	{ BYTES("\x83\x01z"), "<B>" },        /* opcode 3 */
	{ BYTES("\x8b\x01z"), "<B>" },        /* opcode 11 */
	{ BYTES("\x09\x01z"), "<B>" },        /* a ping in pieces */
	{ BYTES("\x89\x7e\x00\x7e"), "<B>" }, /* a ping of 126 bytes */
	{ BYTES("\x80\x01z"), "<B>" },        /* goes on with nothing */
	{ BYTES("\x01\x01"
		"a\x81\x01z"),
	  "a<B>" },                        /* a message within a message */
	{ BYTES("\x81\x81mask."), "<B>" }, /* a server masks nothing */
	{ BYTES("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), "<B>" },
};

static void frames_are_decoded_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		for (size_t piece = 1; piece <= frames[i].n; piece++) {
			char seen[64];

			decode(frames[i].bytes, frames[i].n, piece, seen);
			if (strcmp(seen, frames[i].seen) != 0)
				fail_msg("frame %zu in %zus: %s", i, piece, seen);
		}
	}
}

static void what_is_sent_is_masked(void **state)
{
	static const uint8_t mask[] = { 0x37, 0xfa, 0x21, 0x3d };
	static uint8_t much[70000];
	struct kiln_buf out = KILN_BUF_INIT(1 << 20);

	(void)state;
	assert_int_equal(kiln_ws_encode(&out, KILN_WS_TEXT, mask, "Hello", 5), KILN_OK);
	/* RFC 6455, 5.7 */
	assert_memory_equal(out.data, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
	assert_int_equal(out.len, 11);
	kiln_buf_reset(&out);
	assert_int_equal(kiln_ws_encode(&out, KILN_WS_BINARY, mask, much, 126), KILN_OK);
	assert_memory_equal(out.data, "\x82\xfe\x00\x7e", 4);
	assert_int_equal(out.len, 126 + 8);
	assert_int_equal(kiln_ws_encode(&out, KILN_WS_BINARY, mask, much, sizeof(much)),
			 KILN_E_TOO_BIG);
	kiln_buf_done(&out);
}

#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* of RFC 6455, 1.3 */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static void the_handshake_is_checked(void **state)
{
	static const struct {
		const char *head, *wrong;
	} answers[] = {
		{ "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
		  NULL },
		{ "HTTP/1.0 101 X\r\nsec-websocket-accept:" ACCEPT "  \r\n\r\n", NULL },
		{ "HTTP/1.1 101 X\nSec-WebSocket-Accept: " ACCEPT "\n\n", NULL },
		{ "HTTP/1.1 101 X\r\nSec-WebSocket-Accept: " ACCEPT "=\r\n\r\n",
		  "its answer is not to what was asked" },
		{ "HTTP/1.1 101 X\r\n\r\n", "its answer is not to what was asked" },
		{ "HTTP/1.1 404 Not Found\r\n\r\n", "it is a web server without WebREPL" },
		{ "SSH-2.0-OpenSSH\r\n\r\n", "it speaks no HTTP" },
		{ "\r\n\r\n", "it speaks no HTTP" },
	};
	char key[KILN_WS_KEY_SIZE];

	(void)state;
	kiln_ws_key((const uint8_t *)"the sample nonce", key);
	assert_string_equal(key, KEY);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const char *wrong = kiln_ws_check_response(
			kiln_span(answers[i].head, strlen(answers[i].head)), KEY);

		if (wrong ? !answers[i].wrong || strcmp(wrong, answers[i].wrong) != 0
			  : answers[i].wrong != NULL)
			fail_msg("%zu: %s", i, wrong ? wrong : "taken");
	}
}

/* ---- who is there ---- */

static void urls_with_a_login(void **state)
{
	static const struct {
		const char *url, *clean, *host, *port, *user, *password;
	} urls[] = {
		{ "ws://h", "ws://h:8266", "h", "8266", "", "" },
		{ "ws://h/", "ws://h:8266", "h", "8266", "", "" },
		{ "ws://h:1", "ws://h:1", "h", "1", "", "" },
		{ "ws://:pw@h", "ws://h:8266", "h", "8266", "", "pw" },
		{ "ws://u:p%40%3a/x@h", "ws://h:8266", "h", "8266", "u", "p@:/x" },
		{ "ws://u:p@%40%3a@h:2", "ws://h:2", "h", "2", "u", "p@@:" },
		{ "ws://u@[::1]", "ws://[::1]:8266", "::1", "8266", "u", "" },
		{ "ws://[::1]:3/", "ws://[::1]:3", "::1", "3", "", "" },
		{ "ws://u:%zz@h", NULL, NULL, NULL, NULL, NULL },
		{ "ws://u:%0@h", NULL, NULL, NULL, NULL, NULL },
		{ "ws://u:%00@h", NULL, NULL, NULL, NULL, NULL },
		{ "ws://", NULL, NULL, NULL, NULL, NULL },
		{ "ws://@", NULL, NULL, NULL, NULL, NULL },
		{ "ws:h", NULL, NULL, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct kiln_login_url u;
		struct kiln_err err = KILN_ERR_INIT;
		const kiln_code code = kiln_login_url_parse(urls[i].url, "form", "8266", &u, &err);

		if (!urls[i].clean) {
			assert_int_equal(code, KILN_E_INVALID);
			continue;
		}
		if (code != KILN_OK)
			fail_msg("%s: %s", urls[i].url, err.why);
		assert_string_equal(u.url, urls[i].clean);
		assert_string_equal(u.net.host, urls[i].host);
		assert_string_equal(u.net.port, urls[i].port);
		assert_string_equal(u.user, urls[i].user);
		assert_string_equal(u.password, urls[i].password);
	}
}

static void errors_hide_what_is_secret(void **state)
{
	struct kiln_login_url u;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_login_url_parse("ws://u:secret@h:0", "form", "1", &u, &err),
			 KILN_E_INVALID);
	assert_string_equal(err.what, "cannot open 'ws://h:0'");
	assert_int_equal(kiln_login_url_parse("ws://u:secret%@h:0", "form", "1", &u, &err),
			 KILN_E_INVALID);
	assert_string_equal(err.what, "cannot open 'ws://'");
}

static void logins_are_hidden(void **state)
{
	static const struct {
		const char *url, *shown;
	} urls[] = {
		{ "ws://:secret@h:1", "ws://h:1" },
		{ "ws://secret@h", "ws://h" },
		{ "telnet://u:se/cr@t@h?x=1", "telnet://h?x=1" },
		{ "wss://u:p@h", "wss://h" },
		{ "ws://h", "ws://h" },
		{ "/dev/serial/a@b", "/dev/serial/a@b" },
		{ "serial:///dev/a@b", "serial:///dev/a@b" },
		{ "sim:a@b", "sim:a@b" },
		{ "", "" },
	};
	char shown[64], small[8];

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(kiln_login_hide(urls[i].url, shown, sizeof(shown)),
				 strcmp(urls[i].url, urls[i].shown) != 0);
		assert_string_equal(shown, urls[i].shown);
	}
	assert_true(kiln_login_hide("ws://:secret@host", small, sizeof(small)));
	assert_string_equal(small, "ws:/...");
}

static void logins_in_a_text(void **state)
{
	static const struct {
		const char *text, *shown;
	} texts[] = {
		{ "%connect ws://:pw@h:1", "%connect ws://h:1" },
		{ "a('ws://pw@h') b \"telnet://u:p@w@h\"\n@x ws://h @",
		  "a('ws://h') b \"telnet://h\"\n@x ws://h @" },
		{ "ws://", "ws://" },
		{ "ws://a@ws://b@c", "ws://c" },
		{ "@property", "@property" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[80];

		kiln_text_copy(text, sizeof(text), texts[i].text);
		kiln_logins_hide_in(text);
		assert_string_equal(text, texts[i].shown);
	}
}

static void logins_are_found_again(void **state)
{
	static struct kiln_logins logins;
	char url[64], secret[64];

	(void)state;
	kiln_text_copy(url, sizeof(url), "ws://:old@h");
	kiln_logins_keep(&logins, url);
	kiln_text_copy(url, sizeof(url), "ws://:se%40cret@h");
	kiln_logins_keep(&logins, url);
	assert_string_equal(url, "ws://h");
	kiln_text_copy(url, sizeof(url), "telnet://micro:python@h");
	kiln_logins_keep(&logins, url);
	kiln_text_copy(url, sizeof(url), "ws://other");
	kiln_logins_keep(&logins, url);
	/* what is no login stays wrong, and is hidden as well */
	kiln_text_copy(url, sizeof(url), "ws://:100%@h");
	kiln_logins_keep(&logins, url);
	assert_string_equal(url, "ws://%@h");
	assert_int_equal(logins.n, 3);
	assert_true(kiln_logins_find(&logins, "ws://h:8266", "WebREPL password", secret, 64));
	assert_string_equal(secret, "se@cret");
	assert_false(kiln_logins_find(&logins, "ws://h:1", "WebREPL password", secret, 64));
	assert_true(kiln_logins_find(&logins, "telnet://h:23", "user name", secret, 64));
	assert_string_equal(secret, "micro");
	assert_true(kiln_logins_find(&logins, "telnet://h:23", "password", secret, 64));
	assert_string_equal(secret, "python");
	for (int i = 0; i < 2 * KILN_LOGINS_MAX; i++) {
		kiln_text_format(url, sizeof(url), "ws://:%d@h", i);
		kiln_logins_keep(&logins, url);
	}
	assert_true(kiln_logins_find(&logins, "ws://h:8266", "WebREPL password", secret, 64));
	assert_string_equal(secret, "127");
	assert_true(kiln_login_in_words(" /dev/x\tws://pw@h ws://:2@h:1", "ws://h:8266",
					"WebREPL password", secret, sizeof(secret)));
	assert_string_equal(secret, "pw");
	assert_false(kiln_login_in_words("", "ws://h:8266", "WebREPL password", secret, 64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_decoded_in_any_pieces),
		cmocka_unit_test(what_is_sent_is_masked),
		cmocka_unit_test(the_handshake_is_checked),
		cmocka_unit_test(urls_with_a_login),
		cmocka_unit_test(logins_are_hidden),
		cmocka_unit_test(logins_are_found_again),
		cmocka_unit_test(logins_in_a_text),
		cmocka_unit_test(errors_hide_what_is_secret),
	};
	return RUN(tests);
}
