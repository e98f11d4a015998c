/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stub: a small program for the chip's RAM that answers like the ROM's loader, only faster
 * and with more commands. It says "OHAI" when it runs.
 */
#include "loader/bringup.h"

#include "loader/stubs.h"

enum {
	OHAI_TIMEOUT = 3000,
};

const struct kiln_stub *kiln_stub_for(const struct kiln_chip *chip, unsigned revision)
{
	const char *name = revision < chip->stub_min_rev ? chip->old_stub : chip->option;

	for (unsigned i = 0; name && i < kiln_n_stubs; i++) {
		if (strcmp(kiln_stubs[i].chip, name) == 0)
			return &kiln_stubs[i];
	}
	return NULL;
}

const struct kiln_stub_plugin *kiln_stub_plugin_find(const struct kiln_stub *stub, const char *name)
{
	for (unsigned i = 0; i < stub->n_plugins; i++) {
		if (strcmp(stub->plugins[i].name, name) == 0)
			return &stub->plugins[i];
	}
	return NULL;
}

kiln_code kiln_stub_put_data(const struct kiln_stub *stub, const struct kiln_stub_plugin *plugin,
			     struct kiln_buf *out)
{
	static const uint8_t zeros[256];
	const size_t table = out->len + stub->plugin_table;

	KILN_TRY(kiln_buf_append(out, stub->data, stub->data_size));
	for (unsigned i = 0; i < KILN_PLUGIN_OPS; i++) {
		if (plugin->handlers[i])
			kiln_put_le32(out->data + table + 4 * i, plugin->handlers[i]);
	}
	for (uint32_t left = plugin->bss_size, n; left > 0; left -= n) {
		n = left < sizeof(zeros) ? left : sizeof(zeros);
		KILN_TRY(kiln_buf_append(out, zeros, n));
	}
	return KILN_OK;
}

kiln_code kiln_loader_why_no_stub(struct kiln_loader *l, const char **ret_why, struct kiln_err *err)
{
	uint32_t value = 0;

	*ret_why = NULL;
	if (l->secure_download) {
		*ret_why = "the chip is in secure download mode";
	} else if (!kiln_stub_for(l->chip, l->revision)) {
		*ret_why = "there is none for this chip";
	} else if (l->chip->secure_boot_reg && !l->chip->stub_hook) {
		KILN_TRY(kiln_loader_read_reg(l, l->chip->secure_boot_reg, &value, err));
		if (value & l->chip->secure_boot_mask)
			*ret_why = "the chip has secure boot enabled";
	}
	return KILN_OK;
}

/*
 * The first request is short and quickly done: while the ROM does it, what comes behind waits in
 * the UART's FIFO. (So does the real one of an ESP32, in emulation.)
 */
static kiln_code command_two(struct kiln_loader *l, const struct kiln_request *first,
			     const struct kiln_request *second, struct kiln_err *err)
{
	struct kiln_reply reply;
	kiln_ms ms;

	KILN_TRY(kiln_loader_absorb(l, err));
	KILN_TRY(kiln_loader_send(l, first, err));
	KILN_TRY(kiln_loader_send(l, second, err));
	ms = KILN_LOADER_TIMEOUT + 2 * kiln_loader_wire_ms(l, l->wire.len);
	KILN_TRY(kiln_loader_receive(l, first, ms, &reply, err));
	return kiln_loader_receive(l, second, ms, &reply, err);
}

kiln_code kiln_loader_load_ram(struct kiln_loader *l, uint32_t address, struct kiln_span part,
			       struct kiln_err *err)
{
	const unsigned size = kiln_loader_ram_block_size(l);
	const struct kiln_begin begin = {
		.size = (uint32_t)part.n,
		.n_blocks = (uint32_t)(part.n + size - 1) / size,
		.block_size = size,
		.offset = address,
	};
	const struct kiln_request open = kiln_request_begin(KILN_OP_MEM_BEGIN, &begin);
	const bool together = l->quick && !l->is_stub;
	struct kiln_request request;
	struct kiln_span block;
	struct kiln_reply reply;

	if (!together)
		KILN_TRY(kiln_loader_command(l, &open, KILN_LOADER_TIMEOUT, &reply, err));
	for (uint32_t seq = 0; seq < begin.n_blocks; seq++) {
		(void)kiln_span_take(&part, part.n < size ? part.n : size, &block);
		request = kiln_request_data(KILN_OP_MEM_DATA, seq, block);
		if (seq == 0 && together)
			KILN_TRY(command_two(l, &open, &request, err));
		else
			KILN_TRY(
				kiln_loader_command(l, &request, KILN_LOADER_TIMEOUT, &reply, err));
	}
	return KILN_OK;
}

static kiln_code upload_with_plugin(struct kiln_loader *l, const struct kiln_stub *stub,
				    struct kiln_err *err)
{
	const struct kiln_stub_plugin *plugin = l->plugin;
	struct kiln_buf data = KILN_BUF_INIT(stub->data_size + plugin->bss_size);
	kiln_code code = kiln_stub_put_data(stub, plugin, &data);

