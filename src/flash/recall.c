/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/recall.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "flash/flasher.h"

enum {
	DIGEST = 8,
	ENTRY = 4 + DIGEST,
	HEAD = 8,
	MOST = HEAD + ENTRY * (128 << 20) / KILN_FLASH_SECTOR, /* the largest flash there is */
};

static const char head[] = "KILNREC1";

/* What was not saved by us, or was cut off, is no memory at all. */
static bool is_sound(const uint8_t *p, size_t n)
{
	if (n < HEAD || n > MOST || (n - HEAD) % ENTRY || memcmp(p, head, HEAD) != 0)
		return false;
	for (size_t at = HEAD + ENTRY; at < n; at += ENTRY) {
		if (kiln_get_le32(p + at) <= kiln_get_le32(p + at - ENTRY))
			return false;
	}
	return true;
}

kiln_code kiln_flash_recall_new(const void *saved, size_t n, struct kiln_flash_recall **ret_recall,
				struct kiln_err *err)
{
	struct kiln_flash_recall *recall = calloc(1, sizeof(*recall));
	kiln_code code = KILN_E_NOMEM;

	if (recall) {
		kiln_buf_init(&recall->bytes, MOST);
		code = is_sound(saved, n) ? kiln_buf_append(&recall->bytes, saved, n)
					  : kiln_buf_append(&recall->bytes, head, HEAD);
	}
	if (code != KILN_OK) {
		kiln_flash_recall_free(recall);
		return kiln_fail(err, KILN_E_NOMEM, "cannot recall what the board holds");
	}
	*ret_recall = recall;
	return KILN_OK;
}

const void *kiln_flash_recall_bytes(const struct kiln_flash_recall *recall, size_t *ret_n)
{
	*ret_n = recall->bytes.len;
	return recall->bytes.data;
}

void kiln_flash_recall_free(struct kiln_flash_recall *recall)
{
	if (recall)
		kiln_buf_done(&recall->bytes);
	free(recall);
}

void kiln_recall_forget(struct kiln_flash_recall *recall)
{
	kiln_buf_reset(&recall->bytes);
	(void)kiln_buf_append(&recall->bytes, head, HEAD); /* it had room for that before */
}

static size_t n_entries(const struct kiln_flash_recall *recall)
{
	return (recall->bytes.len - HEAD) / ENTRY;
}

static const uint8_t *entry(const struct kiln_flash_recall *recall, size_t i)
{
	return recall->bytes.data + HEAD + i * ENTRY;
}

/* The first entry that is not below a sector. */
static size_t lower_bound(const struct kiln_flash_recall *recall, uint32_t sector)
{
	size_t low = 0, high = n_entries(recall);

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (kiln_get_le32(entry(recall, middle)) < sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static kiln_code digest(const struct kiln_plan_file *file, size_t sector, uint8_t ret[16],
			struct kiln_err *err)
{
	size_t from, n;

	kiln_delta_part(file, sector, sector + 1, &from, &n);
	return kiln_plan_md5(file, from, n, ret, err);
}

size_t kiln_recall_guess(const struct kiln_flash_recall *recall, const struct kiln_plan_file *file,
			 uint8_t *states)
{
	const uint32_t first = kiln_plan_first_sector(file) / KILN_FLASH_SECTOR;
	const size_t n = kiln_delta_sectors(file);
	size_t i = lower_bound(recall, first), same = 0;
	uint8_t ours[16];

	memset(states, KILN_SECTOR_SEND, n);
	for (; i < n_entries(recall); i++) {
		const uint32_t sector = kiln_get_le32(entry(recall, i)) - first;

		if (sector >= n || digest(file, sector, ours, NULL) != KILN_OK)
			break;
		if (memcmp(ours, entry(recall, i) + 4, DIGEST) != 0)
			continue;
		states[sector] = KILN_SECTOR_SAME;
		same++;
	}
	return same;
}

static kiln_code put(struct kiln_buf *out, const struct kiln_plan_file *file, size_t sector,
		     struct kiln_err *err)
{
	uint8_t md5[16], number[4];

	kiln_put_le32(number, kiln_plan_first_sector(file) / KILN_FLASH_SECTOR + (uint32_t)sector);
	KILN_TRY(digest(file, sector, md5, err));
	KILN_TRY(kiln_buf_append(out, number, sizeof(number)));
	return kiln_buf_append(out, md5, DIGEST);
}

/* Those before the file, the file's own, those behind it. */
static kiln_code rebuild(const struct kiln_flash_recall *recall, const struct kiln_plan_file *file,
			 struct kiln_buf *out, struct kiln_err *err)
{
	const uint32_t first = kiln_plan_first_sector(file) / KILN_FLASH_SECTOR;
	const size_t n = kiln_delta_sectors(file), before = lower_bound(recall, first),
		     behind = lower_bound(recall, first + (uint32_t)n);

	KILN_TRY(kiln_buf_append(out, recall->bytes.data, HEAD + before * ENTRY));
	for (size_t i = 0; i < n; i++)
		KILN_TRY(put(out, file, i, err));
	return kiln_buf_append(out, entry(recall, behind), (n_entries(recall) - behind) * ENTRY);
}

kiln_code kiln_recall_note(struct kiln_flash_recall *recall, const struct kiln_plan_file *file,
			   struct kiln_err *err)
{
	struct kiln_buf out;
	kiln_code code;

	kiln_buf_init(&out, MOST);
	code = rebuild(recall, file, &out, err);
	if (code != KILN_OK) {
		kiln_buf_done(&out);
		return code;
	}
	kiln_buf_done(&recall->bytes);
	recall->bytes = out;
	return KILN_OK;
}
