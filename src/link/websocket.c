/* SPDX-License-Identifier: Apache-2.0 */
#include "link/websocket.h"

#include <openssl/evp.h>
#include <string.h>

enum { HEAD, LENGTH_7, LENGTH_MORE, PAYLOAD, DEAD };

void kiln_ws_init(struct kiln_ws *ws)
{
	*ws = (struct kiln_ws){ .phase = HEAD };
}

static kiln_ws_event bad(struct kiln_ws *ws, const char *why)
{
	ws->phase = DEAD;
	ws->why = why;
	return KILN_WS_BAD;
}

static bool is_control(const struct kiln_ws *ws)
{
	return ws->opcode >= KILN_WS_CLOSE;
}

/* The first byte of a frame (RFC 6455, 5.2 and 5.4). NULL: it is fine. */
static const char *take_head(struct kiln_ws *ws, uint8_t byte)
{
	ws->fin = byte & 0x80;
	ws->opcode = byte & 0x0F;
	if (byte & 0x70)
		return "a frame with reserved bits";
	if (ws->opcode > KILN_WS_BINARY &&
	    (ws->opcode < KILN_WS_CLOSE || ws->opcode > KILN_WS_PONG))
		return "a frame of an unknown kind";
	if (is_control(ws))
		return ws->fin ? NULL : "a control frame in pieces";
	if ((ws->opcode == KILN_WS_CONTINUED) != ws->in_message)
		return ws->in_message ? "a message within another" : "a piece of no message";
	if (ws->opcode != KILN_WS_CONTINUED)
		ws->message = (kiln_ws_opcode)ws->opcode;
	return NULL;
}

static const char *take_length(struct kiln_ws *ws, uint8_t byte)
{
	if (byte & 0x80)
		return "a masked frame, which only clients send";
	if (is_control(ws) && byte > KILN_WS_CONTROL_MAX)
		return "a control frame that is too long";
	ws->need = byte == 126 ? 2 : byte == 127 ? 8 : 0;
	ws->left = ws->need ? 0 : byte;
	ws->n_control = is_control(ws) ? 0 : ws->n_control;
	ws->phase = ws->need ? LENGTH_MORE : PAYLOAD;
	return NULL;
}

/* A frame is complete. */
static kiln_ws_event end_frame(struct kiln_ws *ws)
{
	ws->phase = HEAD;
	if (!is_control(ws)) {
		ws->in_message = !ws->fin;
		return KILN_WS_MORE;
	}
	if (ws->opcode == KILN_WS_PING)
		return KILN_WS_PINGED;
	if (ws->opcode == KILN_WS_PONG) /* nobody asked: allowed, means nothing */
		return KILN_WS_MORE;
	ws->phase = DEAD;
	ws->why = "it was closed";
	return KILN_WS_CLOSED;
}

static kiln_ws_event take_header_byte(struct kiln_ws *ws, uint8_t byte)
{
	const char *wrong = NULL;

	if (ws->phase == HEAD) {
		wrong = take_head(ws, byte);
		ws->phase = LENGTH_7;
	} else if (ws->phase == LENGTH_7) {
		wrong = take_length(ws, byte);
	} else {
		ws->left = ws->left << 8 | byte;
		if (--ws->need == 0)
			ws->phase = PAYLOAD;
		if (ws->left >> 63)
			wrong = "a length beyond all bounds";
	}
	if (wrong)
		return bad(ws, wrong);
	return ws->phase == PAYLOAD && ws->left == 0 ? end_frame(ws) : KILN_WS_MORE;
}

static kiln_ws_event take_payload(struct kiln_ws *ws, const uint8_t *p, size_t n, size_t *ret_used)
{
	const size_t part = n < ws->left ? n : (size_t)ws->left;

	*ret_used += part;
	ws->left -= part;
	if (is_control(ws)) {
		memcpy(ws->control + ws->n_control, p, part);
		ws->n_control += part;
		return ws->left == 0 ? end_frame(ws) : KILN_WS_MORE;
	}
	ws->data = kiln_span(p, part);
	if (ws->left == 0)
		(void)end_frame(ws);
	return KILN_WS_DATA;
}

