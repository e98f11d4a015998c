/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_PLAN_H
#define KILN_CLI_PLAN_H

#include "cli/files.h"
#include "cli/opts.h"

/*
 * What is to be written where: `kiln flash`'s words to files and addresses. A firmware image goes
 * where its chip's ROM looks for it; everything else needs an address.
 *
 *	firmware.bin
 *	0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin
 *	--at 0x1000 bootloader.bin --at 0x8000 partitions.bin
 *
 * Fails with: E_INVALID, E_IMAGE, E_OVERLAP, E_TOO_BIG, and what files_add fails with.
 */
KILN_CHECK kiln_code plan_files(const struct opt_list *words, const struct opt_list *at,
				struct files *ret_files, struct kiln_err *err);

#endif
