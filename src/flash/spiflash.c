/* SPDX-License-Identifier: Apache-2.0 */
/* The flash chip behind the chip: where it is wired, its JEDEC id, its size. */
#include "flash/flasher.h"

#include "chip/flash_pins.h"
#include "flash/spi.h"
#include "flash/xmc.h"

/* Secure download mode: all that a ROM can reach, since the real size is not to be had. */
enum { SECURE_SIZE = 16 << 20, RDID_BITS = 24 };

kiln_code kiln_flasher_read_id(struct kiln_flasher *f, uint32_t *ret_id, struct kiln_err *err)
{
	const struct kiln_spi_command c = { .code = KILN_SPI_RDID, .bits_in = RDID_BITS };
	uint32_t id;

	KILN_TRY(kiln_spi_run(&f->loader, &c, !f->one_by_one, &id, err));
	*ret_id = id & 0xFFFFFF;
	return KILN_OK;
}

bool kiln_jedec_is_valid(uint32_t id)
{
	return id != 0 && id != 0xFFFFFF && id != 0xFFFF3F;
}

/* The third byte is the size's exponent, in one of three countings that makers use. */
uint64_t kiln_jedec_size(uint32_t id)
{
	static const struct range {
		uint8_t first, last, exponent; /* of `first` */
	} ranges[] = {
		{ 0x12, 0x1C, 18 }, /* 256 KB to 256 MB */
		{ 0x20, 0x22, 26 }, /* 64 MB to 256 MB */
		{ 0x32, 0x3A, 18 }, /* 256 KB to 64 MB */
	};
	enum { ADESTO = 0x1F };
	const unsigned code = id >> 16 & 0xFF, adesto = id >> 8 & 0x1F;

	if ((id & 0xFF) == ADESTO) /* its second byte says it: 512 KB is 4 */
		return adesto >= 4 && adesto <= 9 ? 1ull << (15 + adesto) : 0;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return 1ull << (ranges[i].exponent + code - ranges[i].first);
	}
	return 0;
}

kiln_code kiln_flasher_check_reach(const struct kiln_flasher *f, uint64_t end, struct kiln_err *err)
{
	const bool can = f->loader.is_stub && f->loader.chip->over_16mb;

	if (end <= KILN_FLASH_24BIT || can)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot reach flash beyond 16 MB");
	if (f->loader.chip->over_16mb) {
		kiln_why(err, "only the stub can, and it does not run");
		kiln_hint(err, "leave out --no-stub");
	} else {
		kiln_why(err, "the loader of the %s has no commands for it", f->loader.chip->name);
	}
	return KILN_E_UNSUPPORTED;
}

kiln_code kiln_flasher_wired_word(struct kiln_flasher *f, uint32_t *ret_word, struct kiln_err *err)
{
	const struct kiln_flash_wiring *w = &f->options.wiring;
	const char *warning = NULL;

	if (f->loader.chip->rom_is_old)
		return kiln_fail(err, KILN_E_UNSUPPORTED,
				 "Setting --spi-connection is not supported by %s.",
				 f->loader.chip->name);
	*ret_word = w->kind == KILN_WIRING_HSPI;
	if (w->kind != KILN_WIRING_PINS)
		return KILN_OK;
	KILN_TRY(kiln_flash_pins_check(f->loader.chip, w->pins, &warning, err));
	if (warning)
		kiln_flasher_warn(f, "%s", warning);
	*ret_word = kiln_flash_pins_word(w->pins);
	return KILN_OK;
}

void kiln_flasher_tell_wiring(const struct kiln_flasher *f, uint32_t word, bool asked_for)
{
	struct kiln_flash_event event = { .stage = KILN_FLASH_WIRING,
					  .total = asked_for,
					  .block = f->options.nand };
	char pins[64];

	if (word > 1) {
		kiln_flash_pins_text(word, pins, sizeof(pins));
		event.item = pins;
	} else if (asked_for) {
		event.item = word ? "HSPI" : "SPI";
	}
	event.done = !asked_for && word; /* as the chip's eFuses say */
	kiln_flasher_emit(f, event);
}

static kiln_code attach_old_rom(struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_begin begin = { .block_size = KILN_LOADER_BLOCK_ROM };
	const struct kiln_request request = kiln_request_begin(KILN_OP_FLASH_BEGIN, &begin);

	kiln_flasher_tell_wiring(f, 0, false);
	return kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT, NULL, err);
}

