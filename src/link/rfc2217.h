/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_RFC2217_H
#define KILN_LINK_RFC2217_H

#include "link/pollable.h"
#include "link/tcp.h"
#include "telnet/telnet.h"

/* Private to rfc2217.c (the open link) and rfc2217_open.c (the way there). */
enum { RFC2217_WRITE_PIECE = 4096 }; /* data is encoded in pieces of this */

struct rfc2217_link {
	struct kiln_link link;
	struct kiln_telnet telnet;
	struct kiln_buf in;   /* data for the reader */
	struct kiln_buf out;  /* commands and negotiation; never a part of one is lost */
	struct kiln_buf data; /* encoded data of the write that goes on */
	int fd;
	struct kiln_pollable pollable; /* of fd and `in` */
	bool suspended;                /* FLOWCONTROL-SUSPEND: no data until it is taken back */
	bool ignore_control;
	kiln_ms answer_ms;
	kiln_ms wire_busy_until; /* when the port will have sent what we wrote, by our reckoning */
	/* acknowledgements that came, by command; of SET-CONTROL by its value */
	struct {
		bool seen;
		uint32_t value;
	} acks[KILN_COM_PURGE + 1];
	uint32_t controls_seen; /* bit N: SET-CONTROL N was answered */
};

extern const struct kiln_link_ops kiln_rfc2217_ops;

/* Send what stands in `out`; what could not be sent stays there and goes first next time. */
KILN_CHECK kiln_code kiln_rfc2217_send(struct rfc2217_link *r, kiln_ms deadline,
				       struct kiln_err *err);
/* Read once from the socket, waiting until the deadline, and answer what asks for an answer. */
KILN_CHECK kiln_code kiln_rfc2217_pump(struct rfc2217_link *r, kiln_ms deadline,
				       struct kiln_err *err);
/* Queue a command for the next send. */
void kiln_rfc2217_queue(struct rfc2217_link *r, kiln_com_command command, uint32_t value);
/* Send what is queued and read until `command` is acknowledged; `what` is for the error. */
KILN_CHECK kiln_code kiln_rfc2217_await(struct rfc2217_link *r, kiln_com_command command,
					const char *what, struct kiln_err *err);

#endif
