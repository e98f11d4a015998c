/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/log.h>

#include <stdarg.h>

#include "base/text.h"

void kiln_log(const struct kiln_ui *ui, kiln_level level, const char *module, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	if (!ui || !ui->log || level > ui->level)
		return;
	va_start(args, fmt);
	kiln_text_vformat(line, sizeof(line), fmt, args);
	va_end(args);
	ui->log(ui->user, level, module, line);
}
