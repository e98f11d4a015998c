// SPDX-License-Identifier: Apache-2.0
/*
 * System calls of this build fail with WASI's numbers, so that a missing file would be
 * `OSError: 44`. A board's numbers are those of py/mperrno.h, which are Linux's.
 */
const BOARD_ERRNO = {
    2: 13, // EACCES
    6: 11, // EAGAIN
    8: 9, // EBADF
    10: 16, // EBUSY
    20: 17, // EEXIST
    28: 22, // EINVAL
    29: 5, // EIO
    31: 21, // EISDIR
    32: 40, // ELOOP
    33: 24, // EMFILE
    37: 36, // ENAMETOOLONG
    43: 19, // ENODEV
    44: 2, // ENOENT
    48: 12, // ENOMEM
    51: 28, // ENOSPC
    52: 38, // ENOSYS
    54: 20, // ENOTDIR
    55: 39, // ENOTEMPTY
    63: 1, // EPERM
    70: 29, // ESPIPE
    75: 18, // EXDEV
};

function board(errno) {
    return BOARD_ERRNO[errno] ?? errno;
}

// Linux-like calls fail with -errno, WASI's with errno.
export function withBoardErrors(imports) {
    const env = { ...imports.env };
    const wasi = { ...imports.wasi_snapshot_preview1 };
    for (const [name, call] of Object.entries(env)) {
        if (name.startsWith('__syscall_')) {
            env[name] = (...args) => {
                const ret = call(...args);
                return ret < 0 ? -board(-ret) : ret;
            };
        }
    }
    for (const [name, call] of Object.entries(wasi))
        wasi[name] = (...args) => board(call(...args));
    return { env, wasi_snapshot_preview1: wasi };
}
