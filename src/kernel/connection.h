/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_CONNECTION_H
#define KILN_KERNEL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

/* The sockets of a kernel, as the connection file names them ("shell_port"). */
typedef enum kiln_channel {
	KILN_CHANNEL_SHELL,
	KILN_CHANNEL_CONTROL,
	KILN_CHANNEL_STDIN,
	KILN_CHANNEL_IOPUB,
	KILN_CHANNEL_HB,
	KILN_CHANNELS,
} kiln_channel;

const char *kiln_channel_name(kiln_channel channel);

enum { KILN_CURVE_KEY = 40 };

/* What a client wrote down for the kernel it starts: where to listen, and the shared key. */
struct kiln_connection {
	char transport[8]; /* "tcp" or "ipc" */
	char ip[128];      /* or the ipc path's beginning */
	uint16_t ports[KILN_CHANNELS];
	char key[256]; /* empty: messages are not signed */
	/* CurveZMQ: Z85, 40 characters each; empty: the connection is not encrypted */
	char curve_public[KILN_CURVE_KEY + 1], curve_secret[KILN_CURVE_KEY + 1];
};

/* Parse the text of a connection file; `name` is for messages. Fails with: E_CONFIG. */
kiln_code kiln_connection_parse(const char *name, const void *text, size_t n,
				struct kiln_connection *ret_connection, struct kiln_err *err);

/*
 * Read and parse a file. `ret_shared` becomes true if others may read the key in it.
 * Fails with: E_CONFIG, E_NOT_FOUND, E_DENIED, E_IO, E_TOO_BIG.
 */
kiln_code kiln_connection_read(const char *path, struct kiln_connection *ret_connection,
			       bool *ret_shared, struct kiln_err *err);

/* The ZeroMQ address to bind a channel to. */
void kiln_connection_address(const struct kiln_connection *connection, kiln_channel channel,
			     char *dst, size_t size);

#endif
