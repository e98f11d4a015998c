/* SPDX-License-Identifier: Apache-2.0 */
/* A port that goes away in mid-job and comes back, perhaps under another name, perhaps never. */
#include "flash_help.h"

#include "discover/again.h"
#include "wrap.h"

enum { MB = 1 << 20 };

static struct kiln_flash_file file;
static struct kiln_scheme schemes[3];
static unsigned waits;
static bool ctrl_c;

static int make_file(void **state)
{
	const struct image_spec spec = {
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 3,
		.segment_size = 60000,
		.digest = true,
		.seed = 5,
	};

	file = (struct kiln_flash_file){ .address = 0x1000, .name = "fw.bin" };
	file.data = image_make(&spec, &file.size);
	return help_state_home(state);
}

static int free_file(void **state)
{
	free((void *)(uintptr_t)file.data);
	return help_state_home_gone(state);
}

static int reset_wrap(void **state)
{
	(void)state;
	wrap = (struct wrap){ 0 };
	waits = 0;
	ctrl_c = false;
	return 0;
}

/* Waiting takes no time here; it is counted. */
static kiln_code no_wait(void *user, int fd, short events, kiln_ms deadline)
{
	(void)user;
	(void)fd;
	(void)events;
	if (deadline > kiln_now())
		waits++;
	return ctrl_c && wrap.pulled ? KILN_E_CANCELLED : KILN_E_TIMEOUT;
}

static struct kiln_host make_host(void)
{
	schemes[0] = kiln_sim_scheme;
	schemes[1] = wrap_scheme;
	return (struct kiln_host){ .schemes = schemes, .waiter = { .wait = no_wait } };
}

static struct kiln_flasher_options returning(struct story *story)
{
	struct kiln_flasher_options options = story_options(story);

	options.baud = 460800;
	options.quick = true;
	options.return_ms = 5000;
	return options;
}

static kiln_code write_to(const char *name, const struct kiln_flasher_options *options,
			  const struct kiln_flash_job *job, struct kiln_err *err)
{
	const struct kiln_host host = make_host();
	char url[80];

	kiln_text_format(url, sizeof(url), "wrap:%s?clock=virtual", name);
	return story_write(&host, url, options, job, err);
}

static void expect_written(const char *name, kiln_code code, const struct kiln_err *err)
{
	if (code != KILN_OK)
		fail_msg("%s: %s: %s", name, err->what, err->why);
	story_expect(name, &file, 1);
}

static void it_goes_on_where_it_was(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);

	(void)state;
	wrap.pulled_at[0] = 60000;
	wrap.pulled_at[1] = 120000;
	wrap.pulled_at[2] = 180000;
	wrap.absent_opens = 7;
	expect_written("three", write_to("three", &options, &job, &err), &err);
	assert_int_equal(story.count[KILN_FLASH_GONE], 3);
	assert_int_equal(story.count[KILN_FLASH_BACK], 3);
	assert_int_equal(waits, 7); /* the third opening after the last pull succeeds at once */
	assert_true(story.sizes[1] < file.size / 2);
	assert_int_equal(story.count[KILN_FLASH_VERIFIED], 1);
}

/* Wherever it is pulled: while the chip is asked, the stub goes up, in the last block, the end. */
static void wherever_it_is_pulled(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	unsigned met = 0;

	(void)state;
	for (unsigned at = 300; at < 200000; at += at < 14000 ? 1009 : 17011) {
		struct kiln_err err = KILN_ERR_INIT;
		struct story story;
		struct kiln_flasher_options options = returning(&story);
		char name[32];

		wrap = (struct wrap){ .pulled_at = { at } };
		kiln_text_format(name, sizeof(name), "at%u", at);
		expect_written(name, write_to(name, &options, &job, &err), &err);
		met += story.count[KILN_FLASH_BACK];
	}
	assert_true(met > 12);
}

