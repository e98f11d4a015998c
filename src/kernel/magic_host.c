/* SPDX-License-Identifier: Apache-2.0 */
/* Magics about the host's folders and files. */
#include "kernel/magic.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kernel/state.h"

enum { PATH_SIZE = 4096 };

static bool expand(struct kiln_kernel *k, const char *path, char *ret_path)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_path_expand(path, ret_path, PATH_SIZE))
		return true;
	(void)kiln_fail_errno(&err, KILN_E_INVALID, ENAMETOOLONG, "cannot use '%s'", path);
	return kiln_kernel_fail_err(k, &err);
}

/* ---- %cd ---- */

static bool change_folder(struct kiln_kernel *k, const char *path)
{
	char folder[PATH_SIZE], whole[PATH_SIZE];
	struct kiln_err err = KILN_ERR_INIT;

	if (!expand(k, path, folder))
		return false;
	if (chdir(folder) != 0) {
		(void)kiln_fail_errno(&err, KILN_E_IO, errno, "cannot change to '%s'", folder);
		return kiln_kernel_fail_err(k, &err);
	}
	if (getcwd(whole, sizeof(whole)))
		kiln_kernel_keep(k, "cwd", whole);
	return true;
}

static bool run_cd(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	char whole[PATH_SIZE];

	if (args->n_words > 0 && !change_folder(k, args->words[0]))
		return false;
	kiln_kernel_print(k, KILN_STDOUT, "cwd = %s\n", getcwd(whole, sizeof(whole)) ? whole : "?");
	return true;
}

const struct kiln_magic kiln_magic_cd = {
	.name = "cd",
	.words = "[PATH]",
	.max_words = 1,
	.summary = "Change or show the host's working directory",
	.more = "~ and $VARIABLES are expanded. The notebook remembers it when it is opened "
		"again.\n\nExample:\n  %cd ~/projects",
	.run = run_cd,
};

/* ---- %%writefile ---- */

enum { WRITEFILE_APPEND };

static bool write_all(int fd, struct kiln_span body)
{
	while (body.n > 0) {
		const ssize_t n = write(fd, body.p, body.n);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			body = kiln_span(body.p + n, body.n - (size_t)n);
	}
	return true;
}

static bool run_writefile(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const bool append = args->flags[WRITEFILE_APPEND];
	struct kiln_err err = KILN_ERR_INIT;
	char path[PATH_SIZE];
	bool good;
	int fd, sys = 0;

	if (!expand(k, args->words[0], path))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
	good = fd >= 0 && write_all(fd, args->body);
	/* a cell's last line seldom has its newline; a file's should */
	if (good && args->body.n > 0 && args->body.p[args->body.n - 1] != '\n')
		good = write_all(fd, kiln_span("\n", 1));
	sys = errno;
	if (fd >= 0 && close(fd) != 0 && good) {
		good = false;
		sys = errno;
	}
	if (good) {
		kiln_kernel_print(k, KILN_STDOUT, "%s %s\n", append ? "Appending to" : "Writing",
				  path);
		return true;
	}
	(void)kiln_fail_errno(&err, KILN_E_IO, sys, "cannot write '%s'", path);
	return kiln_kernel_fail_err(k, &err);
}

const struct kiln_magic kiln_magic_cell_writefile = {
	.name = "writefile",
	.cell = true,
	.words = "PATH",
	.min_words = 1,
	.max_words = 1,
	.summary = "Write the cell to a file on the host",
	.more = "~ and $VARIABLES are expanded.\n\n"
		"Example:\n  %%writefile ~/projects/main.py\n  print('hello')",
	.options =
		(const struct kiln_magic_option[]){
			[WRITEFILE_APPEND] = { 'a', "append", NULL, "add to the end of the file" },
			{ 0 },
		},
	.run = run_writefile,
};
