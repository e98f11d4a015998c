/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"

static bool is_smart(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

bool term_line_init(struct term_line *line, FILE *file)
{
	struct winsize size = { 0 };

	*line = (struct term_line){ .columns = 80 };
	if (!is_smart(fileno(file)))
		return false;
	line->file = file;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		line->columns = size.ws_col;
	return true;
}

void term_line_show(struct term_line *line, const char *text)
{
	char cut[512];

	if (!line->file)
		return;
	/* not the last column: some terminals wrap there */
	const size_t room = (size_t)line->columns < sizeof(cut) ? (size_t)line->columns : 512;
	kiln_text_copy(cut, room, text);
	fprintf(line->file, "\r\033[K%s", cut);
	fflush(line->file);
	line->shown = true;
}

void term_line_clear(struct term_line *line)
{
	if (!line || !line->shown)
		return;
	fputs("\r\033[K", line->file);
	fflush(line->file);
	line->shown = false;
}

bool term_has_color(int fd)
{
	const char *no = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */

	return is_smart(fd) && !(no && no[0]);
}