static void under_another_name(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	const struct kiln_host host = make_host();
	const struct kiln_port port = wrap_port("moves?clock=virtual");
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);
	struct kiln_flasher *f;

	(void)state;
	wrap.pulled_at[0] = 60000;
	wrap.moves = true;
	wrap.listed = "moves?clock=virtual";
	options.port = &port;
	f = story_open(&story, &host, &options, port.url);
	if (kiln_flasher_write(f, &job, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_string_equal(kiln_flasher_url(f), "wrap:moved/moves?clock=virtual");
	assert_int_equal(kiln_flasher_close(f, &err), KILN_OK);
	story_expect("moves", &file, 1);
}

static void it_never_comes_back(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);

	(void)state;
	wrap.pulled_at[0] = 60000;
	wrap.absent_opens = INT32_MAX;
	assert_int_equal(write_to("never", &options, &job, &err), KILN_E_PORT_GONE);
	assert_string_equal(err.what, "cannot write 'fw.bin' at 0x00001000");
	assert_string_equal(err.why, "'wrap:never?clock=virtual' went away: "
				     "it did not come back within 5 seconds");
	assert_string_equal(err.hint,
			    "flash from 0x00001000 to 0x0002cfff is incomplete, and the board may "
			    "not start; check the cable, then run the same command again");
	assert_int_equal(waits, 50);
	assert_int_equal(story.count[KILN_FLASH_GONE], 1); /* said once */

	/* one that is there, and whose rights do not come */
	wrap = (struct wrap){ .pulled_at = { 60000 }, .absent_opens = INT32_MAX, .denied = true };
	assert_int_equal(write_to("never", &options, &job, &err), KILN_E_PORT_DENIED);
	assert_string_equal(err.why,
			    "cannot open 'wrap:never?clock=virtual': no right to open the port");
	wrap = (struct wrap){ 0 };
	expect_written("never", write_to("never", &options, &job, &err), &err);
}

static void another_board_is_left_alone(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);

	(void)state;
	wrap.pulled_at[0] = 60000;
	wrap.other = "other?clock=virtual&mac=24:0a:c4:01:02:03";
	assert_int_equal(write_to("first", &options, &job, &err), KILN_E_WRONG_CHIP);
	assert_string_equal(err.why, "cannot go on at 'wrap:first?clock=virtual': another board is "
				     "plugged in there now (MAC 24:0a:c4:01:02:03)");
	assert_string_equal(err.hint,
			    "the first one is incomplete: plug it in, then run the same command "
			    "again; nothing was written to the other one");
	story_expect("other", NULL, 0);

	wrap = (struct wrap){ .pulled_at = { 60000 }, .other = "c3?clock=virtual&chip=esp32c3" };
	assert_int_equal(write_to("first", &options, &job, &err), KILN_E_WRONG_CHIP);
	assert_non_null(strstr(err.why, "another board is plugged in there now"));
	story_expect("c3", NULL, 0);
}

/* A supply that is too weak, say: each time that the board is reset its port goes. */
static void it_goes_again_and_again(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);

	(void)state;
	wrap.pulled_at[0] = 60000;
	wrap.pulled_each = 5000; /* while the stub goes up */
	assert_int_equal(write_to("flaps", &options, &job, &err), KILN_E_PORT_GONE);
	assert_non_null(strstr(err.why, "goes away again and again"));
	assert_non_null(strstr(err.hint, "incomplete"));
	assert_int_equal(story.count[KILN_FLASH_BACK], 5);
}

static void ctrl_c_while_waiting(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);

	(void)state;
	wrap.pulled_at[0] = 60000;
	wrap.absent_opens = INT32_MAX;
	ctrl_c = true;
	assert_int_equal(write_to("stop", &options, &job, &err), KILN_E_CANCELLED);
	assert_string_equal(err.what, "cannot write 'fw.bin' at 0x00001000");
	assert_non_null(strstr(err.hint, "incomplete"));
}

