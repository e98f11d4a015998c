/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernelspec.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

/* ---- places ---- */

/* As jupyter_client's KernelSpecManager demands it; so it is one path component too. */
static bool is_kernel_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";

	return name[0] && name[0] != '.' && strlen(name) < 100 &&
	       strspn(name, good) == strlen(name);
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* As Jupyter looks for it: unlike the rest of us it takes a relative $XDG_DATA_HOME. */
static kiln_code user_data(char *dst, size_t size, struct kiln_err *err)
{
	const char *own = env("JUPYTER_DATA_DIR"), *xdg = env("XDG_DATA_HOME"), *home = env("HOME");
	bool whole;

	if (own)
		whole = kiln_text_format(dst, size, "%s", own);
	else if (xdg)
		whole = kiln_text_format(dst, size, "%s/jupyter", xdg);
	else if (home)
		whole = kiln_text_format(dst, size, "%s/.local/share/jupyter", home);
	else {
		(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot find the user's Jupyter folder");
		kiln_why(err, "HOME is not set");
		return KILN_E_NOT_FOUND;
	}
	if (whole)
		return KILN_OK;
	return kiln_fail(err, KILN_E_TOO_BIG, "cannot use the user's Jupyter folder");
}

static kiln_code python_prefix(const char **ret_prefix, struct kiln_err *err)
{
	const char *prefix = env("VIRTUAL_ENV");

	if (!prefix)
		prefix = env("CONDA_PREFIX");
	if (!prefix) {
		(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot use --sys-prefix");
		kiln_why(err, "no Python environment is active");
		kiln_hint(err, "activate one (VIRTUAL_ENV or CONDA_PREFIX), or use --prefix");
		return KILN_E_NOT_FOUND;
	}
	*ret_prefix = prefix;
	return KILN_OK;
}

/* A prefix may be relative to where the command runs; kernel folders are shown in full. */
static kiln_code prefix_data(const char *prefix, char *dst, size_t size, struct kiln_err *err)
{
	char here[PATH_MAX] = "";

	if (prefix[0] != '/' && !getcwd(here, sizeof(here)))
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot tell the current folder");
	if (kiln_text_format(dst, size, "%s%s%s/share/jupyter", here, here[0] ? "/" : "", prefix))
		return KILN_OK;
	return kiln_fail(err, KILN_E_TOO_BIG, "cannot use the prefix '%s'", prefix);
}

kiln_code kernelspec_folder(const struct kernelspec_place *place, char *dst, size_t size,
			    struct kiln_err *err)
{
	const char *prefix = place->prefix;
	char data[PATH_MAX];

	if (!is_kernel_name(place->name)) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot name a kernel '%s'", place->name);
		kiln_why(err, "Jupyter takes letters, digits, '.', '-' and '_'");
		return KILN_E_INVALID;
	}
	if (place->sys_prefix)
		KILN_TRY(python_prefix(&prefix, err));
	if (prefix)
		KILN_TRY(prefix_data(prefix, data, sizeof(data), err));
	else
		KILN_TRY(user_data(data, sizeof(data), err));
	if (kiln_text_format(dst, size, "%s/kernels/%s", data, place->name))
		return KILN_OK;
	return kiln_fail(err, KILN_E_TOO_BIG, "cannot use '%s'", data);
}

kiln_code kernelspec_executable(char *dst, size_t size, struct kiln_err *err)
{
	static const char *const places[] = { "kiln-kernel", "../libexec/kiln-kernel" };
	char self[PATH_MAX], path[PATH_MAX + 64], *slash;
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot tell where kiln is");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*(slash ? slash : self) = '\0';
	for (size_t i = 0; i <= sizeof(places) / sizeof(places[0]); i++) {
		char real[PATH_MAX];

		if (i < sizeof(places) / sizeof(places[0]))
			kiln_text_format(path, sizeof(path), "%s/%s", self, places[i]);
		else /* where a distribution has it */
			kiln_text_copy(path, sizeof(path), KILN_LIBEXECDIR "/kiln-kernel");
		if (access(path, X_OK) == 0 && realpath(path, real) &&
		    kiln_text_format(dst, size, "%s", real))
			return KILN_OK;
	}
	(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot find kiln-kernel");
	kiln_why(err, "it is neither in '%s' nor in '../libexec' from there", self);
	kiln_hint(err,
		  "install the package kiln-jupyter; from the source tree Kiln is installed as "
		  "a whole by 'make install'");
	return KILN_E_NOT_FOUND;
}

/* ---- writing ---- */

/* A new file that takes the old one's place when it is whole. */
static kiln_code write_file(const char *folder, const char *name, const void *data, size_t size,
			    struct kiln_err *err)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	FILE *f = NULL;
	bool good;

	if (kiln_text_format(path, sizeof(path), "%s/%s", folder, name) &&
	    kiln_text_format(fresh, sizeof(fresh), "%s/.%s.new", folder, name))
		f = fopen(fresh, "we");
	if (!f)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s/%s'", folder, name);
	good = fwrite(data, 1, size, f) == size;
	good = fclose(f) == 0 && good;
	if (good && rename(fresh, path) == 0)
		return KILN_OK;
	(void)kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	(void)unlink(fresh);
	return err ? err->code : KILN_E_IO;
}

static char *kernel_json(const char *executable, const char *display_name)
{
	json_t *root = json_pack(
		"{s:[s, s, s], s:s, s:s, s:s, s:s, s:{s:b, s:[s]}}", "argv", executable, "-f",
		"{connection_file}", "display_name", display_name,
		/* not "python": VS Code would run its CPython probes on a board */
		"language", "micropython", "interrupt_mode", "message", "kernel_protocol_version",
		"5.5", "metadata", "debugger", 0, "supported_encryption", "curve");
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

	json_decref(root);
	return text;
}

kiln_code kernelspec_write(const char *folder, const char *executable, const char *display_name,
			   struct kiln_err *err)
{
	char *text = kernel_json(executable, display_name);
	kiln_code code;

	if (!text) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot name the kernel '%s'", display_name);
		kiln_why(err, "a path or a name is no UTF-8 text");
		return KILN_E_INVALID;
	}
	code = kiln_folder_make(folder, 0755, err);
	for (const struct embedded_file *f = kernelspec_logos; code == KILN_OK && f->name; f++)
		code = write_file(folder, f->name, f->data, f->size, err);
	/* last: a folder with kernel.json is a kernel */
	if (code == KILN_OK)
		code = write_file(folder, "kernel.json", text, strlen(text), err);
	free(text);
	return code;
}

