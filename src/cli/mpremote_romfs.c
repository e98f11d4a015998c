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
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/mpremote.h"
#include "cli/whole.h"
#include "files/literal.h"
#include "hostfs/hostfs.h"
#include "hostfs/path.h"
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
	unsigned is_object; /* a block device, else memory that vfs.rom_ioctl() writes */
	uint64_t size, block;
	char first[2 * FIRST_BYTES + 1]; /* hex */
};

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
	else if (exit_code < 0 &&
		 (sscanf(kiln_buf_str(&text), "%u %" SCNu64 " %" SCNu64 " %24[0-9a-f]",
			 &ret->is_object, &ret->size, &ret->block, ret->first) != 4 ||
		  ret->block == 0))
		exit_code = mpremote_say("Error with transport:\nthe board tells of its partition "
					 "in words unknown here");
	kiln_buf_done(&text);
	if (exit_code < 0)
		printf("ROMFS%u partition has size %" PRIu64 " bytes (%" PRIu64
		       " blocks of %" PRIu64 " bytes each)\n",
		       id, ret->size, ret->size / ret->block, ret->block);
	return exit_code;
}

/* ---- query ---- */

static void print_first(const struct partition *p)
{
	uint8_t bytes[FIRST_BYTES];
	const size_t n = strlen(p->first) / 2;
	size_t head = 3;
	uint64_t size;

	fputs("  Raw contents: ", stdout);
	for (size_t i = 0; i < n; i++) {
		unsigned byte = 0;

		(void)sscanf(p->first + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t)byte;
		printf("%s%02x", i ? ":" : "", byte);
	}
	puts(" ...");
	size = kiln_romfs_size(kiln_span(bytes, n));
	if (size == 0) {
		puts("  Not a valid ROMFS");
		return;
	}
	/* the original counts without the header */
	while (head < n - 1 && bytes[head] & 0x80)
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

/* ---- images ---- */

struct image {
	const char *folder;
	struct kiln_host_tree tree;
	bool compiles;
	size_t not_compiled;
};

/* Is there such a program on the PATH? */
static bool has_mpy_cross(void)
{
	return system("command -v mpy-cross >/dev/null 2>&1") == 0;
}

static bool run_mpy_cross(const char *source, const char *target)
{
	const pid_t child = fork();
	int status = -1;

	if (child == 0) {
		execlp("mpy-cross", "mpy-cross", "-o", target, "--", source, (char *)NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), k = strlen(end);

	return n >= k && strcmp(text + n - k, end) == 0;
}

static bool has_item(const struct image *image, const char *path)
{
	for (size_t i = 0; i < image->tree.n; i++) {
		if (strcmp(image->tree.items[i].path, path) == 0)
			return true;
	}
	return false;
}

/* An item's source becomes bytecode under its name. -1, or the exit code. */
static int compile(struct image *image, struct kiln_files_item *item, const char *mpy)
{
	char target[] = "/tmp/kiln-mpy-XXXXXX";
	struct kiln_buf source = KILN_BUF_INIT(16 * 1024);
	struct kiln_buf data = KILN_BUF_INIT(KILN_ROMFS_MAX);
	struct kiln_err err = KILN_ERR_INIT;
	const int fd = mkstemp(target);
	int exit_code = -1;

	kiln_path_join(&source, image->folder, item->path);
	if (fd < 0 || !run_mpy_cross(kiln_buf_str(&source), target))
		exit_code = mpremote_say("mpy-cross cannot compile '%s'", kiln_buf_str(&source));
	else if (whole_read(target, &data, &err) != KILN_OK)
		exit_code = mpremote_fail(&err);
	if (exit_code < 0) {
		free((void *)(uintptr_t)item->path);
		free((void *)(uintptr_t)item->data);
		item->path = strdup(mpy);
		item->data = kiln_buf_detach(&data, &item->n);
		if (!item->path || !item->data)
			exit_code = mpremote_say("out of memory");
	}
	if (fd >= 0) {
		close(fd);
		(void)unlink(target);
	}
	kiln_buf_done(&source);
	kiln_buf_done(&data);
	return exit_code;
}

/* Is item i the last one in its folder? */
static bool is_last(const struct kiln_host_tree *tree, size_t i)
{
	const char *path = tree->items[i].path, *slash = strrchr(path, '/');
	const size_t n = slash ? (size_t)(slash - path) + 1 : 0;
	size_t next = i + 1;

	while (next < tree->n && kiln_path_is_below(tree->items[next].path, path))
		next++;
	return next == tree->n || strncmp(tree->items[next].path, path, n) != 0;
}

static void print_item(const struct kiln_host_tree *tree, size_t i, bool compiled)
{
	const struct kiln_files_item *item = &tree->items[i];
	const char *name = strrchr(item->path, '/');

	/* a bar for each folder that goes on */
	for (const char *slash = strchr(item->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t folder = i;

		while (folder > 0 &&
		       !(strncmp(tree->items[folder].path, item->path,
				 (size_t)(slash - item->path)) == 0 &&
			 strlen(tree->items[folder].path) == (size_t)(slash - item->path)))
			folder--;
		fputs(is_last(tree, folder) ? "    " : "|   ", stdout);
	}
	printf("%s %s%s%s\n", is_last(tree, i) ? "\\--" : "|--", name ? name + 1 : item->path,
	       item->folder ? "/" : "", compiled ? " -> .mpy" : "");
}

static int take_item(struct image *image, size_t i)
{
	struct kiln_files_item *item = &image->tree.items[i];
	const size_t n = strlen(item->path);
	const bool is_source = !item->folder && ends_with(item->path, ".py");
	struct kiln_buf mpy = KILN_BUF_INIT(16 * 1024);
	bool compiled = false;
	int exit_code = -1;

	if (is_source && image->compiles) {
		(void)kiln_buf_printf(&mpy, "%.*s.mpy", (int)(n - 3), item->path);
		/* one that was made by hand goes in as it is */
		if (!has_item(image, kiln_buf_str(&mpy)) && has_mpy_cross())
			compiled = true;
		else if (!has_item(image, kiln_buf_str(&mpy)))
			image->not_compiled++;
	}
	print_item(&image->tree, i, compiled);
	if (compiled)
		exit_code = compile(image, item, kiln_buf_str(&mpy));
	kiln_buf_done(&mpy);
	return exit_code;
}

static int build_image(const struct image *image, struct kiln_buf *out)
{
	struct kiln_romfs_item *items = calloc(image->tree.n + 1, sizeof(*items));
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = -1;

	if (!items)
		return mpremote_say("out of memory");
	for (size_t i = 0; i < image->tree.n; i++) {
		const struct kiln_files_item *item = &image->tree.items[i];

		items[i] = (struct kiln_romfs_item){ item->path, item->data, item->n,
						     item->folder };
	}
	if (kiln_romfs_build(out, items, image->tree.n, &err) != KILN_OK)
		exit_code = mpremote_fail(&err);
	free(items);
	return exit_code;
}

static int make_image(struct mpremote *m, const char *folder, struct kiln_buf *out)
{
	struct image image = { .folder = folder, .compiles = !m->params.no_mpy };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = -1;

	printf("Building romfs filesystem, source directory: %s%s\n/\n", folder,
	       ends_with(folder, "/") ? "" : "/");
	fflush(stdout);
	if (!kiln_host_is_folder(folder))
		exit_code = mpremote_say("romfs: '%s' is not a directory", folder);
	else if (kiln_host_tree_add(&image.tree, folder, "", true, &err) != KILN_OK)
		exit_code = mpremote_fail(&err);
	for (size_t i = 0; i < image.tree.n && exit_code < 0; i++)
		exit_code = take_item(&image, i);
	if (exit_code < 0 && image.not_compiled > 0)
		puts("Warning: `mpy_cross` module not found, .py files were not precompiled");
	if (exit_code < 0)
		exit_code = build_image(&image, out);
	kiln_host_tree_done(&image.tree);
	return exit_code;
}

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
	exit_code = make_image(m, folder, &image);
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
	const bool is_image = ends_with(source, ".img") || ends_with(source, ".romfs");
	struct kiln_err err = KILN_ERR_INIT;

	if (!is_image || kiln_host_is_folder(source))
		return make_image(m, source, image);
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
