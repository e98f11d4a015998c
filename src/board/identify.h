/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_IDENTIFY_H
#define KILN_BOARD_IDENTIFY_H

#include <kiln/board.h>

#include "base/bytes.h"

/* Find the line that identifies a board in what its program printed. Pure, for tests and fuzzing.
 */
bool kiln_board_parse(struct kiln_span answer, struct kiln_board_info *ret_info);

#endif
