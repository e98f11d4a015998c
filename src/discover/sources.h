/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_DISCOVER_SOURCES_H
#define KILN_DISCOVER_SOURCES_H

#include <kiln/port.h>

/*
 * Where ports come from. Each source adds to one set, in which a port stands only once: what a
 * later source says of a port that is there already is taken as "this is a board".
 */

/* Likeliest board first: the order of the ranks is the order of the list. */
enum kiln_port_rank {
	KILN_RANK_USB_BOARD, /* a USB vendor who makes boards or their bridges */
	KILN_RANK_NAMED,     /* $KILN_PORTS, config.yaml */
	KILN_RANK_SERVED,    /* a virtual board that another process serves */
	KILN_RANK_SCHEME,    /* listed by a scheme of the program: virtual boards */
	KILN_RANK_USB,       /* any other USB port */
	KILN_RANK_PLATFORM,  /* UARTs on pins */
	KILN_RANK_PC         /* RS-232 */
};

struct kiln_port_set {
	struct kiln_port *ports;
	enum kiln_port_rank *ranks;
	size_t n, cap;
};

enum { KILN_PORTS_MAX = 1024 };

void kiln_port_set_done(struct kiln_port_set *set);
/* Copy the port in. One that is there already only becomes likelier. Fails with: E_NOMEM. */
KILN_CHECK kiln_code kiln_port_set_add(struct kiln_port_set *set, const struct kiln_port *port,
				       enum kiln_port_rank rank, struct kiln_err *err);
void kiln_port_set_sort(struct kiln_port_set *set);
/* Make a port of what a user or a file named: a URL or a path. False if it is too long or empty. */
bool kiln_port_from_url(const char *url, struct kiln_port *ret_port);

/*
 * Ports of the kernel, by its sysfs at `root` ("/sys"). `dev` is where the nodes must exist for a
 * port to count ("/dev"); NULL: they are not looked for.
 */
KILN_CHECK kiln_code kiln_sysfs_scan(const char *root, const char *dev, struct kiln_port_set *set,
				     struct kiln_err *err);
/* The first line of a small file, without its end and with control characters replaced; false if
 * it can't be read or is empty. */
bool kiln_sysfs_line(const char *folder, const char *file, char *line, size_t size);

/* $KILN_PORTS: URLs, separated by white space. */
KILN_CHECK kiln_code kiln_env_scan(const char *value, struct kiln_port_set *set,
				   struct kiln_err *err);
/* The `ports:` of a YAML file; no file is no error. Fails with: E_CONFIG (with the line). */
KILN_CHECK kiln_code kiln_config_scan(const char *path, struct kiln_port_set *set,
				      struct kiln_err *err);
/* Running `kiln sim` servers, from the JSON files in `folder`. */
KILN_CHECK kiln_code kiln_served_scan(const struct kiln_host *host, const char *folder,
				      struct kiln_port_set *set, struct kiln_err *err);

#endif
