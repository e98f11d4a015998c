/* SPDX-License-Identifier: Apache-2.0 */
/* The host's Python comes up: which one, its sockets, the first words with it. */
#include "kernel/host_impl.h"

#include <stdlib.h>
#include <sys/random.h>

#include <zmq.h>

#include "base/text.h"
#include "kernel/host_script.h"

enum {
	START_MS = 60000, /* on a small board, from a slow card */
	HELLO_MS = 500,   /* until it is asked again whether it is there */
	LINGER_MS = 200,
	QUEUE = 10000,
	RETRY_MS = 10,
};

static kiln_code fail_start(struct kiln_err *err, kiln_code code, const char *why)
{
	(void)kiln_fail(err, code, "cannot start the host's Python");
	kiln_why(err, "%s", why);
	return code;
}

/* ---- sockets ---- */

static bool set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

/* The same identity on shell and stdin: input_request is sent to whom the cell came from. */
static bool connect_to(struct kiln_kernel *k, python_channel channel,
		       struct kiln_socket *ret_socket)
{
	static const int kinds[PYTHON_CHANNELS] = { ZMQ_DEALER, ZMQ_DEALER, ZMQ_DEALER, ZMQ_SUB };
	void *socket = zmq_socket(k->sockets.context, kinds[channel]);
	char address[160];
	bool good = kiln_socket_init(ret_socket, socket);

	kiln_python_address(&k->python->process, channel, address, sizeof(address));
	good = good && set_int(socket, ZMQ_LINGER, LINGER_MS) &&
	       set_int(socket, ZMQ_RECONNECT_IVL, RETRY_MS) && set_int(socket, ZMQ_RCVHWM, QUEUE) &&
	       set_int(socket, ZMQ_SNDHWM, QUEUE);
	if (good && channel == PYTHON_IOPUB)
		good = zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) == 0;
	else if (good)
		good = zmq_setsockopt(socket, ZMQ_ROUTING_ID, k->session, strlen(k->session)) == 0;
	return good && zmq_connect(socket, address) == 0;
}

static kiln_code open_sockets(struct kiln_kernel *k, struct kiln_err *err)
{
	KILN_TRY(kiln_wire_new(k->python->key, &k->python->wire, err));
	for (python_channel i = 0; i < PYTHON_CHANNELS; i++) {
		if (!connect_to(k, i, &k->python->sockets[i]))
			return fail_start(err, KILN_E_NOMEM, zmq_strerror(zmq_errno()));
	}
	return KILN_OK;
}

void kiln_python_free(struct kiln_python *python)
{
	if (!python)
		return;
	for (python_channel i = 0; i < PYTHON_CHANNELS; i++)
		kiln_socket_close(&python->sockets[i]);
	kiln_python_reap(&python->process);
	kiln_wire_free(python->wire);
	json_decref(python->header);
	json_decref(python->reply);
	json_decref(python->comms);
	json_decref(python->stored);
	free(python);
}

/* ---- which Python, and why not ---- */

static bool has_no_ipykernel(const struct kiln_python *python)
{
	return python->process.dead && strstr(python->process.tail, "No module named");
}

