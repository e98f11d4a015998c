/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FILES_PROGRAMS_H
#define KILN_FILES_PROGRAMS_H

/*
 * What runs on the board, as Python that MicroPython 1.9 understands. Each text defines _kiln();
 * kiln_files_run adds the call, and the end that leaves no name behind.
 */
extern const char kiln_program_probe[], kiln_program_list[], kiln_program_stat[],
	kiln_program_remove[], kiln_program_mkdir[], kiln_program_rmdir[], kiln_program_touch[],
	kiln_program_rename[], kiln_program_copy[], kiln_program_sha256[], kiln_program_space[],
	kiln_program_prepare[], kiln_program_begin[], kiln_program_end[], kiln_program_undo[],
	kiln_program_clear[], kiln_program_drop[], kiln_program_folders[];

/* Pieces of which the transfers' programs are made, by the digest that the board has. */
struct kiln_program_digest {
	const char *import, *start, *update, *text;
};
extern const struct kiln_program_digest kiln_program_digests[]; /* by kiln_digest_kind */

/* %s: import, start, update, text, start, update (rehash). Args: window, block, deflate. */
extern const char kiln_program_receive[];
/* %s: import, start, update, text. Args: (path, size, digest) of each file, block. */
extern const char kiln_program_finish[];
/* %s: import, start, update, text. Args: paths, block, smallest size that needs a digest. */
extern const char kiln_program_measure[];
/* %s: import, start, update, text. Args: paths, block. */
extern const char kiln_program_send[], kiln_program_send_literals[], kiln_program_hash[];

/* %s: as for kiln_program_hash. Args: folder, sizes, block. */
extern const char kiln_program_survey[];

#endif
