/* SPDX-License-Identifier: Apache-2.0 */
/* kiln-kernel: what a kernel.json starts. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <kiln/version.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "sim/sim.h"

static const char usage[] =
	"usage: kiln-kernel [-v] [-f] CONNECTION_FILE\n"
	"       kiln-kernel -m\n\n"
	"The Jupyter kernel for MicroPython boards. Jupyter starts it;\n"
	"'kiln kernel install' tells Jupyter of it. -m prints its magics, in Markdown.\n";

static void log_line(void *user, kiln_level level, const char *module, const char *line)
{
	static const char *const names[] = { "", "error", "warning", "info", "debug", "trace" };

	(void)user;
	fprintf(stderr, "kiln-kernel: %s: %s: %s\n", names[level], module, line);
}

static int fail(const struct kiln_err *err)
{
	fprintf(stderr, "error: %s%s%s\n", err->what, err->why[0] ? ": " : "", err->why);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return kiln_code_exit(err->code);
}

/* The folder of this executable, if esptool.py is there too, or in ../bin: for PATH. */
static const char *find_tools(char *dst, size_t size)
{
	static const char *const places[] = { "", "/../bin", "/../../bin" };
	char self[4096], file[4400];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		kiln_text_format(file, sizeof(file), "%s%s/esptool.py", self, places[i]);
		if (access(file, X_OK) == 0 && kiln_text_format(dst, size, "%s%s", self, places[i]))
			return dst;
	}
	return NULL;
}

/* Signals are read from a descriptor; threads that ZeroMQ starts must not take them either. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int serve(const char *file, const struct kiln_kernel_config *preset)
{
	struct kiln_kernel_config config = *preset;
	struct kiln_connection connection;
	struct kiln_err err = KILN_ERR_INIT;
	bool shared = false;

	if (kiln_connection_read(file, &connection, &shared, &err) != KILN_OK)
		return fail(&err);
	if (shared)
		kiln_log(&config.ui, KILN_LOG_WARNING, "kernel",
			 "others can read '%s': whoever has its key can run code here", file);
	config.connection = &connection;
	if (kiln_kernel_run(&config, &err) != KILN_OK)
		return fail(&err);
	return 0;
}

static int print_manual(void)
{
	struct kiln_buf text = KILN_BUF_INIT(1 << 20);
	bool good;

	kiln_kernel_manual(&text);
	good = !text.failed && fputs(kiln_buf_str(&text), stdout) != EOF && fflush(stdout) == 0;
	kiln_buf_done(&text);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	char tools[4400];
	struct kiln_kernel_config config = {
		.schemes = schemes,
		.ui = { .log = log_line, .level = KILN_LOG_WARNING },
		.tools = find_tools(tools, sizeof(tools)),
		.version = kiln_version(),
	};
	const char *file = NULL;
	int option;

	while ((option = getopt(argc, argv, "f:vhm")) != -1) {
		if (option == 'f') {
			file = optarg;
		} else if (option == 'v') {
			config.ui.level = KILN_LOG_DEBUG;
		} else if (option == 'm') {
			return print_manual();
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (!file && optind < argc)
		file = argv[optind++];
	if (!file || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	block_signals();
	return serve(file, &config);
}
