/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "sim/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENTS_MAX = 200000 };

/*
 * Any bytes on the UART of a board in download mode: it neither crashes nor hangs, and its flash is
 * still the size it was. The first byte chooses the loader: even the ROM, odd a stub.
 */
static void download(struct sim_board *b)
{
	sim_board_set_lines(b, true, false);
	sim_board_advance(b, 100 * SIM_MS);
	sim_board_set_lines(b, false, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_board board;
	struct sim_board_config config = {
		.model = sim_model_find("esp32"),
		.flash_size = 256u << 10,
		.mac = { 0x24, 0x0A, 0xC4, 0, 0, 1 },
		.no_run = true,
	};
	uint8_t out[4096];
	sim_ns next;

	if (size == 0 || sim_board_init(&board, &config, 0, NULL) != KILN_OK)
		return 0;
	download(&board);
	if (data[0] & 1)
		board.download.program = SIM_PROGRAM_STUB;
	sim_board_send(&board, data + 1, size - 1);
	for (int i = 0; i < EVENTS_MAX && (next = sim_board_next(&board)) != SIM_NEVER; i++) {
		const size_t before = board.to_chip.n + board.to_host.n;

		sim_board_advance(&board, next);
		/* once all is said and done, what goes on is a boot loop: that is as it should be
		 */
		if (before == 0 && board.cpu != SIM_CPU_DOWNLOAD)
			break;
	}
	while (sim_board_take(&board, out, sizeof(out)) > 0)
		continue;
	sim_board_done(&board);
	return 0;
}
