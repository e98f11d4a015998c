/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded runs in bad weather: bytes lost, added and turned, stalls, resets, the cable pulled, the
 * power cut, alone and together. Whatever happens, a job ends verified, or with an error that names
 * the state of the board, after which the same command on a sound line succeeds. Never is a wrong
 * image reported as good. Over several kinds of links, and with a memory of the board that may be
 * wrong.
 *
 * Each run is told by its number alone. KILN_STORM=FIRST:COUNT runs others than the usual ones.
 */
#include "flash_help.h"

#include <stdio.h>

#include "sim/random.h"

enum { USUAL_RUNS = 120, ADDRESS = 0x1000, FLASH_AREA = 64 * 1024 };

static uint64_t next(uint64_t *state, uint64_t below)
{
	return sim_random(state) % below;
}

/* Kinds of weather: how a fault is written, and where or how often it may strike. */
static const struct {
	const char *fault, *more;
	unsigned from, to;
} weathers[] = {
	{ "to-lose@", "", 0, 60000 },
	{ "to-add@", "", 0, 60000 },
	{ "to-flip@", "", 0, 60000 },
	{ "from-lose@", "", 0, 1500 },
	{ "from-add@", "", 0, 1500 },
	{ "from-flip@", "", 0, 1500 },
	{ "to-lose~", "", 5000, 60000 },
	{ "to-flip~", "", 3000, 60000 },
	{ "from-flip~", "", 200, 5000 },
	{ "stall@", "", 0, 60000 },
	{ "stall@", ":700", 0, 60000 },
	{ "stall@", ":4000", 0, 60000 },
	{ "unplug@", "", 0, 60000 },
	{ "cut@", "", 1, 50000 },
	{ "to-too-fast@", "", 100000, 600000 },
	{ "from-too-fast@", "", 100000, 600000 },
	{ "reset@", "", 0, 60000 },
	{ "bad-sector@", "", ADDRESS, ADDRESS + 50000 },
};

struct run {
	unsigned number;
	char name[32], faults[160];
	struct kiln_flasher_options options;
	bool no_compress, diff, erase, finds_speed, waits;
	int before; /* what stands there: 0 nothing, 1 an older version, 2 the same */
	const char *link;
	struct kiln_flash_recall
		*recall; /* of the board, from job to job; NULL: nobody remembers */
	bool stranger;   /* writes to it, too, which is not remembered */
};

/* Bridges, and chips with USB of their own. */
static const char *const links[] = {
	"",
	"&latency=1",
	"&latency=16",
	"&chip=esp32s3",
	"&chip=esp32s3&usb=jtag",
	"&chip=esp32c3&usb=jtag&latency=1",
};

static struct run draw(unsigned number)
{
	uint64_t state = number;
	struct run r = { .number = number };
	size_t n = 1 + (size_t)next(&state, 3), len = 0;

	kiln_text_format(r.name, sizeof(r.name), "storm%u", number);
	for (size_t i = 0; i < n; i++) {
		const size_t w = (size_t)next(&state, sizeof(weathers) / sizeof(weathers[0]));
		const unsigned at = weathers[w].from +
				    (unsigned)next(&state, weathers[w].to - weathers[w].from);

		len += (size_t)snprintf(r.faults + len, sizeof(r.faults) - len, "%s%s%u%s",
					i ? "," : "", weathers[w].fault, at, weathers[w].more);
	}
	r.options.quick = next(&state, 2);
	r.options.no_stub = next(&state, 5) == 0;
	r.options.baud = next(&state, 2) ? 460800 : 115200;
	r.no_compress = next(&state, 4) == 0;
	r.diff = next(&state, 2);
	r.erase = next(&state, 8) == 0;
	r.before = (int)next(&state, 3);
	r.finds_speed = next(&state, 3) == 0;
	r.waits = next(&state, 2); /* for a port that went */
	r.link = links[next(&state, sizeof(links) / sizeof(links[0]))];
	if (next(&state, 2))
		assert_int_equal(kiln_flash_recall_new(NULL, 0, &r.recall, NULL), KILN_OK);
	r.stranger = next(&state, 4) == 0;
	return r;
}

static void make_image(struct kiln_flash_file *file, unsigned seed)
{
	const struct image_spec spec = {
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 2,
		.segment_size = 24000,
		.digest = true,
		.seed = seed,
	};

	*file = (struct kiln_flash_file){ .address = ADDRESS, .name = "fw.bin" };
	file->data = image_make(&spec, &file->size);
}