kiln_ws_event kiln_ws_decode(struct kiln_ws *ws, const uint8_t *p, size_t n, size_t *ret_used)
{
	kiln_ws_event event = KILN_WS_MORE;

	*ret_used = 0;
	if (ws->phase == DEAD) {
		*ret_used = n;
		return n ? KILN_WS_BAD : KILN_WS_MORE;
	}
	while (*ret_used < n && event == KILN_WS_MORE) {
		if (ws->phase == PAYLOAD) {
			event = take_payload(ws, p + *ret_used, n - *ret_used, ret_used);
		} else {
			event = take_header_byte(ws, p[*ret_used]);
			++*ret_used;
		}
	}
	return event;
}

kiln_code kiln_ws_encode(struct kiln_buf *out, kiln_ws_opcode opcode, const uint8_t mask[4],
			 const void *p, size_t n)
{
	const uint8_t *bytes = p;

	if (n > UINT16_MAX) /* nobody here sends so much at once, and MicroPython can't take it */
		return KILN_E_TOO_BIG;
	KILN_TRY(kiln_buf_reserve(out, n + 8));
	(void)kiln_buf_putc(out, (uint8_t)(0x80 | opcode));
	(void)kiln_buf_putc(out, (uint8_t)(0x80 | (n < 126 ? n : 126)));
	if (n >= 126) {
		(void)kiln_buf_putc(out, (uint8_t)(n >> 8));
		(void)kiln_buf_putc(out, (uint8_t)n);
	}
	(void)kiln_buf_append(out, mask, 4);
	for (size_t i = 0; i < n; i++)
		(void)kiln_buf_putc(out, bytes[i] ^ mask[i % 4]);
	return KILN_OK;
}

/* ---- the handshake (RFC 6455, 4) ---- */

void kiln_ws_key(const uint8_t random[16], char ret_key[KILN_WS_KEY_SIZE])
{
	(void)EVP_EncodeBlock((unsigned char *)ret_key, random, 16);
}

kiln_code kiln_ws_request(struct kiln_buf *out, const char *authority, const char *key)
{
	return kiln_buf_printf(out,
			       "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
			       "Upgrade: websocket\r\nSec-WebSocket-Key: %s\r\n"
			       "Sec-WebSocket-Version: 13\r\n\r\n",
			       authority, key);
}

static void accept_of(const char *key, char accept[32])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[KILN_WS_KEY_SIZE + sizeof(guid)];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	(void)snprintf(text, sizeof(text), "%s%s", key, guid);
	accept[0] = '\0';
	if (EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL) == 1 && n == 20)
		(void)EVP_EncodeBlock((unsigned char *)accept, digest, 20);
}

static struct kiln_span take_line(struct kiln_span *head)
{
	const uint8_t *end = head->n ? memchr(head->p, '\n', head->n) : NULL;
	struct kiln_span line = kiln_span(head->p, end ? (size_t)(end - head->p) : head->n);
	const size_t used = line.n + (end ? 1 : 0);

	*head = kiln_span(head->p + used, head->n - used);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* True if it is "name: value", whatever the letters' case; *ret_value is without blanks. */
static bool is_field(struct kiln_span line, const char *name, struct kiln_span *ret_value)
{
	const size_t n = strlen(name);

	if (line.n <= n || strncasecmp((const char *)line.p, name, n) != 0 || line.p[n] != ':')
		return false;
	line = kiln_span(line.p + n + 1, line.n - n - 1);
	while (line.n > 0 && line.p[0] == ' ')
		line = kiln_span(line.p + 1, line.n - 1);
	while (line.n > 0 && line.p[line.n - 1] == ' ')
		line.n--;
	*ret_value = line;
	return true;
}

const char *kiln_ws_check_response(struct kiln_span head, const char *key)
{
	const struct kiln_span status = take_line(&head);
	struct kiln_span value;
	char accept[32];
	bool accepted = false;

	if (status.n < 12 || memcmp(status.p, "HTTP/1.", 7) != 0)
		return "it speaks no HTTP";
	if (memcmp(status.p + 8, " 101", 4) != 0)
		return "it is a web server without WebREPL";
	accept_of(key, accept);
	while (head.n > 0) {
		if (is_field(take_line(&head), "Sec-WebSocket-Accept", &value))
			accepted = value.n == strlen(accept) &&
				   memcmp(value.p, accept, value.n) == 0;
	}
	return accepted ? NULL : "its answer is not to what was asked";
}
