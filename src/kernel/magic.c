/* SPDX-License-Identifier: Apache-2.0 */
/* The table of magics. */
#include "kernel/magic.h"

#include "kernel/words.h"

const struct kiln_magic *const kiln_magics[] = {
	&kiln_magic_cat,
	&kiln_magic_cd,
	&kiln_magic_connect,
	&kiln_magic_cp,
	&kiln_magic_discover,
	&kiln_magic_flash,
	&kiln_magic_gettime,
	&kiln_magic_hardreset,
	&kiln_magic_info,
	&kiln_magic_loglevel,
	&kiln_magic_lsmagic,
	&kiln_magic_mip,
	&kiln_magic_mkdirs,
	&kiln_magic_name,
	&kiln_magic_pip,
	&kiln_magic_plot,
	&kiln_magic_rdiff,
	&kiln_magic_register,
	&kiln_magic_rlist,
	&kiln_magic_rm,
	&kiln_magic_rsync,
	&kiln_magic_softreset,
	&kiln_magic_store,
	&kiln_magic_synctime,
	&kiln_magic_uid,
	&kiln_magic_unregister,
	&kiln_magic_upip,
	/* cells */
	&kiln_magic_cell_bash,
	&kiln_magic_cell_connect,
	&kiln_magic_cell_host,
	&kiln_magic_cell_plot,
	&kiln_magic_cell_service,
	&kiln_magic_cell_ssh,
	&kiln_magic_cell_writefile,
	NULL,
};

const struct kiln_magic *kiln_magic_find(struct kiln_span name, bool cell)
{
	for (size_t i = 0; kiln_magics[i]; i++) {
		const struct kiln_magic *m = kiln_magics[i];

		if (m->cell == cell && strlen(m->name) == name.n &&
		    memcmp(m->name, name.p, name.n) == 0)
			return m;
	}
	return NULL;
}

/* "connect?": its help, where the front end shows such things. */
static const struct kiln_magic *asked_for(const struct kiln_words *words, bool cell)
{
	const char *name = words->n == 1 ? words->items[0] : "";
	const size_t n = strcspn(name, "?");

	if (name[n] != '?' || strspn(name + n, "?") != strlen(name + n))
		return NULL;
	return kiln_magic_find(kiln_span(name, n), cell);
}

static bool show_help(struct kiln_kernel *k, const struct kiln_magic *m)
{
	struct kiln_buf text = KILN_BUF_INIT(64 * 1024);

	kiln_magic_help(m, &text);
	kiln_kernel_page(k, json_pack("{s:s}", "text/plain", kiln_buf_str(&text)));
	kiln_buf_done(&text);
	return true;
}

/* No password of a port's URL gets into a list of boards, or what is kept of a notebook. */
static void take_logins(struct kiln_kernel *k, struct kiln_words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		char *word = (char *)words->text.data +
			     (words->items[i] - (const char *)words->text.data);

		if (strncmp(word, "ws://", 5) == 0 || strncmp(word, "telnet://", 9) == 0)
			kiln_logins_keep(&k->logins, word);
	}
}

static bool run_line(struct kiln_kernel *k, struct kiln_span text, bool cell, struct kiln_span body)
{
	const struct kiln_magic *m, *asked;
	struct kiln_words words;
	struct kiln_err err = KILN_ERR_INIT;
	bool good;

	if (kiln_words_split(text, &words, &err) != KILN_OK)
		return kiln_kernel_fail_text(k, "UsageError", "%s", err.what);
	take_logins(k, &words);
	asked = asked_for(&words, cell);
	m = words.n ? kiln_magic_find(kiln_span(words.items[0], strlen(words.items[0])), cell)
		    : NULL;
	if (asked)
		good = show_help(k, asked);
	else if (m)
		good = kiln_magic_run(k, m, &words, body);
	else
		good = kiln_kernel_fail_text(k, "UsageError", "%s magic %s%s not defined",
					     cell ? "Cell" : "Line", cell ? "%%" : "",
					     words.n ? words.items[0] : "");
	kiln_words_done(&words);
	return good;
}

bool kiln_magic_line(struct kiln_kernel *k, struct kiln_span text)
{
	return run_line(k, text, false, kiln_span(NULL, 0));
}

bool kiln_magic_cell(struct kiln_kernel *k, struct kiln_span text, struct kiln_span body)
{
	return run_line(k, text, true, body);
}

/* ---- %lsmagic ---- */

enum { NAME_COLUMN = 13 };

static bool run_lsmagic(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct kiln_buf help = KILN_BUF_INIT(64 * 1024);
	bool was_cell = false;

	kiln_kernel_print(k, KILN_STDOUT, "Line Magic:\n");
	for (size_t i = 0; kiln_magics[i]; i++) {
		const struct kiln_magic *m = kiln_magics[i];

		if (m->cell && !was_cell)
			kiln_kernel_print(k, KILN_STDOUT,
					  "  !%-*spass line to bash shell for evaluation\n\n"
					  "Cell Magic:\n",
					  NAME_COLUMN - 1, "");
		was_cell = m->cell;
		kiln_kernel_print(k, KILN_STDOUT, "  %s%-*s%s\n", kiln_magic_sign(m),
				  m->cell ? NAME_COLUMN - 2 : NAME_COLUMN - 1, m->name, m->summary);
		if (args->flags[0]) {
			kiln_buf_reset(&help);
			kiln_magic_help(m, &help);
			kiln_kernel_print(k, KILN_STDOUT, "\n%s\n", kiln_buf_str(&help));
		}
	}
	kiln_buf_done(&help);
	return true;
}

const struct kiln_magic kiln_magic_lsmagic = {
	.name = "lsmagic",
	.summary = "List all line and cell magics",
	.more = "Each magic tells more of itself with -h: %connect -h",
	.options =
		(const struct kiln_magic_option[]){
			{ 'v', "verbose", NULL, "also show the help of each" },
			{ 0 },
		},
	.run = run_lsmagic,
};
