/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/picture.h"

#include "base/text.h"

enum { STEP_MS = 100 };

bool kiln_display_due(const struct kiln_display *display)
{
	return kiln_now() >= display->next;
}

void kiln_display_show(struct kiln_kernel *k, struct kiln_display *display, const char *mime,
		       const char *rich, const char *plain)
{
	const bool first = !display->id[0];
	json_t *data = json_pack("{s:s}", "text/plain", plain);

	if (first)
		kiln_text_format(display->id, sizeof(display->id), "%s_d%llu", k->session,
				 (unsigned long long)k->n_sent);
	display->next = kiln_now() + STEP_MS;
	if (mime && data)
		(void)json_object_set_new(data, mime, json_string(rich));
	kiln_kernel_display(k, data, display->id, !first);
}
