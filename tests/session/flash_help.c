/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_help.h"

#include <stdio.h>

static void record(void *user, const struct kiln_flash_event *e)
{
	struct story *s = user;

	assert_in_range(e->stage, 1, KILN_FLASH_BACK);
	s->count[e->stage]++;
	if ((s->n_order == 0 || s->order[s->n_order - 1] != e->stage) && s->n_order < 64)
		s->order[s->n_order++] = e->stage;
	if (e->stage == KILN_FLASH_COMPRESSED) {
		s->sizes[0] = e->done;
		s->sizes[1] = e->total;
	}
	if (e->stage == KILN_FLASH_WRITING) {
		s->blocks_in_order = e->block == 1 ? e->address != 0
						   : s->blocks_in_order &&
							     e->block == s->last_block + 1 &&
							     e->address >= s->last_address;
		s->last_block = e->block;
		s->blocks = e->blocks;
		s->last_address = e->address;
	}
	if (e->stage == KILN_FLASH_ROM_ERASED)
		s->erased_ms += e->elapsed_ms;
	if (e->stage == KILN_FLASH_WROTE)
		s->wrote_ms = e->elapsed_ms;
	if (e->stage == KILN_FLASH_WARNING)
		kiln_text_copy(s->warning, sizeof(s->warning), e->item);
}

struct kiln_flasher_options story_options(struct story *story)
{
	*story = (struct story){ 0 };
	return (struct kiln_flasher_options){ .event = record, .user = story };
}

struct kiln_flasher *story_open(struct story *story, const struct kiln_host *host,
				const struct kiln_flasher_options *options, const char *url)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_flasher *f;

	(void)story;
	if (kiln_flasher_open(host, url, options, &f, &err) != KILN_OK ||
	    kiln_flasher_prepare(f, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	return f;
}

kiln_code story_write(const struct kiln_host *host, const char *url,
		      const struct kiln_flasher_options *options, const struct kiln_flash_job *job,
		      struct kiln_err *err)
{
	struct kiln_flasher *f;
	kiln_code code = kiln_flasher_open(host, url, options, &f, err);

	if (code != KILN_OK)
		return code;
	code = kiln_flasher_prepare(f, err);
	if (code == KILN_OK)
		code = kiln_flasher_write(f, job, err);
	if (code != KILN_OK) {
		kiln_flasher_abandon(f);
		return code;
	}
	return kiln_flasher_close(f, err);
}

uint8_t *story_flash(const char *name, size_t *ret_size)
{
	char path[256];
	uint8_t *data;
	FILE *in;

	kiln_text_format(path, sizeof(path), "%s/kiln/sim/%s.flash", getenv("XDG_STATE_HOME"),
			 name);
	in = fopen(path, "rb");
	assert_non_null(in);
	fseek(in, 0, SEEK_END);
	*ret_size = (size_t)ftell(in);
	rewind(in);
	data = malloc(*ret_size);
	assert_int_equal(fread(data, 1, *ret_size, in), *ret_size);
	fclose(in);
	return data;
}

void story_expect(const char *name, const struct kiln_flash_file *files, size_t n)
{
	size_t size;
	uint8_t *flash = story_flash(name, &size), *want = malloc(size);

	memset(want, 0xFF, size);
	for (size_t i = 0; i < n; i++)
		memcpy(want + files[i].address, files[i].data, files[i].size);
	for (size_t i = 0; i < size; i++) {
		if (flash[i] != want[i])
			fail_msg("flash of '%s' at 0x%zx is %02x, not %02x", name, i, flash[i],
				 want[i]);
	}
	free(want);
	free(flash);
}