/* ---- removing ---- */

static bool starts_kiln(const json_t *spec)
{
	const char *path = json_string_value(json_array_get(json_object_get(spec, "argv"), 0));
	const char *slash = path ? strrchr(path, '/') : NULL;

	return path && strcmp(slash ? slash + 1 : path, "kiln-kernel") == 0;
}

static kiln_code check_ours(const char *folder, struct kiln_err *err)
{
	char path[PATH_MAX];
	json_t *spec;
	bool ours;

	kiln_text_format(path, sizeof(path), "%s/kernel.json", folder);
	if (access(path, F_OK) != 0) {
		(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot remove the kernel in '%s'", folder);
		kiln_why(err, "there is none");
		kiln_hint(err, "'jupyter kernelspec list' shows where kernels are");
		return KILN_E_NOT_FOUND;
	}
	spec = json_load_file(path, 0, NULL);
	ours = starts_kiln(spec);
	json_decref(spec);
	if (ours)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_REFUSED, "cannot remove the kernel in '%s'", folder);
	kiln_why(err, "it does not start kiln-kernel");
	kiln_hint(err, "'jupyter kernelspec uninstall' removes any kernel");
	return KILN_E_REFUSED;
}

static kiln_code remove_file(const char *folder, const char *name, struct kiln_err *err)
{
	char path[PATH_MAX];

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	if (unlink(path) == 0 || errno == ENOENT)
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot remove '%s'", path);
}

kiln_code kernelspec_remove(const char *folder, struct kiln_err *err)
{
	KILN_TRY(check_ours(folder, err));
	KILN_TRY(remove_file(folder, "kernel.json", err));
	for (const struct embedded_file *f = kernelspec_logos; f->name; f++)
		KILN_TRY(remove_file(folder, f->name, err));
	if (rmdir(folder) == 0 || errno == ENOTEMPTY) /* what a user put there stays */
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot remove '%s'", folder);
}
