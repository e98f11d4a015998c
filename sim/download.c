/* SPDX-License-Identifier: Apache-2.0 */
/* Framing, dispatch and replies of the ROM's and the stubs' loader. */
#include "sim/download.h"

#include "slip/slip.h"

enum {
	HEADER = 8,
	OUT_MAX = 1 << 17,
	LEGACY_FLASH_SIZE = 16 << 20,
};

#define THINK_TIME (50 * SIM_US)      /* from a frame's end to its answer, when there is no work */
#define STUB_START_TIME (10 * SIM_MS) /* it waits so long for the ROM's last reply to go */

void sim_download_init(struct sim_download *d, struct sim_bus *bus)
{
	*d = (struct sim_download){ .bus = bus, .longest = SIM_REQUEST_MAX };
	kiln_buf_init(&d->frame, SIM_REQUEST_MAX);
	kiln_buf_init(&d->fifo, SIM_UART_FIFO);
	kiln_buf_init(&d->out, OUT_MAX);
	sim_writer_init(&d->writer, bus->flash);
	sim_download_reset(d);
}

void sim_download_done(struct sim_download *d)
{
	sim_reading_stop(d);
	sim_writer_done(&d->writer);
	kiln_buf_done(&d->frame);
	kiln_buf_done(&d->fifo);
	kiln_buf_done(&d->out);
}

void sim_download_reset(struct sim_download *d)
{
	sim_reading_stop(d);
	sim_writer_reset(&d->writer);
	kiln_buf_reset(&d->frame);
	kiln_buf_reset(&d->fifo);
	kiln_buf_reset(&d->out);
	d->program = SIM_PROGRAM_ROM;
	d->in_frame = d->escaped = d->bad = false;
	memset(d->request, 0, 64);
	d->reply = (struct sim_reply){ .repeat = 1 };
	d->phase = SIM_IDLE;
	d->cpu_at = SIM_NEVER;
	d->late_error = 0;
	d->attached = false;
	d->flash_size = 4u << 20; /* what the ROM's own chip description says */
	d->loading = (struct sim_loading){ 0 };
	d->wish = SIM_WISH_NONE;
	d->run_ram = false;
}

/* --- out --- */

void sim_send_frame(struct sim_download *d, const void *payload, size_t n)
{
	(void)kiln_slip_encode(&d->out, payload, n);
}

void sim_reply_fail(struct sim_download *d, uint8_t status, uint8_t error)
{
	d->reply.status = status;
	d->reply.error = error;
	if (!sim_is_rom(d)) {
		/* stubs give their code in the first byte, and no data with it */
		d->reply.status = error;
		d->reply.error = 0;
		d->reply.data_len = 0;
	}
}

static void send_reply(struct sim_download *d)
{
	struct sim_reply *r = &d->reply;
	const size_t tail = sim_is_rom(d) ? d->bus->model->habits->status_size : 2;
	uint8_t packet[HEADER + sizeof(r->data)];

	/* a ROM writes its status into the buffer, of which it sends two bytes more */
	r->data[r->data_len] = r->status;
	r->data[r->data_len + 1] = r->error;
	packet[0] = 1;
	packet[1] = r->op;
	kiln_put_le16(packet + 2, (uint16_t)(r->data_len + tail));
	kiln_put_le32(packet + 4, r->value);
	memcpy(packet + HEADER, r->data, r->data_len + tail);
	for (unsigned i = 0; i < r->repeat; i++)
		sim_send_frame(d, packet, HEADER + r->data_len + tail);
}

/* --- the command at hand --- */

uint32_t sim_request_word(const struct sim_download *d, unsigned i)
{
	return kiln_get_le32(d->request + 4 * i);
}

static void run_rom_command(struct sim_download *d, const struct sim_command *c, uint8_t op)
{
	struct sim_reply *r = &d->reply;

	r->status = 0;
	if (!c) { /* answered under the opcode, and as often, as the command before */
		r->data_len = 0;
		sim_reply_fail(d, 1, SIM_ROM_INVALID);
		return;
	}
	r->op = op;
	r->repeat = 1;
	r->data_len = c->data_len[0];
	c->run(d);
}

