/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual board is between two processes: its files, its lock, its place in the list. */
#include "sim_help.h"

#include <sys/stat.h>
#include <sys/wait.h>

/* --- one process at a time --- */

static void a_board_that_is_held_is_busy(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "held?clock=virtual"), *second;
	struct kiln_err err = KILN_ERR_INIT;
	char expected[64];
	int status;
	pid_t child;

	(void)state;
	kiln_text_format(expected, sizeof(expected), "process %ld (", (long)getpid());
	child = fork();
	if (child == 0) {
		const kiln_code code = kiln_link_open(&host, "sim:held?clock=virtual", 115200,
						      &second, &err);

		_exit(code == KILN_E_PORT_BUSY && strncmp(err.why, expected, strlen(expected)) == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(kiln_link_open(&host, "sim:held", 115200, &second, &err),
			 KILN_E_PORT_BUSY);
	kiln_link_close(link);
	link = help_open(&host, "held?clock=virtual"); /* let go, it is free */
	kiln_link_close(link);
}

static void a_damaged_board_file_is_said(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *link = help_open(&host, "damaged?clock=virtual");
	struct kiln_err err = KILN_ERR_INIT;
	char path[512];
	FILE *f;

	(void)state;
	kiln_link_close(link);
	kiln_text_format(path, sizeof(path), "%s/kiln/sim/damaged.json", getenv("XDG_STATE_HOME"));
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("{\"chip\": \"esp32\"}", f);
	fclose(f);
	assert_int_equal(kiln_link_open(&host, "sim:damaged", 115200, &link, &err), KILN_E_CONFIG);
	assert_string_equal(err.why, "it has no MAC");
	assert_non_null(strstr(err.hint, "remove the file"));
}

/* --- listing --- */

struct found {
	unsigned n;
	char mac[32];
};

static void found_port(void *user, const struct kiln_port *port)
{
	struct found *found = user;

	if (strcmp(port->url, "sim:listed") != 0)
		return;
	found->n++;
	kiln_text_copy(found->mac, sizeof(found->mac), port->serial);
	assert_true(port->likely_board);
	assert_string_equal(port->device, "sim:listed");
	assert_string_equal(port->product, "virtual ESP32 board");
}

static void boards_that_exist_are_listed(void **state)
{
	const struct kiln_host host = help_host();
	struct found found = { 0 };

	(void)state;
	kiln_link_close(help_open(&host, "listed?clock=virtual"));
	assert_int_equal(kiln_sim_scheme.list(&host, found_port, &found, NULL), KILN_OK);
	assert_int_equal(found.n, 1);
	assert_memory_equal(found.mac, "24:0a:c4:", 9);
	kiln_link_close(help_open(&host, "listed?clock=virtual&mac=24:0a:c4:01:02:03"));
	kiln_link_close(help_open(&host, "listed?clock=virtual")); /* it stays */
	found.n = 0;
	assert_int_equal(kiln_sim_scheme.list(&host, found_port, &found, NULL), KILN_OK);
	assert_string_equal(found.mac, "24:0a:c4:01:02:03");
}

/* --- options that stay --- */

static void chip_and_flash_file_are_kept(void **state)
{
	const struct kiln_host host = help_host();
	char rest[512], path[256];
	struct kiln_link *link;
	struct kiln_err err = KILN_ERR_INIT;
	const uint32_t efuse = 0x3FF5A00C;
	uint8_t reply[64];
	struct stat st;

	(void)state;
	kiln_text_format(path, sizeof(path), "%s/elsewhere.bin", getenv("XDG_STATE_HOME"));
	kiln_text_format(rest, sizeof(rest),
			 "kept?clock=virtual&chip=esp32-d0wd-v3&size=2MB&flash=%s", path);
	kiln_link_close(help_open(&host, rest));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2 << 20);

	link = help_open(&host, "kept?clock=virtual");
	help_download(link);
	assert_int_equal(help_request(link, 0x0A, &efuse, 4, 0, reply, sizeof(reply), 500), 12);
	assert_int_equal(kiln_get_le32(reply + 4), 0x8200); /* the package of that model */
	kiln_link_close(link);
	assert_int_equal(kiln_link_open(&host, "sim:kept?size=4MB", 115200, &link, &err),
			 KILN_E_INVALID);
	assert_string_equal(err.why, "it has 2097152 bytes, the flash has 4194304");
}

static void boards_keep_apart(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_link *a = help_open(&host, "a?clock=virtual");
	struct kiln_link *b = help_open(&host, "b?clock=virtual");

	(void)state;
	help_download(a);
	assert_int_equal(help_sync(a), 12);
	assert_int_equal(help_sync(b), -1);
	kiln_link_close(a);
	kiln_link_close(b);
}

static void a_folder_that_cannot_be_is_said(void **state)
{
	const struct kiln_host host = help_host();
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_link *link;
	char home[512], wrong[600];

	(void)state;
	kiln_text_copy(home, sizeof(home), getenv("XDG_STATE_HOME"));
	kiln_text_format(wrong, sizeof(wrong), "%s/elsewhere.bin/x", home); /* a file's inside */
	assert_int_equal(setenv("XDG_STATE_HOME", wrong, 1), 0);
	assert_int_equal(kiln_link_open(&host, "sim:nowhere", 115200, &link, &err), KILN_E_IO);
	assert_memory_equal(err.what, "cannot make the folder '", 24);
	assert_int_equal(setenv("XDG_STATE_HOME", home, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_that_is_held_is_busy),
		cmocka_unit_test(a_damaged_board_file_is_said),
		cmocka_unit_test(boards_that_exist_are_listed),
		cmocka_unit_test(chip_and_flash_file_are_kept),
		cmocka_unit_test(boards_keep_apart),
		cmocka_unit_test(a_folder_that_cannot_be_is_said),
	};
	return cmocka_run_group_tests(tests, help_state_home, help_state_home_gone);
}
