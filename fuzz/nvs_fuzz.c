/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "image/nvs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_item(void *user, const struct kiln_nvs_item *item)
{
	unsigned *n = user;

	assert(item->type_name && item->ns && item->key);
	for (size_t i = 0; i < item->data.n; i++)
		*n += item->data.p[i]; /* all of it can be read */
}

static void take_problem(void *user, unsigned page, const char *text)
{
	(void)user;
	(void)page;
	assert(text[0]);
}

/* Pages hold 4096 bytes: seeds are shorter, FF follows, and CRCs are set right again. */
static void list_pages(struct kiln_span file)
{
	unsigned sum = 0, problems;
	const struct kiln_nvs_reader reader = { take_item, take_problem, &sum };
	static uint8_t pages[2 * KILN_NVS_PAGE];

	memset(pages, 0xFF, sizeof(pages));
	memcpy(pages, file.p, file.n < sizeof(pages) ? file.n : sizeof(pages));
	for (size_t page = 0; page < sizeof(pages); page += KILN_NVS_PAGE) {
		uint8_t *p = pages + page;

		kiln_put_le32(p + 28, kiln_nvs_crc(p + 4, 24));
		for (size_t i = 0; i < KILN_NVS_ENTRIES; i += 2) {
			uint8_t *e = p + KILN_NVS_FIRST_ENTRY + i * KILN_NVS_ENTRY;

			kiln_put_le32(e + 4, kiln_nvs_entry_crc(e));
		}
	}
	(void)!kiln_nvs_list(kiln_span(pages, sizeof(pages)), &reader, &problems, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_nvs_options o = { .size = 4 * KILN_NVS_PAGE };
	struct kiln_buf image = KILN_BUF_INIT(KILN_NVS_MAX);
	unsigned sum = 0, problems = 0;
	const struct kiln_nvs_reader reader = { take_item, take_problem, &sum };
	bool readonly;

	list_pages(kiln_span(data, size));
	if (kiln_nvs_generate(kiln_span(data, size), &o, &image, &readonly, NULL) == KILN_OK) {
		assert(kiln_nvs_list(kiln_buf_span(&image), &reader, &problems, NULL) == KILN_OK);
		assert(problems == 0);
	}
	kiln_buf_done(&image);
	return 0;
}
