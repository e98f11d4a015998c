/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command on every chip, by its stub, by its ROM, and in secure download mode: each cell is
 * either done or refused for the reason that the chip gives. What there is nothing of (no stub, no
 * digest, no security info) stands in one table of expectations below.
 */
#include "flash_help.h"

#include "chip/chip.h"
#include "flash/flasher.h"
#include "sim/model.h"

enum way { BY_STUB, BY_ROM, SECURE, WAYS };

static const char *const way_names[WAYS] = { "stub", "rom", "secure" };

enum { AT = 0x20000, SIZE = 10000, SECTORS = 0x3000 };

static uint8_t data[SIZE];

struct cell {
	const struct sim_model *model;
	const struct kiln_chip *chip;
	enum way way;
	struct kiln_flasher *f;
	struct story *story;
};

/* --- the commands: each does its work and looks at what came of it --- */

static kiln_code cmd_identify(const struct cell *c, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_identify(c->f, err));
	const struct kiln_chip_info *info = kiln_flasher_chip(c->f);

	assert_int_equal(info->flash_id, c->way == SECURE ? 0 : 0x1640EF);
	assert_int_equal(info->flash_size, c->way == SECURE ? 0 : 4 << 20);
	return KILN_OK;
}

static kiln_code cmd_sfdp(const struct cell *c, struct kiln_err *err)
{
	uint8_t bytes[4];

	KILN_TRY(kiln_flasher_read_sfdp(c->f, 0, 4, bytes, err));
	assert_memory_equal(bytes, "SFDP", 4);
	return KILN_OK;
}

static kiln_code cmd_status(const struct cell *c, struct kiln_err *err)
{
	uint32_t status = 0;

	KILN_TRY(kiln_flasher_write_status(c->f, 1, 0x1C, false, err));
	KILN_TRY(kiln_flasher_read_status(c->f, 1, &status, err));
	assert_int_equal(status, 0x1C);
	return kiln_flasher_write_status(c->f, 1, 0, false, err);
}

static kiln_code cmd_security(const struct cell *c, struct kiln_err *err)
{
	struct kiln_security_info info;

	KILN_TRY(kiln_flasher_security(c->f, &info, err));
	assert_int_equal(info.has_chip_id, c->chip->image_id != 2);
	if (info.has_chip_id)
		assert_int_equal(info.chip_id, c->chip->image_id);
	assert_int_equal(info.flags, c->way == SECURE ? 4 : 0);
	return KILN_OK;
}

static kiln_code cmd_memory(const struct cell *c, struct kiln_err *err)
{
	const uint32_t address = c->model->ram[0].base + 0x100;
	uint32_t value = 0;

	KILN_TRY(kiln_flasher_poke(c->f, address, 0x12345678, UINT32_MAX, err));
	KILN_TRY(kiln_flasher_poke(c->f, address, 0xFF, 0xFF, err));
	KILN_TRY(kiln_flasher_peek(c->f, address, &value, err));
	assert_int_equal(value, 0x123456FF);
	return KILN_OK;
}

static kiln_code cmd_write(const struct cell *c, struct kiln_err *err)
{
	const struct kiln_flash_file file = {
		.address = AT, .name = "a.bin", .data = data, .size = SIZE
	};
	const struct kiln_flash_job job = STORY_JOB(&file, 1);

	return kiln_flasher_write(c->f, &job, err);
}

static kiln_code cmd_verify(const struct cell *c, struct kiln_err *err)
{
	bool same = false;

	KILN_TRY(kiln_flasher_holds(c->f, AT, data, SIZE, &same, err));
	assert_true(same);
	return KILN_OK;
}

static kiln_code cmd_read(const struct cell *c, struct kiln_err *err)
{
	uint8_t back[1000];

	KILN_TRY(kiln_flasher_read(c->f, AT + 50, back, sizeof(back), err));
	assert_memory_equal(back, data + 50, sizeof(back));
	return KILN_OK;
}

static kiln_code cmd_erase_region(const struct cell *c, struct kiln_err *err)
{
	return kiln_flasher_erase_region(c->f, AT, SECTORS, err);
}

static kiln_code cmd_erase_all(const struct cell *c, struct kiln_err *err)
{
	return kiln_flasher_erase_all(c->f, err);
}

/* The last one: there is no way back. */
static kiln_code cmd_load_ram(const struct cell *c, struct kiln_err *err)
{
	const bool is_short = c->chip->image_id == KILN_CHIP_NO_ID;
	const struct image_spec spec = {
		.chip_id = is_short ? 0 : c->chip->image_id,
		.max_rev_full = 0xFFFF,
		.n_segments = 1,
		.segment_size = 512,
		.is_short = is_short,
	};
	struct kiln_flash_file file = { .name = "ram.bin" };
	uint8_t *image = image_make(&spec, &file.size);
	/* far from where stubs are */
	const struct sim_ram *ram = c->model->ram;
	const uint32_t address = ram->base + ram->size - 0x1000;
	kiln_code code;

	kiln_put_le32(image + 4, address);
	kiln_put_le32(image + (is_short ? 8 : 24), address);
	file.data = image;
	code = kiln_flasher_load_ram(c->f, &file, err);
	if (code == KILN_OK)
		assert_int_equal(c->story->count[KILN_FLASH_LOADED], 1);
	free(image);
	return code;
}

