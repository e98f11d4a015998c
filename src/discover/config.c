/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `ports:` of config.yaml:
 *
 *	ports:
 *	  - rfc2217://bench.local:4000
 *	  - /dev/serial/by-id/usb-1a86_USB_Serial-if00-port0
 *
 * Other keys of the file are not ours to judge.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "discover/sources.h"
#include "link/logins.h"

/* More events than any sane file has: an alias bomb ends here. */
#define MAX_EVENTS 100000

struct reader {
	yaml_parser_t parser;
	const char *path;
	struct kiln_port_set *set;
	struct kiln_err *err;
	int events;
};

static kiln_code bad_config(const struct reader *r, size_t line, const char *why, const char *word)
{
	(void)kiln_fail(r->err, KILN_E_CONFIG, "cannot read '%s'", r->path);
	kiln_why(r->err, "line %zu: %s%s%s%s", line + 1, why, word ? " '" : "", word ? word : "",
		 word ? "'" : "");
	kiln_hint(r->err, "the ports stand there as a list: \"ports: [/dev/ttyUSB0, "
			  "rfc2217://HOST:PORT]\"");
	return KILN_E_CONFIG;
}

static kiln_code next_event(struct reader *r, yaml_event_t *ret_event)
{
	if (!yaml_parser_parse(&r->parser, ret_event))
		return bad_config(r, r->parser.problem_mark.line,
				  r->parser.problem ? r->parser.problem : "not YAML", NULL);
	if (++r->events <= MAX_EVENTS)
		return KILN_OK;
	yaml_event_delete(ret_event);
	return bad_config(r, r->parser.mark.line, "the file is too long", NULL);
}

/* Pass over what began with `event`, which is used up. */
static kiln_code skip_node(struct reader *r, yaml_event_t *event)
{
	int depth = 0;

	for (;;) {
		const yaml_event_type_t type = event->type;

		yaml_event_delete(event);
		if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
			depth--;
		if (depth == 0)
			return KILN_OK;
		KILN_TRY(next_event(r, event));
	}
}

static kiln_code take_port(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	char shown[sizeof(((struct kiln_port *)0)->url)];
	struct kiln_port port;

	(void)kiln_login_hide(text, shown, sizeof(shown));
	if (!kiln_port_from_url(text, &port))
		return bad_config(r, event->start_mark.line, "no port:", shown);
	return kiln_port_set_add(r->set, &port, KILN_RANK_NAMED, r->err);
}

static kiln_code take_ports(struct reader *r)
{
	yaml_event_t event;
	kiln_code code = KILN_OK;
	bool more = true;

	KILN_TRY(next_event(r, &event));
	if (event.type == YAML_SCALAR_EVENT && event.data.scalar.length == 0)
		more = false; /* "ports:" and nothing: an empty list */
	else if (event.type != YAML_SEQUENCE_START_EVENT)
		code = bad_config(r, event.start_mark.line, "'ports' is no list", NULL);
	yaml_event_delete(&event);
	while (code == KILN_OK && more) {
		KILN_TRY(next_event(r, &event));
		if (event.type == YAML_SCALAR_EVENT)
			code = take_port(r, &event);
		else if (event.type == YAML_SEQUENCE_END_EVENT)
			more = false;
		else
			code = bad_config(r, event.start_mark.line, "an item of 'ports' is no text",
					  NULL);
		yaml_event_delete(&event);
	}
	return code;
}

/* Key after key of the outermost mapping. */
static kiln_code read_keys(struct reader *r)
{
	yaml_event_t event;

	for (;;) {
		bool ours;

		KILN_TRY(next_event(r, &event));
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return KILN_OK;
		}
		ours = event.type == YAML_SCALAR_EVENT &&
		       strcmp((const char *)event.data.scalar.value, "ports") == 0;
		KILN_TRY(skip_node(r, &event));
		if (ours) {
			KILN_TRY(take_ports(r));
		} else {
			KILN_TRY(next_event(r, &event));
			KILN_TRY(skip_node(r, &event));
		}
	}
}

static kiln_code read_document(struct reader *r)
{
	kiln_code code = KILN_OK;
	bool more = true;

	while (code == KILN_OK && more) {
		yaml_event_t event;
		size_t line;
		yaml_event_type_t type;

		KILN_TRY(next_event(r, &event));
		type = event.type;
		line = event.start_mark.line;
		more = type != YAML_STREAM_END_EVENT && type != YAML_DOCUMENT_END_EVENT;
		if (type == YAML_SCALAR_EVENT && event.data.scalar.length == 0)
			type = YAML_NO_EVENT; /* a file of comments */
		yaml_event_delete(&event);
		if (type == YAML_MAPPING_START_EVENT)
			code = read_keys(r);
		else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT)
			code = bad_config(r, line, "the file is no mapping of keys to values",
					  NULL);
	}
	return code;
}

kiln_code kiln_config_scan(const char *path, struct kiln_port_set *set, struct kiln_err *err)
{
	struct reader r = { .path = path, .set = set, .err = err };
	FILE *f = fopen(path, "re");
	kiln_code code;

	if (!f && (errno == ENOENT || errno == ENOTDIR))
		return KILN_OK;
	if (!f)
		return kiln_fail_errno(err, KILN_E_CONFIG, errno, "cannot read '%s'", path);
	if (!yaml_parser_initialize(&r.parser)) {
		fclose(f);
		return kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", path);
	}
	yaml_parser_set_input_file(&r.parser, f);
	code = read_document(&r);
	yaml_parser_delete(&r.parser);
	fclose(f);
	return code;
}
