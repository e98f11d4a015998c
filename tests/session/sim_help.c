/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_help.h"

#include <ftw.h>

static struct kiln_scheme schemes[2];
static char home[64];

struct kiln_host help_host(void)
{
	schemes[0] = kiln_sim_scheme;
	return (struct kiln_host){ .schemes = schemes };
}

int help_state_home(void **state)
{
	(void)state;
	kiln_text_copy(home, sizeof(home), "/tmp/kiln-sim-XXXXXX");
	if (!mkdtemp(home))
		return -1;
	return setenv("XDG_STATE_HOME", home, 1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int help_state_home_gone(void **state)
{
	(void)state;
	return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct kiln_link *help_open(const struct kiln_host *host, const char *rest)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link = NULL;
	char url[256];

	kiln_text_format(url, sizeof(url), "sim:%s", rest);
	if (kiln_link_open(host, url, 115200, &link, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	return link;
}

const char *help_hear(struct kiln_link *link, int ms)
{
	static char text[1 << 16];
	const kiln_ms deadline = kiln_link_after(link, ms);
	size_t n = 0, got;

	while (n < sizeof(text) - 1 && kiln_link_read(link, text + n, sizeof(text) - 1 - n,
						      deadline, &got, NULL) == KILN_OK)
		n += got;
	text[n] = '\0';
	return text;
}

static void lines(struct kiln_link *link, bool dtr, bool rts, int ms)
{
	assert_int_equal(kiln_link_set_lines(link, dtr, rts, NULL), KILN_OK);
	if (ms)
		assert_int_equal(kiln_link_sleep(link, ms, NULL), KILN_OK);
}

void help_download(struct kiln_link *link)
{
	lines(link, false, true, 100);
	lines(link, true, false, 50);
	lines(link, false, false, 50);
	assert_int_equal(kiln_link_flush_input(link, NULL), KILN_OK);
}

int help_frame(struct kiln_link *link, uint8_t *frame, size_t size, int ms)
{
	const kiln_ms deadline = kiln_link_after(link, ms);
	struct kiln_slip_decoder dec;
	uint8_t byte;
	size_t n, used;
	int result = -1;

	kiln_slip_init(&dec, 1 << 16);
	while (result < 0 && kiln_link_read(link, &byte, 1, deadline, &n, NULL) == KILN_OK) {
		if (kiln_slip_decode(&dec, &byte, 1, &used) != KILN_SLIP_FRAME)
			continue;
		result = (int)dec.frame.len;
		memcpy(frame, dec.frame.data, dec.frame.len < size ? dec.frame.len : size);
	}
	kiln_slip_done(&dec);
	return result;
}

int help_request(struct kiln_link *link, uint8_t op, const void *body, size_t n, uint32_t checksum,
		 uint8_t *reply, size_t size, int ms)
{
	struct kiln_buf packet = KILN_BUF_INIT(1 << 16), wire = KILN_BUF_INIT(1 << 17);
	uint8_t header[8] = { 0, op, (uint8_t)n, (uint8_t)(n >> 8) };
	kiln_code code;

	kiln_put_le32(header + 4, checksum);
	kiln_buf_append(&packet, header, 8);
	kiln_buf_append(&packet, body, n);
	kiln_slip_encode(&wire, packet.data, packet.len);
	code = kiln_link_write(link, wire.data, wire.len, kiln_link_after(link, 20000), NULL);
	kiln_buf_done(&packet);
	kiln_buf_done(&wire);
	return code == KILN_OK ? help_frame(link, reply, size, ms) : -1;
}

int help_words(struct kiln_link *link, uint8_t op, const uint32_t *words, size_t n, size_t tail)
{
	uint8_t body[64], reply[256];
	int len;

	for (size_t i = 0; i < n; i++)
		kiln_put_le32(body + 4 * i, words[i]);
	len = help_request(link, op, body, 4 * n, 0, reply, sizeof(reply), 60000);
	return len < 8 + (int)tail ? -1 : reply[len - (int)tail];
}

int help_sync(struct kiln_link *link)
{
	uint8_t body[36] = { 7, 7, 0x12, 0x20 }, reply[64];
	int n;

	memset(body + 4, 0x55, 32);
	n = help_request(link, 8, body, sizeof(body), 0, reply, sizeof(reply), 200);
	for (int i = 0; n > 0 && i < 7; i++)
		n = help_frame(link, reply, sizeof(reply), 200);
	return n;
}

int help_data(struct kiln_link *link, uint8_t op, uint32_t seq, const void *data, size_t n,
	      size_t tail)
{
	uint8_t *body = calloc(1, 16 + n), reply[64], sum = 0xEF;
	int len;

	assert_non_null(body);
	kiln_put_le32(body, (uint32_t)n);
	kiln_put_le32(body + 4, seq);
	memcpy(body + 16, data, n);
	for (size_t i = 0; i < n; i++)
		sum ^= body[16 + i];
	len = help_request(link, op, body, 16 + n, sum, reply, sizeof(reply), 60000);
	free(body);
	return len < 8 + (int)tail ? -1 : reply[len - (int)tail];
}

void help_stub(struct kiln_link *link)
{
	static const uint8_t code[64];
	uint8_t frame[16];

	assert_int_equal(help_words(link, 0x05, (uint32_t[]){ 64, 1, 0x1800, 0x400A8000 }, 4, 4),
			 0);
	assert_int_equal(help_data(link, 0x07, 0, code, 64, 4), 0);
	assert_int_equal(help_words(link, 0x06, (uint32_t[]){ 0, 0x400A8010 }, 2, 4), 0);
	assert_int_equal(help_frame(link, frame, sizeof(frame), 500), 4);
	assert_memory_equal(frame, "OHAI", 4);
}