/* The last line of what it wrote, which in Python says what went wrong. */
static const char *last_words(char *tail)
{
	char *line;

	for (size_t n = strlen(tail); n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'); n--)
		tail[n - 1] = '\0';
	line = strrchr(tail, '\n');
	return line ? line + 1 : tail;
}

static kiln_code fail_dead(struct kiln_python *python, const char *program, struct kiln_err *err)
{
	char fate[100], words[160];

	if (WIFEXITED(python->process.status) && WEXITSTATUS(python->process.status) == 127 &&
	    python->process.n_tail == 0) {
		(void)fail_start(err, KILN_E_NOT_FOUND, "");
		kiln_why(err, "there is no '%s'", program);
		kiln_hint(err,
			  "install Python with ipykernel ('sudo apt install python3-ipykernel'), "
			  "or name another one in $KILN_PYTHON");
		return KILN_E_NOT_FOUND;
	}
	if (has_no_ipykernel(python)) {
		(void)fail_start(err, KILN_E_NOT_FOUND, "");
		kiln_why(err, "'%s' has no ipykernel", program);
		kiln_hint(err,
			  "install it: 'sudo apt install python3-ipykernel', or '%s -m pip install "
			  "ipykernel'; or name a Python that has it in $KILN_PYTHON",
			  program);
		return KILN_E_NOT_FOUND;
	}
	kiln_python_fate(&python->process, fate, sizeof(fate));
	kiln_text_copy_untrusted(words, sizeof(words), last_words(python->process.tail),
				 strlen(last_words(python->process.tail)));
	(void)fail_start(err, KILN_E_IO, "");
	kiln_why(err, "'%s' ended with %s%s%s", program, fate, words[0] ? ": " : "", words);
	return KILN_E_IO;
}

/* ---- the first words ---- */

static kiln_code say_hello(struct kiln_kernel *k, const char *program, struct kiln_err *err)
{
	const kiln_ms until = kiln_now() + START_MS;
	struct kiln_python *python = k->python;
	kiln_code code = KILN_E_TIMEOUT;

	/* what it publishes before it has our subscription is lost: so until something came */
	while (code == KILN_E_TIMEOUT || (code == KILN_OK && !python->heard)) {
		json_t *header = kiln_kernel_header(k, "kernel_info_request");

		if (kiln_now() > until)
			return fail_start(err, KILN_E_TIMEOUT, "it does not answer");
		code = kiln_python_call(k, header, json_object(), false, kiln_now() + HELLO_MS,
					NULL, err);
		json_decref(header);
	}
	if (python->process.dead)
		return fail_dead(python, program, err);
	return code;
}

/* The script as one expression, so that it leaves no names behind. */
static kiln_code set_up(struct kiln_kernel *k, struct kiln_err *err)
{
	json_t *text = json_stringn((const char *)kiln_host_script[0].data,
				    kiln_host_script[0].size);
	char *literal = text ? json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
	struct kiln_buf code = KILN_BUF_INIT(256 * 1024);
	kiln_code status = KILN_E_NOMEM;

	/* a JSON text of ASCII is a Python literal too */
	if (literal && kiln_buf_printf(&code,
				       "exec(compile(%s, 'kiln', 'exec'), "
				       "{'__name__': 'kiln'})",
				       literal) == KILN_OK)
		status = kiln_python_tell(k, kiln_buf_str(&code), err);
	else
		(void)kiln_fail(err, status, "cannot set up the host's Python");
	kiln_buf_done(&code);
	free(literal);
	json_decref(text);
	return status;
}

static kiln_code start_program(struct kiln_kernel *k, const char *program, struct kiln_err *err)
{
	uint8_t bytes[(sizeof(k->python->key) - 1) / 2];
	kiln_code code;

	k->python = calloc(1, sizeof(*k->python));
	if (!k->python)
		return fail_start(err, KILN_E_NOMEM, "out of memory");
	k->python->process = (struct python_process){ .pidfd = -1, .log = -1 };
	k->python->comms = json_object();
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return fail_start(err, KILN_E_IO, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		kiln_text_format(k->python->key + 2 * i, 3, "%02x", bytes[i]);
	code = kiln_python_spawn(k, program, k->python->key, &k->python->process, err);
	if (code == KILN_OK)
		code = open_sockets(k, err);
	if (code == KILN_OK)
		code = say_hello(k, program, err);
	if (code == KILN_OK)
		code = set_up(k, err);
	if (code == KILN_OK)
		k->python->ready = true;
	return code;
}

kiln_code kiln_python_start(struct kiln_kernel *k, struct kiln_err *err)
{
	const char *named = getenv("KILN_PYTHON");
	/* the user's own first; Debian's may be the one that has ipykernel */
	const char *const programs[] = { named && named[0] ? named : "python3",
					 named && named[0] ? NULL : "/usr/bin/python3" };
	struct kiln_err second = KILN_ERR_INIT;
	kiln_code code = KILN_E_NOT_FOUND;

	for (size_t i = 0; i < 2 && programs[i] && code == KILN_E_NOT_FOUND; i++) {
		code = start_program(k, programs[i], i ? &second : err);
		if (code == KILN_OK)
			return KILN_OK;
		kiln_python_free(k->python);
		k->python = NULL;
		if (i && code != KILN_E_NOT_FOUND) /* of the two, this one has it */
			*err = second;
	}
	return code;
}
