/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/connection.h"

#include <errno.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/text.h"

enum { FILE_MAX = 64 * 1024 };

static const char *const channel_names[KILN_CHANNELS] = {
	[KILN_CHANNEL_SHELL] = "shell", [KILN_CHANNEL_CONTROL] = "control",
	[KILN_CHANNEL_STDIN] = "stdin", [KILN_CHANNEL_IOPUB] = "iopub",
	[KILN_CHANNEL_HB] = "hb",
};

const char *kiln_channel_name(kiln_channel channel)
{
	return channel_names[channel];
}

/* One file while it is taken apart. */
struct parse {
	const char *name;
	json_t *root;
	struct kiln_err *err;
};

static kiln_code bad(const struct parse *p, const char *fmt, ...) KILN_PRINTF(2, 3);

static kiln_code bad(const struct parse *p, const char *fmt, ...)
{
	char why[200];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	(void)kiln_fail(p->err, KILN_E_CONFIG, "cannot use the connection file '%s'", p->name);
	kiln_why(p->err, "%s", why);
	kiln_hint(p->err, "Jupyter writes this file when it starts a kernel; "
			  "start the kernel from Jupyter, or with 'jupyter console --kernel kiln'");
	return KILN_E_CONFIG;
}

static kiln_code take_text(const struct parse *p, const char *key, const char *preset, char *dst,
			   size_t size)
{
	json_t *value = json_object_get(p->root, key);
	const char *text = value ? json_string_value(value) : preset;

	if (!value && !preset)
		return bad(p, "'%s' is missing", key);
	if (!text)
		return bad(p, "'%s' is no text", key);
	if (strlen(text) >= size)
		return bad(p, "'%s' is too long", key);
	kiln_text_copy(dst, size, text);
	return KILN_OK;
}

static kiln_code take_port(const struct parse *p, kiln_channel channel, uint16_t *ret_port)
{
	char key[32];
	const json_t *value;

	kiln_text_format(key, sizeof(key), "%s_port", channel_names[channel]);
	value = json_object_get(p->root, key);
	if (!value)
		return bad(p, "'%s' is missing", key);
	if (!json_is_integer(value) || json_integer_value(value) < 1 ||
	    json_integer_value(value) > 65535)
		return bad(p, "'%s' is no port number", key);
	*ret_port = (uint16_t)json_integer_value(value);
	return KILN_OK;
}

/* Both keys or none: half of a pair must not end in a connection that anyone can read. */
static kiln_code take_curve(const struct parse *p, struct kiln_connection *c)
{
	KILN_TRY(take_text(p, "curve_publickey", "", c->curve_public, sizeof(c->curve_public)));
	KILN_TRY(take_text(p, "curve_secretkey", "", c->curve_secret, sizeof(c->curve_secret)));
	if (strlen(c->curve_public) != strlen(c->curve_secret))
		return bad(p, "encryption takes both 'curve_publickey' and 'curve_secretkey'");
	if (c->curve_public[0] && strlen(c->curve_public) != KILN_CURVE_KEY)
		return bad(p, "the CURVE keys are not of %d characters", KILN_CURVE_KEY);
	return KILN_OK;
}

static kiln_code take_fields(const struct parse *p, struct kiln_connection *c)
{
	char scheme[64];

	KILN_TRY(take_text(p, "transport", "tcp", c->transport, sizeof(c->transport)));
	if (strcmp(c->transport, "tcp") != 0 && strcmp(c->transport, "ipc") != 0)
		return bad(p, "transport '%s' is not supported (tcp and ipc are)", c->transport);
	KILN_TRY(take_text(p, "ip", NULL, c->ip, sizeof(c->ip)));
	KILN_TRY(take_text(p, "key", NULL, c->key, sizeof(c->key)));
	KILN_TRY(take_text(p, "signature_scheme", "hmac-sha256", scheme, sizeof(scheme)));
	if (c->key[0] && strcmp(scheme, "hmac-sha256") != 0)
		return bad(p, "signature scheme '%s' is not supported (hmac-sha256 is)", scheme);
	KILN_TRY(take_curve(p, c));
	for (kiln_channel i = 0; i < KILN_CHANNELS; i++)
		KILN_TRY(take_port(p, i, &c->ports[i]));
	return KILN_OK;
}

kiln_code kiln_connection_parse(const char *name, const void *text, size_t n,
				struct kiln_connection *ret_connection, struct kiln_err *err)
{
	struct kiln_connection connection = { 0 };
	struct parse p = { .name = name, .err = err };
	json_error_t why;
	kiln_code code;

	p.root = json_loadb(text, n, 0, &why);
	if (!p.root)
		return bad(&p, "not JSON (line %d: %s)", why.line, why.text);
	code = json_is_object(p.root) ? take_fields(&p, &connection) : bad(&p, "no JSON object");
	json_decref(p.root);
	if (code == KILN_OK)
		*ret_connection = connection;
	return code;
}

static kiln_code read_all(FILE *f, const char *path, struct kiln_buf *text, struct kiln_err *err)
{
	uint8_t block[4096];
	size_t n;

	while ((n = fread(block, 1, sizeof(block), f)) > 0) {
		if (kiln_buf_append(text, block, n) != KILN_OK)
			return kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s'", path);
	}
	if (ferror(f))
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", path);
	return KILN_OK;
}

kiln_code kiln_connection_read(const char *path, struct kiln_connection *ret_connection,
			       bool *ret_shared, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(FILE_MAX);
	FILE *f = fopen(path, "re");
	struct stat st;
	kiln_code code;

	if (!f)
		return kiln_fail_errno(err, KILN_E_IO, errno,
				       "cannot open the connection file '%s'", path);
	code = read_all(f, path, &text, err);
	if (code == KILN_OK)
		code = kiln_connection_parse(path, text.data, text.len, ret_connection, err);
	if (code == KILN_OK)
		*ret_shared = fstat(fileno(f), &st) == 0 && (st.st_mode & 0077) != 0;
	fclose(f);
	kiln_buf_done(&text);
	return code;
}

void kiln_connection_address(const struct kiln_connection *connection, kiln_channel channel,
			     char *dst, size_t size)
{
	const bool ipc = strcmp(connection->transport, "ipc") == 0;
	const bool v6 = !ipc && strchr(connection->ip, ':') && connection->ip[0] != '[';

	kiln_text_format(dst, size, "%s://%s%s%s%c%u", connection->transport, v6 ? "[" : "",
			 connection->ip, v6 ? "]" : "", ipc ? '-' : ':',
			 connection->ports[channel]);
}
