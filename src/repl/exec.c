/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running one program: stream what it prints, notice how it ends, or that it never will.
 */
#include "repl/handover.h"

#include <string.h>

#include "repl/obstacle.h"
#include "repl/traceback.h"

enum {
	QUIET_PROMPT_MS = 400, /* a friendly prompt with nothing after it: no program prints that */
	QUIET_BOOT_MS = 5000,  /* a chip that came out of reset and says no more: main.py runs */
	/* Ctrl-C is repeated: one that came while the board compiled is lost. Not soon, for a
	 * second one cuts short what a `finally` does */
	AGAIN_MS = 3000,
	SECOND_CANCEL_MS = 1500,
};

struct run {
	struct kiln_repl *repl;
	const struct kiln_repl_output *output;
	struct kiln_handover program;
	unsigned interrupts;
	/* times at which something is due, KILN_FOREVER if not */
	kiln_ms start_by, give_up, again_at, verdict_at, quiet_at;
	bool stalled; /* it was silent longer than the caller allows */
	bool banner;  /* MicroPython's banner came in mid-program */
	bool rom;     /* a ROM's did */
};

static kiln_code fail_reset(struct run *x, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_NO_PROMPT, "cannot run the program to its end");
	if (err)
		kiln_obstacle_explain_reset(&x->repl->codec.watch,
					    "the board was reset while it ran", err);
	return KILN_E_NO_PROMPT;
}

static kiln_code fail_deaf(struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_TIMEOUT, "cannot interrupt the program");
	kiln_why(err, "it does not react to Ctrl-C");
	kiln_hint(err, "press the board's reset button; the next command connects again");
	return KILN_E_TIMEOUT;
}

/* Raw mode would take these for commands; no program has them outside of a string. */
static kiln_code check_code(const char *code, size_t n, struct kiln_err *err)
{
	size_t line = 1;

	for (size_t i = 0; i < n; i++) {
		line += code[i] == '\n';
		if (code[i] >= 0x01 && code[i] <= 0x04) {
			(void)kiln_fail(err, KILN_E_INVALID, "cannot run the program");
			kiln_why(err, "line %zu of it has a control character (0x%02x)", line,
				 (unsigned)code[i]);
			kiln_hint(err, "write it as '\\x%02x'", (unsigned)code[i]);
			return KILN_E_INVALID;
		}
	}
	return KILN_OK;
}

static kiln_code next(struct run *x, kiln_ms deadline, kiln_raw_event *ret_event,
		      struct kiln_err *err)
{
	return kiln_repl_event(x->repl, x->output, deadline, ret_event, err);
}

/* The waiter wants it to end. */
static kiln_code interrupt(struct run *x, struct kiln_err *err)
{
	struct kiln_link *link = x->repl->link;
	kiln_code code;

	x->interrupts++;
	if (x->interrupts > 2)
		return fail_deaf(err);
	x->give_up = kiln_repl_sooner(
		x->give_up, kiln_link_after(link, x->interrupts == 1 ? KILN_REPL_INTERRUPT_MS
								     : SECOND_CANCEL_MS));
	x->again_at = kiln_link_after(link, AGAIN_MS);
	code = kiln_repl_keys(x->repl, "\x03", err);
	return code == KILN_E_TIMEOUT || code == KILN_E_CANCELLED ? KILN_OK : code;
}

/* Nothing came until the first of the due times. */
static kiln_code on_time(struct run *x, struct kiln_err *err)
{
	struct kiln_link *link = x->repl->link;
	const kiln_ms now = kiln_link_now(link);
	kiln_code code;

	if (now >= x->verdict_at)
		return fail_reset(x, err);
	if (now >= x->give_up)
		return fail_deaf(err);
	if (!x->program.started && now >= x->start_by)
		return kiln_handover_lost(&x->program, err);
	if (now >= x->quiet_at) {
		x->quiet_at = KILN_FOREVER;
		x->stalled = true;
		return interrupt(x, err);
	}
	if (now < x->again_at)
		return KILN_OK;
	x->again_at = now + AGAIN_MS;
	code = kiln_repl_keys(x->repl, "\x03", err);
	return code == KILN_E_TIMEOUT || code == KILN_E_CANCELLED ? KILN_OK : code;
}

/*
 * A program may print anything, boot messages of another board too. So they count as a reset only
 * if the line then falls silent where a board that starts would, or the ROM goes on and on.
 */
static kiln_code on_seen(struct run *x, struct kiln_err *err)
{
	struct kiln_link *link = x->repl->link;
	const struct kiln_watch *w = &x->repl->codec.watch;

	switch (x->repl->codec.seen) {
	case KILN_SEEN_BANNER:
		x->banner = true;
		return KILN_OK;
	case KILN_SEEN_ROM:
	case KILN_SEEN_DOWNLOAD:
	case KILN_SEEN_NO_BOOT:
		x->rom = true;
		x->verdict_at = kiln_link_after(link, QUIET_BOOT_MS);
		if (w->counts[KILN_SEEN_ROM] && w->counts[KILN_SEEN_NO_BOOT] >= 2)
			return fail_reset(x, err);
		return KILN_OK;
	case KILN_SEEN_FRIENDLY:
		if (x->banner && kiln_watch_line_is(w, ">>> "))
			x->verdict_at = kiln_link_after(link, QUIET_PROMPT_MS);
		return KILN_OK;
	default:
		return KILN_OK;
	}
}

/* Bytes came: what was due on silence is due later, or not at all. */
static void on_bytes(struct run *x)
{
	if (x->quiet_at != KILN_FOREVER)
		x->quiet_at = kiln_link_after(x->repl->link, x->output->quiet_ms);
	if (x->verdict_at == KILN_FOREVER)
		return;
	if (kiln_watch_line_is(&x->repl->codec.watch, ">>> "))
		return;
	x->verdict_at = x->rom ? kiln_link_after(x->repl->link, QUIET_BOOT_MS) : KILN_FOREVER;
}

static kiln_ms next_due(const struct run *x)
{
	kiln_ms due = kiln_repl_sooner(x->verdict_at, x->give_up);

	if (!x->program.started)
		due = kiln_repl_sooner(due, x->start_by);
	return kiln_repl_sooner(kiln_repl_sooner(due, x->again_at), x->quiet_at);
}

/* Wait for the program's end. *ret_event is END or RESTARTED. */
static kiln_code wait_for_end(struct run *x, kiln_raw_event *ret_event, struct kiln_err *err)
{
	kiln_raw_event event;
	kiln_code code;

	for (;;) {
		const uint64_t before = x->repl->codec.watch.bytes;

		code = next(x, next_due(x), &event, err);
		if (x->repl->codec.watch.bytes != before)
			on_bytes(x);
		if (code == KILN_E_CANCELLED)
			code = interrupt(x, err);
		else if (code == KILN_E_TIMEOUT)
			code = on_time(x, err);
		else if (code == KILN_OK && event == KILN_RAW_SEEN)
			code = on_seen(x, err);
		else if (code == KILN_OK && event == KILN_RAW_STARTED)
			x->program.started = true;
		else if (code == KILN_OK &&
			 (event == KILN_RAW_END || event == KILN_RAW_RESTARTED)) {
			*ret_event = event;
			return KILN_OK;
		}
		KILN_TRY(code);
	}
}

static void fill_result(struct run *x, kiln_raw_event event, struct kiln_repl_result *ret_result)
{
	struct kiln_raw_codec *codec = &x->repl->codec;
	struct kiln_repl_result result = {
		.interrupted = x->interrupts > 0 && !x->stalled,
		.stalled = x->stalled,
		.restarted = event == KILN_RAW_RESTARTED,
	};

	if (event == KILN_RAW_END && codec->traceback.len > 0) {
		result.exception = kiln_traceback_parse(kiln_buf_span(&codec->traceback),
							result.ename, sizeof(result.ename),
							result.evalue, sizeof(result.evalue));
		result.traceback = kiln_buf_detach(&codec->traceback, NULL);
		kiln_buf_init(&codec->traceback, KILN_RAW_TRACEBACK_MAX);
	}
	*ret_result = result;
}

