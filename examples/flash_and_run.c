/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Find a board, put firmware on it, and run a line of Python there:
 *
 *	cc flash_and_run.c $(pkg-config --cflags --libs kiln) -o flash_and_run
 *	./flash_and_run ESP32_GENERIC.bin 'print("hello")'
 *
 * Without a board: 'kiln sim demo --rfc2217 0' in another terminal serves one, which is found.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/flash.h>
#include <kiln/port.h>
#include <kiln/repl.h>

static const struct kiln_host host; /* what a program lends to the library: nothing */

static kiln_code read_file(const char *path, struct kiln_flash_file *ret_file, struct kiln_err *err)
{
	enum { MOST = 16 << 20 };
	FILE *f = fopen(path, "rb");
	uint8_t *data;

	if (!f)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", path);
	data = malloc(MOST);
	*ret_file = (struct kiln_flash_file){ .name = path, .data = data };
	if (data)
		ret_file->size = fread(data, 1, MOST, f);
	fclose(f);
	return data ? KILN_OK : kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", path);
}

/* The first port that looks like a board's. */
static kiln_code find(char url[256], struct kiln_err *err)
{
	struct kiln_port_list list;

	KILN_TRY(kiln_ports_scan(&host, &list, err));
	url[0] = '\0';
	if (list.n > 0 && list.ports[0].likely_board)
		snprintf(url, 256, "%s", list.ports[0].url);
	kiln_ports_done(&list);
	return url[0] ? KILN_OK : kiln_fail(err, KILN_E_NO_BOARD, "cannot find a board");
}

static kiln_code flash(const char *url, struct kiln_flash_file *file, struct kiln_err *err)
{
	const struct kiln_flasher_options options = { .baud = 460800 };
	const struct kiln_flash_job job = KILN_FLASH_JOB_INIT(file, 1);
	struct kiln_flasher *flasher;
	kiln_code code;

	KILN_TRY(kiln_flasher_open(&host, url, &options, &flasher, err));
	file->address = kiln_chip_boot_address(kiln_flasher_chip(flasher)->chip);
	code = kiln_flasher_prepare(flasher, err);
	if (code == KILN_OK)
		code = kiln_flasher_write(flasher, &job, err); /* and verify */
	if (code == KILN_OK)
		return kiln_flasher_close(flasher, err); /* with the reset that starts it */
	(void)kiln_flasher_close(flasher, NULL);         /* err says already what went wrong */
	return code;
}

static void print(void *user, const char *text, size_t n)
{
	fwrite(text, 1, n, user);
}

static kiln_code run(const char *url, const char *code, struct kiln_err *err)
{
	const struct kiln_repl_output output = { .text = print, .user = stdout };
	struct kiln_repl_result result = { 0 };
	struct kiln_link *link;
	struct kiln_repl *repl;
	kiln_code status;

	KILN_TRY(kiln_link_open(&host, url, 115200, &link, err));
	KILN_TRY(kiln_repl_open(link, &repl, err)); /* the link is the session's from here on */
	status = kiln_repl_exec(repl, code, strlen(code), &output, &result, err);
	if (result.exception)
		fputs(result.traceback, stderr);
	kiln_repl_result_done(&result);
	kiln_repl_close(repl);
	return status;
}

int main(int argc, char **argv)
{
	struct kiln_flash_file file = { .data = NULL };
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;
	char url[256];

	if (argc != 3) {
		fprintf(stderr, "usage: %s FIRMWARE CODE\n", argv[0]);
		return 2;
	}
	code = read_file(argv[1], &file, &err);
	if (code == KILN_OK)
		code = find(url, &err);
	if (code == KILN_OK)
		code = flash(url, &file, &err);
	if (code == KILN_OK)
		code = run(url, argv[2], &err);
	if (code != KILN_OK)
		fprintf(stderr, "error: %s: %s\n%s%s\n", err.what, err.why,
			err.hint[0] ? "hint: " : "", err.hint);
	free((void *)(uintptr_t)file.data);
	return kiln_code_exit(code);
}
