/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostfs/mount_dir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An empty folder that only this process has. */
static struct kiln_mount_dir *folder(void)
{
	static struct kiln_mount_dir *dir;
	static char name[] = "/tmp/kiln-mount-fuzz-XXXXXX";

	if (!dir && (!mkdtemp(name) || kiln_mount_dir_open(name, false, &dir, NULL) != KILN_OK ||
		     rmdir(name) != 0)) /* it is open, and nothing is left behind */
		abort();
	return dir;
}

/* Those that look; what writes is for the session test, which looks at what came of it. */
static bool only_looks(char letter)
{
	return letter != 'O' && letter != 'M' && letter != 'N';
}

/* Whatever a board prints: output is never longer than what came, and requests are answered by
 * bytes that hold no Ctrl-C. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_buf plain = KILN_BUF_INIT(size + 1), answer = KILN_BUF_INIT(4096);
	struct kiln_buf reply = KILN_BUF_INIT(512);
	struct kiln_mount_filter f;
	size_t used;

	kiln_mount_filter_init(&f, "tokn");
	for (size_t at = 0; at < size; at += used) {
		if (kiln_mount_feed(&f, data + at, size - at, &used, &plain) != KILN_MOUNT_REQUEST)
			continue;
		assert(f.request.args.n <= KILN_MOUNT_REQUEST_MAX);
		if (!only_looks(f.request.letter))
			continue;
		kiln_buf_reset(&answer);
		kiln_buf_reset(&reply);
		kiln_mount_dir_answer(folder(), &f.request, 240, &answer);
		assert(answer.len > 0 && (answer.data[0] == '+' || answer.data[0] == '-'));
		assert(kiln_mount_reply(&reply, f.request.number, kiln_buf_span(&answer), 240,
					NULL) == KILN_OK);
		assert(reply.len <= 240 && !memchr(reply.data + 3, 0x03, reply.len - 3));
	}
	kiln_mount_flush(&f, &plain);
	assert(plain.len <= size);
	kiln_mount_filter_done(&f);
	kiln_buf_done(&plain);
	kiln_buf_done(&answer);
	kiln_buf_done(&reply);
	return 0;
}
