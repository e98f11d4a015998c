/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that files and the environment name, and what is shown of ports. */
#include "sysfs_tree.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "discover/format.h"
#include "discover/vendors.h"

static const struct kiln_host plain_host;

static void named_ports_are_boards_and_stand_once(void **state)
{
	struct kiln_port_set set;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	tree_begin();
	tree_raspberry_pi();
	set = tree_scan();
	assert_int_equal(kiln_env_scan(" rfc2217://h:1 /dev/ttyAMA1\tserial:///dev/ttyUSB0\n"
				       "rfc2217://h:1",
				       &set, &err),
			 KILN_OK);
	kiln_port_set_sort(&set);
	assert_int_equal(set.n, 5);
	assert_string_equal(set.ports[0].url, "serial:///dev/ttyUSB0");
	assert_string_equal(set.ports[1].url, "serial:///dev/ttyAMA1");
	assert_string_equal(set.ports[1].hwid, "fe201600.serial");
	assert_true(set.ports[1].likely_board);
	assert_string_equal(set.ports[2].url, "rfc2217://h:1");
	assert_string_equal(set.ports[2].device, "rfc2217://h:1");
	kiln_port_set_done(&set);
	tree_end();
}

static kiln_code read_config(const char *text, struct kiln_port_set *set, struct kiln_err *err)
{
	char path[PATH_MAX];
	kiln_code code;

	tree_begin();
	tree_file("kiln", "config.yaml", text);
	kiln_text_format(path, sizeof(path), "%s/kiln/config.yaml", tree_root);
	code = kiln_config_scan(path, set, err);
	tree_end();
	return code;
}

static void the_config_lists_ports_among_other_things(void **state)
{
	static const char *const fine[] = {
		"ports: [rfc2217://h:1, /dev/ttyS9]\n",
		"# mine\nother: {ports: [x], a: [1, {b: 2}]}\nports:\n  - rfc2217://h:1\n"
		"  - /dev/ttyS9 # bench\nlast: 1\n",
	};
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct kiln_port_set set = { 0 };

		if (read_config(fine[i], &set, &err) != KILN_OK)
			fail_msg("%s: %s", err.what, err.why);
		assert_int_equal(set.n, 2);
		assert_string_equal(set.ports[0].url, "rfc2217://h:1");
		assert_string_equal(set.ports[1].url, "serial:///dev/ttyS9");
		kiln_port_set_done(&set);
	}
	for (const char **none = (const char *[]){ "", "# nothing\n", "ports:\n", "a: 1\n", NULL };
	     *none; none++) {
		struct kiln_port_set set = { 0 };

		assert_int_equal(read_config(*none, &set, &err), KILN_OK);
		assert_int_equal(set.n, 0);
	}
}

static void a_bad_config_is_said_with_its_line(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "a: 1\nports: /dev/ttyUSB0\n", "line 2: 'ports' is no list" },
		{ "ports:\n  - x\n  - {url: y}\n", "line 3: an item of 'ports' is no text" },
		{ "ports:\n  - ''\n", "line 2: no port: ''" },
		{ "- x\n", "line 1: the file is no mapping of keys to values" },
		{ "ports: [x\nb: 1\n", "line 2: did not find expected ',' or ']'" },
		{ "a: *b\nports: [\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kiln_port_set set = { 0 };
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(read_config(bad[i].text, &set, &err), KILN_E_CONFIG);
		if (bad[i].why)
			assert_string_equal(err.why, bad[i].why);
		kiln_port_set_done(&set);
	}
}

static void servers_that_run_are_found_and_dead_ones_not(void **state)
{
	struct kiln_port_set set = { 0 };
	struct kiln_port local = { .url = "sim:demo", .device = "sim:demo" };
	struct kiln_err err = KILN_ERR_INIT;
	char text[200];
	pid_t dead = fork();
	int status;

	(void)state;
	if (dead == 0)
		_exit(0);
	waitpid(dead, &status, 0);
	tree_begin();
	kiln_text_format(text, sizeof(text),
			 "{\"pid\": %d, \"name\": \"demo\", \"url\": \"rfc2217://127.0.0.1:4000\"}",
			 (int)getpid());
	tree_file("", "demo.json", text);
	kiln_text_format(text, sizeof(text),
			 "{\"pid\": %d, \"name\": \"gone\", \"url\": \"rfc2217://127.0.0.1:1\"}",
			 (int)dead);
	tree_file("", "gone.json", text);
	tree_file("", "half.json", "{\"pid\": 1, \"na");
	tree_file("", "list.json", "[1, 2]");
	tree_file("", "zero.json", "{\"pid\": 0, \"name\": \"z\", \"url\": \"rfc2217://h:1\"}");
	tree_file("", "deep.txt", "{}");
	assert_int_equal(kiln_port_set_add(&set, &local, KILN_RANK_SCHEME, &err), KILN_OK);
	assert_int_equal(kiln_served_scan(&plain_host, tree_root, &set, &err), KILN_OK);
	assert_int_equal(set.n, 1); /* sim:demo is held by its server */
	assert_string_equal(set.ports[0].url, "rfc2217://127.0.0.1:4000");
	assert_string_equal(set.ports[0].product, "virtual board 'demo'");
	assert_true(set.ports[0].likely_board);
	kiln_port_set_done(&set);
	tree_end();
}

