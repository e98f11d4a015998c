// SPDX-License-Identifier: Apache-2.0
/*
 * From what the interpreter prints to what a board sends: lines end in CR LF, as MicroPython's
 * own texts do already, and tracebacks do not show the virtual board's own Python (/tmp/_board.py, /tmp/_aio.py).
 */
const NEWLINE = 10;
const RETURN = 13;
const HIDDEN = Buffer.from('  File "/tmp/_');

export class Output {
    constructor(send) {
        this.send = send;
        this.last = NEWLINE;
        this.held = 0; // bytes of HIDDEN that the line began with so far
        this.hiding = false;
    }

    // What is held back since it may become a hidden line; before waiting for anything.
    flush() {
        if (this.held === 0)
            return;
        const held = HIDDEN.subarray(0, this.held);
        this.held = 0;
        this.last = held[held.length - 1];
        this.send(held);
    }

    byte(b, out) {
        if (this.hiding) {
            this.hiding = b !== NEWLINE;
            return;
        }
        if ((this.last === NEWLINE || this.held > 0) && b === HIDDEN[this.held]) {
            if (++this.held < HIDDEN.length)
                return;
            this.held = 0;
            this.hiding = true;
            return;
        }
        if (this.held > 0) {
            out.push(...HIDDEN.subarray(0, this.held));
            this.last = HIDDEN[this.held - 1];
            this.held = 0;
        }
        if (b === NEWLINE && this.last !== RETURN)
            out.push(RETURN);
        out.push(b);
        this.last = b;
    }

    write(bytes) {
        const out = [];
        for (const b of bytes)
            this.byte(b, out);
        if (out.length > 0)
            this.send(Buffer.from(out));
    }
}
