/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the chip what it holds. A guess first: a few sectors across the file. If none of them is
 * right, this is another firmware or a blank chip, and asking for the rest would cost more than
 * it saves. Blocks next, then the sectors of the blocks that differ.
 */
#include "flash/delta.h"

#include "flash/flasher.h"
#include "flash/recall.h"

enum { SAMPLES = 4, PER_BLOCK = 16, SETTLE = 200 };

/* Parts of the file to be asked for, each as the sectors [first, end). */
struct question {
	struct kiln_flash_place *places;
	size_t (*ranges)[2];
	uint8_t (*theirs)[16];
	size_t n;
};

static void question_done(struct question *q)
{
	free(q->places);
	free(q->ranges);
	free(q->theirs);
	*q = (struct question){ 0 };
}

static kiln_code question_init(struct question *q, size_t max, struct kiln_err *err)
{
	*q = (struct question){ 0 };
	q->places = calloc(max, sizeof(*q->places));
	q->ranges = calloc(max, sizeof(*q->ranges));
	q->theirs = calloc(max, sizeof(*q->theirs));
	if (q->places && q->ranges && q->theirs)
		return KILN_OK;
	question_done(q);
	(void)kiln_fail(err, KILN_E_NOMEM, "cannot compare with the flash");
	return KILN_E_NOMEM;
}

static void add(struct question *q, const struct kiln_plan_file *file, size_t first, size_t end)
{
	size_t from, n;

	kiln_delta_part(file, first, end, &from, &n);
	q->places[q->n] = (struct kiln_flash_place){ (uint32_t)(file->address + from),
						     (uint32_t)n };
	q->ranges[q->n][0] = first;
	q->ranges[q->n++][1] = end;
}

/* Ask, and note what is the same. *ret_same: how many of the parts. */
static kiln_code ask(struct kiln_flasher *f, const struct kiln_plan_file *file, struct question *q,
		     struct kiln_delta *delta, size_t *ret_same, struct kiln_err *err)
{
	uint8_t ours[16];
	size_t from, n, same = 0;

	KILN_TRY(kiln_flasher_md5s(f, q->places, q->n, q->theirs, err));
	for (size_t i = 0; i < q->n; i++) {
		const size_t first = q->ranges[i][0], end = q->ranges[i][1];

		kiln_delta_part(file, first, end, &from, &n);
		KILN_TRY(kiln_plan_md5(file, from, n, ours, err));
		if (memcmp(ours, q->theirs[i], sizeof(ours)) != 0)
			continue;
		memset(delta->states + first, KILN_SECTOR_SAME, end - first);
		same++;
	}
	*ret_same = same;
	return KILN_OK;
}

/* Across the file; what is blank is alike on any chip and says nothing. */
static void add_samples(struct question *q, const struct kiln_plan_file *file, size_t n_sectors)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t at = i * (n_sectors - 1) / (SAMPLES - 1);

		while (at + 1 < n_sectors && kiln_delta_is_blank(file, at))
			at++;
		if (q->n == 0 || q->ranges[q->n - 1][0] < at)
			add(q, file, at, at + 1);
	}
}

static void add_blocks(struct question *q, const struct kiln_plan_file *file, size_t n_sectors)
{
	size_t end;

	for (size_t at = 0; at < n_sectors; at = end) {
		/* blocks of the flash, not of the file */
		end = at + PER_BLOCK - (file->address / KILN_FLASH_SECTOR + at) % PER_BLOCK;
		if (end > n_sectors)
			end = n_sectors;
		add(q, file, at, end);
	}
}

static bool all_same(const struct kiln_delta *delta, size_t first, size_t end)
{
	while (first < end && delta->states[first] == KILN_SECTOR_SAME)
		first++;
	return first == end;
}

static void add_sectors(struct question *q, const struct kiln_plan_file *file,
			const struct question *blocks, const struct kiln_delta *delta)
{
	for (size_t i = 0; i < blocks->n; i++) {
		const size_t first = blocks->ranges[i][0], end = blocks->ranges[i][1];

		for (size_t s = first; s < end && !all_same(delta, first, end); s++)
			add(q, file, s, s + 1);
	}
}

static kiln_code blank_md5(size_t n, uint8_t ret_md5[16], struct kiln_err *err)
{
	uint8_t blank[KILN_FLASH_SECTOR];

	memset(blank, 0xFF, sizeof(blank));
	return kiln_md5(blank, n, ret_md5, err);
}

static kiln_code ask_tree(struct kiln_flasher *f, const struct kiln_plan_file *file,
			  struct question q[3], struct kiln_delta *delta, struct kiln_err *err)
{
	uint8_t blank[16];
	size_t same;