static void without_a_stub_and_erased_first(void **state)
{
	struct kiln_flash_job job = STORY_JOB(&file, 1);
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);

	(void)state;
	options.no_stub = true;
	wrap.pulled_at[0] = 60000;
	expect_written("rom", write_to("rom", &options, &job, &err), &err);
	assert_int_equal(story.count[KILN_FLASH_BACK], 1);

	options = returning(&story);
	wrap = (struct wrap){ .pulled_at = { 60000 } };
	job.erase_all = true;
	expect_written("erased", write_to("erased", &options, &job, &err), &err);
	assert_int_equal(story.count[KILN_FLASH_ERASED], 1);
	assert_int_equal(story.count[KILN_FLASH_BACK], 1);
}

/* The caller looks after a board that must not be reset. */
static void not_when_it_must_not_be_reset(void **state)
{
	const struct kiln_flash_job job = STORY_JOB(&file, 1);
	const struct kiln_host host = make_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct story story;
	struct kiln_flasher_options options = returning(&story);
	struct kiln_link *link;

	(void)state;
	link = help_open(&host, "by-hand?clock=virtual");
	help_download(link);
	kiln_link_close(link);
	options.before = KILN_BEFORE_NO_RESET;
	wrap.pulled_at[0] = 10;
	assert_int_not_equal(write_to("by-hand", &options, &job, &err), KILN_OK);
	assert_int_equal(story.count[KILN_FLASH_GONE], 0);
}

struct sink {
	uint8_t *data;
	size_t n;
};

static kiln_code take(void *user, const uint8_t *piece, size_t n, struct kiln_err *err)
{
	struct sink *sink = user;

	(void)err;
	assert_true(sink->n + n <= MB);
	memcpy(sink->data + sink->n, piece, n);
	sink->n += n;
	if (wrap.pulled < 4) /* in the middle of the next one */
		wrap.pulled_at[wrap.pulled] = wrap.written + 100;
	return KILN_OK;
}

