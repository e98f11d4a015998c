// SPDX-License-Identifier: Apache-2.0
/*
 * Raw-paste mode (MicroPython's docs/reference/repl.rst, "Raw-paste mode"), on the device's side.
 * The interpreter's own takes its input in the middle of a call, where this build can't have any,
 * so the framing and the flow control are done here, and the code goes in by the raw REPL.
 *
 *      host    05 41 01                        at the raw prompt
 *      device  'R' 01, window as u16 LE, 01    it may send two windows
 *      host    code; device 01 for each window of it that was taken
 *      host    04; device 04                   end of code: it is run
 *      host    03; device 04                   given up
 */
const WINDOW = 128; // half of MICROPY_REPL_STDIN_BUFFER_MAX, as on an ESP32
const CTRL_A = 1;
const CTRL_C = 3;
const CTRL_D = 4;
const ASK = [5, 0x41]; // then CTRL_A

// As a board says it: end of output, the exception, end of it, prompt.
const GIVEN_UP = '\x04\x04KeyboardInterrupt: \r\n\x04>';

/*
 * Watches what goes to the raw REPL. `io`: next() waits for a byte, send(text), run(code) feeds
 * the raw REPL and returns what replProcessChar did.
 */
export class RawPaste {
    constructor(io) {
        this.io = io;
        this.reset();
    }

    // Bytes of the raw REPL's line so far, as far as they matter.
    reset() {
        this.line = [];
    }

    // True if `byte`, which comes next in raw mode, asks for raw-paste mode.
    asks(byte) {
        const { line } = this;
        if (byte === CTRL_A)
            return line.length === 2 && line.every((b, i) => b === ASK[i]);
        if (byte === CTRL_C || byte === CTRL_D)
            this.reset();
        else if (line.length <= 2)
            line.push(byte);
        return false;
    }

    receive() {
        const { io } = this;
        const code = [];
        this.reset();
        io.send(`R\x01${String.fromCharCode(WINDOW)}\x00\x01`);
        for (let left = WINDOW;;) {
            const byte = io.next();
            if (byte === CTRL_C) {
                io.send(GIVEN_UP);
                return 0;
            }
            if (byte === CTRL_D) {
                io.send('\x04');
                return io.run(code);
            }
            code.push(byte);
            if (--left === 0) {
                io.send('\x01');
                left = WINDOW;
            }
        }
    }
}
