/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual boards that another process serves. Each has a file FOLDER/NAME.json:
 *
 *	{"pid": 4711, "name": "demo", "url": "rfc2217://127.0.0.1:4000"}
 *
 * A server that was killed leaves its file behind, so the process must still be there.
 */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "discover/sources.h"

#define MAX_FILES 1000
#define MAX_BYTES (64 * 1024)

static bool is_running(json_int_t pid)
{
	return pid > 0 && pid <= INT_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static json_t *read_json(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	json_t *json = NULL;
	size_t n;

	if (!f)
		return NULL;
	text = malloc(MAX_BYTES);
	n = text ? fread(text, 1, MAX_BYTES, f) : 0;
	if (n > 0 && n < MAX_BYTES)
		json = json_loadb(text, n, 0, NULL);
	free(text);
	fclose(f);
	return json;
}

/* The server holds the board "sim:NAME": there it would only be found busy. */
static void drop_local(struct kiln_port_set *set, const char *name)
{
	char url[128];
	size_t kept = 0;

	kiln_text_format(url, sizeof(url), "sim:%s", name);
	for (size_t i = 0; i < set->n; i++) {
		const char *known = set->ports[i].url;

		if (strcspn(known, "?") == strlen(url) && strncmp(known, url, strlen(url)) == 0)
			continue;
		set->ports[kept] = set->ports[i];
		set->ranks[kept++] = set->ranks[i];
	}
	set->n = kept;
}

static kiln_code add_server(const struct kiln_host *host, const char *path,
			    struct kiln_port_set *set, struct kiln_err *err)
{
	json_t *json = read_json(path);
	struct kiln_port port;
	kiln_code code = KILN_OK;
	const char *url, *name;
	json_int_t pid;

	if (json_unpack(json, "{s:I, s:s, s:s}", "pid", &pid, "url", &url, "name", &name) != 0 ||
	    !kiln_port_from_url(url, &port)) {
		kiln_log(&host->ui, KILN_LOG_DEBUG, "discover", "%s: no announcement of a server",
			 path);
	} else if (is_running(pid)) {
		(void)kiln_text_copy(port.manufacturer, sizeof(port.manufacturer), "Kiln");
		char said[64];
		(void)kiln_text_copy_untrusted(said, sizeof(said), name, strlen(name));
		(void)kiln_text_format(port.product, sizeof(port.product), "virtual board '%s'",
				       said);
		drop_local(set, said);
		code = kiln_port_set_add(set, &port, KILN_RANK_SERVED, err);
	}
	json_decref(json);
	return code;
}

kiln_code kiln_served_scan(const struct kiln_host *host, const char *folder,
			   struct kiln_port_set *set, struct kiln_err *err)
{
	kiln_code code = KILN_OK;
	char path[PATH_MAX];
	DIR *dir = opendir(folder);
	int files = 0;

	if (!dir)
		return KILN_OK;
	for (struct dirent *e; code == KILN_OK && files < MAX_FILES && (e = readdir(dir));) {
		const size_t n = strlen(e->d_name);

		if (n < 6 || e->d_name[0] == '.' || strcmp(e->d_name + n - 5, ".json") != 0)
			continue;
		files++;
		if (kiln_text_format(path, sizeof(path), "%s/%s", folder, e->d_name))
			code = add_server(host, path, set, err);
	}
	closedir(dir);
	return code;
}
