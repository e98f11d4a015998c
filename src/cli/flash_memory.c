/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flash_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

enum { MOST = 1 << 20, PATH = 4096 };

static bool make_path(const struct kiln_chip_info *chip, char *path, size_t size)
{
	static const uint8_t none[6];
	const uint8_t *m = chip->mac;
	char below[64];

	if (chip->secure_download || memcmp(m, none, sizeof(none)) == 0)
		return false;
	kiln_text_format(below, sizeof(below), "kiln/boards/%02x%02x%02x%02x%02x%02x", m[0], m[1],
			 m[2], m[3], m[4], m[5]);
	return kiln_folder_user(path, size, "XDG_CACHE_HOME", ".cache", below) &&
	       kiln_folder_make_for(path, 0700, NULL) == KILN_OK;
}

/* NULL: no memory is left, or the chip does not tell its MAC. */
static struct kiln_flash_recall *load(const struct kiln_chip_info *chip)
{
	struct kiln_flash_recall *recall = NULL;
	uint8_t *bytes = NULL;
	char path[PATH];
	size_t n = 0;
	FILE *in;
	int fd;

	if (!make_path(chip, path, sizeof(path)))
		return NULL;
	/* whatever else has that name is not waited for */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	in = fd < 0 ? NULL : fdopen(fd, "rb");
	if (in) {
		bytes = malloc(MOST);
		n = bytes ? fread(bytes, 1, MOST, in) : 0;
		fclose(in);
	} else if (fd >= 0) {
		close(fd);
	}
	if (kiln_flash_recall_new(bytes, n, &recall, NULL) != KILN_OK)
		recall = NULL;
	free(bytes);
	return recall;
}

/* Written beside it and put in its place: who is interrupted leaves the old one. */
static void save(const struct kiln_chip_info *chip, const struct kiln_flash_recall *recall)
{
	char path[PATH], beside[PATH + 16];
	const void *bytes;
	bool good;
	size_t n;
	FILE *out;

	if (!recall || !make_path(chip, path, sizeof(path)) ||
	    !kiln_text_format(beside, sizeof(beside), "%s.%ld", path, (long)getpid()))
		return;
	bytes = kiln_flash_recall_bytes(recall, &n);
	out = fopen(beside, "wbe");
	if (!out)
		return;
	good = fwrite(bytes, 1, n, out) == n;
	good = fclose(out) == 0 && good;
	if (!good || rename(beside, path) != 0)
		(void)unlink(beside);
}

kiln_code flash_memory_write(struct kiln_flasher *flasher, const struct kiln_flash_job *job,
			     struct kiln_err *err)
{
	const struct kiln_chip_info *chip = kiln_flasher_chip(flasher);
	struct kiln_flash_job remembered = *job;
	kiln_code code;

	if (job->diff)
		remembered.recall = load(chip);
	code = kiln_flasher_write(flasher, &remembered, err);
	if (code == KILN_OK)
		save(chip, remembered.recall);
	kiln_flash_recall_free(remembered.recall);
	return code;
}