static kiln_code flash(const struct run *r, const char *faults, const struct kiln_flash_file *file,
		       struct story *story, struct kiln_err *err)
{
	const struct kiln_host host = help_host();
	struct kiln_flasher_options options = story_options(story);
	struct kiln_flash_job job = STORY_JOB(file, 1);
	struct kiln_flash_speed speed = { 0 };
	char url[320];

	options.speed = r->finds_speed ? &speed : NULL;
	options.quick = r->options.quick;
	options.no_stub = r->options.no_stub;
	options.return_ms = r->waits ? 1000 : 0;
	options.baud = r->options.baud;
	job.no_compress = r->no_compress;
	job.diff = r->diff;
	job.erase_all = r->erase;
	job.recall = r->recall;
	job.force = strstr(r->link, "chip="); /* the file is for an ESP32 */
	kiln_text_format(url, sizeof(url), "sim:%s?clock=virtual&seed=%u%s%s%s", r->name,
			 r->number + 1, r->link, *faults ? "&fault=" : "", faults);
	return story_write(&host, url, &options, &job, err);
}

static bool stands_there(const struct run *r, const struct kiln_flash_file *file)
{
	size_t size;
	uint8_t *content = story_flash(r->name, &size);
	const bool same = memcmp(content + file->address, file->data, file->size) == 0;

	free(content);
	return same;
}

/* What an error may say of a board that was written to. */
static bool says_state(const struct kiln_err *err)
{
	return strstr(err->hint, "incomplete") || strstr(err->hint, "not checked") ||
	       (err->code == KILN_E_VERIFY && strstr(err->why, "flash holds other data"));
}

/* An error that a user can act on: what failed, why, and, once the flash was touched, its state. */
static void check_error(const struct run *r, const struct story *story, const struct kiln_err *err)
{
	if (!err->what[0] || !err->why[0])
		fail_msg("storm %u (%s): an error without words: '%s': '%s'", r->number, r->faults,
			 err->what, err->why);
	if (story->count[KILN_FLASH_WRITING] > 0 && !says_state(err))
		fail_msg("storm %u (%s): the state of the board is not said: %s: %s (hint: %s)",
			 r->number, r->faults, err->what, err->why, err->hint);
}

/* With another tool: what is remembered of the board is wrong from then on. */
static void write_as_stranger(const struct run *r, const struct kiln_flash_file *file)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct run stranger = *r;
	struct story story;

	stranger.recall = NULL;
	if (flash(&stranger, "", file, &story, &err) != KILN_OK)
		fail_msg("storm %u: %s: %s", r->number, err.what, err.why);
}

static bool one_run(unsigned number, const struct kiln_flash_file *old,
		    const struct kiln_flash_file *file)
{
	const struct run r = draw(number);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	kiln_code code;

	if (r.before > 0 && flash(&r, "", r.before == 1 ? old : file, &story, &err) != KILN_OK)
		fail_msg("storm %u: %s: %s", number, err.what, err.why);
	code = flash(&r, r.faults, file, &story, &err);
	if (code == KILN_OK && !stands_there(&r, file))
		fail_msg("storm %u (%s): a wrong image was reported as good", number, r.faults);
	if (code != KILN_OK)
		check_error(&r, &story, &err);
	if (r.stranger)
		write_as_stranger(&r, old);
	if (flash(&r, "", file, &story, &err) != KILN_OK || !stands_there(&r, file))
		fail_msg("storm %u (%s): the second run failed: %s: %s", number, r.faults, err.what,
			 err.why);
	kiln_flash_recall_free(r.recall);
	return code == KILN_OK;
}

static void each_ends_verified_or_says_how_it_is(void **state)
{
	const char *asked = getenv("KILN_STORM");
	unsigned first = 0, count = USUAL_RUNS, good = 0;
	struct kiln_flash_file old, file;

	(void)state;
	/* a board that comes back from a reset with its old firmware prints that it can't run it:
	 * an interpreter that is sent blocks would answer each byte, in real time */
	assert_int_equal(setenv("KILN_NODE", "/nonexistent", 1), 0);
	if (asked)
		assert_int_equal(sscanf(asked, "%u:%u", &first, &count), 2);
	make_image(&old, 1);
	make_image(&file, 2);
	for (unsigned i = first; i < first + count; i++)
		good += one_run(i, &old, &file);
	print_message("# %u of %u runs ended verified at once\n", good, count);
	if (count >= USUAL_RUNS) /* both ends must be met, or the weather is no weather */
		assert_in_range(good, count / 10, count * 9 / 10);
	free((void *)(uintptr_t)old.data);
	free((void *)(uintptr_t)file.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_ends_verified_or_says_how_it_is),
	};

	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
