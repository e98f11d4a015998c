/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/whole.h"
#include "image/nvs.h"

enum { FILE_MAX_BYTES = 32 << 20 };

struct params {
	const char *output;
	uint64_t size;
	bool json;
};

static const struct opt options[] = {
	{ 'o', "output", "FILE", OPT_STRING, offsetof(struct params, output),
	  "of generate: the image; - is standard output" },
	{ 's', "size", "BYTES", OPT_UINT, offsetof(struct params, size),
	  "of generate: size of the partition, such as 0x6000" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json),
	  "of list: one JSON object a value" },
	{ 0 },
};

static kiln_code read_file(void *user, const char *path, struct kiln_buf *ret_data,
			   struct kiln_err *err)
{
	(void)user;
	return whole_read(path, ret_data, err);
}

static kiln_code generate(struct cli *cli, const struct params *params, struct kiln_span csv,
			  struct kiln_err *err)
{
	const struct kiln_nvs_options o = {
		.size = params->size > UINT32_MAX ? UINT32_MAX : (uint32_t)params->size,
		.read_file = read_file,
	};
	struct kiln_buf image = KILN_BUF_INIT(KILN_NVS_MAX);
	bool readonly = false;
	kiln_code code = kiln_nvs_generate(csv, &o, &image, &readonly, err);

	if (code == KILN_OK && readonly && !cli->quiet)
		fprintf(stderr,
			"warning: an NVS of less than 0x%x bytes can only be read: flag "
			"its partition as readonly\n",
			KILN_NVS_MIN_RW);
	if (code == KILN_OK)
		code = whole_write(params->output, kiln_buf_span(&image), err);
	kiln_buf_done(&image);
	return code;
}

static const char csv_header[] = "key,type,encoding,value";

struct listing {
	char ns[KILN_NVS_KEY + 1]; /* of the value before */
	bool any, json;
};

static void append_hex(struct kiln_buf *out, struct kiln_span data)
{
	for (size_t i = 0; i < data.n; i++)
		(void)kiln_buf_printf(out, "%02x", data.p[i]);
}

/* A field of CSV: in quotes if it would be read otherwise without them. */
static void append_field(struct kiln_buf *out, struct kiln_span text)
{
	bool quote = false;

	for (size_t i = 0; i < text.n; i++)
		quote |= strchr("\",\n\r#", text.p[i]) != NULL;
	if (quote)
		(void)kiln_buf_putc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			(void)kiln_buf_putc(out, '"');
		(void)kiln_buf_putc(out, text.p[i]);
	}
	if (quote)
		(void)kiln_buf_putc(out, '"');
}

static bool is_text(struct kiln_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t') || s.p[i] == 0x7F)
			return false;
	}
	return true;
}

/* What an image says goes to a terminal only if it can't steer it. */
static void append_value(struct kiln_buf *line, const struct kiln_nvs_item *item)
{
	if (item->type == KILN_NVS_STRING && is_text(item->data)) {
		(void)kiln_buf_puts(line, "string,");
		append_field(line, item->data);
	} else if (item->type == KILN_NVS_STRING || item->type == KILN_NVS_BLOB_INDEX) {
		(void)kiln_buf_puts(line, "hex2bin,");
		append_hex(line, item->data);
	} else if (item->is_signed) {
		(void)kiln_buf_printf(line, "%s,%lld", item->type_name, (long long)item->i);
	} else {
		(void)kiln_buf_printf(line, "%s,%llu", item->type_name,
				      (unsigned long long)item->u);
	}
}

static void list_csv(struct listing *l, const struct kiln_nvs_item *item)
{
	struct kiln_buf line = KILN_BUF_INIT(4 * FILE_MAX_BYTES);

	if (!l->any)
		puts(csv_header);
	if (!l->any || strcmp(l->ns, item->ns) != 0) {
		append_field(&line, kiln_span(item->ns, strlen(item->ns)));
		(void)kiln_buf_puts(&line, ",namespace,,\n");
	}
	append_field(&line, kiln_span(item->key, strlen(item->key)));
	(void)kiln_buf_puts(&line, ",data,");
	append_value(&line, item);
	(void)kiln_buf_puts(&line, "\n");
	(void)fwrite(line.data, 1, line.len, stdout);
	kiln_buf_done(&line);
}