static const struct command {
	const char *name;
	kiln_code (*run)(const struct cell *c, struct kiln_err *err);
} commands[] = {
	{ "flash_id", cmd_identify },
	{ "read_flash_sfdp", cmd_sfdp },
	{ "read/write_flash_status", cmd_status },
	{ "get_security_info", cmd_security },
	{ "read/write_mem", cmd_memory },
	{ "write_flash", cmd_write },
	{ "verify_flash", cmd_verify },
	{ "read_flash", cmd_read },
	{ "erase_region", cmd_erase_region },
	{ "erase_flash", cmd_erase_all },
	{ "load_ram", cmd_load_ram },
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* What is refused, and why; NULL: it is done. */
static const char *refusal(const struct cell *c, const struct command *command)
{
	static const char secure[] = "secure download mode";
	kiln_code (*const run)(const struct cell *, struct kiln_err *) = command->run;
	const bool reads = run == cmd_verify || run == cmd_read;
	const bool looks = run == cmd_sfdp || run == cmd_status || run == cmd_memory ||
			   run == cmd_load_ram;

	if (run == cmd_security && c->chip->magic && c->chip->image_id != 2)
		return "security information";
	if (c->way == SECURE && (reads || looks))
		return run == cmd_memory ? "" : secure;
	if (c->way == SECURE && run == cmd_erase_all)
		return "its size must be known";
	if (c->way == BY_ROM && c->chip->rom_is_old && reads)
		return run == cmd_read ? "ROM can't" : "has no digests";
	return NULL;
}

static void check(const struct cell *c, const struct command *command)
{
	struct kiln_err err = KILN_ERR_INIT;
	const char *why = refusal(c, command);
	const kiln_code code = command->run(c, &err);

	if (code == KILN_OK ? why != NULL : !why)
		fail_msg("%s on %s by %s: %s: %s", command->name, c->model->name, way_names[c->way],
			 err.what, err.why);
	if (why && !strstr(err.what, why) && !strstr(err.why, why))
		fail_msg("%s on %s by %s is refused in other words: %s: %s", command->name,
			 c->model->name, way_names[c->way], err.what, err.why);
}

static void check_flash(const char *name, bool written)
{
	size_t n;
	uint8_t *flash = story_flash(name, &n);

	if (written)
		assert_memory_equal(flash + AT, data, SIZE);
	for (size_t i = AT; !written && i < AT + SECTORS; i++)
		assert_int_equal(flash[i], 0xFF);
	free(flash);
}

/* All commands in one session each, for what one leaves behind must not hinder the next. */
static void one_board(const struct sim_model *model, enum way way)
{
	const struct kiln_host host = help_host();
	struct story story;
	struct kiln_flasher_options options = story_options(&story);
	char url[160], name[64];
	struct cell c = { model, sim_model_chip(model), way, NULL, &story };

	if (way == SECURE && c.chip->magic && c.chip->image_id != 2)
		return; /* these have no such mode */
	kiln_text_format(name, sizeof(name), "%s-%s", way_names[way], model->name);
	kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&part=w25q&chip=%s%s", name,
			 model->name, way == SECURE ? "&secure=download" : "");
	options.no_stub = way == BY_ROM;
	c.f = story_open(&story, &host, &options, url);
	for (size_t i = 0; i < N_COMMANDS; i++)
		check(&c, &commands[i]);
	kiln_flasher_abandon(c.f);
	/* write again, and look at the flash itself; then erase a region */
	options = story_options(&story);
	options.no_stub = way == BY_ROM;
	for (int written = 1; written >= 0; written--) {
		c.f = story_open(&story, &host, &options, url);
		check(&c, &commands[written ? 5 : 8]);
		assert_int_equal(kiln_flasher_close(c.f, NULL), KILN_OK);
		check_flash(name, written);
	}
}

static void every_command_on_every_chip(void **state)
{
	const struct sim_model *model;

	(void)state;
	for (unsigned i = 0; (model = sim_model_at(i)); i++) {
		for (int way = 0; way < WAYS; way++)
			one_board(model, (enum way)way);
	}
}

/* After the last reset the chip looks for firmware, and says so in the words of its ROM. */
static void every_chip_runs_again(void **state)
{
	const struct kiln_host host = help_host();
	const struct sim_model *model;

	(void)state;
	for (unsigned i = 0; (model = sim_model_at(i)); i++) {
		struct story story;
		struct kiln_flasher_options options = story_options(&story);
		char url[100], rest[100];
		struct kiln_flasher *f;
		struct kiln_link *link;
		const char *heard;

		kiln_text_format(rest, sizeof(rest), "again-%s?clock=virtual&chip=%s", model->name,
				 model->name);
		kiln_text_format(url, sizeof(url), "sim:%s", rest);
		f = story_open(&story, &host, &options, url);
		assert_int_equal(kiln_flasher_close(f, NULL), KILN_OK);
		assert_int_equal(story.count[KILN_FLASH_RESET], 1);
		link = help_open(&host, rest);
		if (model->rom->is_old) /* it speaks at a speed of its own */
			assert_int_equal(kiln_link_set_baud(link, 74880, NULL), KILN_OK);
		heard = help_hear(link, 300);
		if (!strstr(heard, model->rom->banner) ||
		    !strstr(heard, model->rom->invalid_header))
			fail_msg("%s says: %s", model->name, heard);
		kiln_link_close(link);
	}
}

static int set_up(void **state)
{
	const int code = help_state_home(state);

	image_fill(data, sizeof(data), 8);
	data[0] = 0; /* no image */
	return code;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_on_every_chip),
		cmocka_unit_test(every_chip_runs_again),
	};

	return cmocka_run_group_tests(tests, set_up, help_state_home_gone);
}
