/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stddef.h>

/* One a line, so that two additions do not meet. */
/* clang-format off */
const struct command *const commands[] = {
	&cmd_flash,
	&cmd_fetch,
	&cmd_discover,
	&cmd_doctor,
	&cmd_exec,
	&cmd_ls,
	&cmd_tree,
	&cmd_cat,
	&cmd_put,
	&cmd_get,
	&cmd_cp,
	&cmd_sync,
	&cmd_edit,
	&cmd_rm,
	&cmd_mkdir,
	&cmd_rmdir,
	&cmd_touch,
	&cmd_mv,
	&cmd_sha256sum,
	&cmd_df,
	&cmd_stat,
	&cmd_repl,
	&cmd_mip,
	&cmd_mount,
	&cmd_esptool,
	&cmd_mpremote,
	&cmd_partition_table,
	&cmd_nvs,
	&cmd_help,
	&cmd_kernel,
	&cmd_rfc2217_server,
	&cmd_sim,
	&cmd_version,
	&cmd_man,
	&cmd_completion,
	&cmd_ports,
	NULL,
};
/* clang-format on */
