/* SPDX-License-Identifier: Apache-2.0 */
/* Ports from made-up sysfs trees. */
#include "sysfs_tree.h"

#include <stdio.h>
#include <string.h>

#include "discover/format.h"

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
	tree_raspberry_pi();
	set = tree_scan();
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
	tree_link("devices/platform/soc/fe201000.serial/subsystem", "bus/amba");
	tree_link("devices/platform/soc/fe201000.serial/driver", "bus/amba/drivers/uart-pl011");
	tree_file("devices/platform/soc/fe201000.serial/fe201000.serial:0", "uevent", "");
	tree_link("devices/platform/soc/fe201000.serial/fe201000.serial:0/subsystem",
		  "bus/serial-base");
	tree_tty("ttyAMA0",
		 "devices/platform/soc/fe201000.serial/fe201000.serial:0/fe201000.serial:0.0",
		 "serial-base", "port");
	set = tree_scan();
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
	tree_usb_device(usb, "0403\n", "6010\n", " 2\n");
	tree_file(usb, "product", "Dual RS232-HS\n");
	tree_file("devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0", "bInterfaceNumber", "00\n");
	tree_file("devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1", "bInterfaceNumber", "01\n");
	tree_tty("ttyUSB10", "devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1/ttyUSB10",
		 "usb-serial", "ftdi_sio");
	tree_tty("ttyUSB9", "devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/ttyUSB9",
		 "usb-serial", "ftdi_sio");
	set = tree_scan();
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
	tree_usb_device(usb, "303a\n", "1001\n", " 3\n");
	tree_file(usb, "serial", "24:58:7C:AA:BB:CC\n");
	tree_file(usb, "manufacturer", "Espressif\n");
	tree_file(usb, "product", "USB JTAG/serial debug unit\n");
	tree_file("devices/pci0000:00/usb3/3-2/3-2:1.0", "bInterfaceNumber", "00\n");
	tree_tty("ttyACM0", "devices/pci0000:00/usb3/3-2/3-2:1.0", "usb", "cdc_acm");
	set = tree_scan();
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
	tree_tty("ttyS0", "devices/pnp0/00:03", "pnp", "serial");
	tree_file("devices/pnp0/00:03", "id", "PNP0501\n");
	tree_file("class/tty/ttyS0", "type", "4\n");
	tree_tty("ttyS1", "devices/platform/serial8250", "platform", "serial8250");
	tree_file("class/tty/ttyS1", "type", "0\n");
	tree_tty("ttyS2", "devices/platform/serial8250", "platform",
		 "serial8250"); /* no type to read */
	tree_file("class/tty/ttyS2", "port", "0x0\n");
	set = tree_scan();
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
	tree_raspberry_pi();
	/* listed, and gone when its device is looked for */
	tree_link("class/tty/ttyUSB1/device", "devices/gone/1-9:1.0/ttyUSB1");
	/* gone but for its folder when its files are read */
	tree_tty("ttyUSB2", "devices/usb1/1-8/1-8:1.0/ttyUSB2", "usb-serial", "ch341");
	tree_file("devices/usb1/1-8", "idVendor", "1a86\n");
	set = tree_scan();
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
	tree_usb_device("devices/usb1/1-1", "1a86\n", "7523\n", "1\n");
	tree_file("devices/usb1/1-1", "product", "USB\x1b[2J\x07 Serial\xff\n");
	tree_file("devices/usb1/1-1", "manufacturer", kiln_buf_str(&longer));
	tree_tty("ttyUSB0", "devices/usb1/1-1/1-1:1.0/ttyUSB0", "usb-serial", "ch341");
	set = tree_scan();
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
	};

	return RUN(tests);
}
