/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/port.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "base/text.h"
#include "discover/sources.h"
#include "link/logins.h"

kiln_code kiln_env_scan(const char *value, struct kiln_port_set *set, struct kiln_err *err)
{
	static const char space[] = " \t\n";
	const char *at = value;

	for (;;) {
		char word[sizeof(((struct kiln_port *)0)->url)];
		struct kiln_port port;
		size_t n;

		at += strspn(at, space);
		n = strcspn(at, space);
		if (n == 0)
			return KILN_OK;
		if (!kiln_text_format(word, sizeof(word), "%.*s", (int)n, at) ||
		    !kiln_port_from_url(word, &port)) {
			char shown[sizeof(word)];

			(void)kiln_login_hide(word, shown, sizeof(shown));
			(void)kiln_fail(err, KILN_E_CONFIG, "cannot read $KILN_PORTS");
			kiln_why(err, "no port: '%s'", shown);
			kiln_hint(err, "set it to devices or URLs with spaces between them");
			return KILN_E_CONFIG;
		}
		KILN_TRY(kiln_port_set_add(set, &port, KILN_RANK_NAMED, err));
		at += n;
	}
}

struct listing {
	struct kiln_port_set *set;
	kiln_code code;
	struct kiln_err *err;
};

static void found(void *user, const struct kiln_port *port)
{
	struct listing *l = user;

	if (l->code == KILN_OK)
		l->code = kiln_port_set_add(l->set, port, KILN_RANK_SCHEME, l->err);
}

static kiln_code scan_schemes(const struct kiln_host *host, struct kiln_port_set *set,
			      struct kiln_err *err)
{
	struct listing l = { .set = set, .err = err };

	for (const struct kiln_scheme *s = host->schemes; s && s->name; s++) {
		if (s->list)
			KILN_TRY(s->list(host, found, &l, err));
		KILN_TRY(l.code);
	}
	return KILN_OK;
}

static kiln_code scan_all(const struct kiln_host *host, struct kiln_port_set *set,
			  struct kiln_err *err)
{
	const char *sysfs = getenv("KILN_SYSFS"), *named = getenv("KILN_PORTS");
	char path[PATH_MAX];

	/* a made-up tree has no device nodes */
	KILN_TRY(kiln_sysfs_scan(sysfs ? sysfs : "/sys", sysfs ? NULL : "/dev", set, err));
	if (named)
		KILN_TRY(kiln_env_scan(named, set, err));
	if (kiln_folder_user(path, sizeof(path), "XDG_CONFIG_HOME", ".config", "kiln/config.yaml"))
		KILN_TRY(kiln_config_scan(path, set, err));
	KILN_TRY(scan_schemes(host, set, err));
	if (kiln_folder_user(path, sizeof(path), "XDG_RUNTIME_DIR", NULL, "kiln"))
		KILN_TRY(kiln_served_scan(host, path, set, err));
	return KILN_OK;
}

kiln_code kiln_ports_scan(const struct kiln_host *host, struct kiln_port_list *ret_list,
			  struct kiln_err *err)
{
	struct kiln_port_set set = { 0 };
	const kiln_code code = scan_all(host, &set, err);

	if (code != KILN_OK) {
		kiln_port_set_done(&set);
		return code;
	}
	kiln_port_set_sort(&set);
	*ret_list = (struct kiln_port_list){ .ports = set.ports, .n = set.n };
	free(set.ranks);
	return KILN_OK;
}

void kiln_ports_done(struct kiln_port_list *list)
{
	free(list->ports);
	*list = (struct kiln_port_list){ 0 };
}
