/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in where no interpreter is built in: a valid image boots, and then nothing answers. */
#include "sim/run.h"

kiln_code sim_run_start(const struct sim_run_config *config, struct sim_run **ret_run,
			struct kiln_err *err)
{
	(void)config;
	(void)ret_run;
	return kiln_fail(err, KILN_E_UNSUPPORTED, "cannot start MicroPython");
}

void sim_run_stop(struct sim_run *run)
{
	(void)run;
}

int sim_run_fd(const struct sim_run *run)
{
	(void)run;
	return -1;
}

void sim_run_input(struct sim_run *run, const void *bytes, size_t n)
{
	(void)run;
	(void)bytes;
	(void)n;
}

sim_run_event sim_run_poll(struct sim_run *run, void *buf, size_t n, size_t *ret_n)
{
	(void)run;
	(void)buf;
	(void)n;
	*ret_n = 0;
	return SIM_RUN_DEAD;
}
