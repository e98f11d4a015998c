/* SPDX-License-Identifier: Apache-2.0 */
/* %flash: a whole flash job in a cell; then the board is connected. */
#include "kernel/magic.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kiln/flash.h>
#include <kiln/port.h>

#include "base/text.h"
#include "flash/place.h"
#include "kernel/download.h"
#include "kernel/flash_report.h"
#include "kernel/state.h"

enum { FLASH_PORT, FLASH_ERASE, FLASH_AT, FLASH_BAUD, FLASH_OFFLINE };
enum { FILE_MAX = 256 << 20, BAUD = 460800, RETURN_MS = 30000 };

struct job {
	struct kiln_kernel *k;
	struct kiln_buf data;
	struct kiln_flash_file file;
	char path[4096], url[256];
	struct kiln_port port; /* what is known of it, so that it is found again */
	unsigned baud;
	bool erase, offline;
	struct kiln_flash_report report;
};

/* ---- what goes where ---- */

static kiln_code read_fd(int fd, struct job *job, struct kiln_err *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot read '%s'", job->path);
		kiln_why(err, "it is no file");
		return KILN_E_INVALID;
	}
	do {
		if (kiln_buf_reserve(&job->data, 64 * 1024) != KILN_OK)
			return kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s'", job->path);
		n = read(fd, job->data.data + job->data.len, 64 * 1024);
		if (n < 0)
			return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'",
					       job->path);
		kiln_buf_grew(&job->data, (size_t)n);
	} while (n > 0);
	job->file = (struct kiln_flash_file){ .name = job->path,
					      .data = job->data.data,
					      .size = job->data.len };
	return KILN_OK;
}

static kiln_code read_file(struct job *job, const char *path, struct kiln_err *err)
{
	kiln_code code;
	int fd;

	if (!kiln_path_expand(path, job->path, sizeof(job->path)))
		return kiln_fail(err, KILN_E_INVALID, "cannot use '%.80s'", path);
	fd = open(job->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", job->path);
	code = read_fd(fd, job, err);
	close(fd);
	return code;
}

static void on_download(void *user, const char *what, uint64_t done, uint64_t total)
{
	struct job *job = user;

	if (kiln_display_due(&job->report.bar))
		kiln_flash_bar(&job->report, what, done, total);
}

static kiln_code fetch(struct job *job, const char *url, struct kiln_err *err)
{
	struct kiln_download d = { .k = job->k, .progress = on_download, .user = job };
	struct kiln_fetched file;
	kiln_code code;

	kiln_text_copy(job->path, sizeof(job->path), url);
	KILN_TRY(kiln_download_open(&d, job->offline, err));
	code = kiln_fetch(d.fetcher, &(struct kiln_fetch_request){ .url = url, .no_page = true },
			  &file, err);
	kiln_download_close(&d);
	KILN_TRY(code);
	kiln_kernel_print(job->k, KILN_STDOUT, "fetched  %s (%zu bytes%s)\n", url, file.size,
			  file.kept ? ", kept" : "");
	code = kiln_buf_append(&job->data, file.data, file.size);
	kiln_fetched_done(&file);
	job->file = (struct kiln_flash_file){ .name = job->path,
					      .data = job->data.data,
					      .size = job->data.len };
	return code == KILN_OK ? code : kiln_fail(err, code, "cannot use '%.120s'", url);
}

static kiln_code find_address(struct job *job, const char *at, struct kiln_err *err)
{
	uint64_t address;

	if (!at)
		KILN_TRY(kiln_flash_place(&job->file, err));
	else if (!kiln_text_to_u64(at, &address) || address > UINT32_MAX)
		return kiln_fail(err, KILN_E_INVALID, "cannot use address '%s'", at);
	else
		job->file.address = (uint32_t)address;
	return kiln_flash_check_files(&job->file, 1, err);
}

/* The named port, else the connected board's, else the only one with a board. */
static kiln_code find_port(struct job *job, const char *named, struct kiln_err *err)
{
	struct kiln_port_list list = { .n = 0 };
	size_t n = 0;

	if (named || job->k->board.chosen) {
		kiln_text_copy(job->url, sizeof(job->url), named ? named : job->k->board.board.url);
		return KILN_OK;
	}
	KILN_TRY(kiln_ports_scan(&job->k->host, &list, err));
	for (size_t i = 0; i < list.n; i++) {
		if (list.ports[i].likely_board && n++ == 0)
			kiln_text_copy(job->url, sizeof(job->url), list.ports[i].url);
	}
	kiln_ports_done(&list);
	if (n == 1)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_NO_BOARD, "cannot choose a board to flash");
	if (n > 0)
		kiln_why(err, "there are %zu ports with a board", n);
	else
		kiln_why(err, "there is no port with a board");
	kiln_hint(err, "name the port: %%flash FILE --port PORT; %%discover --all lists them");
	return KILN_E_NO_BOARD;
}

