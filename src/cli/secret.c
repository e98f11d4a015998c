/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "board/secrets.h"
#include "link/link_impl.h"

/* One line, without its end. Ctrl-C ends it by the waiter. */
static bool read_line(const struct cli *cli, int fd, char *line, size_t size)
{
	ssize_t n;

	if (kiln_host_wait(&cli->host, fd, POLLIN, KILN_FOREVER) != KILN_OK)
		return false;
	n = read(fd, line, size - 1);
	if (n <= 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

static bool ask(const struct cli *cli, const char *url, const char *what, char *ret_secret,
		size_t size)
{
	const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, silent;
	bool got = false;

	if (fd < 0)
		return false;
	if (isatty(STDERR_FILENO) && tcgetattr(fd, &before) == 0) {
		silent = before;
		/* a terminal that a program has made raw would never end the line */
		silent.c_lflag |= ICANON | ISIG;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		silent.c_iflag |= ICRNL;
		(void)tcsetattr(fd, TCSAFLUSH, &silent);
		dprintf(fd, "%s of %s: ", what, url);
		got = read_line(cli, fd, ret_secret, size);
		(void)tcsetattr(fd, TCSAFLUSH, &before);
		dprintf(fd, "\r\n");
	}
	close(fd);
	return got;
}

bool cli_secret(void *user, const char *url, const char *what, char *ret_secret, size_t size)
{
	const struct cli *cli = user;

	return kiln_logins_find(&cli->logins, url, what, ret_secret, size) ||
	       kiln_secret_lookup(NULL, url, what, ret_secret, size) ||
	       (!cli->json && ask(cli, url, what, ret_secret, size));
}

/* A word, or what stands behind -p or --port= in it. */
static char *url_in(char *word)
{
	if (strncmp(word, "--port=", 7) == 0)
		return word + 7;
	return strncmp(word, "-p", 2) == 0 ? word + 2 : word;
}

void cli_take_logins(struct cli *cli, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *url = url_in(argv[i]);

		if (strncmp(url, "ws://", 5) == 0 || strncmp(url, "telnet://", 9) == 0)
			kiln_logins_keep(&cli->logins, url);
	}
}
