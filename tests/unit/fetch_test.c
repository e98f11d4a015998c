/* SPDX-License-Identifier: Apache-2.0 */
/* What the fetch layer does without a network: its cache, what kiln-fetch says, texts. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fetch/fetch.h"

static struct kiln_fetch_said said_of(const char *line)
{
	struct kiln_fetch_said said;

	kiln_fetch_said_read(line, strlen(line), &said);
	return said;
}

static void what_the_helper_says(void **state)
{
	struct kiln_fetch_said s;

	(void)state;
	s = said_of(
		"{\"head\":{\"status\":206,\"total\":1000,\"offset\":10,\"etag\":\"\\\"x\\\"\"}}");
	assert_int_equal(s.kind, KILN_FETCH_HEAD);
	assert_int_equal(s.status, 206);
	assert_int_equal(s.total, 1000);
	assert_int_equal(s.at, 10);
	assert_string_equal(s.etag, "\"x\"");
	assert_string_equal(s.modified, "");
	s = said_of("{\"at\":65536}");
	assert_int_equal(s.kind, KILN_FETCH_AT);
	assert_int_equal(s.at, 65536);
	s = said_of("{\"end\":{\"how\":\"cut\",\"status\":200,\"size\":7,\"text\":\"a\\u0007b\"}}");
	assert_int_equal(s.kind, KILN_FETCH_END);
	assert_int_equal(s.how, KILN_FETCH_HOW_CUT);
	assert_int_equal(s.at, 7);
	assert_string_equal(s.text, "a?b");
	assert_int_equal(said_of("{\"end\":{\"how\":\"hm\"}}").how, KILN_FETCH_HOW_OTHER);
	assert_int_equal(said_of("{\"at\":-1}").at, 0);
	for (const char *const *bad = (const char *const[]){ "", "{", "[]", "7", "{\"at\":\"1\"}",
							     "{\"head\":3}", NULL };
	     *bad; bad++)
		assert_int_equal(said_of(*bad).kind, KILN_FETCH_SAID_NOTHING);
}

/* What a server says is put into a header of the next request: no line end may be in it. */
static void tags(void **state)
{
	char tag[8];

	(void)state;
	kiln_fetch_tag(tag, sizeof(tag), "\"abc\"");
	assert_string_equal(tag, "\"abc\"");
	kiln_fetch_tag(tag, sizeof(tag), "\"a\r\nb\"");
	assert_string_equal(tag, "");
	kiln_fetch_tag(tag, sizeof(tag), "too long a tag");
	assert_string_equal(tag, "");
	kiln_fetch_tag(tag, sizeof(tag), NULL);
	assert_string_equal(tag, "");
}

static void urls(void **state)
{
	char text[64];

	(void)state;
	assert_true(kiln_fetch_is_url("HTTPS://h/x"));
	assert_true(kiln_fetch_is_url("file:///x"));
	assert_false(kiln_fetch_is_url("https:/x"));
	assert_false(kiln_fetch_is_url("ftp://h/x"));
	kiln_fetch_show_url("https://me:pw@h:1/x@y?a@b", text, sizeof(text));
	assert_string_equal(text, "https://h:1/x@y?a@b");
	kiln_fetch_show_url("https://h/x@y", text, sizeof(text));
	assert_string_equal(text, "https://h/x@y");
	kiln_fetch_host("http://me@h:80?x", text, sizeof(text));
	assert_string_equal(text, "h:80");
	kiln_fetch_host("nothing", text, sizeof(text));
	assert_string_equal(text, "nothing");
}

static void texts(void **state)
{
	struct kiln_fetch_said end = { .kind = KILN_FETCH_END, .how = KILN_FETCH_HOW_STATUS };
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	for (int status = 0; status < 1000; status++) {
		end.status = status;
		const kiln_code code = kiln_fetch_explain(&end, "http://h/x", "/c", 10, &err);

		assert_int_equal(code, err.code);
		assert_int_equal(err.sys, status);
		assert_true(err.hint[0]);
	}
	for (int how = KILN_FETCH_HOW_STATUS; how <= KILN_FETCH_HOW_OTHER; how++) {
		end.how = (enum kiln_fetch_how)how;
		assert_int_not_equal(kiln_fetch_explain(&end, "http://h/x", "/c", 10, NULL),
				     KILN_OK);
		const kiln_code code = kiln_fetch_explain(&end, "http://h/x", "/c", 10, &err);

		assert_int_equal(code, err.code);
	}
}

struct place {
	struct kiln_cache cache;
	char folder[64];
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct kiln_err err;

