/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_UNIT_H
#define KILN_TESTS_UNIT_H

/* cmocka needs these before it, in this order; tests include this file only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif
