/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input() on the board, answered by the front end. A raw REPL's own input() would wait for keys
 * and echo them; so before the first cell that may need it, input() becomes one that says by a
 * mark (marks.h) that it waits, and takes one line:
 *
 *	board: 1e nonce I prompt 1e        kernel: V text LF, or E LF: there is no input
 */
#include "base/text.h"
#include "kernel/kernel_impl.h"

enum { VALUE_MAX = 64 * 1024, WRITE_MS = 10000 };

/*
 * The parameters keep what user code may give other names. Where Ctrl-C is no interrupt while
 * stdin is read, it comes as a character.
 */
static const char hook[] =
	"def _kiln_hook(p=print,m='\x1e%sI',e='\x1e',EOFError=EOFError):\n"
	" import sys\n"
	" r=getattr(sys,'stdin',None)\n"
	" def input(prompt=''):\n"
	"  if not r:\n"
	"   raise OSError('no input: this firmware has no sys.stdin to read it from')\n"
	"  p(m,prompt,e,sep='',end='')\n"
	"  s=''\n"
	"  c=r.read(1)\n"
	"  while c and c!='\\n':\n"
	"   if c=='\\x03':\n"
	"    raise KeyboardInterrupt\n"
	"   s+=c\n"
	"   c=r.read(1)\n"
	"  if s[:1]!='V':\n"
	"   raise EOFError('no input: this front end allows none (allow_stdin is false)')\n"
	"  return s[1:]\n"
	" try:\n"
	"  import builtins\n"
	"  builtins.input=input\n"
	" except Exception:\n"
	"  globals()['input']=input\n"
	"_kiln_hook()\n"
	"del _kiln_hook\n";

/* A module that the cell imports may call it too. */
void kiln_kernel_input_prepare(struct kiln_kernel *k, struct kiln_span code)
{
	struct kiln_buf text = KILN_BUF_INIT(4096), answer = KILN_BUF_INIT(4096);

	if (k->board.hooks & KILN_HOOK_INPUT ||
	    (!kiln_code_has(code, "input") && !kiln_code_has(code, "import")))
		return;
	k->board.hooks |= KILN_HOOK_INPUT; /* once, also where it fails */
	if (kiln_buf_printf(&text, hook, k->marks.nonce) == KILN_OK)
		(void)kiln_kernel_ask(k, kiln_buf_str(&text), text.len, &answer, NULL);
	kiln_buf_done(&text);
	kiln_buf_done(&answer);
}

void kiln_kernel_ask_front_end(struct kiln_kernel *k, json_t *content)
{
	struct kiln_wire_msg stale;

	while (kiln_kernel_receive_stdin(k, &stale)) /* an answer that came too late */
		kiln_wire_msg_done(&stale);
	kiln_stream_flush(&k->out, kiln_now());
	kiln_kernel_reply(k, KILN_CHANNEL_STDIN, k->running, "input_request", content);
	json_decref(k->input);
	k->input = NULL;
	k->input_waits = true;
}

void kiln_kernel_take_stdin(struct kiln_kernel *k)
{
	struct kiln_wire_msg msg;

	while (kiln_kernel_receive_stdin(k, &msg)) {
		json_t *value = json_object_get(msg.content, "value");

		if (k->input_waits && !k->input && strcmp(msg.type, "input_reply") == 0 &&
		    json_is_string(value))
			k->input = json_incref(value);
		kiln_wire_msg_done(&msg);
	}
}

/* One line: control characters would be commands to the board, Ctrl-C among them. */
static void add_value(struct kiln_buf *line, const json_t *value)
{
	const char *text = json_string_value(value);
	const size_t n = json_string_length(value);

	for (size_t i = 0; i < n && text[i] != '\n' && text[i] != '\r'; i++) {
		if ((unsigned char)text[i] >= ' ' || text[i] == '\t')
			(void)kiln_buf_putc(line, (uint8_t)text[i]);
	}
}

static void answer_board(struct kiln_kernel *k, const json_t *value)
{
	struct kiln_buf line = KILN_BUF_INIT(VALUE_MAX);
	struct kiln_link *link = kiln_repl_link(k->board.repl);
	struct kiln_err err = KILN_ERR_INIT;

	(void)kiln_buf_putc(&line, value ? 'V' : 'E');
	add_value(&line, value);
	if (line.failed)
		line.len = kiln_utf8_whole(line.data, line.len - 1);
	(void)kiln_buf_putc(&line, '\n');
	/* if it fails, the port is gone, and who waits for the program's end says so */
	if (kiln_link_write(link, line.data, line.len, kiln_link_after(link, WRITE_MS), &err) !=
	    KILN_OK)
		kiln_kernel_log(k, KILN_LOG_INFO, "%s: %s", err.what, err.why);
	kiln_buf_done(&line);
}

static bool allowed(const struct kiln_kernel *k)
{
	return json_is_true(json_object_get(k->running->content, "allow_stdin"));
}

void kiln_kernel_input(struct kiln_kernel *k, const char *prompt, size_t n)
{
	struct pollfd port = { .fd = -1, .events = POLLRDHUP };
	kiln_code code;

	if (!k->running || !k->board.repl)
		return;
	port.fd = kiln_link_fd(kiln_repl_link(k->board.repl));
	if (k->stopped) {
		/* a Ctrl-C that came before the program took any, and was lost: once more */
		k->interrupted = true;
		return;
	}
	if (!allowed(k)) {
		answer_board(k, NULL);
		return;
	}
	kiln_kernel_ask_front_end(k, json_pack("{s:o, s:b}", "prompt",
					       kiln_kernel_json_text(prompt, n), "password", 0));
	code = kiln_kernel_wait(k, &port, 1, KILN_FOREVER);
	k->input_waits = false;
	if (code == KILN_OK && k->input)
		answer_board(k, k->input);
	else if (!port.revents) /* else the port is gone: who waits for the program's end says so */
		k->interrupted = true; /* the program's wait is what it ends */
	json_decref(k->input);
	k->input = NULL;
}
