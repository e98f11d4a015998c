/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/wire.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

const char kiln_wire_delimiter[] = "<IDS|MSG>";

/*
 * Signatures that have been seen, so that a message that somebody recorded cannot be played
 * again. Two generations of a hash set: when the young one is half full it becomes the old one, so
 * between 4096 and 8192 messages are remembered in 128 KiB. The first 8 bytes of an HMAC are as
 * good as random and serve as the hash.
 */
enum { SLOTS = 8192, HALF = SLOTS / 2 };

struct seen {
	uint64_t slots[SLOTS]; /* 0: free */
	size_t n;
};

struct kiln_wire {
	EVP_MAC_CTX *mac; /* keyed, and begun anew for each message; NULL: none is signed */
	struct seen *young, *old;
};

enum { DIGEST = 32 };

static bool seen_has(const struct seen *seen, uint64_t hash)
{
	size_t at = hash % SLOTS;

	for (; seen->slots[at]; at = (at + 1) % SLOTS) {
		if (seen->slots[at] == hash)
			return true;
	}
	return false;
}

static void seen_add(struct kiln_wire *wire, uint64_t hash)
{
	struct seen *seen = wire->young;
	size_t at = hash % SLOTS;

	if (seen->n == HALF) {
		wire->young = wire->old;
		wire->old = seen;
		seen = wire->young;
		memset(seen, 0, sizeof(*seen));
	}
	while (seen->slots[at])
		at = (at + 1) % SLOTS;
	seen->slots[at] = hash;
	seen->n++;
}

static uint64_t hash_of(const uint8_t digest[DIGEST])
{
	const uint64_t hash = (uint64_t)kiln_get_le32(digest + 4) << 32 | kiln_get_le32(digest);

	return hash ? hash : 1;
}

