/* SPDX-License-Identifier: Apache-2.0 */
/* Cells and lines for a shell: on this host, on another one, in a container. */
#include "kernel/magic.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "kernel/child.h"

/* The cell as an argument; false: it is too long, and that was said. */
static bool take_script(struct kiln_kernel *k, struct kiln_span script, struct kiln_buf *ret_text)
{
	struct kiln_err err = KILN_ERR_INIT;

	kiln_buf_init(ret_text, KILN_SCRIPT_MAX);
	if (kiln_buf_append(ret_text, script.p, script.n) == KILN_OK)
		return true;
	(void)kiln_fail(&err, KILN_E_TOO_BIG, "cannot run this cell in a shell");
	kiln_hint(&err, "write the script to a file and run that");
	return kiln_kernel_fail_err(k, &err);
}

/* ---- bash ---- */

bool kiln_kernel_bash(struct kiln_kernel *k, struct kiln_span script)
{
	struct kiln_buf text;
	bool good = take_script(k, script, &text);

	if (good) {
		const char *const argv[] = { "bash", "-c", kiln_buf_str(&text), NULL };

		kiln_kernel_board_release(k);
		good = kiln_kernel_child(k, &(struct kiln_child_job){ .argv = argv });
	}
	kiln_buf_done(&text);
	return good;
}

static bool run_bash(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return kiln_kernel_bash(k, args->body);
}

const struct kiln_magic kiln_magic_cell_bash = {
	.name = "bash",
	.cell = true,
	.summary = "Run the cell in bash on the host",
	.more = "Output is shown as it comes, input is empty. A status other than 0 fails the "
		"cell.\n"
		"The port of the connected board is free meanwhile: esptool.py can use it.\n\n"
		"Example:\n  %%bash\n  port=/dev/ttyUSB0\n  esptool.py -p $port flash_id",
	.run = run_bash,
};

/* ---- output into variables ---- */

/* Options that %%ssh and %%service share; each begins its table with these. */
enum { SHELL_OUT, SHELL_ERR, SHELL_OWN };

#define SHELL_OPTIONS                                                                     \
	[SHELL_OUT] = { 0, "out", "V", "keep the output in the environment variable V" }, \
	[SHELL_ERR] = { 0, "err", "V", "likewise what it writes to stderr" }

static bool is_variable(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_')
			return false;
	}
	return name[0] && !isdigit((unsigned char)name[0]);
}

static bool check_variables(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	for (size_t i = SHELL_OUT; i <= SHELL_ERR; i++) {
		if (args->values[i] && !is_variable(args->values[i]))
			return kiln_magic_usage_error(
				k, args, "argument --%s: '%s' is no name of a variable",
				args->magic->options[i].name, args->values[i]);
	}
	return true;
}

/* As $(...) does: without the newlines at the end. */
static bool keep(struct kiln_kernel *k, const char *name, struct kiln_buf *text)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (!name)
		return true;
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	if (!text->failed && !memchr(text->data, '\0', text->len) &&
	    setenv(name, kiln_buf_str(text), 1) == 0)
		return true;
	(void)kiln_fail(&err, text->failed ? KILN_E_TOO_BIG : KILN_E_INVALID,
			"cannot keep the output in '%s'", name);
	if (!text->failed)
		kiln_why(&err, "it is no text");
	return kiln_kernel_fail_err(k, &err);
}

static bool run_kept(struct kiln_kernel *k, const struct kiln_magic_args *args,
		     const char *const *argv)
{
	const char *out = args->values[SHELL_OUT], *errors = args->values[SHELL_ERR];
	struct kiln_buf texts[] = { KILN_BUF_INIT(KILN_SCRIPT_MAX),
				    KILN_BUF_INIT(KILN_SCRIPT_MAX) };
	const struct kiln_child_job job = { .argv = argv,
					    .out = out ? &texts[0] : NULL,
					    .err = errors ? &texts[1] : NULL };
	bool good = kiln_kernel_child(k, &job);

	/* what a program that failed has said is kept too */
	good = keep(k, out, &texts[0]) && keep(k, errors, &texts[1]) && good;
	kiln_buf_done(&texts[0]);
	kiln_buf_done(&texts[1]);
	return good;
}

static bool has_program(const char *name)
{
	const char *at = getenv("PATH");
	char path[4096];

	while (at && *at) {
		const size_t n = strcspn(at, ":");

		if (kiln_text_format(path, sizeof(path), "%.*s/%s", (int)n, at, name) &&
		    access(path, X_OK) == 0)
			return true;
		at += n + (at[n] == ':');
	}
	return false;
}

