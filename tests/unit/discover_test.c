/* SPDX-License-Identifier: Apache-2.0 */
/* Ports from made-up sysfs trees, files and environment. */
#include "unit.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "discover/format.h"
#include "discover/sources.h"
#include "discover/vendors.h"

static const struct kiln_host plain_host;

/* A folder that looks like /sys. */
static char root[64];

static void tree_begin(void)
{
	kiln_text_copy(root, sizeof(root), "/tmp/kiln-sysfs-XXXXXX");
	assert_non_null(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void tree_end(void)
{
	assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Make the folders above what is to be made at `path`. */
static void full_path(char *full, size_t size, const char *path)
{
	assert_true(kiln_text_format(full, size, "%s/%s", root, path));
	for (char *slash = full + strlen(root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

static void file(const char *folder, const char *name, const char *content)
{
	char path[PATH_MAX], full[PATH_MAX];
	FILE *f;

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	full_path(full, sizeof(full), path);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

/* A link at `path`, to a place in the tree. */
static void link_to(const char *path, const char *target)
{
	char full[PATH_MAX], to[PATH_MAX];

	full_path(full, sizeof(full), path);
	kiln_text_format(to, sizeof(to), "%s/%s", root, target);
	assert_true(symlink(to, full) == 0 || errno == EEXIST); /* two ttys of one device */
}

/* The tty `name`, whose device stands at `device` and belongs to `subsystem`. */
static void tty(const char *name, const char *device, const char *subsystem, const char *driver)
{
	char path[PATH_MAX], target[PATH_MAX];

	file(device, "uevent", "");
	kiln_text_format(path, sizeof(path), "class/tty/%s/device", name);
	link_to(path, device);
	kiln_text_format(path, sizeof(path), "%s/subsystem", device);
	kiln_text_format(target, sizeof(target), "bus/%s", subsystem);
	link_to(path, target);
	kiln_text_format(path, sizeof(path), "%s/driver", device);
	kiln_text_format(target, sizeof(target), "bus/%s/drivers/%s", subsystem, driver);
	link_to(path, target);
}

static void usb_device(const char *device, const char *vid, const char *pid, const char *interfaces)
{
	file(device, "idVendor", vid);
	file(device, "idProduct", pid);
	file(device, "bNumInterfaces", interfaces);
}

static void raspberry_pi(void)
{
	static const char usb[] = "devices/platform/scb/fd500000.pcie/usb1/1-1/1-1.3";
	static const char iface[] = "devices/platform/scb/fd500000.pcie/usb1/1-1/1-1.3/1-1.3:1.0";
	char port[PATH_MAX];

	kiln_text_format(port, sizeof(port), "%s/ttyUSB0", iface);
	usb_device(usb, "10c4\n", "ea60\n", " 1\n");
	file(usb, "serial", "0163A3DA\n");
	file(usb, "manufacturer", "Silicon Labs\n");
	file(usb, "product", "CP2104 USB to UART Bridge Controller\n");
	file(iface, "bInterfaceNumber", "00\n");
	file(iface, "interface", "CP2104 USB to UART Bridge Controller\n");
	tty("ttyUSB0", port, "usb-serial", "cp210x");
	tty("ttyAMA0", "devices/platform/soc/fe201000.serial", "amba", "uart-pl011");
	tty("ttyAMA1", "devices/platform/soc/fe201600.serial", "amba", "uart-pl011");
	tty("ttyAMA2", "devices/platform/soc/fe201800.serial", "amba", "uart-pl011");
	file("class/tty/tty0", "dev", "4:0\n"); /* a console: no device */
	file("class/tty/ptmx", "dev", "5:2\n");
}

static struct kiln_port_set scan(void)
{
	struct kiln_port_set set = { 0 };
	struct kiln_err err = KILN_ERR_INIT;

	assert_int_equal(kiln_sysfs_scan(root, NULL, &set, &err), KILN_OK);
	kiln_port_set_sort(&set);
	return set;
}

static void format_all(const struct kiln_port_set *set, struct kiln_buf *out)
{
	for (size_t i = 0; i < set->n; i++)
		assert_int_equal(kiln_port_format(out, &set->ports[i]), KILN_OK);
}

/* The lines of the page that follow "%discover --all", up to the sentence below them. */
static void read_page(struct kiln_buf *page)
{
	FILE *f = fopen(TEST_DATA "/flashing-page.txt", "r");
	bool on = false;
	char line[1000];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "A controller is installed", 25) == 0)
			on = false;
		if (on)
			assert_int_equal(kiln_buf_puts(page, line), KILN_OK);
		if (strcmp(line, "%discover --all\n") == 0)
			on = true;
	}
	fclose(f);
}

static void the_pages_raspberry_pi_comes_out_byte_for_byte(void **state)
{
	struct kiln_buf page = KILN_BUF_INIT(10000), out = KILN_BUF_INIT(10000);
	struct kiln_port_set set;

	(void)state;
	tree_begin();
	raspberry_pi();
	set = scan();
	format_all(&set, &out);
	read_page(&page);
	assert_true(page.len > 300);
	assert_string_equal(kiln_buf_str(&out), kiln_buf_str(&page));
	assert_string_equal(set.ports[0].driver, "cp210x");
	assert_string_equal(set.ports[0].url, "serial:///dev/ttyUSB0");
	assert_true(set.ports[0].likely_board && set.ports[0].is_usb);
	assert_int_equal(set.ports[0].vid, 0x10C4);
	assert_false(set.ports[1].likely_board);
	kiln_port_set_done(&set);
	kiln_buf_done(&page);
	kiln_buf_done(&out);
	tree_end();
}

/* Since Linux 6.5 two more levels stand between the UART and its tty. */
static void serial_core_levels_are_passed_over(void **state)
{
	struct kiln_port_set set;

	(void)state;
	tree_begin();
	link_to("devices/platform/soc/fe201000.serial/subsystem", "bus/amba");
	link_to("devices/platform/soc/fe201000.serial/driver", "bus/amba/drivers/uart-pl011");
	file("devices/platform/soc/fe201000.serial/fe201000.serial:0", "uevent", "");
	link_to("devices/platform/soc/fe201000.serial/fe201000.serial:0/subsystem",
		"bus/serial-base");
	tty("ttyAMA0", "devices/platform/soc/fe201000.serial/fe201000.serial:0/fe201000.serial:0.0",
	    "serial-base", "port");
	set = scan();
	assert_int_equal(set.n, 1);
	assert_string_equal(set.ports[0].hwid, "fe201000.serial");
	assert_string_equal(set.ports[0].driver, "uart-pl011");
	kiln_port_set_done(&set);
	tree_end();
}

static void two_ports_of_one_device_differ_in_location(void **state)
{
	static const char usb[] = "devices/pci0000:00/0000:00:14.0/usb1/1-4";
	struct kiln_port_set set;

	(void)state;
	tree_begin();
	usb_device(usb, "0403\n", "6010\n", " 2\n");
	file(usb, "product", "Dual RS232-HS\n");
	file("devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0", "bInterfaceNumber", "00\n");
	file("devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1", "bInterfaceNumber", "01\n");
	tty("ttyUSB10", "devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1/ttyUSB10", "usb-serial",
	    "ftdi_sio");
	tty("ttyUSB9", "devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/ttyUSB9", "usb-serial",
	    "ftdi_sio");
	set = scan();
	assert_int_equal(set.n, 2);
	assert_string_equal(set.ports[0].device, "/dev/ttyUSB9"); /* 9 before 10 */
	assert_string_equal(set.ports[0].hwid, "USB VID:PID=0403:6010 LOCATION=1-4:1.0");
	assert_string_equal(set.ports[1].hwid, "USB VID:PID=0403:6010 LOCATION=1-4:1.1");
	assert_string_equal(set.ports[1].serial, "");
	kiln_port_set_done(&set);
	tree_end();
}

/* An ACM port's device is the USB interface itself. */
static void espressifs_own_usb(void **state)
{
	static const char usb[] = "devices/pci0000:00/usb3/3-2";
	struct kiln_port_set set;

	(void)state;
	tree_begin();
	usb_device(usb, "303a\n", "1001\n", " 3\n");
	file(usb, "serial", "24:58:7C:AA:BB:CC\n");
	file(usb, "manufacturer", "Espressif\n");
	file(usb, "product", "USB JTAG/serial debug unit\n");
	file("devices/pci0000:00/usb3/3-2/3-2:1.0", "bInterfaceNumber", "00\n");
	tty("ttyACM0", "devices/pci0000:00/usb3/3-2/3-2:1.0", "usb", "cdc_acm");
	set = scan();
	assert_int_equal(set.n, 1);
	assert_string_equal(set.ports[0].hwid,
			    "USB VID:PID=303A:1001 SER=24:58:7C:AA:BB:CC LOCATION=3-2:1.0");
	assert_int_equal(set.ports[0].vid, 0x303A);
	assert_int_equal(set.ports[0].pid, 0x1001);
	assert_true(set.ports[0].likely_board);
	assert_string_equal(set.ports[0].driver, "cdc_acm");
	kiln_port_set_done(&set);
	tree_end();
}

static void ports_without_hardware_are_left_out(void **state)
{
	struct kiln_port_set set;

	(void)state;
	tree_begin();
	tty("ttyS0", "devices/pnp0/00:03", "pnp", "serial");
	file("devices/pnp0/00:03", "id", "PNP0501\n");
	file("class/tty/ttyS0", "type", "4\n");
	tty("ttyS1", "devices/platform/serial8250", "platform", "serial8250");
	file("class/tty/ttyS1", "type", "0\n");
	tty("ttyS2", "devices/platform/serial8250", "platform", "serial8250"); /* no type to read */
	file("class/tty/ttyS2", "port", "0x0\n");
	set = scan();
	assert_int_equal(set.n, 1);
	assert_string_equal(set.ports[0].device, "/dev/ttyS0");
	assert_string_equal(set.ports[0].hwid, "PNP0501");
	kiln_port_set_done(&set);
	tree_end();
}

static void what_vanishes_is_left_out_or_unknown(void **state)
{
	struct kiln_port_set set;

	(void)state;
	tree_begin();
	raspberry_pi();
	/* listed, and gone when its device is looked for */
	link_to("class/tty/ttyUSB1/device", "devices/gone/1-9:1.0/ttyUSB1");
	/* gone but for its folder when its files are read */
	tty("ttyUSB2", "devices/usb1/1-8/1-8:1.0/ttyUSB2", "usb-serial", "ch341");
	file("devices/usb1/1-8", "idVendor", "1a86\n");
	set = scan();
	assert_int_equal(set.n, 5);
	assert_string_equal(set.ports[1].device, "/dev/ttyUSB2");
	assert_string_equal(set.ports[1].hwid, "USB VID:PID=1A86:0000 LOCATION=1-8");
	kiln_port_set_done(&set);
	tree_end();
}

static void what_a_device_says_can_not_move_the_cursor(void **state)
{
	struct kiln_buf longer = KILN_BUF_INIT(1000);
	struct kiln_port_set set;

	(void)state;
	for (int i = 0; i < 300; i++)
		(void)kiln_buf_putc(&longer, 'x');
	tree_begin();
	usb_device("devices/usb1/1-1", "1a86\n", "7523\n", "1\n");
	file("devices/usb1/1-1", "product", "USB\x1b[2J\x07 Serial\xff\n");
	file("devices/usb1/1-1", "manufacturer", kiln_buf_str(&longer));
	tty("ttyUSB0", "devices/usb1/1-1/1-1:1.0/ttyUSB0", "usb-serial", "ch341");
	set = scan();
	assert_int_equal(set.n, 1);
	assert_string_equal(set.ports[0].product, "USB?[2J? Serial?");
	assert_int_equal(strlen(set.ports[0].manufacturer), 127);
	assert_string_equal(set.ports[0].manufacturer + 124, "...");
	kiln_port_set_done(&set);
	kiln_buf_done(&longer);
	tree_end();
}

static void without_sysfs_there_are_no_ports(void **state)
{
	struct kiln_port_set set = { 0 };

	(void)state;
	assert_int_equal(kiln_sysfs_scan("/no/such/folder", NULL, &set, NULL), KILN_OK);
	assert_int_equal(set.n, 0);
}

static void named_ports_are_boards_and_stand_once(void **state)
{
	struct kiln_port_set set;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	tree_begin();
	raspberry_pi();
	set = scan();
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
	file("kiln", "config.yaml", text);
	kiln_text_format(path, sizeof(path), "%s/kiln/config.yaml", root);
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
	file("", "demo.json", text);
	kiln_text_format(text, sizeof(text),
			 "{\"pid\": %d, \"name\": \"gone\", \"url\": \"rfc2217://127.0.0.1:1\"}",
			 (int)dead);
	file("", "gone.json", text);
	file("", "half.json", "{\"pid\": 1, \"na");
	file("", "list.json", "[1, 2]");
	file("", "zero.json", "{\"pid\": 0, \"name\": \"z\", \"url\": \"rfc2217://h:1\"}");
	file("", "deep.txt", "{}");
	assert_int_equal(kiln_port_set_add(&set, &local, KILN_RANK_SCHEME, &err), KILN_OK);
	assert_int_equal(kiln_served_scan(&plain_host, root, &set, &err), KILN_OK);
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
	raspberry_pi();
	assert_int_equal(setenv("KILN_SYSFS", root, 1), 0);
	assert_int_equal(setenv("HOME", root, 1), 0);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("KILN_PORTS");
	assert_int_equal(kiln_port_watch_open(&plain_host, &watch, &err), KILN_OK);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(kiln_port_watch_next(watch, 0, &event, &err), KILN_OK);
		assert_true(event.added);
	}
	assert_int_equal(kiln_port_watch_next(watch, 0, &event, &err), KILN_E_TIMEOUT);
	kiln_text_format(path, sizeof(path), "%s/class/tty/ttyAMA1/device", root);
	assert_int_equal(unlink(path), 0);
	tty("ttyAMA3", "devices/platform/soc/fe201900.serial", "amba", "uart-pl011");
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
		cmocka_unit_test(the_pages_raspberry_pi_comes_out_byte_for_byte),
		cmocka_unit_test(serial_core_levels_are_passed_over),
		cmocka_unit_test(two_ports_of_one_device_differ_in_location),
		cmocka_unit_test(espressifs_own_usb),
		cmocka_unit_test(ports_without_hardware_are_left_out),
		cmocka_unit_test(what_vanishes_is_left_out_or_unknown),
		cmocka_unit_test(what_a_device_says_can_not_move_the_cursor),
		cmocka_unit_test(without_sysfs_there_are_no_ports),
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
