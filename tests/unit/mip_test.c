/* SPDX-License-Identifier: Apache-2.0 */
/* Names of packages, their addresses, package.json and records: what needs no network. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mip/package.h"
#include "mip/record.h"
#include "mip/spec.h"

static void what_people_write(void **state)
{
	static const struct {
		const char *text;
		kiln_mip_kind kind;
		const char *package, *version, *place;
		bool local;
	} rows[] = {
		{ "aioble", KILN_MIP_INDEX, "aioble", "", "", false },
		{ "umqtt.simple@1.4.0", KILN_MIP_INDEX, "umqtt.simple", "1.4.0", "", false },
		{ "github:o/r", KILN_MIP_JSON, "github:o/r", "", "github:o/r/package.json", false },
		{ "github:o/r@feature/x", KILN_MIP_JSON, "github:o/r", "feature/x",
		  "github:o/r/package.json", false },
		{ "gitlab:o/r/d/@v1", KILN_MIP_JSON, "gitlab:o/r/d/", "v1",
		  "gitlab:o/r/d/package.json", false },
		{ "codeberg:o/r/a.py", KILN_MIP_FILE, "codeberg:o/r/a.py", "", "codeberg:o/r/a.py",
		  false },
		{ "https://me@h/x.mpy@2", KILN_MIP_FILE, "https://me@h/x.mpy", "2",
		  "https://me@h/x.mpy", false },
		{ "http://h/d", KILN_MIP_JSON, "http://h/d", "", "http://h/d/package.json", false },
		{ "d/package.json", KILN_MIP_JSON, "d/package.json", "", "d/package.json", true },
		{ "./a@b.py", KILN_MIP_FILE, "./a@b.py", "", "./a@b.py", true },
	};
	struct kiln_mip_spec spec;
	struct kiln_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(kiln_mip_spec_read(rows[i].text, &spec, &err), KILN_OK);
		assert_int_equal(spec.kind, rows[i].kind);
		assert_string_equal(spec.package, rows[i].package);
		assert_string_equal(spec.version, rows[i].version);
		assert_string_equal(spec.place, rows[i].place);
		assert_int_equal(spec.local, rows[i].local);
	}
}

static void what_is_no_package(void **state)
{
	static const char *const bad[] = {
		"",      "a b",     "../x",     ".x",        "a/b", "a@",          "a@../b",
		"a@x/y", "github:", "github:o", "github:/r", "a?b", "http://h/a b"
	};
	struct kiln_mip_spec spec;
	struct kiln_err err;
	char longer[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = KILN_ERR_INIT;
		assert_int_equal(kiln_mip_spec_read(bad[i], &spec, &err), KILN_E_INVALID);
		assert_true(err.hint[0]);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(kiln_mip_spec_read(longer, &spec, &err), KILN_E_INVALID);
	longer[2000] = '@';
	assert_int_equal(kiln_mip_spec_read(longer, &spec, &err), KILN_E_INVALID);
}

static void addresses(void **state)
{
	struct kiln_err err;
	char url[200];

	(void)state;
	assert_int_equal(kiln_mip_url("github:o/r/d/x.py", "", url, sizeof(url), &err), KILN_OK);
	assert_string_equal(url, "https://raw.githubusercontent.com/o/r/HEAD/d/x.py");
	assert_int_equal(kiln_mip_url("gitlab:o/r/x.py", "main", url, sizeof(url), &err), KILN_OK);
	assert_string_equal(url, "https://gitlab.com/o/r/-/raw/main/x.py");
	assert_int_equal(kiln_mip_url("codeberg:o/r/x.py", "v1", url, sizeof(url), &err), KILN_OK);
	assert_string_equal(url, "https://codeberg.org/api/v1/repos/o/r/raw/x.py?ref=v1");
	assert_int_equal(kiln_mip_url("github:o/r/x.py", "", url, 20, &err), KILN_E_INVALID);
	assert_int_equal(kiln_mip_join("github:o/r/package.json", "a/b.py", url, sizeof(url), &err),
			 KILN_OK);
	assert_string_equal(url, "github:o/r/a/b.py");
	assert_int_equal(kiln_mip_join("package.json", "b.py", url, sizeof(url), &err), KILN_OK);
	assert_string_equal(url, "b.py");
	assert_int_equal(kiln_mip_join("d/package.json", "http://h/b.py", url, sizeof(url), &err),
			 KILN_OK);
	assert_string_equal(url, "http://h/b.py");
	assert_int_equal(kiln_mip_join("d/package.json", "../b.py", url, sizeof(url), &err),
			 KILN_E_INVALID);
	assert_int_equal(kiln_mip_join("d/package.json", "/etc/x", url, sizeof(url), &err),
			 KILN_E_INVALID);
}

static void paths(void **state)
{
	static const char *const good[] = { "a", "a.py", "a/b/c.mpy", ".x", "a..b", "é" };
	static const char *const bad[] = { "",     "/a",  "a/",  "a//b", "..",   "../a",
					   "a/..", "./a", "a/.", "a\\b", "a\nb", "..." };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(kiln_mip_check_path(good[i], NULL), KILN_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(kiln_mip_check_path(bad[i], NULL), KILN_E_INVALID);
}

static kiln_code read_package(const char *text)
{
	struct kiln_err err = KILN_ERR_INIT;
	json_t *package;
	const kiln_code code = kiln_mip_package_read(text, strlen(text), &package, &err);

	if (code == KILN_OK)
		json_decref(package);
	return code;
}

static void packages(void **state)
{
	(void)state;
	assert_int_equal(read_package("{}"), KILN_OK);
	assert_int_equal(read_package("{\"hashes\":null,\"urls\":[],\"version\":3}"), KILN_OK);
	assert_int_equal(read_package("{\"hashes\":[[\"a\",\"01234567\"]]}"), KILN_OK);
	assert_int_equal(read_package("{\"hashes\":[[\"a\",\"0123456\"]]}"), KILN_E_CONFIG);
	assert_int_equal(read_package("{\"hashes\":[[\"a\",\"0123456G\"]]}"), KILN_E_CONFIG);
	assert_int_equal(read_package("{\"hashes\":[[\"../a\",\"01234567\"]]}"), KILN_E_INVALID);
	assert_int_equal(read_package("{\"urls\":[[\"a\",1]]}"), KILN_E_CONFIG);
	assert_int_equal(read_package("{\"urls\":[[\"a\\u0000b\",\"c\"]]}"), KILN_E_CONFIG);
	assert_int_equal(read_package("{\"deps\":{}}"), KILN_E_CONFIG);
	assert_int_equal(read_package("7"), KILN_E_CONFIG);
}

static void records(void **state)
{
	static const char text[] = "{\"v\":1,\"packages\":{\"x\":{\"files\":{\"../"
				   "a\":\"%064d\",\"b\":\"%064d\",\"c\":1}},"
				   "\"y\":3,\"z\":{}}}";
	struct kiln_err err;
	json_t *record, *packages;
	char whole[400];

	(void)state;
	kiln_text_format(whole, sizeof(whole), text, 0, 0);
	assert_int_equal(kiln_mip_record_parse(whole, strlen(whole), &record, &err), KILN_OK);
	packages = kiln_mip_record_packages(record);
	assert_int_equal(json_object_size(packages), 2);
	assert_int_equal(json_object_size(json_object_get(json_object_get(packages, "x"), "files")),
			 1);
	json_decref(record);
	assert_int_equal(kiln_mip_record_parse("{}", 2, &record, &err), KILN_E_CONFIG);
	assert_int_equal(kiln_mip_record_parse("", 0, &record, &err), KILN_E_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write), cmocka_unit_test(what_is_no_package),
		cmocka_unit_test(addresses),         cmocka_unit_test(paths),
		cmocka_unit_test(packages),          cmocka_unit_test(records),
	};

	return RUN(tests);
}
