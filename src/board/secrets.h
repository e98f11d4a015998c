/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_SECRETS_H
#define KILN_BOARD_SECRETS_H

#include "board/devices.h"

/*
 * Passwords that a user has written down: `webrepl_password:`, `telnet_user:` and
 * `telnet_password:` in $XDG_CONFIG_HOME/kiln/config.yaml; for WebREPL also `webrepl_pwd = '...'`
 * in $IOT_SECRETS ($IOT_PROJECTS/libs/secrets.py), which is looked at, never run. The signature is
 * that of kiln_host.secret; `env` is a struct kiln_devices_env, or NULL.
 */
bool kiln_secret_lookup(void *env, const char *url, const char *what, char *ret_secret,
			size_t size);

/* The value of `name = 'value'` in a text of Python. */
bool kiln_secret_in_python(const char *text, const char *name, char *ret_secret, size_t size);

#endif
