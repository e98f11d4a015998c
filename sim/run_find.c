/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run_find.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "run_paths.h"

/* A place where run mode's files may be. */
struct place {
	char scripts[PATH_MAX];
	char package[PATH_MAX];
};

static bool readable(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return kiln_text_format(path, sizeof(path), "%s/%s", folder, name) &&
	       access(path, R_OK) == 0;
}

/* The folder of the running program, without '/' at its end. */
static bool own_folder(char *dst, size_t size)
{
	const ssize_t n = readlink("/proc/self/exe", dst, size - 1);
	char *slash;

	if (n <= 0)
		return false;
	dst[n] = '\0';
	slash = strrchr(dst, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static bool is_below(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void installed_place(struct place *p, const char *folder)
{
	kiln_text_format(p->scripts, sizeof(p->scripts), "%s/micropython", folder);
	kiln_text_format(p->package, sizeof(p->package), "%s/micropython-webassembly", folder);
}

/* Likeliest first; returns how many. */
static size_t places(struct place *list)
{
	char own[PATH_MAX], folder[PATH_MAX];
	size_t n = 0;

	if (own_folder(own, sizeof(own)) && is_below(own, RUN_BUILD_ROOT)) {
		kiln_text_copy(list[n].scripts, PATH_MAX, RUN_SOURCE_SCRIPTS);
		kiln_text_copy(list[n++].package, PATH_MAX, RUN_SOURCE_PACKAGE);
	} else if (kiln_text_format(folder, sizeof(folder), "%s/../%s/kiln", own, RUN_LIBDIR)) {
		installed_place(&list[n++], folder); /* an installation that was moved as a whole */
	}
	installed_place(&list[n++], RUN_PREFIX "/" RUN_LIBDIR "/kiln");
	return n;
}

static kiln_code missing(struct kiln_err *err, const char *what, const char *folder)
{
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot start the virtual board's MicroPython");
	kiln_why(err, "%s is not in '%s'", what, folder);
	kiln_hint(err, "in the source tree run 'npm ci' and build again; then install again");
	return KILN_E_UNSUPPORTED;
}

kiln_code sim_run_find(struct sim_run_program *ret_program, struct kiln_err *err)
{
	const char *node = getenv("KILN_NODE");
	struct place list[2];
	const size_t n = places(list);
	size_t i = 0;

	while (i + 1 < n && !readable(list[i].scripts, "main.mjs"))
		i++;
	if (!readable(list[i].scripts, "main.mjs"))
		return missing(err, "main.mjs", list[i].scripts);
	if (!readable(list[i].package, "micropython.wasm"))
		return missing(err, "micropython.wasm", list[i].package);
	kiln_text_copy(ret_program->node, PATH_MAX, node && *node ? node : "node");
	kiln_text_format(ret_program->script, PATH_MAX, "%s/main.mjs", list[i].scripts);
	kiln_text_copy(ret_program->package, PATH_MAX, list[i].package);
	return KILN_OK;
}
