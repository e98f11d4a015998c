/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and wording: esptool documentation, "write-flash", "Flash Encryption". */
#include "flash/guard.h"

enum { BOOTLOADER_END = 0x8000, KEY_NOTES_END = 0x2000, CRYPT_CONFIG = 0xF };

#define FORCE "use --force only if you know what you do: it may brick the device"

static kiln_code refuse(struct kiln_err *err, const char *verb, const char *hint, const char *why)
{
	(void)kiln_fail(err, KILN_E_DENIED, "cannot %s the flash", verb);
	kiln_why(err, "%s", why);
	kiln_hint(err, "%s", hint);
	return KILN_E_DENIED;
}

static bool any_below(const struct kiln_flash_job *job, uint32_t end)
{
	for (size_t i = 0; i < job->n_files; i++) {
		if (job->files[i].address < end)
			return true;
	}
	return false;
}

static size_t n_encrypted(const struct kiln_flash_job *job)
{
	size_t n = 0;

	for (size_t i = 0; i < job->n_files; i++)
		n += job->files[i].encrypt;
	return n;
}

static kiln_code check_boot(const struct kiln_chip_guards *g, const struct kiln_flash_job *job,
			    struct kiln_err *err)
{
	if (g->secure_boot_v1 && any_below(job, BOOTLOADER_END))
		return refuse(err, "write to", FORCE,
			      "Secure Boot V1 detected, writing to flash regions < 0x8000 is "
			      "disabled to protect the bootloader");
	if (g->encrypts && g->key_manager && any_below(job, KEY_NOTES_END))
		return refuse(err, "write to", FORCE,
			      "Flash encryption with Key Manager detected, writing to flash "
			      "region 0x0-0x2000 is disabled to protect key recovery info");
	return KILN_OK;
}

/* Plain bytes in the flash of a chip that decrypts what it reads. */
static kiln_code check_plain(struct kiln_flasher *f, const struct kiln_chip_guards *g,
			     struct kiln_err *err)
{
	struct kiln_security_info info;

	if (g->encrypts && g->no_encrypted_write)
		return refuse(err, "write to", FORCE,
			      "Detected flash encryption enabled and download manual encrypt "
			      "disabled: data must be encrypted before flashing");
	if (!f->loader.secure_download)
		return KILN_OK;
	KILN_TRY(kiln_flasher_security(f, &info, err));
	if (__builtin_popcount(info.crypt_count) & 1)
		return refuse(err, "write to", FORCE,
			      "Detected flash encryption and secure download mode enabled: "
			      "plaintext would not be understood");
	return KILN_OK;
}

static kiln_code can_encrypt(const struct kiln_flasher *f, const struct kiln_chip_guards *g,
			     struct kiln_err *err)
{
	const struct kiln_loader *l = &f->loader;

	if (l->chip->rom_is_old)
		return kiln_fail(err, KILN_E_UNSUPPORTED, "%s does not support encrypted flashing.",
				 l->chip->name);
	if (!l->is_stub && !l->chip->rom_has_encrypted_word) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED,
				"%s ROM bootloader does not support encrypted writes.",
				l->chip->name);
		kiln_hint(err, "leave out --no-stub: the stub can");
		return KILN_E_UNSUPPORTED;
	}
	if (g->no_encrypted_write)
		return refuse(err, "write to", "write data that is encrypted already",
			      "This chip has encrypt functionality in UART download mode "
			      "disabled. This is the Flash Encryption configuration for "
			      "Production mode instead of Development mode");
	return KILN_OK;
}

/* True if nothing speaks against it; what does is told. */
static bool looks_ready(const struct kiln_flasher *f, const struct kiln_chip_guards *g,
			const struct kiln_flash_job *job)
{
	const unsigned align = kiln_chip_encrypted_align(f->loader.chip);
	bool ready = true;

	if (!f->loader.secure_download && g->crypt_config != CRYPT_CONFIG) {
		kiln_flasher_warn(f, "Unexpected FLASH_CRYPT_CONFIG value: 0x%x", g->crypt_config);
		ready = false;
	}
	if (!f->loader.secure_download && !g->has_key) {
		kiln_flasher_warn(f, "Flash encryption key is not programmed");
		ready = false;
	}
	for (size_t i = 0; i < job->n_files; i++) {
		const struct kiln_flash_file *file = &job->files[i];

		if (!file->encrypt || file->address % align == 0)
			continue;
		kiln_flasher_warn(
			f, "File %s address 0x%x is not %u byte aligned, can't flash encrypted",
			file->name, file->address, align);
		ready = false;
	}
	return ready;
}

kiln_code kiln_flasher_check_erase(struct kiln_flasher *f, struct kiln_err *err)
{
	const struct kiln_chip_reader reader = kiln_loader_reader(&f->loader);
	struct kiln_chip_guards g;

	if (f->loader.secure_download) /* nothing can be asked */
		return KILN_OK;
	KILN_TRY(kiln_chip_read_guards(f->loader.chip, f->info.revision, /* with_key= */ false,
				       &reader, &g, err));
	if (!g.encrypts && !g.secure_boot && !g.secure_boot_v1)
		return KILN_OK;
	return refuse(err, "erase", FORCE,
		      "Active security features detected, erasing flash is disabled as a safety "
		      "measure");
}

struct guards_wanted {
	const struct kiln_flasher *f;
	bool with_key;
};

static kiln_code read_guards(const struct kiln_chip_reader *reader, void *user)
{
	const struct guards_wanted *wanted = user;
	struct kiln_chip_guards ignored;

	return kiln_chip_read_guards(wanted->f->loader.chip, wanted->f->info.revision,
				     wanted->with_key, reader, &ignored, NULL);
}

kiln_code kiln_flasher_check_guards(struct kiln_flasher *f, const struct kiln_flash_job *job,
				    struct kiln_chip_guards *ret_guards, struct kiln_err *err)
{
	const struct kiln_chip_reader reader = kiln_loader_reader(&f->loader);
	struct kiln_chip_guards g = { .crypt_config = CRYPT_CONFIG };
	struct guards_wanted wanted = { f, n_encrypted(job) > 0 };
	kiln_code code;

	if (!f->loader.secure_download) {
		KILN_TRY(kiln_loader_read_ahead(&f->loader, read_guards, &wanted, err));
		code = kiln_chip_read_guards(f->loader.chip, f->info.revision, wanted.with_key,
					     &reader, &g, err);
		if (code != KILN_OK)
			return code;
	}
	if (!job->force)
		KILN_TRY(check_boot(&g, job, err));
	if (n_encrypted(job) > 0) {
		KILN_TRY(can_encrypt(f, &g, err));
		if (!looks_ready(f, &g, job) && !job->ignore_encryption_efuses)
			return refuse(err, "write to",
				      "see the documentation of flash encryption; "
				      "--ignore-flash-encryption-efuse-setting writes all the same",
				      "Can't perform encrypted flash write");
	} else if (!job->force) {
		KILN_TRY(check_plain(f, &g, err));
	}
	*ret_guards = g;
	return KILN_OK;
}
