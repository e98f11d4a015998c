/* SPDX-License-Identifier: Apache-2.0 */
/* What a job is refused for, in which words; and what a plan does to files. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <kiln/image.h>

#include "flash/plan.h"
#include "support/image_maker.h"

static struct kiln_chip_info info;
static uint8_t blob[20000];

static int set_up(void **state)
{
	(void)state;
	info = (struct kiln_chip_info){ .chip = kiln_chip_by_option("esp32"), .revision = 100 };
	image_fill(blob, sizeof(blob), 1);
	blob[0] = 0; /* no image */
	return 0;
}

static struct kiln_flash_job job_of(const struct kiln_flash_file *files, size_t n)
{
	return (struct kiln_flash_job){ .files = files,
					.n_files = n,
					.mode = KILN_FLASH_KEEP,
					.freq = KILN_FLASH_KEEP,
					.size = KILN_FLASH_KEEP };
}

static void refused(const struct kiln_flash_file *files, size_t n, kiln_code code, const char *what,
		    const char *why)
{
	const struct kiln_flash_job job = job_of(files, n);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_plan plan;

	assert_int_equal(kiln_plan_make(&plan, &job, &info, 0, false, &err), code);
	assert_string_equal(err.what, what);
	assert_string_equal(err.why, why);
}

static void bad_files(void **state)
{
	const struct kiln_flash_file empty = { 0x10000, "a.bin", blob, 0 };
	const struct kiln_flash_file odd = { 0x10002, "a.bin", blob, 10 };
	const struct kiln_flash_file far = { 0xFFFFFFFC, "a.bin", blob, 10 };

	(void)state;
	refused(NULL, 0, KILN_E_INVALID, "cannot write", "there is no file");
	refused(&empty, 1, KILN_E_INVALID, "cannot write 'a.bin' at 0x00010000", "it is empty");
	refused(&odd, 1, KILN_E_INVALID, "cannot write 'a.bin' at 0x00010002",
		"its address is not a multiple of 4");
	refused(&far, 1, KILN_E_INVALID, "cannot write 'a.bin' at 0xfffffffc",
		"it ends beyond the last possible address");
}

static void shared_sectors(void **state)
{
	struct kiln_flash_file files[] = { { 0x11800, "b.bin", blob, 100 },
					   { 0x10000, "a.bin", blob, 0x1001 } };

	(void)state;
	refused(files, 2, KILN_E_OVERLAP, "cannot write 'b.bin' at 0x00011800",
		"it overlaps 'a.bin', which ends at 0x00011001");
	assert_int_equal(kiln_flash_check_files(files, 2, NULL), KILN_E_OVERLAP);
	files[1].size = 0x1000;
	assert_int_equal(kiln_flash_check_files(files, 2, NULL), KILN_OK);
}

static void no_firmware_where_the_chip_boots(void **state)
{
	const struct kiln_flash_file file = { 0x1000, "notes.txt", blob, 500 };
	struct kiln_flash_job job = job_of(&file, 1);
	struct kiln_plan plan;

	(void)state;
	refused(&file, 1, KILN_E_IMAGE, "cannot write 'notes.txt' at 0x00001000",
		"the ESP32 boots from there, and this is no firmware: it does not begin with E9");
	job.force = true;
	assert_int_equal(kiln_plan_make(&plan, &job, &info, 0, false, NULL), KILN_OK);
	kiln_plan_done(&plan);
}

static void damaged_firmware(void **state)
{
	const struct image_spec spec = {
		.n_segments = 1, .segment_size = 64, .digest = true, .max_rev_full = 0xFFFF
	};
	struct kiln_flash_file file = { .address = 0x1000, .name = "fw.bin" };
	uint8_t *p = image_make(&spec, &file.size);

	(void)state;
	file.data = p;
	p[50] ^= 4;
	refused(&file, 1, KILN_E_IMAGE, "cannot write 'fw.bin' at 0x00001000",
		"the ESP32 boots from there, and this is no firmware: its checksum does not match: "
		"the file is damaged");
	file.size = 70;
	refused(&file, 1, KILN_E_IMAGE, "cannot write 'fw.bin' at 0x00001000",
		"the ESP32 boots from there, and this is no firmware: it is cut short within a "
		"segment");
	free(p);
}

