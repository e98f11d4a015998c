/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_PLAN_H
#define KILN_FLASH_PLAN_H

#include <kiln/flash.h>

#include "flash/pack.h"

/*
 * What a job will do, worked out before anything is written: the files in order of address, each
 * as the bytes that will stand in the flash, and the steps that get them there. Pure: no chip is
 * asked here.
 *
 *	kiln_plan_make(&plan, job, chip, rom_only, &err);  checks files, overlaps, images
 *	kiln_plan_fit(&plan, flash_size, &err);            checks sizes
 *	for each of plan.steps ...                         run.c
 *	kiln_plan_done(&plan);
 */
enum { KILN_PLAN_PATCHES = 3 }; /* header, digest, what fills it up */

struct kiln_plan_patch {
	size_t at, n;
	uint8_t bytes[32];
};

struct kiln_plan_file {
	const struct kiln_flash_file *file;
	uint32_t address;
	const uint8_t *data; /* the file's own bytes, or `owned`; `patches` lie over them */
	size_t size;
	struct kiln_plan_patch patches[KILN_PLAN_PATCHES]; /* in order */
	size_t n_patches;
	uint8_t *owned;                   /* padded or patched copy of a small file */
	const struct kiln_packed *packed; /* these very bytes, made ready; NULL if they are not */
	bool patched, redigested;
	uint8_t mode, size_freq; /* header bytes after the patch */
};

typedef enum kiln_step_kind {
	KILN_STEP_ERASE_CHIP = 1,
	KILN_STEP_WRITE,
	KILN_STEP_VERIFY,
} kiln_step_kind;

struct kiln_step {
	kiln_step_kind kind;
	const struct kiln_plan_file *file;
};

struct kiln_plan {
	const struct kiln_flash_job *job;
	struct kiln_plan_file *files;
	size_t n_files;
	struct kiln_step *steps;
	size_t n_steps;
	char warning[160]; /* one at most; empty if none */
};

/*
 * `info`: the chip that it is for. `rom_only`: no stub; a ROM erases from the start of a sector
 * on, so what stands before the data in it is filled with FF.
 * Fails with: E_INVALID, E_OVERLAP, E_IMAGE, E_WRONG_CHIP, E_NOMEM; then there is nothing to free.
 */
kiln_code kiln_plan_make(struct kiln_plan *ret_plan, const struct kiln_flash_job *job,
			 const struct kiln_chip_info *info, uint64_t header_size, bool rom_only,
			 struct kiln_err *err);
/* `flash_size` 0: not known, nothing to check. Fails with: E_TOO_BIG. */
kiln_code kiln_plan_fit(const struct kiln_plan *plan, uint64_t flash_size, struct kiln_err *err);
uint64_t kiln_plan_end(const struct kiln_plan *plan); /* first address beyond all files */
void kiln_plan_done(struct kiln_plan *plan);

/* The bytes from `at` on, as many as lie in one piece, and not beyond `end`. */
struct kiln_span kiln_plan_bytes(const struct kiln_plan_file *f, size_t at, size_t end);
uint8_t kiln_plan_byte(const struct kiln_plan_file *f, size_t at);
void kiln_plan_put(struct kiln_plan_file *f, size_t at, const void *bytes, size_t n);
/* A part of it, which borrows. */
struct kiln_plan_file kiln_plan_slice(const struct kiln_plan_file *f, size_t from, size_t size);
uint8_t *kiln_plan_copy(const struct kiln_plan_file *f, struct kiln_err *err); /* NULL: no memory */
kiln_code kiln_plan_md5(const struct kiln_plan_file *f, size_t from, size_t n, uint8_t ret[16],
			struct kiln_err *err);
/* Of its first n bytes. */
kiln_code kiln_plan_sha256(const struct kiln_plan_file *f, size_t n, uint8_t ret[32],
			   struct kiln_err *err);
kiln_code kiln_plan_deflate(const struct kiln_plan_file *f, uint8_t **ret_wire, size_t *ret_size,
			    struct kiln_err *err);
/* Fill it up with `tail` (below 32) bytes of FF. Fails with: E_NOMEM. */
kiln_code kiln_plan_fill_up(struct kiln_plan_file *f, size_t tail, struct kiln_err *err);

/* The sectors that the file lies in. */
uint32_t kiln_plan_first_sector(const struct kiln_plan_file *f);
uint64_t kiln_plan_end_sector(const struct kiln_plan_file *f);

#endif
