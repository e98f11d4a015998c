/* SPDX-License-Identifier: Apache-2.0 */
#include "board/adapters.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "board/state.h"

static const char file[] = "adapters.json";

enum {
	BAUD_MIN = 1200,
	BAUD_MAX = 10000000,
	GOOD_FIRST = 4, /* jobs until the next step is tried; doubled each time that it fails */
	FAILED_MAX = 6,
	GOOD_MAX = 1000,
};

void kiln_adapter_key(const struct kiln_port *port, char *dst, size_t size)
{
	const bool own = port->serial[0] != '\0';

	if (port->is_usb)
		kiln_text_format(dst, size, "%04X:%04X %s", port->vid, port->pid,
				 own ? port->serial : port->location);
	else
		kiln_text_format(dst, size, "%.*s", (int)strcspn(port->url, "?"), port->url);
}

/* As it is kept. */
struct entry {
	json_int_t baud;
	json_int_t good;   /* jobs since it was found or a higher one was tried */
	json_int_t failed; /* how often a higher one failed, one after the other */
};

static struct entry read_entry(const json_t *all, const char *key)
{
	const json_t *object = json_object_get(all, key);
	struct entry e = {
		.baud = json_integer_value(json_object_get(object, "baud")),
		.good = json_integer_value(json_object_get(object, "good")),
		.failed = json_integer_value(json_object_get(object, "failed")),
	};

	if (e.baud < BAUD_MIN || e.baud > BAUD_MAX)
		return (struct entry){ 0 };
	e.good = e.good < 0 || e.good > GOOD_MAX ? 0 : e.good;
	e.failed = e.failed < 0 || e.failed > FAILED_MAX ? FAILED_MAX : e.failed;
	return e;
}

struct kiln_adapter_speed kiln_adapter_speed(const struct kiln_port *port)
{
	char key[sizeof(port->url)];
	struct entry e;
	json_t *all;

	kiln_adapter_key(port, key, sizeof(key));
	if (kiln_state_load(file, &all, NULL) != KILN_OK)
		return (struct kiln_adapter_speed){ 0 };
	e = read_entry(all, key);
	json_decref(all);
	return (struct kiln_adapter_speed){
		.baud = (unsigned)e.baud,
		.try_next = e.baud && e.good >= GOOD_FIRST << e.failed,
	};
}

static struct entry after_job(struct entry e, const struct kiln_adapter_job *job)
{
	const bool climbed = job->baud > e.baud;

	if (!job->baud) {
		e.good += e.good < GOOD_MAX;
		return e;
	}
	if (e.baud)
		e.failed = climbed ? 0 : e.failed + (e.failed < FAILED_MAX);
	e.baud = job->baud;
	e.good = 0;
	return e;
}

/* The one that was not used for the longest time. */
static void drop_oldest(json_t *all)
{
	const char *key, *oldest = NULL;
	json_int_t least = INT64_MAX;
	json_t *entry;

	json_object_foreach(all, key, entry)
	{
		const json_int_t used = json_integer_value(json_object_get(entry, "used"));

		if (used < least) {
			least = used;
			oldest = key;
		}
	}
	if (oldest)
		(void)json_object_del(all, oldest);
}

kiln_code kiln_adapter_remember(const struct kiln_port *port, const struct kiln_adapter_job *job,
				struct kiln_err *err)
{
	char key[sizeof(port->url)];
	struct entry e;
	kiln_code code;
	json_t *all;

	kiln_adapter_key(port, key, sizeof(key));
	if (kiln_state_load(file, &all, NULL) != KILN_OK)
		all = json_object(); /* damaged: nothing in it is worth a failure */
	e = after_job(read_entry(all, key), job);
	if (job->failed || !e.baud)
		(void)json_object_del(all, key);
	else
		(void)json_object_set_new(all, key,
					  json_pack("{s:I, s:I, s:I, s:I}", "baud", e.baud, "good",
						    e.good, "failed", e.failed, "used",
						    (json_int_t)time(NULL)));
	while (json_object_size(all) > KILN_ADAPTERS_MAX)
		drop_oldest(all);
	code = kiln_state_save(file, all, err);
	json_decref(all);
	return code;
}
