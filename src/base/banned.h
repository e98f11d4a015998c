/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BASE_BANNED_H
#define KILN_BASE_BANNED_H

/*
 * Functions that no file of this project may call: each has a bounded, reentrant or checked
 * relative. Every compilation includes this file first, so a use is a compile error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#ifdef __GNUC__
/* fortified headers make macros of some, which may not be poisoned as such */
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef stpcpy
#undef gets
/* text.h cuts with a mark; buf.h grows within a bound; kiln_text_to_u64 says what is no number */
#pragma GCC poison strcpy strcat sprintf vsprintf stpcpy gets
#pragma GCC poison strtok atoi atol atoll
#pragma GCC poison gmtime localtime ctime asctime
#endif

#endif