static EVP_MAC_CTX *mac_new(const char *key)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	char sha256[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};

	if (ctx && EVP_MAC_init(ctx, (const unsigned char *)key, strlen(key), params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MAC_free(mac);
	return ctx;
}

kiln_code kiln_wire_new(const char *key, struct kiln_wire **ret_wire, struct kiln_err *err)
{
	struct kiln_wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return kiln_fail(err, KILN_E_NOMEM, "cannot start the kernel");
	wire->young = calloc(1, sizeof(*wire->young));
	wire->old = calloc(1, sizeof(*wire->old));
	if (key[0])
		wire->mac = mac_new(key);
	if (!wire->young || !wire->old || (key[0] && !wire->mac)) {
		kiln_wire_free(wire);
		return kiln_fail(err, KILN_E_NOMEM, "cannot set up message signatures");
	}
	*ret_wire = wire;
	return KILN_OK;
}

void kiln_wire_free(struct kiln_wire *wire)
{
	if (!wire)
		return;
	EVP_MAC_CTX_free(wire->mac);
	free(wire->young);
	free(wire->old);
	free(wire);
}

static bool digest_parts(const struct kiln_wire *wire, const struct kiln_span *parts,
			 uint8_t ret_digest[DIGEST])
{
	size_t n = 0;
	bool good = EVP_MAC_init(wire->mac, /* key= */ NULL, 0, NULL) == 1; /* the one it has */

	for (size_t i = 0; good && i < KILN_WIRE_PARTS; i++)
		good = EVP_MAC_update(wire->mac, parts[i].p, parts[i].n) == 1;
	return good && EVP_MAC_final(wire->mac, ret_digest, &n, DIGEST) == 1 && n == DIGEST;
}

static void to_hex(const uint8_t digest[DIGEST], char ret_hex[2 * DIGEST + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST; i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_hex[2 * DIGEST] = '\0';
}

static kiln_code refuse(struct kiln_err *err, kiln_code code, const char *why)
{
	(void)kiln_fail(err, code, "dropped a message");
	kiln_why(err, "%s", why);
	return code;
}

static kiln_code check_signature(struct kiln_wire *wire, struct kiln_span signature,
				 const struct kiln_span *parts, struct kiln_err *err)
{
	uint8_t digest[DIGEST];
	char hex[2 * DIGEST + 1];

	if (!wire->mac)
		return KILN_OK;
	if (!digest_parts(wire, parts, digest))
		return refuse(err, KILN_E_NOMEM, "its signature could not be computed");
	to_hex(digest, hex);
	/* in constant time: a forger must not learn how many characters were right */
	if (signature.n != 2 * DIGEST || CRYPTO_memcmp(signature.p, hex, 2 * DIGEST) != 0)
		return refuse(err, KILN_E_DENIED, "wrong signature");
	if (seen_has(wire->young, hash_of(digest)) || seen_has(wire->old, hash_of(digest)))
		return refuse(err, KILN_E_DENIED, "it has come before (repeated signature)");
	seen_add(wire, hash_of(digest));
	return KILN_OK;
}

static bool is_delimiter(struct kiln_span frame)
{
	return kiln_span_equal(frame,
			       kiln_span(kiln_wire_delimiter, sizeof(kiln_wire_delimiter) - 1));
}

static kiln_code check_limits(const struct kiln_span *frames, size_t n, struct kiln_err *err)
{
	size_t left = KILN_WIRE_MAX_BYTES;

	if (n > KILN_WIRE_MAX_FRAMES)
		return refuse(err, KILN_E_TOO_BIG, "too many frames");
	for (size_t i = 0; i < n; i++) {
		if (frames[i].n > left)
			return refuse(err, KILN_E_TOO_BIG, "larger than 64 MiB");
		left -= frames[i].n;
	}
	return KILN_OK;
}

/* Copies the identities; `*ret_n` becomes the number of frames up to the delimiter. */
static kiln_code take_idents(const struct kiln_span *frames, size_t n, struct kiln_wire_msg *msg,
			     size_t *ret_n, struct kiln_err *err)
{
	size_t i = 0;

	for (; i < n && !is_delimiter(frames[i]); i++) {
		if (i == KILN_WIRE_MAX_IDENTS || frames[i].n > sizeof(msg->idents[i].bytes))
			return refuse(err, KILN_E_PROTOCOL, "no <IDS|MSG> where it should be");
		msg->idents[i].n = (uint8_t)frames[i].n;
		memcpy(msg->idents[i].bytes, frames[i].p, frames[i].n);
	}
	if (i == n)
		return refuse(err, KILN_E_PROTOCOL, "no <IDS|MSG> frame");
	if (n - i < 2 + KILN_WIRE_PARTS)
		return refuse(err, KILN_E_PROTOCOL, "frames are missing");
	msg->n_idents = i;
	*ret_n = i;
	return KILN_OK;
}

static bool take_buffers(struct kiln_wire_msg *msg, const struct kiln_span *frames, size_t n)
{
	if (n == 0)
		return true;
	msg->buffers = calloc(n, sizeof(*msg->buffers));
	if (!msg->buffers)
		return false;
	for (; msg->n_buffers < n; msg->n_buffers++) {
		struct kiln_wire_buffer *buffer = &msg->buffers[msg->n_buffers];

		buffer->n = frames[msg->n_buffers].n;
		buffer->p = malloc(buffer->n + 1);
		if (!buffer->p)
			return false;
		memcpy(buffer->p, frames[msg->n_buffers].p, buffer->n);
	}
	return true;
}

/* JSON's integers have no largest one: where one does not fit, those of its part become reals. */
static json_t *parse(struct kiln_span part)
{
	const char *text = (const char *)part.p;
	json_error_t why;
	json_t *value = json_loadb(text, part.n, JSON_ALLOW_NUL, &why);

	if (!value && json_error_code(&why) == json_error_numeric_overflow)
		value = json_loadb(text, part.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
	return value;
}

static kiln_code parse_parts(struct kiln_wire_msg *msg, const struct kiln_span *parts,
			     struct kiln_err *err)
{
	json_t **const targets[] = { &msg->header, &msg->parent, &msg->metadata, &msg->content };

	for (size_t i = 0; i < KILN_WIRE_PARTS; i++) {
		*targets[i] = parse(parts[i]);
		if (!*targets[i])
			return refuse(err, KILN_E_PROTOCOL, "a frame is not JSON");
		if (!json_is_object(*targets[i]))
			return refuse(err, KILN_E_PROTOCOL, "a frame is no JSON object");
	}
	msg->type = json_string_value(json_object_get(msg->header, "msg_type"));
	if (!msg->type || !json_is_string(json_object_get(msg->header, "msg_id")))
		return refuse(err, KILN_E_PROTOCOL, "its header has no msg_type or msg_id");
	msg->header_text = strndup((const char *)parts[0].p, parts[0].n);
	return msg->header_text ? KILN_OK : refuse(err, KILN_E_NOMEM, "out of memory");
}

kiln_code kiln_wire_decode(struct kiln_wire *wire, const struct kiln_span *frames, size_t n,
			   struct kiln_wire_msg *ret_msg, struct kiln_err *err)
{
	struct kiln_wire_msg msg = { 0 };
	const struct kiln_span *parts;
	size_t delimiter = 0;
	kiln_code code;

	KILN_TRY(check_limits(frames, n, err));
	KILN_TRY(take_idents(frames, n, &msg, &delimiter, err));
	parts = frames + delimiter + 2;
	KILN_TRY(check_signature(wire, frames[delimiter + 1], parts, err));
	code = parse_parts(&msg, parts, err);
	if (code == KILN_OK &&
	    !take_buffers(&msg, parts + KILN_WIRE_PARTS, n - delimiter - 2 - KILN_WIRE_PARTS))
		code = refuse(err, KILN_E_NOMEM, "out of memory");
	if (code != KILN_OK) {
		kiln_wire_msg_done(&msg);
		return code;
	}
	*ret_msg = msg;
	return KILN_OK;
}

void kiln_wire_msg_done(struct kiln_wire_msg *msg)
{
	free(msg->header_text);
	json_decref(msg->header);
	json_decref(msg->parent);
	json_decref(msg->metadata);
	json_decref(msg->content);
	for (size_t i = 0; i < msg->n_buffers; i++)
		free(msg->buffers[i].p);
	free(msg->buffers);
	*msg = (struct kiln_wire_msg){ 0 };
}

static char *text_of(const struct kiln_wire_part *part)
{
	if (part->value && !part->text)
		return json_dumps(part->value, JSON_COMPACT);
	return strdup(part->text ? part->text : "{}");
}

kiln_code kiln_wire_encode(struct kiln_wire *wire,
			   const struct kiln_wire_part parts[KILN_WIRE_PARTS],
			   struct kiln_wire_out *ret_out, struct kiln_err *err)
{
	struct kiln_wire_out out = { 0 };
	struct kiln_span spans[KILN_WIRE_PARTS];
	uint8_t digest[DIGEST];

	for (size_t i = 0; i < KILN_WIRE_PARTS; i++) {
		out.parts[i] = text_of(&parts[i]);
		if (!out.parts[i])
			goto nomem;
		spans[i] = kiln_span(out.parts[i], strlen(out.parts[i]));
	}
	if (wire->mac) {
		if (!digest_parts(wire, spans, digest))
			goto nomem;
		to_hex(digest, out.signature);
	}
	*ret_out = out;
	return KILN_OK;
nomem:
	kiln_wire_out_done(&out);
	return kiln_fail(err, KILN_E_NOMEM, "cannot make a message");
}

void kiln_wire_out_done(struct kiln_wire_out *out)
{
	for (size_t i = 0; i < KILN_WIRE_PARTS; i++)
		free(out->parts[i]);
	*out = (struct kiln_wire_out){ 0 };
}