/* A reading goes on with the piece that broke; those before it are not read again. */
static void a_reading_goes_on(void **state)
{
	const struct kiln_host host = make_host();
	struct kiln_flash_file noise = { .address = 0x10000, .name = "noise", .size = MB };
	const struct kiln_flash_job job = STORY_JOB(&noise, 1);
	struct sink sink = { .data = malloc(MB) };
	struct kiln_err err = KILN_ERR_INIT;
	uint8_t *data = malloc(MB);
	struct story story;
	struct kiln_flasher_options options = returning(&story);
	struct kiln_flasher *f;

	(void)state;
	assert_non_null(data);
	assert_non_null(sink.data);
	image_fill(data, MB, 9);
	data[0] = 0;
	noise.data = data;
	assert_int_equal(write_to("read", &options, &job, &err), KILN_OK);
	wrap = (struct wrap){ .absent_opens = 3 };
	options = returning(&story);
	f = story_open(&story, &host, &options, "wrap:read?clock=virtual");
	wrap.pulled_at[0] = wrap.written + 50; /* before the flash is known */
	if (kiln_flasher_read_to(f, noise.address, MB, take, &sink, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(sink.n, MB);
	assert_memory_equal(sink.data, data, MB);
	assert_int_equal(story.count[KILN_FLASH_BACK], 4);
	assert_in_range(story.count[KILN_FLASH_READING], MB / 4096, 2 * MB / 4096 - 1);
	assert_int_equal(kiln_flasher_close(f, &err), KILN_OK);
	free(sink.data);
	free(data);
}

static struct kiln_port usb_port(const char *device, const char *serial, const char *location)
{
	struct kiln_port port = { .is_usb = true, .vid = 0x1A86, .pid = 0x7523 };

	kiln_text_copy(port.device, sizeof(port.device), device);
	kiln_text_copy(port.serial, sizeof(port.serial), serial);
	kiln_text_copy(port.location, sizeof(port.location), location);
	return port;
}

static void what_is_in_its_place(void **state)
{
	struct kiln_port ports[] = { usb_port("/dev/ttyACM0", "X", "1-1.3"),
				     usb_port("/dev/ttyACM1", "Y", "1-1:1.0") };
	const struct kiln_port_list list = { ports, 2 };
	const struct kiln_port known[] = {
		usb_port("a", "", "1-1.3:1.2"), usb_port("b", "", "1-1"),
		usb_port("c", "", "1-1.31"),    usb_port("d", "", ""),
		{ .location = "1-1" },
	};

	(void)state;
	ports[0].pid = ports[1].pid = 0x4001;
	assert_ptr_equal(kiln_port_in_place(&list, &known[0]), &ports[0]);
	assert_ptr_equal(kiln_port_in_place(&list, &known[1]), &ports[1]);
	for (size_t i = 2; i < 5; i++)
		assert_null(kiln_port_in_place(&list, &known[i]));
}

static void by_what_a_port_is_known(void **state)
{
	const struct {
		struct kiln_port known;
		const char *found;
	} cases[] = {
		{ usb_port("/dev/ttyUSB0", "A1", "1-1"), "/dev/ttyUSB7" }, /* the serial number */
		{ usb_port("/dev/ttyUSB0", "", "1-2"), "/dev/ttyUSB2" },   /* the place */
		{ usb_port("/dev/ttyUSB0", "", "1-9"), NULL },
		{ usb_port("/dev/ttyUSB0", "0001", "1-4"), "/dev/ttyUSB4" },
		{ usb_port("/dev/ttyUSB0", "0001", "1-9"), NULL }, /* which of the two? */
		{ usb_port("/dev/ttyACM0", "M", "1-5:1.2"), "/dev/ttyACM6" },
		{ usb_port("/dev/ttyACM0", "M", "2-5:1.2"), "/dev/ttyACM6" },
		{ usb_port("/dev/ttyACM0", "M", "2-5:1.4"), NULL },
		{ { .device = "/dev/ttyS0" }, NULL },
	};
	struct kiln_port ports[] = {
		usb_port("/dev/ttyUSB2", "", "1-2"),      usb_port("/dev/ttyUSB3", "0001", "1-3"),
		usb_port("/dev/ttyUSB4", "0001", "1-4"),  usb_port("/dev/ttyACM5", "M", "1-5:1.0"),
		usb_port("/dev/ttyACM6", "M", "1-5:1.2"), usb_port("/dev/ttyUSB7", "A1", "1-7"),
	};
	const struct kiln_port_list list = { ports, sizeof(ports) / sizeof(ports[0]) };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kiln_port *port = kiln_port_again(&list, &cases[i].known);

		assert_string_equal(port ? port->device : "none",
				    cases[i].found ? cases[i].found : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_goes_on_where_it_was, reset_wrap),
		cmocka_unit_test_setup(wherever_it_is_pulled, reset_wrap),
		cmocka_unit_test_setup(under_another_name, reset_wrap),
		cmocka_unit_test_setup(it_never_comes_back, reset_wrap),
		cmocka_unit_test_setup(another_board_is_left_alone, reset_wrap),
		cmocka_unit_test_setup(it_goes_again_and_again, reset_wrap),
		cmocka_unit_test_setup(ctrl_c_while_waiting, reset_wrap),
		cmocka_unit_test_setup(without_a_stub_and_erased_first, reset_wrap),
		cmocka_unit_test_setup(not_when_it_must_not_be_reset, reset_wrap),
		cmocka_unit_test_setup(a_reading_goes_on, reset_wrap),
		cmocka_unit_test(by_what_a_port_is_known),
		cmocka_unit_test(what_is_in_its_place),
	};

	return cmocka_run_group_tests(tests, make_file, free_file);
}