static void know_port(struct job *job)
{
	struct kiln_port_list list;

	if (kiln_ports_scan(&job->k->host, &list, NULL) != KILN_OK)
		return;
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(list.ports[i].url, job->url) == 0)
			job->port = list.ports[i];
	}
	kiln_ports_done(&list);
}

/* ---- the job ---- */

static kiln_code write_flash(struct job *job, struct kiln_err *err)
{
	const struct kiln_flasher_options options = { .baud = job->baud,
						      .quick = true,
						      .return_ms = RETURN_MS,
						      .port = &job->port,
						      .event = kiln_flash_on_event,
						      .user = &job->report };
	const struct kiln_flash_job write = { .files = &job->file,
					      .n_files = 1,
					      .erase_all = job->erase,
					      .diff = !job->erase,
					      .mode = KILN_FLASH_KEEP,
					      .freq = KILN_FLASH_KEEP,
					      .size = KILN_FLASH_KEEP };
	struct kiln_flasher *flasher;
	kiln_code code, closed;

	know_port(job);
	KILN_TRY(kiln_flasher_open(&job->k->host, job->url, &options, &flasher, err));
	code = kiln_flasher_prepare(flasher, err);
	if (code == KILN_OK)
		code = kiln_flasher_write(flasher, &write, err);
	if (code == KILN_OK) /* it may have come back under another name */
		kiln_text_copy(job->url, sizeof(job->url), kiln_flasher_url(flasher));
	/* the chip is reset in any case; what went wrong first is what is told */
	closed = kiln_flasher_close(flasher, code == KILN_OK ? err : NULL);
	return code == KILN_OK ? closed : code;
}

static bool connect(struct job *job)
{
	if (!kiln_kernel_board_choose(job->k, job->url))
		return false;
	kiln_kernel_board_announce(job->k);
	kiln_kernel_board_remember(job->k);
	return true;
}

static kiln_code prepare(struct job *job, const struct kiln_magic_args *args, struct kiln_err *err)
{
	uint64_t baud = BAUD;

	if (args->values[FLASH_BAUD] &&
	    (!kiln_text_to_u64(args->values[FLASH_BAUD], &baud) || baud < 300 || baud > 10000000))
		return kiln_fail(err, KILN_E_INVALID, "no port has a speed of '%s'",
				 args->values[FLASH_BAUD]);
	job->baud = (unsigned)baud;
	job->erase = args->flags[FLASH_ERASE];
	job->offline = args->flags[FLASH_OFFLINE];
	if (kiln_fetch_is_url(args->words[0]))
		KILN_TRY(fetch(job, args->words[0], err));
	else
		KILN_TRY(read_file(job, args->words[0], err));
	KILN_TRY(find_address(job, args->values[FLASH_AT], err));
	return find_port(job, args->values[FLASH_PORT], err);
}

static bool run_flash(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct job *job = calloc(1, sizeof(*job)); /* its map is large for a stack */
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;
	bool good;

	if (!job)
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NOMEM), "out of memory");
	job->k = k;
	job->report.k = k;
	kiln_buf_init(&job->data, FILE_MAX);
	code = prepare(job, args, &err);
	if (code == KILN_OK) {
		job->report.file = &job->file;
		job->report.map.erased = job->erase;
		kiln_kernel_board_release(k); /* the flasher needs the port */
		code = write_flash(job, &err);
	}
	kiln_flash_report_end(&job->report, code == KILN_OK);
	good = code == KILN_OK ? connect(job) : kiln_kernel_fail_err(k, &err);
	kiln_buf_done(&job->data);
	free(job);
	return good;
}

const struct kiln_magic kiln_magic_flash = {
	.name = "flash",
	.words = "FILE-OR-URL",
	.min_words = 1,
	.max_words = 1,
	.summary = "Put firmware on a microcontroller, and connect to it",
	.more = "Without --port: the connected board, else the only one there is. Nothing is\n"
		"written before the whole job is known to be possible; sectors that hold the same\n"
		"already are left; what was written is verified. Get firmware from\n"
		"micropython.org/download; its address does too. What was downloaded is kept, for\n"
		"days without a network.\n\n"
		"Example:\n  %flash ~/esp32-20220117-v1.18.bin --erase\n"
		"  %flash firmware.bin --port /dev/ttyUSB0\n"
		"  %flash https://micropython.org/resources/firmware/"
		"ESP32_GENERIC-20260406-v1.28.0.bin",
	.options =
		(const struct kiln_magic_option[]){
			[FLASH_PORT] = { 'p', "port", "PORT", "serial port or URL" },
			[FLASH_ERASE] = { 'e', "erase", NULL,
					  "erase the whole flash first, files on the board too" },
			[FLASH_AT] = { 'a', "at", "ADDR",
				       "where the file goes; firmware knows that by itself" },
			[FLASH_BAUD] = { 'b', "baud", "BAUD", "speed of the transfer (460800)" },
			[FLASH_OFFLINE] = { 'o', "offline", NULL,
					    "of a URL: only what is kept from an earlier "
					    "download" },
			{ 0 },
		},
	.run = run_flash,
};