static bool fail_missing(struct kiln_kernel *k, const char *what, const char *why, const char *hint)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)kiln_fail(&err, KILN_E_NOT_FOUND, "cannot run %%%%%s", what);
	kiln_why(&err, "%s", why);
	kiln_hint(&err, "%s", hint);
	return kiln_kernel_fail_err(k, &err);
}

/* ---- ssh ---- */

enum { SSH_PORT = SHELL_OWN };

/* There is no terminal here to type a password at: ssh must not look for one. */
static bool run_ssh(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *port = args->values[SSH_PORT] ? args->values[SSH_PORT] : "22";
	struct kiln_buf script;
	uint64_t number;
	bool good;

	if (!kiln_text_to_u64(port, &number) || number < 1 || number > 65535)
		return kiln_magic_usage_error(k, args, "argument -p/--port: invalid value: '%s'",
					      port);
	if (!check_variables(k, args))
		return false;
	if (!has_program("ssh"))
		return fail_missing(k, "ssh", "there is no program 'ssh'",
				    "install it: sudo apt install openssh-client");
	good = take_script(k, args->body, &script);
	if (good) {
		const char *const argv[] = {
			"ssh", "-T", "-o",           "BatchMode=yes",       "-p",
			port,  "--", args->words[0], kiln_buf_str(&script), NULL,
		};

		good = run_kept(k, args, argv);
	}
	kiln_buf_done(&script);
	return good;
}

const struct kiln_magic kiln_magic_cell_ssh = {
	.name = "ssh",
	.cell = true,
	.words = "USER@HOST",
	.min_words = 1,
	.max_words = 1,
	.summary = "Run the cell in a shell on another machine",
	.more = "This system's ssh does it, with its configuration and keys; it asks for no "
		"password (ssh-copy-id USER@HOST makes a key known there).\n\n"
		"Example:\n  %%ssh pi@raspberrypi.local\n  uname -a",
	.options =
		(const struct kiln_magic_option[]){
			SHELL_OPTIONS,
			[SSH_PORT] = { 'p', "port", "PORT", "port that sshd listens on (22)" },
			{ 0 },
		},
	.run = run_ssh,
};

/* ---- containers ---- */

enum { SERVICE_USER = SHELL_OWN, SERVICE_SHELL };

static const char *find_engine(void)
{
	static const char *const engines[] = { "docker", "podman", "balena-engine" };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (has_program(engines[i]))
			return engines[i];
	}
	return NULL;
}

static bool run_in_container(struct kiln_kernel *k, const struct kiln_magic_args *args,
			     const char *engine, const char *script)
{
	const char *user = args->values[SERVICE_USER], *shell = args->values[SERVICE_SHELL];
	const char *argv[10];
	size_t n = 0;

	argv[n++] = engine;
	argv[n++] = "exec";
	if (user) {
		argv[n++] = "-u";
		argv[n++] = user;
	}
	argv[n++] = args->words[0];
	argv[n++] = shell ? shell : "/bin/bash";
	argv[n++] = "-c";
	argv[n++] = script;
	argv[n] = NULL;
	return run_kept(k, args, argv);
}

static bool run_service(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *engine = find_engine();
	struct kiln_buf script;
	bool good;

	if (!check_variables(k, args))
		return false;
	if (args->words[0][0] == '-')
		return kiln_magic_usage_error(k, args, "no container is called '%s'",
					      args->words[0]);
	if (!engine)
		return fail_missing(k, "service", "there is neither docker nor podman",
				    "install one: sudo apt install podman");
	good = take_script(k, args->body, &script);
	if (good) {
		kiln_kernel_board_release(k); /* a container may flash */
		good = run_in_container(k, args, engine, kiln_buf_str(&script));
	}
	kiln_buf_done(&script);
	return good;
}

const struct kiln_magic kiln_magic_cell_service = {
	.name = "service",
	.cell = true,
	.words = "CONTAINER",
	.min_words = 1,
	.max_words = 1,
	.summary = "Run the cell in bash in a container",
	.more = "By 'docker exec', or podman's where there is no docker. The container runs "
		"already.\n\nExample:\n  %%service esp-idf\n  idf.py --version",
	.options =
		(const struct kiln_magic_option[]){
			SHELL_OPTIONS,
			[SERVICE_USER] = { 'u', "user", "USER", "user or uid in the container" },
			[SERVICE_SHELL] = { 's', "shell", "SHELL", "shell to use (/bin/bash)" },
			{ 0 },
		},
	.run = run_service,
};
