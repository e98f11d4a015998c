// SPDX-License-Identifier: Apache-2.0
/*
 * The receiving half of the board's UART, in a thread of its own: what an interrupt handler does
 * on a chip. Bytes go into the ring; the interrupt character, while one is set, becomes a pending
 * KeyboardInterrupt instead, in the memory of an interpreter that may be computing meanwhile.
 */
import fs from 'node:fs';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { BOARD, EPOCH, SEEN, TAKEN, put, wake } from './channel.mjs';

const { line, port } = workerData;
const { control } = line;
const HEADER = 3;
const IDLE = 1; // of sched_state; py/mpstate.h
const PENDING = 0;

let epoch = 0;
let addresses;
let words = null; // the interpreter's memory
let halves = null;

// An interpreter that was started anew has a new memory; no event loop runs here to be told.
function followInterpreter() {
    if (Atomics.load(control, EPOCH) === epoch)
        return;
    for (let m; (m = receiveMessageOnPort(port));) {
        ({ epoch, addresses } = m.message);
        words = new Int32Array(m.message.memory);
        halves = new Int16Array(m.message.memory);
    }
}

// mp_sched_keyboard_interrupt() of MicroPython, from outside.
function interrupt() {
    Atomics.store(words, addresses.traceback >> 2, 0);
    Atomics.store(words, addresses.pending >> 2, addresses.exception);
    Atomics.compareExchange(halves, addresses.state >> 1, IDLE, PENDING);
}

function receive(byte) {
    if (words && byte === Atomics.load(words, addresses.char >> 2))
        interrupt();
    else
        put(line, byte);
    Atomics.add(control, SEEN, 1);
}

function frame(type, payload) {
    if (type === 'I')
        payload.forEach(receive);
    else if (type === 'A')
        Atomics.store(control, TAKEN, payload.readInt32LE(0));
}

// No board, no interpreter: the whole process ends at once, however busy its other thread is.
function gone() {
    process.kill(process.pid, 'SIGKILL');
}

// As many frames as there are: whoever waits is woken up once for all of them.
const block = Buffer.alloc(1 << 17);
let filled = 0;

function readFrames() {
    const n = fs.readSync(BOARD, block, filled, block.length - filled);
    let at = 0;
    if (n === 0)
        gone();
    filled += n;
    followInterpreter();
    for (let end; at + HEADER <= filled; at = end) {
        end = at + HEADER + block.readUInt16LE(at + 1);
        if (end > filled)
            break;
        frame(String.fromCharCode(block[at]), block.subarray(at + HEADER, end));
    }
    block.copyWithin(0, at, filled);
    filled -= at;
    wake(control);
}

try {
    for (;;)
        readFrames();
} catch {
    gone();
}
