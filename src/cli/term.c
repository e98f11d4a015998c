/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"

bool term_is_smart(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

bool term_line_init(struct term_line *line, FILE *file)
{
	struct winsize size = { 0 };

	*line = (struct term_line){ .columns = 80, .rows = 24 };
	if (!term_is_smart(fileno(file)))
		return false;
	line->file = file;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		line->columns = size.ws_col;
	if (size.ws_row >= 4)
		line->rows = size.ws_row;
	return true;
}

static void erase(struct term_line *line)
{
	if (line->shown > 1)
		fprintf(line->file, "\r\033[%dA\033[J", line->shown - 1);
	else
		fputs("\r\033[K", line->file);
}

void term_line_show(struct term_line *line, const char *text)
{
	char cut[512];

	if (!line->file)
		return;
	/* not the last column: some terminals wrap there */
	const size_t room = (size_t)line->columns < sizeof(cut) ? (size_t)line->columns
								: sizeof(cut);

	erase(line);
	for (line->shown = 0; *text && line->shown < line->rows - 1; line->shown++) {
		const size_t n = strcspn(text, "\n");

		kiln_text_format(cut, room, "%.*s", (int)n, text);
		fprintf(line->file, "%s%s", line->shown ? "\n" : "", cut);
		text += n + (text[n] == '\n');
	}
	fflush(line->file);
}

void term_line_clear(struct term_line *line)
{
	if (!line || !line->shown)
		return;
	erase(line);
	fflush(line->file);
	line->shown = 0;
}

bool term_has_color(int fd)
{
	const char *no = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */

	return term_is_smart(fd) && !(no && no[0]);
}