/* A stub does this by itself as it starts, but for pins that it can't know. */
static kiln_code connect_flash(struct kiln_flasher *f, struct kiln_err *err)
{
	struct kiln_loader *l = &f->loader;
	const struct kiln_chip_reader reader = kiln_loader_reader(l);
	const bool asked_for = f->options.wiring.kind != KILN_WIRING_DEFAULT;
	struct kiln_request request;
	uint32_t word = 0;

	if (asked_for)
		KILN_TRY(kiln_flasher_wired_word(f, &word, err));
	else if (l->is_stub)
		return KILN_OK;
	else if (l->chip->rom_is_old)
		return attach_old_rom(f, err);
	else if (l->chip->read_spi_pins && !l->secure_download)
		KILN_TRY(l->chip->read_spi_pins(l->chip, &reader, &word, err));
	kiln_flasher_tell_wiring(f, word, asked_for);
	request = kiln_request_spi_attach(word, !l->is_stub);
	return kiln_loader_ask(l, &request, KILN_LOADER_TIMEOUT, NULL, err);
}

static kiln_code find_id(struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_read_id(f, &f->info.flash_id, err));
	if (kiln_jedec_is_valid(f->info.flash_id))
		return KILN_OK;
	/* a loader that takes one record only, or a garbled reply */
	f->one_by_one = true;
	return kiln_flasher_read_id(f, &f->info.flash_id, err);
}

/*
 * What an application left in the flash chip (a fast mode, say) would outlive the chip's reset,
 * and its ROM could not read it then.
 */
static kiln_code reset_flash(struct kiln_flasher *f, struct kiln_err *err)
{
	KILN_TRY(kiln_spi_run_two(&f->loader, KILN_SPI_RESET_ENABLE, KILN_SPI_RESET, !f->one_by_one,
				  err));
	return kiln_link_sleep(f->loader.link, 1, err);
}

static void warn_silent(const struct kiln_flasher *f)
{
	const bool pins = f->options.wiring.kind != KILN_WIRING_DEFAULT;

	kiln_flasher_warn(f,
			  "the flash chip does not answer (id 0x%06x): check its wiring "
			  "and what else is connected to its pins%s",
			  f->info.flash_id, pins ? ", or try other pins" : "");
}

kiln_code kiln_flasher_find_flash(struct kiln_flasher *f, struct kiln_err *err)
{
	if (f->attached)
		return KILN_OK;
	KILN_TRY(connect_flash(f, err));
	f->attached = true;
	if (f->loader.secure_download) /* no register: nobody can ask the flash chip */
		return KILN_OK;
	KILN_TRY(find_id(f, err));
	KILN_TRY(kiln_flasher_wake_xmc(f, err));
	if (!kiln_jedec_is_valid(f->info.flash_id)) {
		warn_silent(f);
		return KILN_OK;
	}
	f->info.flash_size = kiln_jedec_size(f->info.flash_id);
	return reset_flash(f, err);
}

static void warn_of_size(const struct kiln_flasher *f, int64_t size)
{
	if (size == KILN_FLASH_DETECT && !f->info.flash_size)
		kiln_flasher_warn(f,
				  "the flash size could not be detected (id 0x%06x): 4 MB is taken",
				  f->info.flash_id);
	if (size > 0 && f->info.flash_size && (uint64_t)size > f->info.flash_size)
		kiln_flasher_warn(f,
				  "the flash is smaller (%llu bytes) than the size that was given",
				  (unsigned long long)f->info.flash_size);
}

uint64_t kiln_flasher_flash_end(const struct kiln_flasher *f)
{
	return f->given_size > f->info.flash_size ? f->given_size : f->info.flash_size;
}

kiln_code kiln_flasher_attach(struct kiln_flasher *f, int64_t size, struct kiln_err *err)
{
	struct kiln_request request;
	uint64_t told;

	KILN_TRY(kiln_flasher_find_flash(f, err));
	told = f->given_size ? f->given_size : f->info.flash_size;
	if (size <= 0 && f->loader.secure_download)
		told = SECURE_SIZE;
	else
		warn_of_size(f, size);
	if (size > 0)
		told = f->given_size = (uint64_t)size;
	if (told == 0)
		told = KILN_FLASH_DEFAULT_SIZE;
	if (!f->loader.is_stub && f->loader.chip->rom_is_old)
		return KILN_OK; /* this ROM takes the size from nobody */
	/* the stub that we brought along asked the flash chip by itself as it started */
	if (f->loader.quick && f->loader.ahead && told == f->info.flash_size)
		return KILN_OK;
	request = kiln_request_spi_set_params((uint32_t)told);
	return kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT, NULL, err);
}
