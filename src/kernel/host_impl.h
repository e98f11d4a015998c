/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_HOST_IMPL_H
#define KILN_KERNEL_HOST_IMPL_H

#include <sys/types.h>

#include "kernel/host.h"

typedef enum python_channel {
	PYTHON_SHELL,
	PYTHON_CONTROL,
	PYTHON_STDIN,
	PYTHON_IOPUB,
	PYTHON_CHANNELS,
} python_channel;

/* The child and what it left in the file system. */
struct python_process {
	pid_t pid; /* 0: none; also the number of its process group */
	int pidfd; /* -1: this system has none */
	int log;   /* what it writes to stderr before or beside its messages; -1: closed */
	bool dead;
	int status;
	char folder[96]; /* sockets and connection file */
	char tail[2048]; /* the end of its log */
	size_t n_tail;
};

struct kiln_python {
	struct python_process process;
	char key[33];
	struct kiln_wire *wire;
	struct kiln_socket sockets[PYTHON_CHANNELS];
	bool heard; /* something came on iopub: none of its messages is lost any more */
	bool ready;

	/* the one request that is waited for */
	json_t *header; /* NULL: none */
	json_t *reply;  /* its content; NULL: not yet */
	bool busy;      /* the cell's code runs: a signal is not too early */
	bool idle;
	bool begun; /* that may have run */
	bool shows; /* it is a cell's code: what it says is shown */

	json_t *comms;     /* {id: {"target_name": ...}} that are open */
	json_t *stored;    /* %store's values, as Python has them; NULL: it must be told all */
	json_int_t count;  /* that its next cell would get */
	char folder[4096]; /* that it was last told to work in */
};

/* host_process.c */
kiln_code kiln_python_spawn(const struct kiln_kernel *k, const char *program, const char *key,
			    struct python_process *ret_process, struct kiln_err *err);
/* Its address of a channel. */
void kiln_python_address(const struct python_process *process, python_channel channel, char *dst,
			 size_t size);
/* Read its log, and see whether it has ended. */
void kiln_python_look(struct python_process *process);
/* How it ended: "exit status 1", "signal 9 (Killed)". */
void kiln_python_fate(const struct python_process *process, char *dst, size_t size);
/* Wait for its end, make it end in the end, and remove its folder. */
void kiln_python_reap(struct python_process *process);

/* host_start.c */
kiln_code kiln_python_start(struct kiln_kernel *k, struct kiln_err *err);
void kiln_python_free(struct kiln_python *python);

/* host_call.c; header is borrowed, content stolen */
kiln_code kiln_python_send(struct kiln_kernel *k, python_channel channel, json_t *header,
			   json_t *content, const struct kiln_wire_msg *rest, struct kiln_err *err);
/*
 * A request on shell, its reply and the idle after it. An interrupt goes on to the child if it runs
 * a cell's code; a request of ours ends first. Fails with: E_TIMEOUT, E_IO (it has died),
 * E_PROTOCOL (idle, and no reply), E_CANCELLED (interrupted, or this kernel ends), E_NOMEM.
 */
kiln_code kiln_python_call(struct kiln_kernel *k, json_t *header, json_t *content, bool shows,
			   kiln_ms deadline, json_t **ret_reply, struct kiln_err *err);
/* Run code of ours, which shows nothing. */
kiln_code kiln_python_tell(struct kiln_kernel *k, const char *code, struct kiln_err *err);

/* host_store.c */
/* %store's values, the folder and the cell's number: what is new of them since the last cell. */
kiln_code kiln_python_prepare(struct kiln_kernel *k, struct kiln_err *err);
/* Is this what %store says in Python? Then it is done. */
bool kiln_python_take_store(struct kiln_kernel *k, const json_t *content);

extern const char kiln_python_store_type[];

#endif
