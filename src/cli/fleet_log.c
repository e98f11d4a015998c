/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a bench: which board got what, and when. Lines are appended whole, so that several
 * benches may share a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/text.h"
#include "cli/fleet.h"
#include "cli/port_json.h"

static const char *const columns[] = { "time",  "port",    "mac",  "chip", "result", "seconds",
				       "tries", "written", "same", "runs", "error",  NULL };

static bool ends_in(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/*
 * One write(2) a line: who is killed, or shares the file with another bench, leaves it whole. A
 * line that a failed machine cut off is ended, so that it spoils no other.
 */
static bool put_line(int fd, const char *line, size_t n)
{
	ssize_t done;

	/* more than once only where there is no room for all: that tells why */
	while ((done = write(fd, line, n)) > 0 && (size_t)done < n) {
		line += done;
		n -= (size_t)done;
	}
	return done > 0;
}

/* End a line that stands there in part. */
static bool end_line(int fd)
{
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || pread(fd, &last, 1, st.st_size - 1) != 1 ||
	    last == '\n')
		return true;
	return put_line(fd, "\n", 1);
}

static void put_head(struct kiln_buf *out)
{
	for (size_t i = 0; columns[i]; i++)
		(void)kiln_buf_printf(out, "%s%s", i ? "," : "", columns[i]);
	(void)kiln_buf_putc(out, '\n');
}

kiln_code fleet_log_open(struct fleet *fleet, const char *path, struct kiln_err *err)
{
	struct kiln_buf head = KILN_BUF_INIT(1024);
	const int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	struct stat st = { 0 };
	bool good;

	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write the log '%s'", path);
	fleet->log_path = path;
	fleet->log_fd = fd;
	fleet->log_csv = ends_in(path, ".csv");
	good = fstat(fd, &st) == 0 && end_line(fd);
	if (good && fleet->log_csv && st.st_size == 0) {
		put_head(&head);
		good = put_line(fd, kiln_buf_str(&head), head.len);
		kiln_buf_done(&head);
	}
	if (good)
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write the log '%s'", path);
}

void fleet_log_close(struct fleet *fleet)
{
	if (fleet->log_fd > 0)
		close(fleet->log_fd);
	fleet->log_fd = 0;
}

static json_t *digest(const struct kiln_flash_file *file)
{
	uint8_t sha[32];
	char text[2 * sizeof(sha) + 1];

	if (EVP_Digest(file->data, file->size, sha, NULL, EVP_sha256(), NULL) != 1)
		return json_null();
	for (size_t i = 0; i < sizeof(sha); i++)
		kiln_text_format(text + 2 * i, 3, "%02x", sha[i]);
	return json_string(text);
}

static json_t *files_json(const struct files *files)
{
	json_t *list = json_array();

	for (size_t i = 0; i < files->n; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:I, s:I, s:o}", "name", files->items[i].name,
					"address", (json_int_t)files->items[i].address, "size",
					(json_int_t)files->items[i].size, "sha256",
					digest(&files->items[i])));
	return list;
}

json_t *fleet_json(const struct fleet_board *b)
{
	const bool ok = b->state == FLEET_OK;

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:f, s:I, s:I, s:I, s:o, s:o}", "event",
			 "board", "port", b->port.url, "mac", json_text(b->mac), "chip",
			 json_text(b->chip), "result", ok ? "verified" : "failed", "seconds",
			 (double)b->elapsed / 1000, "tries", (json_int_t)b->tries, "written",
			 (json_int_t)b->written, "same", (json_int_t)b->same, "runs",
			 json_text(b->runs), "error", ok ? json_null() : err_json(&b->err));
}

static void now_text(char *dst, size_t size)
{
	const time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || strftime(dst, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		dst[0] = '\0';
}

/* RFC 4180: quotes around what has a comma, a quote or a newline; quotes doubled. */
static void put_field(struct kiln_buf *out, const char *text)
{
	if (out->len > 0)
		(void)kiln_buf_putc(out, ',');
	if (!text[strcspn(text, ",\"\r\n")]) {
		(void)kiln_buf_puts(out, text);
		return;
	}
	(void)kiln_buf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			(void)kiln_buf_putc(out, '"');
		(void)kiln_buf_putc(out, (uint8_t)*text);
	}
	(void)kiln_buf_putc(out, '"');
}

static void put_number(struct kiln_buf *out, uint64_t number)
{
	char text[24];

	kiln_text_format(text, sizeof(text), "%llu", (unsigned long long)number);
	put_field(out, text);
}

static void put_csv(struct kiln_buf *out, const struct fleet_board *b, const char *now)
{
	const bool ok = b->state == FLEET_OK;
	char text[sizeof(b->err.what) + sizeof(b->err.why) + 4] = "";

	put_field(out, now);
	put_field(out, b->port.url);
	put_field(out, b->mac);
	put_field(out, b->chip);
	put_field(out, ok ? "verified" : "failed");
	kiln_text_format(text, sizeof(text), "%.1f", (double)b->elapsed / 1000);
	put_field(out, text);
	put_number(out, b->tries);
	put_number(out, b->written);
	put_number(out, b->same);
	put_field(out, b->runs);
	kiln_text_format(text, sizeof(text), "%s: %s", b->err.what, b->err.why);
	put_field(out, ok ? "" : text);
	(void)kiln_buf_putc(out, '\n');
}

static void put_json(struct kiln_buf *out, const struct fleet_board *b, const char *now)
{
	json_t *object = fleet_json(b);
	char *text;

	if (!object)
		return;
	(void)json_object_set_new(object, "time", json_string(now));
	(void)json_object_set_new(object, "files", files_json(&b->fleet->order->files));
	text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text)
		(void)kiln_buf_printf(out, "%s\n", text);
	free(text);
	json_decref(object);
}

/* It is told each time, for what is missing is a record of hardware that goes out of the house. */
static void tell_lost(struct fleet *fleet, int sys)
{
	struct kiln_err err = KILN_ERR_INIT;

	fleet->log_lost = true;
	(void)kiln_fail_errno(&err, KILN_E_IO, sys, "cannot write the log '%s'", fleet->log_path);
	kiln_hint(&err, "this board is not in the log");
	(void)cli_fail(fleet->cli, &err);
}

void fleet_log(struct fleet *fleet, const struct fleet_board *b)
{
	struct kiln_buf line = KILN_BUF_INIT(1 << 20);
	char now[32];

	if (fleet->log_fd <= 0)
		return;
	now_text(now, sizeof(now));
	(fleet->log_csv ? put_csv : put_json)(&line, b, now);
	if ((fleet->log_lost && !end_line(fleet->log_fd)) ||
	    !put_line(fleet->log_fd, kiln_buf_str(&line), line.len))
		tell_lost(fleet, errno);
	kiln_buf_done(&line);
}