static void watching_tells_what_came_and_went(void **state)
{
	struct kiln_port_watch *watch;
	struct kiln_port_event event;
	struct kiln_err err = KILN_ERR_INIT;
	char path[PATH_MAX];

	(void)state;
	tree_begin();
	tree_raspberry_pi();
	assert_int_equal(setenv("KILN_SYSFS", tree_root, 1), 0);
	assert_int_equal(setenv("HOME", tree_root, 1), 0);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("KILN_PORTS");
	assert_int_equal(kiln_port_watch_open(&plain_host, &watch, &err), KILN_OK);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(kiln_port_watch_next(watch, 0, &event, &err), KILN_OK);
		assert_true(event.added);
	}
	assert_int_equal(kiln_port_watch_next(watch, 0, &event, &err), KILN_E_TIMEOUT);
	kiln_text_format(path, sizeof(path), "%s/class/tty/ttyAMA1/device", tree_root);
	assert_int_equal(unlink(path), 0);
	tree_tty("ttyAMA3", "devices/platform/soc/fe201900.serial", "amba", "uart-pl011");
	assert_int_equal(kiln_port_watch_next(watch, kiln_now() + 20000, &event, &err), KILN_OK);
	assert_false(event.added);
	assert_string_equal(event.port.device, "/dev/ttyAMA1");
	assert_int_equal(kiln_port_watch_next(watch, 0, &event, &err), KILN_OK);
	assert_true(event.added);
	assert_string_equal(event.port.device, "/dev/ttyAMA3");
	kiln_port_watch_close(watch);
	tree_end();
}

static void boards_stand_in_columns(void **state)
{
	static const struct kiln_board_line boards[] = {
		{ "24:0a:c4:12:87:7c", "serial:///dev/ttyUSB0", "24:0a:c4:12:87:7c" },
		{ "lamp", "sim:demo", "de:ad" },
		{ "old", "socket://h:1", "" },
	};
	struct kiln_buf out = KILN_BUF_INIT(1000);

	(void)state;
	assert_int_equal(kiln_boards_format(&out, boards, 3, false), KILN_OK);
	assert_string_equal(kiln_buf_str(&out), "24:0a:c4:12:87:7c  serial:///dev/ttyUSB0\n"
						"lamp               sim:demo\n"
						"old                socket://h:1\n");
	kiln_buf_reset(&out);
	assert_int_equal(kiln_boards_format(&out, boards, 3, true), KILN_OK);
	assert_string_equal(kiln_buf_str(&out),
			    "24:0a:c4:12:87:7c  serial:///dev/ttyUSB0  24:0a:c4:12:87:7c\n"
			    "lamp               sim:demo               de:ad\n"
			    "old                socket://h:1           \n");
	kiln_buf_done(&out);
}

static void vendors_of_boards_are_known(void **state)
{
	(void)state;
	assert_string_equal(kiln_board_vendor(0x303A), "Espressif");
	assert_string_equal(kiln_board_vendor(0xF055), "MicroPython");
	assert_null(kiln_board_vendor(0x046D)); /* a mouse */
	assert_null(kiln_board_vendor(0));
}

/* One board under two URLs is one port, with the options that the user gave it. */
static void options_do_not_make_another_port(void **state)
{
	static const char *const urls[] = { "sim:a",         "sim:a?clock=virtual",
					    "sim:ab",        "rfc2217://h:1?ign_set_control",
					    "rfc2217://h:1", "/dev/null?x",
					    "/dev/null" };
	static const char *const listed[] = { "sim:a?clock=virtual", "sim:ab",
					      "rfc2217://h:1?ign_set_control",
					      "serial:///dev/null?x", "serial:///dev/null" };
	struct kiln_port_set set = { 0 };
	struct kiln_port port;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_true(kiln_port_from_url(urls[i], &port));
		assert_int_equal(kiln_port_set_add(&set, &port, KILN_RANK_USB, NULL), KILN_OK);
	}
	assert_int_equal(set.n, sizeof(listed) / sizeof(listed[0]));
	for (size_t i = 0; i < set.n; i++)
		assert_string_equal(set.ports[i].url, listed[i]);
	kiln_port_set_done(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_ports_are_boards_and_stand_once),
		cmocka_unit_test(options_do_not_make_another_port),
		cmocka_unit_test(the_config_lists_ports_among_other_things),
		cmocka_unit_test(a_bad_config_is_said_with_its_line),
		cmocka_unit_test(servers_that_run_are_found_and_dead_ones_not),
		cmocka_unit_test(watching_tells_what_came_and_went),
		cmocka_unit_test(boards_stand_in_columns),
		cmocka_unit_test(vendors_of_boards_are_known),
	};

	return RUN(tests);
}
