/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/whole.h"
#include "image/partition.h"

enum { FILE_MAX_BYTES = 1 << 20, KIB = 1024, MIB = 1024 * 1024 };

struct params {
	const char *output, *flash_size, *secure;
	uint64_t offset, bootloader, recovery;
	bool no_md5, no_verify, json;
};

static const char *const secure_versions[] = { "v1", "v2", NULL };

#define NOT_GIVEN UINT64_MAX

static const struct opt options[] = {
	{ 'o', "output", "FILE", OPT_STRING, offsetof(struct params, output),
	  "write the table in its other form; - is standard output" },
	{ 0, "flash-size", "SIZE", OPT_STRING, offsetof(struct params, flash_size),
	  "fail if the table needs more: 4MB, 0x400000" },
	{ 0, "offset", "ADDR", OPT_UINT, offsetof(struct params, offset),
	  "where the table itself stands in flash (0x8000)" },
	{ 0, "no-md5", NULL, OPT_FLAG, offsetof(struct params, no_md5),
	  "write no MD5 digest, and look for none (ESP-IDF before 3.1)" },
	{ 0, "no-verify", NULL, OPT_FLAG, offsetof(struct params, no_verify),
	  "do not check the table's rules" },
	{ 0, "secure", "VERSION", OPT_STRING, offsetof(struct params, secure),
	  "Secure Boot: apps are aligned as it asks", secure_versions },
	{ 0, "primary-bootloader-offset", "ADDR", OPT_UINT, offsetof(struct params, bootloader),
	  "for tables that list the bootloader" },
	{ 0, "recovery-bootloader-offset", "ADDR", OPT_UINT, offsetof(struct params, recovery),
	  "for tables that list a recovery bootloader" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json),
	  "list the table, one JSON object a partition" },
	{ 0 },
};

static const char *environment(void *user, const char *name)
{
	(void)user;
	return getenv(name);
}

static kiln_code parse_size(const char *text, uint64_t *ret_size, struct kiln_err *err)
{
	static const struct {
		const char *suffix;
		uint64_t unit;
	} units[] = { { "KB", KIB }, { "MB", MIB }, { "K", KIB }, { "M", MIB }, { "", 1 } };
	char digits[32];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const size_t n = strlen(text), tail = strlen(units[i].suffix);

		if (n < tail || strcasecmp(text + n - tail, units[i].suffix) != 0)
			continue;
		if (n - tail < sizeof(digits)) {
			memcpy(digits, text, n - tail);
			digits[n - tail] = '\0';
			if (kiln_text_to_u64(digits, ret_size) && *ret_size <= UINT32_MAX) {
				*ret_size *= units[i].unit;
				return KILN_OK;
			}
		}
		break;
	}
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --flash-size: '%s'", text);
	kiln_hint(err, "write it as 4MB, 4M or 0x400000");
	return KILN_E_INVALID;
}

static kiln_code to_options(const struct params *params, struct kiln_partition_options *ret,
			    struct kiln_err *err)
{
	*ret = KILN_PARTITION_OPTIONS;
	if (params->offset > UINT32_MAX)
		return kiln_fail(err, KILN_E_INVALID, "invalid value for --offset: beyond 4 GB");
	ret->table_offset = (uint32_t)params->offset;
	ret->bootloader_offset = params->bootloader == NOT_GIVEN ? -1 : (int64_t)params->bootloader;
	ret->recovery_offset = params->recovery == NOT_GIVEN ? -1 : (int64_t)params->recovery;
	ret->no_md5 = params->no_md5;
	ret->variable = environment;
	if (params->secure)
		ret->secure = (unsigned)(params->secure[1] - '0');
	return KILN_OK;
}

static kiln_code check(const struct params *params, const struct kiln_partition_options *o,
		       const struct kiln_partitions *table, struct kiln_buf *warnings,
		       struct kiln_err *err)
{
	uint64_t size;

	if (!params->no_verify)
		KILN_TRY(kiln_partition_check(table, o, warnings, err));
	if (!params->flash_size)
		return KILN_OK;
	KILN_TRY(parse_size(params->flash_size, &size, err));
	return kiln_partition_check_size(table, size, err);
}

