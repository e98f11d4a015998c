/* SPDX-License-Identifier: Apache-2.0 */
/* A program for the chip's memory: loaded by MEM_BEGIN and MEM_DATA, and run. Flash stays. */
#include "flash/flasher.h"

#include "image/load.h"
#include "loader/bringup.h"

enum { LEAVE_MS = 200 };

static kiln_code cannot(const char *name, kiln_code code, struct kiln_err *err)
{
	kiln_because(err, "cannot load '%s' to RAM", name);
	return code;
}

/* The stub that loads it stands in the same memory. */
static kiln_code check_stub(const struct kiln_loader *l, const char *name,
			    const struct kiln_loaded_segment *s, struct kiln_err *err)
{
	const struct kiln_stub *stub = l->is_stub ? kiln_stub_for(l->chip, l->revision) : NULL;
	const uint32_t places[2][2] = {
		{ stub ? stub->data_start : 0, stub ? stub->data_size : 0 },
		{ stub ? stub->text_start : 0, stub ? stub->text_size : 0 },
	};

	for (int i = 0; i < 2 && stub; i++) {
		const uint32_t start = places[i][0], end = start + places[i][1];

		if (s->address >= end || (uint64_t)s->address + s->length <= start)
			continue;
		(void)kiln_fail(err, KILN_E_OVERLAP, "cannot load '%s' to RAM", name);
		kiln_why(err,
			 "Software loader is resident at 0x%08x-0x%08x. Can't load binary at "
			 "overlapping address range 0x%08x-0x%08x.",
			 start, end, s->address, s->address + s->length);
		kiln_hint(err, "change where the binary is loaded, or use --no-stub");
		return KILN_E_OVERLAP;
	}
	return KILN_OK;
}

static kiln_code check(const struct kiln_flasher *f, const char *name,
		       const struct kiln_loaded *image, struct kiln_err *err)
{
	if (f->loader.secure_download) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot load '%s' to RAM", name);
		kiln_why(err, "the chip is in secure download mode");
		return KILN_E_UNSUPPORTED;
	}
	for (unsigned i = 0; i < image->n_segments; i++)
		KILN_TRY(check_stub(&f->loader, name, &image->segments[i], err));
	return KILN_OK;
}

/* A ROM may be gone before its answer is out: the program resets the UART, or changes its baud. */
static kiln_code start(struct kiln_flasher *f, uint32_t entry, struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_mem_end(entry);
	const kiln_ms from_rom = kiln_limit(f->loader.limits.start_from_rom, LEAVE_MS);
	struct kiln_err ignored = KILN_ERR_INIT;
	struct kiln_reply reply;
	kiln_code code;

	code = kiln_loader_command(&f->loader, &request,
				   f->loader.is_stub ? KILN_LOADER_TIMEOUT : from_rom, &reply,
				   f->loader.is_stub ? err : &ignored);
	if (f->loader.is_stub || code == KILN_E_CANCELLED || code == KILN_E_PORT_GONE)
		return code;
	return KILN_OK;
}

kiln_code kiln_flasher_load_ram(struct kiln_flasher *flasher, const struct kiln_flash_file *file,
				struct kiln_err *err)
{
	struct kiln_flash_event event = { .stage = KILN_FLASH_LOADING, .item = file->name };
	struct kiln_loaded image;
	kiln_code code = kiln_image_load(kiln_span(file->data, file->size), flasher->loader.chip,
					 KILN_DIALECT_4, NULL, &image, err);

	if (code != KILN_OK)
		return cannot(file->name, code, err);
	KILN_TRY(check(flasher, file->name, &image, err));
	for (unsigned i = 0; i < image.n_segments; i++) {
		const struct kiln_loaded_segment *s = &image.segments[i];

		event.address = s->address;
		event.total = s->length;
		event.block = i + 1;
		event.blocks = image.n_segments;
		kiln_flasher_emit(flasher, event);
		code = kiln_loader_load_ram(&flasher->loader, s->address, s->data, err);
		if (code != KILN_OK)
			return cannot(file->name, code, err);
	}
	event.stage = KILN_FLASH_LOADED;
	event.blocks = image.n_segments;
	event.address = image.entry;
	kiln_flasher_emit(flasher, event);
	return start(flasher, image.entry, err);
}
