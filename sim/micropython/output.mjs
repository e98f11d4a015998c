// SPDX-License-Identifier: Apache-2.0
/*
 * From what the interpreter prints to what a board sends: lines end in CR LF, as MicroPython's
 * own texts do already, and tracebacks do not show the virtual board's own Python (/tmp/_board.py, /tmp/_aio.py).
 */
const END = 4;
const NEWLINE = 10;
const RETURN = 13;
const HIDDEN = Buffer.from('  File "/tmp/_');

export class Output {
    constructor(send) {
        this.send = send;
        this.last = NEWLINE;
        this.held = 0; // bytes of HIDDEN that the line began with so far
        this.hiding = false;
        this.ends = 0; // bytes 04 of the raw REPL that are not sent yet
    }

    // What is held back since it may become a hidden line; before waiting for anything.
    flush() {
        this.sendEnds();
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

    sendEnds() {
        const { ends } = this;
        this.ends = 0;
        if (ends > 0)
            this.send(Buffer.alloc(ends, END));
    }

    /*
     * The raw REPL ends a program's output with one 04, what it complains with another, and then
     * comes its prompt: three writes, of which one is made.
     */
    write(bytes) {
        if (bytes.length === 1 && bytes[0] === END && this.held === 0 && !this.hiding) {
            this.ends++;
            this.last = END;
            return;
        }
        const out = new Array(this.ends).fill(END);
        this.ends = 0;
        for (const b of bytes)
            this.byte(b, out);
        if (out.length > 0)
            this.send(Buffer.from(out));
    }
}
