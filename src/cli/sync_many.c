/* SPDX-License-Identifier: Apache-2.0 */
/* sync of several boards at once: each in a thread of its own, and what it says together at its
 * end. */
#include <stdlib.h>

#include "base/text.h"
#include "cli/sync.h"

/* One of them, in a thread of its own; the folder is read by all. */
struct member {
	struct sync s;
	struct cli cli;
	char *text; /* what it says, until it has ended */
	size_t n_text;
};

struct crowd {
	struct member *members;
	size_t n;
	struct kiln_crew *crew;
};

static kiln_code work(void *user, size_t i, const struct kiln_host *host, struct kiln_err *err)
{
	const struct crowd *crowd = user;
	struct member *m = &crowd->members[i];

	m->cli.host = *host;
	return sync_run_board(&m->s, err);
}

static kiln_code crowd_begin(struct crowd *crowd, const struct sync *s, struct kiln_err *err)
{
	const struct opt_list *ports = &s->params->ports;

	crowd->members = calloc(ports->n, sizeof(*crowd->members));
	if (!crowd->members)
		return kiln_fail(err, KILN_E_NOMEM, "cannot sync");
	KILN_TRY(kiln_crew_new(&s->fs.cli->host, work, crowd, &crowd->crew, err));
	for (; crowd->n < ports->n; crowd->n++) {
		struct member *m = &crowd->members[crowd->n];

		m->s = *s;
		m->cli = *s->fs.cli;
		m->s.fs.cli = &m->cli;
		m->s.crew = crowd->crew;
		m->s.out = open_memstream(&m->text, &m->n_text);
		if (!m->s.out)
			return kiln_fail(err, KILN_E_NOMEM, "cannot sync");
		if (!kiln_text_copy(m->s.url, sizeof(m->s.url), ports->items[crowd->n]))
			return kiln_fail(err, KILN_E_INVALID,
					 "the name of port '%.40s...' is too long",
					 ports->items[crowd->n]);
	}
	for (size_t i = 0; i < crowd->n; i++)
		KILN_TRY(kiln_crew_start(crowd->crew, i, crowd->members[i].s.url, err));
	return KILN_OK;
}

/* All that it said stands together. */
static int show_end(struct crowd *crowd, const struct kiln_crew_end *end)
{
	struct member *m = &crowd->members[end->i];
	int exit_code = 0;

	kiln_crew_lock(crowd->crew);
	(void)fflush(m->s.out);
	if (!m->s.params->json)
		printf("%s\n%s", m->s.url, m->text);
	fflush(stdout);
	if (end->code != KILN_OK)
		exit_code = cli_fail(&m->cli, &end->err);
	kiln_crew_unlock(crowd->crew);
	return exit_code;
}

static kiln_code crowd_run(struct crowd *crowd, int *exit_code, struct kiln_err *err)
{
	struct kiln_crew_end end;

	while (kiln_crew_busy(crowd->crew) > 0) {
		const kiln_code code = kiln_crew_next(crowd->crew, KILN_FOREVER, &end, err);
		int failed;

		if (code == KILN_E_CANCELLED)
			continue; /* they have been told, and end */
		KILN_TRY(code);
		failed = show_end(crowd, &end);
		*exit_code = failed > *exit_code ? failed : *exit_code;
	}
	return KILN_OK;
}

int sync_run_many(const struct sync *s)
{
	struct crowd crowd = { .n = 0 };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = 0;
	kiln_code code = crowd_begin(&crowd, s, &err);

	if (code == KILN_OK)
		code = crowd_run(&crowd, &exit_code, &err);
	kiln_crew_free(crowd.crew);
	for (size_t i = 0; crowd.members && i < s->params->ports.n; i++) {
		if (crowd.members[i].s.out)
			(void)fclose(crowd.members[i].s.out);
		free(crowd.members[i].text);
	}
	free(crowd.members);
	return code == KILN_OK ? exit_code : cli_fail(s->fs.cli, &err);
}
