/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpremote's romfs: what ROM partitions a board has, images for them, and writing these.
 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/mpremote_romfs.h"
#include "cli/whole.h"
#include "files/literal.h"
#include "files/session.h"
#include "hostfs/hostfs.h"
#include "image/romfs.h"

enum {
	CHUNK = 4096,
	PREPARE = 32768,
	FIRST_BYTES = 12, /* of a partition, that are shown */
	CODE_MAX = 256 * 1024,
};

/* ---- asking the board ---- */

static void keep(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

/* Run a program; what it prints, without the last line end, goes to `ret`. -1, or the exit code. */
static int ask(struct mpremote *m, const struct kiln_buf *code, struct kiln_buf *ret)
{
	const struct kiln_repl_output output = { .text = keep, .user = ret };
	struct kiln_repl_result result = { .exception = false };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = -1;

	kiln_buf_reset(ret);
	if (code->failed)
		return mpremote_say("out of memory");
	if (kiln_repl_exec(m->repl, kiln_buf_str(code), code->len, &output, &result, &err))
		return err.code == KILN_E_CANCELLED ? 130 : mpremote_fail(&err);
	if (result.exception)
		exit_code = mpremote_say("Error with transport:\n%s", result.traceback);
	kiln_repl_result_done(&result);
	while (ret->len > 0 && ret->data[ret->len - 1] == '\n')
		ret->data[--ret->len] = '\0';
	return exit_code;
}

static int ask_text(struct mpremote *m, struct kiln_buf *ret, const char *fmt, ...)
	KILN_PRINTF(3, 4);

static int ask_text(struct mpremote *m, struct kiln_buf *ret, const char *fmt, ...)
{
	struct kiln_buf code = KILN_BUF_INIT(CODE_MAX);
	va_list args;
	int exit_code;

	va_start(args, fmt);
	(void)kiln_buf_vprintf(&code, fmt, args);
	va_end(args);
	exit_code = ask(m, &code, ret);
	kiln_buf_done(&code);
	return exit_code;
}

/* -1, or the exit code; *ret_n: partitions; -1: this firmware knows none. */
static int count_partitions(struct mpremote *m, int64_t *ret_n)
{
	static const char program[] = "try:\n import vfs\n print(vfs.rom_ioctl(1))\n"
				      "except (ImportError,AttributeError):\n print('none')\n";
	struct kiln_buf text = KILN_BUF_INIT(4096);
	const int exit_code = ask_text(m, &text, "%s", program);
	uint64_t n;

	*ret_n = kiln_text_to_u64(kiln_buf_str(&text), &n) && n < 256 ? (int64_t)n : -1;
	if (text.len > 0 && text.data[0] == '-')
		*ret_n = 0;
	kiln_buf_done(&text);
	return exit_code;
}

struct partition {
	unsigned id;
	bool is_object; /* a block device, else memory that vfs.rom_ioctl() writes */
	uint64_t size, block;
	uint8_t first[FIRST_BYTES];
	size_t n_first;
};

/* "1 131072 4096 d2cd31": is it an object, size, block, first bytes. */
static bool parse_partition(struct kiln_span text, unsigned id, struct partition *ret)
{
	int64_t is_object, size, block;

	if (!kiln_files_number(&text, &is_object) || !kiln_files_number(&text, &size) ||
	    !kiln_files_number(&text, &block) || size <= 0 || block <= 0)
		return false;
	*ret = (struct partition){ .id = id,
				   .is_object = is_object != 0,
				   .size = (uint64_t)size,
				   .block = (uint64_t)block };
	while (text.n >= 2 && ret->n_first < FIRST_BYTES && kiln_hex_digit(text.p[0]) >= 0 &&
	       kiln_hex_digit(text.p[1]) >= 0) {
		ret->first[ret->n_first++] =
			(uint8_t)(kiln_hex_digit(text.p[0]) * 16 + kiln_hex_digit(text.p[1]));
		text = kiln_span(text.p + 2, text.n - 2);
	}
	return text.n == 0;
}

static int look_at(struct mpremote *m, unsigned id, struct partition *ret)
{
	static const char program[] = "import vfs\ndev=vfs.rom_ioctl(2,%u)\n"
				      "def _kiln(d):\n"
				      " if isinstance(d,int)and d<0:return print('none')\n"
				      " o=hasattr(d,'ioctl')\n"
				      " if o:\n"
				      "  b=d.ioctl(5,0);z=d.ioctl(4,0)*b\n"
				      " else:\n"
				      "  z=len(d);b=vfs.rom_ioctl(6,%u)\n"
				      " if b<=0:b=z\n"
				      " h=''.join('%%02x'%%c for c in bytes(memoryview(d)[:12]))\n"
				      " print(int(o),z,b,h)\n"
				      "_kiln(dev)\n"
				      "del _kiln\n";
	struct kiln_buf text = KILN_BUF_INIT(4096);
	int exit_code = ask_text(m, &text, program, id, id);

	*ret = (struct partition){ .id = id };
	if (exit_code < 0 && strcmp(kiln_buf_str(&text), "none") == 0)
		exit_code = mpremote_say("ROMFS%u partition not found on device", id);
	else if (exit_code < 0 && !parse_partition(kiln_buf_span(&text), id, ret))
		exit_code = mpremote_say("Error with transport:\nthe board tells of its partition "
					 "in words unknown here");
	else if (exit_code < 0 && ret->block > 0)
		printf("ROMFS%u partition has size %" PRIu64 " bytes (%" PRIu64
		       " blocks of %" PRIu64 " bytes each)\n",
		       id, ret->size, ret->size / ret->block, ret->block);
	kiln_buf_done(&text);
	return exit_code;
}

/* ---- query ---- */

static void print_first(const struct partition *p)
{
	const uint64_t size = kiln_romfs_size(kiln_span(p->first, p->n_first));
	size_t head = 3;

	fputs("  Raw contents: ", stdout);
	for (size_t i = 0; i < p->n_first; i++)
		printf("%s%02x", i ? ":" : "", p->first[i]);
	puts(" ...");
	if (size == 0) {
		puts("  Not a valid ROMFS");
		return;
	}
	/* the original counts without the header */
	while (head < p->n_first - 1 && p->first[head] & 0x80)
		head++;
	printf("  ROMFS image size: %" PRIu64 "\n", size - head - 1);
}

static int query(struct mpremote *m)
{
	int64_t n;
	int exit_code = mpremote_need_raw(m, false);

	if (exit_code < 0)
		exit_code = count_partitions(m, &n);
	if (exit_code >= 0)
		return exit_code;
	if (n <= 0)
		puts(n < 0 ? "ROMFS is not enabled on this device"
			   : "No ROMFS partitions available");
	for (unsigned id = 0; exit_code < 0 && n > 0 && id < (unsigned)n; id++) {
		struct partition p;

		exit_code = look_at(m, id, &p);
		if (exit_code < 0)
			print_first(&p);
	}
	return exit_code;
}

/* ---- build ---- */

static int build(struct mpremote *m)
{
	const char *folder = m->words[1];
	struct kiln_buf image = KILN_BUF_INIT(KILN_ROMFS_MAX), output = KILN_BUF_INIT(16 * 1024);
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (folder[0] == '\0')
		return mpremote_say("romfs build: source path not given");
	(void)kiln_buf_printf(&output, "%s%s", m->params.output ? m->params.output : folder,
			      m->params.output ? "" : ".romfs");
	exit_code = mpremote_romfs_image(m, folder, &image);
	if (exit_code < 0) {
		printf("Writing %zu bytes to output file %s\n", image.len, kiln_buf_str(&output));
		if (whole_write(kiln_buf_str(&output), kiln_buf_span(&image), &err) != KILN_OK)
			exit_code = mpremote_fail(&err);
	}
	kiln_buf_done(&image);
	kiln_buf_done(&output);
	return exit_code;
}

/* ---- deploy ---- */

/* Erase what the image will take; *ret_chunk grows to what must be written at once. */
static int prepare(struct mpremote *m, const struct partition *p, size_t n, size_t *ret_chunk)
{
	/* memory without blocks is erased in one go */
	const uint64_t most = p->is_object ? p->block : p->block < p->size ? PREPARE : n;
	struct kiln_buf text = KILN_BUF_INIT(4096);
	int exit_code = ask_text(m, &text, "try:\n vfs.umount('/rom')\nexcept Exception:pass");
	uint64_t smallest;

	for (uint64_t at = 0; at < n && exit_code < 0; at += most) {
		const uint64_t left = n - at < most ? n - at : most;

		printf("\rPreparing at offset %" PRIu64, at);
		fflush(stdout);
		if (p->is_object)
			exit_code = ask_text(m, &text, "dev.ioctl(6,%" PRIu64 ")", at / p->block);
		else if (p->block < p->size)
			exit_code = ask_text(
				m, &text, "print(vfs.rom_ioctl(3,%u,%" PRIu64 ",%" PRIu64 "))",
				p->id, at, (left + p->block - 1) / p->block * p->block);
		else
			exit_code = ask_text(m, &text, "print(vfs.rom_ioctl(3,%u,%zu))", p->id, n);
		if (kiln_text_to_u64(kiln_buf_str(&text), &smallest) && smallest <= CHUNK * 16 &&
		    smallest > *ret_chunk)
			*ret_chunk = (size_t)smallest;
	}
	putchar('\n');
	if (p->is_object && p->block < *ret_chunk)
		*ret_chunk = (size_t)p->block;
	kiln_buf_done(&text);
	return exit_code;
}

/* `buf` on the board: these bytes, with zeroes to a whole chunk. */
static void put_bytes(struct kiln_buf *code, const uint8_t *p, size_t n, size_t chunk, bool base64)
{
	uint8_t *whole = calloc(1, chunk);
	char *coded = malloc(chunk / 3 * 4 + 8);

	if (!whole || !coded) {
		code->failed = true;
	} else if (base64) {
		memcpy(whole, p, n);
		(void)EVP_EncodeBlock((unsigned char *)coded, whole, (int)chunk);
		(void)kiln_buf_printf(code, "buf=a2b_base64(b'%s')\n", coded);
	} else {
		memcpy(whole, p, n);
		(void)kiln_buf_puts(code, "buf=");
		code->failed |= kiln_literal_bytes(code, whole, chunk) != KILN_OK;
		(void)kiln_buf_putc(code, '\n');
	}
	free(whole);
	free(coded);
}

static int write_image(struct mpremote *m, const struct partition *p, const struct kiln_buf *image,
		       size_t chunk)
{
	struct kiln_buf text = KILN_BUF_INIT(4096), code = KILN_BUF_INIT(CODE_MAX);
	int exit_code = ask_text(m, &text,
				 "try:\n from binascii import a2b_base64\n print(1)\n"
				 "except ImportError:print(0)");
	const bool base64 = strcmp(kiln_buf_str(&text), "1") == 0;

	for (size_t at = 0; at < image->len && exit_code < 0; at += chunk) {
		kiln_buf_reset(&code);
		put_bytes(&code, image->data + at,
			  image->len - at < chunk ? image->len - at : chunk, chunk, base64);
		if (p->is_object)
			(void)kiln_buf_printf(&code, "dev.writeblocks(%" PRIu64 ",buf,%" PRIu64 ")",
					      at / p->block, at % p->block);
		else
			(void)kiln_buf_printf(&code, "vfs.rom_ioctl(4,%u,%zu,buf)", p->id, at);
		printf("\rWriting at offset %zu", at);
		fflush(stdout);
		exit_code = ask(m, &code, &text);
	}
	if (exit_code < 0 && !p->is_object)
		exit_code = ask_text(m, &text, "vfs.rom_ioctl(5,%u)", p->id);
	putchar('\n');
	kiln_buf_done(&text);
	kiln_buf_done(&code);
	return exit_code;
}

/* What is there now, by its hash; a board without hashlib is believed. */
static int verify(struct mpremote *m, const struct kiln_buf *image)
{
	static const char program[] =
		"try:\n import hashlib\n h=hashlib.sha256(memoryview(dev)[:%zu]).digest()\n"
		" print(''.join('%%02x'%%c for c in h))\nexcept ImportError:pass\ndel dev";
	struct kiln_buf text = KILN_BUF_INIT(4096);
	unsigned char sum[EVP_MAX_MD_SIZE];
	char hex[65];
	int exit_code = ask_text(m, &text, program, image->len);

	memset(sum, 0, sizeof(sum));
	(void)EVP_Digest(image->data, image->len, sum, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < 32; i++)
		kiln_text_format(hex + 2 * i, 3, "%02x", sum[i]);
	if (exit_code < 0 && text.len > 0 && strcmp(kiln_buf_str(&text), hex) != 0)
		exit_code = mpremote_say("ROMFS image differs from what was written");
	kiln_buf_done(&text);
	return exit_code;
}

static int read_image(struct mpremote *m, const char *source, struct kiln_buf *image)
{
	const bool is_image = mpremote_ends_with(source, ".img") ||
			      mpremote_ends_with(source, ".romfs");
	struct kiln_err err = KILN_ERR_INIT;

	if (!is_image || kiln_host_is_folder(source))
		return mpremote_romfs_image(m, source, image);
	return whole_read(source, image, &err) == KILN_OK ? -1 : mpremote_fail(&err);
}

static int write_partition(struct mpremote *m, unsigned id, const struct kiln_buf *image)
{
	struct partition p;
	size_t chunk = CHUNK;
	int64_t n;
	int exit_code = count_partitions(m, &n);

	if (exit_code < 0 && n < 0)
		exit_code = mpremote_say("ROMFS is not enabled on this device");
	if (exit_code < 0)
		exit_code = look_at(m, id, &p);
	if (exit_code >= 0)
		return exit_code;
	if (kiln_romfs_size(kiln_buf_span(image)) == 0) {
		puts("Invalid ROMFS image");
		return 1;
	}
	if (image->len > p.size) {
		puts("ROMFS image is too big for the target partition");
		return 1;
	}
	exit_code = prepare(m, &p, image->len, &chunk);
	if (exit_code < 0)
		exit_code = write_image(m, &p, image, chunk);
	if (exit_code < 0)
		exit_code = verify(m, image);
	if (exit_code < 0)
		puts("ROMFS image deployed");
	return exit_code;
}

static int deploy(struct mpremote *m)
{
	struct kiln_buf image = KILN_BUF_INIT(KILN_ROMFS_MAX);
	const char *number = m->params.partition ? m->params.partition : "0";
	uint64_t id;
	int exit_code;

	if (m->words[1][0] == '\0')
		return mpremote_say("romfs deploy: source path not given");
	if (!kiln_text_to_u64(number, &id) || id > 255)
		return mpremote_wrong(m->command,
				      "argument --partition/-p: invalid int value: '%s'", number);
	exit_code = mpremote_need_raw(m, false);
	if (exit_code < 0)
		exit_code = read_image(m, m->words[1], &image);
	if (exit_code < 0) {
		printf("Image size is %zu bytes\n", image.len);
		exit_code = write_partition(m, (unsigned)id, &image);
	}
	kiln_buf_done(&image);
	return exit_code;
}

int mpremote_romfs(struct mpremote *m)
{
	static const struct {
		const char *name;
		int (*run)(struct mpremote *m);
	} verbs[] = { { "query", query }, { "build", build }, { "deploy", deploy } };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, m->words[0]) == 0)
			return verbs[i].run(m);
	}
	return mpremote_say("romfs: '%s' is not a command; pass romfs --help for a list",
			    m->words[0]);
}

bool mpremote_romfs_may_end(int argc, const char *const *argv)
{
	size_t words = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "-p") == 0 ||
		    strcmp(argv[i], "--output") == 0 || strcmp(argv[i], "--partition") == 0)
			i++;
		else
			words += argv[i][0] != '-';
	}
	return words == 1;
}
