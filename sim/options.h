/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_OPTIONS_H
#define KILN_SIM_OPTIONS_H

#include <stdbool.h>

#include <kiln/err.h>

#include "sim/fault.h"
#include "sim/model.h"
#include "sim/nand.h"
#include "sim/usb.h"

/* What stands in a sim: URL. A member that was not given is 0 or empty. */
enum { SIM_OPTION_REGISTERS = 8 };

struct sim_options {
	char name[64];
	const struct sim_model *model;
	char flash[1024]; /* file */
	uint32_t flash_size;
	const struct sim_flash_part *flash_part; /* NULL: the usual one */
	const struct sim_nand_part *nand;        /* NULL: not said */
	struct sim_nand_blocks bad_blocks;       /* of a new one */
	bool has_mac;
	uint8_t mac[6];
	sim_usb_kind usb;
	bool virtual_clock, secure_download;
	uint32_t security_flags;                                 /* in GET_SECURITY_INFO */
	uint8_t crypt_count;                                     /* in GET_SECURITY_INFO */
	struct sim_register registers[SIM_OPTION_REGISTERS + 1]; /* ended by address 0 */
	struct sim_faults faults;
	sim_ns bridge_latency, en_rise;
};

/* Fails with: E_INVALID; an option that is not known, or given twice, is an error. */
kiln_code sim_options_parse(const char *url, struct sim_options *ret_options, struct kiln_err *err);

bool sim_name_is_valid(const char *name);
bool sim_mac_parse(const char *text, uint8_t mac[6]);

#endif
