/* SPDX-License-Identifier: Apache-2.0 */
#include "session_help.h"

#include "link/link_impl.h"
#include "support/image_maker.h"

static char firmware[96]; /* a flash file with an image that boots */

int session_firmware(void **state)
{
	static const struct image_spec spec = {
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 3,
		.segment_size = 20000,
		.digest = true,
		.seed = 3,
	};
	static uint8_t flash[4 * 1024 * 1024];
	uint8_t *image;
	size_t n;
	FILE *f;

	if (help_state_home(state) != 0)
		return -1;
	image = image_make(&spec, &n);
	memset(flash, 0xFF, sizeof(flash));
	memcpy(flash + 0x1000, image, n);
	free(image);
	kiln_text_format(firmware, sizeof(firmware), "%s/flash", getenv("XDG_STATE_HOME"));
	f = fopen(firmware, "wb");
	if (!f || fwrite(flash, 1, sizeof(flash), f) != sizeof(flash))
		return -1;
	return fclose(f);
}

/* What a session's link goes on using when the test that had it on its stack has failed. */
struct session_host {
	struct kiln_host host;
	struct session *session; /* NULL: its test has failed */
	struct kiln_repl *repl;
};

static struct session_host *opened; /* NULL: none is open */

static void close_opened(void)
{
	if (!opened)
		return;
	kiln_repl_close(opened->repl);
	free(opened);
	opened = NULL;
}

static kiln_code cancel_wait(void *user, int fd, short events, kiln_ms deadline)
{
	struct session *t = ((struct session_host *)user)->session;
	const struct kiln_host plain = { .ui = { .log = NULL } };

	if (t && t->cancel_at && strstr(kiln_buf_str(&t->out), t->cancel_at)) {
		t->cancel_at = NULL;
		return KILN_E_CANCELLED;
	}
	return kiln_host_wait(&plain, fd, events, deadline);
}

const char *session_url(void)
{
	static char url[200];

	kiln_text_format(url, sizeof(url), "repl?clock=virtual&flash=%s", firmware);
	return url;
}

kiln_code session_open(struct session *t, const char *options, unsigned baud)
{
	struct kiln_link *link;
	char url[256];
	kiln_code code;

	if (opened)
		opened->session = NULL;
	close_opened();
	opened = calloc(1, sizeof(*opened));
	assert_non_null(opened);
	*opened = (struct session_host){ .host = help_host(), .session = t };
	opened->host.waiter = (struct kiln_waiter){ .wait = cancel_wait, .user = opened };
	*t = (struct session){ .host = opened };
	kiln_buf_init(&t->out, 4 * 1024 * 1024);
	kiln_text_format(url, sizeof(url), "sim:%s%s", session_url(), options);
	code = kiln_link_open(&opened->host, url, baud, &link, &t->err);
	if (code == KILN_OK)
		code = kiln_repl_open(link, &t->repl, &t->err);
	opened->repl = t->repl;
	return code;
}

void session_begin(struct session *t)
{
	if (session_open(t, "&mac=24:0a:c4:12:87:7c", 115200) != KILN_OK)
		fail_msg("%s: %s", t->err.what, t->err.why);
}

void session_end(struct session *t)
{
	close_opened();
	kiln_repl_result_done(&t->result);
	kiln_buf_done(&t->out);
}

void session_keep(void *user, const char *text, size_t n)
{
	struct session *t = user;

	assert_int_equal(kiln_buf_append(&t->out, text, n), KILN_OK);
}

void session_run(struct session *t, const char *code)
{
	const struct kiln_repl_output output = { .text = session_keep, .user = t };

	kiln_repl_result_done(&t->result);
	kiln_buf_reset(&t->out);
	if (kiln_repl_exec(t->repl, code, strlen(code), &output, &t->result, &t->err) != KILN_OK)
		fail_msg("%s: %s", t->err.what, t->err.why);
}

void session_expect(struct session *t, const char *code, const char *output)
{
	session_run(t, code);
	assert_string_equal(kiln_buf_str(&t->out), output);
	assert_false(t->result.exception);
}