/* Ctrl-C before the board had the whole program: there is nothing to stop, only to forget. */
static kiln_code take_back(struct run *x, struct kiln_repl_result *ret_result, struct kiln_err *err)
{
	struct kiln_repl_result result = { .exception = true, .interrupted = true };

	KILN_TRY(kiln_repl_enter(x->repl, err));
	memcpy(result.ename, "KeyboardInterrupt", sizeof("KeyboardInterrupt"));
	*ret_result = result;
	return KILN_OK;
}

/* What the board said before it fell silent belongs to the user. */
static void flush(const struct run *x)
{
	const struct kiln_span rest = kiln_raw_flush(&x->repl->codec);

	if (rest.n > 0 && x->output && x->output->text)
		x->output->text(x->output->user, (const char *)rest.p, rest.n);
}

static kiln_code fresh_codec(struct kiln_repl *repl, struct kiln_err *err)
{
	if (!repl->at_prompt || repl->doubted)
		KILN_TRY(kiln_repl_enter(repl, err));
	repl->at_prompt = false; /* until the program has ended */
	repl->running = false;
	kiln_raw_done(&repl->codec);
	kiln_raw_init(&repl->codec);
	return KILN_OK;
}

static struct run new_run(struct kiln_repl *repl, const struct kiln_repl_output *output)
{
	return (struct run){
		.repl = repl,
		.output = output,
		.program = { .repl = repl, .output = output },
		.start_by = kiln_link_after(repl->link, KILN_REPL_START_MS),
		.give_up = KILN_FOREVER,
		.again_at = KILN_FOREVER,
		.verdict_at = KILN_FOREVER,
		.quiet_at = KILN_FOREVER,
	};
}

static struct run new_program(struct kiln_repl *repl, const struct kiln_repl_output *output,
			      const char *code, size_t n)
{
	struct run x = new_run(repl, output);

	x.program.code = n > 0 ? code : "\n"; /* in raw mode nothing would mean a soft reset */
	x.program.n = n > 0 ? n : 1;
	return x;
}

kiln_code kiln_repl_exec(struct kiln_repl *repl, const char *code, size_t n,
			 const struct kiln_repl_output *output, struct kiln_repl_result *ret_result,
			 struct kiln_err *err)
{
	struct run x;
	kiln_raw_event event;
	kiln_code status;

	KILN_TRY(check_code(code, n, err));
	KILN_TRY(fresh_codec(repl, err));
	x = new_program(repl, output, code, n);
	status = kiln_handover_send(&x.program, err);
	if (status == KILN_E_CANCELLED)
		return take_back(&x, ret_result, err);
	if (status == KILN_OK) {
		x.start_by = kiln_link_after(repl->link, KILN_REPL_START_MS);
		if (output && output->quiet_ms > 0)
			x.quiet_at = kiln_link_after(repl->link, output->quiet_ms);
		status = wait_for_end(&x, &event, err);
	}
	if (status != KILN_OK) {
		flush(&x);
		return status;
	}
	repl->at_prompt = true;
	if (repl->codec.no_memory)
		return kiln_fail(err, KILN_E_NOMEM, "cannot keep the program's output");
	fill_result(&x, event, ret_result);
	return KILN_OK;
}

