/* SPDX-License-Identifier: Apache-2.0 */
/* `kiln flash`'s words: which file goes where, and what is refused before a board is touched. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/plan.h"

static char folder[] = "/tmp/kiln-plan-XXXXXX";

/* The smallest image that a ROM boots: one segment of 16 bytes, checksum, no digest. */
static size_t make_image(uint8_t *image, uint16_t chip_id, uint32_t first_word)
{
	uint8_t sum = 0xef;

	memset(image, 0, 64);
	image[0] = 0xe9;
	image[1] = 1;
	image[12] = (uint8_t)chip_id;
	image[13] = (uint8_t)(chip_id >> 8);
	image[24 + 3] = 0x40; /* load address */
	image[28] = 16;
	kiln_put_le32(image + 32, first_word);
	for (size_t i = 32; i < 48; i++)
		sum ^= image[i];
	image[63] = sum;
	return 64;
}

static void put(const char *name, const void *data, size_t n)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	fclose(f);
}

static int set_up(void **state)
{
	uint8_t image[64];

	(void)state;
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	put("esp32.bin", image, make_image(image, 0, 0));
	put("app.bin", image, make_image(image, 0, 0xABCD5432));
	put("other.bin", image, make_image(image, 0x7fff, 0));
	image[63] ^= 1;
	image[12] = image[13] = 0;
	put("damaged.bin", image, 64);
	put("data.bin", "hello", 5);
	put("empty.bin", "", 0);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "esp32.bin",   "app.bin",  "other.bin",
					     "damaged.bin", "data.bin", "empty.bin" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	return rmdir(folder);
}

static kiln_code plan(const char *line, const char *addresses, struct files *files,
		      struct kiln_err *err)
{
	struct opt_list words = { 0 }, at = { 0 };
	const char *word_items[8], *at_items[8];
	char copies[2][128], *save;
	kiln_code code;

	*files = (struct files){ 0 };
	*err = KILN_ERR_INIT;
	words.items = word_items;
	at.items = at_items;
	snprintf(copies[0], sizeof(copies[0]), "%s", line);
	snprintf(copies[1], sizeof(copies[1]), "%s", addresses);
	for (char *w = strtok_r(copies[0], " ", &save); w; w = strtok_r(NULL, " ", &save))
		word_items[words.n++] = w;
	for (char *w = strtok_r(copies[1], " ", &save); w; w = strtok_r(NULL, " ", &save))
		at_items[at.n++] = w;
	code = plan_files(&words, &at, files, err);
	for (size_t i = 0; i < files->n; i++)
		files->items[i].name = ""; /* it pointed into the copies */
	return code;
}

static void files_find_their_place(void **state)
{
	struct files files;
	struct kiln_err err;

	(void)state;
	assert_int_equal(plan("esp32.bin", "", &files, &err), KILN_OK);
	assert_int_equal(files.n, 1);
	assert_int_equal(files.items[0].address, 0x1000);
	assert_int_equal(files.items[0].size, 64);
	files_done(&files);
	assert_int_equal(plan("0x10000 app.bin esp32.bin 0x8000 data.bin", "", &files, &err),
			 KILN_OK);
	assert_int_equal(files.n, 3);
	assert_int_equal(files.items[0].address, 0x10000);
	assert_int_equal(files.items[1].address, 0x1000);
	assert_int_equal(files.items[2].address, 0x8000);
	files_done(&files);
	assert_int_equal(plan("data.bin app.bin", "0x9000 65536", &files, &err), KILN_OK);
	assert_int_equal(files.items[1].address, 0x10000);
	files_done(&files);
}

static void what_cannot_be_is_refused(void **state)
{
	static const struct {
		const char *line, *at;
		kiln_code code;
		const char *what, *why;
	} cases[] = {
		{ "nope.bin", "", KILN_E_NOT_FOUND, "cannot open 'nope.bin'", NULL },
		{ "empty.bin", "", KILN_E_INVALID, "cannot use 'empty.bin'", "the file is empty" },
		{ ".", "", KILN_E_INVALID, "cannot read '.'", "it is a folder" },
		{ "data.bin", "", KILN_E_IMAGE, "cannot flash 'data.bin'", "it is a text file" },
		{ "other.bin", "", KILN_E_WRONG_CHIP, "cannot flash 'other.bin'", NULL },
		{ "app.bin", "", KILN_E_IMAGE, "cannot flash 'app.bin'",
		  "it is an application without a bootloader" },
		{ "damaged.bin", "", KILN_E_IMAGE, NULL, NULL },
		{ "0x1000", "", KILN_E_INVALID, "no file given for address '0x1000'", NULL },
		{ "data.bin", "12z", KILN_E_INVALID, "bad address: '12z'", NULL },
		{ "data.bin", "0x100000000", KILN_E_INVALID, "bad address: '0x100000000'",
		  "it does not fit into 32 bits" },
		{ "data.bin", "0xfffffffc", KILN_E_INVALID, "cannot write 'data.bin' at 0xfffffffc",
		  "it ends beyond the last possible address" },
		{ "data.bin", "1 2", KILN_E_INVALID, "1 files but 2 addresses (--at)", NULL },
		{ "data.bin data.bin", "0x1000 0x1800", KILN_E_OVERLAP,
		  "cannot write 'data.bin' at 0x00001800",
		  "it overlaps 'data.bin', which ends at 0x00001005" },
		{ "", "", KILN_E_INVALID, "no file given", NULL },
	};
	struct files files;
	struct kiln_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(plan(cases[i].line, cases[i].at, &files, &err), cases[i].code);
		if (cases[i].what)
			assert_string_equal(err.what, cases[i].what);
		if (cases[i].why)
			assert_string_equal(err.why, cases[i].why);
		files_done(&files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_find_their_place),
		cmocka_unit_test(what_cannot_be_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
