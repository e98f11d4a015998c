/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of an adapter, and when a higher speed is tried again. */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "board/adapters.h"

static char home[64];

static int make_home(void **state)
{
	(void)state;
	kiln_text_copy(home, sizeof(home), "/tmp/kiln-adapters-XXXXXX");
	return mkdtemp(home) ? setenv("XDG_STATE_HOME", home, 1) : -1;
}

static int remove_home(void **state)
{
	char path[128];

	(void)state;
	kiln_text_format(path, sizeof(path), "%s/kiln/adapters.json", home);
	(void)unlink(path);
	kiln_text_format(path, sizeof(path), "%s/kiln", home);
	(void)rmdir(path);
	return rmdir(home);
}

static struct kiln_port usb(const char *serial, const char *location)
{
	struct kiln_port port = { .is_usb = true, .vid = 0x10C4, .pid = 0xEA60 };

	kiln_text_copy(port.serial, sizeof(port.serial), serial);
	kiln_text_copy(port.location, sizeof(port.location), location);
	return port;
}

static void job(const struct kiln_port *port, unsigned baud)
{
	const struct kiln_adapter_job job = { .baud = baud };

	assert_int_equal(kiln_adapter_remember(port, &job, NULL), KILN_OK);
}

/* Good jobs until the next step is to be tried. */
static unsigned good_jobs(const struct kiln_port *port)
{
	unsigned n = 0;

	for (; !kiln_adapter_speed(port).try_next && n < 1000; n++)
		job(port, 0);
	return n;
}

static void a_higher_speed_is_tried_now_and_then(void **state)
{
	static const unsigned jobs[] = { 4, 8, 16, 32, 64, 128, 256, 256, 256 };
	const struct kiln_port port = usb("A", "1-1");

	(void)state;
	assert_int_equal(kiln_adapter_speed(&port).baud, 0);
	job(&port, 921600);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		assert_int_equal(good_jobs(&port), jobs[i]);
		assert_int_equal(kiln_adapter_speed(&port).baud, 921600);
		job(&port, 921600); /* it was tried, and did not hold */
		assert_false(kiln_adapter_speed(&port).try_next);
	}
	assert_int_equal(good_jobs(&port), 256);
	job(&port, 1500000); /* it did */
	assert_int_equal(kiln_adapter_speed(&port).baud, 1500000);
	assert_int_equal(good_jobs(&port), 4);
	job(&port, 460800); /* worse than it was: a failure too */
	assert_int_equal(kiln_adapter_speed(&port).baud, 460800);
	assert_int_equal(good_jobs(&port), 8);
}

static void what_fails_is_forgotten(void **state)
{
	const struct kiln_adapter_job failed = { .failed = true };
	const struct kiln_port port = usb("B", "1-1");

	(void)state;
	job(&port, 0); /* nothing was known, nothing was found */
	assert_int_equal(kiln_adapter_speed(&port).baud, 0);
	job(&port, 2000000);
	assert_int_equal(kiln_adapter_speed(&port).baud, 2000000);
	assert_int_equal(kiln_adapter_remember(&port, &failed, NULL), KILN_OK);
	assert_int_equal(kiln_adapter_speed(&port).baud, 0);
}

static void each_has_its_own(void **state)
{
	const struct kiln_port ports[] = { usb("C", "1-1"), usb("D", "1-1"), usb("", "1-1"),
					   usb("", "1-2") };
	const struct kiln_port moved = usb("C", "3-4");

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		job(&ports[i], 115200 * (i + 1));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(kiln_adapter_speed(&ports[i]).baud, 115200 * (i + 1));
	assert_int_equal(kiln_adapter_speed(&moved).baud, 115200);
}

static void put_text(const char *text)
{
	char path[128];
	FILE *out;

	kiln_text_format(path, sizeof(path), "%s/kiln/adapters.json", home);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void what_makes_no_sense_is_not_known(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"10C4:EA60 E\": 7}",
		"{\"10C4:EA60 E\": {\"baud\": -1}}",
		"{\"10C4:EA60 E\": {\"baud\": 99999999999}}",
		"{\"10C4:EA60 E\": {\"baud\": \"921600\"}}",
	};
	const struct kiln_port port = usb("E", "1-1");

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put_text(texts[i]);
		assert_int_equal(kiln_adapter_speed(&port).baud, 0);
		assert_false(kiln_adapter_speed(&port).try_next);
		job(&port, 230400);
		assert_int_equal(kiln_adapter_speed(&port).baud, 230400);
	}
	put_text("{\"10C4:EA60 E\": {\"baud\": 460800, \"good\": -5, \"failed\": 70000000000}}");
	assert_int_equal(good_jobs(&port), 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_higher_speed_is_tried_now_and_then),
		cmocka_unit_test(what_fails_is_forgotten),
		cmocka_unit_test(each_has_its_own),
		cmocka_unit_test(what_makes_no_sense_is_not_known),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