	if (code != KILN_OK)
		code = kiln_fail(err, code, "cannot upload the stub");
	else
		code = kiln_loader_load_ram(l, stub->data_start, kiln_buf_span(&data), err);
	kiln_buf_done(&data);
	KILN_TRY(code);
	return kiln_loader_load_ram(l, plugin->text_start,
				    kiln_span(plugin->text, plugin->text_size), err);
}

static kiln_code upload_once(struct kiln_loader *l, const struct kiln_stub *stub,
			     struct kiln_err *err)
{
	KILN_TRY(kiln_loader_load_ram(l, stub->text_start, kiln_span(stub->text, stub->text_size),
				      err));
	if (l->plugin)
		return upload_with_plugin(l, stub, err);
	if (stub->data_size == 0)
		return KILN_OK;
	return kiln_loader_load_ram(l, stub->data_start, kiln_span(stub->data, stub->data_size),
				    err);
}

static kiln_code find_stub(const struct kiln_loader *l, const struct kiln_stub **ret_stub,
			   struct kiln_err *err)
{
	*ret_stub = kiln_stub_for(l->chip, l->revision);
	if (*ret_stub)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot run a stub on this chip");
	kiln_why(err, "there is none for the %s", l->chip->name);
	return KILN_E_UNSUPPORTED;
}

kiln_code kiln_loader_upload_stub(struct kiln_loader *l, struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	const struct kiln_stub *stub;
	kiln_code code = KILN_OK;

	KILN_TRY(find_stub(l, &stub, err));
	/* a block whose reply was lost can't be sent twice: the whole part begins anew */
	for (int i = 0; i < KILN_LOADER_TRIES; i++) {
		code = upload_once(l, stub, &fault);
		/* refused: a ROM that misread MEM_BEGIN says so only of the data */
		if (code == KILN_OK ||
		    (code != KILN_E_REFUSED && !kiln_loader_is_wire_fault(code, &fault)))
			break;
	}
	if (code != KILN_OK) {
		kiln_because(&fault, "cannot upload the stub");
		if (err)
			*err = fault;
	}
	return code;
}

/* MEM_END's own reply, if it comes at all, is passed over. */
static kiln_code wait_hello(struct kiln_loader *l, struct kiln_err *err)
{
	static const char hello[] = "OHAI";
	const kiln_ms deadline = kiln_link_after(l->link, OHAI_TIMEOUT);
	struct kiln_span frame;
	kiln_code code;

	do {
		code = kiln_loader_frame(l, deadline, &frame, err);
		if (code == KILN_E_TIMEOUT) {
			(void)kiln_fail(err, code, "cannot start the stub");
			kiln_why(err, "it was uploaded, but does not say that it runs");
			kiln_hint(err, "try again; if it never starts, work without it "
				       "(--no-stub)");
			return code;
		}
		if (code != KILN_OK)
			return code;
	} while (!kiln_span_equal(frame, kiln_span(hello, sizeof(hello) - 1)));
	l->is_stub = true;
	return KILN_OK;
}

/* Does its ROM run nothing from RAM, and has another way there? */
static kiln_code needs_hook(struct kiln_loader *l, bool *ret_needs, struct kiln_err *err)
{
	uint32_t value = 0;

	if (l->chip->stub_hook)
		KILN_TRY(kiln_loader_read_reg(l, l->chip->secure_boot_reg, &value, err));
	*ret_needs = l->chip->stub_hook && value & l->chip->secure_boot_mask;
	return KILN_OK;
}

/*
 * The ESP32-S3's ROM with secure boot enabled does not jump to what was loaded, but reads flash by
 * a pointer in its RAM: that is bent to the stub for one read, which is never answered (esptool
 * documentation, "Flasher Stub").
 */
static kiln_code start_by_hook(struct kiln_loader *l, uint32_t entry, struct kiln_err *err)
{
	const struct kiln_request stay = kiln_request_mem_end(0),
				  read = kiln_request_read_flash_slow(0, 0);
	struct kiln_reg_write hook = { l->chip->stub_hook, entry, UINT32_MAX, 0 };
	struct kiln_reply reply;
	uint32_t old;

	KILN_TRY(kiln_loader_command(l, &stay, KILN_LOADER_TIMEOUT, &reply, err));
	KILN_TRY(kiln_loader_read_reg(l, hook.address, &old, err));
	KILN_TRY(kiln_loader_write_regs(l, &hook, 1, err));
	KILN_TRY(kiln_loader_send(l, &read, err));
	KILN_TRY(wait_hello(l, err));
	hook.value = old;
	return kiln_loader_write_regs(l, &hook, 1, err);
}

kiln_code kiln_loader_start_stub(struct kiln_loader *l, struct kiln_err *err)
{
	const struct kiln_stub *stub;
	struct kiln_request request;
	bool by_hook;

	KILN_TRY(find_stub(l, &stub, err));
	KILN_TRY(needs_hook(l, &by_hook, err));
	l->has_spi_user = false; /* it sets the controller up for itself */
	if (by_hook) {
		KILN_TRY(start_by_hook(l, stub->entry, err));
	} else {
		request = kiln_request_mem_end(stub->entry);
		KILN_TRY(kiln_loader_send(l, &request, err));
		KILN_TRY(wait_hello(l, err));
	}
	l->ahead = kiln_loader_usb_mode(l) == KILN_USB_NONE ? stub->ahead : 0;
	return KILN_OK;
}