static void list_json(const struct kiln_partitions *table)
{
	char type[24], subtype[24];

	for (size_t i = 0; i < table->n; i++) {
		const struct kiln_partition *p = &table->items[i];

		kiln_partition_type_name(p->type, type, sizeof(type));
		kiln_partition_subtype_name(p->type, p->subtype, subtype, sizeof(subtype));
		cli_json(json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:b, s:b}", "name", p->name,
				   "type", type, "subtype", subtype, "type_number", p->type,
				   "subtype_number", p->subtype, "offset", (json_int_t)p->offset,
				   "size", (json_int_t)p->size, "encrypted",
				   (p->flags & KILN_PARTITION_ENCRYPTED) != 0, "readonly",
				   (p->flags & KILN_PARTITION_READONLY) != 0));
	}
}

/* Binary becomes CSV, and CSV becomes binary; without a file to write, both are listed. */
static kiln_code show(const struct params *params, const struct kiln_partition_options *o,
		      bool was_binary, const struct kiln_partitions *table, struct kiln_err *err)
{
	struct kiln_buf out = KILN_BUF_INIT(FILE_MAX_BYTES);
	kiln_code code;

	if (params->output && !was_binary)
		code = kiln_partition_to_binary(table, o, &out, err);
	else
		code = kiln_partition_to_csv(table, &out, err);
	if (code == KILN_OK && params->output)
		code = whole_write(params->output, kiln_buf_span(&out), err);
	if (code == KILN_OK && params->json)
		list_json(table);
	else if (code == KILN_OK && !params->output)
		fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
	return code;
}

static void warn(const struct cli *cli, struct kiln_buf *warnings)
{
	char *save = NULL;

	if (cli->quiet || warnings->len == 0)
		return;
	for (char *line = strtok_r((char *)warnings->data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(stderr, "warning: %s\n", line);
}

static kiln_code convert(struct cli *cli, const struct params *params, struct kiln_span file,
			 struct kiln_err *err)
{
	const bool binary = kiln_partition_is_binary(file);
	struct kiln_buf warnings = KILN_BUF_INIT(16 * KIB);
	struct kiln_partition_options o;
	struct kiln_partitions table;
	kiln_code code = to_options(params, &o, err);

	if (code == KILN_OK && binary)
		code = kiln_partition_from_binary(file, &o, &table, err);
	else if (code == KILN_OK)
		code = kiln_partition_from_csv(file, &o, &table, err);
	if (code == KILN_OK)
		code = check(params, &o, &table, &warnings, err);
	if (code == KILN_OK) {
		warn(cli, &warnings);
		code = show(params, &o, binary, &table, err);
	}
	kiln_buf_done(&warnings);
	return code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .offset = 0x8000, .bootloader = NOT_GIVEN, .recovery = NOT_GIVEN };
	struct kiln_buf file = KILN_BUF_INIT(FILE_MAX_BYTES);
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	if (exit_code < 0 && words.n != 1)
		exit_code = cli_usage(cli, self, "it takes one FILE, not %zu", words.n);
	if (exit_code < 0) {
		cli->json = params.json;
		exit_code = whole_read(words.items[0], &file, &err) == KILN_OK &&
					    convert(cli, &params, kiln_buf_span(&file), &err) ==
						    KILN_OK
				    ? 0
				    : cli_fail(cli, &err);
	}
	opt_list_done(&words);
	kiln_buf_done(&file);
	return exit_code;
}

static const char *const examples[] = {
	"kiln partition-table partitions.csv",
	"check the table, and list it with all offsets and sizes filled in",
	"kiln partition-table --flash-size 4MB -o partitions.bin partitions.csv",
	"make the bytes that go to 0x8000",
	"kiln partition-table --json partitions.bin",
	"list what a table in flash says",
	NULL,
};

const struct command cmd_partition_table = {
	.name = "partition-table",
	.summary = "make, check and list partition tables of ESP-IDF",
	.usage = "[-o FILE] [--flash-size SIZE] [--offset ADDR] [--no-md5] [--json] FILE",
	.description =
		"Reads a partition table as CSV text or as the bytes that stand in flash, "
		"whichever\n"
		"FILE is, checks it as ESP-IDF does, and lists it as CSV; with -o, writes it in "
		"the\n"
		"other form. A CSV line is: name, type, subtype, offset, size, flags. An empty\n"
		"offset is the next one that is aligned, a negative size says where it ends, K "
		"and\n"
		"M multiply, $NAME is taken from the environment.",
	.options = options,
	.run = run,
	.examples = examples,
};