static void firmware_of_another_chip(void **state)
{
	static const struct {
		struct image_spec spec;
		uint32_t address;
		const char *why;
	} cases[] = {
		{ { .chip_id = 9, .max_rev_full = 0xFFFF },
		  0x1000,
		  "it is firmware for the ESP32-S3, but the chip is an ESP32" },
		{ { .chip_id = 5, .max_rev_full = 0xFFFF },
		  0x10000,
		  "it is firmware for the ESP32-C3, but the chip is an ESP32" },
		{ { .chip_id = 777, .max_rev_full = 0xFFFF },
		  0x1000,
		  "it is firmware for a chip with id 777, but the chip is an ESP32" },
		{ { .min_rev_full = 300, .max_rev_full = 399 },
		  0x10000,
		  "it needs revision v3.0 or newer, but the chip has v1.0" },
		{ { .min_rev = 3, .max_rev_full = 0xFFFF },
		  0x1000,
		  "it needs revision v3.0 or newer, but the chip has v1.0" },
		{ { .max_rev_full = 99 },
		  0x1000,
		  "it is for revisions up to v0.99, but the chip has v1.0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_spec spec = cases[i].spec;
		struct kiln_flash_file file = { .address = cases[i].address, .name = "fw.bin" };
		char what[64];

		spec.n_segments = 1;
		spec.segment_size = 32;
		file.data = image_make(&spec, &file.size);
		snprintf(what, sizeof(what), "cannot write 'fw.bin' at 0x%08x", cases[i].address);
		refused(&file, 1, KILN_E_WRONG_CHIP, what, cases[i].why);
		free((void *)(uintptr_t)file.data);
	}
}

static void larger_than_the_flash(void **state)
{
	const struct kiln_flash_file file = { 0x3ff000, "a.bin", blob, 0x1001 };
	const struct kiln_flash_job job = job_of(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_plan plan;

	(void)state;
	assert_int_equal(kiln_plan_make(&plan, &job, &info, 0, false, &err), KILN_OK);
	assert_int_equal(kiln_plan_fit(&plan, 4 << 20, &err), KILN_E_TOO_BIG);
	assert_string_equal(err.why, "it ends at 0x00400001, but the flash does at 0x00400000");
	assert_int_equal(kiln_plan_fit(&plan, 8 << 20, &err), KILN_OK);
	assert_int_equal(kiln_plan_fit(&plan, 0, &err), KILN_OK);
	kiln_plan_done(&plan);
}

static void steps_in_order(void **state)
{
	const struct kiln_flash_file files[] = { { 0x20000, "b.bin", blob, 100 },
						 { 0x10000, "a.bin", blob, 101 } };
	struct kiln_flash_job job = job_of(files, 2);
	struct kiln_plan plan;

	(void)state;
	job.erase_all = true;
	assert_int_equal(kiln_plan_make(&plan, &job, &info, 0, false, NULL), KILN_OK);
	assert_int_equal(plan.n_steps, 5);
	assert_int_equal(plan.steps[0].kind, KILN_STEP_ERASE_CHIP);
	assert_int_equal(plan.steps[1].kind, KILN_STEP_WRITE);
	assert_ptr_equal(plan.steps[1].file->file, &files[1]);
	assert_int_equal(plan.steps[2].kind, KILN_STEP_VERIFY);
	assert_ptr_equal(plan.steps[3].file->file, &files[0]);
	/* whole words need no copy, others are filled up */
	assert_ptr_equal(plan.files[1].data, blob);
	assert_int_equal(plan.files[0].size, 104);
	assert_memory_equal(plan.files[0].data, blob, 101);
	assert_memory_equal(plan.files[0].data + 101, "\xff\xff\xff", 3);
	kiln_plan_done(&plan);
}

static void rom_needs_whole_sectors(void **state)
{
	const struct kiln_flash_file file = { 0x10104, "a.bin", blob, 100 };
	const struct kiln_flash_job job = job_of(&file, 1);
	struct kiln_plan plan;

	(void)state;
	assert_int_equal(kiln_plan_make(&plan, &job, &info, 0, true, NULL), KILN_OK);
	assert_int_equal(plan.files[0].address, 0x10000);
	assert_int_equal(plan.files[0].size, 0x104 + 100);
	assert_int_equal(plan.files[0].data[0x103], 0xFF);
	assert_memory_equal(plan.files[0].data + 0x104, blob, 100);
	assert_int_equal(kiln_plan_first_sector(&plan.files[0]), 0x10000);
	assert_int_equal(kiln_plan_end_sector(&plan.files[0]), 0x11000);
	kiln_plan_done(&plan);
}

static void only_the_bootloader_is_patched(void **state)
{
	const struct image_spec spec = { .n_segments = 1,
					 .segment_size = 64,
					 .digest = true,
					 .max_rev_full = 0xFFFF,
					 .mode = 2,
					 .size_freq = 0x20 };
	struct kiln_flash_file files[2] = { { .address = 0x1000, .name = "boot.bin" },
					    { .address = 0x10000, .name = "app.bin" } };
	struct kiln_flash_job job = job_of(files, 2);
	struct kiln_image image;
	struct kiln_plan plan;

	(void)state;
	files[0].data = image_make(&spec, &files[0].size);
	files[1].data = image_make(&spec, &files[1].size);
	job.mode = 0;
	job.size = KILN_FLASH_DETECT;
	assert_int_equal(kiln_plan_make(&plan, &job, &info, 16 << 20, false, NULL), KILN_OK);
	assert_true(plan.files[0].patched && plan.files[0].redigested);
	assert_int_equal(plan.files[0].mode, 0);
	assert_int_equal(plan.files[0].size_freq, 0x40);
	assert_int_equal(kiln_image_verify(plan.files[0].data, plan.files[0].size, &image, NULL),
			 KILN_OK);
	assert_false(plan.files[1].patched);
	assert_ptr_equal(plan.files[1].data, files[1].data);
	kiln_plan_done(&plan);
	free((void *)(uintptr_t)files[0].data);
	free((void *)(uintptr_t)files[1].data);
}

/* A new header and digest, and what fills it up, lie over the file's own bytes. */
static void a_large_file_is_not_copied(void **state)
{
	const struct image_spec spec = { .n_segments = 2,
					 .segment_size = 100000,
					 .digest = true,
					 .max_rev_full = 0xFFFF,
					 .mode = 2,
					 .size_freq = 0x20 };
	struct kiln_flash_file file = { .address = 0x1000, .name = "boot.bin" };
	struct kiln_flash_job job = job_of(&file, 1);
	struct kiln_image image;
	struct kiln_plan plan;
	uint8_t *bytes, *made = image_make(&spec, &file.size);

	(void)state;
	file.data = bytes = malloc(file.size + 1);
	memcpy(bytes, made, file.size);
	free(made);
	bytes[file.size++] = 'x';
	job.mode = 0;
	assert_int_equal(kiln_plan_make(&plan, &job, &info, 16 << 20, false, NULL), KILN_OK);
	const struct kiln_plan_file *f = &plan.files[0];

	assert_ptr_equal(f->data, bytes);
	assert_null(f->owned);
	assert_true(f->patched && f->redigested);
	assert_int_equal(f->size, file.size + 3);
	made = kiln_plan_copy(f, NULL);
	assert_int_equal(kiln_image_verify(made, f->size, &image, NULL), KILN_OK);
	assert_int_equal(image.mode, 0);
	assert_int_equal(made[file.size - 1], 'x');
	assert_memory_equal(made + file.size, "\xff\xff\xff", 3);
	/* a part has what lies over it there, and no more */
	const struct kiln_plan_file end = kiln_plan_slice(f, f->size - 20, 18);
	uint8_t *part = kiln_plan_copy(&end, NULL);

	assert_memory_equal(part, made + f->size - 20, 18);
	free(part);
	free(made);
	free(bytes);
	kiln_plan_done(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files),
		cmocka_unit_test(shared_sectors),
		cmocka_unit_test(no_firmware_where_the_chip_boots),
		cmocka_unit_test(damaged_firmware),
		cmocka_unit_test(firmware_of_another_chip),
		cmocka_unit_test(larger_than_the_flash),
		cmocka_unit_test(steps_in_order),
		cmocka_unit_test(rom_needs_whole_sectors),
		cmocka_unit_test(only_the_bootloader_is_patched),
		cmocka_unit_test(a_large_file_is_not_copied),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
