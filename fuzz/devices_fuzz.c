/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "board/devices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_more_than_home(void *user, const char *name)
{
	(void)user;
	return strcmp(name, "HOME") == 0 ? "/home/x" : NULL;
}

/* Whatever a file says: names and uids stand once, and no resource leaves its folder. */
static void check_device(const struct kiln_devices *all, const struct kiln_device *d)
{
	assert(kiln_devices_find(all, d->name) == d);
	assert(strcmp(kiln_devices_name_of((void *)(uintptr_t)all, d->uid), d->name) == 0);
	for (size_t i = 0; i < d->n_resources; i++) {
		const struct kiln_resource *r = &d->resources[i];

		assert(r->name[0] && r->name[0] != '/' && strncmp(r->name, "../", 3) != 0);
		assert(r->path[0] == '/' && r->install_dir[0] == '/');
		assert(!strstr(r->install_dir, "/../") && r->line > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_devices_env env = { no_more_than_home, NULL };
	struct kiln_devices devices = { .n = 0 };
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_devices_parse(&devices, &env, "x.yaml", (const char *)data, size, &err) !=
	    KILN_OK) {
		assert(err.what[0] && err.why[0] && devices.n == 0 && devices.used == 0);
		kiln_devices_done(&devices);
		return 0;
	}
	for (size_t i = 0; i < devices.n; i++)
		check_device(&devices, &devices.items[i]);
	kiln_devices_done(&devices);
	return 0;
}
