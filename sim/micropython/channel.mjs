// SPDX-License-Identifier: Apache-2.0
/*
 * The line between the board (a C program, sim/run.c) and this interpreter, and what the two
 * threads here share. Both ways frames go over descriptor 3, a socket: type, length as two bytes
 * little endian, payload.
 *
 *      from the board  I bytes  they arrive on the UART
 *                      A u32    output that the board took so far, in bytes
 *      to the board    O bytes  output
 *                      W u32    waits for input, having seen so many bytes of it
 *                      R        machine.reset()
 *                      E text   it can't go on
 */
import fs from 'node:fs';

export const BOARD = 3;

// Words of the shared control block. HEAD, TAIL: the ring's ends, counted on without wrapping.
export const HEAD = 0;
export const TAIL = 1;
export const SEEN = 2; // bytes that came in, with those that became interrupts
export const TAKEN = 3; // bytes of output that the board took
export const WAKE = 4; // goes up with whatever a waiter may wait for
export const EPOCH = 5; // goes up with each new interpreter

const WORDS = 16;
/*
 * As on a board the ring loses what does not fit. It is larger than a board's, as bytes come
 * without a wire's delay when the board's clock is virtual.
 */
const RING = 1 << 18;

// Output that may be under way: like a UART's FIFO, so that little comes after an interrupt.
const OUTPUT_WINDOW = 512;

export function shared() {
    return { control: new Int32Array(new SharedArrayBuffer(WORDS * 4)),
        ring: new Uint8Array(new SharedArrayBuffer(RING)) };
}

export function wake(control) {
    Atomics.add(control, WAKE, 1);
    Atomics.notify(control, WAKE);
}

export function put(line, byte) {
    const tail = Atomics.load(line.control, TAIL);
    if (((tail - Atomics.load(line.control, HEAD)) >>> 0) >= RING)
        return;
    line.ring[(tail >>> 0) % RING] = byte;
    Atomics.store(line.control, TAIL, (tail + 1) | 0);
}

export function waiting(line) {
    return Atomics.load(line.control, HEAD) !== Atomics.load(line.control, TAIL);
}

export function get(line) {
    const head = Atomics.load(line.control, HEAD);
    const byte = line.ring[(head >>> 0) % RING];
    Atomics.store(line.control, HEAD, (head + 1) | 0);
    return byte;
}

function send(type, payload) {
    const frame = Buffer.allocUnsafe(3 + payload.length);
    frame[0] = type.charCodeAt(0);
    frame.writeUInt16LE(payload.length, 1);
    frame.set(payload, 3);
    for (let at = 0; at < frame.length;)
        at += fs.writeSync(BOARD, frame, at);
}

export function sendWaits(seen) {
    const payload = Buffer.allocUnsafe(4);
    payload.writeInt32LE(seen);
    send('W', payload);
}

export function sendReset() {
    send('R', Buffer.alloc(0));
}

export function sendError(text) {
    send('E', Buffer.from(text).subarray(0, 2000));
}

let sent = 0;

// Output, as fast as the board takes it.
export function sendOutput(line, bytes) {
    for (let at = 0; at < bytes.length;) {
        const wake = Atomics.load(line.control, WAKE);
        const room = OUTPUT_WINDOW - ((sent - Atomics.load(line.control, TAKEN)) | 0);
        if (room <= 0) {
            Atomics.wait(line.control, WAKE, wake);
            continue;
        }
        const piece = bytes.subarray(at, at + room);
        send('O', piece);
        at += piece.length;
        sent = (sent + piece.length) | 0;
    }
}
