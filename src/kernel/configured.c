/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's device configuration. It is edited while the kernel runs, in a %%writefile cell as
 * often as not: whoever asks for names looks first whether a file has changed since.
 */
#include "kernel/kernel_impl.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"

static uint64_t mix(uint64_t state, uint64_t value)
{
	return (state ^ value) * 0x100000001b3; /* FNV-1a, by words */
}

static uint64_t mix_file(uint64_t state, const char *folder, const char *name)
{
	char path[4096];
	struct stat st;

	if (!kiln_text_format(path, sizeof(path), "%s/%s", folder, name) || stat(path, &st) != 0)
		return state;
	state = mix(state, st.st_ino);
	state = mix(state, (uint64_t)st.st_size);
	state = mix(state, (uint64_t)st.st_mtim.tv_sec);
	return mix(state, (uint64_t)st.st_mtim.tv_nsec);
}

/* A number that changes when a file of the folder does, in whatever order they are listed. */
static uint64_t look(void)
{
	uint64_t state = 1;
	char *folder = NULL;
	struct dirent *entry;
	DIR *dir;

	if (kiln_devices_folder(NULL, &folder, NULL) != KILN_OK)
		return 0;
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		state += mix_file(0xcbf29ce484222325, folder, entry->d_name);
	if (dir)
		closedir(dir);
	for (const char *c = folder; *c; c++)
		state = mix(state, (uint8_t)*c);
	free(folder);
	return state;
}

static void print_problem(struct kiln_kernel *k, const struct kiln_err *err)
{
	kiln_kernel_print(k, KILN_STDERR, "warning: %s: %s\n", err->what, err->why);
	kiln_kernel_print_hint(k, err);
}

void kiln_kernel_configure(struct kiln_kernel *k)
{
	struct device_files *c = &k->configured;
	struct kiln_devices fresh = { .n = 0 };
	struct kiln_err err = KILN_ERR_INIT;
	const struct kiln_board *board;
	const uint64_t state = look();

	if (state == c->state)
		return;
	c->state = state;
	if (kiln_devices_load(NULL, &fresh, &err) != KILN_OK) {
		print_problem(k, &err);
		return;
	}
	for (size_t i = 0; i < fresh.n_problems; i++)
		print_problem(k, &fresh.problems[i]);
	kiln_devices_done(&c->devices);
	c->devices = fresh;
	kiln_registry_rename(k->board.registry);
	board = k->board.chosen ? kiln_registry_find(k->board.registry, k->board.board.url) : NULL;
	if (board)
		kiln_text_copy(k->board.board.name, sizeof(k->board.board.name), board->name);
}

const struct kiln_device *kiln_kernel_device(const struct kiln_kernel *k)
{
	const char *uid = k->board.board.info.uid;

	return uid[0] ? kiln_devices_find(&k->configured.devices, uid) : NULL;
}