static uint8_t refusal(const struct sim_download *d, const struct sim_command *c, uint8_t direction,
		       size_t announced)
{
	if (direction != 0)
		return SIM_STUB_INVALID;
	if (d->late_error)
		return d->late_error;
	if (!c)
		return SIM_STUB_INVALID;
	if (announced != d->n_body || d->n_body < c->min_body)
		return SIM_STUB_BAD_LENGTH;
	return 0;
}

static void run_stub_command(struct sim_download *d, const struct sim_command *c, uint8_t op,
			     uint8_t direction, size_t announced)
{
	struct sim_reply *r = &d->reply;
	const uint8_t refused = refusal(d, c, direction, announced);

	*r = (struct sim_reply){ .op = op, .repeat = 1, .data_len = c ? c->data_len[1] : 0 };
	if (refused || !c) {
		sim_reply_fail(d, 1, refused);
		d->late_error = 0;
		return;
	}
	c->run(d);
}

static void run_command(struct sim_download *d, sim_ns now, struct kiln_span frame)
{
	const uint8_t *f = frame.p;
	const uint8_t direction = f[0], op = f[1];
	const size_t announced = frame.n >= 4 ? kiln_get_le16(f + 2) : 0;
	const struct sim_command *c = sim_command_find(d, op);

	d->n_body = frame.n > HEADER ? frame.n - HEADER : 0;
	memcpy(d->request, f + (d->n_body ? HEADER : 0), d->n_body);
	d->checksum = frame.n >= HEADER ? kiln_get_le32(f + 4) : 0;
	d->body = kiln_span(sim_is_rom(d) ? d->request : f + (d->n_body ? HEADER : 0), d->n_body);
	d->cost = THINK_TIME;
	d->now = now;
	d->work_first = sim_is_rom(d);
	d->quiet = false;
	if (sim_is_rom(d))
		run_rom_command(d, direction == 0 ? c : NULL, op);
	else
		run_stub_command(d, c, op, direction, frame.n < HEADER ? SIZE_MAX : announced);
	d->phase = SIM_THINKING;
	d->cpu_at = now + d->cost;
}

static void handle_frame(struct sim_download *d, sim_ns now, struct kiln_span frame)
{
	if (d->reading.on)
		sim_reading_ack(d, frame);
	else if (frame.n >= 2)
		run_command(d, now, frame);
}

/* --- in --- */

static void frame_byte(struct sim_download *d, uint8_t byte)
{
	if (d->escaped) {
		d->escaped = false;
		if (byte == 0xDC)
			byte = 0xC0;
		else if (byte == 0xDD)
			byte = 0xDB;
		/* else it only forgets the escape */
	} else if (byte == 0xDB) {
		d->escaped = true;
		return;
	}
	if (d->frame.len >= d->longest || kiln_buf_putc(&d->frame, byte) != KILN_OK)
		d->bad = true;
}

static void decode(struct sim_download *d, sim_ns now, uint8_t byte)
{
	if (byte != 0xC0) {
		if (d->in_frame)
			frame_byte(d, byte);
		return;
	}
	if (!d->in_frame || d->frame.len == 0) {
		d->in_frame = true;
		d->bad = d->escaped = false;
		kiln_buf_reset(&d->frame);
		return;
	}
	d->in_frame = false;
	if (!d->bad)
		handle_frame(d, now, kiln_buf_span(&d->frame));
	kiln_buf_reset(&d->frame);
}

void sim_download_receive(struct sim_download *d, sim_ns now, uint8_t byte)
{
	if (d->deaf || d->program == SIM_PROGRAM_SILENT)
		return;
	if (!sim_is_rom(d))
		sim_receiver_byte(&d->receiver, now, byte);
	else if (d->phase == SIM_IDLE)
		decode(d, now, byte);
	else
		(void)kiln_buf_putc(&d->fifo, byte);
}

void sim_download_set_baud(struct sim_download *d, unsigned baud)
{
	d->receiver.byte_time = 10 * SIM_S / (sim_ns)baud;
}

/* A stub's main loop. The 2026 one sends a block whole before it looks for the answer to it. */
static void poll_frames(struct sim_download *d, sim_ns now)
{
	struct kiln_span frame;

	while (d->phase == SIM_IDLE && !(d->reading.on && d->program == SIM_PROGRAM_STUB) &&
	       sim_receiver_next(&d->receiver, &frame))
		handle_frame(d, now, frame);
}

