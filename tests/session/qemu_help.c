/* SPDX-License-Identifier: Apache-2.0 */
#include "qemu_help.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define FIRMWARE "/usr/share/firmware-microbit-micropython/firmware.hex"

static void become_qemu(int out)
{
	(void)dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	(void)execlp("qemu-system-arm", "qemu-system-arm", "-M", "microbit", "-display", "none",
		     "-monitor", "none", "-serial", "pty", "-device", "loader,file=" FIRMWARE,
		     (char *)NULL);
	_exit(127);
}

/* "char device redirected to /dev/pts/3 (label serial0)" */
static bool read_port(int fd, char port[64])
{
	FILE *f = fdopen(fd, "r");
	char line[256];
	bool found = false;

	while (!found && f && fgets(line, sizeof(line), f)) {
		const char *name = strstr(line, "/dev/pts/");

		found = name && sscanf(name, "%63[a-z0-9/]", port) == 1;
	}
	if (f)
		fclose(f);
	return found;
}

bool microbit_begin(struct microbit *m)
{
	struct termios raw;
	int fds[2];

	*m = (struct microbit){ .held = -1 };
	if (access(FIRMWARE, R_OK) != 0 || pipe2(fds, O_CLOEXEC) != 0)
		return false;
	m->pid = fork();
	if (m->pid == 0)
		become_qemu(fds[1]);
	close(fds[1]);
	if (m->pid < 0 || !read_port(fds[0], m->port)) {
		microbit_end(m);
		return false;
	}
	m->held = open(m->port, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m->held >= 0 && tcgetattr(m->held, &raw) == 0) {
		cfmakeraw(&raw);
		(void)tcsetattr(m->held, TCSANOW, &raw);
	}
	return m->held >= 0;
}

void microbit_end(struct microbit *m)
{
	if (m->held >= 0)
		close(m->held);
	if (m->pid > 0) {
		(void)kill(m->pid, SIGKILL);
		(void)waitpid(m->pid, NULL, 0);
	}
	*m = (struct microbit){ .held = -1 };
}
