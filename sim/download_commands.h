/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_DOWNLOAD_COMMANDS_H
#define KILN_SIM_DOWNLOAD_COMMANDS_H

#include "sim/download.h"

/* Between the files of the loader's commands. Each has a table of its own; the last row is empty.
 */

enum { /* who knows a command */
       SIM_BY_ROM = 1 << SIM_PROGRAM_ROM,
       SIM_BY_STUB = 1 << SIM_PROGRAM_STUB | 1 << SIM_PROGRAM_LEGACY_STUB,
};
enum { SIM_DATA_HEADER = 16 };

extern const struct sim_command sim_ram_commands[];
extern const struct sim_command sim_flash_commands[];
extern const struct sim_command sim_read_commands[];

/* --- download_commands.c --- */

void sim_succeed(struct sim_download *d);
void sim_fail(struct sim_download *d, uint8_t rom_error, uint8_t stub_error);
bool sim_in_flash(const struct sim_download *d, uint32_t address, uint32_t n);
/* Of a data block, what its checksum should be. */
uint8_t sim_xor_sum(const struct sim_download *d);
/* What is wrong with a data block, 0 if nothing. A ROM counts blocks before it looks into them. */
uint8_t sim_rom_block_error(struct sim_download *d, bool open, uint32_t *seq);

/* --- download_ram.c --- */

/* A stub is known by its place in RAM; other code is no concern of a host and says nothing. */
const struct sim_stub *sim_loaded_stub(const struct sim_download *d, uint32_t entry);
bool sim_has_boot_hook(const struct sim_download *d);

#endif