/* --- time --- */

sim_ns sim_download_next(const struct sim_download *d)
{
	const sim_ns at = d->phase == SIM_IDLE ? SIM_NEVER : d->cpu_at;

	return sim_is_rom(d) ? at : sim_earlier(at, d->receiver.interrupt_at);
}

static void go_idle(struct sim_download *d, sim_ns now)
{
	size_t used = 0;

	d->phase = SIM_IDLE;
	d->cpu_at = SIM_NEVER;
	if (!sim_is_rom(d)) {
		poll_frames(d, now);
		return;
	}
	while (used < d->fifo.len && d->phase == SIM_IDLE)
		decode(d, now, d->fifo.data[used++]);
	kiln_buf_consume(&d->fifo, used);
}

static void start_stub(struct sim_download *d)
{
	const struct sim_stub *stub = d->next_stub;
	const struct kiln_chip_spi *spi = d->bus->spi;

	d->program = stub->legacy ? SIM_PROGRAM_LEGACY_STUB : SIM_PROGRAM_STUB;
	sim_receiver_start(&d->receiver, stub->legacy);
	if (!stub->legacy)
		(void)sim_bus_write(d->bus, spi->base + spi->usr, d->bus->model->spi_user_stub);
	d->attached = true; /* a stub attaches the flash when it starts; the newer asks it */
	d->nand = (struct sim_nand_session){ 0 };
	sim_plugin_look(d, stub);
	d->flash_size = stub->legacy ? LEGACY_FLASH_SIZE : d->bus->flash->size;
	d->loading = (struct sim_loading){ 0 };
	sim_send_frame(d, "OHAI", 4);
}

static void after_reply(struct sim_download *d, sim_ns now)
{
	if (!d->run_ram) {
		go_idle(d, now);
		return;
	}
	d->run_ram = false;
	if (!d->next_stub) {
		d->program = SIM_PROGRAM_SILENT;
		go_idle(d, now);
		return;
	}
	d->phase = SIM_STARTING;
	d->cpu_at = now + STUB_START_TIME;
}

/* The status of flash work: a ROM's reply waits for it, a stub's next one tells. */
static void note_work(struct sim_download *d)
{
	static const uint8_t stub_error[] = {
		[SIM_WRITE_BAD_STREAM] = SIM_STUB_INFLATE,
		[SIM_WRITE_TOO_MUCH] = SIM_STUB_TOO_MUCH,
	};
	const sim_write_error error = d->writer.error;

	if (error == SIM_WRITE_OK)
		return;
	if (d->work_first)
		sim_reply_fail(d, 1, sim_is_rom(d) ? SIM_ROM_INFLATE : stub_error[error]);
	else
		d->late_error = stub_error[error];
	sim_writer_end(&d->writer);
	d->writer.error = SIM_WRITE_OK;
}

static void end_work(struct sim_download *d, sim_ns now)
{
	note_work(d);
	if (d->work_first && !d->quiet)
		send_reply(d);
	after_reply(d, now);
}

static void work(struct sim_download *d, sim_ns now)
{
	const sim_ns wait = sim_writer_run(&d->writer, now);

	if (wait) {
		d->phase = SIM_WORKING;
		d->cpu_at = now + wait;
		return;
	}
	end_work(d, now);
}

static void step(struct sim_download *d)
{
	const sim_ns now = d->cpu_at;

	switch (d->phase) {
	case SIM_THINKING:
		if (!d->work_first && !d->quiet)
			send_reply(d);
		work(d, now);
		break;
	case SIM_WORKING:
		work(d, now);
		break;
	case SIM_FETCHING:
		sim_reading_send(d);
		go_idle(d, now);
		break;
	case SIM_STARTING:
		start_stub(d);
		go_idle(d, now);
		break;
	case SIM_IDLE:
		break;
	}
}

void sim_download_run(struct sim_download *d, sim_ns now)
{
	for (;;) {
		if (!sim_is_rom(d) && d->receiver.interrupt_at <= now)
			sim_receiver_run(&d->receiver, now);
		if (d->phase == SIM_IDLE && !sim_is_rom(d))
			poll_frames(d, now);
		if (d->phase == SIM_IDLE || d->cpu_at > now)
			return;
		step(d);
	}
}