	add_samples(&q[0], file, delta->n);
	KILN_TRY(ask(f, file, &q[0], delta, &same, err));
	KILN_TRY(blank_md5(q[0].places[0].size, blank, err));
	delta->blank = memcmp(q[0].theirs[0], blank, sizeof(blank)) == 0;
	delta->useless = same == 0;
	if (delta->useless)
		return KILN_OK;
	/* the samples count again as part of their blocks: a garbled digest must not hide one */
	memset(delta->states, KILN_SECTOR_SEND, delta->n);
	add_blocks(&q[1], file, delta->n);
	KILN_TRY(ask(f, file, &q[1], delta, &same, err));
	if (same == q[1].n)
		return KILN_OK;
	add_sectors(&q[2], file, &q[1], delta);
	return ask(f, file, &q[2], delta, &same, err);
}

static void note_blanks(struct kiln_delta *delta, const struct kiln_plan_file *file)
{
	for (size_t i = 0; i < delta->n; i++) {
		if (delta->states[i] == KILN_SECTOR_SEND && kiln_delta_is_blank(file, i))
			delta->states[i] = KILN_SECTOR_BLANK;
	}
}

static kiln_code find(struct kiln_flasher *f, const struct kiln_plan_file *file,
		      struct kiln_delta *delta, struct kiln_err *err)
{
	struct question q[3] = { 0 };
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	for (int i = 0; i < 3 && code == KILN_OK; i++)
		code = question_init(&q[i], delta->n + SAMPLES, err);
	if (code == KILN_OK)
		code = ask_tree(f, file, q, delta, &fault);
	for (int i = 0; i < 3; i++)
		question_done(&q[i]);
	if (code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL || code == KILN_E_REFUSED ||
	    code == KILN_E_UNSUPPORTED) {
		delta->useless = true; /* late digests must not answer what is asked next */
		return kiln_loader_settle(&f->loader, SETTLE, err);
	}
	if (code != KILN_OK && err && fault.code != KILN_OK)
		*err = fault;
	return code;
}

kiln_code kiln_delta_find(struct kiln_flasher *f, const struct kiln_plan_file *file,
			  struct kiln_delta *ret_delta, struct kiln_err *err)
{
	struct kiln_delta delta = { .n = kiln_delta_sectors(file) };
	kiln_code code;

	delta.states = calloc(delta.n, 1);
	if (!delta.states)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compare with the flash");
	code = find(f, file, &delta, err);
	if (code != KILN_OK) {
		kiln_delta_done(&delta);
		return code;
	}
	note_blanks(&delta, file);
	*ret_delta = delta;
	return KILN_OK;
}

/* A few of the sectors that should be the same, across the file. */
static void add_believed(struct question *q, const struct kiln_plan_file *file,
			 const struct kiln_delta *delta, size_t same)
{
	const size_t every = same > SAMPLES ? same / SAMPLES : 1;
	size_t seen = 0;

	for (size_t i = 0; i < delta->n && q->n < SAMPLES; i++) {
		if (delta->states[i] == KILN_SECTOR_SAME && seen++ % every == every / 2)
			add(q, file, i, i + 1);
	}
}

static kiln_code try_guess(struct kiln_flasher *f, const struct kiln_plan_file *file, size_t same,
			   struct kiln_delta *delta, bool *ret_good, struct kiln_err *err)
{
	struct question q;
	size_t right = 0;
	kiln_code code;

	KILN_TRY(question_init(&q, SAMPLES, err));
	add_believed(&q, file, delta, same);
	code = ask(f, file, &q, delta, &right, err);
	*ret_good = code == KILN_OK && q.n > 0 && right == q.n;
	question_done(&q);
	return code;
}

/* What the wire did to the question only costs the guess. */
static kiln_code forgive(struct kiln_flasher *f, kiln_code code, struct kiln_err *err)
{
	if (code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL || code == KILN_E_REFUSED ||
	    code == KILN_E_UNSUPPORTED)
		return kiln_loader_settle(&f->loader, SETTLE, err);
	return code;
}

kiln_code kiln_delta_guess(struct kiln_flasher *f, const struct kiln_plan_file *file,
			   const struct kiln_flash_recall *recall, struct kiln_delta *ret_delta,
			   bool *ret_good, struct kiln_err *err)
{
	struct kiln_delta delta = { .n = kiln_delta_sectors(file) };
	kiln_code code = KILN_OK;
	size_t same;

	*ret_good = false;
	delta.states = calloc(delta.n, 1);
	if (!delta.states)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compare with the flash");
	same = kiln_recall_guess(recall, file, delta.states);
	if (same > 0)
		code = try_guess(f, file, same, &delta, ret_good, err);
	if (code == KILN_OK && *ret_good) {
		note_blanks(&delta, file);
		*ret_delta = delta;
		return KILN_OK;
	}
	kiln_delta_done(&delta);
	return forgive(f, code, err);
}

void kiln_delta_done(struct kiln_delta *delta)
{
	free(delta->states);
	*delta = (struct kiln_delta){ 0 };
}
