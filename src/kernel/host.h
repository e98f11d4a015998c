/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_HOST_H
#define KILN_KERNEL_HOST_H

#include "kernel/kernel_impl.h"

/*
 * The host's Python: an ipykernel of this kernel's own, a child that the first %%host cell starts
 * and that ends with the kernel. To it we are a Jupyter client; what it says goes on to our own
 * clients.
 *
 *	front end              kiln-kernel                      ipykernel
 *	execute_request  -->   header as it came, body   -->    runs it
 *	                 <--   stream, display_data ...  <--    parent_header: that header
 *	input_request    <--                             <--    input()
 *	comm_msg         -->   as it came                -->    a widget
 *
 * Since requests keep their headers, whatever comes back says itself to which cell it belongs,
 * also when the cell has ended long ago.
 */
struct kiln_python;

enum { KILN_PYTHON_SOCKETS = 3, KILN_PYTHON_FDS = 2 };

/* Run code on the host. False: it failed, as the running cell's failure says. */
bool kiln_python_run(struct kiln_kernel *k, struct kiln_span code);

/* Replies for a cursor in the body of a %%host cell; NULL: it is not in one. */
json_t *kiln_python_complete(struct kiln_kernel *k, struct kiln_span code, size_t points);
json_t *kiln_python_inspect(struct kiln_kernel *k, struct kiln_span code, size_t points,
			    int detail);

/* Hand a comm's message to the host's Python, which says `idle` then. False: there is none. */
bool kiln_python_comm(struct kiln_kernel *k, const struct kiln_wire_msg *msg);

/* Those that are open, for comm_info_reply; all targets if `target` is NULL. */
json_t *kiln_python_comms(const struct kiln_kernel *k, const char *target);

/* For the loop: what to listen to, and a look at what came. */
size_t kiln_python_sockets(struct kiln_kernel *k, struct kiln_socket *sockets[KILN_PYTHON_SOCKETS]);
size_t kiln_python_fds(const struct kiln_kernel *k, struct pollfd fds[KILN_PYTHON_FDS]);
void kiln_python_serve(struct kiln_kernel *k);
void kiln_python_end(struct kiln_kernel *k);

#endif