	assert_non_null(p);
	kiln_text_copy(p->folder, sizeof(p->folder), "/tmp/kiln-fetch-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	assert_int_equal(kiln_cache_open(&p->cache, p->folder, &err), KILN_OK);
	assert_false(p->cache.private);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	kiln_cache_prune(&p->cache, 0);
	assert_int_equal(rmdir(p->folder), 0);
	free(p);
	return 0;
}

/* Keep `text` as what `url` gives. */
static void keep(struct place *p, const char *url, const char *text, char key[KILN_CACHE_KEY])
{
	const size_t n = strlen(text);
	struct kiln_cache_meta meta = { .size = n, .when = 7, .etag = "\"t\"" };
	char part[KILN_CACHE_PATH];
	bool shared;
	int fd;

	kiln_cache_key(url, key);
	fd = kiln_cache_part_open(&p->cache, key, part, &shared);
	assert_true(fd >= 0 && shared);
	assert_int_equal(write(fd, text, n), n);
	kiln_cache_sha256(text, n, meta.sha256);
	assert_true(kiln_cache_commit(&p->cache, key, part, url, &meta));
	close(fd);
}

static void kept_and_damaged(void **state)
{
	struct place *p = *state;
	struct kiln_cache_meta meta;
	struct kiln_fetched file;
	char key[KILN_CACHE_KEY], path[KILN_CACHE_PATH];
	int fd;

	keep(p, "http://h/x", "hello", key);
	assert_true(kiln_cache_meta_read(&p->cache, key, ".json", &meta));
	assert_string_equal(meta.etag, "\"t\"");
	assert_int_equal(meta.when, 7);
	assert_true(kiln_cache_load(&p->cache, key, &meta, &file));
	assert_string_equal((char *)file.data, "hello");
	assert_string_equal(file.sha256, meta.sha256);
	kiln_fetched_done(&file);
	kiln_cache_path(&p->cache, key, ".data", path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "j", 1), 1);
	close(fd);
	assert_false(kiln_cache_load(&p->cache, key, &meta, &file));
	assert_false(kiln_cache_load(&p->cache, key, &meta, &file)); /* it is gone */
}

static void a_part_has_one_writer(void **state)
{
	struct place *p = *state;
	char key[KILN_CACHE_KEY], first[KILN_CACHE_PATH], second[KILN_CACHE_PATH];
	bool shared;
	int a, b;

	kiln_cache_key("http://h/x", key);
	a = kiln_cache_part_open(&p->cache, key, first, &shared);
	assert_true(shared);
	b = kiln_cache_part_open(&p->cache, key, second, &shared);
	assert_false(shared);
	assert_string_not_equal(first, second);
	close(a);
	close(b);
}

static void the_least_used_go_first(void **state)
{
	struct place *p = *state;
	static const char *const urls[] = { "http://h/1", "http://h/2", "http://h/3" };
	char keys[3][KILN_CACHE_KEY], path[KILN_CACHE_PATH];
	struct kiln_cache_meta meta;

	for (int i = 0; i < 3; i++) {
		const struct timespec times[2] = { { .tv_sec = 1000 + i }, { .tv_sec = 1000 + i } };

		keep(p, urls[i], "0123456789", keys[i]);
		kiln_cache_path(&p->cache, keys[i], ".data", path);
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	}
	kiln_cache_prune(&p->cache, 100000);
	assert_true(kiln_cache_meta_read(&p->cache, keys[0], ".json", &meta));
	kiln_cache_prune(&p->cache, 25);
	assert_false(kiln_cache_meta_read(&p->cache, keys[0], ".json", &meta));
	assert_true(kiln_cache_meta_read(&p->cache, keys[1], ".json", &meta));
}

static void meta_that_is_none(void **state)
{
	struct place *p = *state;
	static const char *const bad[] = { "", "[]", "{", "{\"size\":-5}",
					   "{\"size\":4611686018427387904}" };
	struct kiln_cache_meta meta;
	char key[KILN_CACHE_KEY], path[KILN_CACHE_PATH];

	kiln_cache_key("http://h/x", key);
	kiln_cache_path(&p->cache, key, ".json", path);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		assert_int_equal(write(fd, bad[i], strlen(bad[i])), strlen(bad[i]));
		close(fd);
		if (kiln_cache_meta_read(&p->cache, key, ".json", &meta))
			assert_int_equal(meta.sha256[0], 0); /* matches no file */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_helper_says),
		cmocka_unit_test(tags),
		cmocka_unit_test(urls),
		cmocka_unit_test(texts),
		cmocka_unit_test_setup_teardown(kept_and_damaged, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_part_has_one_writer, make_place, remove_place),
		cmocka_unit_test_setup_teardown(the_least_used_go_first, make_place, remove_place),
		cmocka_unit_test_setup_teardown(meta_that_is_none, make_place, remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
