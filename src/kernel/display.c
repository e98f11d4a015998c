/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell shows besides text. */
#include <stdlib.h>

#include "base/text.h"
#include "kernel/kernel_impl.h"

/* What was printed before stands before. */
static void publish(struct kiln_kernel *k, const char *type, json_t *content)
{
	if (k->silent || !k->running) {
		json_decref(content);
		return;
	}
	kiln_stream_flush(&k->out, kiln_now());
	kiln_kernel_publish(k, k->running, type, content);
}

void kiln_kernel_display(struct kiln_kernel *k, json_t *data, const char *display_id, bool update)
{
	json_t *transient = json_object();

	if (display_id)
		(void)json_object_set_new(transient, "display_id", json_string(display_id));
	publish(k, update ? "update_display_data" : "display_data",
		json_pack("{s:o, s:{}, s:o}", "data", data, "metadata", "transient", transient));
}

void kiln_kernel_clear_output(struct kiln_kernel *k, bool wait)
{
	publish(k, "clear_output", json_pack("{s:b}", "wait", wait));
}

void kiln_kernel_page(struct kiln_kernel *k, json_t *data)
{
	if (!k->payload)
		k->payload = json_array();
	(void)json_array_append_new(k->payload, json_pack("{s:s, s:o, s:i}", "source", "page",
							  "data", data, "start", 0));
}

/* A text that a board sent, as JSON takes it. */
json_t *kiln_kernel_json_text(const char *text, size_t n)
{
	json_t *value = json_stringn(text, n);
	char *copy;

	if (value)
		return value;
	copy = malloc(n + 1);
	if (!copy)
		return json_string("");
	memcpy(copy, text, n);
	kiln_utf8_mend(copy, n);
	value = json_stringn(copy, n);
	free(copy);
	return value ? value : json_string("");
}

void kiln_kernel_result(struct kiln_kernel *k, const char *text, size_t n)
{
	json_t *value;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	value = kiln_kernel_json_text(text, n);
	json_decref(k->result);
	k->result = json_incref(value);
	publish(k, "execute_result",
		json_pack("{s:I, s:{s:o}, s:{}}", "execution_count", k->number, "data",
			  "text/plain", value, "metadata"));
}