kiln_code kiln_repl_start(struct kiln_repl *repl, const char *code, size_t n,
			  const struct kiln_repl_output *output, struct kiln_err *err)
{
	struct run x;
	kiln_raw_event event = KILN_RAW_MORE;
	kiln_code status;

	KILN_TRY(check_code(code, n, err));
	KILN_TRY(fresh_codec(repl, err));
	x = new_program(repl, NULL, code, n);
	KILN_TRY(kiln_handover_send(&x.program, err));
	while (!x.program.started && event != KILN_RAW_STARTED && event != KILN_RAW_END) {
		status = next(&x, kiln_link_after(repl->link, KILN_REPL_START_MS), &event, err);
		if (status == KILN_E_TIMEOUT)
			return kiln_handover_lost(&x.program, err);
		KILN_TRY(status);
	}
	repl->running = true;
	if (output && output->text && repl->at < repl->n)
		output->text(output->user, (const char *)repl->in + repl->at, repl->n - repl->at);
	repl->at = repl->n;
	return KILN_OK;
}

/* main.py runs when the friendly prompt is left by Ctrl-D; it is over when that prompt is back. */
static kiln_code reset_with_main(struct run *x, struct kiln_err *err)
{
	struct kiln_repl *r = x->repl;
	kiln_raw_event event;
	kiln_code code;
	const struct kiln_repl_output *output = x->output;

	x->output = NULL; /* the prompt's own banner */
	KILN_TRY(kiln_repl_keys(r, "\x02", err));
	do {
		KILN_TRY(next(x, kiln_link_after(r->link, KILN_REPL_ANSWER_MS), &event, err));
	} while (event != KILN_RAW_SEEN || r->codec.seen != KILN_SEEN_FRIENDLY);
	x->output = output;
	KILN_TRY(kiln_repl_keys(r, "\x04", err));
	for (;;) {
		code = next(x, next_due(x), &event, err);
		if (code == KILN_E_CANCELLED)
			code = interrupt(x, err);
		else if (code == KILN_E_TIMEOUT)
			code = on_time(x, err);
		KILN_TRY(code);
		if (event == KILN_RAW_SEEN && (r->codec.seen == KILN_SEEN_ANY_KEY ||
					       (r->codec.seen == KILN_SEEN_FRIENDLY &&
						kiln_watch_line_is(&r->codec.watch, ">>> "))))
			return KILN_OK;
	}
}

/* Raw mode survives a soft reset, and main.py is not run in it (ports/.../main.c). */
static kiln_code reset_without_main(struct run *x, struct kiln_err *err)
{
	struct kiln_repl *r = x->repl;
	kiln_raw_event event;
	kiln_code code;

	kiln_raw_restarting(&r->codec);
	KILN_TRY(kiln_repl_keys(r, "\x04", err));
	for (;;) {
		/* CircuitPython runs code.py all the same, which may never end: look for the prompt
		 */
		code = next(x, kiln_link_after(r->link, QUIET_BOOT_MS), &event, err);
		if (code == KILN_E_TIMEOUT || code == KILN_E_CANCELLED)
			return KILN_OK;
		KILN_TRY(code);
		if (event == KILN_RAW_RESTARTED)
			r->at_prompt = true;
		if (event == KILN_RAW_RESTARTED || event == KILN_RAW_END ||
		    r->codec.seen == KILN_SEEN_FRIENDLY || r->codec.seen == KILN_SEEN_ANY_KEY)
			return KILN_OK;
	}
}

kiln_code kiln_repl_soft_reset(struct kiln_repl *repl, bool run_main,
			       const struct kiln_repl_output *output, struct kiln_err *err)
{
	struct run x;
	kiln_code code;

	KILN_TRY(fresh_codec(repl, err));
	x = new_run(repl, output);
	x.program.started = true;
	code = run_main ? reset_with_main(&x, err) : reset_without_main(&x, err);
	flush(&x);
	if (code == KILN_E_TIMEOUT) /* the prompt did not come: say what does */
		code = KILN_OK;
	KILN_TRY(code);
	return repl->at_prompt && !repl->doubted ? KILN_OK : kiln_repl_enter(repl, err);
}
