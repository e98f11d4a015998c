/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that look into the chip's memory. */
#include <stdio.h>

#include "cli/esptool.h"
#include "cli/whole.h"
#include "flash/flasher.h"

kiln_code esptool_peek_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	if (words->n != 1)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address>");
	return files_address(words->items[0], &t->params.memory.address, err);
}

kiln_code esptool_peek_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const uint32_t address = t->params.memory.address;
	uint32_t value;

	KILN_TRY(kiln_flasher_peek(f, address, &value, err));
	esptool_say(t, "0x%08x = 0x%08x", address, value);
	return KILN_OK;
}

kiln_code esptool_poke_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	struct esptool_memory *m = &t->params.memory;

	if (words->n != 2 && words->n != 3)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address> <value> [<mask>]");
	m->mask = UINT32_MAX;
	KILN_TRY(files_address(words->items[0], &m->address, err));
	KILN_TRY(files_address(words->items[1], &m->value, err));
	return words->n == 3 ? files_address(words->items[2], &m->mask, err) : KILN_OK;
}

kiln_code esptool_poke_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_memory *m = &t->params.memory;

	KILN_TRY(kiln_flasher_poke(f, m->address, m->value, m->mask, err));
	if (t->v5)
		esptool_say(t, "Wrote 0x%08x with mask 0x%08x to 0x%08x.", m->value, m->mask,
			    m->address);
	else
		esptool_say(t, "Wrote %08x, mask %08x to %08x", m->value, m->mask, m->address);
	return KILN_OK;
}

kiln_code esptool_dump_check(struct esptool *t, const struct opt_list *words, struct kiln_err *err)
{
	enum { MOST = 64 << 20 }; /* more than any chip has; a word is a round trip */
	struct esptool_memory *m = &t->params.memory;

	if (words->n != 3)
		return kiln_fail(err, KILN_E_INVALID, "it takes <address> <size> <file>");
	KILN_TRY(files_address(words->items[0], &m->address, err));
	KILN_TRY(esptool_size(words->items[1], &m->size, NULL, err));
	m->path = words->items[2];
	if (m->size > MOST || m->address % 4 || m->size % 4) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot dump 0x%x bytes at 0x%x", m->size,
				m->address);
		kiln_why(err, m->size > MOST ? "no chip has so much memory"
					     : "memory is read in words: both must be multiples "
					       "of 4");
		return KILN_E_INVALID;
	}
	return KILN_OK;
}

/* Each KB; version 5 says the end too. */
static void say_dumped(struct esptool *t, size_t done)
{
	const struct esptool_memory *m = &t->params.memory;
	char bar[96];

	if (t->v5 && (done % 1024 == 0 || done == m->size)) {
		dialect_bar(bar, sizeof(bar), done, m->size);
		esptool_say_over(t, "Dumping from 0x%08x %s", (unsigned)(m->address + done - 4),
				 bar);
	} else if (!t->v5 && done % 1024 == 0) {
		esptool_say_over(t, "%zu bytes read... (%zu %%)", done,
				 (size_t)((uint64_t)done * 100 / m->size));
	}
}

static kiln_code dump(struct esptool *t, struct kiln_flasher *f, struct kiln_buf *data,
		      struct kiln_err *err)
{
	const struct esptool_memory *m = &t->params.memory;

	while (data->len < m->size) {
		uint8_t word[4];
		uint32_t value;

		KILN_TRY(kiln_flasher_peek(f, m->address + (uint32_t)data->len, &value, err));
		kiln_put_le32(word, value);
		if (kiln_buf_append(data, word, sizeof(word)) != KILN_OK)
			return kiln_fail(err, KILN_E_NOMEM, "cannot dump memory");
		say_dumped(t, data->len);
	}
	return whole_write(m->path, kiln_buf_span(data), err);
}

kiln_code esptool_dump_act(struct esptool *t, struct kiln_flasher *f, struct kiln_err *err)
{
	const struct esptool_memory *m = &t->params.memory;
	struct kiln_buf data = KILN_BUF_INIT(m->size);
	const kiln_ms begun = kiln_flasher_now(f);

	if (t->v5)
		esptool_say_passing(t, "Dumping %u bytes from 0x%08x to file '%s'...", m->size,
				    m->address, m->path);
	const kiln_code code = dump(t, f, &data, err);

	if (code == KILN_OK && t->v5) {
		const kiln_ms ms = kiln_flasher_now(f) - begun;

		esptool_say(t,
			    "Dumped %zu bytes from 0x%08x in %.1f seconds (%.1f kbit/s) to '%s'.",
			    data.len, m->address, (double)ms / 1000,
			    (double)data.len * 8 / (double)(ms > 0 ? ms : 1), m->path);
	} else if (code == KILN_OK) {
		esptool_say(t, "Read %zu bytes", data.len);
		esptool_say(t, "Done!");
	}
	kiln_buf_done(&data);
	return code;
}
