/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/connection.h"

#define PORTS                                                                                \
	"\"shell_port\":1001,\"iopub_port\":1002,\"stdin_port\":1003,\"control_port\":1004," \
	"\"hb_port\":1005"
#define REST "\"ip\":\"127.0.0.1\",\"transport\":\"tcp\",\"key\":\"k\""

static kiln_code parse(const char *text, struct kiln_connection *c, struct kiln_err *err)
{
	return kiln_connection_parse("k.json", text, strlen(text), c, err);
}

static void fields_are_taken(void **state)
{
	struct kiln_connection c;
	char address[64];

	(void)state;
	assert_int_equal(parse("{" PORTS "," REST ",\"signature_scheme\":\"hmac-sha256\","
			       "\"kernel_name\":\"kiln\",\"unknown\":[]}",
			       &c, NULL),
			 KILN_OK);
	assert_int_equal(c.ports[KILN_CHANNEL_SHELL], 1001);
	assert_int_equal(c.ports[KILN_CHANNEL_HB], 1005);
	assert_string_equal(c.key, "k");
	kiln_connection_address(&c, KILN_CHANNEL_IOPUB, address, sizeof(address));
	assert_string_equal(address, "tcp://127.0.0.1:1002");
}

static void other_addresses(void **state)
{
	struct kiln_connection c;
	char address[64];

	(void)state;
	assert_int_equal(
		parse("{" PORTS ",\"ip\":\"/run/k\",\"transport\":\"ipc\",\"key\":\"\"}", &c, NULL),
		KILN_OK);
	kiln_connection_address(&c, KILN_CHANNEL_SHELL, address, sizeof(address));
	assert_string_equal(address, "ipc:///run/k-1001");
	assert_int_equal(parse("{" PORTS ",\"ip\":\"::1\",\"key\":\"\"}", &c, NULL), KILN_OK);
	kiln_connection_address(&c, KILN_CHANNEL_SHELL, address, sizeof(address));
	assert_string_equal(address, "tcp://[::1]:1001");
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "not JSON (line 1: '[' or '{' expected near end of file)" },
		{ "[1]", "no JSON object" },
		{ "{" PORTS "}", "'ip' is missing" },
		{ "{" PORTS ",\"ip\":\"*\"}", "'key' is missing" },
		{ "{" PORTS ",\"ip\":5,\"key\":\"\"}", "'ip' is no text" },
		{ "{" REST "}", "'shell_port' is missing" },
		{ "{" REST ",\"shell_port\":\"1001\"}", "'shell_port' is no port number" },
		{ "{" REST ",\"shell_port\":70000}", "'shell_port' is no port number" },
		{ "{" REST ",\"shell_port\":0}", "'shell_port' is no port number" },
		{ "{" PORTS "," REST ",\"signature_scheme\":\"hmac-md5\"}",
		  "signature scheme 'hmac-md5' is not supported (hmac-sha256 is)" },
		{ "{" PORTS ",\"ip\":\"x\",\"key\":\"k\",\"transport\":\"udp\"}",
		  "transport 'udp' is not supported (tcp and ipc are)" },
		{ "{" PORTS "," REST ",\"curve_publickey\":\"x\"}",
		  "encryption takes both 'curve_publickey' and 'curve_secretkey'" },
		{ "{" PORTS "," REST ",\"curve_publickey\":\"x\",\"curve_secretkey\":\"y\"}",
		  "the CURVE keys are not of 40 characters" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_connection c;
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(parse(cases[i].text, &c, &err), KILN_E_CONFIG);
		assert_string_equal(err.what, "cannot use the connection file 'k.json'");
		assert_string_equal(err.why, cases[i].why);
		assert_non_null(strstr(err.hint, "start the kernel from Jupyter"));
	}
}

static void a_missing_file_is_said(void **state)
{
	struct kiln_connection c;
	struct kiln_err err = KILN_ERR_INIT;
	bool shared;

	(void)state;
	assert_int_equal(kiln_connection_read("/nonexistent/k.json", &c, &shared, &err),
			 KILN_E_NOT_FOUND);
	assert_string_equal(err.what, "cannot open the connection file '/nonexistent/k.json'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_taken),
		cmocka_unit_test(other_addresses),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_missing_file_is_said),
	};
	return RUN(tests);
}