static json_t *value_object(const struct kiln_nvs_item *item)
{
	struct kiln_buf hex = KILN_BUF_INIT(4 * FILE_MAX_BYTES);
	json_t *value = NULL;

	if (item->type == KILN_NVS_STRING)
		value = json_stringn((const char *)item->data.p, item->data.n);
	if (!value && (item->type == KILN_NVS_STRING || item->type == KILN_NVS_BLOB_INDEX)) {
		append_hex(&hex, item->data);
		value = json_string(kiln_buf_str(&hex));
	}
	if (!value && item->type == KILN_NVS_U64 && item->u > INT64_MAX) {
		/* more than JSON integers of most readers hold */
		(void)kiln_buf_printf(&hex, "%llu", (unsigned long long)item->u);
		value = json_string(kiln_buf_str(&hex));
	}
	if (!value)
		value = json_integer(item->is_signed ? item->i : (json_int_t)item->u);
	kiln_buf_done(&hex);
	return value;
}

static void take_item(void *user, const struct kiln_nvs_item *item)
{
	struct listing *l = user;

	if (l->json)
		cli_json(json_pack("{s:s, s:s, s:s, s:s, s:o, s:i}", "event", "value", "namespace",
				   item->ns, "key", item->key, "type", item->type_name, "value",
				   value_object(item), "page", (int)item->page));
	else
		list_csv(l, item);
	l->any = true;
	(void)kiln_text_copy(l->ns, sizeof(l->ns), item->ns);
}

static void take_problem(void *user, unsigned page, const char *text)
{
	const struct listing *l = user;

	if (l->json)
		cli_json(json_pack("{s:s, s:i, s:s}", "event", "problem", "page", (int)page, "text",
				   text));
	else
		fprintf(stderr, "warning: page %u: %s\n", page, text);
}

static kiln_code list(const struct params *params, struct kiln_span image, struct kiln_err *err)
{
	struct listing l = { .json = params->json };
	const struct kiln_nvs_reader reader = { take_item, take_problem, &l };
	unsigned problems;

	KILN_TRY(kiln_nvs_list(image, &reader, &problems, err));
	if (!l.any && !l.json)
		puts(csv_header);
	if (!problems)
		return KILN_OK;
	fflush(stdout);
	(void)kiln_fail(err, KILN_E_IMAGE, "the NVS image is damaged");
	kiln_why(err, "%u problem%s, as said above", problems, problems == 1 ? "" : "s");
	kiln_hint(err, "what was listed is whole; the rest can't be read");
	return KILN_E_IMAGE;
}

static kiln_code act(struct cli *cli, const struct params *params, const struct opt_list *words,
		     struct kiln_err *err)
{
	struct kiln_buf file = KILN_BUF_INIT(FILE_MAX_BYTES);
	kiln_code code = whole_read(words->items[1], &file, err);

	if (code == KILN_OK && words->items[0][0] == 'g')
		code = generate(cli, params, kiln_buf_span(&file), err);
	else if (code == KILN_OK)
		code = list(params, kiln_buf_span(&file), err);
	kiln_buf_done(&file);
	return code;
}

static int check_words(struct cli *cli, const struct command *self, const struct params *params,
		       const struct opt_list *words)
{
	const bool generates = words->n && strcmp(words->items[0], "generate") == 0;

	if (words->n == 0 || (!generates && strcmp(words->items[0], "list") != 0))
		return cli_usage(cli, self, "it takes generate or list, then a file");
	if (words->n != 2)
		return cli_usage(cli, self, "%s takes one FILE, not %zu", words->items[0],
				 words->n - 1);
	if (generates && !params->output)
		return cli_usage(cli, self, "generate needs --output");
	if (generates && !params->size)
		return cli_usage(cli, self, "generate needs --size");
	return -1;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { 0 };
	struct opt_list words = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	if (exit_code < 0) {
		cli->json = params.json;
		exit_code = check_words(cli, self, &params, &words);
	}
	if (exit_code < 0)
		exit_code = act(cli, &params, &words, &err) ? cli_fail(cli, &err) : 0;
	opt_list_done(&words);
	return exit_code;
}

static const char *const examples[] = {
	"kiln nvs generate -s 0x6000 -o nvs.bin values.csv",
	"make the image of a partition of 24 KB",
	"kiln nvs list nvs.bin",
	"list what an image holds, as CSV that generate takes again",
	NULL,
};

const struct command cmd_nvs = {
	.name = "nvs",
	.summary = "make and list images of ESP-IDF's key-value store",
	.usage = "generate -s BYTES -o IMAGE CSV | list [--json] IMAGE",
	.description =
		"generate makes an NVS image (version 2) of CSV text with the columns key, type,\n"
		"encoding and value. Types are namespace, data and file; encodings are u8 i8 u16 "
		"i16\n"
		"u32 i32 u64 i64 string hex2bin base64 binary blob_fill(N;0xXX) "
		"blob_sz_fill(N;0xXX).\n"
		"list shows what an image holds; damaged pages and entries are said and left out,\n"
		"and the exit code is 1 then.",
	.options = options,
	.run = run,
	.examples = examples,
};
