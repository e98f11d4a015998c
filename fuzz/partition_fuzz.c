/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "image/partition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *value(void *user, const char *name)
{
	(void)user;
	return name[0] == 'A' ? "4K" : NULL;
}

/* What was read, and what comes of it as bytes and as text, is the same table. */
static void round_trip(const struct kiln_partitions *table, const struct kiln_partition_options *o)
{
	struct kiln_buf bytes = KILN_BUF_INIT(KILN_PARTITION_BYTES),
			text = KILN_BUF_INIT(64 * 1024);
	struct kiln_partitions copy;

	if (kiln_partition_to_binary(table, o, &bytes, NULL) == KILN_OK) {
		assert(bytes.len == KILN_PARTITION_BYTES);
		assert(kiln_partition_from_binary(kiln_buf_span(&bytes), o, &copy, NULL) ==
		       KILN_OK);
		assert(copy.n == table->n);
		for (size_t i = 0; i < copy.n; i++)
			assert(copy.items[i].offset == table->items[i].offset &&
			       copy.items[i].size == table->items[i].size);
	}
	assert(kiln_partition_to_csv(table, &text, NULL) == KILN_OK);
	/* names that begin with spaces or hold commas are others in CSV; places stay */
	if (kiln_partition_from_csv(kiln_buf_span(&text), o, &copy, NULL) == KILN_OK)
		for (size_t i = 0; i < copy.n && copy.n == table->n; i++)
			assert(strcmp(copy.items[i].name, table->items[i].name) != 0 ||
			       copy.items[i].type != table->items[i].type ||
			       copy.items[i].type == KILN_PARTITION_BOOTLOADER ||
			       copy.items[i].type == KILN_PARTITION_TABLE ||
			       (copy.items[i].offset == table->items[i].offset &&
				copy.items[i].size == table->items[i].size));
	kiln_buf_done(&bytes);
	kiln_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_partition_options o = KILN_PARTITION_OPTIONS;
	const struct kiln_span file = kiln_span(data, size);
	struct kiln_buf warnings = KILN_BUF_INIT(64 * 1024);
	struct kiln_partitions table;
	kiln_code code;

	o.variable = value;
	o.bootloader_offset = 0x1000;
	if (kiln_partition_is_binary(file))
		code = kiln_partition_from_binary(file, &o, &table, NULL);
	else
		code = kiln_partition_from_csv(file, &o, &table, NULL);
	if (code == KILN_OK) {
		if (kiln_partition_check(&table, &o, &warnings, NULL) == KILN_OK)
			code = kiln_partition_check_size(&table, 1 << 22, NULL);
		round_trip(&table, &o);
	}
	kiln_buf_done(&warnings);
	return 0;
}
