/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_DEVICES_H
#define KILN_BOARD_DEVICES_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/err.h>

/*
 * Device configurations: which board is called what, and which files of the computer belong on it.
 * YAML files, *.yaml and *.yml, in $IOT_DEVICES; without that in $IOT_PROJECTS/devices, without
 * that in ~/projects/devices. One file describes any number of boards:
 *
 *	plotter:                                  # its name
 *	    uid: 24:0a:c4:12:87:7c                # as `kiln discover -v` shows it; must be there
 *	    path: $IOT_PROJECTS/plotter           # where resources are looked for, see below
 *	    install-dir: /lib                     # where they go on the board; "/" if not given
 *	    include-patterns: ["*.py", "*.json"]  # of folders; one text, or a list
 *	    exclude-patterns: secrets.py
 *	    resources:
 *	        - main.py                         # a file or a folder below `path`
 *	        - drivers: /lib/drivers           # and where it goes
 *	        - boot:                           # or all that was said above, for this one alone
 *	            path: ~/common
 *	            install-dir: /
 *	            unpack: false
 *
 *	struct kiln_devices devices;
 *	kiln_devices_load(NULL, &devices, &err);
 *	const struct kiln_device *d = kiln_devices_find(&devices, "plotter");
 *	...
 *	kiln_devices_done(&devices);
 *
 * A `path` that is relative is meant below $IOT_PROJECTS; a leading ~ and $VARIABLES are expanded.
 * Of a folder its contents are copied into install-dir, unless it holds __init__.py or `unpack:
 * false` says that the folder itself is wanted. Include patterns are those of Python's recursive
 * glob, relative to the folder ("**" stands for folders at any depth); exclude patterns those of
 * fnmatch, of which '*' also matches '/'. Without any, all .py and .mpy files at any depth are
 * taken, except boot_out.txt. Aliases and merge keys (<<) of YAML are understood.
 *
 * The files are the user's, yet bounded: 1 MB each, 8 MB of texts in all.
 */
struct kiln_texts {
	char **items;
	size_t n;
};

enum kiln_unpack {
	KILN_UNPACK_AUTO, /* the contents, unless the folder holds __init__.py */
	KILN_UNPACK_YES,  /* the contents of the folder */
	KILN_UNPACK_NO,   /* the folder itself */
};

struct kiln_resource {
	char *name;        /* a file or a folder below `path`: relative, without ".." */
	char *path;        /* a folder on the computer: absolute */
	char *install_dir; /* a folder on the board: absolute, without ".." or a slash at its end */
	enum kiln_unpack unpack;
	struct kiln_texts include, exclude;
	size_t line; /* where it stands in the device's file, from 1 */
};

struct kiln_device {
	char *name;
	char *uid;  /* as kiln_board_info has it: lower case, ':' between bytes */
	char *file; /* that it is described in */
	size_t line;
	struct kiln_resource *resources; /* in the order of the file; may be none */
	size_t n_resources;
};

struct kiln_devices {
	struct kiln_device *items;
	size_t n;
	/* One for each file that could not be used (E_CONFIG, with its line); nothing of such a
	 * file is among the items, the other files hold all the same. */
	struct kiln_err *problems;
	size_t n_problems;
	size_t used; /* of the 8 MB */
};

/* The variables of the environment; NULL in place of it: those of the process. */
struct kiln_devices_env {
	const char *(*get)(void *user, const char *name); /* NULL: not set */
	void *user;
};

/*
 * Read the files of the folder, in the order of their names. A folder that is not there, and an
 * empty one, is no failure: no devices. Look at ret_devices->problems too.
 * Fails with: E_NOMEM, E_CONFIG (the folder can't be read, or its name not be expanded).
 */
KILN_CHECK kiln_code kiln_devices_load(const struct kiln_devices_env *env,
				       struct kiln_devices *ret_devices, struct kiln_err *err);
/* The folder that is read. Fails with: E_CONFIG (no home folder, no such variable). */
KILN_CHECK kiln_code kiln_devices_folder(const struct kiln_devices_env *env, char **ret_folder,
					 struct kiln_err *err);

/*
 * Add the devices of one text; `file` is its name in errors and devices. All of it or nothing.
 * Fails with: E_CONFIG (which line, what is wrong there), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_devices_parse(struct kiln_devices *devices,
					const struct kiln_devices_env *env, const char *file,
					const char *text, size_t n, struct kiln_err *err);
void kiln_devices_done(struct kiln_devices *devices);

/* By name, or by uid in any way of writing it; NULL: none. */
const struct kiln_device *kiln_devices_find(const struct kiln_devices *devices, const char *what);
/* What kiln_registry_config.name_of wants, `user` being a struct kiln_devices. */
const char *kiln_devices_name_of(void *devices, const char *uid);

/* Write "24-0A-C4" or "240ac4" as "24:0a:c4". False if it is no uid, or too long for `size`. */
bool kiln_uid_normal(const char *text, char *uid, size_t size);

#endif
