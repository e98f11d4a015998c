/* SPDX-License-Identifier: Apache-2.0 */
/* What ESP-IDF asks of a partition table before it may be flashed. */
#include "image/partition_impl.h"

enum {
	NVS_MIN_SIZE = 0x3000,
	OTADATA_SIZE = 0x2000,
	SECURE_V1_ALIGN = 0x10000,
	APP_ALIGN = 0x1000
};

#define bad(p, err, ...) kiln_partition_bad(err, KILN_E_IMAGE, (p)->line, __VA_ARGS__)

static kiln_code check_alignment(const struct kiln_partition *p, unsigned secure,
				 struct kiln_err *err)
{
	const uint32_t align = kiln_partition_align(p->type);
	const uint32_t size_align = secure == 1 ? SECURE_V1_ALIGN : APP_ALIGN;

	if (p->offset % align) {
		(void)bad(p, err, "partition '%s': offset 0x%x is not aligned to 0x%x", p->name,
			  p->offset, align);
		kiln_hint(err, "use 0x%llx, or leave the offset empty",
			  ((unsigned long long)p->offset + align - 1) / align * align);
		return KILN_E_IMAGE;
	}
	if (p->type == KILN_PARTITION_APP && p->size % size_align)
		return bad(p, err, "partition '%s': size 0x%x is not aligned to 0x%x", p->name,
			   p->size, size_align);
	return KILN_OK;
}

static kiln_code check_data(const struct kiln_partition *p, struct kiln_err *err)
{
	const bool readonly = p->flags & KILN_PARTITION_READONLY;

	if (p->type != KILN_PARTITION_DATA)
		return KILN_OK;
	if (readonly &&
	    (p->subtype == KILN_PARTITION_OTADATA || p->subtype == KILN_PARTITION_COREDUMP))
		return bad(p, err, "partition '%s' is always written to and can't be readonly",
			   p->name);
	if (p->subtype == KILN_PARTITION_NVS && p->size < NVS_MIN_SIZE && !readonly) {
		(void)bad(p, err, "partition '%s': an NVS of 0x%x bytes can't be written to",
			  p->name, p->size);
		kiln_hint(err, "make it 0x%x or larger, or flag it as readonly", NVS_MIN_SIZE);
		return KILN_E_IMAGE;
	}
	return KILN_OK;
}

static kiln_code check_names(const struct kiln_partitions *table, struct kiln_err *err)
{
	for (size_t i = 0; i < table->n; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct kiln_partition *p = &table->items[i];

			if (strcmp(p->name, table->items[j].name) == 0)
				return bad(p, err, "two partitions have the name '%s'", p->name);
		}
	}
	return KILN_OK;
}

static kiln_code check_overlap(const struct kiln_partitions *table, struct kiln_err *err)
{
	for (size_t i = 0; i < table->n; i++) {
		for (size_t j = 0; j < table->n; j++) {
			const struct kiln_partition *p = &table->items[i], *q = &table->items[j];
			const bool before = p->offset < q->offset ||
					    (p->offset == q->offset && i < j);

			if (before && (uint64_t)p->offset + p->size > q->offset)
				return kiln_partition_bad(
					err, KILN_E_OVERLAP, q->line,
					"partition '%s' at 0x%x overlaps '%s' (0x%x-0x%llx)",
					q->name, q->offset, p->name, p->offset,
					(unsigned long long)p->offset + p->size - 1);
		}
	}
	return KILN_OK;
}

static kiln_code check_below(const struct kiln_partitions *table, uint32_t table_offset,
			     struct kiln_err *err)
{
	const uint64_t end = (uint64_t)table_offset + KILN_PARTITION_SECTOR;

	for (size_t i = 0; i < table->n; i++) {
		const struct kiln_partition *p = &table->items[i];

		if (p->offset < end && !kiln_partition_is_fixed(p))
			return kiln_partition_bad(err, KILN_E_OVERLAP, p->line,
						  "partition '%s' at 0x%x begins before 0x%llx, "
						  "where the table itself ends",
						  p->name, p->offset, (unsigned long long)end);
	}
	return KILN_OK;
}

static kiln_code check_otadata(const struct kiln_partitions *table, uint8_t subtype,
			       const char *name, struct kiln_err *err)
{
	const struct kiln_partition *found = NULL;

	for (size_t i = 0; i < table->n; i++) {
		const struct kiln_partition *p = &table->items[i];

		if (p->type != KILN_PARTITION_DATA || p->subtype != subtype)
			continue;
		if (found)
			return bad(p, err, "there are two %s partitions, '%s' and '%s'", name,
				   found->name, p->name);
		found = p;
	}
	if (found && found->size != OTADATA_SIZE)
		return bad(found, err, "partition '%s': the size of %s is 0x%x, not 0x%x",
			   found->name, name, OTADATA_SIZE, found->size);
	return KILN_OK;
}

/* A name that is a word for something else is most likely in the wrong column. */
static void warn_of_name(const struct kiln_partition *p, struct kiln_buf *out)
{
	if (strlen(p->name) > KILN_PARTITION_NAME)
		(void)kiln_buf_printf(out, "the name '%s' is cut to its first %d bytes\n", p->name,
				      KILN_PARTITION_NAME);
	for (const struct kiln_partition_word *w = kiln_partition_types; w->word; w++) {
		if (strcmp(w->word, p->name) == 0 && w->value != p->type)
			(void)kiln_buf_printf(out,
					      "partition '%s' has the name of a type, and another "
					      "type\n",
					      p->name);
	}
}

kiln_code kiln_partition_check(const struct kiln_partitions *table,
			       const struct kiln_partition_options *options,
			       struct kiln_buf *warnings, struct kiln_err *err)
{
	for (size_t i = 0; i < table->n; i++) {
		KILN_TRY(check_alignment(&table->items[i], options->secure, err));
		KILN_TRY(check_data(&table->items[i], err));
	}
	KILN_TRY(check_names(table, err));
	KILN_TRY(check_below(table, options->table_offset, err));
	KILN_TRY(check_overlap(table, err));
	KILN_TRY(check_otadata(table, KILN_PARTITION_OTADATA, "otadata", err));
	KILN_TRY(check_otadata(table, KILN_PARTITION_TEE_OTADATA, "TEE otadata", err));
	for (size_t i = 0; warnings && i < table->n; i++)
		warn_of_name(&table->items[i], warnings);
	return KILN_OK;
}

kiln_code kiln_partition_check_size(const struct kiln_partitions *table, uint64_t flash_size,
				    struct kiln_err *err)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct kiln_partition *p = &table->items[i];
		const uint64_t end = (uint64_t)p->offset + p->size;

		if (end <= flash_size)
			continue;
		(void)kiln_partition_bad(err, KILN_E_TOO_BIG, p->line,
					 "partition '%s' ends at 0x%llx, and the flash at 0x%llx",
					 p->name, (unsigned long long)end,
					 (unsigned long long)flash_size);
		kiln_hint(err, "make it smaller, or give the size of the flash that the board has");
		return KILN_E_TOO_BIG;
	}
	return KILN_OK;
}
