/* SPDX-License-Identifier: Apache-2.0 */
/* List the serial ports of this machine: cc ports.c $(pkg-config --cflags --libs kiln) */
#include <stdio.h>

#include <kiln/port.h>

int main(void)
{
	const struct kiln_host host = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port_list list;

	if (kiln_ports_scan(&host, &list, &err) != KILN_OK) {
		fprintf(stderr, "error: %s: %s\n", err.what, err.why);
		return 1;
	}
	for (size_t i = 0; i < list.n; i++)
		printf("%s  %s\n", list.ports[i].url, list.ports[i].product);
	kiln_ports_done(&list);
	return 0;
}
